"""Answers as forms: read once from text, then compared by what they are.

``spelling`` gives an answer one spelling, ``tokens`` cuts it up, ``reading`` with its ``grammar``
makes the forms of ``tree`` of it, ``values`` evaluates expressions with the numbers of
``numeric``, and ``compare`` decides whether two forms are equal, unequal, or beyond these rules.
Everything here is bounded in time and memory.
"""

from boundary.verifiers.forms.compare import Finding, compare
from boundary.verifiers.forms.notation import PLAIN, Notation, notation_of
from boundary.verifiers.forms.reading import read
from boundary.verifiers.forms.signs import is_beyond
from boundary.verifiers.forms.spelling import key, spell
from boundary.verifiers.forms.tree import Form, Phrase

__all__ = [
    "PLAIN",
    "Finding",
    "Form",
    "Notation",
    "Phrase",
    "compare",
    "is_beyond",
    "key",
    "notation_of",
    "read",
    "spell",
]
