"""Where the pullback keeps what its reverse sweep requires.

Three places, by what is known of the loops around a value:

- an *array*, one slot an iteration, where all trip counts are known when the outermost loop is entered;
- a *block* of the tape, reserved when a nest with known trip counts is entered inside loops without;
- a *frame* of the tape, pushed when the region that computes the value ends.

The tape is one last-in-first-out memory: the reverse sweep enters regions in the opposite order, and finds the frame
of a region on top, the blocks of the nests in it below. A *snapshot* is a copy of an array taken before a nest that
reads it: cheaper than taping every element read.
"""

from __future__ import annotations

from typing import Any

from ..analyses.memory import MemoryFacts
from ..analyses.required import Plan
from ..ir.builder import Builder, const
from ..ir.function import Op, Region, Value
from ..ir.types import I64

__all__ = ["Tapes"]


class _Place:
    """One taped value: the loops around it, those it changes with, and an array or an offset into the block of a nest."""

    def __init__(self, around: list[Op], loops: list[Op]) -> None:
        self.around = around
        self.loops = loops
        self.memory: Value | None = None


class Tapes:
    """The part of the pullback that stores and brings back; expects the maps of `_Pullback` beside it."""

    b: Builder
    facts: MemoryFacts
    plan: Plan
    fwd: dict[Value, Value]
    rev: dict[Value, Value]

    def place_tapes(self) -> None:
        self.places: dict[Value, _Place] = {}
        self.arrays: dict[Op, list[Value]] = {}
        self.blocks: dict[Op, list[Value]] = {}
        self.bases: dict[Op, Value] = {}
        self.framed: dict[Region, list[Value]] = {}
        self.counts: dict[Op, Value] = {}
        self.snapshots: dict[tuple[Op, Value], Value] = {}
        for v, how in self.plan.items():
            if how != "tape":
                continue
            if v in self.facts.definition:
                chain = self.facts.chain[self.facts.definition[v]]
            else:
                owner, region, _ = self.facts.parameter_of[v]
                chain = (*self.facts.chain[owner], (owner, owner.regions.index(region)))
            self.place(v, chain)

    def place(self, v: Value, chain: tuple) -> None:
        loops = [op for op, _ in chain if op.name in ("for", "while")]
        first = len(loops)
        while first and self.facts.known_outside(loops[first - 1:]):
            first -= 1
        around = loops[first:]
        self.places[v] = _Place(around, around[:1] + [loop for loop in around[1:] if not self.facts.is_same_in(v, loop)])
        if loops and first == 0 and not self.facts.chain[loops[0]]:
            self.arrays.setdefault(loops[0], []).append(v)
        elif first < len(loops):
            self.blocks.setdefault(loops[first], []).append(v)
        else:
            op, k = chain[-1]
            self.framed.setdefault(op.regions[k], []).append(v)

    # ---- sizes and positions
    def trip_count(self, op: Op, look: Any) -> Value:
        return self.steps(*(look(v) for v in op.operands[:3]))

    def steps(self, lo: Value, hi: Value, step: Value) -> Value:
        s = step.value  # type: ignore[attr-defined]
        n = self.b.sub(hi, lo) if s > 0 else self.b.sub(lo, hi)
        if abs(s) != 1:
            n = self.b.scalar("floordiv", self.b.add(n, const(abs(s) - 1)), const(abs(s)))
        return self.b.scalar("select", self.b.scalar("lt", n, const(0)), const(0), n)

    def most_trips(self, op: Op, around: list[Op], look: Any) -> Value:
        """The trip count of a loop; of a triangular one, the largest."""
        lo, hi, step = op.operands[:3]
        up = step.value > 0  # type: ignore[attr-defined]
        bounds = [self.extreme(lo, not up, around, look), self.extreme(hi, up, around, look), step]
        return self.steps(*bounds)

    def extreme(self, v: Value, largest: bool, around: list[Op], look: Any) -> Value:
        """The largest or least that a bound becomes in the loops around."""
        base, c = self.facts.moved(v)
        loop = None if self.facts.known_before(v, around[0]) else self.facts.loop_of(base, around)
        if loop is None:
            return look(v)
        lo, hi, step = loop.operands[:3]
        up = step.value > 0  # type: ignore[attr-defined]
        at = self.extreme(hi if up == largest else lo, largest, around, look)
        if up == largest:
            c -= step.value  # type: ignore[attr-defined]
        return self.b.add(at, const(c)) if c >= 0 else self.b.sub(at, const(-c))

    def iteration_number(self, loop: Op, look: Any) -> Value:
        i, lo, step = look(loop.regions[0].params[0]), look(loop.operands[0]), loop.operands[2].value  # type: ignore
        n = self.b.sub(i, lo) if step > 0 else self.b.sub(lo, i)
        return n if abs(step) == 1 else self.b.scalar("floordiv", n, const(abs(step)))

    def position(self, v: Value, look: Any) -> Value:
        """Slot of a value within its nest's block."""
        loops, around = self.places[v].loops, self.places[v].around
        at: Value = const(0)
        for loop in loops:
            at = self.b.add(self.b.mul(at, self.most_trips(loop, around, look)), self.iteration_number(loop, look))
        nest = loops[0]
        for other in self.blocks[nest]:
            if other is v:
                break
            at = self.b.add(at, self.size(other, look))
        return self.b.add(at, self.bases[nest])

    def size(self, v: Value, look: Any) -> Value:
        n: Value = const(1)
        for loop in self.places[v].loops:
            n = self.b.mul(n, self.most_trips(loop, self.places[v].around, look))
        return n

    # ---- forward sweep
    def open_nest(self, op: Op) -> None:
        """Before a loop: memory for what its iterations tape."""
        for v in self.arrays.get(op, ()):
            loops, around = self.places[v].loops, self.places[v].around
            dims = [self.most_trips(loop, around, self.primal) for loop in loops]
            self.places[v].memory = self.b.alloc(v.type, dims, "empty", f"{v.name or 'value'}_tape")  # type: ignore
        if op in self.blocks:
            total: Value = const(0)
            for v in self.blocks[op]:
                total = self.b.add(total, self.size(v, self.primal))
            self.bases[op] = self.b.emit("reserve", [total], [I64], names=["base"])[0]

    def tape(self, v: Value) -> None:
        place, value = self.places[v], self.fwd[v]
        if place.memory is not None:
            self.b.store(place.memory, value, [self.iteration_number(loop, self.primal) for loop in place.loops])
        elif place.loops:
            self.b.emit("tape_store", [value, self.position(v, self.primal)], [])

    def push_frame(self, region: Region) -> None:
        """At the end of a region: what its reverse needs and can be had nowhere else."""
        values = [self.fwd[v] for v in self.framed.get(region, ())] + self.frame_extras(region, self.counts, self.bases)
        if values:
            base = self.b.emit("reserve", [const(len(values))], [I64], names=["base"])[0]
            for k, value in enumerate(values):
                self.b.emit("tape_store", [value, self.b.add(base, const(k))], [])

    def frame_extras(self, region: Region, counts: dict[Op, Any], bases: dict[Op, Any]) -> list[Any]:
        """Trip counts and block bases of the loops in a region."""
        return [counts[op] for op in region.ops if op in counts] + [bases[op] for op in region.ops if op in bases]

    # ---- reverse sweep
    def pop_frame(self, region: Region) -> None:
        values = self.framed.get(region, ())
        extras = self.frame_extras(region, {op: (self.counts, op) for op in self.counts},
                                   {op: (self.bases, op) for op in self.bases})
        if not values and not extras:
            return
        base = self.b.emit("pop", [const(len(values) + len(extras))], [I64], names=["base"])[0]
        for k, v in enumerate(values):
            self.rev[v] = self.tape_load(self.b.add(base, const(k)), v.type, v.name)
        for k, (table, op) in enumerate(extras):
            table[op] = self.tape_load(self.b.add(base, const(len(values) + k)), I64, "")

    def tape_load(self, at: Value, type: Any, name: str) -> Value:
        return self.b.emit("tape_load", [at], [type], names=[name])[0]

    def untape(self, v: Value) -> Value:
        """A value that was taped in an array or a block."""
        place = self.places[v]
        if place.memory is not None:
            index = [self.iteration_number(loop, self.get) for loop in place.loops]
            return self.b.load(place.memory, index, v.name)
        return self.tape_load(self.position(v, self.get), v.type, v.name)

    def close_nest(self, op: Op) -> None:
        """After the reverse of a loop: give its block back."""
        if op in self.blocks:
            self.b.emit("release", [self.bases[op]], [])

    # ---- operands of library routines
    def extent(self, root: Value, axis: int) -> Value | None:
        """An extent of memory in the reverse sweep."""
        allocation = self.facts.allocation.get(root)
        return self.b.dim(root, axis) if allocation is None else self.get(allocation.operands[axis])

    def keep_operands(self, op: Op) -> None:
        """After a routine has run: put what its derivative reads on the tape."""
        blocks = [(v, self.extents_of(v, self.primal)) for v in self.plan.kept[op]]
        total: Value = const(0)
        for _, dims in blocks:
            total = self.b.add(total, self.product(dims))
        self.bases[op] = base = self.b.emit("reserve", [total], [I64], names=["base"])[0]
        for v, dims in blocks:
            source = self.primal(v)
            self.through(dims, base, lambda index, at, source=source: self.b.emit(
                "tape_store", [self.b.load(source, index), at], []))
            base = self.b.add(base, self.product(dims))

    def kept_operands(self, op: Op) -> dict[Value, Value]:
        """Before the reverse of a routine: what was put on the tape, in memory again."""
        out: dict[Value, Value] = {}
        base = self.bases.get(op)
        for v in self.plan.kept[op]:
            dims = self.extents_of(v, self.get)
            out[v] = memory = self.b.alloc(v.type.element, dims, "empty", v.name)  # type: ignore[union-attr]
            self.through(dims, base, lambda index, at, v=v, memory=memory: self.b.store(
                memory, self.tape_load(at, v.type.element, ""), index))
            base = self.b.add(base, self.product(dims))
        return out

    def extents_of(self, v: Value, look: Any) -> list[Value]:
        allocation = self.facts.allocation.get(v)
        if allocation is None:
            return [self.b.dim(v, k) for k in range(v.type.ndim)]  # type: ignore[union-attr]
        return [look(n) for n in allocation.operands]

    def product(self, dims: list[Value]) -> Value:
        n: Value = const(1)
        for d in dims:
            n = self.b.mul(n, d)
        return n

    def through(self, dims: list[Value], base: Value, body: Any) -> None:
        """Loops over an index space, with the slot that belongs to each element."""
        def level(index: list[Value], at: Value) -> None:
            k = len(index)
            if k == len(dims):
                body(index, self.b.add(base, at))
                return
            i = Value(I64, "ijklmn"[min(k, 5)])
            with self.b.inside(Region([i])) as region:
                level([*index, i], self.b.add(self.b.mul(at, dims[k]), i))
            self.b.loop(const(0), dims[k], const(1), [], region)

        level([], const(0))

    # ---- snapshots
    def outer_loops(self, op: Op) -> list[Op]:
        return [c for c, _ in self.facts.chain[op] if c.name in ("for", "while")]

    def take_snapshots(self, op: Op) -> None:
        """Before a nest: copies of the arrays it reads that are overwritten later."""
        for root in self.plan.copied.get(op, ()):
            source = self.primal(root)
            memory = self.snapshots[(op, root)]
            index = [self.iteration_number(loop, self.primal) for loop in self.outer_loops(op)]
            self.copy_into(memory, index, source)

    def copy_into(self, memory: Value, prefix: list[Value], source: Value) -> None:
        def level(index: list[Value]) -> None:
            k = len(index)
            if k == source.type.ndim:
                self.b.store(memory, self.b.load(source, index), [*prefix, *index])
                return
            i = Value(I64, "ijklmn"[min(k, 5)])
            with self.b.inside(Region([i])) as region:
                level([*index, i])
            self.b.loop(const(0), self.b.dim(source, k), const(1), [], region)

        level([])

    def open_snapshots(self, op: Op) -> None:
        """Before an outermost loop (or a nest outside loops): memory for the copies taken inside."""
        for nest, roots in self.plan.copied.items():
            around = self.outer_loops(nest)
            if (around[0] if around else nest) is not op:
                continue
            for root in roots:
                source = self.primal(root)
                dims = [self.most_trips(loop, around, self.primal) for loop in around]
                dims += [self.b.dim(source, k) for k in range(root.type.ndim)]
                name = f"{root.name or 'array'}_before"
                self.snapshots[(nest, root)] = self.b.alloc(root.type.element, dims, "empty", name)

