"""Whole calls that native code takes: the operators' side of the compile tier."""

from __future__ import annotations

from types import FunctionType
from typing import Any

import numpy as np

from .. import _compile
from .._driver import PLAIN, finite
from .._errors import UnsupportedError
from .._tiers import Ledger, NotCompilable, usual_arithmetic, whole
from .base import fitted
from .trees import Form, leaves, rebuild, with_derivatives

__all__ = ["NativePullback", "gradient", "pullback", "refused"]


def refused(reason: NotCompilable) -> UnsupportedError:
    """What ``tier="compile"`` raises where the compile tier says no."""
    where = f" ({reason.filename}:{reason.lineno})" if reason.filename else ""
    return UnsupportedError(f'tier="compile" was asked for, and the function is not compiled: {reason.reason}{where}',
                            why="the compile tier knows a typed subset of Python",
                            fixes=['let undertow choose: tier="auto"'])


def key_of(args: tuple) -> tuple | None:
    """What decides how a call of numbers and arrays runs; None where an argument is something else."""
    key: list = [_compile.options.get()]
    for a in args:
        kind = type(a)
        if kind is np.ndarray:
            key.append((a.dtype, a.shape, a.flags.num))
        elif kind is int or kind is np.int64 or kind is bool:
            key.append((kind, a))
        elif kind is float or kind is np.float64 or kind is np.float32:
            key.append(kind)
        else:
            return None
    return tuple(key)


def again(f: Any, args: tuple, known: dict) -> tuple | None:
    """``(value, gradient)`` of a call like one that has been native before; None where the general way must be gone."""
    try:
        key = key_of(args)
        found = known.get(key)
        if found is not None:
            compiled, run, boxing, bound = found
            values = list(args)
        else:
            specs, values = _compile.signature_of(args)
            found = known.get((specs, _compile.options.get()))
            if found is None:
                return None
            compiled, places, single, boxing, bound = found
        function = f.py_func if boxing else f
        if bound[0] is not function or function.__code__ is not compiled.code or not usual_arithmetic():
            return None
        values = compiled.values_of(values, function, bound)
        if len(found) == 5:
            run = compiled.quick_call(values, places, single)
            if run is None:
                return None
            if key is not None and not bound[2]:
                if len(known) > _MOST:
                    known.clear()
                known[key] = compiled, run, boxing, bound
        quick = run(values)
        if quick is None:
            return None
        if len(quick) == 3:  # seen to be finite
            quick = quick[:2]
        elif doubtful(compiled, quick[0], quick[1] if type(quick[1]) is tuple else (quick[1],)):
            return None
        return quick if not boxing else (boxed(quick[0]), quick[1])
    except (NotCompilable, TypeError, AttributeError):
        return None


_MOST = 256  # kinds of calls that are remembered


def gradient(f: Any, args: tuple, kwargs: dict, argnums: Any, tier: str, has_aux: bool = False,
             known: dict | None = None) -> tuple | Ledger | None:
    """``(value, gradient)`` by native code, or the ledger for the recording that is to be done instead."""
    if known and not kwargs:
        quick = again(f, args, known)
        if quick is not None:
            return quick
    call: Any = None
    try:
        call = whole(f, args, kwargs, argnums, tier)
        if type(call) is Ledger:
            return call
        value, found, bars = _gradient(call, argnums, has_aux)
        if doubtful(call.compiled, value[0] if has_aux else value, bars):
            return None
        boxing = hasattr(f, "py_func")
        if known is not None and (type(f) is FunctionType or boxing) and not has_aux:
            bound = call.compiled.bind(f.py_func if boxing else f)
            single = type(argnums) in (int, str)
            known[call.compiled.specs, _compile.options.get()] = call.compiled, tuple(call.places), single, boxing, bound
        return (boxed(value) if boxing else value), found
    except NotCompilable as reason:
        if call is not None:
            call.ledger.left(reason)
        if tier == "compile":
            raise refused(reason).at() from None
        return None


def _gradient(call: Any, argnums: Any, has_aux: bool) -> tuple:
    compiled, values = call.compiled, call.values
    result: Any = compiled.lowered.result
    seed: Any = 1.0
    if has_aux:
        if result.kind != "sequence" or len(result.parts) != 2:
            raise NotCompilable("a result that is not (value, aux)")
        seed, result = (1.0, None), result.parts[0]
    if not (result.kind in ("scalar", "tagged") or result.kind == "const" and type(result.info) in (int, float, bool)):
        raise NotCompilable("a gradient of something that is not one number")
    if compiled.simple is not None:
        value, bars = compiled.run(values, seed, args=call.args)
        bar = bars[compiled.simple]
        return value, ((bar,) if isinstance(argnums, (tuple, list)) else bar), (bar,)
    layout = Layout(call, not isinstance(argnums, (tuple, list)))
    value, bars = compiled.run(values, seed, args=call.args)
    return value, layout.structured(bars), [bars[j] for j in layout.leaves]


def doubtful(compiled: Any, value: Any, bars: Any) -> bool:
    """Whether a gradient may be infinite for want of a strong zero (``0 * inf``), which the recorder's sweep has.

    The recorder then runs the function again, unless it has changed its arguments.
    """
    changed = compiled.written or compiled.lowered.attributes
    return not all(map(finite, bars)) and not changed and bool(np.isfinite(value))


def boxed(value: Any) -> Any:
    """What Numba makes of a result: numbers are Python's own."""
    if isinstance(value, np.generic):
        return value.item()
    return tuple(map(boxed, value)) if type(value) is tuple else value


class Layout:
    """How cotangents of leaves are put together in the structure of the differentiated arguments."""

    def __init__(self, call: Any, single: bool) -> None:
        compiled, values, where = call.compiled, call.values, call.places
        self.single = single
        chosen = []
        if len(set(where)) != len(where):
            raise NotCompilable("an argument is differentiated twice")
        self.leaves: list[int] = []
        self.complex: list[tuple[int, tuple]] = []  # number of the leaf in the order of the tree, and its signature
        count = 0
        for k in where:
            n = compiled.starts[k]
            slots: list[int] = []
            for spec in _compile.numbers_of(compiled.specs[k]):
                if spec[0] in ("complex", "complexes"):
                    self.complex.append((count, spec))
                if compiled.ir.params[n].type.is_float:
                    slots += range(n, n + (2 if spec[0] == "complex" else 1))
                    count += 1
                n += 2 if spec[0] == "complex" else 1
            if not slots:
                raise NotCompilable("an argument that has nothing to differentiate")
            self.leaves += slots
            chosen.append(call.args[k])
        arrays = [values[j] for j in self.leaves if isinstance(values[j], np.ndarray)]
        for i, a in enumerate(arrays):
            if any(np.may_share_memory(a, b) for b in arrays[:i]):
                raise NotCompilable("differentiated arrays share memory")
        if len(leaves(tuple(chosen))) != count:
            raise NotCompilable("an argument whose structure the compile tier does not know")
        self.structure = rebuild(tuple(chosen), lambda x: x)

    def structured(self, bars: list) -> Any:
        """Cotangents of the leaves in the structure of the arguments."""
        parts = [bars[j] for j in self.leaves]
        for k, spec in self.complex:
            parts[k:k + (2 if spec[0] == "complex" else 1)] = [
                _compile.joined(spec, parts[k:k + (2 if spec[0] == "complex" else 1)])]
        found = with_derivatives(self.structure, parts)
        return found[0] if self.single else found


class NativePullback:
    """The adjoint of a call that native code took; it runs the function again, on copies of its arguments."""

    def __init__(self, f: Any, call: Any, values: list, layout: Layout, value: Any) -> None:
        self.f, self.places = f, call.places
        self.compiled, self.values, self.layout = call.compiled, values, layout
        self.recorded: Any = None
        compiled = self.compiled
        self.form = Form(value)
        self.value = plan(compiled.lowered.result, value, iter(range(len(self.form.leaves))), {})

    def __call__(self, y_bar: Any) -> Any:
        return self._under(PLAIN, y_bar)

    def _under(self, lower: Any, y_bar: Any) -> Any:
        if lower.level:
            return self.by_recording()._under(lower, y_bar)
        bars = self.pull(fitted(lower, self.form, y_bar, "cotangent"))
        found = self.layout.structured(bars)
        if not all(finite(bars[j]) for j in self.layout.leaves) and self.recordable():
            return self.by_recording()(y_bar)  # its sweep knows that 0 * inf is 0
        return found

    def recordable(self) -> bool:
        """Whether the arguments of the call are known as the function takes them."""
        return all(spec[0] in ("scalar", "array", "const", "complex", "complexes") for spec in self.compiled.specs)

    def by_recording(self) -> Any:
        """The same pullback from a recording, which other derivatives can look into."""
        if self.recorded is None:
            from .first import recorded_vjp

            args = []
            for k, spec in enumerate(self.compiled.specs):
                if spec[0] in ("complex", "complexes"):
                    start = self.compiled.starts[k]
                    args.append(_compile.joined(spec, [np.array(v) for v in self.values[
                        start:start + self.compiled.counts[k]]]))
                    continue
                if spec[0] not in ("scalar", "array", "const"):
                    raise UnsupportedError("a pullback of native code is called inside another derivative",
                                           fixes=['make it with tier="record"']).at()
                x = spec[1] if spec[0] == "const" else self.values[self.compiled.starts[k]]
                args.append(x.copy() if isinstance(x, np.ndarray) else x)
            argnums = self.places[0] if self.layout.single else tuple(self.places)
            function = _compile.function_of(self.f)[0]
            self.recorded = recorded_vjp(PLAIN, function, tuple(args), {}, argnums, False, "record")[1]
        return self.recorded

    def pull(self, bars: list) -> list:
        """Cotangents of the leaves of the arguments for those of the leaves of the value."""
        values = list(self.values)
        for k in self.compiled.written:
            values[k] = values[k].copy()
        return self.compiled.run(values, seeds(self.value, bars))[1]


def plan(result: Any, value: Any, numbers: Any, seen: dict) -> Any:
    """Which leaf of the value each part of the result is: ``(number, like)``, a list for a sequence."""
    inner = _compile.parts_of_value(result, value)
    if inner is not None:
        return [plan(part, v, numbers, seen) for part, v in inner]
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "fc" or id(value) in seen:
            return None, value.shape, value.dtype
        seen[id(value)] = value
        return next(numbers), value.shape, value.dtype
    return next(numbers) if isinstance(value, float | complex | np.inexact) else None, None, None


def seeds(planned: Any, bars: list) -> Any:
    """Cotangents in the structure of the result."""
    if type(planned) is list:
        return [seeds(part, bars) for part in planned]
    number, shape, dtype = planned
    bar = None if number is None else bars[number]
    if shape is None:
        return bar
    return np.zeros(shape, dtype) if bar is None else np.ascontiguousarray(bar)


def pullback(f: Any, args: tuple, kwargs: dict, argnums: Any, tier: str, kinds: tuple = ()) -> tuple | Ledger | None:
    """``(value, pullback)`` by native code, or the ledger for the recording that is to be done instead.

    With `kinds`, results of other kinds are refused before anything has run.
    """
    try:
        call = whole(f, args, kwargs, argnums, tier)
        if isinstance(call, Ledger):
            return call
        compiled, values = call.compiled, call.values
        if kinds and compiled.lowered.result.kind not in kinds:
            raise NotCompilable("a result that is not one array or number")
        layout = Layout(call, not isinstance(argnums, (tuple, list)))
        kept = [v.copy() if isinstance(v, np.ndarray) else v for v in values]
        value = compiled.primal(values, call.args)
        value = boxed(value) if hasattr(f, "py_func") else value
        return value, NativePullback(f, call, kept, layout, value)
    except NotCompilable as reason:
        if tier == "compile":
            raise refused(reason).at() from None
        return None
