"""Numbers that are not arrays: Python floats, NumPy scalars, complex numbers, math and cmath."""

import cmath
import math
import numbers
import operator

import numpy as np

from ._case import Corpus, vec

case = Corpus(__name__)


@case(0.7)
def polynomial_by_horner(x):
    result = 0.0
    for c in (3, -1.5, 0.25, 2):
        result = result * x + c
    return result


@case(1.3, 0.4)
def every_operator(x, y):
    a = x + y * 2 - 3 / x
    b = -a + +y
    c = abs(b) ** x
    d = c % 0.7 + 5.1 % y
    q, r = divmod(x * 10, y * 3)
    return a * b + c * d + q * 0.1 + r + x // 0.3


@case(1.3)
def reflected_operators(x):
    return (2 + x) * (2 - x) * (2 * x) / (2 / x) + 2**x + 7.5 % x + 9 // x


@case(1.2, 0.6)
def augmented_on_scalars_makes_new_values(x, y):
    before = x
    x += y
    x *= before
    x -= 1
    x /= 2
    x **= 2
    return x * before


@case(vec(3))
def scalar_from_array_is_a_copy(a):
    s = a[0]
    s += 10.0
    s *= a[1]
    a[0] = 5.0
    return s + a[0] * a[2]


@case(1.4)
def augmented_alias_of_numpy_scalar(x):
    s = np.float64(x)
    t = s
    s *= 3
    return s * t


@case(0.6)
def math_functions(x):
    total = math.sin(x) + math.cos(x) * math.tan(x) - math.asin(x) + math.acos(x) * math.atan(x)
    total += math.sinh(x) * math.cosh(x) - math.tanh(x) + math.asinh(x) + math.acosh(1 + x) + math.atanh(x)
    total += math.exp(x) + math.expm1(x) * math.log1p(x) + math.log(x) * math.log2(x) + math.log10(x) + math.log(x, 3)
    return total + math.sqrt(x) * math.cbrt(x) + math.erf(x) * math.erfc(x) + math.gamma(x) + math.lgamma(x)


@case(0.65, -1.4)
def math_functions_of_two(x, y):
    total = math.atan2(y, x) + math.hypot(x, y, 2.0) + math.pow(x, y) + math.copysign(x, y) + math.fmod(7 * x, y)
    total += math.dist([x, y], [1.0, x]) + math.fsum([x, y, x * y]) + math.prod([x, y, 3.0], start=2)
    return total + math.ldexp(x, 3) + math.degrees(x) + math.radians(y) + math.fabs(y) + math.exp2(x)


@case(5.3)
def frexp_and_modf(x):
    m, e = math.frexp(x)
    f, i = math.modf(x * x)
    return m * m * e + f * i


@case(2.6)
def remainder_functions(x):
    return math.remainder(x, 0.7) * x + math.fmod(x, 0.7) + x % -0.7


@case(0.4)
def integers_promote(n):
    k = 3
    k = k * n
    flag = True
    return k + flag * n + (not flag) + n * (1 << 4) + int(True) * n


@case(1.1)
def comparison_chain(x):
    if 0 < x < 2 and x != 1 and not x > 5:
        return x * x
    return -x


@case(0.3)
def conditional_expression(x):
    return (math.sin(x) if x > 0 else math.cos(x)) * (x if not x else 2 * x)


@case(0.8)
def isinstance_answers_as_in_the_plain_run(x):
    score = 0.0
    score += x if isinstance(x, float) else 100.0
    score += x * 2 if type(x) is float else 100.0
    score += x * 3 if isinstance(x, numbers.Real) else 100.0
    score += 100.0 if isinstance(x, (int, np.ndarray, complex)) else x
    score += x if type(x * 2.0) == float and type(x).__name__ == "float" else 100.0  # noqa: E721
    score += x if isinstance(np.float64(x), np.floating) and type(np.float64(x)) is np.float64 else 100.0
    return score


@case(vec(3))
def element_type(a):
    total = 0.0
    for v in a:
        if type(v) is np.float64 and isinstance(v, float) and v.dtype == np.float64 and v.shape == () and v.ndim == 0:
            total += v.item() * v
    return total


@case(0.5)
def float_constructor_and_methods(x):
    y = float(x)
    z = x.real + x.conjugate() * 2 + x.imag
    return y * z + x.is_integer()


@case(1.8)
def numpy_scalar_methods(x):
    s = np.float64(x)
    return s.sum() * s.clip(0, 2) + s.item() + s.conj() + s.reshape(1)[0] + s.astype(float) + s.round(0) + s.mean()


@case(1.25)
def min_max_sum_builtins(x):
    values = [x, x * x, 1.0, 3 / x]
    return max(values) * min(values) + sum(values) + max(x, 0.5) + min(2, x, 7) + sum(values, start=x) + abs(-x)


@case(1.22)
def round_to_digits_is_a_step(x):
    return x * round(x) + round(x, 1) * 2 * x


@case(1.7)
def pow_forms(x):
    return pow(x, 3) + pow(2, x) + x**-2 + x**0.5 + x**0 + 0**x + operator.pow(x, x)


@case(-1.7)
def pow_of_negative_base(x):
    return x**2 + x**3 + x**-1 + np.float64(x) ** 4


@case(0.0)
def pow_at_zero(x):
    return x**2 + x**1 + (x + 1) ** x


@case(0.9)
def operator_module(x):
    total = operator.add(x, 2) * operator.sub(3, x) + operator.truediv(x, 4) + operator.neg(x) + operator.mul(x, x)
    total = operator.iadd(total, x)
    pick = operator.itemgetter(1, 0)([x, x * x])
    return total + operator.abs(pick[0]) * pick[1] + operator.mod(x, 0.4) + operator.floordiv(x, 0.4)


@case(0.9)
def rebinding_and_shadowing(x):
    y = x
    x = y * y
    y, x = x, y
    x = y = x * y
    del y
    return x * 2


@case(2.0 + 3.0j, gradient=1 + 0j)
def complex_real_part(z):
    return z.real


@case(2.0 + 3.0j, gradient=3 + 2j)
def complex_product_of_parts(z):
    return z.real * z.imag


@case(2.0 + 3.0j, gradient=4 + 2j)
def complex_product_plus(z):
    return z.real * z.imag + z.real


@case(4.0 + 5.0j, gradient=456 + 160j)
def complex_abs2(z):
    return abs(z * z.real) ** 2


@case(0.4, 1.1)
def complex_built_from_reals(a, b):
    z = complex(a, b)
    w = z * z + 1j * a - b / z
    return w.real * w.imag + abs(w)


@case(0.3 + 0.4j)
def cmath_functions(z):
    w = cmath.exp(z) * cmath.sin(z) + cmath.log(z) - cmath.sqrt(z) + cmath.cosh(z) / cmath.tan(z)
    return w + z**3 + z ** (1 + 1j) + z.conjugate() * cmath.phase(z)


@case(0.3, 0.8)
def polar_and_rectangular(r, phi):
    z = cmath.rect(r, phi)
    modulus, angle = cmath.polar(z * z)
    return modulus + angle * z.imag


@case(0.7)
def taylor_series_of_exponential(x):
    term = total = 1.0
    for k in range(1, 20):
        term *= x / k
        total += term
    return total


@case(2.0, gradient=1 / (2 * math.sqrt(2.0)))
def newton_square_root(a):
    x = a
    while abs(x * x - a) > 1e-12:
        x = 0.5 * (x + a / x)
    return x


@case(0.1, 0.2, 0.3)
def kahan_summation(a, b, c):
    total = compensation = 0.0
    for v in (a, b, c, a * b, 1e3, -1e3):
        y = v - compensation
        t = total + y
        compensation = (t - total) - y
        total = t
    return total * a


@case(0.9)
def two_sum_and_two_product(a):
    b = a * a
    s = a + b
    bb = s - a
    error = (a - (s - bb)) + (b - bb)
    return s + error


@case(1.5)
def float32_scalars(x):
    a = np.float32(0.5)
    return np.float64(a * np.float64(x)) + x * float(a)


@case(np.float32(1.5), rtol=1e-4, nested=False)
def float32_argument(x):
    return x * x + np.sin(x)


@case(np.float64(0.35))
def numpy_scalar_argument(x):
    return np.exp(x) * x + math.exp(x)


@case(1.2)
def hash_and_dict_key(x):
    table = {x: 3.0, 5: x}
    seen = {x, x, 2.0}
    return table[x] * x + table[5] + len(seen) + (x in seen) + [2.0, x].index(x)


@case(1.2)
def string_formatting_reads_only(x):
    message = f"x = {x:.3f} and {x!r} or {x}" + "%g" % x + "{:e}".format(x) + str(x) + repr(x)  # noqa: UP031, UP032
    return x * len(message.split("=")) + x * x


@case(3.7)
def integer_steps(x):
    n = int(x)
    return x * n + math.floor(x) * x + math.ceil(x) + math.trunc(x) * x + x // 1 * x


@case(0.73, 4)
def range_from_a_step(x, n):
    total = 0.0
    for i in range(int(x * 10) - n):
        total += x**i
    return total


@case(1.3, -0.8)
def logical_values(a, b):
    c = a and b
    d = b or a
    e = (a > b) * a + (not b) * 3
    return c * d + e + any([a, b]) * a + all([a > 0, b > 0]) * b


@case(1.0)
def clamp_and_sign(x):
    return max(0.0, min(0.8, x)) * x + math.copysign(2.0, x) * x + float(np.sign(x)) * x


@case(0.4)
def nested_functions_of_functions(x):
    return math.sin(math.cos(math.sin(math.cos(x) * x) + x) * math.exp(-x))


@case(0.5, 1.5)
def unused_results(x, y):
    math.sin(x)
    x * y
    _ = math.log(y)
    return y * 2 + 0 * x


@case(0.5, gradient=0.0)
def constant_result(x):
    return 3.0


@case(1.2, gradient=0.0)
def difference_with_itself(x):
    y = x
    return x - y + (x > 0)


@case(1e-3, 1e3)
def large_dynamic_range(small, large):
    return math.log(math.exp(-large * small) + small**2) + large * small**3


@case(vec(4))
def from_array_to_float_and_back(a):
    total = float(a[0]) * a[1].item()
    b = np.array([total, float(a[2]), 1.0])
    return float(b @ b) + a.tolist()[3] * b[1]


@case(0.6, vec(4))
def number_compared_with_array(x, a):
    mask = (x <= a) | (a < x - 0.3)
    mask2 = np.where(a != x, a > x, a == x)
    return np.sum(a[mask] * x) + np.sum(a[mask2]) + (x > a).sum() * x + float((x == a).any())
