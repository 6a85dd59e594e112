"""The shortest way through a call that has been native before: value and gradient, arguments that are numbers and arrays."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

import numpy as np

from . import lent
from .ir.types import ArrayType
from .leave import Leave
from .results import Result

__all__ = ["quick_call"]


def quick_call(compiled: Any, values: list, places: tuple[int, ...], single: bool) -> Callable | None:
    """What gives value and gradient with respect to the arguments at `places`, for values of these extents and integers.

    None where the general way must be gone; it may itself give None then. It gives a third part, true, where native code
    has seen that the gradient is finite.
    """
    variant = compiled.by_extents.get(
        (*[values[k].shape for k in compiled.arrays], *[values[k] for k in compiled.integers]))
    if variant is None:
        return None
    run = variant.quick.get((places, single), _UNKNOWN)
    if run is _UNKNOWN:
        run = _plan(compiled, variant, places, single)
        if "gradient" in variant.run_before:
            variant.quick[places, single] = run
    return run


_UNKNOWN: Any = object()


def _plan(compiled: Any, variant: Any, places: tuple[int, ...], single: bool) -> Callable | None:
    """How such calls run, where they can."""
    t, result = variant.transformed, compiled.lowered.result
    if "gradient" not in variant.run_before or t.seeds != [0] or compiled.lowered.attributes or (
            compiled.written and variant.checked):
        return None
    if any(compiled.specs[k][0] not in ("scalar", "array") for k in places) or len(set(places)) != len(places):
        return None
    make = _maker(compiled, result)
    if make is None:
        return None
    unset = variant.reverse("gradient")[1]
    given = variant.shadows("gradient")
    shadows = [compiled.position(p) for p in given]
    fills = [lent.empty if p in unset else lent.zeros for p in given]
    outputs = len(compiled.ir.body.yields)
    parts = []  # where each piece of the gradient is: a shadow, or a result
    for k in places:
        p = compiled.ir.params[compiled.starts[k]]
        if not p.type.is_float:
            return None
        if isinstance(p.type, ArrayType):
            if p not in given:
                return None
            parts.append((None, given.index(p)))
        else:
            if p not in t.cotangents:
                return None
            parts.append((compiled.makers[compiled.starts[k]], outputs + t.cotangents.index(p)))
    compared = [compiled.starts[k] for k in places if compiled.specs[k][0] == "array"]
    native, watched = variant.call("gradient"), variant.watched
    if single and len(parts) == 1 and not compiled.written:
        return _alone(native, compiled.arrays, shadows, fills, make, *parts[0], watched)
    return _several(native, compiled.arrays, shadows, fills, make, parts, compared, single, watched, bool(compiled.written))


def _maker(compiled: Any, result: Result) -> Callable | None:
    """What makes the function's value of the results of native code."""
    types = compiled.number_types
    if result.kind == "scalar":
        kind = types[result.info]
        return lambda out: kind(out[0])
    if result.kind == "tagged":
        kinds = [types["np" if tag & 1 else "py", "i64" if tag & 2 else result.info] for tag in range(4)]
        return lambda out: kinds[out[1]](out[0])
    return None


def _alone(native: Callable, arrays: list[int], shadows: list[int], fills: list, make: Callable, maker: Any,
           at: int, watched: bool) -> Callable:
    """For one differentiated argument."""
    fill = fills[0] if fills else lent.zeros

    def run(values: list) -> tuple | None:
        for k in arrays:
            if not values[k].flags.carray:
                return None
        try:
            if watched:
                x = values[shadows[0]]
                bar = fill(x.shape, x.dtype)
                out = native(*values, bar, 1.0)
                return (make(out), bar, True) if not out[-1] else (make(out), bar)
            if maker is None:
                x = values[shadows[0]]
                bar = fill(x.shape, x.dtype)
                return make(native(*values, bar, 1.0)), bar
            out = native(*values, 1.0)
        except (Leave, SystemError):  # the latter: SciPy's functions were told to raise
            return None
        return make(out), maker(out[at])

    return run


def _several(native: Callable, arrays: list[int], shadows: list[int], fills: list, make: Callable, parts: list,
             compared: list[int], single: bool, watched: bool, written: bool) -> Callable:
    """For several of them, whose memories must not meet."""
    filled = list(zip(shadows, fills, strict=True))
    pairs = [(j, k) for n, j in enumerate(compared) for k in compared[:n]]
    numbers = [at for at, (maker, _) in enumerate(parts) if maker is not None]

    def run(values: list) -> tuple | None:
        for k in arrays:
            if not values[k].flags.carray:
                return None
        for j, k in pairs:
            a, b = values[j], values[k]
            if a is b or (not (a.base is None and b.base is None and a.flags.owndata and b.flags.owndata)
                          and np.may_share_memory(a, b)):
                return None
        bars = [fill(values[k].shape, values[k].dtype) for k, fill in filled]
        try:
            out = native(*values, *bars, 1.0)
        except Leave:
            return None
        except SystemError:
            if written:
                raise
            return None
        found = tuple([bars[at] if maker is None else maker(out[at]) for maker, at in parts])
        given = found[0] if single else found
        if watched and not out[-1] and all(isfinite(found[at]) for at in numbers):
            return make(out), given, True
        return make(out), given

    return run
