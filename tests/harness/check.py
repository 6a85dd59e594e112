"""Checking one case in every mode: the promises of the library, one function a promise.

Each mode is run at least twice on fresh arguments, so that state left by the first run shows in the second. What is
compared: the value and its types, layout, identity and shared memory; the final state of every argument; the
derivative against the oracle; exceptions by type and text; freshness, structure and dtype of gradients; that no
object of the library stays behind.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from . import engine
from .graphs import differences, leaks, module_leaks
from .oracle import Estimate, agrees
from .runs import active, argnums, curvature, left_behind, outcome, plain, probes, returned
from .trees import as_real, is_array, is_number, leaves, matching, walk

REFUSED = object()
NOWHERE = types.ModuleType("nowhere")


def module_of(case: Any) -> Any:
    """Module whose globals the program may change."""
    return sys.modules.get(getattr(case.function, "__module__", None) or "", NOWHERE)


def check_effects(case: Any, value: Any, arguments: tuple) -> None:
    """The run had the value and the effects of the plain run, and nothing of the library stays behind."""
    expected = plain(case)
    found = differences((expected.arguments, expected.value), (arguments, value))
    assert not found, f"{case.name}: effects differ from the plain run: " + "; ".join(found)
    left = leaks((arguments, value)) + module_leaks(module_of(case))
    assert not left, f"{case.name}: " + "; ".join(left)


def check_derivative(case: Any, got: np.ndarray, want: Estimate, what: str, rtol: float | None = None) -> None:
    """`got` agrees with the oracle."""
    if case.zero:
        assert not np.any(got), f"{case.name}: {what} is {got}, not exactly zero"
        return
    rtol = rtol or case.rtol
    assert agrees(got, want, rtol, 1e-9 if rtol < 1e-4 else 1e-6), (  # single precision
        f"{case.name}: {what}\n got    {got}\n oracle {want.value} (error {want.error:.1e})")


def expect(case: Any, run: Callable[[], Any]) -> Any:
    """Run one mode; judge exceptions. Returns `REFUSED` where a refusal or the program's own exception was right."""
    expected = plain(case)
    try:
        result = run()
    except engine.refusals() as refusal:
        if case.refused or case.either:
            check_refusal(refusal)
            return REFUSED
        raise
    except Exception as error:
        if expected.error is None:
            raise
        assert type(error) is type(expected.error), f"{case.name}: raised {error!r} instead of {expected.error!r}"
        if not isinstance(error, RecursionError):  # the interpreter's text says where the stack ended
            assert str(error) == str(expected.error), f"{case.name}: raised {error!r} instead of {expected.error!r}"
        return REFUSED
    assert not case.refused, f"{case.name}: should have been refused, gave {result!r}"
    assert expected.error is None, f"{case.name}: should have raised {expected.error!r}, gave {result!r}"
    return result


def check_refusal(refusal: BaseException) -> None:
    """A refusal says what, where and what to do."""
    text = str(refusal)
    assert len(text) > 20, f"a refusal without explanation: {refusal!r}"


def observations(case: Any) -> list[Callable]:
    """What to differentiate: the result if it holds numbers; result and arguments if the program changes them."""
    expected = plain(case)
    if expected.error is not None:
        return [returned]
    found = [returned] if leaves(expected.value) or not expected.mutates else []
    return [*found, left_behind] if expected.mutates else found


def check_forward(case: Any, observe: Callable = returned) -> None:
    """Pushforwards along several directions, the first of them twice."""
    for k, (tangents, want) in enumerate(directions(case, observe)):
        for _ in range(2 if k == 0 else 1):
            arguments = case.arguments()
            result = expect(case, lambda: engine.forward(case.function, arguments, argnums(case), tangents, observe))
            if result is REFUSED:
                check_final_arguments(case, arguments)
                break
            value, tangent = result
            check_effects(case, value if observe is returned else value[0], arguments)
            check_derivative(case, tangent, want, "pushforward")
    if not case.differences:
        check_known(case)


def directions(case: Any, observe: Callable) -> list:
    """What the oracle says; one direction without an answer where the program fails or must be refused."""
    if not case.differences:
        return []
    if plain(case).error is None and not case.refused:
        return probes(case, observe)
    tangents = [np.ones(np.shape(v)) for v in active(case, case.arguments())]
    return [(tangents, Estimate(np.zeros(1), 0.0))]


def check_reverse(case: Any, observe: Callable = returned) -> None:
    """Pullbacks of random cotangents against the oracle along several directions, twice."""
    if not case.differences:
        check_known(case)
        return
    found = directions(case, observe)
    size = found[0][1].value.size
    weights = np.random.default_rng(7).standard_normal(size)
    for _ in range(2):
        arguments = case.arguments()
        before = active(case, case.arguments())
        result = expect(case, lambda: engine.reverse(case.function, arguments, argnums(case), weights, observe))
        if result is REFUSED:
            check_final_arguments(case, arguments)
            return
        value, gradients = result
        check_effects(case, value if observe is returned else value[0], arguments)
        flat = check_gradient_form(case, gradients, arguments, value)
        for tangents, want in found:
            along = Estimate(np.atleast_1d(weights @ want.value), want.error * np.abs(weights).sum())
            check_derivative(case, np.atleast_1d(paired(flat, tangents, before)), along, "pullback")


def check_grad(case: Any) -> None:
    """`grad` and `value_and_grad` of a program with one real number as result."""
    value = plain(case).value
    if not is_real_scalar(value) and not case.refused and plain(case).error is None or not case.differences:
        return
    arguments = case.arguments()
    result = expect(case, lambda: engine.value_and_grad(case.function, arguments, argnums(case)))
    if result is REFUSED:
        return
    got, gradients = result
    check_effects(case, got, arguments)
    flat = check_gradient_form(case, gradients, arguments, got)
    for tangents, want in probes(case, returned):
        check_derivative(case, np.atleast_1d(paired(flat, tangents, flat)), want, "gradient")


def check_known(case: Any) -> None:
    """Known answers: value and gradient."""
    if case.gradient is None:
        return
    arguments = case.arguments()
    result = expect(case, lambda: engine.value_and_grad(case.function, arguments, argnums(case)))
    if result is REFUSED:
        return
    value, gradients = result
    check_effects(case, value, arguments)
    if case.value is not None:
        np.testing.assert_allclose(np.asarray(value), case.value, rtol=1e-9)
    wanted = case.gradient if isinstance(case.gradient, tuple) else (case.gradient,)
    for got, want in zip(gradients, wanted, strict=False):
        np.testing.assert_allclose(as_real(leaves(got)), as_real(leaves(want)), rtol=1e-6, atol=1e-12)


def check_second(case: Any, compute: Callable) -> None:
    """A second directional derivative by nested derivatives against differences of the oracle."""
    expected = plain(case)
    if expected.error is not None or not case.nested or not case.differences or case.refused:
        return
    if not leaves(expected.value):
        return
    first, second, weights, want = curvature(case)
    for _ in range(2):
        arguments = case.arguments()
        got = expect(case, lambda: compute(case.function, arguments, argnums(case), first, second, weights))
        if got is REFUSED:
            return
        scale = float(np.sum(np.abs(weights)))
        loose = Estimate(want.value, want.error + 1e-10 * scale)
        check_derivative(case, np.atleast_1d(got), loose, "second derivative", max(1e-5, case.rtol))


def check_final_arguments(case: Any, arguments: tuple) -> None:
    """After an exception of the program the arguments are as the plain call left them."""
    expected = plain(case)
    if expected.error is not None:
        found = differences(expected.arguments, arguments)
        assert not found, f"{case.name}: arguments after the exception: " + "; ".join(found)
    left = leaks(arguments) + module_leaks(module_of(case))
    assert not left, f"{case.name}: " + "; ".join(left)


def check_gradient_form(case: Any, gradients: tuple, arguments: tuple, value: Any) -> list:
    """Gradients are fresh, with the structure, shape and dtype of their arguments; returns their leaves."""
    flat: list = []
    shared = [a for a in walk((arguments, value)) if is_array(a)]
    originals = case.arguments()
    for i, gradient in zip(argnums(case), gradients, strict=True):
        wanted, got = leaves(originals[i]), matching(originals[i], gradient)
        for leaf, g in zip(wanted, got, strict=True):
            if is_array(leaf):
                assert isinstance(g, np.ndarray), f"{case.name}: gradient of an array is {type(g)}"
                assert (g.dtype, g.shape) == (leaf.dtype, leaf.shape), (
                    f"{case.name}: gradient {g.dtype}{g.shape} of argument {leaf.dtype}{leaf.shape}")
                assert not any(np.shares_memory(g, a) for a in shared), f"{case.name}: the gradient is not fresh"
                assert g.flags.writeable, f"{case.name}: the gradient is read-only"
            else:
                assert is_number(g), f"{case.name}: gradient of a number is {type(g)}"
                assert type(g).__module__ in ("builtins", "numpy"), f"{case.name}: gradient is {type(g)}"
        flat.extend(got)
    left = leaks(gradients)
    assert not left, f"{case.name}: " + "; ".join(left)
    return flat


def paired(gradients: list, tangents: list, _: list) -> float:
    """Real pairing of gradients and tangents."""
    return float(sum(np.sum(np.real(np.conj(np.asarray(g)) * t)) for g, t in zip(gradients, tangents, strict=True)))


def is_real_scalar(value: Any) -> bool:
    """Whether `grad` takes a program with this result."""
    if isinstance(value, np.ndarray):
        return value.shape == () and value.dtype.kind == "f"
    return isinstance(value, (float, np.floating))


__all__ = ["REFUSED", "check_forward", "check_grad", "check_known", "check_reverse", "check_second", "left_behind",
           "observations", "outcome", "plain", "probes", "returned"]
