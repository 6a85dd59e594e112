"""Derivatives of library routines: their programs, lowered for the types in question, put where they are needed.

Needs: an operation that calls a routine. Gives: the operations of its pullback or pushforward at the builder's place.
Cost: linear in the program; lowering is done once for each combination of types and active operands.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from typing import Any

from ...rules._registry import lookup
from ..analyses.intervals import MayOverflow, decide
from ..ir.builder import Builder, const
from ..ir.function import Constant, Function, Op, Region, Value, walk
from ..ir.ops import SCALAR
from ..ir.types import I64, ArrayType
from ..routines.routine import ROUTINES, Operand
from ..routines.ufuncs import UFUNCS
from .simplify import again, eliminate_dead, hoist, resolve, share_loads

__all__ = ["active_inputs", "derived", "inline", "operands_of", "partial", "reads", "writes"]


def writes(op: Op) -> list[Value]:
    """Memory that a call of a routine writes."""
    return op.operands[:op.attrs["outs"]]


def reads(op: Op) -> list[Value]:
    """Memory that a call of a routine reads."""
    return [v for v in op.operands[op.attrs["outs"]:] if isinstance(v.type, ArrayType)]


def operands_of(op: Op) -> list[tuple[Operand, Value]]:
    """Operands of a call with what they stand for."""
    routine = ROUTINES[op.attrs["routine"]]
    return list(zip((*routine.outs, *routine.ins), op.operands, strict=True))


def active_inputs(op: Op, varied: set[Value] | dict) -> tuple[bool, ...]:
    """Which of the inputs that carry derivatives are varied."""
    return tuple(v in varied for o, v in operands_of(op)[op.attrs["outs"]:] if o.carries)


class Derived:
    """The program of a derivative.

    Attributes
    ----------
    function : Function
    needed : list of int
        Operands of the routine whose contents it reads.
    """

    def __init__(self, function: Function, count: int) -> None:
        self.function = function
        used = {v for op in walk(function.body) if op.name != "dim" for v in op.operands}
        self.needed = [k for k, p in enumerate(function.params[:count]) if p in used]


def derived(op: Op, kind: str, active: tuple[bool, ...]) -> Derived:
    """The `kind` (``pull`` or ``push``) of a routine where those of its inputs are active that carry derivatives."""
    found = _derived(op.attrs["routine"], op.attrs["element"], op.attrs["flags"], kind, active)
    if found is None:
        raise KeyError(op.attrs["routine"])
    return found


@functools.cache
def _derived(name: str, element: str, flags: tuple, kind: str, active: tuple[bool, ...]) -> Derived | None:
    from ..frontend.lower import lower

    routine = ROUTINES[name]
    program = getattr(routine, kind)
    if program is None:
        return None
    outs = [_spec(o, element) for o in routine.outs if o.carries]
    ins = [_spec(o, element) if a else ("const", None)
           for o, a in zip([o for o in routine.ins if o.carries], active, strict=True)]
    bars = outs + ins if kind == "pull" else ins + outs
    order = list(inspect.signature(program).parameters)[-len(flags):]
    specs = [*(_spec(o, element) for o in (*routine.outs, *routine.ins)), *bars,
             *(("const", dict(flags)[k]) for k in (order if flags else ()))]
    lowered = lower(program, tuple(specs))
    function = lowered.function
    share_loads(function)
    eliminate_dead(function)
    try:
        truths = {op: t for op, t in decide(function, {}).items() if isinstance(op, Op)}
    except MayOverflow:
        truths = {}
    function = resolve(function, truths)
    share_loads(function)
    hoist(function)
    eliminate_dead(function)
    count = len(routine.outs) + len(routine.ins)
    targets = set(function.params[count + (len(outs) if kind == "pull" else 0):])
    _accumulate(function.body, targets)
    eliminate_dead(function)
    made = Derived(function, count)
    if any((*routine.outs, *routine.ins)[k].kind == "x" for k in made.needed):
        raise AssertionError(f"the derivative of `{name}` uses what carries no derivative")
    return made


def _spec(o: Operand, element: str) -> tuple:
    if o.dims is None:
        return ("scalar", "i64", "py")
    ndim = len(o.dims)
    if o.kind == "c":
        return ("complexes", ndim, (False,) * ndim, True)
    return ("array", {"i": "<i8"}.get(o.kind, {"f64": "<f8", "f32": "<f4"}[element]), ndim, (False,) * ndim, True)


def _accumulate(region: Region, targets: set[Value]) -> None:
    """``a[i] = a[i] + x`` adds to a cotangent."""
    made = {r: op for op in region.ops for r in op.results}
    for k, op in enumerate(region.ops):
        for inner in op.regions:
            _accumulate(inner, targets)
        if op.name != "store" or op.operands[0] not in targets:
            continue
        total = made.get(op.operands[1])
        if total is None or total.name not in ("add", "sub"):
            continue
        old = made.get(total.operands[0])
        if old is None or old.name != "load" or [_key(v) for v in old.operands] != [
                _key(v) for v in (op.operands[0], *op.operands[2:])]:
            continue
        at = region.ops.index(old)
        if any(x.name in ("store", "accum") or x.regions for x in region.ops[at:k]):
            continue
        value = total.operands[1]
        if total.name == "sub":
            total.name, total.operands = "neg", [value]
            value = total.result
        op.name, op.operands = "accum", [op.operands[0], value, *op.operands[2:]]


def _key(v: Value) -> object:
    return (v.type, v.value) if isinstance(v, Constant) else v


def inline(b: Builder, function: Function, given: list[Value | None], extents: Callable[[Value, int], Value | None]
           ) -> list[Value]:
    """Append a program's operations, its parameters replaced; returns its results.

    `extents` knows axes of what they are replaced by.

    What a program checks holds for operands that a routine took: the checks are left out.
    """
    mapping: dict[Value, Any] = dict(zip(function.params, given, strict=True))

    def get(v: Value) -> Value:
        return v if isinstance(v, Constant) else mapping[v]

    def region(inner: Region) -> Region:
        params = [Value(p.type, p.name) for p in inner.params]
        mapping.update(zip(inner.params, params, strict=True))
        with b.inside(Region(params)) as new:
            body(inner)
            new.yields = [get(y) for y in inner.yields]
        return new

    def body(inner: Region) -> None:
        for op in inner.ops:
            if op.name in SCALAR:
                mapping[op.result] = again(b, op, [get(v) for v in op.operands])
            elif op.name == "dim":
                known = extents(get(op.operands[0]), op.attrs["axis"])
                mapping[op.result] = known if known is not None else b.pure(
                    "dim", [get(op.operands[0])], I64, op.attrs, op.result.name)
            elif op.name != "check":
                regions = [region(r) for r in op.regions]
                results = b.emit(op.name, [get(v) for v in op.operands], [r.type for r in op.results], op.attrs,
                                 regions, [r.name for r in op.results])
                mapping.update(zip(op.results, results, strict=True))

    body(function.body)
    return [get(y) for y in function.body.yields]


@functools.cache
def partial(name: str, k: int) -> tuple[Function, frozenset[int]] | None:
    """The partial derivative of a universal function in argument `k`, as a program of its result and its arguments.

    With it, which of these it reads; None where it is zero.
    """
    from ..frontend.lower import lower

    f = UFUNCS[name]
    rule = lookup(f)
    program = None if rule is None or rule.kind == "zero" else rule.partials[k]  # type: ignore[index]
    if program is None:
        return None
    if not isinstance(program, types.FunctionType):
        raise KeyError(name)
    lowered = lower(program, (("scalar", "f64", "np"),) * (f.nin + 1))
    if lowered.captured:
        raise KeyError(name)
    function = lowered.function
    if lowered.result.kind == "const":
        function.body.yields = [const(float(lowered.result.info))]
    elif lowered.result.kind not in ("scalar", "tagged"):
        raise KeyError(name)
    eliminate_dead(function)
    function = resolve(function, {})
    eliminate_dead(function)
    if any(op.name == "check" for op in walk(function.body)):  # a point at which the rule refuses
        raise KeyError(name)
    used = {v for op in walk(function.body) for v in op.operands} | set(function.body.yields)
    return function, frozenset(n for n, p in enumerate(function.params) if p in used)
