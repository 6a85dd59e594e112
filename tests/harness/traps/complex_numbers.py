"""Complex numbers inside programs of real ones."""

import cmath
import math

import numpy as np

from ._case import Traps, V

case = Traps()


@case(1.5, 0.3)
def ops(x, y):
    z = complex(x, y)
    w = 2 - 1j
    t = z * w + z / w - w / z + z**3 + z**-2 + 1 / z + (-z) + z.conjugate() * 2 + z**0.5
    return t.real * 2 + t.imag * 3 + abs(t)


@case(1.5, 0.3)
def cm(x, y):
    z = complex(x, y)
    t = (
        cmath.exp(z)
        + cmath.sqrt(z)
        + cmath.log(z) * 2
        + cmath.sin(z)
        - cmath.cos(z) * 3
        + cmath.sinh(z)
        + cmath.cosh(z)
    )
    return t.real + 2 * t.imag + cmath.phase(t)


@case(-1.5, -0.3)
def cm_neg(x, y):
    z = complex(x, y)
    t = cmath.exp(z) + cmath.sqrt(z) * 1.3 + cmath.log(z) * 2 + z**0.5 * 5
    return t.real + 2 * t.imag + cmath.phase(t)


@case(0.0, 0.0)
def div_zero(x, y):
    return (1 / complex(x, y)).real


@case(np.float64(0.0), np.float64(0.0))
def div_zero_np(x, y):
    return abs(np.exp(1j * x) / (x + 1j * y))


@case(0.0, 0.0)
def log_zero(x, y):
    return cmath.log(complex(x, y)).real


@case(800.0, 0.1)
def exp_over(x, y):
    return cmath.exp(complex(x, y)).real


@case(1e200, 1e200)
def big_div(x, y):
    return (complex(x, y) / complex(y, x * 0.5)).real


@case(0.0, 1.0)
def abs_zero(x, y):
    return abs(complex(x, x)) * y


@case(1.5, 0.3)
def types(x, y):
    z = 0
    for k in range(3):
        z += complex(x, y) * k
    return z.real


@case(1.5, 0.3)
def types0(x, y):
    z = 0.0
    for k in range(3):
        if y > k:
            z = z + 1j * x
    return abs(z)


@case(np.float64(1.5), 0.3)
def npsc(x, y):
    z = np.exp(1j * x) * y + np.complex128(2)
    w = np.conj(z) * z
    return w.real + np.angle(z) + np.abs(z) + np.real(z) + np.imag(z)


@case(V(), 0.3)
def arr(x, a):
    z = np.exp(1j * x) * (1 + a * 1j)
    w = z * np.conj(z) + z.conj() / 2 + z**2
    return np.abs(w).sum() + w.sum().real + w.real.sum() * 2 + w.imag[1] * 3 + np.angle(z).sum()


@case(V(), 0.3)
def arr_write(x, a):
    z = np.zeros(6, dtype=complex)
    for k in range(6):
        z[k] = x[k] * np.exp(1j * k * a)
    z[0] = 3
    z[1:3] *= 2
    z[3:] += 1j * x[3:]
    z[::2] = z[::2][::-1]
    return (np.abs(z) ** 2 * np.arange(6)).sum()


@case(V(), 0.3)
def arr_real_alias(x, a):
    z = x * 1j
    r = z.real
    i = z.imag
    z[0] = 5 + 6j
    return r[0] + i[0] * a


@case(V(), 0.3)
def arr_real_write(x, a):
    z = x * 1j
    z.real[0] = 3.0
    z.imag[1] = a
    return np.abs(z).sum()


@case(V(), 0.3)
def mat(x, a):
    m = np.array([[x[0], 1j * x[1]], [-1j, a]])
    n = m @ m.conj().T
    v = m @ np.array([1, 1j])
    return (
        np.trace(n).real
        + np.abs(v).sum()
        + abs(np.vdot(v, v @ m))
        + n[0, 1].imag
        + np.linalg.norm(v)
        + np.abs(np.outer(v, v)).sum()
    )


@case(V(), 0.3)
def evo(x, a):
    psi = np.array([1.0, 0.0], dtype=complex)
    for k in range(5):
        h = np.array([[x[k], a], [a, -x[k]]])
        psi = psi - 0.1j * (h @ psi)
    return np.abs(psi[1]) ** 2


@case(V(), 0.3)
def where_c(x, a):
    z = np.where(x > 0, 1j * x, x + 0j)
    return (z * np.arange(6)).sum().real + np.abs(z).max() + np.mean(z).imag


@case(V(), 0.3)
def to_real(x, a):
    y = np.zeros(6)
    y[0] = (x[0] * 1j).real
    z = x + 0j
    y[1:] = z[1:].real
    return y.sum()


@case(V(), 0.3)
def to_real_bad(x, a):
    y = np.zeros(6)
    y[0] = x[0] * 1j
    return y.sum()


@case(V(), 0.3)
def order_bad(x, a):
    return a if (x[0] + 1j) < 2 else 2 * a


@case(V(), 0.3)
def eq(x, a):
    return a if (x[0] + 1j) == (x[0] + 1j) else 2 * a


@case(V(), 0.3)
def loop_var(x, a):
    z = c = complex(a, 0.2)
    n = 0
    while abs(z) < 2 and n < 20:
        z = z * z + c
        n += 1
    return abs(z) + n


@case(V(), 0.3)
def lists(x, a):
    zs = []
    for v in x:
        zs.append(v * 1j + a)
    return abs(sum(zs[1:3])) + abs(np.array(zs).sum())


@case(V(), 0.3)
def swap(x, a):
    u, v = 1 + 0j, 0j
    for t in x:
        c, s = math.cos(t), math.sin(t)
        u, v = c * u - 1j * s * v, -1j * s * u + c * v
    return abs(v) ** 2 * a


@case(V(), 0.3)
def f32c(x, a):
    y = x.astype(np.float32)
    return np.abs(y * 1j).sum()


@case(V(), 0.3)
def returns_c(x, a):
    return (x * 1j)[0]


@case(V(), 0.3)
def reshape_c(x, a):
    z = (x * 1j + a).reshape(2, 3)
    w = z.T.copy()
    w[0] = z[:, 1]
    return (
        np.abs(w.ravel() * np.arange(6)).sum()
        + np.abs(np.concatenate([w, w])).sum()
        + np.abs(np.stack([z[0], z[1]])).sum()
    )


@case(V(), 0.3)
def sum_axis(x, a):
    z = (x * 1j + a).reshape(2, 3)
    return np.abs(z.sum(axis=0)).sum() + np.abs(z.sum(axis=1)).sum() + np.abs(z.mean(axis=0)).sum()


@case(V(), 0.3)
def isreal(x, a):
    z = 1j * x
    return np.isfinite(z).sum() * a + (a if np.iscomplexobj(z) else 0) + (a if isinstance(z[0], complex) else 5 * a)


def complex_vector():
    return np.array([1 + 2j, -0.5j, 0.3 - 1j, 2.0])


@case(complex_vector, 0.3)
def complex_argument(z, a):
    return np.abs(z).sum() * a + (z**2).sum().real + z[1].imag


@case(lambda: complex_vector()[::-2], 0.3)
def complex_argument_with_strides(z, a):
    z *= 2j
    return np.abs(z).sum() * a + z[0].real


@case(complex_vector, 0.3)
def complex_argument_written(z, a):
    z[1:] = z[:-1] * a
    z[0] = 1.0
    return np.abs(z * np.arange(4)).sum()


@case(1 + 2j, np.complex128(0.5 - 1j), 2.0)
def complex_numbers_as_arguments(z, w, a):
    return abs(z * w) * a + (z / w).imag


@case({"z": 1 + 2j, "a": [0.5, 2j]}, complex_vector)
def complex_numbers_in_a_dict(d, v):
    return abs(d["z"] * d["a"][1]) + np.abs(v * d["z"]).sum() + d["a"][0]


SIGMA = np.array([[0, -1j], [1j, 0]])


@case(V(2), 0.3)
def complex_array_outside(x, a):
    return np.vdot(x, SIGMA @ x * 1j).real * a + abs(SIGMA[0, 1] * a)


@case(complex_vector, complex_vector)
def complex_argument_handed_back(z, w):
    w[:] = z * w
    return abs(w[0])
