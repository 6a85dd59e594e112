"""Complex numbers: pairs of real numbers, which the intermediate form alone knows.

A complex scalar is a `Pair`, memory of complex numbers is real memory with one more axis of two (`Paired`). Arithmetic
is written out in the real numbers, so that its derivatives need no rules of their own.
"""

from __future__ import annotations

import cmath
from collections.abc import Callable
from typing import Any

import numpy as np

from .._refusal import NotCompilable
from ..ir.builder import Builder, const
from ..ir.function import Constant, Value
from ..ir.types import C128, F32, F64, ScalarType
from .merge import is_number, scalar_of
from .registry import method, numpy_function
from .values import Array, Const, Lazy, Pair, Scalar

__all__ = ["Complexes", "as_pair", "binary", "equal", "magnitude", "unary"]


def as_pair(b: Builder, v: Value) -> Pair:
    """A number as a complex one."""
    if isinstance(v, Pair):
        return v
    if v.type == F32:
        raise NotCompilable("a float32 among complex numbers")
    return Pair(b.cast(v, F64), const(0.0))


def magnitude(b: Builder, z: Pair) -> Value:
    """The absolute value, whose derivative at zero is zero."""
    zero = b.scalar("and", b.scalar("eq", z.re, const(0.0)), b.scalar("eq", z.im, const(0.0)))
    away = b.scalar("hypot", b.scalar("select", zero, const(1.0), z.re), z.im)
    return b.scalar("select", zero, const(0.0), away)


def binary(b: Builder, op: str, x: Value, y: Value, python: bool) -> Pair:
    """``x op y`` where one of the two is complex; with `python`, exceptions are those of Python's numbers."""
    if op == "Pow":
        return power(b, as_pair(b, x), y, python)
    p, q = as_pair(b, x), as_pair(b, y)
    if op in ("Add", "Sub"):
        name = op.lower()
        return Pair(b.scalar(name, p.re, q.re), b.scalar(name, p.im, q.im))
    if op == "Mult":
        return Pair(b.sub(b.mul(p.re, q.re), b.mul(p.im, q.im)), b.add(b.mul(p.re, q.im), b.mul(p.im, q.re)))
    if op == "Div":
        return quotient(b, p, q, python)
    raise NotCompilable(f"operator {op} of complex numbers")


def quotient(b: Builder, p: Pair, q: Pair, python: bool) -> Pair:
    """``p / q``; the larger part of `q` is taken out, so that nothing overflows on the way."""
    size = b.scalar("maximum", b.scalar("abs", q.re), b.scalar("abs", q.im))
    if python:
        b.check(b.scalar("ne", size, const(0.0)), "division by zero", defer=True)
    if isinstance(q.im, Constant) and q.im.value == 0:
        return Pair(b.scalar("div", p.re, q.re), b.scalar("div", p.im, q.re))
    size = b.scalar("stop", size)  # the quotient does not depend on it
    zero, one = b.scalar("eq", size, const(0.0)), const(1.0)
    size = b.scalar("select", zero, one, size)
    c, d = b.scalar("select", zero, one, b.scalar("div", q.re, size)), b.scalar("div", q.im, size)
    below = b.add(b.mul(q.re, c), b.mul(q.im, d))
    return Pair(b.scalar("div", b.add(b.mul(p.re, c), b.mul(p.im, d)), below),
                b.scalar("div", b.sub(b.mul(p.im, c), b.mul(p.re, d)), below))


_WRITTEN_OUT = 64  # exponents up to which a power is a product


def power(b: Builder, z: Pair, n: Value, python: bool) -> Pair:
    """``z ** n``: a product where the exponent is a small known integer, else by absolute value and angle."""
    exponent = n.value if isinstance(n, Constant) else None
    if exponent is not None and abs(exponent) <= _WRITTEN_OUT and exponent == int(exponent):
        out = Pair(const(1.0), const(0.0))
        for k in range(abs(int(exponent))):
            out = binary(b, "Mult", out, z, python) if k else z
        return out if exponent >= 0 else quotient(b, Pair(const(1.0), const(0.0)), out, python)
    r, angle, w = magnitude(b, z), b.scalar("arctan2", z.im, z.re), as_pair(b, n)
    b.check(b.scalar("gt", r, const(0.0)), "a power of zero", defer=True)
    size, turned = b.scalar("pow", r, w.re), b.mul(angle, w.re)
    if isinstance(n, Pair):
        size = b.mul(size, b.scalar("exp", b.scalar("neg", b.mul(angle, w.im))))
        turned = b.add(turned, b.mul(w.im, b.scalar("log", r)))
    out = Pair(b.mul(size, b.scalar("cos", turned)), b.mul(size, b.scalar("sin", turned)))
    b.check(b.scalar("and", b.scalar("isfinite", out.re), b.scalar("isfinite", out.im)), "a power beyond all numbers",
            defer=True)
    return out


def square_root(b: Builder, z: Pair) -> Pair:
    zero, half = const(0.0), const(0.5)
    t = b.scalar("sqrt", b.mul(half, b.add(b.scalar("abs", z.re), magnitude(b, z))))
    other = b.scalar("select", b.scalar("eq", t, zero), zero, b.scalar("div", b.mul(half, z.im), t))
    right = b.scalar("ge", z.re, zero)
    return Pair(b.scalar("select", right, t, b.scalar("abs", other)),
                b.scalar("select", right, other, b.scalar("select", b.scalar("lt", z.im, zero), b.scalar("neg", t), t)))


def exponential(b: Builder, z: Pair) -> Pair:
    r = b.scalar("exp", z.re)
    return Pair(b.mul(r, b.scalar("cos", z.im)), b.mul(r, b.scalar("sin", z.im)))


def _mixed(b: Builder, f: str, g: str, z: Pair, sign: float) -> Pair:
    """``f(x) cosh(y) + i sign g(x) sinh(y)``."""
    out = b.mul(b.scalar(g, z.re), b.scalar("sinh", z.im))
    return Pair(b.mul(b.scalar(f, z.re), b.scalar("cosh", z.im)), out if sign > 0 else b.scalar("neg", out))


_UNARY: dict[str, Callable[[Builder, Pair], Value]] = {
    "abs": magnitude, "sqrt": square_root, "exp": exponential,
    "log": lambda b, z: Pair(b.scalar("log", magnitude(b, z)), b.scalar("arctan2", z.im, z.re)),
    "sin": lambda b, z: _mixed(b, "sin", "cos", z, 1.0), "cos": lambda b, z: _mixed(b, "cos", "sin", z, -1.0),
    "sinh": lambda b, z: Pair(b.mul(b.scalar("sinh", z.re), b.scalar("cos", z.im)),
                              b.mul(b.scalar("cosh", z.re), b.scalar("sin", z.im))),
    "cosh": lambda b, z: Pair(b.mul(b.scalar("cosh", z.re), b.scalar("cos", z.im)),
                              b.mul(b.scalar("sinh", z.re), b.scalar("sin", z.im))),
    "neg": lambda b, z: Pair(b.scalar("neg", z.re), b.scalar("neg", z.im)),
    "isnan": lambda b, z: b.scalar("or", b.scalar("isnan", z.re), b.scalar("isnan", z.im)),
    "isinf": lambda b, z: b.scalar("or", b.scalar("isinf", z.re), b.scalar("isinf", z.im)),
    "isfinite": lambda b, z: b.scalar("and", b.scalar("isfinite", z.re), b.scalar("isfinite", z.im)),
}


def unary(b: Builder, op: str, z: Pair) -> Value:
    """An elementwise function of one argument."""
    f = _UNARY.get(op)
    if f is None:
        raise NotCompilable(f"{op} of complex numbers")
    return f(b, z)


def equal(b: Builder, x: Value, y: Value) -> Value:
    p, q = as_pair(b, x), as_pair(b, y)
    return b.scalar("and", b.scalar("eq", p.re, q.re), b.scalar("eq", p.im, q.im))


_CMATH = {cmath.exp: "exp", cmath.sqrt: "sqrt", cmath.log: "log", cmath.sin: "sin", cmath.cos: "cos",
          cmath.sinh: "sinh", cmath.cosh: "cosh"}


class Complexes:
    """Lowers what concerns complex numbers; expects the other mixins beside it."""

    def convert(self, v: Value, element: ScalarType) -> Value:
        """A number as an element of memory."""
        if element == C128:
            return as_pair(self.b, v)
        if isinstance(v, Pair):
            raise NotCompilable("a complex number made real")
        return self.b.cast(v, element)

    def zero(self, element: ScalarType) -> Value:
        return Pair(const(0.0), const(0.0)) if element == C128 else const(0, element)

    def part(self, v: Any, which: str) -> Any:
        """Real or imaginary part; of an array an expression that nobody can write to."""
        def of(x: Value) -> Value:
            if isinstance(x, Pair):
                return x.re if which == "real" else x.im
            return x if which == "real" else const(0, x.type)

        if is_number(v):
            s = scalar_of(v)
            tag = None if s.tag is None else self.b.scalar("and", s.tag, const(3))
            return Scalar(of(s.value), s.flavor, tag)
        a = self.view_of(v)
        if a.element != C128:
            return a if which == "real" else self.np_zeros_like(a)
        source = self.lazy(a)
        return Lazy(a.dims, F64, lambda index: of(source.at(index)), source.sources,
                    a.root if isinstance(a, Array) else a.alias)

    @numpy_function(np.real)
    def np_real(self, val: Any) -> Any:
        return self.part(val, "real")

    @numpy_function(np.imag)
    def np_imag(self, val: Any) -> Any:
        return self.part(val, "imag")

    def conjugate(self, v: Any) -> Any:
        def of(x: Value) -> Value:
            return Pair(x.re, self.b.scalar("neg", x.im)) if isinstance(x, Pair) else x

        if is_number(v):
            s = scalar_of(v)
            return Scalar(of(s.value), s.flavor, s.tag)
        return self.elementwise("conjugate", [v], of)

    @method("conj")
    def conj_method(self, a: Any) -> Any:
        return self.conjugate(a) if a.element == C128 else a

    @method("conjugate")
    def conjugate_method(self, a: Any) -> Any:
        return self.conj_method(a)

    @numpy_function(np.angle)
    def np_angle(self, z: Any) -> Any:
        def of(x: Value) -> Value:
            p = as_pair(self.b, x)
            return self.b.scalar("arctan2", p.im, p.re)

        return self.elementwise("angle", [z], of)

    @numpy_function(np.iscomplexobj)
    def np_iscomplexobj(self, x: Any) -> Const:
        return Const((scalar_of(x).type if is_number(x) else self.view_of(x).element) == C128)

    def do_complex(self, real: Any = None, imag: Any = None) -> Any:
        parts = [scalar_of(v if v is not None else Const(0.0)).value for v in (real, imag)]
        if isinstance(parts[0], Pair) and imag is None:
            return Scalar(parts[0], "py")
        if any(isinstance(p, Pair) for p in parts):
            raise NotCompilable("a complex number made of complex numbers")
        return Scalar(Pair(*(self.b.cast(p, F64) for p in parts)), "py")

    def do_np_complex128(self, real: Any = None, imag: Any = None) -> Any:
        if real is not None and not is_number(real):
            return self.np_astype(real, Const(complex))
        return Scalar(self.do_complex(real, imag).value, "np")

    def cmath_call(self, f: Any, args: list) -> Any:
        """A function of the module ``cmath``."""
        z = as_pair(self.b, scalar_of(args[0]).value)
        if f is cmath.phase and len(args) == 1:
            return Scalar(self.b.scalar("arctan2", z.im, z.re), "py")
        if f not in _CMATH or len(args) != 1:
            raise NotCompilable(f"cmath.{f.__name__}")
        if f is cmath.log:
            self.b.check(self.b.scalar("gt", magnitude(self.b, z), const(0.0)), "cmath.log of zero", defer=True)
        out = unary(self.b, _CMATH[f], z)
        finite = [unary(self.b, "isfinite", v) for v in (z, out)]
        self.b.check(self.b.scalar("or", finite[1], self.b.scalar("not", finite[0])), "a complex number overflows",
                     defer=True)
        return Scalar(out, "py")
