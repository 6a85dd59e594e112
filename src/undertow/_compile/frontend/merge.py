"""Joining what is known where control flow meets.

Abstract values are flattened to IR scalars under a *shape* that says how to put them together again. Two shapes
join to the least one that holds both: ``int`` and ``float`` join to ``float``, a Python and a NumPy float to one of
mixed flavor, a value and an unbound variable to a `Maybe`.
"""

from __future__ import annotations

import enum
from typing import Any, NamedTuple

from .._refusal import NotCompilable
from ..ir.builder import Builder, const
from ..ir.function import Value
from ..ir.types import BOOL, C128, F32, F64, I64, ScalarType
from .values import Array, Const, Exit, Growing, Lazy, Maybe, Optional, Pair, Ref, Scalar, Sequence, same_value

__all__ = ["Meeting", "Shape", "carries", "describe", "flatten", "is_number", "join", "rebuild", "scalar_of", "shape_of",
           "slots_of", "tag_of", "types_of"]


class Shape(NamedTuple):
    """How a flattened value is put together.

    `kind`: fixed, scalar, sequence, exit, maybe, optional; slot (memory `info` that holds a copy of what a variable is);
    object (attributes under a new identity).
    """

    kind: str
    info: Any = None
    parts: tuple = ()


def is_number(v: Any) -> bool:
    return isinstance(v, Scalar) or (isinstance(v, Const) and isinstance(v.obj, (bool, int, float, complex))
                                     and (type(v.obj).__name__ in ("bool", "int", "float", "float64", "complex",
                                                                   "complex128") or isinstance(v.obj, enum.Enum)))


def scalar_of(v: Any) -> Scalar:
    """A number as `Scalar`."""
    if isinstance(v, Scalar):
        return v
    if is_number(v):
        if isinstance(v.obj, int) and not -2**63 <= v.obj < 2**63:
            raise NotCompilable("an integer beyond 64 bits")
        if isinstance(v.obj, complex):
            return Scalar(Pair(const(v.obj.real), const(v.obj.imag)), "py" if type(v.obj) is complex else "np")
        if isinstance(v.obj, enum.Enum):
            return Scalar(const(int(v.obj) if isinstance(v.obj, int) else float(v.obj)), "py")
        return Scalar(const(v.obj), "py" if type(v.obj).__module__ == "builtins" else "np")
    raise NotCompilable(f"a number is expected, not {describe(v)}")


def tag_of(s: Scalar) -> Value:
    """Which Python type a number is of: bit 0 for NumPy's, bit 1 for integers."""
    if s.tag is not None:
        return s.tag
    if s.flavor == "mixed":
        raise NotCompilable("the type of a number depends on the run")
    return const((s.flavor == "np") + 2 * (s.type == I64))


def describe(v: Any) -> str:
    """A value in words, for reasons of refusal."""
    if isinstance(v, Const):
        return f"`{getattr(v.obj, '__name__', None) or repr(v.obj)[:40]}`"
    return {"Scalar": "a number", "Array": "an array", "Lazy": "an array expression", "Sequence": "a sequence",
            "Ref": "an object", "Maybe": "a variable that may be unbound",
            "Optional": "a value that may be None"}.get(type(v).__name__, "a function")


def shape_of(v: Any) -> Shape:
    if isinstance(v, Maybe):
        return Shape("maybe", None, (shape_of(v.value),))
    if isinstance(v, Optional):
        return Shape("optional", None, (shape_of(v.value),))
    if isinstance(v, Exit):
        return Shape("exit", v.codes)
    if is_number(v):
        s = scalar_of(v)
        return Shape("scalar", (s.type, s.flavor, s.tag is not None))
    if isinstance(v, Sequence):
        return Shape("sequence", v.cls, tuple(shape_of(x) for x in v.items))
    if isinstance(v, Growing):
        return Shape("growing", (v.buffers, v.item), (shape_of(v.count),))
    if isinstance(v, Exception):
        raise v
    if isinstance(v, Lazy):
        raise NotCompilable("an array expression is kept across control flow")
    return Shape("fixed", v)


class Meeting:
    """What joining may ask for where two alternatives hold different memory or different objects."""

    def slot(self, a: Array, b: Array) -> Shape:
        raise NotCompilable("which array a variable is depends on control flow")

    def into_slot(self, slot: Array, value: Array) -> None:
        """Check that `value` can be copied into the slot."""

    def grow(self, parts: tuple) -> None:
        """A list has different lengths: start over with a list of unknown length."""

    def merge_objects(self, a: Any, b: Ref) -> Shape:
        raise NotCompilable("which object a variable is depends on control flow")


def join(a: Shape, b: Shape, meeting: Meeting) -> Shape:
    """Least shape that holds both."""
    if a == b:
        return a
    if "maybe" in (a.kind, b.kind):
        inner = [s.parts[0] if s.kind == "maybe" else s for s in (a, b)]
        return Shape("maybe", None, (join(*inner, meeting),))
    for x, y in ((a, b), (b, a)):
        if x.kind == "optional" or (x.kind == "fixed" and isinstance(x.info, Const) and x.info.obj is None):
            if x.kind == "fixed" and y.kind == "optional":
                return y
            inner = y.parts[0] if y.kind == "optional" else y
            if _only_numbers(inner) or inner.kind == "object" or (inner.kind == "fixed" and isinstance(inner.info, Ref)):
                found = Shape("optional", None, (join(x.parts[0], inner, meeting) if x.parts else inner,))
                if not _has_slot(found):
                    return found
    if a.kind == b.kind == "scalar":
        same = a.info[:2] == b.info[:2]
        return Shape("scalar", (_join_types(a.info[0], b.info[0]), a.info[1] if a.info[1] == b.info[1] else "mixed",
                                not same or a.info[2] or b.info[2]))
    if a.kind == b.kind == "exit":
        return Shape("exit", a.info | b.info)
    if a.kind == b.kind == "sequence" and a.info is b.info and len(a.parts) == len(b.parts):
        return Shape("sequence", a.info, tuple(join(x, y, meeting) for x, y in zip(a.parts, b.parts, strict=True)))
    if a.kind == b.kind == "sequence" and a.info is b.info is list:
        meeting.grow((*a.parts, *b.parts))
    if a.kind == b.kind == "growing" and a.info == b.info:
        return Shape("growing", a.info, (join(a.parts[0], b.parts[0], meeting),))
    found = _join_fixed(a, b, meeting) if b.kind == "fixed" else None
    if found is not None:
        return found
    both = [s.info if s.kind == "fixed" else Scalar(const(0), "py") for s in (a, b)]
    raise NotCompilable(f"a variable is {describe(both[0])} on one path and {describe(both[1])} on another")


def _only_numbers(shape: Shape) -> bool:
    return shape.kind == "scalar" or (shape.kind == "sequence" and shape.info is not list
                                      and all(map(_only_numbers, shape.parts)))


def _has_slot(shape: Shape) -> bool:
    return shape.kind == "slot" or any(map(_has_slot, shape.parts))


def _join_fixed(a: Shape, b: Shape, meeting: Meeting) -> Shape | None:
    if a.kind == "fixed" and same_value(a.info, b.info):
        return a
    if a.kind == "fixed" and isinstance(a.info, Array) and isinstance(b.info, Array):
        return meeting.slot(a.info, b.info)
    if a.kind == "slot" and isinstance(b.info, Array):
        meeting.into_slot(a.info, b.info)
        return a
    if isinstance(b.info, Ref) and (a.kind == "object" or (a.kind == "fixed" and isinstance(a.info, Ref))):
        return meeting.merge_objects(a, b.info)
    return None


def _join_types(a: ScalarType, b: ScalarType) -> ScalarType:
    if a == b:
        return a
    if {a, b} <= {I64, F64}:
        return F64
    if C128 in (a, b) and {a, b} <= {I64, F64, C128}:
        return C128
    if F32 in (a, b):
        raise NotCompilable("a variable is float32 on one path and something else on another")
    raise NotCompilable("a variable is a bool on one path and a number on another")


def types_of(shape: Shape) -> list[ScalarType]:
    """IR types of the flattened value."""
    if shape.kind == "scalar":
        number = [F64, F64] if shape.info[0] == C128 else [shape.info[0]]
        return [*number, I64] if shape.info[2] else number
    if shape.kind == "exit":
        return [I64]
    out = [t for part in shape.parts for t in types_of(part)]
    return [*out, BOOL] if shape.kind in ("maybe", "optional") else out


def carries(shape: Shape) -> bool:
    """Whether a variable of this shape must be handed on: it has IR values or a slot."""
    return shape.kind in ("scalar", "exit", "slot", "object", "maybe", "optional") or any(map(carries, shape.parts))


def flatten(b: Builder, v: Any, shape: Shape, state: dict) -> list[Value]:
    """IR values of `v` under a shape that holds it; None stands for an unbound variable. Slots are copied apart."""
    if v is None:
        return [const(0, t) for t in types_of(shape)]
    if shape.kind == "maybe":
        if isinstance(v, Maybe):
            return [*flatten(b, v.value, shape.parts[0], state), v.defined]
        return [*flatten(b, v, shape.parts[0], state), const(True)]
    if shape.kind == "optional":
        if isinstance(v, Const) and v.obj is None:
            return [const(0, t) for t in types_of(shape)]
        inner, present = (v.value, v.present) if isinstance(v, Optional) else (v, const(True))
        return [*flatten(b, inner, shape.parts[0], state), present]
    if shape.kind == "scalar":
        s = scalar_of(v)
        if shape.info[0] == C128:
            parts = [s.value.re, s.value.im] if isinstance(s.value, Pair) else [b.cast(s.value, F64), const(0.0)]
            return [*parts, *([tag_of(s)] if shape.info[2] else [])]
        return [b.cast(s.value, shape.info[0]), *([tag_of(s)] if shape.info[2] else [])]
    if shape.kind == "exit":
        return [v.value]
    return [x for item, part in zip(items_of(v, shape, state), shape.parts, strict=True)
            for x in flatten(b, item, part, state)]


def items_of(v: Any, shape: Shape, state: dict) -> list:
    """Parts of a value under a composite shape."""
    if shape.kind == "sequence":
        return list(v.items)
    if shape.kind == "object":
        return [state[(v.key, name)] for name in shape.info[2]]
    return [v.count] if shape.kind == "growing" else []


def slots_of(v: Any, shape: Shape, state: dict) -> list[tuple[Array, Any]]:
    """Pairs (slot, what it must hold) of a value under a shape."""
    if v is None:
        return []
    if shape.kind == "slot":
        return [(shape.info, v)]
    if shape.kind == "optional":
        return []
    if shape.kind == "maybe":
        return slots_of(v.value if isinstance(v, Maybe) else v, shape.parts[0], state)
    return [x for item, part in zip(items_of(v, shape, state), shape.parts, strict=True)
            for x in slots_of(item, part, state)]


def rebuild(values: list[Value], shape: Shape, state: dict) -> Any:
    """Inverse of `flatten`; consumes `values` from the front. Attributes of objects go to `state`."""
    if shape.kind == "scalar":
        number = Pair(values.pop(0), values.pop(0)) if shape.info[0] == C128 else values.pop(0)
        return Scalar(number, shape.info[1], values.pop(0) if shape.info[2] else None)
    if shape.kind == "exit":
        return Exit(shape.info, values.pop(0))
    if shape.kind == "sequence":
        return Sequence(tuple(rebuild(values, part, state) for part in shape.parts), shape.info)
    if shape.kind == "growing":
        return Growing(shape.info[0], rebuild(values, shape.parts[0], state), shape.info[1])
    if shape.kind == "object":
        key, cls, names = shape.info
        for name, part in zip(names, shape.parts, strict=True):
            state[(key, name)] = rebuild(values, part, state)
        return Ref(key, cls)
    if shape.kind == "optional":
        value = rebuild(values, shape.parts[0], state)
        return Optional(value, values.pop(0))
    if shape.kind == "maybe":
        inner = rebuild(values, shape.parts[0], state)
        return Maybe(inner, values.pop(0))
    return shape.info
