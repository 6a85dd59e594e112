"""Calls of compiled pushforwards, and of pushforwards of pullbacks: products with Jacobian and Hessian."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._refusal import NotCompilable
from .ir.function import Value
from .program import CompiledPullback
from .results import tangent_of

__all__ = ["CompiledPushforward"]


class CompiledPushforward:
    """Value and directional derivatives of a compiled program.

    Attributes
    ----------
    base : CompiledPullback
        The program.
    width : int
        Number of directions. With several, tangents have the direction as their last axis.
    """

    def __init__(self, base: CompiledPullback, width: int = 1) -> None:
        self.base = base
        self.width = width

    def value_and_pushforward(self, args: tuple, tangents: tuple) -> tuple[Any, Any]:
        """The value, and its tangent in the form of the value.

        `tangents` has one entry for each leaf of the active arguments: a number or an array, in order. Memory is left
        as the function leaves it; tangents of arrays that are written become those after the call.
        """
        return self.push(self.base.values(tuple(args)), tangents)

    def push(self, values: list, tangents: tuple | list) -> tuple[Any, Any]:
        """The same for the values of all parameters."""
        variant = self.base.variant(values)
        mode = f"pushforward {self.width}"
        t = variant.forward(mode)
        out = self.base.launch(variant, mode, values, self.directions(t.active, values, tangents))
        n = len(self.base.ir.body.yields)
        value = self.base.finished(out[:n], values, None)
        dots = self.by_result(t.results, out[n:])
        by_position = dict(zip((self.base.position(p) for p in t.active), tangents, strict=True))
        return value, tangent_of(self.base.lowered.result, iter(dots), by_position, self.width)

    def source_of(self, values: list) -> str:
        """The generated program for a call."""
        return self.base.variant(values).source(f"pushforward {self.width}")

    def directions(self, active: list[Value], values: list, tangents: tuple | list) -> list:
        """Parameters for tangents: dense arrays that native code may write, and numbers."""
        if len(active) != len(tangents):
            raise NotCompilable("a tangent for each active leaf is needed")
        out: list = []
        for p, t in zip(active, tangents, strict=True):
            v = values[self.base.position(p)]
            shape = np.shape(v) + ((self.width,) if self.width > 1 else ())
            if np.shape(t) != shape:
                raise NotCompilable("a tangent of another shape")
            if isinstance(v, np.ndarray):
                if t.dtype != v.dtype or not t.flags.carray:
                    t = np.array(t, v.dtype, order="C")
                out.append(t)
            else:
                out += [float(x) for x in np.atleast_1d(t)]
        return out

    def by_result(self, results: list[int], out: list) -> list:
        """Tangents of each result of the native function, None where it does not vary."""
        dots: list = [None] * len(self.base.ir.body.yields)
        rest = iter(out)
        for k in results:
            y = self.base.ir.body.yields[k]
            if hasattr(y.type, "ndim"):
                dots[k] = next(rest)
            elif self.width == 1:
                dots[k] = next(rest)
            else:
                dots[k] = np.array([next(rest) for _ in range(self.width)])
        return dots

    def hessian_product(self, args: tuple, tangents: tuple, seed: float = 1.0) -> tuple[Any, list, list]:
        """The value, the gradient, and the Hessian times the tangents, for each active leaf in order."""
        base = self.base
        if base.lowered.result.kind not in ("scalar", "tagged"):
            raise NotCompilable("a Hessian of a function that does not return a number")
        return self.hessian(base.values(tuple(args)), tangents, seed)

    def hessian(self, values: list, tangents: tuple | list, seed: float = 1.0) -> tuple[Any, list, list]:
        """The same for the values of all parameters."""
        base = self.base
        variant = base.variant(values)
        mode = f"hessian {self.width}"
        t, h = variant.transformed, variant.forward(mode)
        wide = (self.width,) if self.width > 1 else ()
        shadows = [np.zeros_like(values[base.position(p)], order="C") for p in t.shadows]
        shadow_dots = [np.zeros(s.shape + wide, s.dtype) for s in shadows]
        dots = self.directions(base.active_params, values, tangents)
        out = base.launch(variant, mode, values, [*shadows, *(seed for _ in t.seeds), *dots, *shadow_dots])
        n = len(base.ir.body.yields)
        total = n + len(t.cotangents)
        value = base.finished(out[:n], values, None)
        bars = dict(zip(t.cotangents, out[n:total], strict=True)) | dict(zip(t.shadows, shadows, strict=True))
        found = dict(zip(t.shadows, shadow_dots, strict=True))
        rest = iter(out[total:])
        for k in h.results:
            numbers = [next(rest) for _ in range(self.width)]
            if k >= n:
                found[t.cotangents[k - n]] = numbers[0] if self.width == 1 else np.array(numbers)
        zero = [np.zeros(np.shape(values[base.position(p)]) + wide) for p in base.active_params]
        return (value, [bars.get(p, np.zeros(np.shape(values[base.position(p)]))) for p in base.active_params],
                [found.get(p, z) for p, z in zip(base.active_params, zero, strict=True)])
