"""Arrays from numbers: array, arange, and the converters behind linspace, geomspace and others."""

from __future__ import annotations

import numpy as np

from .._registry import linear, pullback, pushforward, substitute
from ..samples import Sample, array

# ---- array and its kin ----------------------------------------------------------------------------------------


def nest(x_bar, like):
    """`x_bar` as nested lists where `like` is one."""
    if isinstance(like, (list, tuple)):
        return [nest(x_bar[i], item) for i, item in enumerate(like)]
    return np.reshape(x_bar, np.shape(like))


def flesh(tangent, like):
    """`tangent`, in which None stands for zero, with the nesting and shape of `like`."""
    if isinstance(like, (list, tuple)):
        return [flesh(None if tangent is None else tangent[i], item) for i, item in enumerate(like)]
    return np.zeros(np.shape(like)) if tangent is None else tangent


def _depth_shape(x):
    """Shape of nested sequences of arrays."""
    return (len(x), *(_depth_shape(x[0]) if len(x) else ())) if isinstance(x, (list, tuple)) else np.shape(x)


def array_pullback(y, y_bar, object, dtype=None, *args, **kwargs):
    """Elements keep their places; axes of length one that ``ndmin`` added go."""
    return nest(np.reshape(y_bar, _depth_shape(object)), object)


def array_pushforward(y, tangents, object, dtype=None, *args, **kwargs):
    """The array of the tangents."""
    return np.reshape(np.array(flesh(tangents[0], object)), np.shape(y))


nested = [Sample(([0.5, 1.5],)), Sample(([[0.5, 1.5], [2.0, -1.0]],)), Sample((array(2, 3),)),
          Sample(([array(3), [1.0, 2.0, 3.0]],)), Sample(((0.5, array()),)), Sample((1.5,)), Sample(([],))]
for f in (np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray):
    pullback(f, sequences=(0,), samples=nested)(array_pullback)
    pushforward(f, sequences=(0,))(array_pushforward)


@substitute(np.fromiter, samples=[Sample(([0.5, 1.5], float)), Sample(([0.5, 1.5, 2.5], float, 2))])
def fromiter(iter, dtype, count=-1, *, like=None):
    """Collect, then convert."""
    items = []
    for item in iter:
        if len(items) == count:
            break
        items.append(item)
    if len(items) < count:
        raise ValueError(f"iterator too short: Expected {count} but iterator had only {len(items)} items.")
    return np.array(items, dtype=dtype)


# ---- item -------------------------------------------------------------------------------------------------------


def item_adjoint(y_bar, a, *args):
    """Put the element back."""
    shape = np.shape(a)
    index = args[0] if len(args) == 1 and isinstance(args[0], tuple) else args
    if len(index) == 1 and len(shape) != 1:
        index = np.unravel_index(int(index[0]) % max(int(np.prod(shape)), 1), shape)
    mask = np.zeros(shape)
    mask[tuple(int(i) for i in index) if len(args) else ...] = 1.0
    return y_bar * mask


linear(np.ndarray.item, adjoint=item_adjoint, samples=[
    Sample((array(),)), Sample((array(1, 1),)), Sample((array(2, 3), 4)), Sample((array(2, 3), 1, 2)),
    Sample((array(2, 3), (1, -1)))])

# ---- ranges -----------------------------------------------------------------------------------------------------


def _steps(y, args, kwargs):
    """Names of the arguments of arange that are numbers, by position, and the number of each element."""
    given = [a for a in args[:3] if a is not None]
    names = ["stop"] if len(given) == 1 and "stop" not in kwargs else ["start", "stop", "step"][: len(args)]
    return names, np.arange(np.size(y), dtype=np.float64)


@pullback(np.arange, argnums=slice(0, None), samples=[
    Sample((4.2,)), Sample((0.5, 4.2)), Sample((0.5, 4.2, 0.7)), Sample((5.0, 1.2, -0.7))],
    convention="the number of elements jumps with stop")
def arange(y, y_bar, *args, **kwargs):
    """``y[i] = start + i step``."""
    names, i = _steps(y, args, kwargs)
    bars = {"start": np.sum(y_bar), "step": np.sum(i * y_bar)}
    return tuple(bars.get(name) for name in names) + (None,) * (len(args) - len(names))


@pushforward(np.arange, argnums=slice(0, None))
def arange_pushforward(y, tangents, *args, **kwargs):
    """``start_dot + i step_dot``."""
    names, i = _steps(y, args, kwargs)
    y_dot = np.zeros(np.shape(y))
    for name, tangent in zip(names, tangents, strict=False):
        if tangent is not None and name != "stop":
            y_dot = y_dot + (tangent if name == "start" else i * tangent)
    return y_dot


# ---- the converter of NumPy's Python code -----------------------------------------------------------------------


class ArrayConverter:
    """What ``_array_converter`` does for arrays and numbers, in Python, so that it can be followed."""

    def __init__(self, *array_likes):
        self.inputs = array_likes
        self.arrays = tuple(x if isinstance(x, (np.ndarray, np.generic)) else np.asarray(x) for x in array_likes)
        self.scalar_input = tuple(not isinstance(x, (np.ndarray, list, tuple)) for x in array_likes)

    def __iter__(self):
        return iter(np.asarray(x) for x in self.arrays)

    def __len__(self):
        return len(self.arrays)

    def __getitem__(self, index):
        return np.asarray(self.arrays[index])

    def as_arrays(self, subok=True, pyscalars="convert_if_no_array"):
        """The arguments as arrays; Python numbers stay as they are beside an array."""
        numbers = tuple(isinstance(x, (int, float, complex)) and not isinstance(x, np.generic) for x in self.inputs)
        keep = pyscalars == "preserve" or (pyscalars == "convert_if_no_array" and not all(numbers))
        return tuple(x if number and keep else np.asarray(a)
                     for x, a, number in zip(self.inputs, self.arrays, numbers, strict=True))

    def result_type(self, extra_dtype=None, ensure_inexact=False):
        """As `np.result_type` with weak Python numbers."""
        extra = ([] if extra_dtype is None else [extra_dtype]) + ([1.0] if ensure_inexact else [])
        return np.result_type(*self.inputs_for_type(), *extra)

    def inputs_for_type(self):
        """Arrays, and Python numbers, which promote weakly."""
        return [x if isinstance(x, (int, float, complex, np.ndarray, np.generic)) else a
                for x, a in zip(self.inputs, self.arrays, strict=True)]

    def wrap(self, arr, /, to_scalar=None):
        """A scalar if all arguments were."""
        if to_scalar or (to_scalar is None and all(self.scalar_input)):
            return arr[()] if isinstance(arr, np.ndarray) else arr
        return arr


@substitute(np._core._multiarray_umath._array_converter)
def array_converter(*array_likes):
    """The Python converter in place of the compiled one."""
    return ArrayConverter(*array_likes)


@substitute(np.ndarray.__array_wrap__)
def array_wrap(self, array, context=None, return_scalar=False):
    """An array is its own wrapping; of no dimensions, its number if that is asked for."""
    return array[()] if return_scalar and np.ndim(array) == 0 else array
