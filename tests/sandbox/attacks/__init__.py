"""Programs that try to be judged right, to get out, or to spoil what comes after them.

Each stands for an answer to "return x * x + 1", which none of them computes. ``ends`` names the
errors that it may end with (None: a value, which then is a wrong one); ``finds`` the value that
it must return, where it is a probe that lists what it could do.
"""

from tests.sandbox.attacks.base import INPUTS, LIMITS, RIGHT, Attack
from tests.sandbox.attacks.escapes import ESCAPES
from tests.sandbox.attacks.leftovers import LEFTOVERS
from tests.sandbox.attacks.outputs import OUTPUTS
from tests.sandbox.attacks.packed import PACKED
from tests.sandbox.attacks.resources import RESOURCES
from tests.sandbox.attacks.states import STATES
from tests.sandbox.attacks.verdicts import VERDICTS

__all__ = ["ATTACKS", "ESCAPES", "INPUTS", "LIMITS", "OUTPUTS", "PACKED", "RIGHT", "Attack"]

ATTACKS = [*RESOURCES, *STATES, *OUTPUTS, *PACKED, *VERDICTS, *ESCAPES, *LEFTOVERS]
