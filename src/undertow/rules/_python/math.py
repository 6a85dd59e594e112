"""Partial derivatives of the functions of `math`."""

from __future__ import annotations

import math

from .._registry import elementwise, pullback, pushforward, zero_derivative
from ..samples import Domain, Sample, above_one, integer, nonzero, positive, real, unit

LN2, LN10, DEGREE = math.log(2.0), math.log(10.0), math.pi / 180

# ---- powers, exponentials and logarithms --------------------------------------------------------------------


def pow_base(y, x, n):
    """``n x**(n-1)``, and 0 for ``n = 0`` at ``x = 0``; infinite where `x` is 0 and ``n < 1``."""
    if x == 0 and n < 1:
        return 0.0 if n == 0 else math.inf
    return n * math.pow(x, n - 1)


def pow_exponent(y, x, n):
    """``y log(x)``; 0 at ``x = 0``, undefined for a negative base."""
    if x > 0:
        return y * math.log(x)
    return 0.0 if x == 0 else math.nan


elementwise(math.pow, pow_base, pow_exponent, samples=(positive, real),
            convention="d/dx x**0 = 0 and d/dn 0**n = 0; NaN for the exponent of a negative base")
elementwise(math.exp, lambda y, x: y, samples=real)
elementwise(math.expm1, lambda y, x: y + 1, samples=real)
if hasattr(math, "exp2"):  # Python 3.11
    elementwise(math.exp2, lambda y, x: LN2 * y, samples=real)
elementwise(math.log, lambda y, x, base=None: 1 / x if base is None else 1 / (x * math.log(base)),
            lambda y, x, base: -y / (base * math.log(base)), samples=(positive, above_one))
elementwise(math.log2, lambda y, x: 1 / (LN2 * x), samples=positive)
elementwise(math.log10, lambda y, x: 1 / (LN10 * x), samples=positive)
elementwise(math.log1p, lambda y, x: 1 / (1 + x), samples=positive)
elementwise(math.sqrt, lambda y, x: 0.5 / y if y else math.inf, samples=positive)
if hasattr(math, "cbrt"):  # Python 3.11
    elementwise(math.cbrt, lambda y, x: 1 / (3 * y * y) if y else math.inf, samples=nonzero)

# ---- trigonometry -------------------------------------------------------------------------------------------

elementwise(math.sin, lambda y, x: math.cos(x), samples=real)
elementwise(math.cos, lambda y, x: -math.sin(x), samples=real)
elementwise(math.tan, lambda y, x: 1 + y * y, samples=unit)


def arc(x):
    """``1 / sqrt(1 - x**2)``, infinite at the ends."""
    square = (1 - x) * (1 + x)
    return 1 / math.sqrt(square) if square > 0 else math.inf


elementwise(math.asin, lambda y, x: arc(x), samples=unit)
elementwise(math.acos, lambda y, x: -arc(x), samples=unit)
elementwise(math.atan, lambda y, x: 1 / (1 + x * x), samples=real)
elementwise(math.sinh, lambda y, x: math.cosh(x), samples=real)
elementwise(math.cosh, lambda y, x: math.sinh(x), samples=real)
elementwise(math.tanh, lambda y, x: 1 - y * y, samples=real)
elementwise(math.asinh, lambda y, x: 1 / math.sqrt(1 + x * x), samples=real)
elementwise(math.acosh, lambda y, x: 1 / math.sqrt((x - 1) * (x + 1)) if x > 1 else math.inf, samples=above_one)
elementwise(math.atanh, lambda y, x: 1 / ((1 - x) * (1 + x)), samples=unit)
elementwise(math.degrees, lambda y, x: 1 / DEGREE, samples=real)
elementwise(math.radians, lambda y, x: DEGREE, samples=real)


def _over_radius(x, a, b):
    """``x / (a**2 + b**2)`` without overflow, and 0 at the origin."""
    r = math.hypot(a, b)
    return x / r / r if r else 0.0


elementwise(math.atan2, lambda y, a, b: _over_radius(b, a, b), lambda y, a, b: -_over_radius(a, a, b),
            samples=(nonzero, real), convention="0 at the origin", jumps=lambda a, b: a if b < 0 else 1.0)


@pullback(math.hypot, argnums=slice(0, None), convention="0 at the origin", kinks=lambda *x: math.hypot(*x),
          samples=[Sample((0.3, -0.4)), Sample((1.5,)), Sample((1.0, 2.0, -2.0))])
def hypot(y, y_bar, *coordinates):
    """The unit vector."""
    return tuple(y_bar * (x / y) if y else 0.0 for x in coordinates)


@pushforward(math.hypot, argnums=slice(0, None))
def hypot_pushforward(y, tangents, *coordinates):
    """Along the unit vector."""
    return sum(x / y * t for x, t in zip(coordinates, tangents, strict=True) if t is not None) if y else 0.0


@pullback(math.dist, argnums=(0, 1), sequences=(0, 1), convention="0 where the points coincide",
          kinks=lambda p, q: math.dist(p, q),
          samples=[Sample(([0.3, 1.0], [1.3, -0.5])), Sample(((1.0, 2.0, 0.5), (0.5, 0.2, 2.0)))])
def dist(y, y_bar, p, q):
    """The unit vector from `q` to `p`."""
    unit_vector = [y_bar * ((a - b) / y) if y else 0.0 for a, b in zip(p, q, strict=True)]
    return unit_vector, [-u for u in unit_vector]

# ---- special functions --------------------------------------------------------------------------------------


def digamma(x):
    """The logarithmic derivative of the gamma function, for real `x`.

    Reflection below 0, recurrence up to 10, then the asymptotic series: DLMF 5.5.2, 5.5.4, 5.11.2.
    """
    if x <= 0:
        return digamma(1 - x) - math.pi / math.tan(math.pi * x)
    shift = 0.0
    while x < 10:
        shift, x = shift - 1 / x, x + 1
    r = 1 / (x * x)
    tail = r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r * (1 / 240 - r * (1 / 132 - r * (691 / 32760 - r / 12))))))
    return shift + math.log(x) - 0.5 / x - tail


TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)
elementwise(math.gamma, lambda y, x: y * digamma(x), samples=positive, cite="DLMF 5.2.2")
elementwise(math.lgamma, lambda y, x: digamma(x), samples=positive, cite="DLMF 5.2.2")
elementwise(math.erf, lambda y, x: TWO_OVER_ROOT_PI * math.exp(-x * x), samples=real, cite="DLMF 7.2.1")
elementwise(math.erfc, lambda y, x: -TWO_OVER_ROOT_PI * math.exp(-x * x), samples=real, cite="DLMF 7.2.2")

# ---- kinks, remainders, parts -------------------------------------------------------------------------------

elementwise(math.fabs, lambda y, x: int(x > 0) - int(x < 0), samples=nonzero, kinks=lambda x: x, convention="0 at 0")
elementwise(math.copysign, lambda y, a, b: math.copysign(1.0, a) * math.copysign(1.0, b), None,
            samples=(nonzero, nonzero), kinks=lambda a, b: a, jumps=lambda a, b: b,
            convention="one-sided at a signed zero")
elementwise(math.fmod, lambda y, a, b: 1.0, lambda y, a, b: -math.trunc(a / b), samples=(real, positive),
            jumps=math.fmod, convention="derivative of the branch taken")
elementwise(math.remainder, lambda y, a, b: 1.0, lambda y, a, b: (y - a) / b, samples=(real, positive),
            jumps=lambda a, b: abs(math.remainder(a, b)) - abs(b) / 2, convention="derivative of the branch taken")
elementwise(math.modf, lambda y, x: (1.0, 0.0), samples=real, nout=2, jumps=lambda x: math.modf(x)[0],
            convention="derivative of the branch taken")
elementwise(math.frexp, lambda y, x: (math.ldexp(1.0, -y[1]), 0.0), samples=nonzero, nout=2)
elementwise(math.ldexp, lambda y, x, n: math.ldexp(1.0, n), None, samples=(real, integer))
elementwise(math.nextafter, lambda y, a, b: 1.0, None, samples=(real, real))
if hasattr(math, "fma"):  # Python 3.13
    elementwise(math.fma, lambda y, a, b, c: b, lambda y, a, b, c: a, lambda y, a, b, c: 1.0,
                samples=(real, real, real))

# ---- sums and products --------------------------------------------------------------------------------------

numbers = [Sample(([0.5, -1.5, 2.0],)), Sample(((1.0,),)), Sample(([],))]


@pullback(math.fsum, sequences=(0,), samples=numbers, like=("seq",))
def fsum(y, y_bar, seq):
    """Everyone gets the cotangent."""
    return [y_bar for _ in seq]


@pushforward(math.fsum, sequences=(0,))
def fsum_pushforward(y, tangents, seq):
    """Sum the tangents."""
    return math.fsum(t for t in tangents[0] if t is not None)


def products_of_others(xs):
    """For each element the product of the others, right where there are zeros."""
    before, after = [1.0], [1.0]
    for x in xs[:-1]:
        before.append(before[-1] * x)
    for x in xs[:0:-1]:
        after.append(after[-1] * x)
    return [a * b for a, b in zip(before, after[::-1], strict=True)] if xs else []


@pullback(math.prod, sequences=(0,), argnums=(0, 1),
          samples=[*numbers, Sample(([0.5, 0.0, 2.0],)), Sample(([0.5, 3.0],), {"start": 2.0})])
def prod(y, y_bar, iterable, start=1):
    """Products of the other factors."""
    own, *rest = products_of_others([start, *iterable])
    return [y_bar * p for p in rest], y_bar * own


if hasattr(math, "sumprod"):  # Python 3.12

    @pullback(math.sumprod, sequences=(0, 1), argnums=(0, 1), samples=[Sample(([0.5, -1.5], [2.0, 3.0]))])
    def sumprod(y, y_bar, p, q):
        """Each vector gets the other."""
        return [y_bar * b for b in q], [y_bar * a for a in p]

# ---- without derivative -------------------------------------------------------------------------------------

zero_derivative(math.ceil, math.floor, math.trunc, jumps=lambda x: x - round(x), samples=real)
zero_derivative(math.isfinite, math.isinf, math.isnan, math.ulp, samples=real)
zero_derivative(math.isclose, samples=(real, real))
zero_derivative(math.gcd, math.lcm, math.comb, math.perm, samples=(Domain(1, 5, integer=True), integer))
zero_derivative(math.factorial, math.isqrt, samples=integer)
