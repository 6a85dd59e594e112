"""The only place where the harness touches the library: every mode as one function of plain data.

Programs take their arguments positionally; `argnums` are the differentiated ones, `tangents` a flat list for the
leaves of these arguments, and `observe` says what of a run counts as its result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import undertow as ut

from .trees import as_real, is_array, leaves, matching, rebuild, with_leaves


def refusals() -> type[BaseException]:
    """Base class of the library's refusals."""
    return ut.UndertowError


def bound(function: Callable, arguments: tuple, argnums: tuple[int, ...], observe: Callable) -> Callable:
    """The program as a function of its differentiated arguments alone."""
    if observe.__name__ == "returned" and argnums == tuple(range(len(arguments))):
        return function

    def program(*active: Any) -> Any:
        full = list(arguments)
        for i, value in zip(argnums, active, strict=True):
            full[i] = value
        return observe(function, tuple(full))

    return program


def shaped(arguments: tuple, argnums: tuple[int, ...], tangents: list) -> tuple:
    """Tangents in the structure of the differentiated arguments."""
    chosen = [arguments[i] for i in argnums]
    fitted = [fit(leaf, t) for leaf, t in zip(leaves(chosen), tangents, strict=True)]
    return tuple(with_leaves(chosen, fitted))


def fit(leaf: Any, tangent: Any) -> Any:
    """A tangent with the type and dtype of its leaf."""
    if is_array(leaf):
        return np.asarray(tangent).astype(leaf.dtype)
    return type(leaf)(np.asarray(tangent).item())


def forward(function: Callable, arguments: tuple, argnums: tuple[int, ...], tangents: list,
            observe: Callable) -> tuple[Any, np.ndarray]:
    """Value and the flat tangent of all its numbers."""
    program = bound(function, arguments, argnums, observe)
    chosen = tuple(arguments[i] for i in argnums)
    value, tangent = ut.jvp(program, chosen, shaped(arguments, argnums, tangents))
    return value, flat_like(value, tangent)


def flat_like(value: Any, tangent: Any) -> np.ndarray:
    """Numbers of `tangent` at the places where `value` has numbers; a missing one is zero."""
    found = []
    for v, t in zip(leaves(value), matching(value, tangent), strict=True):
        t = np.zeros_like(v) if t is None else t
        if np.iscomplexobj(v):
            t = np.asarray(t, dtype=complex)
        found.append(t)
    return as_real(found)


def cotangents(value: Any, weights: np.ndarray) -> Any:
    """`weights` in the structure of `value`; what stands at several places has its weight at the first."""
    position = 0

    def take(leaf: Any) -> Any:
        nonlocal position
        n = np.size(leaf)
        part = weights[position:position + n].reshape(np.shape(leaf))
        position += n
        if np.iscomplexobj(leaf):
            part = part + 1j * weights[position:position + n].reshape(np.shape(leaf))
            position += n
        return fit(leaf, part)

    def zero(leaf: Any) -> Any:
        return fit(leaf, np.zeros(np.shape(leaf)))

    return rebuild(value, take, again=zero)


def reverse(function: Callable, arguments: tuple, argnums: tuple[int, ...], weights: np.ndarray,
            observe: Callable) -> tuple[Any, tuple]:
    """Value and the pullback of a cotangent made of `weights`."""
    program = bound(function, arguments, argnums, observe)
    value, pullback = ut.vjp(program, *(arguments[i] for i in argnums), argnums=tuple(range(len(argnums))))
    return value, pullback(cotangents(value, weights))


def value_and_grad(function: Callable, arguments: tuple, argnums: tuple[int, ...]) -> tuple[Any, tuple]:
    """Value and gradients of a program with a scalar result, always as a tuple."""
    return ut.value_and_grad(function, argnums=argnums)(*arguments)


def weighted(function: Callable, arguments: tuple, argnums: tuple[int, ...], weights: np.ndarray) -> Callable:
    """The program's numbers summed with weights, as a function of its differentiated arguments."""

    def loss(*active: Any) -> Any:
        full = list(arguments)
        for i, value in zip(argnums, active, strict=True):
            full[i] = value
        result = function(*full)
        total, position = 0.0, 0
        for leaf in leaves(result):
            n = np.size(leaf)
            total = total + np.sum(np.real(leaf) * weights[position:position + n].reshape(np.shape(leaf)))
            position += n
            if np.iscomplexobj(leaf):
                total = total + np.sum(np.imag(leaf) * weights[position:position + n].reshape(np.shape(leaf)))
                position += n
        return total

    return loss


def paired(gradients: tuple, tangents: tuple) -> Any:
    """Pairing of gradients and tangents of equal structure, differentiable."""
    total = 0.0
    for g, t in zip(leaves(list(gradients)), leaves(list(tangents)), strict=True):
        total = total + np.sum(np.real(np.conj(g) * t))
    return total


def _levels(function: Callable, arguments: tuple, argnums: tuple[int, ...], first: list, second: list,
            weights: np.ndarray) -> tuple[Callable, tuple, tuple, tuple]:
    loss = weighted(function, arguments, argnums, weights)
    chosen = tuple(arguments[i] for i in argnums)
    return loss, chosen, shaped(arguments, argnums, first), shaped(arguments, argnums, second)


def forward_over_reverse(function: Callable, arguments: tuple, argnums: tuple[int, ...], first: list, second: list,
                         weights: np.ndarray) -> float:
    """Pushforward of the gradient."""
    loss, chosen, u, v = _levels(function, arguments, argnums, first, second, weights)
    everything = tuple(range(len(chosen)))
    _, change = ut.jvp(ut.grad(loss, argnums=everything), chosen, v)
    return float(paired(change, u))


def reverse_over_forward(function: Callable, arguments: tuple, argnums: tuple[int, ...], first: list, second: list,
                         weights: np.ndarray) -> float:
    """Gradient of the pushforward."""
    loss, chosen, u, v = _levels(function, arguments, argnums, first, second, weights)

    def slope(*active: Any) -> Any:
        return ut.jvp(loss, active, u)[1]

    gradients = ut.grad(slope, argnums=tuple(range(len(chosen))))(*chosen)
    return float(paired(gradients, v))


def reverse_over_reverse(function: Callable, arguments: tuple, argnums: tuple[int, ...], first: list, second: list,
                         weights: np.ndarray) -> float:
    """Gradient of the gradient's component along a direction."""
    loss, chosen, u, v = _levels(function, arguments, argnums, first, second, weights)
    everything = tuple(range(len(chosen)))

    def slope(*active: Any) -> Any:
        return paired(ut.grad(loss, argnums=everything)(*active), u)

    return float(paired(ut.grad(slope, argnums=everything)(*chosen), v))
