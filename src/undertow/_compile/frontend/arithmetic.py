"""Scalar arithmetic with the types and the exceptions of Python and NumPy.

Where the program would raise, compiled code leaves (`check`); the record tier then runs the call and raises as the
program does. ``math.sqrt(-1)`` raises and ``np.sqrt(-1)`` is nan; ``1.0 / 0.0`` raises for two Python floats and is
inf as soon as one is a NumPy float: hence flavors.
"""

from __future__ import annotations

import math

from .._refusal import NotCompilable
from ..ir.builder import Builder, const
from ..ir.function import Constant, Value
from ..ir.types import BOOL, C128, F32, F64, I64, ScalarType
from . import complexes, merge
from .values import Scalar

__all__ = ["MATH", "UNARY", "binary", "compare", "elementwise_type", "math_call", "power", "truth", "unary"]

BINARY = {"Add": "add", "Sub": "sub", "Mult": "mul", "Div": "div", "FloorDiv": "floordiv", "Mod": "mod", "Pow": "pow",
          "BitAnd": "and", "BitOr": "or", "BitXor": "xor", "LShift": "shl", "RShift": "shr"}
COMPARE = {"Lt": "lt", "LtE": "le", "Gt": "gt", "GtE": "ge", "Eq": "eq", "NotEq": "ne"}

# NumPy function name → operation
UNARY = {"sqrt": "sqrt", "exp": "exp", "log": "log", "sin": "sin", "cos": "cos", "tan": "tan", "tanh": "tanh",
         "sinh": "sinh", "cosh": "cosh", "arcsin": "arcsin", "arccos": "arccos", "arctan": "arctan",
         "asin": "arcsin", "acos": "arccos", "atan": "arctan", "arcsinh": "arcsinh", "arccosh": "arccosh",
         "arctanh": "arctanh", "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh", "log1p": "log1p",
         "expm1": "expm1", "log2": "log2", "log10": "log10", "exp2": "exp2", "floor": "floor", "ceil": "ceil",
         "trunc": "trunc", "absolute": "abs", "abs": "abs", "fabs": "abs", "sign": "sign", "rint": "rint",
         "isnan": "isnan", "isinf": "isinf", "isfinite": "isfinite", "negative": "neg"}
# math function name → (operation, the argument is outside the domain where this fails)
MATH = {"sqrt": "sqrt", "exp": "exp", "log": "log", "sin": "sin", "cos": "cos", "tan": "tan", "tanh": "tanh",
        "sinh": "sinh", "cosh": "cosh", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh",
        "acosh": "arccosh", "atanh": "arctanh", "log1p": "log1p", "expm1": "expm1", "log2": "log2", "log10": "log10",
        "fabs": "abs", "erf": "erf", "erfc": "erfc", "lgamma": "lgamma", "gamma": "gamma", "cbrt": "cbrt", "exp2": "exp2", "isnan": "isnan", "isinf": "isinf",
        "isfinite": "isfinite"}


def flavor(*values: Scalar) -> str:
    flavors = {v.flavor for v in values}
    return "np" if "np" in flavors else "mixed" if "mixed" in flavors else "py"


def elementwise_type(*values: tuple[ScalarType, bool]) -> ScalarType:
    """Result type of NumPy arithmetic; each operand is (type, whether it is a weak Python number)."""
    if any(t == C128 for t, _ in values):
        if any(t == F32 for t, _ in values):
            raise NotCompilable("a float32 among complex numbers")
        return C128
    strong = {t for t, weak in values if not weak}
    weak = {t for t, is_weak in values if is_weak}
    if not strong:
        return F64 if F64 in weak else I64
    if F64 in strong or (F32 in strong and I64 in strong):
        return F64
    if F32 in strong:
        return F32
    if F64 in weak:
        return F64
    return I64 if I64 in strong or I64 in weak else BOOL


def result_type(*values: Scalar) -> ScalarType:
    return elementwise_type(*((v.type, v.flavor == "py") for v in values))


def binary(b: Builder, op: str, x: Scalar, y: Scalar) -> Scalar:
    """``x op y`` for an operation named as in the syntax tree."""
    name = BINARY.get(op)
    if name is None:
        raise NotCompilable(f"operator {op}")
    if C128 in (x.type, y.type):
        kind = flavor(x, y)
        out = complexes.binary(b, op, x.value, y.value, kind != "np")
        tagged = x.tag is not None or y.tag is not None
        tag = b.scalar("and", b.scalar("or", merge.tag_of(x), merge.tag_of(y)), const(1)) if tagged else None
        return Scalar(out, kind, tag)
    if op == "Pow":
        return power(b, x, y)
    type, kind = result_type(x, y), flavor(x, y)
    if name in ("and", "or", "xor", "shl", "shr"):
        if type.is_float:
            raise NotCompilable(f"operator {op} of these types")
        if name[0] == "s":
            return shift(b, name, b.cast(x.value, I64), b.cast(y.value, I64), kind)
        return Scalar(b.scalar(name, b.cast(x.value, type), b.cast(y.value, type)), kind)
    if type == BOOL:
        if kind != "py":
            raise NotCompilable("arithmetic of NumPy booleans")
        type = I64
    if name == "div" and not type.is_float:
        type = F64
    if "mixed" in (x.flavor, y.flavor) and F32 in (x.type, y.type):
        raise NotCompilable("a float32 meets a number whose type depends on the run")
    left, right = b.cast(x.value, type), b.cast(y.value, type)
    if name in ("div", "floordiv", "mod") and (kind != "np" or type == I64):
        _check_divisor(b, right)
    if type == I64 and kind == "np" and name in ("add", "sub", "mul"):
        return Scalar(b.pure(name, [left, right], I64, {"wrap": True}), kind)  # NumPy integers wrap around
    return typed(b, b.scalar(name, left, right), kind, x, y, name != "div")


def typed(b: Builder, value: Value, kind: str, x: Scalar, y: Scalar, keeps_integers: bool = True) -> Scalar:
    """The result of arithmetic, with the tag that says of which Python type it is where that depends on the run."""
    if x.tag is None and y.tag is None or BOOL in (x.type, y.type):
        return Scalar(value, kind)
    s, t = merge.tag_of(x), merge.tag_of(y)
    tag = b.scalar("and", b.scalar("or", s, t), const(1))
    if keeps_integers:
        tag = b.scalar("or", tag, b.scalar("and", b.scalar("and", s, t), const(2)))
    return Scalar(value, kind, tag)


def shift(b: Builder, name: str, x: Value, y: Value, kind: str) -> Scalar:
    """``x << y`` and ``x >> y``; a left shift of a Python integer must be by a known number."""
    if name == "shl":
        if not isinstance(y, Constant) or not 0 <= y.value < 62:
            raise NotCompilable("a left shift by a number that is not known")
        return binary(b, "Mult", Scalar(x, kind), Scalar(const(2**y.value), "py"))
    b.check(b.scalar("ge", y, const(0)), "a negative shift")
    by = b.scalar("select", b.scalar("gt", y, const(63)), const(63), y)
    return Scalar(b.scalar("shr", x, by), kind)


def _check_divisor(b: Builder, divisor: Value) -> None:
    if isinstance(divisor, Constant) and divisor.value != 0:
        return
    b.check(b.scalar("ne", divisor, const(0, divisor.type)), "division by zero", defer=True)


def power(b: Builder, x: Scalar, y: Scalar) -> Scalar:
    type, kind = result_type(x, y), flavor(x, y)
    exponent = y.value.value if isinstance(y.value, Constant) else None
    if type == BOOL:
        raise NotCompilable("power of booleans")
    if type == I64:
        if exponent is None and isinstance(x.value, Constant) and x.value.value == -1:
            b.check(b.scalar("ge", y.value, const(0)), "a negative power of an integer")
            odd = b.scalar("mod", y.value, const(2))
            return Scalar(b.sub(const(1), b.add(odd, odd)), kind)
        if not isinstance(exponent, int) or not 0 <= exponent <= 64:
            raise NotCompilable("integer power with an exponent that is not a small known number")
        return Scalar(_whole_power(b, b.cast(x.value, I64), exponent, kind == "np"), kind)
    base = b.cast(x.value, type)
    if exponent is not None and exponent == int(exponent) and 1 <= exponent <= 3:
        result = _repeated(b, base, int(exponent))
        if kind != "np":
            _check_overflow(b, result, base)
        return typed(b, result, kind, x, y)
    if exponent == 0.5 and kind == "np":
        return Scalar(b.scalar("sqrt", base), kind)  # what NumPy does
    power = b.cast(y.value, type)
    result = b.scalar("pow", base, power)
    if kind != "np":
        zero = const(0, type)
        b.check(b.scalar("not", b.scalar("and", b.scalar("eq", base, zero), b.scalar("lt", power, zero))),
                "zero to a negative power", defer=True)
        if exponent is None or exponent != int(exponent):
            whole = b.scalar("eq", b.scalar("floor", power), power)
            b.check(b.scalar("or", b.scalar("ge", base, zero), b.scalar("or", whole, b.scalar("isnan", base))),
                    "a negative number to a fractional power", defer=True)
        _check_overflow(b, result, base)
    return typed(b, result, kind, x, y, False)


def _repeated(b: Builder, x: Value, n: int) -> Value:
    if n == 0:
        return const(1, x.type)
    result = x
    for _ in range(n - 1):
        result = b.mul(result, x)
    return result


def _whole_power(b: Builder, x: Value, n: int, wrap: bool) -> Value:
    """An integer to a known power; NumPy's wraps around."""
    def times(p: Value, q: Value) -> Value:
        return b.pure("mul", [p, q], I64, {"wrap": True}) if wrap else b.mul(p, q)

    result: Value | None = None
    while n:
        if n & 1:
            result = x if result is None else times(result, x)
        n >>= 1
        x = times(x, x) if n else x
    return const(1) if result is None else result


def _check_overflow(b: Builder, result: Value, argument: Value) -> None:
    fine = b.scalar("or", b.scalar("not", b.scalar("isinf", result)), b.scalar("isinf", argument))
    b.check(fine, "a Python float overflows", defer=True)


def compare(b: Builder, op: str, x: Scalar, y: Scalar) -> Scalar:
    name = COMPARE.get(op)
    if name is None:
        raise NotCompilable(f"comparison {op} of numbers")
    if C128 in (x.type, y.type):
        if op not in ("Eq", "NotEq"):
            raise NotCompilable("an order of complex numbers")
        same = complexes.equal(b, x.value, y.value)
        return Scalar(same if op == "Eq" else b.scalar("not", same), flavor(x, y))
    type = result_type(x, y)
    if {x.type, y.type} == {I64, F64} and any(v.type == I64 and not isinstance(v.value, Constant) for v in (x, y)):
        type = F64  # exact below 2**53, which interval facts guarantee for what indexes memory
    return Scalar(b.scalar(name, b.cast(x.value, type), b.cast(y.value, type)), flavor(x, y))


def truth(b: Builder, x: Scalar) -> Value:
    """``bool(x)``."""
    if x.type == BOOL:
        return x.value
    if x.type == C128:
        return b.scalar("not", complexes.equal(b, x.value, const(0.0)))
    return b.scalar("ne", x.value, const(0, x.type))


def unary(b: Builder, name: str, x: Value) -> Value:
    """A NumPy elementwise function of one argument."""
    op = UNARY[name]
    if x.type == C128:
        return complexes.unary(b, op, x)
    if op in ("isnan", "isinf", "isfinite"):
        return b.scalar(op, x) if x.type.is_float else const(op == "isfinite")
    if op in ("abs", "neg", "sign", "floor", "ceil", "trunc", "rint") and x.type == I64:
        if op in ("abs", "neg"):
            return b.scalar(op, x)
        if op == "sign":
            raise NotCompilable("sign of an integer")
        return x
    if x.type == BOOL:
        raise NotCompilable(f"np.{name} of booleans")
    return b.scalar(op, b.cast(x, F64) if x.type == I64 else x)


def _no_pole(b: Builder, v: Value) -> Value:
    """Whether the gamma function has no pole at a number."""
    return b.scalar("or", b.scalar("gt", v, const(0.0)), b.scalar("ne", b.scalar("floor", v), v))


def math_call(b: Builder, name: str, x: Scalar) -> Scalar:
    """A function of the module ``math``, leaving compiled code where it would raise."""
    op = MATH[name]
    v = b.cast(x.value, F64)
    zero, one = const(0.0), const(1.0)
    inside = {
        "sqrt": lambda: b.scalar("not", b.scalar("lt", v, zero)),
        "log": lambda: b.scalar("not", b.scalar("le", v, zero)),
        "log2": lambda: b.scalar("not", b.scalar("le", v, zero)),
        "log10": lambda: b.scalar("not", b.scalar("le", v, zero)),
        "log1p": lambda: b.scalar("not", b.scalar("le", v, const(-1.0))),
        "arcsin": lambda: b.scalar("not", b.scalar("gt", b.scalar("abs", v), one)),
        "arccos": lambda: b.scalar("not", b.scalar("gt", b.scalar("abs", v), one)),
        "arccosh": lambda: b.scalar("not", b.scalar("lt", v, one)),
        "arctanh": lambda: b.scalar("not", b.scalar("ge", b.scalar("abs", v), one)),
        "lgamma": lambda: _no_pole(b, v), "gamma": lambda: b.scalar("and", _no_pole(b, v), b.scalar("ne", v, const(-math.inf))),
        "sin": lambda: b.scalar("not", b.scalar("isinf", v)), "cos": lambda: b.scalar("not", b.scalar("isinf", v)),
        "tan": lambda: b.scalar("not", b.scalar("isinf", v)),
    }.get(op)
    if inside is not None:
        b.check(inside(), f"math.{name} of a value outside its domain", defer=True)
    result = b.scalar(op, v)
    if op in ("exp", "exp2", "expm1", "sinh", "cosh", "lgamma", "gamma"):
        _check_overflow(b, result, v)
    return Scalar(result, "py")
