"""Which memory a value belongs to, and which loads can be repeated in the reverse sweep."""

from __future__ import annotations

from ..ir.function import Function, Op, Region, Value
from ..ir.ops import WRITES
from ..ir.types import ArrayType

__all__ = ["MemoryFacts", "memory"]


class MemoryFacts:
    """Roots of memory, and positions of operations.

    Attributes
    ----------
    chain : dict of Op to tuple
        Control operations around an operation, outermost first, each with the index of the region within it.
    order : dict of Op to int
        Position in program order.
    stores : dict of Value to list of Op
        Writes of each root.
    allocation : dict of Value to Op
    """

    def __init__(self) -> None:
        self.chain: dict[Op, tuple] = {}
        self.order: dict[Op, int] = {}
        self.stores: dict[Value, list[Op]] = {}
        self.allocation: dict[Value, Op] = {}
        self.definition: dict[Value, Op] = {}
        self.parameter_of: dict[Value, tuple[Op, Region, int]] = {}

    def is_stable(self, load: Op) -> bool:
        """Whether the same load in the reverse sweep gives the same value: nothing writes there after it."""
        root = load.operands[0]
        allocation = self.allocation.get(root)
        if allocation is not None and self.chain[allocation]:
            return False
        loops = [op for op, _ in self.chain[load] if op.name in ("for", "while")]
        for store in self.stores.get(root, ()):
            if self.order[store] > self.order[load]:
                return False
            around = [op for op, _ in self.chain[store]]
            if any(op in around for op in loops):
                return False
        return True


def memory(function: Function) -> MemoryFacts:
    """Facts about the memory of a function. Every array value is its own root: views are index maps in this IR."""
    facts = MemoryFacts()

    def visit(region: Region, chain: tuple) -> None:
        for op in region.ops:
            facts.chain[op] = chain
            facts.order[op] = len(facts.order)
            for r in op.results:
                facts.definition[r] = op
                if isinstance(r.type, ArrayType):
                    facts.allocation[r] = op
            if op.name in WRITES:
                facts.stores.setdefault(op.operands[0], []).append(op)
            for k, inner in enumerate(op.regions):
                for n, p in enumerate(inner.params):
                    facts.parameter_of[p] = (op, inner, n)
                visit(inner, (*chain, (op, k)))

    visit(function.body, ())
    return facts
