"""Scenarios of DifferentiationInterfaceTest, out of place and in place, with closures and scratch buffers."""

import math

import numpy as np

from ._case import Corpus, make, vec

case = Corpus(__name__)
six = make(lambda r: np.arange(1.0, 7.0) / 6)
two_by_three = make(lambda r: np.arange(1.0, 7.0).reshape(2, 3) / 6)


@case(0.42, gradient=math.cos(0.42))
def num_to_num(x):
    return math.sin(x)


@case(np.array([0.42]))
def one_to_one(x):
    return np.sin(x)


@case(np.zeros(1), np.array([0.42]))
def one_to_one_in_place(y, x):
    np.sin(x, out=y)
    return y


@case(0.42)
def num_to_vec(x):
    return np.sin(np.array([1, 2]) * x)


@case(np.zeros(6), 0.42)
def num_to_vec_in_place(y, x):
    n = len(y)
    y[: n // 2] = math.sin(x)
    y[n // 2:] = math.sin(2 * x)
    return y


@case(0.42)
def num_to_mat(x):
    return np.stack([num_to_vec(x), num_to_vec(3 * x)], axis=1)


@case(np.zeros((4, 2)), 0.42)
def num_to_mat_in_place(y, x):
    num_to_vec_in_place(y[:, 0], x)
    num_to_vec_in_place(y[:, 1], 3 * x)
    return y


@case(six)
def arr_to_num_linalg(x):
    return (np.ravel(x**4)[:, None] * np.ravel(x**6)[None]).sum()


@case(two_by_three)
def arr_to_num_loops(x):
    total = 0
    for a in x.flat:
        for b in x.flat:
            total += a**4 * b**6
    return total


@case(six)
def vec_to_vec(x):
    return np.concatenate([np.sin(x), np.cos(x)])


@case(np.zeros(12), six)
def vec_to_vec_in_place(y, x):
    n = len(x)
    y[:n] = np.sin(x)
    np.cos(x, out=y[n:])


@case(six)
def vec_to_mat(x):
    return np.column_stack([np.sin(x), np.cos(x)])


@case(np.zeros((6, 2)), six)
def vec_to_mat_in_place(y, x):
    y[:, 0] = np.sin(x)
    y[:, 1] = np.cos(x)


@case(two_by_three)
def mat_to_vec(x):
    return np.concatenate([np.sin(x).ravel(), np.cos(x).ravel(order="F")])


@case(two_by_three)
def mat_to_mat(x):
    return np.vstack([np.sin(x), np.cos(x)])


@case(np.zeros((4, 3)), two_by_three)
def mat_to_mat_in_place(y, x):
    y[:2] = np.sin(x)
    y[2:] = np.cos(x)


class WritableClosure:
    """A function that owns a buffer it writes."""

    def __init__(self, n):
        self.buffer = np.zeros(n)

    def __call__(self, x):
        self.buffer[:] = x**2
        self.buffer[1:] += self.buffer[:-1]
        return self.buffer.copy()


@case(make(lambda r: WritableClosure(6)), six, argnums=1, nested=False)
def writable_closure(f, x):
    return f(x)


def written_closure():
    buffer = np.zeros(6)

    def f(x):
        np.multiply(x, x, out=buffer)
        return buffer.sum() + buffer[2] * x[0]

    return f


case.add(written_closure(), six, name="closure_over_its_buffer", nested=False)


@case(six, {"a": np.zeros(6), "b": (np.zeros((2, 3)), 0)}, argnums=0, nested=False)
def scratch_buffers_in_containers(x, cache):
    cache["a"][:] = np.sin(x)
    cache["b"][0][...] = cache["a"].reshape(2, 3) * x[0]
    return cache["b"][0].sum() * cache["a"][1]


@case(six, 3.0, argnums=0)
def constant_multiplies(x, a):
    return a * vec_to_vec(x)


@case(vec(8))
def difference_square_and_cube(x):
    d = np.diff(x)
    return np.concatenate([d**2, d**3]).reshape(2, 7)


@case(vec(8))
def sum_of_difference_cubes(x):
    return (np.diff(x) ** 3).sum()


@case(vec(6))
def banded_quadratic_form(x):
    band = np.eye(6) + 0.5 * np.eye(6, k=1)
    return (band @ x**2) @ x**2


@case(np.zeros(0), 2.0)
def empty_and_scalar(x, a):
    return x * a, a * a


@case(1.0 + 2.0j, 0.5 - 0.3j)
def complex_products(z, w):
    return z**2 * w + abs(z) ** 2 * w.conjugate()


@case(make(lambda r: r.normal(size=3) + 1j * r.normal(size=3)))
def complex_array_in_place(z):
    z[1:] *= z[:-1]
    z += z.conj()[::-1] * 1j
    return z


@case(make(lambda r: r.normal(size=3) + 1j * r.normal(size=3)))
def real_loss_of_complex_array(z):
    return (abs(z) ** 2).sum() + z.real @ z.imag + np.angle(z[0])


@case(make(lambda r: r.normal(size=4).astype(np.float32)), rtol=1e-4, nested=False)
def single_precision(x):
    x[1:] *= x[:-1]
    return (np.sin(x) * np.float32(2)).sum()


@case(make(lambda r: r.normal(size=4).astype(np.complex64)), rtol=1e-4, nested=False)
def single_precision_complex(z):
    return z * z.conj() + z[0] ** 2
