"""Checks that a function is well formed: run between passes in tests, and on every function before it is emitted."""

from __future__ import annotations

from ..routines.routine import ROUTINES
from .function import Constant, Function, Op, Region, Value
from .ops import COMPARISONS, OTHER, SCALAR
from .types import BOOL, I64, ArrayType, ScalarType

__all__ = ["MalformedIRError", "verify"]


class MalformedIRError(Exception):
    """A pass produced IR that breaks its own rules."""


def verify(function: Function) -> Function:
    """Raise unless every use is dominated by its definition and every operation has the operands it needs."""
    _region(function.body, set(), function.name)
    return function


def _fail(where: object, why: str) -> None:
    raise MalformedIRError(f"{why}: {where}")


def _region(region: Region, outer: set[Value], where: object) -> None:
    visible = set(outer)
    for p in region.params:
        if p in visible:
            _fail(p, "parameter defined twice")
        visible.add(p)
    for op in region.ops:
        for v in op.operands:
            if not isinstance(v, Constant) and v not in visible:
                _fail(op, f"operand {v} is used before its definition")
        _op(op)
        for inner in op.regions:
            _region(inner, visible, op)
        for r in op.results:
            if r in visible:
                _fail(op, "result defined twice")
            visible.add(r)
    for v in region.yields:
        if not isinstance(v, Constant) and v not in visible:
            _fail(where, f"yielded value {v} is not visible")


def _types(values: list[Value]) -> list:
    return [v.type for v in values]


def _op(op: Op) -> None:
    if op.name in SCALAR:
        _scalar(op)
        return
    if op.name not in OTHER:
        _fail(op, "unknown operation")
    least, regions = OTHER[op.name]
    if len(op.operands) < least or len(op.regions) != regions:
        _fail(op, "wrong number of operands or regions")
    check = _CHECKS.get(op.name)
    if check is not None and not check(op):
        _fail(op, "operand or result types do not fit")


def _scalar(op: Op) -> None:
    if len(op.operands) != SCALAR[op.name].arity or len(op.results) != 1:
        _fail(op, "wrong number of operands")
    types = _types(op.operands)
    if not all(isinstance(t, ScalarType) for t in types):
        _fail(op, "scalar operation on memory")
    count = op.result.type.lanes  # type: ignore[union-attr]
    if any(t.lanes not in (0, count) for t in types) or (count and all(t.lanes == 0 for t in types)):
        _fail(op, "lanes that do not fit")
    types = [t.lane for t in types]
    result = op.result.type.lane  # type: ignore[union-attr]
    if op.name == "select":
        if types[0] != BOOL or types[1] != types[2] or types[1] != result:
            _fail(op, "select of different types")
    elif op.name == "cast":
        return
    elif len(types) == 2 and types[0] != types[1]:
        _fail(op, "operands of different types")
    elif op.name in COMPARISONS and result != BOOL:
        _fail(op, "a comparison gives a bool")


def _index(op: Op, first: int) -> bool:
    array = op.operands[0].type
    index = _types(op.operands[first:])
    return isinstance(array, ArrayType) and len(index) == array.ndim and all(t == I64 for t in index) and (
        "lanes" not in op.attrs or 0 <= op.attrs["axis"] < array.ndim)


def _indices(op: Op, first: int) -> bool:
    index = _types(op.operands[first:])
    return len(index) == op.operands[0].type.ndim and all(t.lane == I64 for t in index) and any(t.lanes for t in index)


def _element(op: Op, v: Value) -> bool:
    """Whether a value is what an access reads or writes."""
    element = op.operands[0].type.element
    count = op.attrs.get("lanes")
    return v.type == element.in_lanes(count) or (op.name != "load" and v.type == element) if count else v.type == element


def _for(op: Op) -> bool:
    body = op.regions[0]
    carried = _types(op.operands[3:])
    return (_types(op.operands[:3]) == [I64] * 3 and _types(body.params) == [I64, *carried]
            and _types(body.yields) == carried == _types(op.results))


def _while(op: Op) -> bool:
    carried = _types(op.operands)
    test, body = op.regions
    return (_types(test.params) == _types(body.params) == carried == _types(body.yields) == _types(op.results)
            and _types(test.yields) == [BOOL])


def _library(op: Op) -> bool:
    """Whether a routine gets memory of the axes that it knows, laid out as it was made."""
    routine = ROUTINES[op.attrs["routine"]]
    operands = (*routine.outs, *routine.ins)
    return len(op.operands) == len(operands) and all(
        v.type == I64 if o.dims is None else getattr(v.type, "ndim", -1) == len(o.dims) + (o.kind == "c")
        for o, v in zip(operands, op.operands, strict=True))


_CHECKS = {
    "load": lambda op: _index(op, 1) and _element(op, op.result),
    "store": lambda op: _index(op, 2) and _element(op, op.operands[1]),
    "accum": lambda op: _index(op, 2) and _element(op, op.operands[1]),
    "alloc": lambda op: len(op.operands) == op.result.type.ndim and all(t == I64 for t in _types(op.operands)),
    "dim": lambda op: 0 <= op.attrs["axis"] < op.operands[0].type.ndim,
    "if": lambda op: op.operands[0].type == BOOL and all(_types(r.yields) == _types(op.results) for r in op.regions),
    "for": _for, "while": _while,
    "gemm": lambda op: len(op.operands) == 6 + sum(v.type.ndim for v in op.operands[:3]) and all(
        t == I64 for t in _types(op.operands[3:])) and all(
        len(set(op.attrs[k])) == 2 and max(op.attrs[k]) < v.type.ndim and v.type.element == op.operands[0].type.element
        for k, v in zip("cab", op.operands, strict=False)),
    "library": _library,
    "check": lambda op: op.operands[0].type == BOOL,
    "within": lambda op: op.operands[0].type.lane == BOOL and op.operands[1].type == op.result.type,
    "gather": lambda op: _indices(op, 1) and op.operands[0].type.element == op.result.type.lane,
    "scatter": lambda op: _indices(op, 2) and op.operands[0].type.element == op.operands[1].type.lane,
    "spread": lambda op: op.result.type.lanes and op.operands[0].type == op.result.type.lane,
    "along": lambda op: op.operands[0].type == I64 and op.result.type.lanes and op.result.type.lane == I64,
    "total": lambda op: op.operands[0].type.lanes and op.operands[0].type.lane == op.result.type,
    "added": lambda op: op.operands[1].type.lanes and op.operands[1].type.lane == op.operands[0].type == op.result.type,
    "every": lambda op: op.operands[0].type.lanes and op.result.type == BOOL,
    "some": lambda op: op.operands[0].type.lanes and op.result.type == BOOL,
    "lane": lambda op: op.operands[0].type.lanes and op.operands[1].type == I64 and op.operands[0].type.lane == op.result.type,
    "threads": lambda op: _types(op.operands) == [I64, I64] and _types(op.results) == [I64],
    "reserve": lambda op: _types(op.operands) == [I64] == _types(op.results),
    "pop": lambda op: _types(op.operands) == [I64] == _types(op.results),
    "release": lambda op: _types(op.operands) == [I64],
    "tape_load": lambda op: _types(op.operands) == [I64] and isinstance(op.result.type, ScalarType),
    "tape_store": lambda op: isinstance(op.operands[0].type, ScalarType) and op.operands[1].type == I64,
}
