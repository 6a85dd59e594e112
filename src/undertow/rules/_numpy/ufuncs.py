"""Partial derivatives of NumPy's universal functions, one line each.

A partial holds for complex arguments too unless ``holomorphic=False``.  Real-valued functions of a complex argument
(``np.abs``) follow the same protocol: with ``p = conj(g)``, `g` the gradient ``df/d(re) + i df/d(im)``, the pushforward
is ``Re(p dx)`` and the pullback ``conj(p) y_bar``.

Values at singular points are chosen so that no NaN appears where a derivative, or its limit along the domain, exists;
replacements touch the singular points alone, so that second derivatives stay right everywhere else.
"""

from __future__ import annotations

import numpy as np

from .._registry import elementwise, linear, pullback, pushforward, substitute, zero_derivative
from ..samples import Domain, Sample, above_one, integer, nonzero, positive, real, unit

LN2, LN10, DEGREE = np.log(2.0), np.log(10.0), np.pi / 180
whole = Domain(-3, 3, "whole", integer=True)

# ---- arithmetic ---------------------------------------------------------------------------------------------

elementwise(np.add, lambda y, a, b: 1.0, lambda y, a, b: 1.0, samples=(real, real))
elementwise(np.subtract, lambda y, a, b: 1.0, lambda y, a, b: -1.0, samples=(real, real))
elementwise(np.multiply, lambda y, a, b: b, lambda y, a, b: a, samples=(real, real))
elementwise(np.divide, lambda y, a, b: 1 / b, lambda y, a, b: -y / b, samples=(real, nonzero))
elementwise(np.negative, lambda y, x: -1.0, samples=real)
elementwise(np.positive, lambda y, x: 1.0, samples=real)
elementwise(np.square, lambda y, x: 2 * x, samples=real)
elementwise(np.reciprocal, lambda y, x: -y * y, samples=nonzero)
linear(np.conjugate, adjoint=lambda y_bar, x: np.conjugate(y_bar), samples=real)


def conj(x):
    """The conjugate, without a copy of real numbers."""
    return np.conjugate(x) if np.iscomplexobj(x) else x


def power_base(y, x, n):
    """``n x**(n-1)``, and 0 for ``n = 0`` at ``x = 0``."""
    if isinstance(n, int):  # cannot carry a derivative itself
        return 2 * x if n == 2 else n * np.power(x, n - 1.0) if n else 0.0
    singular = (n == 0) & (x == 0)
    if np.any(singular):
        return np.where(singular, 0.0, n * np.power(x, np.where(singular, 1.0, n - 1)))
    return n * np.power(x, n - 1.0)


def power_exponent(y, x, n):
    """``y log(x)``, and 0 for ``x = 0``: ``0**n`` is flat for n > 0; ``inf**n`` is flat for n < 0."""
    zero = (x == 0) | (y == 0)
    if np.any(zero):
        return np.where(zero, 0.0, y * np.log(np.where(zero, 1.0, x)))
    return y * np.log(x)


for power in (np.power, np.float_power):
    elementwise(power, power_base, power_exponent, samples=(positive, real),
                convention="d/dx x**0 = 0 and d/dn 0**n = 0; NaN for the exponent of a negative base")

# ---- remainders and parts -----------------------------------------------------------------------------------

elementwise(np.remainder, lambda y, a, b: 1.0, lambda y, a, b: -np.floor_divide(a, b), samples=(real, positive),
            holomorphic=False, jumps=lambda a, b: np.remainder(a, b), convention="derivative of the branch taken")
elementwise(np.fmod, lambda y, a, b: 1.0, lambda y, a, b: -np.trunc(a / b), samples=(real, positive),
            holomorphic=False, jumps=lambda a, b: np.fmod(a, b), convention="derivative of the branch taken")
elementwise(np.divmod, lambda y, a, b: (0.0, 1.0), lambda y, a, b: (0.0, -y[0]), samples=(real, positive), nout=2,
            holomorphic=False, jumps=lambda a, b: np.remainder(a, b), convention="derivative of the branch taken")
elementwise(np.modf, lambda y, x: (1.0, 0.0), samples=real, nout=2, holomorphic=False,
            jumps=lambda x: np.modf(x)[0], convention="derivative of the branch taken")
elementwise(np.frexp, lambda y, x: (np.ldexp(1.0, -y[1]), 0.0), samples=nonzero, nout=2, holomorphic=False,
            convention="the mantissa scales by the power of two in force")
elementwise(np.ldexp, lambda y, x, n: np.ldexp(1.0, n), None, samples=(real, integer), holomorphic=False)
elementwise(np.nextafter, lambda y, a, b: 1.0, None, samples=(real, real), holomorphic=False)
zero_derivative(np.floor_divide, jumps=lambda a, b: np.remainder(a, b), samples=(real, positive))
zero_derivative(np.floor, np.ceil, np.trunc, jumps=lambda x: x - np.rint(x), samples=real)
zero_derivative(np.rint, jumps=lambda x: x - 0.5 - np.rint(x - 0.5), samples=real)
zero_derivative(np.spacing, np.isfinite, np.isinf, np.isnan, samples=real)
zero_derivative(np.signbit, samples=real, jumps=lambda x: x)
zero_derivative(np.isnat)

# ---- exponentials and logarithms ----------------------------------------------------------------------------

elementwise(np.exp, lambda y, x: y, samples=real)
elementwise(np.exp2, lambda y, x: LN2 * y, samples=real)
elementwise(np.expm1, lambda y, x: y + 1, samples=real)
elementwise(np.log, lambda y, x: 1 / x, samples=positive)
elementwise(np.log2, lambda y, x: 1 / (LN2 * x), samples=positive)
elementwise(np.log10, lambda y, x: 1 / (LN10 * x), samples=positive)
elementwise(np.log1p, lambda y, x: 1 / (1 + x), samples=positive)
elementwise(np.sqrt, lambda y, x: 0.5 / y, samples=positive)
elementwise(np.cbrt, lambda y, x: 1 / (3 * y * y), samples=nonzero, holomorphic=False)


def _share(y, a, b, exp):
    """Weight of `a` in the log-sum-exp of `a` and `b`; infinite arguments share evenly when they tie."""
    infinite = np.isinf(y)
    if not np.any(infinite):
        return exp(a - y)
    tie = np.where(a == b, 0.5, np.where(a == y, 1.0, 0.0))
    return np.where(infinite, tie, exp(np.where(infinite, 0.0, a) - np.where(infinite, 0.0, y)))


elementwise(np.logaddexp, lambda y, a, b: _share(y, a, b, np.exp), lambda y, a, b: _share(y, b, a, np.exp),
            samples=(real, real), holomorphic=False, convention="infinite arguments that tie share evenly")
elementwise(np.logaddexp2, lambda y, a, b: _share(y, a, b, np.exp2), lambda y, a, b: _share(y, b, a, np.exp2),
            samples=(real, real), holomorphic=False, convention="infinite arguments that tie share evenly")

# ---- trigonometry -------------------------------------------------------------------------------------------

elementwise(np.sin, lambda y, x: np.cos(x), samples=real)
elementwise(np.cos, lambda y, x: -np.sin(x), samples=real)
elementwise(np.tan, lambda y, x: 1 + y * y, samples=unit)
elementwise(np.arcsin, lambda y, x: 1 / np.sqrt((1 - x) * (1 + x)), samples=unit)
elementwise(np.arccos, lambda y, x: -1 / np.sqrt((1 - x) * (1 + x)), samples=unit)
elementwise(np.arctan, lambda y, x: 1 / (1 + x * x), samples=real)
elementwise(np.sinh, lambda y, x: np.cosh(x), samples=real)
elementwise(np.cosh, lambda y, x: np.sinh(x), samples=real)
elementwise(np.tanh, lambda y, x: 1 - y * y, samples=real)
elementwise(np.arcsinh, lambda y, x: 1 / np.sqrt(1 + x * x), samples=real)
elementwise(np.arccosh, lambda y, x: 1 / (np.sqrt(x - 1) * np.sqrt(x + 1)), samples=above_one)
elementwise(np.arctanh, lambda y, x: 1 / ((1 - x) * (1 + x)), samples=unit)
elementwise(np.deg2rad, lambda y, x: DEGREE, samples=real, holomorphic=False)
elementwise(np.radians, lambda y, x: DEGREE, samples=real, holomorphic=False)
elementwise(np.rad2deg, lambda y, x: 1 / DEGREE, samples=real, holomorphic=False)
elementwise(np.degrees, lambda y, x: 1 / DEGREE, samples=real, holomorphic=False)


def ratio(x, r):
    """``x / r``, and 0 where ``r = 0``."""
    zero = r == 0
    return x / np.where(zero, 1.0, r) if np.any(zero) else x / r


def _over_radius(x, a, b):
    """``x / (a**2 + b**2)`` without overflow, and 0 at the origin."""
    square = a * a + b * b
    if np.all((square > 1e-35) & np.isfinite(square)):
        return x / square
    r = np.hypot(a, b)
    return ratio(ratio(x, r), r)


elementwise(np.hypot, lambda y, a, b: ratio(a, y), lambda y, a, b: ratio(b, y), samples=(nonzero, real),
            holomorphic=False, kinks=lambda a, b: np.hypot(a, b), convention="0 at the origin")
elementwise(np.arctan2, lambda y, a, b: _over_radius(b, a, b), lambda y, a, b: -_over_radius(a, a, b),
            samples=(nonzero, real), holomorphic=False, convention="0 at the origin",
            jumps=lambda a, b: np.where(b < 0, a, 1.0))



def _sinc_slope(x):
    """``(cos(pi x) - sinc(x)) / x``, and its series around 0, where the program of NumPy is flat."""
    near = np.abs(x) < 0.02
    far = np.where(near, 1.0, x)
    t = np.where(near, np.pi * x, 0.0)
    t = t * t
    series = np.pi**2 * x * (-1 / 3 + t * (1 / 30 + t * (-1 / 840 + t * (1 / 45360 - t / 3991680))))
    return np.where(near, series, (np.cos(np.pi * far) - np.sinc(far)) / far)


elementwise(np.sinc, lambda y, x: _sinc_slope(x), samples=real)

# ---- kinks --------------------------------------------------------------------------------------------------

elementwise(np.absolute, lambda y, x: conj(np.sign(x)), samples=nonzero, kinks=lambda x: x,
            convention="0 at 0")
elementwise(np.fabs, lambda y, x: np.sign(x), samples=nonzero, holomorphic=False, kinks=lambda x: x,
            convention="0 at 0")
def ordered(*numbers):
    """Numbers that compare: Python's complex numbers do not, NumPy's do (by real, then imaginary part)."""
    return [np.asarray(x) if isinstance(x, complex) else x for x in numbers]


def _share_of(wins):
    """The partials of an extremum in its two arguments: 1 for the one that wins, half each at a tie.

    ``wins(a, b)`` says where `a` is taken.  Complex numbers are ordered as NumPy orders them.
    """

    def share(y, a, b):
        a, b = ordered(a, b)
        tie = a == b
        return np.where(tie, 0.5, wins(a, b)) if np.any(tie) else np.asarray(wins(a, b)).astype(float)

    return share, lambda y, a, b: share(y, b, a)


for f, wins in ((np.maximum, lambda a, b: (a > b) | np.isnan(a)), (np.minimum, lambda a, b: (a < b) | np.isnan(a)),
                (np.fmax, lambda a, b: (a > b) | np.isnan(b)), (np.fmin, lambda a, b: (a < b) | np.isnan(b))):
    elementwise(f, *_share_of(wins), samples=(real, real), kinks=lambda a, b: a - b, convention="half each at a tie")
elementwise(np.copysign, lambda y, a, b: np.copysign(1.0, a) * np.copysign(1.0, b), None, samples=(nonzero, nonzero),
            holomorphic=False, kinks=lambda a, b: a, jumps=lambda a, b: b, convention="one-sided at a signed zero")
elementwise(np.heaviside, None, lambda y, a, b: np.where(a == 0, 1.0, 0.0), samples=(real, real),
            holomorphic=False, jumps=lambda a, b: a, convention="0 in the first argument, its jump included")

# The ufunc behind np.clip and ndarray.clip: minimum(maximum(x, low), high).
clip = np._core.umath.clip


def _inside(y, x, low, high):
    x, low, high = ordered(x, low, high)
    within = np.asarray((x > low) & (x < high))
    if np.count_nonzero(within) == np.count_nonzero(y == x):  # at a bound `y` is `x` too
        return within.astype(float)
    return np.where(((x == low) | (x == high)) & (low < high), 0.5, within)


def _at_low(y, x, low, high):
    x, low, high = ordered(x, low, high)
    return np.where(low >= high, 0.0, np.where(x == low, 0.5, x < low))


def _at_high(y, x, low, high):
    x, low, high = ordered(x, low, high)
    return np.where(low >= high, 1.0, np.where(x == high, 0.5, x > high))


elementwise(clip, _inside, _at_low, _at_high,
            samples=(real, Domain(-1.0, -0.5), Domain(0.5, 1.0)),
            kinks=lambda x, low, high: (x - low) * (x - high), convention="half each at a bound")

# The methods of arrays; the first is the program that NumPy itself runs.
substitute(np.ndarray.clip, samples=[Sample((np.array([-2.0, 0.1, 3.0]), -1.0, 1.0)), Sample((np.ones(2), None, 0.5))])(
    np._core._methods._clip)
for method in (np.ndarray.conj, np.ndarray.conjugate):
    linear(method, adjoint=lambda y_bar, x: np.conjugate(y_bar), samples=[Sample((np.array([0.5, 1.5]),))])


@pullback(np.sign, samples=nonzero, jumps=lambda x: x, convention="0 for real arguments, the jump at 0 included")
def sign_pullback(y, y_bar, x):
    """``sign`` is flat for real numbers; for complex ones it is ``x / |x|``."""
    if not np.iscomplexobj(x):
        return None
    r = np.abs(x)
    return np.where(r == 0, 0.0, ratio(y_bar - y * np.real(np.conjugate(y) * y_bar), r))


@pushforward(np.sign)
def sign_pushforward(y, tangents, x):
    """The differential of ``x / |x|`` is self-adjoint."""
    return sign_pullback(y, tangents[0], x)


# ---- without derivative: comparisons, logic, integers --------------------------------------------------------

zero_derivative(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
                np.logical_and, np.logical_or, np.logical_xor, jumps=lambda a, b: a - b, samples=(real, real))
zero_derivative(np.logical_not, jumps=lambda x: x, samples=real)
zero_derivative(np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.left_shift, np.right_shift, np.gcd, np.lcm,
                samples=(whole, integer))
zero_derivative(np.invert, np.bitwise_count, samples=whole)
