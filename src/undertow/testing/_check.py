"""Compare derivatives with differences, and the two modes with one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._operators import hvp, jvp, vjp
from .._operators.trees import leaves, with_leaves

__all__ = ["check_grads", "check_rule"]


def check_grads(f: Callable[..., Any], args: Any, *, argnums: Any = None, order: int = 1, rtol: float = 1e-6,
                atol: float = 1e-8, seed: int = 0) -> None:
    """Compare the derivatives of a function with extrapolated differences along random directions.

    Parameters
    ----------
    f : callable
        Function of numbers, arrays, and containers of them.
    args : tuple, or the single argument
        Where to differentiate.
    argnums : int or tuple of int
        Arguments to differentiate.  Default: all that hold floats.
    order : {1, 2}
        2: compare a Hessian-vector product too.
    rtol, atol : float
        Tolerances.
    seed : int
        Of the random directions.

    Raises
    ------
    AssertionError
        If forward mode, reverse mode and differences do not agree.

    Notes
    -----
    Differences are those of Ridders (1982), doi:10.1016/S0141-1195(82)80057-0; this is the only place where undertow
    uses any.

    Examples
    --------
    >>> import numpy as np, undertow as ut
    >>> ut.check_grads(np.sin, (np.array([0.1, 0.2]),))
    """
    if not isinstance(args, tuple):
        args = (args,)
    if argnums is None:
        argnums = tuple(i for i, x in enumerate(args) if leaves(x))
    places = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    rng = np.random.default_rng(seed)

    def of_chosen(*chosen: Any) -> Any:
        full = list(copied(args))
        for i, x in zip(places, chosen, strict=True):
            full[i] = x
        return f(*full)

    x = tuple(copied(args[i]) for i in places)
    x_dot = with_leaves(x, [random_like(v, rng) for v in leaves(x)])
    expected, slack = ridders(of_chosen, x, x_dot)
    y, y_dot = jvp(of_chosen, copied(x), x_dot)
    close("pushforward and differences", vector(y_dot), expected, rtol, atol + slack)
    y_bar = with_leaves(y, [random_like(v, rng) for v in leaves(y)]) if leaves(y) else 1.0
    _, pullback = vjp(of_chosen, *copied(x), argnums=tuple(range(len(x))))
    x_bar = pullback(y_bar)
    close("pullback and pushforward", pairing(x_bar, x_dot), pairing(y_bar, y_dot), 1e-9, 1e-11)
    if order > 1:
        def slope(*chosen: Any) -> Any:
            return jvp(of_chosen, chosen, x_dot)[1]

        expected, slack = ridders(slope, x, x_dot)
        close("second derivative and differences",
              np.atleast_1d(pairing(hvp(of_chosen, copied(x), x_dot), x_dot)) if len(x) > 1 else
              np.atleast_1d(pairing((hvp(of_chosen, copied(x), x_dot),), x_dot)), expected, 100 * rtol, atol + slack)


def check_rule(f: Callable[..., Any], *args: Any, rtol: float = 1e-6, **kwargs: Any) -> None:
    """Check the rule of a primitive in both modes at `args`, and that it can be differentiated again.

    Parameters
    ----------
    f : callable
        The primitive.
    *args, **kwargs
        Its arguments.
    rtol : float
        Tolerance against differences.

    Raises
    ------
    AssertionError
        If the rule is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> from undertow.testing import check_rule
    >>> check_rule(np.hypot, np.array([3.0, 1.0]), np.array([4.0, 2.0]))
    """

    def call(*given: Any) -> Any:
        return f(*given, **kwargs)

    check_grads(call, args, rtol=rtol)

    def total(*given: Any) -> Any:
        result = 0.0
        for y in leaves(f(*given, **kwargs)):
            result = result + np.sum(np.real(y * y))
        return result

    check_grads(total, args, order=2, rtol=rtol)


def copied(x: Any) -> Any:
    """A copy of a tree."""
    return with_leaves(x, [np.array(v, order="K") if isinstance(v, np.ndarray) else v for v in leaves(x)])


def random_like(v: Any, rng: Any) -> Any:
    """Random values of the kind of a leaf."""
    size = np.shape(v)
    r = rng.normal(size=size)
    if np.iscomplexobj(v):
        r = r + 1j * rng.normal(size=size)
    return np.asarray(r).astype(v.dtype) if isinstance(v, np.ndarray) else type(v)(r)


def vector(tree: Any) -> np.ndarray:
    """All numbers of a tree as one vector, complex if one is."""
    parts = [np.ravel(np.asarray(v)) for v in leaves(tree)]
    return np.concatenate(parts) if parts else np.zeros(1)


def pairing(a: Any, b: Any) -> float:
    """``Re ⟨a, b⟩``."""
    u, v = leaves(a), leaves(b)
    return float(sum(np.sum(np.real(np.conj(p) * q)) for p, q in zip(u, v, strict=True)))


def ridders(f: Any, x: tuple, x_dot: tuple) -> tuple[np.ndarray, float]:
    """Extrapolated central differences along a direction, and their error."""
    step, best, error = 1e-2, np.zeros(0), np.inf
    previous: list[np.ndarray] = []

    def at(t: float) -> np.ndarray:
        moved = [type(v)(v + t * d) if not isinstance(v, np.ndarray) else (v + t * d).astype(v.dtype)
                 for v, d in zip(leaves(x), leaves(x_dot), strict=True)]
        result = f(*with_leaves(copied(x), moved))
        return vector(result) if leaves(result) else np.atleast_1d(np.asarray(result, float))

    for _ in range(9):
        row = [(at(step) - at(-step)) / (2 * step)]
        for j, coarse in enumerate(previous):
            row.append(row[j] + (row[j] - coarse) / (4.0 ** (j + 1) - 1))
            estimate = float(np.max(np.maximum(abs(row[-1] - row[-2]), abs(row[-1] - coarse)), initial=0.0))
            if estimate < error:
                best, error = row[-1], estimate
        previous, step = row, step / 2
    return best, error


def close(what: str, got: Any, expected: Any, rtol: float, atol: float) -> None:
    """Raise if two vectors are not close relative to their size."""
    got, expected = np.atleast_1d(got), np.atleast_1d(expected)
    scale = float(np.max(np.abs(expected), initial=0.0))
    off = float(np.max(np.abs(got - expected), initial=0.0))
    if not off <= atol + rtol * scale:
        raise AssertionError(f"{what} do not agree: {got} and {expected} differ by {off:.2e}")
