"""Memory of large gradients, which comes back when nobody holds it any more.

The operating system hands out and takes back memory of this size page by page, and clears each: where arrays of some
hundred kilobytes are asked for at every call, that takes as long as the arithmetic on them.

An array that is lent rests on a `Lease`, as do all its views; when the last of them is gone, so is the lease, and the
memory waits for the next array of as many bytes.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np

__all__ = ["empty", "zeros"]

_LEAST = 2**17  # bytes of an array that is lent: less is at hand without asking the operating system
_MOST = 2**26  # bytes that wait
_ALIGNED = 64


class Pool:
    """Memory that waits, by its size."""

    def __init__(self) -> None:
        self.waiting: dict[int, list[np.ndarray]] = {}
        self.size = 0
        self.lock = threading.RLock()  # a lease may end anywhere, here too

    def take(self, size: int) -> np.ndarray:
        with self.lock:
            found = self.waiting.get(size)
            if found:
                self.size -= size
                return found.pop()
        return np.empty(size, np.uint8)

    def give(self, memory: np.ndarray) -> None:
        with self.lock:
            if self.size + memory.nbytes <= _MOST:
                self.size += memory.nbytes
                self.waiting.setdefault(memory.nbytes, []).append(memory)


_pool = Pool()


class Lease:
    """What a lent array stands on."""

    shown_once = True  # by one array, on which all others stand
    __slots__ = ("__array_interface__", "memory", "pool")

    def __init__(self, pool: Pool, shape: tuple, dtype: np.dtype, size: int) -> None:
        self.pool = pool
        self.memory = pool.take(size + _ALIGNED)
        start = self.memory.__array_interface__["data"][0]
        self.__array_interface__ = {"data": (start + -start % _ALIGNED, False), "shape": shape, "typestr": dtype.str, "version": 3}

    def __del__(self) -> None:
        self.pool.give(self.memory)


def empty(shape: tuple, dtype: np.dtype) -> Any:
    """As `numpy.empty`."""
    size = math.prod(shape) * dtype.itemsize
    return np.empty(shape, dtype) if size < _LEAST else np.asarray(Lease(_pool, shape, dtype, size))


def zeros(shape: tuple, dtype: np.dtype) -> Any:
    """As `numpy.zeros`."""
    if math.prod(shape) * dtype.itemsize < _LEAST:
        return np.zeros(shape, dtype)
    out = empty(shape, dtype)
    out.fill(0)
    return out
