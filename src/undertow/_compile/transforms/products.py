"""Matrix products as one operation.

Needs: verified IR. Gives: verified IR, in place, in which loop nests that do nothing but ``c[p, q] += a * b``, where `a`
    and `b` are elements that share a further index, are `gemm` operations; indices that all three share stay loops around
    them. Cost: linear.

The order of such sums is free where the program wrote a product of arrays, in sums of the library, and in the reverse
sweep; elsewhere the product is an ordered one, which adds and rounds as the loops do. Nests whose extents are small
constants stay loops, which the backend unrolls.
"""

from __future__ import annotations

from ..ir.builder import const
from ..ir.function import Constant, Function, Op, Region, Value, walk
from ..ir.ops import SCALAR
from ..ir.types import I64

__all__ = ["call_blas"]

_SMALL = 1000  # multiplications that stay loops, where that is known
_REGISTER = 8  # entries of a row of the result, likewise, within other loops
_NARROW = 16  # likewise entries of one operand


def call_blas(function: Function) -> None:
    """Replace nests by operations."""
    known = _Known(function)

    def visit(region: Region, inside: bool = False) -> None:
        k = 0
        while k < len(region.ops):
            op = region.ops[k]
            found = _Nest(op, inside, known).products() if op.name == "for" else None
            if found is not None:
                region.ops[k:k + 1] = found
                k += len(found)
                continue
            for inner in op.regions:
                visit(inner, inside or op.name in ("for", "while"))
            k += 1

    visit(function.body)


class _Known:
    """What is known of extents and of values outside of nests."""

    def __init__(self, function: Function) -> None:
        self.definition = {r: op for op in walk(function.body) for r in op.results}
        self.extents: dict[tuple[Value, int], set] = {}
        for place, n in function.extents.items():
            self.note(place, const(n))
        for place, v in function.equal.items():
            self.note(place, v)
        for op in walk(function.body):
            if op.name == "dim":
                self.note((op.operands[0], op.attrs["axis"]), op.result)
            elif op.name == "alloc":
                for k, v in enumerate(op.operands):
                    self.note((op.result, k), v)

    def note(self, place: tuple[Value, int], v: Value) -> None:
        self.extents.setdefault(place, set()).add(_key(v))

    def is_extent(self, v: Value, root: Value, axis: int) -> bool:
        """Whether a value is the extent of an axis."""
        return _key(v) in self.extents.get((root, axis), ())


class _Loop:
    """A loop over ``start .. start + count - 1``, in either direction."""

    def __init__(self, op: Op) -> None:
        self.op = op
        self.index = op.regions[0].params[0]
        self.start: Value = const(0)
        self.count: Value = const(0)


class _Refused(Exception):
    """The nest stays as it is."""


class _Nest:
    """Loops, one in the other, with nothing but accesses and products around and inside."""

    def __init__(self, outer: Op, inside: bool, known: _Known) -> None:
        self.outer = outer
        self.known = known
        self.inside = inside  # a loop that is not part of the nest
        self.loops: list[_Loop] = []
        self.ops: dict[Value, Op] = {}
        self.effects: list[tuple[Op, int]] = []
        self.sum: Op | None = None  # the innermost loop, where it carries a sum
        self.order: dict[Op, int] = {}
        self.before: list[Op] = []

    def products(self) -> list[Op] | None:
        """The operations that do the same, or None."""
        try:
            self.collect(self.outer)
            clears = [op for op, _ in self.effects if op.name == "store" and isinstance(op.operands[1], Constant)]
            if any(op.operands[1].value != 0.0 for op in clears):  # type: ignore[attr-defined]
                return None
            others = [(op, depth) for op, depth in self.effects if op not in clears]
            written = {op.operands[0] for op, _ in others}
            if len(self.loops) < 3 or not others or (
                    len(written) != len(others) and any(op.name != "accum" for op, _ in others)):
                return None
            self.check_clears(clears, written)
            for loop in self.loops:
                self.measure(loop)
            out = [self.product(op, depth, written) for op, depth in others]
            out += [self.clearing(op, depth) for op, depth in self.effects if op in clears]
            return [*self.before, *out]
        except _Refused:
            return None

    def collect(self, op: Op) -> None:
        """Take the nest apart."""
        step = op.operands[2]
        if not isinstance(step, Constant) or abs(step.value) != 1 or len(self.loops) == 6:
            raise _Refused
        if len(op.operands) > 3:
            self.collect_sum(op)
        self.loops.append(_Loop(op))
        depth, inner = len(self.loops), 0
        for x in op.regions[0].ops:
            self.order[x] = len(self.order)
            if x.name == "for":
                inner += 1
                if inner > 1 or self.sum is not None:
                    raise _Refused
                self.collect(x)
            elif x.name == "load" or x.name in SCALAR:
                self.ops[x.result] = x
            elif x.name in ("store", "accum"):
                self.effects.append((x, depth))
            else:
                raise _Refused

    def collect_sum(self, op: Op) -> None:
        init = op.operands[3]
        if len(op.operands) != 4 or not isinstance(init, Constant) or init.value != 0.0 or not op.result.type.is_float:  # type: ignore
            raise _Refused
        self.sum = op
        self.ops[op.result] = op

    def measure(self, loop: _Loop) -> None:
        """Start and number of iterations, known outside of the nest."""
        lo, hi, step = loop.op.operands[:3]
        if step.value == 1:  # type: ignore[attr-defined]
            loop.start, loop.count = lo, self.minus(hi, lo)
        else:
            loop.start = self.plus_one(hi)
            loop.count = self.minus(self.plus_one(lo), loop.start)
        if not self.outside(loop.start) or not self.outside(loop.count):
            raise _Refused

    def outside(self, v: Value) -> bool:
        return v not in self.ops and not any(v is loop.index for loop in self.loops)

    def emit(self, name: str, x: Value, y: Value) -> Value:
        out = Value(I64)
        self.before.append(Op(name, [x, y], [out], span=self.outer.span))
        return out

    def minus(self, x: Value, y: Value) -> Value:
        if isinstance(y, Constant) and y.value == 0:
            return x
        if isinstance(x, Constant) and isinstance(y, Constant):
            return const(x.value - y.value)
        if not self.outside(x) or not self.outside(y):
            raise _Refused
        return self.emit("sub", x, y)

    def plus_one(self, v: Value) -> Value:
        if isinstance(v, Constant):
            return const(v.value + 1)
        op = self.ops.get(v)
        if op is not None:
            if op.name == "sub" and isinstance(op.operands[1], Constant) and op.operands[1].value == 1:
                return op.operands[0]
            raise _Refused
        op = self.known.definition.get(v)
        if op is not None and op.name == "sub" and isinstance(op.operands[1], Constant) and op.operands[1].value == 1:
            return op.operands[0]
        return self.emit("add", v, const(1))

    # ---- one effect
    def product(self, effect: Op, depth: int, written: set[Value]) -> Op:
        """The product that an effect adds to its memory, with loops around it."""
        factors, how = self.factors(effect, depth)
        keep = how["keep"]
        c = effect.operands[0]
        loads = [self.ops.get(v) for v in factors]
        if any(f is None or f.name != "load" or f.operands[0] in written or f.operands[0].type.element != c.type.element
               for f in loads):
            raise _Refused
        places = [self.place(effect.operands[2:]), *(self.place(f.operands[1:]) for f in loads)]  # type: ignore
        loops = self.merged([c, *(f.operands[0] for f in loads)], places, how["ordered"])  # type: ignore[union-attr]
        used = [{x[0] for x in place if x[0] is not None} for place in places]
        kinds: dict[tuple, list[_Loop]] = {}
        for loop in loops:
            kinds.setdefault(tuple(loop in u for u in used), []).append(loop)
        rows, columns, summed = (kinds.get(k, []) for k in ((True, True, False), (True, False, True), (False, True, True)))
        if not rows or not columns or not summed or any(not k[0] and k != (False, True, True) for k in kinds):
            raise _Refused
        if len(summed) > 1 and not keep:
            raise _Refused
        if how["ordered"] and any(loop.op.operands[2].value != 1 for loop in summed):  # type: ignore[attr-defined]
            raise _Refused
        p, q, r = rows[-1], columns[-1], summed[-1]
        self.worth(p, q, r)
        last = places[0][-1][0]
        if self.inside and last is loops[-1] and isinstance(last.count, Constant) and last.count.value <= _REGISTER:
            raise _Refused  # a row of the result fits into registers; a call would take longer
        around = [loop for loop in loops if loop not in (p, q, r)]
        new = {loop: Value(I64, loop.index.name) for loop in around}
        region = Region()
        operands = [c, *(f.operands[0] for f in loads), p.count, q.count, r.count]  # type: ignore[union-attr]
        for place in places:
            operands += [self.entry(x, new, region) for x in place]

        def axes(k: int, first: _Loop, second: _Loop) -> tuple[int, int]:
            at = [x[0] for x in places[k]]
            return at.index(first), at.index(second)

        attrs = {"c": axes(0, p, q), "a": axes(1, p, r), "b": axes(2, r, q), **how}
        region.ops.append(Op("gemm", operands, [], attrs, span=effect.span))
        return self.wrap(region, around, new)

    def merged(self, roots: list[Value], places: list[list], ordered: bool) -> list[_Loop]:
        """The loops, where those that run through neighbouring axes of all operands as one are one; `places` change."""
        loops = list(self.loops)
        for u in self.loops:
            for v in self.loops:
                if u is v or u not in loops or v not in loops or (ordered and loops.index(u) > loops.index(v)) or not all(
                        self.adjacent(u, v, root, place) for root, place in zip(roots, places, strict=True)):
                    continue
                both = _Loop(v.op)
                both.count = self.times(u.count, v.count)
                for place in places:
                    for k, (loop, offset) in enumerate(place):
                        if loop is u:
                            place[k] = (None, self.plus(u.start, offset))
                        elif loop is v:
                            place[k] = (both, offset)
                loops.remove(u)
                loops[loops.index(v)] = both
                return loops
        return loops

    def adjacent(self, u: _Loop, v: _Loop, root: Value, place: list) -> bool:
        """Whether an operand has neither loop, or `v` runs through the whole of the axis after that of `u`."""
        at = [loop for loop, _ in place]
        if u not in at and v not in at:
            return True
        if u not in at or v not in at or at.index(v) != at.index(u) + 1:
            return False
        k = at.index(v)
        zeros = [isinstance(x, Constant) and x.value == 0 for x in (v.start, place[k][1])]
        return all(zeros) and self.known.is_extent(v.count, root, k)

    def times(self, x: Value, y: Value) -> Value:
        if isinstance(x, Constant) and isinstance(y, Constant):
            return const(x.value * y.value)
        return self.emit("mul", x, y)

    def plus(self, x: Value, y: Value) -> Value:
        for v, w in ((x, y), (y, x)):
            if isinstance(v, Constant) and v.value == 0:
                return w
        return self.emit("add", x, y)

    def wrap(self, region: Region, around: list[_Loop], new: dict[_Loop, Value]) -> Op:
        """Loops around the operations of a region, or the only operation itself."""
        for loop in reversed(around):
            region.params = [new[loop]]
            op = Op("for", [loop.start, self.end(loop), const(1)], [], {}, [region], loop.op.span)
            region = Region()
            region.ops.append(op)
        self.before += region.ops[:-1]
        return region.ops[-1]

    def end(self, loop: _Loop) -> Value:
        if isinstance(loop.start, Constant) and loop.start.value == 0:
            return loop.count
        up = loop.op.operands[2].value == 1  # type: ignore[attr-defined]
        return loop.op.operands[1] if up else self.plus_one(loop.op.operands[0])

    def factors(self, effect: Op, depth: int) -> tuple[list[Value], dict[str, bool]]:
        """What is multiplied, and how it is added to what is there."""
        value: Value | None = effect.operands[1]
        how = {"keep": True, "minus": False, "ordered": False}
        if self.sum is not None:
            if value is not self.sum.result or depth != len(self.loops) - 1:
                raise _Refused
            body = self.sum.regions[0]
            total = self.ops.get(body.yields[0])
            if total is None or total.name not in ("radd", "add", "sub") or total.operands[0] is not body.params[1]:
                raise _Refused
            how = {"keep": effect.name == "accum", "minus": total.name == "sub",
                   "ordered": total.name != "radd" and effect.name == "store"}
            value = total.operands[1]
        elif depth != len(self.loops):
            raise _Refused
        elif effect.name == "store":
            value, how["minus"] = self.added(effect)
            how["ordered"] = not self.outer.attrs.get("product")
        product = self.ops.get(value)  # type: ignore[arg-type]
        if product is not None and product.name == "neg":
            product, how["minus"] = self.ops.get(product.operands[0]), not how["minus"]
        if product is None or product.name != "mul" or not effect.operands[0].type.is_float:  # type: ignore[union-attr]
            raise _Refused
        factors = list(product.operands)
        for k, v in enumerate(factors):
            op = self.ops.get(v)
            if op is not None and op.name == "neg":
                factors[k], how["minus"] = op.operands[0], not how["minus"]
        return factors, how

    @staticmethod
    def worth(p: _Loop, q: _Loop, r: _Loop) -> None:
        """Refuse where loops are known to be as good."""
        n = [loop.count.value for loop in (p, q, r) if isinstance(loop.count, Constant)]
        size = 1
        for x in n:
            size *= x
        if (len(n) == 3 and size <= _SMALL) or (len(n) == 2 and size <= _NARROW):
            raise _Refused

    def place(self, index: list[Value]) -> list[tuple[_Loop | None, Value]]:
        """Each index as a loop's, or none, and what is added to it."""
        out: list[tuple[_Loop | None, Value]] = []
        for v in index:
            loop = next((x for x in self.loops if x.index is v), None)
            op = self.ops.get(v)
            if loop is not None:
                out.append((loop, const(0)))
            elif op is None:
                out.append((None, v))
            elif op.name == "add":
                x, y = op.operands
                first, second = (next((u for u in self.loops if u.index is w), None) for w in (x, y))
                if first is not None and self.outside(y):
                    out.append((first, y))
                elif second is not None and self.outside(x):
                    out.append((second, x))
                else:
                    raise _Refused
            else:
                raise _Refused
        used = [x for x, _ in out if x is not None]
        if len(set(used)) != len(used):
            raise _Refused
        return out

    def entry(self, x: tuple[_Loop | None, Value], new: dict[_Loop, Value], region: Region) -> Value:
        """An index of the product: where its axis begins, or its place on an axis that is not the product's."""
        loop, offset = x
        if loop is None:
            return offset
        base = new.get(loop, loop.start)
        if isinstance(offset, Constant) and offset.value == 0:
            return base
        if isinstance(base, Constant) and (base.value == 0 or isinstance(offset, Constant)):
            return offset if base.value == 0 else const(base.value + offset.value)  # type: ignore[attr-defined]
        out = Value(I64)
        region.ops.append(Op("add", [base, offset], [out], span=self.outer.span))
        return out

    def added(self, effect: Op) -> tuple[Value | None, bool]:
        """What a store adds to the element it stores to, and whether it is subtracted."""
        total = self.ops.get(effect.operands[1])
        if total is not None and total.name in ("add", "sub"):
            for old, new in (total.operands, total.operands[::-1]):
                load = self.ops.get(old)
                if load is not None and load.name == "load" and load.operands[0] is effect.operands[0] and all(
                        x is y for x, y in zip(load.operands[1:], effect.operands[2:], strict=True)):
                    return new, total.name == "sub"
                if total.name == "sub":
                    break
        return None, False

    # ---- clearing of what has been read
    def check_clears(self, clears: list[Op], written: set[Value]) -> None:
        """Cleared elements must have been read just before, and nowhere else; they are then cleared after the product."""
        for clear in clears:
            root = clear.operands[0]
            if root in written:
                raise _Refused
            for load in self.ops.values():
                if load.name == "load" and load.operands[0] is root and (
                        self.order[load] > self.order[clear] or [_key(v) for v in load.operands[1:]]
                        != [_key(v) for v in clear.operands[2:]]):
                    raise _Refused

    def clearing(self, clear: Op, depth: int) -> Op:
        around = self.loops[:depth]
        new = {loop: Value(I64, loop.index.name) for loop in around}
        region = Region()
        index = [self.entry(x, new, region) for x in self.place(clear.operands[2:])]
        region.ops.append(Op("store", [*clear.operands[:2], *index], [], clear.attrs, span=clear.span))
        return self.wrap(region, around, new)


def _key(v: Value) -> object:
    return (v.type, v.value) if isinstance(v, Constant) else v
