"""Second derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._tiers import Ledger, Timed, check_tier
from . import directional
from .base import Operator, Problem, fitted, operator, relaxed
from .first import grad, jacobian
from .trees import leaves

__all__ = ["hessian", "hvp"]


def hessian(f: Callable[..., Any], argnums: Any = 0, *, tier: str = "auto", fastmath: bool = False) -> Any:
    r"""Dense Hessian of a function with a real number as result.

    .. math:: H_{ij} = \partial^2 f / \partial x_i \partial x_j

    Parameters
    ----------
    f : callable
        Any Python function with one real number as result.
    argnums : int, str, or tuple of these
        Arguments to differentiate: arrays, numbers, or containers of these.
    tier, fastmath
        As for `value_and_grad`.

    Returns
    -------
    callable
        The Hessian as a function of the arguments of `f`: an array of shape ``x.shape + x.shape``; for containers and
        several arguments the blocks of the Hessian, in the structure of the arguments twice over.

    Notes
    -----
    One reverse sweep through the gradient for each element of the argument.  At a kink, that of the branch that ran.

    Examples
    --------
    >>> import numpy as np, undertow as ut
    >>> ut.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    rows = jacobian(grad(f, argnums, tier="record" if tier == "record" else "auto"), argnums, mode="reverse", tier="record")
    check_tier(tier)

    def body(lower: Any, *args: Any, **kwargs: Any) -> Any:
        done = directional.hessian(lower, f, args, kwargs, argnums, tier)
        if done is not None and type(done) is not Ledger:
            return done
        with Timed(done):
            return recorded(lower, args, kwargs)

    def recorded(lower: Any, args: tuple, kwargs: dict) -> Any:
        return rows._under(lower, *args, **kwargs)

    return relaxed(Operator(body)) if fastmath else Operator(body)


@operator
def hvp(lower: Any, f: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...], *,
        tier: str = "auto", fastmath: bool = False) -> Any:
    r"""Product of the Hessian of a function with a vector, without the Hessian.

    .. math:: (f, x, v) \mapsto \nabla^2 f(x)\, v

    Parameters
    ----------
    f : callable
        Any Python function with one real number as result.
    primals, tangents : tuple
        Its arguments, and a direction for each, of the same structure.
    tier, fastmath
        As for `value_and_grad`.

    Returns
    -------
    object
        Of the structure of the argument; a tuple if there are several.

    Notes
    -----
    One reverse sweep through the gradient [1]_: a few evaluations of `f`, whatever the number of variables.

    References
    ----------
    .. [1] Pearlmutter (1994), Neural Computation 6(1). doi:10.1162/neco.1994.6.1.147

    Examples
    --------
    >>> import numpy as np, undertow as ut
    >>> ut.hvp(lambda x: x @ x, (np.ones(2),), (np.array([1.0, 0.0]),))
    array([2., 0.])
    """
    if fastmath:
        return relaxed(hvp)._under(lower, f, primals, tangents, tier=tier)
    places = tuple(i for i, x in enumerate(primals) if leaves(x))
    found = directional.hessian_product(lower, f, tuple(primals), tuple(tangents), places, check_tier(tier))
    if found is not None and type(found) is not Ledger:
        return found[0] if len(primals) == 1 else found
    with Timed(found):
        found = recorded_product(lower, f, tuple(primals), tangents, places)
    return found[0] if len(primals) == 1 else found


def recorded_product(lower: Any, f: Any, primals: tuple, tangents: tuple, places: tuple) -> Any:
    """`hvp` in the record tier."""
    problem = Problem(grad(f, places), primals, {}, places)
    recording = problem.record(lower)
    try:
        dots = fitted(lower, problem.form, tuple(tangents[i] for i in places), "tangent")
        return problem.structured(recording.pull(dots))
    finally:
        recording.close()
