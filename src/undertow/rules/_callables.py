"""Rules of functions that take functions: solvers, quadrature, and whatever else calls its user back.

Such a rule is a program in the place of the primitive (`substitute`).  It runs as recorded code, and says with the words
of this module which parts of it are recorded.  Outside a recording the words do what their defaults say, so that the
program computes what the primitive does.

``below(f, *args)``
    Call `f` one level down, where nothing of this level is active.  Functions among the arguments run there as they were
    written; the active numbers they reach (closures, defaults, globals, attributes, containers) are ordinary numbers
    meanwhile.  The results are constants of this level.
``bottom(f, *args)``
    The same on the lowest level, where nothing is active: for choices (nodes of a quadrature, which constraints hold).
``constant(x)``
    `x` as a constant of this level; the levels below follow it.
``attach(y, x)``
    `y`, a constant of this level, with the derivative of `x`, which has its shape.
``verified(y, x, what)``
    The same, where `x` must have the value of `y`; refused if it has not.
``unknown(y, x, reason)``
    `y`, which depends on `x` in a way that is not known: the derivative is refused if the result of the program uses it.
``left_behind(x, reason)``
    What callbacks have stored (in closures, attributes, containers, arrays they reach) since the last `below` began is `unknown`.
``active(x)``
    Whether `x` is active on this level.
``moving(x)``
    Whether `x` is active on this level or one below.
``through_source(f, *args)``
    Call the library function `f` itself, though it has a rule: its Python source is followed.
``calculus``
    The operators (``calculus.vjp``, ``calculus.jacobian``, ``calculus.grad``), which differentiate one level up.

A derivative that `below` left out is thereby *attached* again: recorded evaluation of the user's function at the solution
finds everything it depends on, wherever that comes from.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from ._registry import Refused, elementwise, pullback, pushforward

__all__ = ["active", "attach", "below", "bottom", "calculus", "constant", "left_behind", "moving", "option", "refused",
           "through_source", "unknown"]

calculus = SimpleNamespace()
"""Filled with the operators by the layer that defines them."""


def below(f, *args, **kwargs):
    """Call `f` where nothing is active."""
    return f(*args, **kwargs)


def bottom(f, *args, **kwargs):
    """Call `f` where nothing is active on any level."""
    return f(*args, **kwargs)


def through_source(f, *args, **kwargs):
    """Call `f`, followed through its source."""
    return f(*args, **kwargs)


def constant(x):
    """`x` as a constant."""
    return x


def active(x):
    """Whether `x` is active."""
    return False


def moving(x):
    """Whether `x` is active on any level."""
    return False


def refused(reason, what):
    """An error to raise: `what` has no derivative here, and the program cannot lose that by catching the error."""
    return Refused(f"{what}: {reason}").error()


def attach(y, x):
    """`y` with the derivative of `x`."""
    return y


elementwise(attach, None, lambda y, y_, x: 1.0, samples=[])


def verified(y, x, what):
    """`y` with the derivative of `x`, which must have the same value: otherwise the rule is about something else."""
    if not active(x):
        return y
    if not below(agree, y, constant(x)):
        raise refused("what was computed is not what the rule of the derivative knows", what)
    return attach(y, x)


def agree(y, x):
    """Whether two values are the same but for rounding."""
    y, x = np.asarray(y), np.asarray(x)
    if y.shape != x.shape:
        return False
    size = np.max(np.abs(y), initial=0.0, where=np.isfinite(y))
    return bool(np.allclose(y, x, rtol=1e-5, atol=1e-6 * (size + 1e-300), equal_nan=True))


def unknown(y, x, reason):
    """`y`, whose derivative is not known."""
    return np.array(y) if isinstance(y, np.ndarray) else y


@pullback(unknown, argnums=(0, 1), keep=(), samples=[])
def _unknown_pull(y, y_bar, value, x, reason):
    if np.any(y_bar != 0):
        raise Refused(reason).error()
    return None, None


@pushforward(unknown, argnums=(0, 1), samples=[])
def _unknown_push(y, tangents, value, x, reason):
    return np.nan * np.ones(np.shape(y))


def left_behind(x, reason):
    """Mark what callbacks have stored."""


# ---- the choice between the implicit function theorem and the iterations -----------------------------------------------


class Option:
    """A setting that a ``with`` block changes for the thread that runs it."""

    def __init__(self) -> None:
        import contextvars

        self.implicit = contextvars.ContextVar("implicit", default=True)


option = Option()
