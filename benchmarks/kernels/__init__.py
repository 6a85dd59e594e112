"""Numerical kernels in plain NumPy, each with arguments in a small and a large size.

The programs know nothing of derivatives. A kernel's first argument is the one that is differentiated; where it
returns nothing, the sum of squares of the arrays it writes stands for its result.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

__all__ = ["Kernel", "all_kernels", "kernel"]

_MODULES = ("stencils", "linear", "factorizations", "networks", "sciences", "adbench", "objects", "loops")
_found: dict[str, Kernel] = {}


class Kernel:
    """One kernel.

    Attributes
    ----------
    function : callable
    build : callable
        ``build(rng, n)`` makes the arguments; `n` scales the work.
    written : tuple of int
        Arguments whose final values count as the result, for kernels that return nothing.
    small, large : int
        Sizes for checks and for timing.
    """

    def __init__(self, function: Callable, build: Callable, written: tuple[int, ...], small: int, large: int) -> None:
        self.function = function
        self.build = build
        self.written = written
        self.small = small
        self.large = large
        self.name = function.__name__

    def arguments(self, n: int) -> tuple:
        """Fresh arguments, the same for the same size."""
        return tuple(self.build(np.random.default_rng(42), n))

    @property
    def loss(self) -> Callable:
        """A function with a number as its value."""
        function, written = self.function, self.written
        if not written:
            return function
        if len(written) == 1:
            k = written[0]

            def loss(*args: Any) -> Any:
                function(*args)
                return np.sum(args[k] * args[k])
        else:
            def loss(*args: Any) -> Any:
                function(*args)
                total = 0.0
                for k in written:
                    total = total + np.sum(args[k] * args[k])
                return total
        return loss


def kernel(build: Callable, *, written: tuple[int, ...] = (), small: int = 8, large: int = 64) -> Callable:
    """Register a kernel; returns the function unchanged."""
    def register(function: Callable) -> Callable:
        _found[function.__name__] = Kernel(function, build, written, small, large)
        return function

    return register


def all_kernels() -> Iterator[Kernel]:
    """Every kernel, module by module."""
    for name in _MODULES:
        importlib.import_module(f"{__name__}.{name}")
    yield from _found.values()
