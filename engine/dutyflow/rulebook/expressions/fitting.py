"""Which types fit together: what may be stored where, compared, reckoned with."""

from collections.abc import Mapping

from dutyflow.rulebook.types import MONEY, NONE, UNKNOWN, Type, choice, list_of

_ARITHMETIC: Mapping[tuple[str, str, str], str] = {
    **{("number", operator, "number"): "number" for operator in "+-*/%"},
    **{("money", operator, "money"): "money" for operator in "+-%"},
    **{("money", operator, "number"): "money" for operator in "+-*/%"},
    **{("number", operator, "money"): "money" for operator in "+-*"},
    ("money", "/", "money"): "number",
    **{("duration", operator, "duration"): "duration" for operator in "+-%"},
    **{("duration", operator, "number"): "duration" for operator in "*/"},
    ("number", "*", "duration"): "duration",
    ("duration", "/", "duration"): "number",
    ("datetime", "+", "duration"): "datetime",
    ("datetime", "-", "duration"): "datetime",
    ("duration", "+", "datetime"): "datetime",
    ("datetime", "-", "datetime"): "duration",
}
# Besides equal kinds: whose values may be equal, and what may be kept in a place of another kind.
_COMPARABLE = frozenset(
    frozenset(pair) for pair in (("number", "money"), ("text", "choice"), ("text", "person"), ("text", "reference"))
)
_FITS_INTO: Mapping[str, frozenset[str]] = {
    "text": frozenset({"choice", "person", "reference"}),
    "money": frozenset({"number"}),
}


def result_of(left: str, operator: str, right: str) -> str | None:
    """The kind that an arithmetic step gives, or nothing if it has no meaning."""
    return _ARITHMETIC.get((left, operator, right))


def accepts(want: Type, have: Type) -> bool:
    """Whether a value of one type may be kept where another is wanted; a missing value fits everywhere."""
    if have.kind in {"none", "unknown"} or want.kind == "unknown":
        return True
    if want.item is not None and have.item is not None:
        return accepts(want.item, have.item)
    if want.kind != have.kind:
        return have.kind in _FITS_INTO.get(want.kind, ())
    return not want.options or set(have.options) <= set(want.options)


def comparable(left: Type, right: Type) -> bool:
    """Whether values of two types can be equal at all."""
    kinds = {left.kind, right.kind}
    if kinds & {"none", "unknown"}:
        return True
    if left.item is not None and right.item is not None:
        return comparable(left.item, right.item)
    if left.kind != right.kind:
        return frozenset(kinds) in _COMPARABLE
    return not left.options or not right.options or bool(set(left.options) & set(right.options))


def join(left: Type, right: Type) -> Type | None:
    """The type of a value that is either of two, or nothing if they have none in common."""
    if UNKNOWN in (left, right):
        return UNKNOWN
    if NONE in (left, right):
        return left if right == NONE else right
    if left.item is not None and right.item is not None:
        item = join(left.item, right.item)
        return None if item is None else list_of(item)
    if left.is_numeric and right.is_numeric and left != right:
        return MONEY
    if left.kind == right.kind == "choice":
        return choice(*dict.fromkeys((*left.options, *right.options)))
    return left if left.kind == right.kind else None
