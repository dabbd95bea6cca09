r"""Reads a spelled answer into a form, by recursive descent.

It knows LaTeX, plain text and programming notation: sums, products with or without a sign,
powers, roots, fractions, mixed numbers, functions, brackets of every kind, lists, chains of
relations, unions, matrices, units, percent, ratios, times of day, choices and words. Sums over an
index, integrals and limits are beyond it, and are left to math-verify.
"""

import re
from dataclasses import dataclass, field
from fractions import Fraction

from boundary.verifiers.forms import words
from boundary.verifiers.forms.spelling import TEXT_CLOSE, TEXT_OPEN
from boundary.verifiers.forms.tokens import Token, UnreadableError, tokenize
from boundary.verifiers.forms.tree import (
    EMPTY,
    MINUS_ONE,
    ONE,
    Based,
    Call,
    Choice,
    Clock,
    Const,
    Form,
    Group,
    Joined,
    Matrix,
    Num,
    Percent,
    Phrase,
    PlusMinus,
    Power,
    Product,
    Quantity,
    Ratio,
    Reals,
    Relation,
    Several,
    Sum,
    Sym,
    negated,
)

# Brackets within brackets at most; a call of this depth is far from Python's own limit.
MAX_DEPTH = 40
MAX_CHARS = 4000
# A literal beyond this is no number that an answer gives.
MAX_DIGITS = 2000
MAX_EXPONENT = 2000

# A longer run of letters is a word, not a product.
MAX_LETTERS = 4

_END = Token("end", "")
_SIGNS = {
    "=": "=",
    "<": "<",
    ">": ">",
    "<=": "<=",
    ">=": ">=",
    "!=": "!=",
    "\\leq": "<=",
    "\\geq": ">=",
    "\\lt": "<",
    "\\gt": ">",
    "\\neq": "!=",
    "\\in": "in",
    "\\equiv": "mod",
    "\\approx": "~",
    "\\simeq": "~",
    "\\approxeq": "~",
    "\\coloneqq": "=",
}
_MARKS = {"cup": "cup", "cap": "cap", "setminus": "minus", "backslash": "minus", "bigcup": "cup"}
_TIMES = frozenset({"*", "\\times", "\\cdot", "\\ast"})
_OVER = frozenset({"/", "\\div"})
_CONSTANTS = {"pi": "pi", "infty": "oo", "infinity": "oo", "oo": "oo", "inf": "oo"}
_SETS = frozenset("RZNQC")
_ACCENTS = frozenset(
    words.listed(
        "overline bar vec hat tilde overrightarrow widehat dot ddot angle triangle measuredangle "
        "widetilde boldsymbol overarc"
    )
)
_SIZES = {
    "lvert": "|",
    "rvert": "|",
    "vert": "|",
    "mid": "|",
    "lbrace": "\\{",
    "rbrace": "\\}",
    "lbrack": "[",
    "rbrack": "]",
    "lparen": "(",
    "rparen": ")",
    "colon": ":",
    "lor": ",",
    "land": ",",
    "vee": ",",
    "wedge": ",",
    "prime": "'",
    "star": "*",
    "And": ",",
    "newline": "\\\\",
}
_CLOSERS = {"(": (")", "]"), "[": ("]", ")"), "\\{": ("\\}",), "{": ("}",)}
_UNKNOWN = frozenset(
    words.listed(
        "sum prod int iint oint lim limsup liminf partial nabla ldots dots cdots vdots "
        "forall exists Rightarrow Leftrightarrow rightarrow to iff implies therefore because "
        "mapsto subset subseteq supset notin perp parallel cong sim"
    )
)

_CHOICE = re.compile(r"[(\[]?([A-Za-z])[)\]]?[.:)]?")
_CHOICE_AND_TEXT = re.compile(r"(?:\(([A-H])\)|([A-H])[.)])\s+(\S.*)|\(([A-H])\)(\S.*)")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(?:([ap])\s?\.?\s?m?\.*)?", re.IGNORECASE)
_DEFINED = re.compile(
    r"(?<![A-Za-z\\])\\?([A-Za-z]+'*)(?:_\{?\w+\}?)?(?:\^\{?-1\}?)? ?\([^()=]*\) ?="
)
_PROGRAM = re.compile(r"\*\*|[A-Za-z0-9_)] ?\* ?[A-Za-z(]")
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_ALONE = re.compile(r"(?<![A-Za-z_])[A-Za-z](?![A-Za-z_])")


@dataclass(frozen=True, slots=True)
class Notation:
    """How runs of letters are read.

    In ``program`` notation a run is one name, unless each of its letters also stands ``alone``.
    """

    program: bool = False
    alone: frozenset[str] = frozenset()


PLAIN = Notation()


def notation_of(*spelled: str) -> Notation:
    """The notation that answers to one question share."""
    if not any(("*" in text and _PROGRAM.search(text)) or "==" in text for text in spelled):
        return PLAIN
    return Notation(
        program=True, alone=frozenset(m[0] for text in spelled for m in _ALONE.finditer(text))
    )


def is_beyond(*spelled: str) -> bool:
    """Whether an answer holds a construction that this grammar leaves to math-verify."""
    return any(m[1] in _UNKNOWN for text in spelled for m in _COMMAND.finditer(text))


def read(spelled: str, notation: Notation = PLAIN) -> Form | None:
    """The form of a spelled answer, or ``None`` where it is beyond this grammar."""
    if len(spelled) > MAX_CHARS:
        return None
    for reader in (_formula, _phrase, _last_member):
        try:
            return _whole(spelled) or reader(spelled, notation)
        except (UnreadableError, RecursionError):
            continue
    return None


def _whole(text: str) -> Form | None:
    """Forms that are no formula: a choice, a time of day, words that say a number or nothing."""
    match = _CHOICE.fullmatch(text)
    if match and match[1] not in "ei":
        return Choice(match[1])
    bare = text.replace(TEXT_OPEN, " ").replace(TEXT_CLOSE, " ").strip()
    match = _CHOICE_AND_TEXT.fullmatch(bare if text.startswith(TEXT_OPEN) else text)
    if match:
        return Choice(match[1] or match[2] or match[4], match[3] or match[5])
    match = _CLOCK.fullmatch(bare)
    if match and (match[3] or match[4]):
        return _clock(match)
    if not bare or not (bare[0].isalpha() and bare[-1].isalpha()):
        return None
    return _said(bare)


def _clock(match: re.Match[str]) -> Clock | None:
    hours, minutes, seconds = (int(match[at] or 0) for at in (1, 2, 3))
    half = (match[4] or "").casefold()
    if hours > 24 or minutes > 59 or seconds > 59 or (half and not 1 <= hours <= 12):
        return None
    hours = hours % 12 + 12 * (half == "p") if half else hours
    return Clock(hours * 3600 + minutes * 60 + seconds, bool(half))


def _said(text: str) -> Form | None:
    value = words.number_in_words(text)
    if value is not None:
        return Num(value)
    if words.is_nothing(text):
        return EMPTY
    name = words.number_set(text)
    if name:
        return Reals(name)
    return Phrase(("undefined",)) if words.is_undefined(text) else None


def _formula(text: str, notation: Notation) -> Form:
    defined = {match[1] for match in _DEFINED.finditer(text)}
    functions = frozenset({"f"} | defined)
    return _Reader(tokenize(text, words=not notation.program), notation, functions).whole()


def _last_member(text: str, notation: Notation) -> Form:
    """An equation with a left side that is beyond the grammar, or words on the right.

    Raises:
        UnreadableError: It is no such equation.
    """
    left, _, right = text.rpartition("=")
    is_whole = left.count("{") == left.count("}") and left.count("(") == left.count(")")
    if not left or not is_whole or left.rstrip()[-1:] in "<>!=":
        raise UnreadableError
    try:
        name = _formula(left, notation)
    except UnreadableError:
        name = Sym(f"= {left.strip()}")
    try:
        value = _formula(right, notation)
    except UnreadableError:
        value = _phrase(right, notation)
    return Relation((name, value), ("=",))


def _phrase(text: str, notation: Notation) -> Phrase:
    """Words with formulas between them.

    Raises:
        UnreadableError: There are no words, or what stands between them is no formula.
    """
    parts: list[str | Form] = []
    formula: list[Token] = []

    def flush() -> None:
        while formula and formula[-1].kind in {",", ".", ";", ":", "!", "?"}:
            formula.pop()
        while formula and formula[0].kind in {",", ".", ";", ":"}:
            formula.pop(0)
        if formula:
            parts.append(_Reader([*formula], notation, frozenset("f")).whole())
            formula.clear()

    for token in tokenize(text):
        if token.kind not in {"word", "text"}:
            formula.append(token)
            continue
        flush()
        if parts and isinstance(parts[-1], str):
            parts[-1] += " " + token.text
        else:
            parts.append(token.text)
    flush()
    if not any(isinstance(part, str) for part in parts):
        raise UnreadableError
    said = (words.plain(part) if isinstance(part, str) else part for part in parts)
    return Phrase(tuple(part for part in said if part))


@dataclass(slots=True)
class _Reader:
    """One pass over the tokens; each method reads what its name says and stands behind it."""

    tokens: list[Token]
    notation: Notation
    functions: frozenset[str]
    at: int = 0
    depth: int = 0
    bars: int = 0
    _limit: int = field(init=False, default=0)

    def whole(self) -> Form:
        """The form of all tokens.

        Raises:
            UnreadableError: They are none.
        """
        self._limit = len(self.tokens)
        form = self._list()
        if self._next().kind != "end":
            raise UnreadableError
        return form

    # -- tokens

    def _next(self) -> Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else _END

    def _peek(self, ahead: int = 1) -> Token:
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else _END

    def _take(self) -> Token:
        token = self._next()
        self.at += 1
        return token

    def _sign(self) -> str:
        """The next token as an operator: commands with a backslash, brackets in one spelling."""
        token = self._next()
        if token.kind != "command":
            return token.kind
        return _SIZES.get(token.text, "\\" + token.text)

    def _skip(self, *kinds: str) -> bool:
        if self._sign() in kinds:
            self.at += 1
            return True
        return False

    def _expect(self, *kinds: str) -> str:
        found = self._sign()
        if not self._skip(*kinds):
            raise UnreadableError
        return found

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise UnreadableError

    # -- lists and relations

    def _list(self) -> Form:
        """Items with commas, semicolons, "and" or "or" between them."""
        groups: list[list[Form]] = [[]]
        strong = False
        while True:
            groups[-1].append(self._item())
            separator = self._separator()
            if separator is None:
                break
            if self._sign() == "end":
                break
            if separator == ";":
                strong = True
                groups.append([])
        if strong and any(len(group) > 1 for group in groups):
            return _several([_several(group) for group in groups])
        return _several([item for group in groups for item in group])

    def _separator(self) -> str | None:
        found = None
        while True:
            token = self._next()
            sign = self._sign()
            if sign in {",", "&", "\\\\"}:
                found = found or ","
            elif sign == ";":
                found = ";"
            elif token.kind in {"word", "text", "name"} and _joins(token.text):
                found = found or ","
            else:
                return found
            self.at += 1

    def _item(self) -> Form:
        members = [self._member()]
        signs: list[str] = []
        while (sign := self._relation_sign()) is not None:
            self.at += 1
            signs.append(sign)
            members.append(self._member())
            if sign == "mod":
                modulus = self._modulus()
                residue = Call("mod", (members[-1], modulus))
                members[-1] = Call("residue", (residue, modulus))
        return Relation(tuple(members), tuple(signs)) if signs else members[0]

    def _relation_sign(self) -> str | None:
        token = self._next()
        if token.text == "in" and token.kind in {"name", "word"}:
            return None if self.tokens[self.at - 1].kind == "number" else "in"
        return _SIGNS.get(self._sign())

    def _modulus(self) -> Form:
        """What stands in ``(mod m)``."""
        if self._skip("\\pmod"):
            return self._argument()
        bracketed = self._skip("(")
        if self._take().text.strip() != "mod":
            raise UnreadableError
        modulus = self._sum()
        if bracketed:
            self._expect(")")
        return modulus

    def _member(self) -> Form:
        """A sum, perhaps with a unit, a ratio of such, or sets joined."""
        left = self._measured()
        if self._sign() == ":" and not self.bars:
            parts = [left]
            while self._skip(":"):
                parts.append(self._measured())
            return Ratio(tuple(parts))
        while self._next().kind == "command" and self._next().text in _MARKS:
            operation = _MARKS[self._take().text]
            left = Joined(operation, left, self._measured())
        return left

    def _measured(self) -> Form:
        value = self._sum()
        unit = self._unit()
        if not unit:
            return value
        first, _, rest = unit.partition(" ")
        if first in words.MULTIPLIERS:
            value, unit = Product((value, Num(words.MULTIPLIERS[first]))), rest
            return Quantity(value, unit) if unit else value
        if words.plain(unit) in {"percent", "pct", "per cent"}:
            return Percent(value)
        return Quantity(value, unit)

    def _unit(self) -> str:
        parts: list[str] = []
        while True:
            token = self._next()
            if parts and token.kind == "/" and words.unit_of(self._peek().text):
                parts.append("/")
            elif parts and token.kind == "^":
                self.at += 1
                parts.append("^" + _small(self._argument()))
                continue
            elif self._is_unit(token) or parts[-1:] == ["/"]:
                parts.append(" " + token.text)
            else:
                return "".join(parts).strip()
            self.at += 1

    def _is_unit(self, token: Token) -> bool:
        if token.kind == "text":
            first = token.text.split()
            return bool(first) and first[0].casefold() not in words.CONDITIONS | words.JOINING
        if token.kind == "word":
            if self.tokens[self.at - 1].kind not in {"number", "}", ")", "text", "word", "name"}:
                return False
            word = token.text.casefold()
            return (
                word not in words.CONDITIONS | words.JOINING
                and len(word) > 2
                and word not in {"are", "not", "all", "any", "but", "has"}
            )
        if token.kind != "name":
            return False
        is_inch = token.text == "in" and self.tokens[self.at - 1].kind == "number"
        return is_inch or token.text in words.UNITS

    # -- arithmetic

    def _sum(self) -> Form:
        self._deeper()
        terms = [self._signed(first=True)]
        while self._sign() in {"+", "-", "\\pm", "\\mp"}:
            terms.append(self._signed(first=False))
        self.depth -= 1
        return terms[0] if len(terms) == 1 else _sum_of(terms)

    def _signed(self, *, first: bool) -> Form:
        sign = self._sign()
        if sign in {"\\pm", "\\mp"}:
            self.at += 1
            return PlusMinus(self._product(), 1 if sign == "\\pm" else -1)
        if sign == "+" and self._peek().kind == "/" and self._peek(2).kind == "-":
            self.at += 3
            return PlusMinus(self._product(), 1)
        minus = False
        while self._sign() in {"+", "-"}:
            minus ^= self._take().kind == "-"
        term = self._product()
        return negated(term) if minus else term

    def _product(self) -> Form:
        factors = [self._factor()]
        while True:
            sign = self._sign()
            if sign in _TIMES:
                self.at += 1
                factors.append(self._signed_factor())
            elif sign in _OVER:
                self.at += 1
                factors.append(Power(self._signed_factor(), MINUS_ONE))
            elif sign in {"\\bmod", "\\mod"} or self._next().text == "mod":
                self.at += 1
                return Call("mod", (_product_of(factors), self._product()))
            elif self._starts_factor(factors[-1]):
                mixed = self._mixed(factors)
                factors.append(mixed or self._factor())
                if mixed:
                    factors[-2:] = [Sum((factors[-2], mixed))]
            else:
                return _product_of(factors)

    def _signed_factor(self) -> Form:
        minus = False
        while self._sign() in {"+", "-"}:
            minus ^= self._take().kind == "-"
        factor = self._factor()
        return negated(factor) if minus else factor

    def _starts_factor(self, before: Form) -> bool:
        token, sign = self._next(), self._sign()
        if token.kind == "number":
            return not isinstance(before, Num) or self._is_mixed_number(before)
        if token.kind == "name":
            if token.text in words.JOINING or token.text == "in":
                return False
            is_unit = token.text in words.UNITS and self._peek().kind != "("
            return not (is_unit and self._is_measure(before)) and token.text != "mod"
        if sign == "|":
            return self.bars == 0
        if sign in {"(", "[", "\\{", "{", "\u221a"}:
            return sign != "\\{" and not (sign == "(" and self._peek().text == "mod")
        if token.kind != "command":
            return False
        return (
            sign not in _SIGNS
            and token.text not in _MARKS
            and token.text
            not in {"pm", "mp", "bmod", "mod", "pmod", "equiv", "end", "rfloor", "rceil", "rangle"}
            and sign not in {",", "\\\\", "\\}", ")", "]", ":"}
        )

    def _is_measure(self, before: Form) -> bool:
        return not isinstance(before, Sym)

    def _is_mixed_number(self, before: Form) -> bool:
        return (
            isinstance(before, Num)
            and before.places == 0
            and "." not in self._next().text
            and self._peek().kind == "/"
            and self._peek(2).kind == "number"
        )

    def _mixed(self, factors: list[Form]) -> Form | None:
        """The fraction of a mixed number such as ``1 1/2``."""
        if len(factors) != 1 or not isinstance(factors[0], Num) or factors[0].places:
            return None
        start = self.at
        if self._next().kind == "number":
            numerator, _, denominator = self._take().text, self._take(), self._take().text
            return Product((_literal(numerator), Power(_literal(denominator), MINUS_ONE)))
        if self._sign() == "\\frac":
            fraction = self._factor()
            match fraction:
                case Product((Num(above, 0), Power(Num(below, 0), _))) if 0 < above < below:
                    return fraction
        self.at = start
        return None

    def _factor(self) -> Form:
        return self._powered(self._atom())

    def _powered(self, base: Form) -> Form:
        while True:
            sign = self._sign()
            if sign == "^":
                self.at += 1
                base = self._raised(base)
            elif sign == "!":
                self.at += 1
                base = Call("factorial", (base,))
            elif sign == "'":
                self.at += 1
                base = _primed(base)
            elif sign == "%":
                self.at += 1
                if isinstance(base, Percent | Based):
                    raise UnreadableError
                base = Percent(base)
            elif sign == "\u00b0":
                self.at += 1
                base = Quantity(base, "deg")
            elif sign == "_" and isinstance(base, Num):
                self.at += 1
                base = _based(base, self._argument())
            else:
                return base

    def _raised(self, base: Form) -> Form:
        if self._skip("'"):
            return _primed(base)
        if self._sign() == "{" and self._peek().text in {"prime", "'"}:
            self._take()
            while self._skip("'"):
                base = _primed(base)
            self._expect("}")
            return base
        minus = False
        while self._sign() in {"+", "-"}:
            minus ^= self._take().kind == "-"
        exponent = self._argument() if self._sign() == "{" else self._factor_of_power()
        return Power(base, negated(exponent) if minus else exponent)

    def _factor_of_power(self) -> Form:
        """An exponent without braces; powers of powers group to the right."""
        atom = self._atom()
        if self._sign() == "^":
            self.at += 1
            return self._raised(atom)
        return Call("factorial", (atom,)) if self._skip("!") else atom

    # -- atoms

    def _atom(self) -> Form:
        token, sign = self._next(), self._sign()
        if token.kind == "number":
            self.at += 1
            return self._repeating(_literal(token.text))
        if token.kind == "name":
            self.at += 1
            return self._named(token.text)
        if sign in _CLOSERS:
            return self._bracketed()
        if sign == "|":
            return self._absolute()
        if token.kind == "command":
            self.at += 1
            return self._command(token.text)
        if token.kind in {"\u221a"}:
            self.at += 1
            return Power(self._argument(), _literal("0.5"))
        raise UnreadableError

    def _repeating(self, number: Num) -> Num:
        """A decimal whose last digits are overlined."""
        if self._sign() != "\\overline" or "." not in self.tokens[self.at - 1].text:
            return number
        self.at += 1
        self._expect("{")
        cycle = self._take()
        self._expect("}")
        if cycle.kind != "number" or not cycle.text.isdigit() or len(cycle.text) > 30:
            raise UnreadableError
        tail = Fraction(int(cycle.text), 10 ** len(cycle.text) - 1) / 10**number.places
        return Num(number.value + tail)

    def _argument(self) -> Form:
        r"""What a command takes: braces, or the next digit, letter or command."""
        token = self._next()
        if token.kind == "{":
            return self._braced()
        if token.kind == "number" and len(token.text) > 1 and token.text.isdigit():
            self.tokens[self.at] = Token("number", token.text[1:])
            return _literal(token.text[0])
        if token.kind == "name" and len(token.text) > 1 and not self.notation.program:
            self.tokens[self.at] = Token("name", token.text[1:])
            return _letter(token.text[0])
        return self._atom()

    def _braced(self) -> Form:
        self._expect("{")
        bars, self.bars = self.bars, 0
        inner = self._list()
        self.bars = bars
        self._expect("}")
        return Several(inner.items, braced=True) if isinstance(inner, Several) else inner

    def _bracketed(self) -> Form:
        opening = self._expect(*_CLOSERS)
        closers = _CLOSERS[opening]
        self._deeper()
        if self._skip(*closers):
            if opening not in {"\\{", "{"}:
                raise UnreadableError
            self.depth -= 1
            return EMPTY
        bars, self.bars = self.bars, 1 if opening == "\\{" else 0
        inner = self._list()
        condition = self._condition() if opening == "\\{" else None
        self.bars = bars
        closing = self._expect(*closers)
        self.depth -= 1
        if condition is not None:
            return _builder(inner, condition)
        return _enclosed(opening, closing, inner)

    def _condition(self) -> Form | None:
        """What follows the bar or colon of a set."""
        return self._list() if self._skip("|", ":") else None

    def _absolute(self) -> Form:
        self._deeper()
        self._expect("|")
        self.bars += 1
        inner = self._sum()
        self.bars -= 1
        self._expect("|")
        self.depth -= 1
        return Call("abs", (inner,))

    def _named(self, run: str) -> Form:
        run, primes = run.rstrip("'"), run.count("'")
        applied = self._sign() in {"(", "^"} or (self._sign() == "{")
        if words.is_function(run, applied=applied):
            return self._applied(words.FUNCTIONS[run])
        if run in _CONSTANTS and not primes:
            return Const(_CONSTANTS[run])
        if len(run) == 1 or run in words.GREEK:
            return self._symbol(run, primes)
        if self.notation.program and not all(letter in self.notation.alone for letter in run):
            return self._symbol(run, primes)
        if run[-1] and (tail := _function_at_end(run)) and applied:
            self.tokens[self.at - 1 : self.at] = [
                Token("name", run[: -len(tail)]),
                Token("name", tail),
            ]
            self.at -= 1
            return self._named(self._take().text)
        if len(run) > MAX_LETTERS and not run.startswith(_LONG_GREEK):
            if self._sign() != "(":
                raise UnreadableError
            inner = self._bracketed()
            return Call(run, inner.items if isinstance(inner, Group | Several) else (inner,))
        head = next((g for g in _LONG_GREEK if run.startswith(g)), run[0])
        rest = run[len(head) :]
        # The rest of the run is read as factors of its own, and may take an index or a power.
        self.tokens[self.at - 1] = Token("name", rest + "'" * primes)
        self.at -= 1
        return _letter(head)

    def _symbol(self, name: str, primes: int) -> Form:
        name = words.SAME_LETTER.get(name, name) + "'" * primes
        power: Form | None = None
        if self._sign() == "^" and self._is_index_after_power():
            self.at += 1
            power = self._argument()
        if self._sign() == "_":
            self.at += 1
            name += "_" + self._index()
        while self._sign() == "^" and self._is_prime_after():
            self.at += 1
            while self._sign() == "{" or self._sign() == "'" or self._sign() == "}":
                name += "'" if self._sign() == "'" else ""
                self.at += 1
        if name in self.functions and self._is_inverse():
            name += "^-1"
        if name.removesuffix("^-1") in self.functions and self._sign() == "(":
            inner = self._bracketed()
            args = inner.items if isinstance(inner, Group) else (inner,)
            return Call(name, args)
        if self._sign() == "(" and self._is_call(name):
            inner = self._bracketed()
            return Call(name, inner.items if isinstance(inner, Group) else (inner,))
        symbol: Form = Const(name) if name in {"e", "i"} else Sym(name)
        return Power(symbol, power) if power is not None else symbol

    def _is_inverse(self) -> bool:
        """Whether ``^{-1}(`` stands there; it is passed over."""
        following = "".join(token.text for token in self.tokens[self.at : self.at + 6])
        for mark in ("^{-1}(", "^-1("):
            if following.startswith(mark):
                self.at += len(mark) - 1
                return True
        return False

    def _is_index_after_power(self) -> bool:
        """Whether ``x^2_0`` stands there: a power, and behind it the index of its base."""
        if self._peek().kind in {"number", "name"}:
            return self._peek(2).kind == "_"
        close = self.at + 1
        while close < min(len(self.tokens), self.at + 12) and self.tokens[close].kind != "}":
            close += 1
        after = self.tokens[close + 1].kind if close + 1 < len(self.tokens) else ""
        return self._peek().kind == "{" and after == "_"

    def _is_prime_after(self) -> bool:
        return self._peek().text == "prime" or (
            self._peek().kind == "{" and self._peek(2).text == "prime"
        )

    def _is_call(self, name: str) -> bool:
        """Whether brackets after a name hold arguments: several, or after a word of a program."""
        if self.notation.program and len(name) > 1 and "_" not in name:
            return name not in words.GREEK
        depth = 0
        for token in self.tokens[self.at : self.at + 40]:
            depth += (token.kind in {"(", "["}) - (token.kind in {")", "]"})
            if depth == 0:
                return False
            if depth == 1 and token.kind == ",":
                return True
        return False

    def _index(self) -> str:
        """An index as part of a name."""
        if self._sign() != "{":
            token = self._take()
            if token.kind == "number" and len(token.text) > 1 and not self.notation.program:
                return token.text
            if token.kind in {"number", "name", "text"}:
                return token.text.strip()
            if token.kind == "command":
                return token.text if self._sign() != "{" else self._index()
            raise UnreadableError
        self._take()
        parts: list[str] = []
        level = 1
        while level:
            token = self._take()
            if token.kind == "end":
                raise UnreadableError
            level += (token.kind == "{") - (token.kind == "}")
            parts.append(token.text.strip() if token.kind not in {"{", "}"} else "")
        return "".join(parts)

    def _command(self, name: str) -> Form:
        if name in _UNKNOWN:
            raise UnreadableError
        if name in {"frac", "binom"}:
            above, below = self._argument(), self._argument()
            if name == "binom":
                return Call("binom", (above, below))
            return Product((above, Power(below, MINUS_ONE)))
        if name == "sqrt":
            return self._root()
        if name == "log" and self._sign() == "_":
            self.at += 1
            base = self._argument()
            return Call("log", (self._operand(), base))
        if name in words.FUNCTIONS:
            return self._applied(words.FUNCTIONS[name])
        if name in _CONSTANTS:
            return Const(_CONSTANTS[name])
        if name in words.GREEK:
            return self._symbol(name, 0)
        return self._other_command(name)

    def _other_command(self, name: str) -> Form:
        pairs = {"lfloor": ("floor", "rfloor"), "lceil": ("ceil", "rceil")}
        if name in pairs:
            function, closing = pairs[name]
            inner = self._sum()
            self._expect("\\" + closing)
            return Call(function, (inner,))
        if name == "langle":
            inner = self._list()
            self._expect("\\rangle")
            return Group("<", ">", inner.items if isinstance(inner, Several) else (inner,))
        if name in {"mathbb", "Bbb"}:
            token = self._named_set()
            return Reals(token)
        if name in {"emptyset", "varnothing"}:
            return EMPTY
        if name == "begin":
            return self._environment()
        if name in _ACCENTS:
            return self._accented(name)
        if name in {"mathcal", "mathfrak", "mathscr", "rm", "bf", "it"}:
            return self._argument()
        raise UnreadableError

    def _named_set(self) -> str:
        braced = self._skip("{")
        token = self._take()
        if braced:
            self._expect("}")
        if token.text not in _SETS or self._sign() in {"^", "_"}:
            raise UnreadableError
        return token.text

    def _accented(self, name: str) -> Form:
        """A name with a mark over or before it: a segment, an angle, a vector."""
        if self._sign() == "{":
            return Sym(f"{name} {self._index()}")
        token = self._take()
        if token.kind not in {"name", "command", "number"}:
            raise UnreadableError
        text = token.text
        while name in {"angle", "triangle", "measuredangle"} and self._next().kind in {"name", "_"}:
            text += self._take().text
            if self._next().kind in {"number", "{"}:
                text += self._index() if self._sign() == "{" else self._take().text
        return Sym(f"{name} {text}")

    def _root(self) -> Form:
        degree: Form | None = None
        if self._skip("["):
            degree = self._sum()
            self._expect("]")
        inside = self._argument() if self._sign() != "(" else self._bracketed()
        if degree is None:
            return Call("sqrt", (inside,))
        return Call("root", (inside, degree))

    def _applied(self, function: str) -> Form:
        """A function with its power, index and argument."""
        power: Form | None = None
        base: Form | None = None
        while self._sign() in {"^", "_"}:
            if self._take().kind == "^":
                power = self._exponent()
            else:
                base = self._argument()
        operand = self._operand()
        args = operand.items if isinstance(operand, Group) else (operand,)
        if base is not None:
            args = (*args, base)
        if isinstance(power, Num) and power.value == -1 and "arc" + function in words.FUNCTIONS:
            return Call("arc" + function, args)
        call = Call(function, args)
        return Power(call, power) if power is not None else call

    def _exponent(self) -> Form:
        if self._sign() == "{":
            return self._argument()
        minus = self._skip("-")
        exponent = self._argument() if not minus else self._atom()
        return negated(exponent) if minus else exponent

    def _operand(self) -> Form:
        r"""Brackets, or what stands by ``\sin`` up to the next sign, function or bracket."""
        if self._sign() in {"(", "[", "|"}:
            return self._atom()
        if self._sign() == "{":
            return self._braced()
        self._deeper()
        factors = [self._signed_factor()]
        while self._next().kind in {"number", "name", "command"} and self._starts_factor(
            factors[-1]
        ):
            token = self._next()
            if token.text.rstrip("'") in words.FUNCTIONS and token.text != "sqrt":
                break
            if (
                isinstance(factors[-1], Call)
                and factors[-1].name == "sqrt"
                and token.kind == "name"
            ):
                break
            factors.append(self._factor())
        if self._sign() == "/" and self._peek().kind == "number":
            self.at += 1
            factors.append(Power(self._factor(), MINUS_ONE))
        self.depth -= 1
        return _product_of(factors)

    def _environment(self) -> Form:
        name = self._index()
        if name == "array" and self._sign() == "{":
            self._index()
        if not name.rstrip("*").endswith("matrix") and name not in {"array", "cases", "aligned"}:
            raise UnreadableError
        self._deeper()
        rows: list[tuple[Form, ...]] = []
        while self._sign() != "\\end":
            rows.append(self._row())
            if not self._skip("\\\\"):
                break
        self._expect("\\end")
        if self._index() != name or not rows:
            raise UnreadableError
        self.depth -= 1
        if name in {"cases", "aligned"}:
            return _several([entry for row in rows for entry in row])
        if len({len(row) for row in rows}) != 1:
            raise UnreadableError
        if name == "vmatrix":
            return Call("det", (Matrix(tuple(rows)),))
        return Matrix(tuple(rows))

    def _row(self) -> tuple[Form, ...]:
        entries = [self._item()]
        while self._skip("&", ","):
            entries.append(self._item())
        return tuple(entries)


_LONG_GREEK = tuple(sorted((name for name in words.GREEK if len(name) >= 4), key=len, reverse=True))


def _function_at_end(run: str) -> str | None:
    found = (f for f in ("sin", "cos", "tan", "sqrt", "ln", "log", "exp") if run.endswith(f))
    return next((f for f in found if len(run) > len(f)), None)


def _joins(text: str) -> bool:
    said = [word.strip(",;") for word in text.casefold().split()]
    return bool(said) and all(word in words.JOINING or not word for word in said)


def _literal(text: str) -> Num:
    mantissa, _, power = text.lower().partition("e")
    whole, _, decimals = mantissa.partition(".")
    exponent = int(power[:8] or 0) if power else 0
    if len(mantissa) > MAX_DIGITS or abs(exponent) > MAX_EXPONENT:
        raise UnreadableError
    value = Fraction(int(whole + decimals), 10 ** len(decimals)) * Fraction(10) ** exponent
    places = max(len(decimals) - exponent, 0) if decimals or power else 0
    return Num(value, places, len((whole + decimals).lstrip("0")) if places else 0)


def _letter(name: str) -> Form:
    return Const(name) if name in {"e", "i"} else Sym(words.SAME_LETTER.get(name, name))


def _small(form: Form) -> str:
    if isinstance(form, Num) and form.value.denominator == 1 and abs(form.value) < 100:
        return str(form.value)
    if isinstance(form, Product) and len(form.factors) == 2 and form.factors[0] == MINUS_ONE:
        return "-" + _small(form.factors[1])
    raise UnreadableError


def _primed(form: Form) -> Form:
    if isinstance(form, Sym):
        return Sym(form.name + "'")
    raise UnreadableError


def _based(number: Num, base: Form) -> Based:
    if not isinstance(base, Num) or base.value.denominator != 1 or not 0 <= base.value < 100:
        raise UnreadableError
    if number.places or number.value.denominator != 1:
        raise UnreadableError
    return Based(str(number.value.numerator), int(base.value))


def _sum_of(terms: list[Form]) -> Form:
    shapes = {_shape(term) for term in terms}
    if shapes == {None}:
        return Sum(tuple(terms))
    (shape, *others) = shapes
    if others or shape is None:
        raise UnreadableError
    matrices = [term for term in terms if isinstance(term, Matrix)]
    return Matrix(
        tuple(
            tuple(Sum(tuple(m.rows[r][c] for m in matrices)) for c in range(shape[1]))
            for r in range(shape[0])
        )
    )


def _shape(form: Form) -> tuple[int, int] | None:
    return (len(form.rows), len(form.rows[0])) if isinstance(form, Matrix) else None


def _product_of(factors: list[Form]) -> Form:
    if len(factors) == 1:
        return factors[0]
    matrices = [factor for factor in factors if isinstance(factor, Matrix)]
    if not matrices:
        return Product(tuple(factors))
    rest = tuple(factor for factor in factors if not isinstance(factor, Matrix))
    if len(matrices) != 1:
        raise UnreadableError
    return Matrix(tuple(tuple(Product((*rest, entry)) for entry in r) for r in matrices[0].rows))


def _several(items: list[Form]) -> Form:
    return items[0] if len(items) == 1 else Several(tuple(items), braced=False)


def _enclosed(opening: str, closing: str, inner: Form) -> Form:
    is_bare_list = isinstance(inner, Several) and not inner.braced
    items = inner.items if isinstance(inner, Several) and is_bare_list else (inner,)
    if opening in {"\\{", "{"}:
        return Several(items, braced=True) if opening == "\\{" or len(items) > 1 else inner
    if len(items) > 1 or opening + closing in {"(]", "[)"}:
        return Group(opening, closing, items)
    return inner


def _builder(inner: Form, condition: Form) -> Form:
    """A set given by a condition on one variable is that condition."""
    named = inner.members[0] if isinstance(inner, Relation) and inner.signs == ("in",) else inner
    if isinstance(named, Sym) and isinstance(condition, Relation):
        return condition
    raise UnreadableError


__all__ = ["MAX_CHARS", "ONE", "PLAIN", "Notation", "notation_of", "read"]
