r"""Reads tokens into a form, by recursive descent.

It knows LaTeX, plain text and programming notation: sums, products with or without a sign,
powers, roots, fractions, mixed numbers, functions, brackets of every kind, lists, chains of
relations, unions, matrices, units, percent and ratios. Sums over an index, integrals and limits
are beyond it, and are left to math-verify.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from boundary.verifiers.forms import words
from boundary.verifiers.forms.build import (
    based,
    builder,
    enclosed,
    letter,
    literal,
    primed,
    product_of,
    several,
    small,
    sum_of,
)
from boundary.verifiers.forms.cursor import Cursor
from boundary.verifiers.forms.notation import Notation
from boundary.verifiers.forms.signs import (
    ACCENTS,
    CLOSERS,
    CONSTANTS,
    OVER,
    RELATIONS,
    SET_OPERATIONS,
    SETS,
    TIMES,
    UNKNOWN,
)
from boundary.verifiers.forms.tokens import Token, UnreadableError
from boundary.verifiers.forms.tree import (
    EMPTY,
    MINUS_ONE,
    Based,
    Call,
    Const,
    Form,
    Group,
    Joined,
    Matrix,
    Num,
    Percent,
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

# A longer run of letters is a word, not a product.
MAX_LETTERS = 4


@dataclass(slots=True)
class Reader(Cursor):
    """One pass over the tokens; each method reads what its name says and stands behind it."""

    notation: Notation
    functions: frozenset[str]
    bars: int = field(init=False, default=0)

    def whole(self) -> Form:
        """The form of all tokens.

        Raises:
            UnreadableError: They are none.
        """
        form = self._list()
        if self._next().kind != "end":
            raise UnreadableError
        return form

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
            return several([several(group) for group in groups])
        return several([item for group in groups for item in group])

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
        return RELATIONS.get(self._sign())

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
        while self._next().kind == "command" and self._next().text in SET_OPERATIONS:
            operation = SET_OPERATIONS[self._take().text]
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
                parts.append("^" + small(self._argument()))
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
        return terms[0] if len(terms) == 1 else sum_of(terms)

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
            if sign in TIMES:
                self.at += 1
                factors.append(self._signed_factor())
            elif sign in OVER:
                self.at += 1
                factors.append(Power(self._signed_factor(), MINUS_ONE))
            elif sign in {"\\bmod", "\\mod"} or self._next().text == "mod":
                self.at += 1
                return Call("mod", (product_of(factors), self._product()))
            elif self._starts_factor(factors[-1]):
                mixed = self._mixed(factors)
                factors.append(mixed or self._factor())
                if mixed:
                    factors[-2:] = [Sum((factors[-2], mixed))]
            else:
                return product_of(factors)

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
            sign not in RELATIONS
            and token.text not in SET_OPERATIONS
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
            return Product((literal(numerator), Power(literal(denominator), MINUS_ONE)))
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
                base = primed(base)
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
                base = based(base, self._argument())
            else:
                return base

    def _raised(self, base: Form) -> Form:
        if self._skip("'"):
            return primed(base)
        if self._sign() == "{" and self._peek().text in {"prime", "'"}:
            self._take()
            while self._skip("'"):
                base = primed(base)
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
            return self._repeating(literal(token.text))
        if token.kind == "name":
            self.at += 1
            return self._named(token.text)
        if sign in CLOSERS:
            return self._bracketed()
        if sign == "|":
            return self._absolute()
        if token.kind == "command":
            self.at += 1
            return self._command(token.text)
        if token.kind in {"\u221a"}:
            self.at += 1
            return Power(self._argument(), literal("0.5"))
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
            return literal(token.text[0])
        if token.kind == "name" and len(token.text) > 1 and not self.notation.program:
            self.tokens[self.at] = Token("name", token.text[1:])
            return letter(token.text[0])
        return self._atom()

    def _braced(self) -> Form:
        self._expect("{")
        bars, self.bars = self.bars, 0
        inner = self._list()
        self.bars = bars
        self._expect("}")
        return Several(inner.items, braced=True) if isinstance(inner, Several) else inner

    def _bracketed(self) -> Form:
        opening = self._expect(*CLOSERS)
        closers = CLOSERS[opening]
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
            return builder(inner, condition)
        return enclosed(opening, closing, inner)

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
        if run in CONSTANTS and not primes:
            return Const(CONSTANTS[run])
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
        return letter(head)

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
        if name in UNKNOWN:
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
        if name in CONSTANTS:
            return Const(CONSTANTS[name])
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
        if name in ACCENTS:
            return self._accented(name)
        if name in {"mathcal", "mathfrak", "mathscr", "rm", "bf", "it"}:
            return self._argument()
        raise UnreadableError

    def _named_set(self) -> str:
        braced = self._skip("{")
        token = self._take()
        if braced:
            self._expect("}")
        if token.text not in SETS or self._sign() in {"^", "_"}:
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
        return product_of(factors)

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
            return several([entry for row in rows for entry in row])
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
