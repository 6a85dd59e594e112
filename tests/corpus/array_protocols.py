"""Objects that take part in NumPy's protocols, and classes of arrays."""

from __future__ import annotations

import numpy as np

from ._case import Corpus, make, mat

case = Corpus(__name__)
spread = make(lambda rng: np.array([0.31, 0.72, 1.13, 0.46, 0.94, 0.23]) + rng.uniform(0, 0.01, 6))


class Wrapped:
    """An object that takes ufuncs over."""

    def __init__(self, a):
        self.a = a

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return getattr(ufunc, method)(*[getattr(v, "a", v) for v in inputs], **kwargs)


class Doubled(np.ndarray):
    """An array whose ufuncs double what they compute."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        result = getattr(ufunc, method)(*[np.asarray(v) for v in inputs], **kwargs)
        return (result * 2).view(Doubled) if isinstance(result, np.ndarray) else result


class Delegating(np.ndarray):
    """An array that leaves ufuncs to its base class."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return super().__array_ufunc__(ufunc, method, *[np.asarray(v) for v in inputs], **kwargs)


class Shifted(np.ndarray):
    """An array with its own idea of indices, and an attribute that its views inherit."""

    def __array_finalize__(self, obj):
        self.tag = getattr(obj, "tag", "none")

    def __getitem__(self, i):
        return super().__getitem__((i + 1) % 6 if isinstance(i, int) else i)

    def __setitem__(self, i, value):
        super().__setitem__((i + 1) % 6 if isinstance(i, int) else i, value)


class Dual:
    """An object with arithmetic of its own."""

    def __init__(self, v, d=0.0):
        self.v, self.d = v, d

    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.v + other.v, self.d + other.d)

    __radd__ = __add__

    def __mul__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.v * other.v, self.v * other.d + self.d * other.v)

    __rmul__ = __mul__


@case(spread)
def operator_meets_object_with_ufuncs(x):
    y = x * 1.0
    y *= Wrapped(x)
    return (x * Wrapped(x)).sum() + np.sin(Wrapped(x)).sum() + y @ x


@case(spread)
def subclass_that_doubles(x):
    u = x.view(Doubled)
    return float(np.asarray(u + u).sum()) + float(np.asarray(np.sin(u)).sum())


@case(spread)
def subclass_that_delegates(x):
    u = x.view(Delegating)
    return float(np.asarray(np.sin(u)).sum() + np.asarray(u * u).sum())


@case(spread)
def subclass_with_shifted_indices(x):
    w = (x * 1.0).view(Shifted)
    w.tag = "kept"
    w[0] = w[1] * 2
    w[[1, 2]] = w[[3, 4]]
    chosen, part = w[[0, 1]], w[1:3]
    part *= 2
    return float(np.asarray(w).sum() + np.asarray(chosen).sum() + w[2]) * (chosen.tag == "kept")


@case(mat(2, 2))
def matrix_class(x):
    m = np.matrix(x)
    return float((m * m.T).sum() + (m[0] * m[:, 0]).item() + np.trace(m) + (m**2)[0, 1] + m.A1[2])


@case(spread)
def objects_among_arrays(x):
    duals = np.array([Dual(v, 1.0) for v in x]) * 2.0
    square = (duals * duals).sum()
    return square.v + square.d + (x * Dual(x[1]))[1].v + (np.float64(2) * duals[0]).v


@case(spread)
def called_through_special_methods(x):
    return (np.sin.__call__(x).sum() + x.__mul__(x).sum() + np.ndarray.__getitem__(x, 2) * float.__add__(float(x[0]), 1.0)
            + list.__getitem__([x[0]], 0))


@case(spread)
def repeated_places_take_one_number(x):
    a = x * 1.0
    np.subtract.at(a, [2, 2], x[3])
    np.multiply.at(a, [4, 4, 1], x[0])
    return (a * a).sum()


@case(spread)
def division_by_a_python_zero(x):
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.where(x > 0.5, np.log(x), np.divide(x, 0.0) * 0)
    return np.nansum(y) + np.sqrt(x).sum()
