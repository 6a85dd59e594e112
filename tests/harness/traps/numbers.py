"""Types, arithmetic, exceptions, NaN, bounds."""

import math

import numpy as np

from ._case import M, Traps, V

case = Traps()


@case(lambda: np.array(2.0))
def zero_d(x):
    return x * x


@case(lambda: np.array(2.0))
def zero_d_inplace(x):
    x += 1
    return float(x * x)


@case(lambda: np.zeros(0))
def empty_sum(x):
    return x.sum() + 1.0


@case(lambda: np.zeros(0))
def empty_max(x):
    return x.max()


@case(lambda: np.zeros(0))
def empty_mean(x):
    return x.mean()


@case(lambda: np.zeros(0))
def empty_index(x):
    return x[0]


@case(lambda: np.zeros(0))
def empty_last(x):
    return x[-1]


@case(lambda: np.zeros((0, 3)))
def empty_axis0(x):
    return x.sum(axis=0).sum()


@case(lambda: np.zeros((3, 0)))
def empty_max_axis(x):
    return x.max(axis=1).sum()


@case(lambda: np.linspace(0, 1, 5, dtype=np.float32))
def f32_mix(x):
    return (x * 2.0 + np.float32(1)).sum()


@case(lambda: np.linspace(0, 1, 5, dtype=np.float32))
def f32_np64(x):
    return (x * np.float64(2.0)).sum()


@case(lambda: np.linspace(0, 1, 5, dtype=np.float32), 0.1)
def f32_pyfloat(x, a):
    y = x * a
    return y.sum() * a


@case(lambda: np.linspace(0, 1, 5, dtype=np.float32), np.float64(0.1))
def f32_npfloat(x, a):
    y = x * a
    return y.sum() * a


@case(lambda: np.linspace(0, 1, 5, dtype=np.float32))
def f32_store(x):
    y = np.zeros(5)
    y[:] = x
    z = np.zeros_like(x)
    z[:] = y * 1.1
    return z.sum() + y.sum()


@case(lambda: np.linspace(0, 1, 5, dtype=np.float32))
def f32_accumulate_loop(x):
    s = 0.0
    for v in x:
        s += v * v
    return s


@case(lambda: np.arange(5), 2.0)
def int_array(n, a):
    return (n * a).sum()


@case(lambda: np.arange(5), 2.0)
def int_division(n, a):
    return (n // 2).sum() * a + (n % 3).sum() * a + (-n // 2).sum() * a


@case(lambda: np.arange(5), 2.0)
def int_div_zero(n, a):
    with np.errstate(all="ignore"):
        return (10 // n).sum() * a


@case(5, 2.0)
def py_int_div_zero(n, a):
    return a * (n // (n - 5))


@case(5, 2.0)
def py_int_mod(n, a):
    return a * (-n % 3) + a * (n % -3) + a * (-n // 3)


@case(5, 2.0)
def py_int_pow(n, a):
    return a * n**30


@case(5, 2.0)
def py_int_negpow(n, a):
    return a * n**-2


@case(2**40, 2.0)
def py_int_big_mul(n, a):
    return a * (n * n)


@case(2**40, 2.0)
def py_int_shift(n, a):
    return a * (n << 30)


@case(2**61, 2.0)
def py_int_add_over(n, a):
    s = 0
    for _ in range(10):
        s += n
    return a * s


@case(lambda: np.int64(2**62 - 1), 2.0)
def np_int_add_wrap(n, a):
    return a * float(n + n + n)


@case(lambda: np.array([2**62, 2**62, 2**62]), 2.0)
def np_int_arr_wrap(n, a):
    return a * float(n.sum())


@case(3.0, -2.0)
def float_mod(x, y):
    return x % y + x // y + divmod(x, y)[1] + math.fmod(x, y)


@case(lambda: np.array([3.0, -2.0, 5.5]), -2.0)
def float_mod_array(x, y):
    return (x % y).sum() + (x // y).sum()


@case(3.0, 0.0)
def float_div_zero(x, y):
    return x / y


@case(np.float64(3.0), np.float64(0.0))
def npfloat_div_zero(x, y):
    return x / y


@case(3.0, 0.0)
def float_mod_zero(x, y):
    return x % y


@case(-8.0, 1 / 3)
def neg_pow(x, y):
    return (x**y).real


@case(np.float64(-8.0), 1 / 3)
def np_neg_pow(x, y):
    return x**y


@case(0.0)
def zero_pow_neg(x):
    return x**-1


@case(710.0)
def math_exp_overflow(x):
    return math.exp(x)


@case(-1.0)
def math_log_neg(x):
    return math.log(x)


@case(0.0)
def math_log_zero(x):
    return math.log(x)


@case(-1.0)
def math_sqrt_neg(x):
    return math.sqrt(x)


@case(float("inf"))
def math_sin_inf(x):
    return math.sin(x)


@case(2.0)
def math_acos(x):
    return math.acos(x)


@case(1e308)
def py_pow_overflow(x):
    return x**2


@case(1e308)
def py_mul_overflow(x):
    return x * x


@case(1e200)
def math_pow_over(x):
    return math.pow(x, 2)


@case(float("nan"))
def int_nan(x):
    return x * int(x)


@case(float("inf"))
def int_inf(x):
    return x * int(x)


@case(lambda: np.array([1.0, np.nan, 3.0]))
def nan_max(x):
    return x.max()


@case(lambda: np.array([1.0, np.nan, 3.0]))
def nan_builtin_max(x):
    return max(x[0], x[1], x[2]) + max(x[1], x[0]) * 0


@case(lambda: np.array([1.0, np.nan, 3.0]))
def nan_sort(x):
    return np.sort(x)[0]


@case(lambda: np.array([1.0, np.nan, 3.0]))
def nan_argmax(x):
    return x[np.argmax(x)]


@case(lambda: np.array([1.0, np.nan, 3.0]))
def nan_min_where(x):
    return np.where(np.isnan(x), 0.0, x).sum()


@case(lambda: np.array([1.0, np.nan, 3.0]))
def nan_sum(x):
    return np.nansum(x)


@case(lambda: np.array([1.0, np.nan, 3.0]))
def nan_compare(x):
    return x[0] if x[1] < 2 or x[1] >= 2 else x[2]


@case(lambda: np.array([0.0, -0.0, 3.0]))
def signed_zero(x):
    return np.copysign(1.0, x).sum() + (1 / np.where(x == 0, x, 1.0))[2]


@case(V(6), 7)
def oob_read(x, k):
    return x[k]


@case(V(6), -7)
def oob_neg(x, k):
    return x[k]


@case(V(6), -6)
def neg_ok(x, k):
    return x[k] * 2


@case(V(6), 9)
def oob_write(x, k):
    x[0] = 5.0
    x[k] = 1.0
    return x.sum()


@case(V(6), 9)
def slice_beyond(x, k):
    return x[2:k].sum() + x[k:].sum() + x[-k:].sum()


@case(V(6), lambda: np.array([0, 9]))
def gather_oob(x, k):
    return x[k].sum()


@case(V(6), lambda: np.array([0, -6]))
def gather_neg(x, k):
    return x[k].sum()


@case(V(6), lambda: np.array([True, False, True]))
def mask_wrong(x, k):
    return x[k].sum()


@case(V(6), V(5))
def shape_mismatch(x, y):
    return (x + y).sum()


@case(V(6), V(1))
def shape_bcast(x, y):
    return (x + y).sum()


@case(V(6), V(5))
def assign_mismatch(x, y):
    x[0] = 3.0
    x[:] = y
    return x.sum()


@case(M(3, 4), M(3, 4))
def matmul_mismatch(a, b):
    return (a @ b).sum()


@case(V(6))
def raise_midway(x):
    for i in range(6):
        x[i] *= 2
        if x[i] > 1.5:
            raise ValueError(f"at {i}")
    return x.sum()


@case(V(6))
def caught_midway(x):
    try:
        for i in range(8):
            x[i] *= 2
    except IndexError:
        x[0] += 10
    return x.sum()


@case(V(6))
def finally_effects(x):
    try:
        x[0] = 1 / x[5] if x[5] > -9 else 0.0
    finally:
        x[1] = 5.0
    return (x**2).sum()


@case(V(6), -2.0)
def signs_copied(x, a):
    total = 0.0
    for v in x:
        total += math.copysign(float(v), a) * float(v)
    return (np.copysign(x, -1.0) * x).sum() + total
