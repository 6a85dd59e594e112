"""How many threads native code uses."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from .. import _compile

__all__ = ["threads"]


class threads(AbstractContextManager):
    """Let native code use several threads inside a ``with`` block.

    Parameters
    ----------
    count : int, optional
        Number of threads; as many as Numba would use if not given.

    Notes
    -----
    What is cut into pieces are loops of the compile tier whose iterations do not touch each other's memory, and their
    adjoints: maps over large arrays, reductions of NumPy, stencils, sums of contributions.  Where it cannot be excluded that
    two iterations meet, a loop stays serial.  Results are the same in every run with as many threads; sums may differ in
    rounding between different numbers of them.  Sums that the program itself writes as a loop keep their order, and stay
    serial, unless the loop is one over ``numba.prange``; such loops, and functions compiled with ``parallel=True``, run on
    threads without this block.

    Examples
    --------
    >>> import numpy as np, undertow as ut
    >>> with ut.threads(2):
    ...     ut.grad(lambda x: np.sum(x * x))(np.array([1.0, 2.0]))
    array([2., 4.])
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = count
        self.before: list[tuple[Any, int]] = []

    def __enter__(self) -> threads:
        import numba

        most = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
        self.before.append((_compile.options.set(_compile.options.get()._replace(threads=True)), numba.get_num_threads()))
        numba.set_num_threads(most if self.count is None else max(1, min(self.count, most)))
        return self

    def __exit__(self, *details: Any) -> None:
        import numba

        token, count = self.before.pop()
        _compile.options.reset(token)
        numba.set_num_threads(count)
