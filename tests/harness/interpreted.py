"""Generated programs run by Python itself, slowly and with every access checked."""

from __future__ import annotations

import functools
import math
import struct

import numpy as np

from undertow._compile.leave import Leave
from undertow._compile.runtime.gammas import polygamma


class Pieces:
    """What the pieces of a loop have touched: no piece may touch what another one writes."""

    def __init__(self):
        self.log = None
        self.kept = []

    def touch(self, array, index, kind):
        if self.log is not None:
            at = array.__array_interface__["data"][0] + sum(i * s for i, s in zip(index, array.strides, strict=True))
            self.log.setdefault(at, set()).add(kind)

    def prange(self, n):
        logs = []
        for piece in reversed(range(n)):
            self.log = {}
            yield piece
            logs.append(self.log)
            self.log = None
        for k, log in enumerate(logs):
            for other in logs[:k]:
                for at in log.keys() & other.keys():
                    assert "write" not in log[at] | other[at], "two threads meet"
        self.kept.clear()


PIECES = Pieces()


def _in_lanes(index):
    return any(isinstance(i, slice) for i in (index if isinstance(index, tuple) else (index,)))


class Checked(np.ndarray):
    """An array that refuses indices outside, negative ones too."""

    def _flat(self, index):
        """What is read where a loop walks through memory in order: the last index alone counts, beyond its axis."""
        *before, last = index if isinstance(index, tuple) else (index,)
        if isinstance(last, slice) or self.ndim < 2 or len(before) != self.ndim - 1 or last < self.shape[-1] or any(
                isinstance(i, slice) or not 0 <= i < n for i, n in zip(before, self.shape[:-1], strict=True)):
            return index
        assert self.flags.c_contiguous
        at = int(np.ravel_multi_index((*before, 0), self.shape)) + last
        assert at < self.size, f"{index} is outside {self.shape}"
        return tuple(int(i) for i in np.unravel_index(at, self.shape))

    def _check(self, index):
        index = index if isinstance(index, tuple) else (index,)
        assert len(index) == self.ndim, f"{index} of {self.shape}"
        first = [i.start if isinstance(i, slice) else i for i in index]
        last = [i.stop - 1 if isinstance(i, slice) else i for i in index]
        assert all(0 <= i <= j < n for i, j, n in zip(first, last, self.shape, strict=True)), f"{index} is outside {self.shape}"

    def __getitem__(self, index):
        index = self._flat(index)
        self._check(index)
        if _in_lanes(index):
            return np.array(super().__getitem__(index))
        PIECES.touch(self, index if isinstance(index, tuple) else (index,), "read")
        return super().__getitem__(index)

    def __setitem__(self, index, value):
        index = self._flat(index)
        self._check(index)
        if not _in_lanes(index):
            PIECES.touch(self, index if isinstance(index, tuple) else (index,), "write")
        np.asarray(self)[index] = value


def checked(a):
    out = np.asarray(a).view(Checked)
    if PIECES.log is not None:
        PIECES.kept.append(out)  # so that no other piece gets the same memory
    return out


def _carve(dtype):
    def carve(pool, at, end, dims):
        fill = np.nan if np.dtype(dtype).kind == "f" else 0
        return checked(np.full(dims, fill, dtype))

    return carve


def _grow(stack, n):
    out = checked(np.full(max(n, 2 * stack.size), np.nan))
    np.asarray(out)[:stack.size] = np.asarray(stack)
    return out


def _matrix(array, at, rows, columns, m, n):
    index = [slice(i, i + {rows: m, columns: n}[k]) if k in (rows, columns) else i for k, i in enumerate(at)]
    for k, i in enumerate(at):
        assert 0 <= i and (i + {rows: m, columns: n}.get(k, 1)) <= array.shape[k]
    found = np.asarray(array)[tuple(index)]
    return found if rows < columns else found.T


def _product(c, c_at, c_rows, c_columns, a, a_at, a_rows, a_columns, b, b_at, b_rows, b_columns, m, n, k, keep):
    if m <= 0 or n <= 0:
        return
    out = _matrix(c, c_at, c_rows, c_columns, m, n)
    product = _matrix(a, a_at, a_rows, a_columns, m, k) @ _matrix(b, b_at, b_rows, b_columns, k, n) if k > 0 else 0.0
    out[...] = out + product if keep else product


def _added(start, lanes):
    for x in lanes:
        start = start + x
    return start


def _gather(array, index):
    places = zip(*np.broadcast_arrays(*index), strict=True)
    return np.array([array[tuple(int(i) for i in at)] for at in places])


def _scatter(array, index, value):
    *places, values = np.broadcast_arrays(*index, value)
    for *at, v in zip(*places, values, strict=True):
        array[tuple(int(i) for i in at)] += v


NAMES = {
    **{f"local_{t.__name__}": functools.partial(_carve(t), None, 0, 0) for t in (np.float64, np.float32, np.int64)},
    "local_bool": functools.partial(_carve(np.bool_), None, 0, 0),
    "carve_float64": _carve(np.float64), "carve_int64": _carve(np.int64), "carve_bool": _carve(np.bool_),
    "room": lambda at, size, dims: at + size * math.prod(dims), "clear": lambda a: np.asarray(a).fill(0),
    "empty": lambda dims, dtype: checked(np.full(dims, np.nan, dtype)),
    "zeros": lambda dims, dtype: checked(np.zeros(dims, dtype)), "shaped": lambda a, dims: a, "grow": _grow,
    "to_slot": lambda x: struct.unpack("d", struct.pack("q", x))[0],
    "from_slot": lambda x: struct.unpack("q", struct.pack("d", x))[0],
    "radd": lambda x, y: x + y, "float64": np.float64, "int64": int, "bool_": bool, "nan": math.nan, "inf": math.inf,
    "sin": np.sin, "cos": np.cos, "exp": np.exp, "sqrt": np.sqrt, "power": lambda x, y: x ** y, "log": np.log,
    "sign": np.sign, "maximum": np.maximum, "minimum": np.minimum, "Leave": Leave, "carve_float32": _carve(np.float32),
    "float32": np.float32, "isnan": np.isnan, "isinf": np.isinf, "isfinite": np.isfinite, "lgamma": math.lgamma,
    "gamma": math.gamma, "polygamma": polygamma, "cbrt": np.cbrt, "fmod": np.fmod,
    "prange": PIECES.prange, "pieces_for": lambda work, copied, threads: threads,
    "erf": math.erf, "erfc": math.erfc,
    **{n: getattr(np, n) for n in (
        "tan", "tanh", "sinh", "cosh", "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh", "arctan2", "hypot",
        "log1p", "expm1", "log2", "log10", "exp2", "copysign", "floor", "ceil", "trunc", "rint")},
    "product_f64": _product, "product_f32": _product,
}
NAMES |= {f"{name}_each": np.vectorize(f, otypes=[float]) if f in (math.erf, math.erfc, math.lgamma, math.gamma) else f
          for name, f in NAMES.items() if callable(f)}
NAMES |= {f"{t}_each": functools.partial(np.asarray, dtype=t.strip("_")) for t in ("float64", "float32", "int64", "bool_")}
NAMES |= {"abs_each": abs, "spread": lambda x, n: np.full(n, x), "along": lambda i, step, n: i + step * np.arange(n), "lane": lambda v, k: v[k],
          "total": np.sum, "added": _added, "gather": _gather, "scatter": _scatter, "within": lambda c, i: np.where(c, i, i[np.argmax(c)]), "every": np.all, "some": np.any, "where": np.where}


def run(source, name, *args):
    """Results of a generated function, without those that describe its scratch memory."""
    scope = dict(NAMES)
    exec(source, scope)
    f = scope[name]
    extra = [n for n in f.__code__.co_varnames[:f.__code__.co_argcount] if n == "pool" or n.partition("_")[0] == "tape"]
    scratch = [checked(np.full(4, np.nan)) for _ in extra]
    given = [checked(a) if isinstance(a, np.ndarray) else a for a in args]
    given += [3] * ("threads" in f.__code__.co_varnames[:f.__code__.co_argcount])
    out = f(*given, *scratch)
    return out[:len(out) - len(extra)] if out is not None else ()
