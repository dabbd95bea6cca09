"""Outputs that are no plain data, or claim to be equal to anything."""

from tests.sandbox.attacks.base import Attack, spin

OUTPUTS = [
    spin("endless print", "def f(x):\n    while True: print('10' * 1000)"),
    Attack("answer too long", "def f(x): return 'a' * 10 ** 6", ("output_limit",)),
    Attack(
        "answer of many references",
        """
def f(x):
    v = [1]
    for _ in range(60): v = [v, v]
    return v
""",
        ("output_limit",),
    ),
    Attack("huge number", "def f(x): return 1 << 10 ** 7", ("output_limit",)),
    Attack("answer inside itself", "def f(x):\n    v = []; v.append(v); return v", ("not_plain",)),
    Attack(
        "answer too deep",
        "def f(x):\n    v = []\n    for _ in range(5000): v = [v]\n    return v",
        ("not_plain", "exception"),
    ),
    Attack(
        "always equal",
        """
class Same:
    def __eq__(self, other): return True
    def __hash__(self): return hash(10)
def f(x): return Same()
""",
        ("not_plain",),
    ),
    Attack(
        "a number always equal",
        """
class Same(int):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __hash__ = int.__hash__
def f(x): return Same(7)
""",
        ("not_plain",),
    ),
    Attack(
        "a text always equal",
        """
class Same(str):
    def __eq__(self, other): return True
    def __len__(self): return 2
    __hash__ = str.__hash__
def f(x): return Same("7")
""",
        ("not_plain",),
    ),
    Attack(
        "a list always equal",
        """
class Same(list):
    def __eq__(self, other): return True
    def __iter__(self): return iter([10])
    def __len__(self): return 1
def f(x): return Same()
""",
        ("not_plain",),
    ),
    Attack(
        "a type that says it is int",
        """
class Meta(type):
    def __eq__(self, other): return True
    def __hash__(self): return hash(int)
    def __instancecheck__(self, other): return True
class Same(metaclass=Meta):
    __class__ = int
    def to_bytes(self, *a, **k): return b"\\x0a"
    def bit_length(self): return 4
def f(x): return Same()
""",
        ("not_plain", None),
    ),
    Attack("not a number", "def f(x): return float('nan')"),
    Attack("a generator", "def f(x): yield 10", ("not_plain",)),
    Attack("a coroutine", "async def f(x): return 10", ("not_plain",)),
    Attack(
        "a pickle",
        """
import os, pickle
class P:
    def __reduce__(self): return (os.system, ("true",))
def f(x): return pickle.dumps(P())
""",
    ),
    Attack("a lone surrogate and a NUL", "def f(x): return '\\ud800\\0'"),
    Attack(
        "an exception with endless words",
        """
class E(Exception):
    def __str__(self):
        while True: pass
def f(x): raise E
""",
        ("time_limit",),
    ),
    Attack(
        "an exception with words that end it",
        """
import os
class E(Exception):
    def __str__(self): os._exit(0)
def f(x): raise E
""",
        ("exited",),
    ),
    Attack(
        "an endless repr",
        """
class R:
    def __repr__(self):
        while True: pass
def f(x): raise ValueError(R())
""",
        ("time_limit",),
    ),
    Attack(
        "a finaliser that does not end",
        """
class D:
    def __del__(self):
        while True: pass
def f(x):
    D()
    return 10
""",
        ("time_limit",),
    ),
    Attack(
        "an exception that is no exception",
        "def f(x): raise BaseException('correct')",
        ("exception",),
    ),
    Attack(
        "keys with one hash",
        """
def f(x): return {i * (2 ** 61 - 1): 0 for i in range(1000)}
""",
        ("not_plain", "time_limit"),
    ),
]
