"""Which memory a value belongs to, and which loads can be repeated in the reverse sweep."""

from __future__ import annotations

from ..ir.function import Constant, Function, Op, Region, Value
from ..ir.ops import SCALAR, WRITES
from ..ir.types import ArrayType
from .overlap import touches_later

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
        self.region: dict[Op, Region] = {}
        self.loads: dict[Value, list[Op]] = {}
        self.stored_values: dict[Value, list[Op]] = {}

    def is_stable(self, load: Op) -> bool:
        """Whether the same load in the reverse sweep gives the same value: nothing writes there after it."""
        return self.is_final(load.operands[0], load, load.operands[1:])

    def is_final(self, root: Value, at: Op, index: list[Value]) -> bool:
        """Whether nothing writes an element after operation `at` has run."""
        allocation = self.allocation.get(root)
        if allocation is not None and self.chain[allocation]:
            return False
        return not any(touches_later(self, at, index, store) for store in self.stores.get(root, ()))

    def writes_inside(self, op: Op, root: Value) -> bool:
        return any(store is op or any(c is op for c, _ in self.chain[store]) for store in self.stores.get(root, ()))

    def counted(self, loops: list[Op], around: list[Op]) -> bool:
        """Whether all trip counts of a nest that begins at the top of the program are known at its entry."""
        return bool(loops) and loops[0] is around[0] and self.known_outside(loops)

    def known_outside(self, loops: list[Op]) -> bool:
        """Whether bounds of the trip counts of a nest are known where it is entered: also those of triangular loops."""
        return all(loop.name == "for" for loop in loops) and all(
            self.bounded(bound, loops[:k], loops[0]) for k, loop in enumerate(loops) for bound in loop.operands[:2])

    def bounded(self, v: Value, around: list[Op], first: Op) -> bool:
        """Whether `v` is known before loop `first`, or is the index of a loop around plus a constant."""
        if isinstance(v, Constant) or self.known_before(v, first):
            return True
        base, _ = self.moved(v)
        return self.loop_of(base, around) is not None

    def loop_of(self, v: Value, around: list[Op]) -> Op | None:
        """The loop of steps of one among `around` whose index `v` is."""
        return next((loop for loop in around if loop.name == "for" and loop.regions[0].params[0] is v
                     and abs(loop.operands[2].value) == 1), None)  # type: ignore[attr-defined]

    def moved(self, v: Value) -> tuple[Value, int]:
        """``value + constant``."""
        c = 0
        while True:
            op = self.definition.get(v)
            if op is None or op.name not in ("add", "sub") or not isinstance(op.operands[1], Constant):
                return v, c
            c += op.operands[1].value if op.name == "add" else -op.operands[1].value
            v = op.operands[0]

    def term(self, v: Value) -> tuple[Value | None, int]:
        """``value + constant``; no value where it is all constant."""
        base, c = self.moved(v)
        return (None, c + base.value) if isinstance(base, Constant) else (base, c)

    def known_before(self, v: Value, loop: Op) -> bool:
        """Whether a value is computed outside a loop."""
        if v in self.parameter_of:
            owner = self.parameter_of[v][0]
            return owner is not loop and not any(c is loop for c, _ in self.chain[owner])
        op = self.definition.get(v)
        return op is None or not any(c is loop for c, _ in self.chain[op])

    def is_same_in(self, v: Value, loop: Op) -> bool:
        """Whether a value is the same in all iterations of a loop around it, other loops' indices given."""
        seen: set[Value] = set()
        work = [v]
        while work:
            x = work.pop()
            if x in seen or isinstance(x, Constant) or self.known_before(x, loop):
                continue
            seen.add(x)
            if x in self.parameter_of:
                owner, _, k = self.parameter_of[x]
                if owner is loop or owner.name != "for" or k != 0:
                    return False
                work.append(owner.operands[0])
                continue
            op = self.definition.get(x)
            if op is None or op.name not in SCALAR and op.name not in ("load", "dim"):
                return False
            if op.name == "load" and self.writes_inside(loop, op.operands[0]):
                return False
            work += op.operands
        return True

    def steady_around(self, load: Op) -> Op | None:
        """The outermost loop around a load in which nothing writes the root's memory."""
        root = load.operands[0]
        writers = {id(op) for store in self.stores.get(root, ()) for op, _ in self.chain[store]}
        for op, _ in self.chain[load]:
            if id(op) not in writers and op.name in ("for", "while"):
                return op
        return None


def memory(function: Function) -> MemoryFacts:
    """Facts about the memory of a function. Every array value is its own root: views are index maps in this IR."""
    facts = MemoryFacts()

    def visit(region: Region, chain: tuple) -> None:
        for op in region.ops:
            facts.chain[op] = chain
            facts.region[op] = region
            if op.name == "load":
                facts.loads.setdefault(op.operands[0], []).append(op)
            facts.order[op] = len(facts.order)
            for r in op.results:
                facts.definition[r] = op
                if isinstance(r.type, ArrayType):
                    facts.allocation[r] = op
            if op.name == "library":
                for root in op.operands[:op.attrs["outs"]]:
                    facts.stores.setdefault(root, []).append(op)
            if op.name in WRITES:
                facts.stores.setdefault(op.operands[0], []).append(op)
                if op.name == "store":
                    facts.stored_values.setdefault(op.operands[1], []).append(op)
            for k, inner in enumerate(op.regions):
                for n, p in enumerate(inner.params):
                    facts.parameter_of[p] = (op, inner, n)
                visit(inner, (*chain, (op, k)))

    visit(function.body, ())
    return facts
