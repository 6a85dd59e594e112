"""How derivatives pass through solvers."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from ..rules._callables import option

__all__ = ["solvers"]


class solvers(AbstractContextManager):
    """Choose how solvers of ``scipy.optimize`` are differentiated inside a ``with`` block.

    Parameters
    ----------
    implicit : bool
        True, as without the block: by the implicit function theorem at the solution.  False: the iterations are
        differentiated as they ran, which is the derivative of what the solver computed, however far it has come; solvers
        whose iterations are compiled code are then refused.

    Notes
    -----
    The implicit derivative runs the solver itself, and the user's functions in it, without recording, and evaluates
    them again at the solution: once recorded, and once for a Jacobian; counters in these functions count that.  What
    they store elsewhere during the iterations is refused if the result depends on it.

    Examples
    --------
    >>> import undertow as ut
    >>> from scipy.optimize import newton
    >>> def root(a):
    ...     with ut.solvers(implicit=False):
    ...         return newton(lambda x: x**3 - a, 1.5)
    >>> round(ut.grad(root)(8.0), 6)
    0.083333
    """

    def __init__(self, *, implicit: bool) -> None:
        self.implicit = implicit
        self.tokens: list[Any] = []

    def __enter__(self) -> solvers:
        self.tokens.append(option.implicit.set(self.implicit))
        return self

    def __exit__(self, *details: Any) -> None:
        option.implicit.reset(self.tokens.pop())
