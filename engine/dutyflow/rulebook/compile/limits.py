"""What a refused limit should have been: the other side of its comparison, to be told with the denial."""

from dutyflow.kernel import rules as kr
from dutyflow.rulebook.expressions import Expression, part_of
from dutyflow.rulebook.expressions.nodes import Compare, Literal
from dutyflow.rulebook.types import Names


def bound_of(expression: Expression, names: Names) -> kr.Expression | None:
    """The right side of a plain `field <= something`, by itself; None for every other condition."""
    node = expression.node
    if not isinstance(node, Compare) or node.operator not in ("<", "<=", ">", ">="):
        return None
    right = node.right
    if isinstance(right, Literal):
        return None
    return part_of(expression, right, names).for_kernel()
