"""First derivatives: gradients, products with the Jacobian and its adjoint, and the dense Jacobian."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._driver import PLAIN
from .._errors import ArgumentError
from .._tiers import Ledger, Timed, check_tier
from . import dense, directional, native
from .base import Operator, OperatorMethod, Problem, filled, fitted, operator, real_scalar, relaxed
from .trees import Form, leaves, rebuild, with_derivatives

__all__ = ["LinearMap", "Pullback", "derivative", "grad", "jacobian", "jvp", "linearize", "stop_gradient",
           "value_and_grad", "vjp"]


def value_and_grad(f: Callable[..., Any], argnums: Any = 0, *, has_aux: bool = False, tier: str = "auto",
                   fastmath: bool = False) -> Any:
    r"""Value and gradient of a function with a real number as result.

    .. math:: x \mapsto \bigl(f(x), \nabla f(x)\bigr)

    Parameters
    ----------
    f : callable
        Any Python function of numbers and arrays with one real number as result (or an array that holds just one).
    argnums : int, str, or tuple of these
        Positions or names of the arguments to differentiate.
    has_aux : bool
        Whether `f` returns ``(value, aux)``, of which only the value is differentiated.
    tier : {"auto", "record", "compile"}
        Whether the call is recorded as it runs or made into native code.  Either gives the same values and effects;
        "auto" compiles what it can where that is faster, "compile" refuses what cannot be compiled.
    fastmath : bool
        Whether native code may do floating-point operations in another order, contract ``a * b + c``, and multiply by
        reciprocals: faster sums, and results that differ in rounding.  NaN and infinities stay what they are.  Recorded
        operations are NumPy's in any case.

    Returns
    -------
    callable
        ``(value, gradient)`` of the arguments of `f`, or ``((value, aux), gradient)``.  The gradient has the structure,
        shapes and dtypes of the argument, in fresh arrays; a tuple of these if `argnums` is a tuple.  For a complex
        argument ``a + ib`` it is ``∂f/∂a + i ∂f/∂b``.

    Raises
    ------
    ArgumentError
        [UT-O001] if the result is not a real number, or an argument cannot be differentiated.
    UndertowError
        If an active value meets something whose derivative is not known.

    Notes
    -----
    Reverse mode: one run, which leaves its effects as a plain run would, and one sweep over its tape, whatever the number
    of inputs.  Where the result does not depend on an argument, the gradient is exactly zero.

    Examples
    --------
    >>> import numpy as np, undertow as ut
    >>> ut.value_and_grad(lambda x: x @ x)(np.array([1.0, 2.0]))
    (np.float64(5.0), array([2., 4.]))
    """

    check_tier(tier)
    if fastmath:
        return relaxed(value_and_grad(f, argnums, has_aux=has_aux, tier=tier))
    known: dict = {}

    def body(lower: Any, *args: Any, **kwargs: Any) -> Any:
        found: Any = None
        if lower is PLAIN and tier != "record":
            found = native.gradient(f, args, kwargs, argnums, tier, has_aux, known)
            if isinstance(found, tuple):
                return found
        with Timed(found):
            return recorded_gradient(lower, f, args, kwargs, argnums, has_aux, tier)

    return Operator(body)


def recorded_run(lower: Any, f: Any, args: tuple, kwargs: dict, argnums: Any, has_aux: bool, tier: str) -> tuple:
    """A run in the record tier: the problem, its recording, and what the function returns beside its value."""
    problem = Problem(f, args, kwargs, argnums)
    problem.tier = tier
    aux = None
    if has_aux:
        inner = problem.run

        def run(interpreter: Any, stand_ins: list) -> Any:
            nonlocal aux
            value, aux = inner(interpreter, stand_ins)
            aux = problem.strip(aux, interpreter)
            return value

        problem.run = run  # type: ignore[method-assign]
    recording = problem.record(lower)
    return problem, recording, aux


def recorded_gradient(lower: Any, f: Any, args: tuple, kwargs: dict, argnums: Any, has_aux: bool, tier: str) -> Any:
    """`value_and_grad` in the record tier."""
    problem, recording, aux = recorded_run(lower, f, args, kwargs, argnums, has_aux, tier)
    try:
        real_scalar(recording, f)
        one = [np.ones_like(y) if isinstance(y, np.ndarray) else 1.0 for y in recording.outputs]
        gradient = problem.structured(recording.pull(one))
        value = recording.value
    finally:
        recording.close()
    return ((value, aux) if has_aux else value), gradient


def grad(f: Callable[..., Any], argnums: Any = 0, *, has_aux: bool = False, tier: str = "auto",
         fastmath: bool = False) -> Any:
    r"""Gradient of a function with a real number as result.

    .. math:: x \mapsto \nabla f(x)

    Parameters
    ----------
    f, argnums, has_aux, tier, fastmath
        As for `value_and_grad`.

    Returns
    -------
    callable
        The gradient as a function of the arguments of `f`, or ``(gradient, aux)``.

    Examples
    --------
    >>> import numpy as np, undertow as ut
    >>> ut.grad(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    array([ 3., 12.])
    """
    both = value_and_grad(f, argnums, has_aux=has_aux, tier=tier, fastmath=fastmath)

    def body(lower: Any, *args: Any, **kwargs: Any) -> Any:
        value, gradient = both._under(lower, *args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return Operator(body)


class Pullback:
    """The adjoint of one run: call it with a cotangent of the result, as often as needed, from any thread.

    The result is one cotangent for each argument, in a tuple if there are several.
    """

    def __init__(self, problem: Problem, recording: Any) -> None:
        self._problem, self._recording, self._form = problem, recording, Form(recording.value)
        recording.keep_apart()

    def __call__(self, y_bar: Any) -> Any:
        return self._under(PLAIN, y_bar)

    def _under(self, lower: Any, y_bar: Any) -> Any:
        lower = self._recording.above(lower)
        return self._problem.structured(self._recording.pull(fitted(lower, self._form, y_bar, "cotangent"), lower))


@operator
def vjp(lower: Any, f: Callable[..., Any], *args: Any, argnums: Any = None, has_aux: bool = False, tier: str = "auto",
        fastmath: bool = False, **kwargs: Any) -> Any:
    r"""Result of a function, and its pullback.

    .. math:: (f, x) \mapsto \bigl(f(x),\ \bar y \mapsto J(x)^{\mathsf T} \bar y\bigr)

    Parameters
    ----------
    f : callable
        Any Python function.
    *args, **kwargs
        Its arguments.
    argnums : int, str, or tuple of these
        Arguments to differentiate.  Default: all that hold floats.
    has_aux : bool
        Whether `f` returns ``(value, aux)``.
    tier, fastmath
        As for `value_and_grad`.

    Returns
    -------
    value : object
        What `f` returns.
    pullback : callable
        Takes a cotangent with the structure of the value, returns a cotangent of the argument, a tuple of cotangents if
        there are several.  It may be called many times, later, and after the arrays passed in or out have changed.

    Examples
    --------
    >>> import numpy as np, undertow as ut
    >>> y, pullback = ut.vjp(np.sin, np.array([0.0, 1.0]))
    >>> pullback(np.array([1.0, 0.0]))
    array([1., 0.])
    """
    if fastmath:
        return relaxed(vjp)._under(lower, f, *args, argnums=argnums, has_aux=has_aux, tier=tier, **kwargs)
    if argnums is None:
        found = tuple(i for i, x in enumerate(args) if leaves(x))
        argnums = found[0] if len(args) == 1 and len(found) == 1 else found
    check_tier(tier)
    ledger: Any = None
    if lower is PLAIN and tier != "record" and not has_aux:
        ledger = native.pullback(f, args, kwargs, argnums, tier)
        if isinstance(ledger, tuple):
            return ledger
    with Timed(ledger):
        return recorded_vjp(lower, f, args, kwargs, argnums, has_aux, tier)


def recorded_vjp(lower: Any, f: Any, args: tuple, kwargs: dict, argnums: Any, has_aux: bool, tier: str) -> tuple:
    """`vjp` in the record tier."""
    problem, recording, aux = recorded_run(lower, f, args, kwargs, argnums, has_aux, tier)
    pullback = Pullback(problem, recording)
    return (recording.value, pullback, aux) if has_aux else (recording.value, pullback)


@operator
def jvp(lower: Any, f: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...], *,
        tier: str = "auto", fastmath: bool = False) -> Any:
    r"""Result of a function and its directional derivative.

    .. math:: (f, x, \dot x) \mapsto \bigl(f(x),\ J(x)\, \dot x\bigr)

    Parameters
    ----------
    f : callable
        Any Python function.
    primals, tangents : tuple
        Its arguments, and a direction for each, of the same structure.
    tier, fastmath
        As for `value_and_grad`.

    Returns
    -------
    value, tangent : object
        What `f` returns, and its derivative along the direction, of the same structure.

    Examples
    --------
    >>> import numpy as np, undertow as ut
    >>> ut.jvp(lambda x: x * x, (3.0,), (1.0,))
    (9.0, 6.0)
    """
    if fastmath:
        return relaxed(jvp)._under(lower, f, primals, tangents, tier=tier)
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise ArgumentError("primals and tangents are tuples with one entry an argument",
                            fixes=["for one argument: ut.jvp(f, (x,), (x_dot,))"]).at()
    if len(primals) != len(tangents):
        raise ArgumentError(f"{len(primals)} primals and {len(tangents)} tangents are given").at()
    places = tuple(i for i, x in enumerate(primals) if leaves(x))
    done = directional.pushforward(lower, f, tuple(primals), tuple(tangents), places, check_tier(tier))
    if done is not None and not isinstance(done, Ledger):
        return done
    problem = Problem(f, tuple(primals), {}, places)
    dots = filled(problem.form, fitted(lower, problem.form, tuple(tangents[i] for i in places), "tangent"))
    transposed = problem.pushed(lower)
    try:
        with Timed(done):
            pushed = transposed.push(dots)
        return transposed.value, with_tangents(transposed, pushed)
    finally:
        transposed.close()


def with_tangents(transposed: Any, pushed: list) -> Any:
    """Tangents in the structure of the value."""
    full = [zero_like(y) if t is None else t for y, t in zip(transposed.outputs, pushed, strict=True)]
    if not full and isinstance(transposed.value, (int, np.integer, bool, np.bool_)):
        return 0.0
    return with_derivatives(transposed.value, full)


def zero_like(y: Any) -> Any:
    """A zero of the type of `y`."""
    return np.zeros_like(y) if isinstance(y, np.ndarray) else getattr(type(y), "stands_for", type(y))(0.0)


class LinearMap:
    """The derivative of a function at a point: a linear map with its adjoint.

    Both directions take and give values of the structure of the argument or of the result.
    """

    def __init__(self, lower: Any, f: Any, args: tuple, tier: str = "auto") -> None:
        self._lower = lower
        argnums = 0 if len(args) == 1 else tuple(i for i, x in enumerate(args) if leaves(x))
        self._problem = Problem(f, args, {}, argnums)
        self._problem.tier = tier
        self._spare = self._problem.copy(lower)
        self._recording: Any = None
        found = native.pullback(f, args, {}, argnums, tier) if lower is PLAIN and tier != "record" else None
        if isinstance(found, tuple):
            self._value, self._pull = found
            return
        with Timed(found):
            self._recording = self._problem.record(lower)
        self._value, self._pull = self._recording.value, Pullback(self._problem, self._recording)

    @OperatorMethod
    def pullback(self, lower: Any, y_bar: Any) -> Any:
        """Product of the adjoint with a cotangent."""
        return self._pull._under(lower, y_bar)

    @OperatorMethod
    def pushforward(self, lower: Any, *tangents: Any) -> Any:
        """Product with one tangent for each argument."""
        lower = self._recording.above(lower) if self._recording is not None else lower
        if len(tangents) != len(self._problem.chosen):
            raise ArgumentError(f"{len(tangents)} tangents are given for {len(self._problem.chosen)} arguments").at()
        dots = filled(self._spare.form, fitted(lower, self._spare.form, tangents, "tangent"))
        if self._recording is None and lower is PLAIN:
            return directional.pushed(self._pull, dots)
        run = self._spare.copy(self._lower).pushed(lower)
        return with_tangents(run, run.push(dots))

    def __call__(self, *tangents: Any) -> Any:
        return self.pushforward(*tangents)

    def _under(self, lower: Any, *tangents: Any) -> Any:
        return self.pushforward._under(lower, *tangents)


@operator
def linearize(lower: Any, f: Callable[..., Any], *args: Any, tier: str = "auto", fastmath: bool = False) -> tuple[Any, LinearMap]:
    """Result of a function, and its derivative there as a linear map.

    Parameters
    ----------
    f : callable
        Any Python function without effects that a second run would repeat.
    *args
        Its arguments.
    tier, fastmath
        As for `value_and_grad`.

    Returns
    -------
    value : object
        What `f` returns.
    linear : LinearMap
        With ``pushforward(*tangents)``, which calling it does too, and ``pullback(cotangent)``.

    Examples
    --------
    >>> import numpy as np, undertow as ut
    >>> y, linear = ut.linearize(np.square, np.array([1.0, 3.0]))
    >>> linear(np.array([1.0, 1.0]))
    array([2., 6.])
    """
    if fastmath:
        return relaxed(linearize)._under(lower, f, *args, tier=tier)
    linear = LinearMap(lower, f, args, check_tier(tier))
    return linear._value, linear


def derivative(f: Callable[..., Any], argnum: Any = 0, *, tier: str = "auto", fastmath: bool = False) -> Any:
    """Derivative of a function of one number, of whatever structure its result has.

    Parameters
    ----------
    f : callable
        Function of a real or complex number; complex results of complex numbers are taken as holomorphic.
    argnum : int
        Position of the number among the arguments.
    tier, fastmath
        As for `value_and_grad`.

    Returns
    -------
    callable
        The derivative as a function of the arguments of `f`, of the structure of its result.

    Examples
    --------
    >>> import numpy as np, undertow as ut
    >>> ut.derivative(lambda t: np.array([t, t * t]))(3.0)
    array([1., 6.])
    """

    def body(lower: Any, *args: Any, **kwargs: Any) -> Any:
        x = args[argnum]
        if np.shape(x) != () or not leaves(x):
            raise ArgumentError("the derivative is that of a function of one float",
                                fixes=["of an array: ut.jacobian(f)(x)", "of an integer: pass a float"]).at()
        done = directional.pushforward(lower, f, args, {argnum: 1.0}, (argnum,), tier, kwargs) \
            if isinstance(x, (float, np.floating)) or tier == "compile" else None
        if done is not None and not isinstance(done, Ledger):
            return done[1]
        problem = Problem(f, args, kwargs, argnum)
        problem.tier = tier
        transposed = problem.pushed(lower)
        try:
            with Timed(done):
                pushed = transposed.push([np.ones_like(x) if isinstance(x, np.ndarray) else 1.0])
            return with_tangents(transposed, pushed)
        finally:
            transposed.close()

    check_tier(tier)
    return relaxed(Operator(body)) if fastmath else Operator(body)


def jacobian(f: Callable[..., Any], argnums: Any = 0, *, mode: str = "auto", tier: str = "auto",
             fastmath: bool = False) -> Any:
    r"""Dense Jacobian of a function of arrays.

    .. math:: J_{ij} = \partial f_i / \partial x_j

    Parameters
    ----------
    f : callable
        Function of arrays and numbers with arrays and numbers as result, real or holomorphic.
    argnums : int, str, or tuple of these
        Arguments to differentiate: arrays, numbers, or containers of these.
    mode : {"auto", "forward", "reverse"}
        One sweep an input, or one an output; "auto" takes the fewer.
    tier, fastmath
        As for `value_and_grad`.

    Returns
    -------
    callable
        The Jacobian as a function of the arguments of `f`: an array of shape ``f(x).shape + x.shape``; a tuple of them if
        `argnums` is a tuple.  Where the argument is a container, each array and number in it has its own, in its place;
        where the result is one, each array and number in it has all of these in its place.

    Examples
    --------
    >>> import numpy as np, undertow as ut
    >>> ut.jacobian(lambda x: x * x[0])(np.array([1.0, 2.0]))
    array([[2., 0.],
           [2., 1.]])
    """
    if mode not in ("auto", "forward", "reverse"):
        raise ArgumentError(f'mode is "auto", "forward" or "reverse", not {mode!r}').at()

    check_tier(tier)

    def body(lower: Any, *args: Any, **kwargs: Any) -> Any:
        done = directional.jacobian(lower, f, args, kwargs, argnums, mode, tier)
        if done is not None and type(done) is not Ledger:
            return done
        with Timed(done):
            return recorded(lower, args, kwargs)

    def recorded(lower: Any, args: tuple, kwargs: dict) -> Any:
        problem = Problem(f, args, kwargs, argnums)
        inputs = sum(int(np.size(x)) for x in problem.originals)
        holomorphic = any(np.iscomplexobj(x) for x in problem.originals)
        if mode == "forward" or (mode == "auto" and (inputs == 1 or holomorphic)):
            return dense.columns(lower, problem)
        spare = problem.copy(lower)
        recording = problem.record(lower)
        try:
            results = recording.outputs
            if mode == "auto" and (inputs <= sum(int(np.size(y)) for y in results) or any(map(np.iscomplexobj, results))):
                return dense.columns(lower, spare)
            return dense.rows(lower, problem, recording)
        finally:
            recording.close()

    return relaxed(Operator(body)) if fastmath else Operator(body)


@operator
def stop_gradient(lower: Any, x: Any) -> Any:
    """`x` as a constant: what is computed from the result does not depend on `x` for any derivative.

    Parameters
    ----------
    x : object
        Number, array, or container of these.

    Returns
    -------
    object
        The same value; arrays are copied.

    Examples
    --------
    >>> import undertow as ut
    >>> ut.grad(lambda x: x * ut.stop_gradient(x))(3.0)
    3.0
    """

    def constant(v: Any) -> Any:
        if isinstance(v, np.ndarray):
            return v.copy()
        while hasattr(v, "primal"):
            v = v.primal
        return v

    return rebuild(x, constant)
