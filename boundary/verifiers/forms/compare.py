"""Decides whether two forms are the same answer.

``None`` means that these rules cannot tell, and is left to math-verify. The gold answer stands
first: a tolerance exists only where the gold is a decimal, and only the answer may say more than
was asked for (``x + y = 5`` where 5 was).
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from boundary.verifiers.forms import naming, numeric, sets, units, values
from boundary.verifiers.forms.numeric import UndecidedError
from boundary.verifiers.forms.settle import SCALARS, has_names, is_constant, settled
from boundary.verifiers.forms.tree import (
    Based,
    Choice,
    Clock,
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
    children,
    negated,
)

Answer: TypeAlias = bool | None

# Significant digits from which a gold decimal counts as rounded; fewer may be exact.
ROUNDED_DIGITS = 4

# Lists longer than this are not matched in any order.
MAX_ITEMS = 100

_LISTS = (Several, Group, Matrix)
_SETS = (Group, Joined, Several, Reals)


class Finding(NamedTuple):
    """Whether two forms are equal, and the stage that decided."""

    equal: Answer
    stage: str


def compare(gold: Form, answer: Form) -> Finding:
    """Whether an answer is the gold answer."""
    numeric.begin()
    try:
        equal = _same(gold, answer)
    # Whatever a strange answer breaks here, math-verify may still know.
    except (UndecidedError, RecursionError, ArithmeticError, ValueError):
        equal = None
    return Finding(equal, _stage(gold, answer))


def _stage(gold: Form, answer: Form) -> str:
    if isinstance(gold, Num) and isinstance(answer, Num):
        return "number"
    for kinds, stage in _STAGES:
        if isinstance(gold, kinds) or isinstance(answer, kinds):
            return stage
    return "number" if not has_names(gold) and not has_names(answer) else "expression"


_STAGES: tuple[tuple[tuple[type, ...], str], ...] = (
    ((Choice,), "choice"),
    ((Phrase,), "words"),
    ((Relation,), "relation"),
    ((Matrix,), "matrix"),
    ((Joined, Reals), "interval"),
    ((Several, PlusMinus), "set"),
    ((Group,), "tuple"),
    ((Quantity,), "unit"),
    ((Percent,), "percent"),
    ((Ratio,), "ratio"),
    ((Clock,), "time"),
    ((Based,), "base"),
)


def _same(gold: Form, answer: Form) -> Answer:
    gold, answer = settled(gold), settled(answer)
    if gold == answer:
        return True
    for applies, decide in _RULES:
        if applies(gold, answer):
            return decide(gold, answer)
    return False


# -- words, choices


def _choices(gold: Form, answer: Form) -> Answer:
    if isinstance(gold, Choice) and isinstance(answer, Choice):
        if gold.letter == answer.letter:
            return True
        same = gold.letter.casefold() == answer.letter.casefold()
        return same and gold.letter.upper() in "ABCDE"
    choice, other = (gold, answer) if isinstance(gold, Choice) else (answer, gold)
    assert isinstance(choice, Choice)
    if choice.text:
        return False
    return _same(Sym(choice.letter), other)


def _phrases(gold: Form, answer: Form) -> Answer:
    one, other = _parts(gold), _parts(answer)
    if len(one) != len(other):
        return False
    found: Answer = True
    for left, right in zip(one, other, strict=True):
        if isinstance(left, str) or isinstance(right, str):
            equal: Answer = left == right
        else:
            equal = _same(left, right)
        if equal is False:
            return False
        found = found and equal
    return found


_UNIVERSAL = ("for all", "for any", "for every", "for each")
_LEADING = frozenset(
    {"about", "approximately", "exactly", "answer is", "approx", "therefore", "so"}
)


def _parts(form: Form) -> tuple[str | Form, ...]:
    """The parts of a phrase, without what is said of every value anyway."""
    if not isinstance(form, Phrase):
        return (form,)
    parts = form.parts
    if len(parts) > 1 and parts[0] in _LEADING:
        parts = parts[1:]
    if (
        len(parts) > 1
        and not isinstance(parts[0], str)
        and isinstance(parts[1], str)
        and parts[1].startswith(_UNIVERSAL)
    ):
        return parts[:1]
    return parts


# -- relations


def _relations(gold: Form, answer: Form) -> Answer:
    if isinstance(gold, Relation) and isinstance(answer, Relation):
        if gold.signs == answer.signs == ("=",):
            return _equations(gold, answer)
        if "mod" in gold.signs + answer.signs:
            return gold.signs == answer.signs and _in_order(gold.members, answer.members)
        return _orders(gold, answer)
    relation, other = (gold, answer) if isinstance(gold, Relation) else (answer, gold)
    assert isinstance(relation, Relation)
    assigned = naming.assignment(relation)
    if assigned and not isinstance(other, Joined | Reals):
        return _same(assigned[1], other) if relation is gold else _same(other, assigned[1])
    if relation.signs == ("=",):
        return _told_more(gold, answer)
    if isinstance(other, _SETS):
        return _covers(relation, other)
    return False


def _told_more(gold: Form, answer: Form) -> Answer:
    """An answer such as ``x + y = 5`` where 5 was asked for."""
    if not isinstance(answer, Relation) or not is_constant(gold):
        return False
    left, right = answer.members
    is_plain = isinstance(left, Sum | Product) and all(
        isinstance(part, Sym) for part in children(left)
    )
    return _same(gold, right) if is_plain else False


def _equations(gold: Relation, answer: Relation) -> Answer:
    one, other = naming.assignment(gold), naming.assignment(answer)
    if one and other and _same_name(one[0], other[0]):
        both = one[0] == other[0]
        equal = (
            _same(naming.function(gold), naming.function(answer))
            if both
            else _same(one[1], other[1])
        )
        if equal is not False:
            return equal
    if one and other and "(" in one[0] and "(" in other[0]:
        return False
    members = (*gold.members, *answer.members)
    if not all(isinstance(member, SCALARS) for member in members):
        return False
    return values.scale(_gap(gold), _gap(answer), positive=False)


def _same_name(one: str, other: str) -> bool:
    """The same name, or a function's beside a bare one, as in f(x) = … and y = …."""
    one, other = one.replace("'", ""), other.replace("'", "")
    if one == other:
        return True
    return (one.endswith("(1)") and other == "y") or (other.endswith("(1)") and one == "y")


def _gap(relation: Relation) -> Form:
    left, right = relation.members
    return Sum((left, negated(right)))


def _orders(gold: Relation, answer: Relation) -> Answer:
    try:
        if _names(gold) == _names(answer):
            one, other = sets.cover(gold), sets.cover(answer)
            if one is not None and other is not None:
                return sets.same_cover(one, other)
    except UndecidedError:
        return None
    if len(gold.signs) != len(answer.signs):
        return False
    if len(gold.signs) == 1:
        return _inequality(gold, answer)
    for turned in (answer, _turned(answer)):
        if turned.signs == gold.signs:
            return _in_order(gold.members, turned.members)
    return False


def _names(form: Relation) -> frozenset[str]:
    return frozenset(name for member in form.members for name in values.names_of(member))


_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


def _turned(relation: Relation) -> Relation:
    signs = tuple(_TURNED.get(sign, sign) for sign in reversed(relation.signs))
    return Relation(relation.members[::-1], signs)


def _inequality(gold: Relation, answer: Relation) -> Answer:
    one = gold if gold.signs[0] in {"<", "<=", "!=", "="} else _turned(gold)
    other = answer if answer.signs[0] in {"<", "<=", "!=", "="} else _turned(answer)
    if one.signs != other.signs or not all(
        isinstance(member, SCALARS) for member in (*one.members, *other.members)
    ):
        return False
    return values.scale(_gap(one), _gap(other), positive=one.signs[0] != "!=")


# -- sets, lists, tuples, matrices


def _covers(gold: Form, answer: Form) -> Answer:
    one, other = sets.cover(gold), sets.cover(answer)
    if one is not None and other is not None:
        return sets.same_cover(one, other)
    if type(gold) is not type(answer):
        return False
    return _joined(gold, answer) if isinstance(gold, Joined) else False


def _joined(gold: Form, answer: Form) -> Answer:
    """Sets that are not made of real numbers: the same parts in any order."""
    assert isinstance(gold, Joined)
    assert isinstance(answer, Joined)
    if gold.operation != answer.operation:
        return False
    if gold.operation == "minus":
        return _in_order((gold.left, gold.right), (answer.left, answer.right))
    return _in_any_order(_flat(gold, gold.operation), _flat(answer, gold.operation))


def _flat(form: Form, operation: str) -> list[Form]:
    if isinstance(form, Joined) and form.operation == operation:
        return [*_flat(form.left, operation), *_flat(form.right, operation)]
    return [form]


def _lists(gold: Form, answer: Form) -> Answer:
    if isinstance(gold, Several) and isinstance(answer, Several):
        return _several(gold, answer)
    if isinstance(gold, Group) and isinstance(answer, Group):
        return _groups(gold, answer)
    if isinstance(gold, Several) or isinstance(answer, Several):
        return _several_and_one(gold, answer)
    if isinstance(gold, Matrix) and isinstance(answer, Matrix):
        return _matrices(gold, answer)
    one, other = _vector(gold), _vector(answer)
    return _in_order(one, other) if one and other else False


def _several_and_one(gold: Form, answer: Form) -> Answer:
    several, other = (gold, answer) if isinstance(gold, Several) else (answer, gold)
    assert isinstance(several, Several)
    values_in_order = _values_of(several)
    if len(several.items) == 1:
        return _turn(gold, several, several.items[0], other)
    if several.braced:
        return False
    if isinstance(other, Group | Matrix):
        vector = _vector(other)
        interval = isinstance(other, Group) and other.opening + other.closing in {"[]", "(]", "[)"}
        if vector and not (interval and len(vector) == 2):
            return _turned_order(gold, several, values_in_order, vector)
    if isinstance(other, Num):
        return _decimal_comma(several, other)
    return False


def _turn(gold: Form, several: Several, item: Form, other: Form) -> Answer:
    return _same(item, other) if several is gold else _same(other, item)


def _turned_order(
    gold: Form, several: Several, items: Sequence[Form], vector: Sequence[Form]
) -> Answer:
    return _in_order(items, vector) if several is gold else _in_order(vector, items)


def _decimal_comma(several: Several, number: Num) -> Answer:
    """``2,74`` is 2.74 to much of the world; no list of two numbers is a decimal."""
    if len(several.items) != 2 or not number.places:
        return False
    whole, part = several.items
    if not isinstance(whole, Num) or not isinstance(part, Num) or whole.places or part.places:
        return False
    # Two places at least: 1,2 is more likely a list.
    if part.value < 0 or not 1 < number.places <= 9:
        return False
    size = abs(whole.value) + part.value / 10**number.places
    return (
        bool(number.value == (size if whole.value >= 0 else -size))
        and part.value < 10**number.places
    )


def _groups(gold: Group, answer: Group) -> Answer:
    if len(gold.items) != len(answer.items):
        return False
    same_brackets = gold.opening + gold.closing == answer.opening + answer.closing
    one_kind = {gold.opening, answer.opening} <= {
        "(",
        "<",
    } and gold.closing != "]" != answer.closing
    if not same_brackets and not one_kind and len(gold.items) == 2:
        one, other = sets.cover(gold), sets.cover(answer)
        return one is not None and other is not None and sets.same_cover(one, other)
    return _in_order(gold.items, answer.items)


def _matrices(gold: Matrix, answer: Matrix) -> Answer:
    if [len(row) for row in gold.rows] != [len(row) for row in answer.rows]:
        return False
    return _in_order(
        [entry for row in gold.rows for entry in row],
        [entry for row in answer.rows for entry in row],
    )


def _vector(form: Form) -> tuple[Form, ...]:
    """The entries of a tuple, a row or a column."""
    if isinstance(form, Group):
        return form.items
    if isinstance(form, Matrix) and len(form.rows) == 1:
        return form.rows[0]
    if isinstance(form, Matrix) and len(form.rows[0]) == 1:
        return tuple(row[0] for row in form.rows)
    return ()


def _several(gold: Several, answer: Several) -> Answer:
    one, other = _cases(gold), _cases(answer)
    if one and other:
        return _in_any_order(one, other)
    if one or other:
        return _named_and_bare(gold, answer, one or other, is_gold=bool(one))
    if gold.braced or answer.braced:
        return _in_any_order(_distinct(gold.items), _distinct(answer.items))
    one, other = _values_of(gold), _values_of(answer)
    if all(isinstance(item, Group) for item in (*one, *other)):
        # Solutions are told once, however often they are written; data are not.
        one, other = _distinct(one), _distinct(other)
    return _in_any_order(one, other)


def _cases(form: Several) -> list[Form]:
    """Solutions given by name, one form for each; none where an item has no name.

    A name that comes again opens another solution.
    """
    found: list[dict[str, Form]] = [{}]
    for item in _spread(form.items):
        assigned = naming.assignment(item)
        if assigned is None:
            return []
        if assigned[0] in found[-1]:
            found.append({})
        found[-1][assigned[0]] = naming.function(item)
    return [_case(case) for case in found]


def _spread(items: Sequence[Form]) -> list[Form]:
    return [
        inner
        for item in items
        for inner in (
            _spread(item.items) if isinstance(item, Several) and not item.braced else [item]
        )
    ]


def _case(case: dict[str, Form]) -> Form:
    """A solution as a relation for each name, in the order of the names."""
    equations = tuple(Relation((Sym(name), case[name]), ("=",)) for name in sorted(case))
    return equations[0] if len(equations) == 1 else Group("(", ")", equations)


def _named_and_bare(gold: Several, answer: Several, cases: list[Form], *, is_gold: bool) -> Answer:
    named, bare = (gold, answer) if is_gold else (answer, gold)
    items = [found[1] for item in _spread(named.items) if (found := naming.assignment(item))]
    names = [found[0] for item in _spread(named.items) if (found := naming.assignment(item))]
    others = list(bare.items)
    if len(cases) > 1 and all(isinstance(case, Group) for case in cases):
        size = len(items) // len(cases)
        tuples: list[Form] = [
            Group("(", ")", tuple(items[at : at + size])) for at in range(0, len(items), size)
        ]
        return _in_any_order(tuples, others) if is_gold else _in_any_order(others, tuples)
    if len({name.split("_")[0] for name in names}) == 1:
        return _in_any_order(items, others) if is_gold else _in_any_order(others, items)
    return _in_order(items, others) if is_gold else _in_order(others, items)


def _values_of(form: Several) -> list[Form]:
    """The items; where only the first has a name, as in ``n = 1, 2, 3``, without it."""
    items = list(form.items)
    first = naming.assignment(items[0]) if items else None
    rest = [naming.assignment(item) for item in items[1:]]
    if first and not any(rest):
        return [first[1], *items[1:]]
    if first or any(rest):
        head = {found[0] for found in (first, *rest) if found}
        if len(head) == 1:
            return [found[1] if (found := naming.assignment(item)) else item for item in items]
    return items


def _distinct(items: Sequence[Form]) -> list[Form]:
    found: list[Form] = []
    for item in items[:MAX_ITEMS]:
        if not any(_same(item, other) for other in found):
            found.append(item)
    return found


def _in_order(gold: Sequence[Form], answer: Sequence[Form]) -> Answer:
    if len(gold) != len(answer):
        return False
    found: Answer = True
    for one, other in zip(gold, answer, strict=True):
        equal = _same(one, other)
        if equal is False:
            return False
        found = found and equal
    return found


def _in_any_order(gold: Sequence[Form], answer: Sequence[Form]) -> Answer:
    if len(gold) != len(answer):
        return False
    if len(gold) > MAX_ITEMS:
        return _in_order(gold, answer) or None
    left = list(answer)
    unsure = False
    for one in gold:
        at = -1
        for index, other in enumerate(left):
            equal = _same(one, other)
            unsure |= equal is None
            if equal:
                at = index
                break
        if at < 0:
            return None if unsure and not _has_stranger(gold, answer) else False
        left.pop(at)
    return True


def _has_stranger(gold: Sequence[Form], answer: Sequence[Form]) -> bool:
    """Whether an item of either is surely none of the other's."""
    table = [[_same(one, other) for other in answer] for one in gold]
    lines = (*table, *zip(*table, strict=True))
    return any(all(equal is False for equal in line) for line in lines)


# -- numbers with something beside them


def _quantities(gold: Form, answer: Form) -> Answer:
    """A unit that one side leaves out is no difference; two units must measure the same."""
    if isinstance(gold, Quantity) and isinstance(answer, Quantity):
        one, other = units.measure(gold.unit), units.measure(answer.unit)
        if one.dimensions != other.dimensions:
            return False if one.dimensions and other.dimensions else _same(gold.value, answer.value)
        if one.factor == other.factor:
            return _same(gold.value, answer.value)
        return _same(_times(gold.value, one.factor), _times(answer.value, other.factor))
    if isinstance(gold, Quantity):
        return _without_unit(gold, answer, _same(gold.value, answer))
    assert isinstance(answer, Quantity)
    return _without_unit(answer, gold, _same(gold, answer.value))


def _times(value: Form, factor: Fraction) -> Form:
    return Product((value, Num(factor)))


def _without_unit(quantity: Quantity, other: Form, equal: Answer) -> Answer:
    is_angle = units.measure(quantity.unit).dimensions == (("degree", 1),)
    if equal or not is_angle or not isinstance(other, SCALARS) or isinstance(other, Num):
        return equal
    return values.same(Quantity(quantity.value, "deg"), other)


def _percents(gold: Form, answer: Form) -> Answer:
    """A percent sign is a hundredth, or a unit that one side leaves out."""
    if isinstance(gold, Percent) and isinstance(answer, Percent):
        return _same(gold.value, answer.value)
    if isinstance(gold, Percent):
        found = _same(gold.value, answer)
        return found or _same(_times(gold.value, Fraction(1, 100)), answer)
    assert isinstance(answer, Percent)
    found = _same(gold, answer.value)
    return found or _same(gold, _times(answer.value, Fraction(1, 100)))


def _bases(gold: Form, answer: Form) -> Answer:
    """The base may be left out by one side."""
    if isinstance(gold, Based) and isinstance(answer, Based):
        return gold == answer
    based, other = (gold, answer) if isinstance(gold, Based) else (answer, gold)
    assert isinstance(based, Based)
    return isinstance(other, Num) and other.places == 0 and other.value == int(based.digits)


def _ratios(gold: Form, answer: Form) -> Answer:
    if isinstance(gold, Ratio) and isinstance(answer, Ratio):
        return _two_ratios(gold, answer)
    ratio, other = (gold, answer) if isinstance(gold, Ratio) else (answer, gold)
    assert isinstance(ratio, Ratio)
    if isinstance(other, Clock):
        return _clock_of(ratio) == other.seconds
    if len(ratio.parts) != 2 or not isinstance(other, SCALARS):
        return False
    quotient = Product((ratio.parts[0], Power(ratio.parts[1], Num(Fraction(-1)))))
    return _same(quotient, other) if ratio is gold else _same(other, quotient)


def _two_ratios(gold: Ratio, answer: Ratio) -> Answer:
    if len(gold.parts) != len(answer.parts):
        return False
    exact = _in_order(gold.parts, answer.parts)
    if exact is not False or (_clock_of(gold) is not None and _clock_of(answer) is not None):
        return exact
    first, *rest = gold.parts
    start, *others = answer.parts
    if any(part == Num(Fraction(0)) for part in (*gold.parts, *answer.parts)):
        return False
    return _in_order(
        [Product((part, start)) for part in rest], [Product((part, first)) for part in others]
    )


def _clock_of(ratio: Ratio) -> int | None:
    """The time of day that two numbers with a colon may be: the minutes have two digits."""
    match ratio.parts:
        case (Num(hours, 0), Num(minutes, 0)) if hours.denominator == minutes.denominator == 1:
            if 0 <= hours <= 24 and (10 <= minutes < 60 or minutes == 0):
                return int(hours * 3600 + minutes * 60)
    return None


# -- expressions


def _scalars(gold: Form, answer: Form) -> Answer:
    if isinstance(gold, Num) and isinstance(answer, Num):
        return gold.value == answer.value
    found = values.same(gold, answer)
    if found is not False or not isinstance(gold, Num):
        return found
    return _rounds_to(gold, answer)


def _rounds_to(gold: Num, answer: Form) -> bool:
    """Whether an exact expression, rounded or cut off, shows as the gold decimal."""
    if gold.digits < ROUNDED_DIGITS or not gold.places or _has_decimals(answer):
        return False
    try:
        value = numeric.real(values.constant(answer))
        step = Fraction(1, 10**gold.places)
        return numeric.less(gold.value - step, value) and numeric.less(value, gold.value + step)
    except UndecidedError:
        return False


def _has_decimals(form: Form) -> bool:
    if isinstance(form, Num):
        return form.places > 0
    return any(_has_decimals(child) for child in children(form))


def _any(*kinds: type) -> Callable[[Form, Form], bool]:
    return lambda gold, answer: isinstance(gold, kinds) or isinstance(answer, kinds)


def _all(*kinds: type) -> Callable[[Form, Form], bool]:
    return lambda gold, answer: isinstance(gold, kinds) and isinstance(answer, kinds)


# The first rule that applies decides.
_RULES: tuple[tuple[Callable[[Form, Form], bool], Callable[[Form, Form], Answer]], ...] = (
    (_all(*SCALARS), _scalars),
    (_any(Choice), _choices),
    (_any(Phrase), _phrases),
    (_any(Relation), _relations),
    (_any(Joined, Reals), _covers),
    (_any(*_LISTS), _lists),
    (_any(Quantity), _quantities),
    (_any(Percent), _percents),
    (_any(Based), _bases),
    (
        _any(Ratio, Clock),
        lambda gold, answer: (
            _ratios(gold, answer) if Ratio in {type(gold), type(answer)} else False
        ),
    ),
)
