"""Sections that a suite's part of the report may have, in the order of the page.

A new one is a file here with a function from :class:`Findings` to a
:class:`boundary.page.Section` or ``None``, and a line in ``SECTIONS``. All text in a section is
taken as untrusted: it is escaped, and hidden characters are shown.
"""

from boundary.sections import chance, entropy, perplexity, reachability, sampling, solved
from boundary.sections.base import Builder, Findings

__all__ = ["SECTIONS", "Builder", "Findings"]

SECTIONS: dict[str, Builder] = {
    "solved": solved.section,
    "chance": chance.section,
    "perplexity": perplexity.section,
    "reachability": reachability.section,
    "entropy": entropy.section,
    "sampling": sampling.section,
}
