"""Builds regions, folding constants and sharing equal pure operations on the way."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .._refusal import NotCompilable
from .function import Constant, Op, Region, Value
from .ops import COMMUTATIVE, COMPARISONS, PURE
from .types import BOOL, F64, I64, ArrayType, ScalarType, Type

__all__ = ["Builder", "const"]

_FOLD = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "neg": operator.neg, "lt": operator.lt,
    "le": operator.le, "gt": operator.gt, "ge": operator.ge, "eq": operator.eq, "ne": operator.ne,
    "and": operator.and_, "or": operator.or_, "not": operator.not_, "abs": abs,
}


_DEEPEST = 6


def const(value: Any, type: ScalarType | None = None) -> Constant:
    """Literal of the natural type of `value`, or of `type`."""
    if type is None:
        type = BOOL if isinstance(value, bool) else I64 if isinstance(value, int) else F64
    convert = bool if type is BOOL or type == BOOL else int if type == I64 else float
    return Constant(type, convert(value))


def same(a: Value, b: Value) -> bool:
    """Whether two values are certainly equal."""
    return a is b or (isinstance(a, Constant) and isinstance(b, Constant) and a.type == b.type and a.value == b.value
                      and math.copysign(1.0, a.value) == math.copysign(1.0, b.value))


def is_const(v: Value, value: Any) -> bool:
    return isinstance(v, Constant) and v.value == value and not (value == 0 and math.copysign(1.0, v.value) < 0)


class Builder:
    """Appends operations to a current region.

    Equal pure operations are shared with those that dominate the current position: a scope for each open region.
    """

    def __init__(self) -> None:
        self.region = self.entry = Region()
        self.span = 0
        self._scopes: list[dict] = [{}]
        self.definitions: dict[Value, tuple] = {}

    # ---- regions
    @contextmanager
    def inside(self, region: Region) -> Iterator[Region]:
        """Append to `region` within the block."""
        outer = self.region
        self.region = region
        self._scopes.append({})
        try:
            yield region
        finally:
            self._scopes.pop()
            self.region = outer

    # ---- operations
    def emit(self, name: str, operands: Sequence[Value], types: Sequence[Type], attrs: dict | None = None,
             regions: list[Region] | None = None, names: Sequence[str] = ()) -> list[Value]:
        """Append any operation; returns its results."""
        if any(v.type.__class__ is ScalarType and v.type.name == "c128" for v in operands):  # type: ignore[union-attr]
            raise NotCompilable("an operation that complex numbers are not known to have")
        results = [Value(t, n) for t, n in zip(types, list(names) + [""] * len(types), strict=False)]
        self.region.ops.append(Op(name, list(operands), results, attrs, regions, self.span))
        return list(results)

    def pure(self, name: str, operands: Sequence[Value], type: Type, attrs: dict | None = None, hint: str = "") -> Value:
        """Append a pure operation, or return the equal one that dominates this place."""
        keys = [(v.type, v.value, math.copysign(1.0, v.value)) if isinstance(v, Constant) else v for v in operands]
        if name in COMMUTATIVE:
            keys.sort(key=hash)
        key = (name, type, tuple(keys), tuple(sorted((attrs or {}).items())))
        for scope in reversed(self._scopes):
            if key in scope:
                return scope[key]
        value = self.emit(name, operands, [type], attrs, names=[hint])[0]
        self.definitions[value] = (name, tuple(operands), type, attrs or {})
        self._scopes[-1][key] = value
        return value

    def scalar(self, name: str, *operands: Value, type: ScalarType | None = None, hint: str = "") -> Value:
        """A scalar operation, folded where its operands decide it."""
        if type is None:
            type = BOOL if name in COMPARISONS or name in ("not", "isnan", "isinf", "isfinite") else operands[-1].type
        folded = self.fold(name, operands, type)
        return folded if folded is not None else self.pure(name, operands, type, hint=hint)

    def fold(self, name: str, operands: tuple[Value, ...], type: ScalarType) -> Value | None:
        if all(isinstance(v, Constant) for v in operands) and type.name != "f32":
            return _fold_constants(name, [v.value for v in operands], type)
        if len(operands) == 2:
            return self._fold_binary(name, *operands)
        if name == "select":
            c, a, b = operands
            if isinstance(c, Constant):
                return a if c.value else b
            if same(a, b):
                return a
            if a.type == BOOL and isinstance(a, Constant) and isinstance(b, Constant):
                return c if a.value else self.scalar("not", c)
        if name == "cast" and operands[0].type == type:
            return operands[0]
        return None

    def _fold_binary(self, name: str, a: Value, b: Value) -> Value | None:
        integer = a.type == I64
        if name in ("add", "sub") and is_const(b, 0) and integer:
            return a
        if name == "add" and is_const(a, 0) and integer:
            return b
        if name == "sub" and integer:
            left = self._difference(a, b)
            if left is not None:
                return left
        if name in ("mul", "div") and is_const(b, 1) and not (integer and name == "div"):
            return a
        if name == "mul" and is_const(a, 1):
            return b
        if name == "mul" and integer and (is_const(a, 0) or is_const(b, 0)):
            return const(0)
        if name == "and" and a.type == BOOL:
            return self._fold_and(a, b)
        if name in ("and", "or") and integer:
            return self._fold_bits(name, a, b)
        if name == "or" and a.type == BOOL:
            for x, y in ((a, b), (b, a)):
                if isinstance(x, Constant):
                    return x if x.value else y
            return a if a is b else None
        if name == "lt" and integer and is_const(b, 0) and self.definitions.get(a, ("",))[0] == "dim":
            return const(False)
        if a is b and integer and name in COMPARISONS:
            return const(name in ("le", "ge", "eq"))
        if name == "sub" and integer and isinstance(b, Constant) and b.value < 0:
            return self.add(a, const(-b.value))
        if integer and name in ("add", "sub") and isinstance(b, Constant):
            return self._reassociate(name, a, b)
        return None

    def _difference(self, a: Value, b: Value) -> Value | None:
        """``(i + n) - i`` is ``n``, and ``(2 * i + 2) - 2 * i`` is 2: what is left of sums whose other terms cancel."""
        total: dict[Value, int] = {}
        rest = 0
        work = [(a, 1, 0), (b, -1, 0)]
        while work:
            v, factor, depth = work.pop()
            name, operands = self.definitions.get(v, ("", ()))[:2] if depth < _DEEPEST else ("", ())
            if isinstance(v, Constant):
                rest += factor * v.value
            elif name in ("add", "sub"):
                work += [(operands[0], factor, depth + 1), (operands[1], factor if name == "add" else -factor, depth + 1)]
            elif name == "mul" and any(isinstance(x, Constant) for x in operands):
                x, c = operands if isinstance(operands[1], Constant) else operands[::-1]
                work.append((x, factor * c.value, depth + 1))
            else:
                total[v] = total.get(v, 0) + factor
        kept = [(v, factor) for v, factor in total.items() if factor]
        if not kept:
            return const(rest)
        return kept[0][0] if len(kept) == 1 and kept[0][1] == 1 and rest == 0 and kept[0][0] is not a else None

    def _reassociate(self, name: str, a: Value, b: Constant) -> Value | None:
        """``(x + 1) - 1`` is ``x``: integer sums with constants are collected."""
        producer = next((op for op in reversed(self.region.ops[-40:]) if a in op.results), None)
        if producer is None or producer.name not in ("add", "sub") or not isinstance(producer.operands[1], Constant):
            return None
        inner = producer.operands[1].value * (1 if producer.name == "add" else -1)
        total = inner + (b.value if name == "add" else -b.value)
        x = producer.operands[0]
        return x if total == 0 else self.scalar("add" if total > 0 else "sub", x, const(abs(total)))

    @staticmethod
    def _fold_and(a: Value, b: Value) -> Value | None:
        for x, y in ((a, b), (b, a)):
            if isinstance(x, Constant):
                return y if x.value else x
        return a if a is b else None

    def _fold_bits(self, name: str, a: Value, b: Value) -> Value | None:
        """Bits of integers that constants decide."""
        if isinstance(a, Constant):
            a, b = b, a
        if a is b:
            return a
        if not isinstance(b, Constant) or b.value < 0:
            return None
        if b.value == 0:
            return a if name == "or" else const(0)
        producer = next((op for op in reversed(self.region.ops[-40:]) if a in op.results), None)
        if producer is None or producer.name not in ("and", "or"):
            return None
        x, y = producer.operands
        inner = y if isinstance(y, Constant) else x if isinstance(x, Constant) else None
        if name == "or" or inner is None or inner.value < 0:
            return None
        if producer.name == "and":
            return self.scalar("and", x if inner is y else y, const(inner.value & b.value))
        return b if inner.value & b.value == b.value else None  # the bits asked for are all set

    # ---- arithmetic shorthands
    def add(self, a: Value, b: Value) -> Value:
        return self.scalar("add", a, b)

    def sub(self, a: Value, b: Value) -> Value:
        return self.scalar("sub", a, b)

    def mul(self, a: Value, b: Value) -> Value:
        return self.scalar("mul", a, b)

    def cast(self, v: Value, type: ScalarType) -> Value:
        if v.type == type:
            return v
        if isinstance(v, Constant) and not (type == I64 and v.type.is_float):
            return const(v.value, type)
        return self.scalar("cast", v, type=type)

    # ---- memory
    def dim(self, a: Value, axis: int) -> Value:
        return self.pure("dim", [a], I64, {"axis": axis})

    def dim_at_entry(self, a: Value, axis: int) -> Value:
        """An extent that all the program may use, wherever it is asked for first."""
        region, scopes = self.region, self._scopes
        self.region, self._scopes = Region(), scopes[:1]
        try:
            return self.dim(a, axis)
        finally:
            at = next((k for k, op in enumerate(self.entry.ops) if op.name != "dim"), len(self.entry.ops))
            self.entry.ops[at:at] = self.region.ops  # in the order of the questions: of equal extents the first stands for all
            self.region, self._scopes = region, scopes

    def load(self, a: Value, index: Sequence[Value], hint: str = "") -> Value:
        return self.emit("load", [a, *index], [a.type.element], names=[hint])[0]

    def store(self, a: Value, value: Value, index: Sequence[Value]) -> None:
        self.emit("store", [a, value, *index], [])

    def accum(self, a: Value, value: Value, index: Sequence[Value]) -> None:
        self.emit("accum", [a, value, *index], [])

    def alloc(self, element: ScalarType, dims: Sequence[Value], fill: str = "empty", hint: str = "") -> Value:
        return self.emit("alloc", list(dims), [ArrayType(element, len(dims))], {"fill": fill}, names=[hint])[0]

    def check(self, condition: Value, reason: str, defer: bool = False) -> None:
        """Leave compiled code unless `condition` holds; with `defer`, at the latest when the loop around it ends."""
        if not (isinstance(condition, Constant) and condition.value):
            self.emit("check", [condition], [], {"reason": reason, "defer": defer})

    # ---- control
    def loop(self, lo: Value, hi: Value, step: Value, inits: Sequence[Value], region: Region) -> list[Value]:
        return self.emit("for", [lo, hi, step, *inits], [v.type for v in inits], regions=[region],
                         names=[p.name for p in region.params[1:]])


def _fold_constants(name: str, values: list, type: ScalarType) -> Constant | None:
    try:
        if name in _FOLD:
            return const(_FOLD[name](*values), type)
        if name == "select":
            return const(values[1] if values[0] else values[2], type)
        if name == "div" and type.is_float and values[1] != 0:
            return const(values[0] / values[1], type)
        if name in ("floordiv", "mod") and type == I64 and values[1] != 0:
            return const(values[0] // values[1] if name == "floordiv" else values[0] % values[1], type)
        if name == "cast" and not (type == I64 and isinstance(values[0], float)):
            return const(values[0], type)
    except (OverflowError, ValueError, TypeError):
        return None
    return None


assert set(_FOLD) <= PURE
