"""A lowered function with its compiled variants: what a call runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ._refusal import NotCompilable
from .analyses.intervals import MayOverflow, decide
from .emit.native import compile_source
from .emit.python import emit
from .frontend.arguments import leaves
from .frontend.lower import Lowered, Result, lower
from .ir.function import Function, Op, Value, walk
from .ir.types import ArrayType
from .ir.verify import verify
from .transforms.pullback import Pullback, pullback
from .transforms.simplify import cancel_clearing, eliminate_dead, resolve, share_loads

__all__ = ["CompiledPullback"]

_VARIANTS = 3


class _Variant:
    """One native function: valid wherever the decisions it was made under hold."""

    def __init__(self, decisions: dict[Op, bool], transformed: Pullback, checked: bool) -> None:
        self.decisions = decisions
        self.transformed = transformed
        self.checked = checked
        self.source = emit(transformed.function)
        start = time.perf_counter()
        self.call = compile_source(self.source, transformed.function.name)
        self.seconds = time.perf_counter() - start


class CompiledPullback:
    """Value and pullback of a function for arguments of one signature.

    Attributes
    ----------
    source : str
        The generated Python.
    explain : dict
        What is taped, what is active, and how long compilation took.
    """

    def __init__(self, f: Any, specs: tuple, active: tuple[bool, ...]) -> None:
        self.f = f
        self.active = active
        self.specs = specs
        self.lowered: Lowered = lower(f, specs)
        self.ir: Function = self.lowered.function
        share_loads(self.ir)
        eliminate_dead(self.ir)
        verify(self.ir)
        self.counts = [_count(s) for s in specs]
        flags = [a for a, n in zip(active, self.counts, strict=True) for _ in range(n)]
        flags += [False] * len(self.lowered.captured)
        self.active_params = [p for p, a in zip(self.ir.params, flags, strict=True)
                              if a and (p.type.is_float)]  # type: ignore[union-attr]
        self.variants: list[_Variant] = []
        self.by_extents: dict[tuple, _Variant] = {}
        self.written = [k for k, p in enumerate(self.ir.params) if p in self.lowered.written]

    # ---- calls
    def values(self, args: tuple) -> list:
        """Parameters of this call; raises where what was assumed no longer holds."""
        specs, values = leaves(args)
        if specs != self.specs:
            raise NotCompilable("arguments of another signature")
        self.check_guards()
        for kind, container, key in self.lowered.captured:
            values.append(_fetch(kind, container, key))
        for p, v in zip(self.ir.params, values, strict=True):
            if isinstance(p.type, ArrayType) and (type(v) is not np.ndarray or v.ndim != p.type.ndim
                                                  or v.dtype != p.type.element.dtype):
                raise NotCompilable("an array outside the function changed its type")
        self.check_overlap(values)
        return values

    def check_guards(self) -> None:
        for kind, container, key, expected in self.lowered.guards:
            if kind == "absent":
                if key in container:
                    raise NotCompilable(f"the builtin `{key}` is now shadowed")
                continue
            if kind == "defaults":
                if (container.__defaults__, container.__kwdefaults__) != expected:
                    raise NotCompilable("default arguments changed")
                continue
            value = _fetch(kind, container, key)
            if value is not expected and not (type(value) is type(expected) and isinstance(value, (bool, int, float, str))
                                              and repr(value) == repr(expected)):
                raise NotCompilable(f"`{key or 'a free variable'}` has changed")

    def check_overlap(self, values: list) -> None:
        for k in self.written:
            a = values[k]
            if not a.flags.writeable:
                raise NotCompilable("an array that is written is read-only")
            if any(s == 0 and n > 1 for s, n in zip(a.strides, a.shape, strict=True)):
                raise NotCompilable("an array that is written overlaps itself")
            for j, other in enumerate(values):
                if j != k and isinstance(other, np.ndarray) and np.may_share_memory(a, other):
                    raise NotCompilable("an array that is written shares memory with another argument")

    def variant(self, values: list) -> _Variant:
        """The native function for the extents of this call."""
        key = tuple(v.shape if isinstance(v, np.ndarray) else v if isinstance(v, (int, np.int64)) else None
                    for v in values)
        found = self.by_extents.get(key)
        if found is not None:
            return found
        known: dict[Any, int] = {}
        for p, v in zip(self.ir.params, values, strict=True):
            if isinstance(v, np.ndarray):
                known.update({(p, k): n for k, n in enumerate(v.shape)})
            elif isinstance(v, (int, np.int64)) and not isinstance(v, bool):
                known[p] = int(v)
        try:
            decisions = decide(self.ir, known)
        except MayOverflow as error:
            raise NotCompilable(str(error), *self.ir.spans[error.span][:2]) from None
        for v in self.variants:
            if v.decisions.items() <= decisions.items():
                break
        else:
            if len(self.variants) >= _VARIANTS:
                for old in self.variants:
                    decisions = {op: t for op, t in decisions.items() if old.decisions.get(op) == t}
            v = self.build(decisions)
            self.variants.append(v)
        if len(self.by_extents) > 256:
            self.by_extents.clear()
        self.by_extents[key] = v
        return v

    def build(self, decisions: dict[Op, bool]) -> _Variant:
        primal = eliminate_dead(resolve(self.ir, decisions))
        share_loads(primal)
        verify(primal)
        checked = any(op.name == "check" for op in walk(primal.body))
        try:
            transformed = pullback(primal, self.active_params)
        except KeyError as error:
            raise NotCompilable(f"no derivative of `{error.args[0]}`") from None
        try:
            cancel_clearing(transformed.function)
            eliminate_dead(transformed.function)
            verify(transformed.function)
            return _Variant(decisions, transformed, checked)
        except Exception as error:  # a defect here must cost speed, not the derivative
            raise NotCompilable(f"internal error: {error!r}") from error

    def run(self, values: list, seed: Any, shadows: dict[Value, np.ndarray] | None = None) -> tuple[Any, list]:
        """The value and a cotangent for each active parameter. Adds to `shadows` where they are given."""
        variant = self.variant(values)
        t = variant.transformed
        by_param = dict(zip(self.ir.params, values, strict=True))
        shadow = {p: (shadows or {}).get(p) for p in t.shadows}
        for p in t.shadows:
            if shadow[p] is None:
                shadow[p] = np.zeros(by_param[p].shape, by_param[p].dtype)
        seeds: list = [None] * len(self.ir.body.yields)
        self.place_seed(self.lowered.result, seed, seeds, iter(range(len(seeds))), values, shadow)
        saved = [(values[k], values[k].copy()) for k in self.written] if variant.checked else []
        from .runtime.native import Leave

        try:
            out = variant.call(*values, *(shadow[p] for p in t.shadows), *(seeds[k] for k in t.seeds))
        except Leave:
            for a, copy in saved:
                a[...] = copy
            raise NotCompilable("at run time: an exception or a case left to the interpreter") from None
        out = list(out) if out is not None else []
        n = len(self.ir.body.yields)
        value = _assemble(self.lowered.result, iter(out[:n]), values)
        scalars = dict(zip(t.cotangents, out[n:], strict=True))
        bars = []
        for p, v in by_param.items():
            if p in scalars:
                bars.append(scalars[p])
            elif p in self.active_params:
                bars.append(shadow[p] if p in shadow else np.zeros(v.shape, v.dtype))
            else:
                bars.append(None)
        return value, bars

    def place_seed(self, result: Result, seed: Any, seeds: list, slots: Any, values: list, shadow: dict) -> None:
        if result.kind == "scalar":
            seeds[next(slots)] = float(seed) if seed is not None else 0.0
        elif result.kind == "new":
            seeds[next(slots)] = seed
            if seed is None:
                raise NotCompilable("an array result needs a seed")
        elif result.kind == "argument":
            if seed is not None:
                p = self.ir.params[result.info]
                if p in shadow:
                    shadow[p] += seed
        elif result.kind == "sequence":
            for part, s in zip(result.parts, seed if seed is not None else [None] * len(result.parts), strict=True):
                self.place_seed(part, s, seeds, slots, values, shadow)

    def value_and_pullback(self, args: tuple, seed: Any) -> tuple[Any, tuple]:
        """The function's value, and a cotangent for each argument (None where it is not active).

        Memory is left as the function leaves it. Raises `NotCompilable`, with memory as it was before the call,
        where the program would raise an exception.
        """
        value, bars = self.run(self.values(tuple(args)), seed)
        slots = iter(bars)
        return value, tuple(_group(s, slots) if a else _skip(s, slots)
                            for s, a in zip(self.specs, self.active, strict=True))

    # ---- split mode
    def forward(self, args: tuple) -> tuple[Any, list]:
        """The value, and a tape for `reverse`: the arguments that the function overwrites, as they were.

        The tape is a checkpoint: `reverse` runs the function again, so that a recorded call keeps little memory.
        """
        values = self.values(tuple(args))
        tape = [(k, values[k].copy()) for k in self.written]
        seed = _zero_seed(self.lowered.result)
        if seed is None and any(r.kind == "new" for r in _parts(self.lowered.result)):
            raise NotCompilable("split mode of a function that returns a fresh array")
        value, _ = self.run(values, seed)
        return value, tape

    def reverse(self, tape: list, args: tuple, seeds: Any, shadows: dict[int, np.ndarray] | None = None) -> tuple:
        """Undo the call's writes and pull the cotangents back.

        `shadows` maps the position of an array argument to its shadow, which holds the cotangent of the argument
        after the call and then that before it; cotangents of other active arguments are returned.
        """
        values = self.values(tuple(args))
        by_position: dict[Value, np.ndarray] = {}
        start = 0
        for k, n in enumerate(self.counts):
            if shadows and k in shadows:
                if n != 1:
                    raise NotCompilable("a shadow of an argument that is not one array")
                by_position[self.ir.params[start]] = shadows[k]
            start += n
        self.restore(tape, values)
        _, bars = self.run(values, seeds, by_position)
        self.restore(tape, values)
        slots = iter(bars)
        return tuple(_group(s, slots) if a else _skip(s, slots) for s, a in zip(self.specs, self.active, strict=True))

    @staticmethod
    def restore(tape: list, values: list) -> None:
        for k, copy in tape:
            values[k][...] = copy

    # ---- inspection
    @property
    def source(self) -> str:
        return "\n".join(v.source for v in self.variants)

    @property
    def explain(self) -> dict[str, Any]:
        return {"tier": "compile", "active": [p.name for p in self.active_params],
                "taped": sorted({v.name or "?" for x in self.variants for v in x.transformed.taped}),
                "variants": len(self.variants), "checked": [v.checked for v in self.variants]}


def _fetch(kind: str, container: Any, key: Any) -> Any:
    try:
        if kind == "cell":
            return container.cell_contents
        return container[key] if kind == "global" else getattr(container, key)
    except (KeyError, AttributeError, ValueError):
        raise NotCompilable(f"`{key}` is gone") from None


def _count(spec: tuple) -> int:
    if spec[0] == "sequence":
        return sum(map(_count, spec[2]))
    if spec[0] == "object":
        return sum(_count(s) for _, s in spec[2])
    return 0 if spec[0] == "const" else 1


def _group(spec: tuple, slots: Any) -> Any:
    if spec[0] == "sequence":
        return tuple(_group(s, slots) for s in spec[2])
    if spec[0] == "object":
        return {name: _group(s, slots) for name, s in spec[2]}
    return None if spec[0] == "const" else next(slots)


def _skip(spec: tuple, slots: Any) -> None:
    for _ in range(_count(spec)):
        next(slots)


def _parts(result: Result) -> list[Result]:
    return [result, *(p for part in result.parts for p in _parts(part))]


def _zero_seed(result: Result) -> Any:
    if result.kind == "sequence":
        return [_zero_seed(p) for p in result.parts]
    return 0.0 if result.kind == "scalar" else None


def _assemble(result: Result, outs: Any, values: list) -> Any:
    if result.kind == "scalar":
        value = next(outs)
        flavor, type_name = result.info
        make: Callable = {"f64": float if flavor == "py" else np.float64, "f32": np.float32,
                          "i64": int if flavor == "py" else np.int64, "bool": bool}[type_name]
        return make(value)
    if result.kind == "new":
        return next(outs)
    if result.kind == "argument":
        return values[result.info]
    if result.kind == "const":
        return result.info
    items = [_assemble(p, outs, values) for p in result.parts]
    return result.info(*items) if hasattr(result.info, "_fields") else result.info(items)
