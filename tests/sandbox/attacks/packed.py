"""Outputs of many values, which cross the border as one block; and forged blocks."""

from tests.sandbox.attacks.base import Attack

PACKED = [
    Attack(
        "a long list inside itself",
        "def f(x):\n    v = [1] * 1000; v[500] = v; return v",
        ("not_plain", "output_limit"),
    ),
    Attack(
        "a long list of itself",
        "def f(x):\n    v = []; v += [v] * 1000; return v",
        ("not_plain", "output_limit"),
    ),
    Attack(
        "long lists that share memory",
        "def f(x):\n    v = [1] * 1000; return [v] * 10 ** 6",
        ("output_limit", "time_limit"),
    ),
    Attack(
        "long texts that share memory",
        "def f(x): return ['a' * 9999] * 10**5",
        ("output_limit", "time_limit"),
    ),
    Attack("many numbers", "def f(x): return list(range(10 ** 6))", ("output_limit", "time_limit")),
    Attack(
        "many large numbers", "def f(x): return [1 << 62] * 10 ** 6", ("output_limit", "time_limit")
    ),
    Attack("many truths", "def f(x): return [True] * 10 ** 6", ("output_limit", "time_limit")),
    *(
        Attack(
            f"always equal among many: {kind}",
            f"""
class Same({kind}):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __index__(self): return 10
    def __float__(self): return 10.0
    def __len__(self): return 1
    __hash__ = {kind}.__hash__
def f(x): return [{item}] * 50 + [Same({item})] + [{item}] * 50
""",
            ("not_plain",),
        )
        for kind, item in (("int", "10"), ("float", "10.0"), ("str", "'a'"), ("list", "[10]"))
    ),
    Attack(
        "many of a type that says it is int",
        """
class Meta(type):
    def __eq__(self, other): return True
    def __hash__(self): return hash(int)
class Same(metaclass=Meta):
    __class__ = int
    def __index__(self): return 10
def f(x): return [Same()] * 100
""",
        ("not_plain",),
    ),
    Attack(
        "a list that changes while it is written",
        """
import threading
def f(x):
    v = [10] * 5000
    def change():
        while True:
            v[0] = v[2500] = v; v.append(.5); v[0] = v[2500] = 10; v.pop()
    threading.Thread(target=change, daemon=True).start()
    return v
""",
        (None, "not_plain", "output_limit", "exited"),
    ),
    *(
        Attack(
            f"a forged block: {name}",
            f"""
import os, struct
def f(x):
    body = {body}
    os.write(3, struct.pack(">cI", b"V", len(body)) + body)
    return 7
""",
            ends,
        )
        for name, body, ends in (
            ("a huge count", r"b'pl\xff\xff\xff\xffi' + bytes(100)", (None, "not_plain")),
            ("cut short", r"b'pl\0\0\0\x40q' + bytes(100)", (None, "not_plain")),
            (
                "floats as numbers",
                r"b'pl\0\0\0\x04q' + struct.pack('4d', *[10] * 4) + bytes(4)",
                (None,),
            ),
            ("of another container", r"b'pd\0\0\0\x04i' + bytes(20)", (None, "not_plain")),
            (
                "neither true nor false",
                r"b'pl\0\0\0\x04?' + b'\x0a' * 4 + bytes(4)",
                (None, "not_plain"),
            ),
            (
                "texts of huge length",
                r"b'pl\0\0\0\x04s\0\0\0\0' + b'\xff' * 16",
                (None, "not_plain"),
            ),
            (
                "texts of huge size",
                r"b'pl\0\0\0\x04s\xff\xff\xff\xff' + bytes(16)",
                (None, "not_plain"),
            ),
            (
                "half a character",
                r"b'pl\0\0\0\x04s\0\0\0\1\1' + bytes(15) + b'\xc3'",
                (None, "not_plain"),
            ),
            (
                "a place outside",
                r"b'pl\0\0\0\x04i' + bytes(16) + b'\0\0\0\1\xff\0\0\0N'",
                (None, "not_plain"),
            ),
            (
                "all places",
                r"b'pl\0\0\0\x04i' + bytes(16) + b'\xff' * 4 + bytes(99)",
                (None, "not_plain"),
            ),
            (
                "blocks in blocks",
                r"(b'pl\0\0\0\x04i' + bytes(19) + b'\1' + bytes(4)) * 400",
                (None, "not_plain"),
            ),
        )
    ),
]
