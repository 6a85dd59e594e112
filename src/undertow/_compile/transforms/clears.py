"""Clearing of memory that is written again before it is read.

The pullback of an overwriting clears the shadow; the next contribution then adds to zero. Where the cleared box of
elements is exactly the box that the next access adds to, the clearing goes and the addition becomes a store: as in an
adjoint written by hand. Next may mean the next iteration of the loop around both; the box is then cleared once, after it.

Needs: verified IR. Gives: verified IR, in place. Cost: linear in the program times the number of cleared arrays.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable

from ..analyses.memory import MemoryFacts, memory
from ..analyses.overlap import may_meet
from ..ir.builder import Builder, const
from ..ir.function import Constant, Function, Op, Region, Value, walk
from ..ir.ops import HAS_EFFECT
from ..ir.types import BOOL, I64

__all__ = ["box_of", "drop_clears", "fill_unset"]

_ACCESS = frozenset(("load", "store", "accum"))


def drop_clears(function: Function) -> None:
    """Remove clearing stores, and let the accumulations that follow them store."""
    while _drop_one(memory(function), function, function.body, None):
        pass
    facts = memory(function)
    for allocation in [op for op in walk(function.body) if op.name == "alloc" and op.attrs["fill"] == "zeros"]:
        _fill_by_store(facts, allocation)


def _drop_one(facts: MemoryFacts, function: Function, region: Region, loop: Op | None) -> bool:
    for k, op in enumerate(region.ops):
        if any(_drop_one(facts, function, inner, op if op.name == "for" else None) for inner in op.regions):
            return True
        clears = _clears(op)
        groups = [[clear] for clear in clears] + [g for g in _by_root(clears) if len(g) > 1]
        if any(_dead(facts, function, region, k, g) or _drop(facts, region, k, g, loop) for g in groups):
            return True
    return False


def _by_root(clears: list[Op]) -> list[list[Op]]:
    found: dict[Value, list[Op]] = {}
    for clear in clears:
        found.setdefault(clear.operands[0], []).append(clear)
    return list(found.values())


def _dead(facts: MemoryFacts, function: Function, region: Region, k: int, clears: list[Op]) -> bool:
    """Remove clearings of memory that nothing accesses any more."""
    root = clears[0].operands[0]
    allocation = facts.allocation.get(root)
    if allocation is None or facts.region[allocation] is not region or root in function.body.yields:
        return False
    # What two of them clear is zero when the later one's turn comes: they must lie apart.
    if _together([box_of(facts, region, clear) for clear in clears]) is None or not _reads_old(facts, region.ops[k], clears):
        return False
    if any(_accesses(op, root) for op in region.ops[k + 1:]):
        return False
    for clear in clears:
        facts.region[clear].ops.remove(clear)
    return True


def _fill_by_store(facts: MemoryFacts, allocation: Op) -> None:
    """Let the first accumulation store, where it covers memory that was allocated as zeros."""
    root, region = allocation.result, facts.region[allocation]
    whole = tuple(((None, 0), facts.term(n)) for n in allocation.operands)
    if _set_by_first(facts, region, region.ops.index(allocation) + 1, root, lambda box: box == whole):
        allocation.attrs = {**allocation.attrs, "fill": "empty"}


def _set_by_first(facts: MemoryFacts, region: Region, start: int, root: Value, whole: Callable[[tuple], bool]) -> bool:
    """Let the first access to memory that holds zeros store, where it adds to the whole; whether it does."""
    first = next((op for op in region.ops[start:] if _accesses(op, root)), None)
    found = _accesses(first, root) if first is not None else []
    if not found or not _adds(found[0], root) or any(_comes_before(facts, op, found[0]) for op in found[1:]):
        return False
    box = box_of(facts, region, found[0])
    if box is None or not whole(box):
        return False
    _store_instead(found[0])
    return True


def _comes_before(facts: MemoryFacts, op: Op, first: Op) -> bool:
    """Whether an operation of the same nest may touch an element before `first`, which stands before it, has done so."""
    if op.name not in _ACCESS or first.name not in _ACCESS:
        return True
    for (loop, k), other in zip(facts.chain[first], facts.chain[op], strict=False):
        if other != (loop, k):
            break
        if loop.name != "for" or may_meet(facts, op, first, loop, "later"):
            return True
    return False


def fill_unset(function: Function, likes: dict[Value, Value]) -> set[Value]:
    """Let the first accumulation into a parameter store, where it covers it; returns those that need not be set before.

    `likes` are parameters that hold zeros when the function is called, each with one of the same extents.
    Needs: verified IR, after the passes. Gives: verified IR, in place. Cost: linear for each parameter.
    """
    facts = memory(function)
    extents: dict[tuple[Value, int], set] = {key: {facts.term(v)} for key, v in function.equal.items()}
    for op in function.body.ops:
        if op.name == "dim":
            extents.setdefault((op.operands[0], op.attrs["axis"]), set()).add((op.result, 0))
    for key, n in function.extents.items():
        extents.setdefault(key, set()).add((None, n))

    def whole(root: Value, box: tuple) -> bool:
        return all(first == (None, 0) and any(past in extents.get((p, axis), ()) for p in (root, likes[root]))
                   for axis, (first, past) in enumerate(box))

    return {p for p in likes if _set_by_first(facts, function.body, 0, p, functools.partial(whole, p))}


def _clears(op: Op) -> list[Op]:
    return [x for x in _inside(op) if x.name == "store" and isinstance(x.operands[1], Constant)
            and x.operands[1].value == 0.0]


def _inside(op: Op) -> list[Op]:
    return [op, *(x for region in op.regions for x in walk(region))]


def _accesses(op: Op, root: Value) -> list[Op]:
    return [x for x in _inside(op) if (x.name in _ACCESS and x.operands[0] is root)
            or (x.name == "gemm" and any(v is root for v in x.operands[:3])) or (x.name == "library" and root in x.operands)]


def _adds(op: Op, root: Value) -> bool:
    """Whether an access only adds to the memory, and might as well store."""
    if op.name == "gemm":
        return bool(op.attrs["keep"]) and op.operands[0] is root and root not in op.operands[1:3]
    return op.name == "accum"


def _store_instead(op: Op) -> None:
    if op.name == "gemm":
        op.attrs = {**op.attrs, "keep": False}
    else:
        op.name = "store"


def _drop(facts: MemoryFacts, region: Region, k: int, clears: list[Op], loop: Op | None) -> bool:
    """Drop the clearings of one nest, which make up a box, where that is right; whether it was."""
    root = clears[0].operands[0]
    box = _together([box_of(facts, region, clear) for clear in clears])
    if box is None or not _reads_old(facts, region.ops[k], clears):
        return False
    order = list(range(k + 1, len(region.ops)))
    again = next((j for j in order if _accesses(region.ops[j], root)), None)
    around = again is None
    if around:
        if loop is None or not _fresh_before(facts, loop, root) or not all(
                facts.known_before(t[0], loop) for side in box for t in side if t[0] is not None):
            return False
        again = next(j for j in range(k + 1) if _accesses(region.ops[j], root))
        if again == k:
            return False
    assert again is not None
    again = _first_of(facts, region, again, root, box)
    found = _accesses(region.ops[again], root)
    if len(found) != 1 or not _adds(found[0], root):
        return False
    own = box_of(facts, region, found[0])
    if own != box:
        margins = _margins(own, box) if region.ops[again].attrs.get("gather") else None
        if margins is None:
            return False
        region.ops[k + 1:k + 1] = _clear_margins(root, box, *margins, clears[0].span)
    _store_instead(found[0])
    for clear in clears:
        facts.region[clear].ops.remove(clear)
    if around and loop is not None:
        outer = facts.region[loop]
        at = outer.ops.index(loop) + 1
        if any(_accesses(op, root) for op in outer.ops[at:]) or outer is not facts.region[facts.allocation[root]]:
            outer.ops[at:at] = _clear_once(loop, root, box)
    return True


def _first_of(facts: MemoryFacts, region: Region, again: int, root: Value, box: tuple) -> int:
    """Among loops that only add to the memory, one after the other, put the one that adds to the box first."""
    for j in range(again, len(region.ops)):
        effects = [x for x in _inside(region.ops[j]) if x.name in HAS_EFFECT]
        if len(effects) != 1 or effects != _accesses(region.ops[j], root) or effects[0].name != "accum" \
                or region.ops[j].results:
            break
        if box_of(facts, region, effects[0]) == box:
            region.ops.insert(again, region.ops.pop(j))
            break
    return again


def _margins(inner: tuple | None, box: tuple) -> tuple[int, int, int] | None:
    """``(axis, first, last)``: how many elements at either end of one axis a box leaves out of another."""
    found = None
    for axis, (own, side) in enumerate(zip(inner or (), box, strict=False)):
        if own == side:
            continue
        first, last = own[0][1] - side[0][1], side[1][1] - own[1][1]
        if found is not None or own[0][0] is not side[0][0] or own[1][0] is not side[1][0] or first < 0 or last < 0:
            return None
        found = axis, first, last
    return found


def _clear_margins(root: Value, box: tuple, axis: int, first: int, last: int, span: int) -> list[Op]:
    """Clear the elements of a box that lie at most so far from either end of one axis, where there are so many."""
    b = Builder()
    b.span = span

    def value(term: tuple) -> Value:
        base, c = term
        return const(c) if base is None else b.add(base, const(c)) if c else base

    def nest(index: list[Value]) -> None:
        k = len(index)
        if k == len(box):
            b.store(root, const(0.0, root.type.element), index)
            return
        if k == axis:
            nest([*index, at])
            return
        i = Value(I64, "ijklmn"[min(k, 5)])
        with b.inside(Region([i])) as region:
            nest([*index, i])
        b.loop(*bounds[k], const(1), [], region)

    bounds = [(value(low), value(past)) for low, past in box]
    low, past = bounds[axis]
    places = [(b.add(low, const(n)), "lt", past) for n in range(first)]
    places += [(b.sub(past, const(n + 1)), "ge", low) for n in range(last)]
    for at, test, bound in places:
        with b.inside(Region()) as region:
            nest([])
        b.emit("if", [b.scalar(test, at, bound)], [], {}, [region, Region()])
    return b.region.ops


def _together(boxes: list[tuple | None]) -> tuple | None:
    """The box that others make up, which differ in the places they name on one axis; None where they make up none."""
    first, *others = boxes
    if first is None or not others:
        return first
    axes = {axis for box in others for axis, side in enumerate(first) if box is None or box[axis] != side}
    if len(axes) != 1 or None in others:
        return None
    axis = axes.pop()
    sides = sorted((box[axis] for box in boxes if box is not None), key=lambda side: side[0][1])
    if len({base for side in sides for base, _ in side}) != 1 or any(
            x[1] != y[0] for x, y in itertools.pairwise(sides)):
        return None
    return (*first[:axis], (sides[0][0], sides[-1][1]), *first[axis + 1:])


def _reads_old(facts: MemoryFacts, nest: Op, clears: list[Op]) -> bool:
    """Whether the nest of the clearings reads each element only just before it is cleared."""
    region = facts.region[clears[0]]
    if any(facts.region[clear] is not region for clear in clears):
        return False
    before = {tuple(_key(v) for v in clear.operands[2:]): region.ops.index(clear) for clear in clears}
    if len(before) < len(clears):  # what is read between two clearings of one place is zero, and not old
        return False
    for op in _accesses(nest, clears[0].operands[0]):
        if op in clears:
            continue
        place = before.get(tuple(_key(v) for v in op.operands[1:])) if op.name == "load" else None
        if place is None or facts.region.get(op) is not region or region.ops.index(op) > place:
            return False
    return True


def _key(v: Value) -> object:
    return (v.type, v.value) if isinstance(v, Constant) else v


def _fresh_before(facts: MemoryFacts, loop: Op, root: Value) -> bool:
    """Whether the memory is all zero when the loop is entered."""
    allocation = facts.allocation.get(root)
    if allocation is None or allocation.attrs["fill"] != "zeros" or facts.region[allocation] is not facts.region[loop]:
        return False
    ops = facts.region[loop].ops
    return not any(_accesses(op, root) for op in ops[ops.index(allocation):ops.index(loop)])


def box_of(facts: MemoryFacts, region: Region, op: Op) -> tuple | None:
    """Per axis the first element and the one past the last that an access inside `region` touches, each once."""
    chain = facts.chain[op]
    depth = next((n for n, (c, _) in enumerate(chain) if facts.region[c] is region), len(chain))
    if depth == len(chain) and facts.region[op] is not region:
        return None
    loops: dict[Value, tuple] = {}
    for c, _ in chain[depth:]:
        if c.name != "for" or abs(c.operands[2].value) != 1:  # type: ignore[attr-defined]
            return None
        (a, p), (b, q) = facts.term(c.operands[0]), facts.term(c.operands[1])
        up = c.operands[2].value > 0  # type: ignore[attr-defined]
        loops[c.regions[0].params[0]] = ((a, p), (b, q)) if up else ((b, q + 1), (a, p + 1))
    used: set[Value] = set()
    out = []
    across = _across(facts, op)
    for k, v in enumerate(_place(op)):
        base, c = facts.term(v)
        if k in across:
            if base is not None or across[k][0] in loops:
                return None
            n, d = across[k]
            out.append(((None, c), (n, c + d)))
            continue
        if base in loops:
            if base in used:
                return None
            used.add(base)  # type: ignore[arg-type]
            out.append(tuple((t, n + c) for t, n in loops[base]))  # type: ignore[index]
        elif _moves(facts, base, set(loops)):
            return None
        else:
            out.append(((base, c), (base, c + 1)))
    if used != set(loops) or any(t in loops for side in loops.values() for t, _ in side):
        return None
    return tuple(out)


def _place(op: Op) -> list[Value]:
    """Where an addition goes."""
    return op.operands[6:6 + op.operands[0].type.ndim] if op.name == "gemm" else op.operands[2:]


def _across(facts: MemoryFacts, op: Op) -> dict[int, tuple]:
    """Extents of the axes along which a product adds."""
    if op.name != "gemm":
        return {}
    return dict(zip(op.attrs["c"], (facts.term(n) for n in op.operands[3:5]), strict=True))


def _moves(facts: MemoryFacts, v: Value | None, indices: set[Value]) -> bool:
    """Whether a value depends on the loops of a nest, as far as can be told."""
    if v is None:
        return False
    op = facts.definition.get(v)
    if op is None:
        return v in indices or (v in facts.parameter_of and facts.parameter_of[v][1].params[0] in indices)
    return any(c.regions and c.regions[0].params[:1] and c.regions[0].params[0] in indices for c, _ in facts.chain[op])


def _clear_once(loop: Op, root: Value, box: tuple) -> list[Op]:
    """A nest that clears the box, if the loop has run at all."""
    region = Region()

    def value(term: tuple) -> Value:
        base, c = term
        if base is None:
            return const(c)
        if c == 0:
            return base
        region.ops.append(Op("add", [base, const(c)], [Value(I64)], span=loop.span))
        return region.ops[-1].result

    bounds = [(value(first), value(past)) for first, past in box]
    index = [Value(I64, "ijklmn"[min(k, 5)]) for k in range(len(bounds))]
    nest = Op("store", [root, const(0.0, root.type.element), *index], [], span=loop.span)
    for (first, past), i in reversed(list(zip(bounds, index, strict=True))):
        inner = Region([i])
        inner.ops.append(nest)
        nest = Op("for", [first, past, const(1)], [], {}, [inner], loop.span)
    region.ops.append(nest)
    ran = Value(BOOL)
    up = loop.operands[2].value > 0  # type: ignore[attr-defined]
    return [Op("lt" if up else "gt", loop.operands[:2], [ran], span=loop.span),
            Op("if", [ran], [], {}, [region, Region()], loop.span)]
