"""Universal functions that are made of others, element by element."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._refusal import NotCompilable
from ..ir.builder import Builder, const
from ..ir.function import Value
from ..ir.types import BOOL, F32, F64, I64
from . import arithmetic
from .values import Scalar

__all__ = ["DERIVED", "derived"]


def _floats(b: Builder, *values: Value) -> list[Value]:
    """Numbers as floats of one type."""
    single = all(v.type == F32 for v in values)
    if not single and any(v.type == F32 for v in values):
        raise NotCompilable("float32 and another type in such a function")
    return [v if single else b.cast(v, F64) for v in values]


def _logaddexp(b: Builder, x: Value, y: Value) -> Value:
    x, y = _floats(b, x, y)
    less = b.scalar("lt", x, y)  # no maximum, nor an absolute value: the function has no kink where both are equal
    top, other = b.scalar("select", less, y, x), b.scalar("select", less, x, y)
    infinite = b.scalar("and", b.scalar("eq", x, y), b.scalar("isinf", x))
    gap = b.scalar("select", infinite, const(0.0, x.type), b.sub(other, top))
    half = const(0.5, x.type)
    top = b.scalar("select", infinite, b.add(b.mul(x, half), b.mul(y, half)), top)
    return b.add(top, b.scalar("log1p", b.scalar("exp", gap)))


def _nan_aside(op: str) -> Callable[..., Value]:
    def found(b: Builder, x: Value, y: Value) -> Value:
        x, y = _floats(b, x, y)
        both = b.scalar(op, x, y)
        return b.scalar("select", b.scalar("isnan", x), y, b.scalar("select", b.scalar("isnan", y), x, both))

    return found


def _heaviside(b: Builder, x: Value, half: Value) -> Value:
    x, half = _floats(b, x, half)
    zero, one = const(0.0, x.type), const(1.0, x.type)
    stepped = b.scalar("select", b.scalar("lt", x, zero), zero, b.scalar("select", b.scalar("gt", x, zero), one, half))
    return b.scalar("select", b.scalar("isnan", x), x, stepped)


def _of_floats(op: str) -> Callable[..., Value]:
    return lambda b, *values: b.scalar(op, *_floats(b, *values))


def _logaddexp2(b: Builder, x: Value, y: Value) -> Value:
    two = const(math.log(2.0), F32 if x.type == y.type == F32 else F64)
    return b.scalar("div", _logaddexp(b, *(b.mul(v, two) for v in _floats(b, x, y))), two)


def _fmod(b: Builder, x: Value, y: Value) -> Value:
    if not (x.type.is_float or y.type.is_float):
        raise NotCompilable("np.fmod of integers")
    return _of_floats("fmod")(b, x, y)


def _float_power(b: Builder, x: Value, y: Value) -> Value:
    x, y = _floats(b, x, y)
    return arithmetic.power(b, Scalar(x, "np"), Scalar(y, "np")).value


def _signbit(b: Builder, x: Value) -> Value:
    x, = _floats(b, x)
    return b.scalar("lt", b.scalar("copysign", const(1.0, x.type), x), const(0.0, x.type))


def _integers(op: str) -> Callable[..., Value]:
    def found(b: Builder, x: Value, y: Value) -> Value:
        return arithmetic.binary(b, op, Scalar(x, "np"), Scalar(y, "np")).value

    return found


def _logical(op: str) -> Callable[..., Value]:
    def found(b: Builder, x: Value, y: Value) -> Value:
        p, q = (v if v.type == BOOL else arithmetic.truth(b, Scalar(v, "np")) for v in (x, y))
        return b.scalar(op, p, q)

    return found


def _not(b: Builder, x: Value) -> Value:
    return b.scalar("not", x if x.type == BOOL else arithmetic.truth(b, Scalar(x, "np")))


def _invert(b: Builder, x: Value) -> Value:
    if x.type == BOOL:
        return b.scalar("not", x)
    if x.type != I64:
        raise NotCompilable("`~` of a float")
    return b.sub(const(-1), x)


DERIVED: dict[Any, Callable[..., Value]] = {
    np.logaddexp: _logaddexp, np.fmax: _nan_aside("maximum"), np.fmin: _nan_aside("minimum"),
    np.heaviside: _heaviside, np.cbrt: _of_floats("cbrt"), np.fmod: _fmod, np.logaddexp2: _logaddexp2, np.float_power: _float_power, np.signbit: _signbit,
    np.bitwise_or: _integers("BitOr"), np.bitwise_xor: _integers("BitXor"), np.left_shift: _integers("LShift"),
    np.right_shift: _integers("RShift"), np.logical_and: _logical("and"), np.logical_or: _logical("or"),
    np.logical_not: _not, np.invert: _invert}


def derived(b: Builder, f: Any) -> Callable[..., Value]:
    """The function of element values that stands for a universal function."""
    program = DERIVED[f]
    return lambda *values: program(b, *values)
