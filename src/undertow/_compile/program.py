"""A lowered function with its compiled variants: what a call runs."""

from __future__ import annotations

import threading
import time
import types
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from . import lent
from ._refusal import NotCompilable, contained, defects
from .analyses.intervals import MayOverflow, decide
from .frontend.arguments import leaves, pairs
from .frontend.lower import Lowered, lower
from .ir.function import Function, Op, Value, walk
from .ir.types import I64, ArrayType
from .ir.verify import verify
from .leave import Leave
from .options import NOTHING, Options
from .quick import quick_call
from .results import Outs, assemble, parts_of, place_seed, reached, seeds_arguments, yields_of, zero_seed
from .surroundings import check_guards, fetch, grouped, places
from .transforms.branches import agree
from .transforms.fuse import fuse
from .transforms.peel import peel
from .transforms.rotation import unwrap
from .transforms.simplify import eliminate_dead, hoist, resolve, settle_flags, share_loads
from .variant import Variant

__all__ = ["CompiledPullback"]

_VARIANTS = 3
_PINNED = 64  # extents and integers up to which a program may be made for them alone
_DETOUR = 0.5  # seconds


class CompiledPullback:
    """Value and pullback of a function for arguments of one signature.

    Attributes
    ----------
    source : str
        The generated Python.
    explain : dict
        What is taped, what is active, and how long compilation took.
    """

    def __init__(self, f: Any, specs: tuple, active: tuple[bool, ...], varying: frozenset = frozenset(),
                 pins: dict | None = None, options: Options = NOTHING) -> None:
        start = time.perf_counter()
        self.function_ref = weakref.ref(f)
        self.code = f.__code__
        self.active = active
        self.specs = specs
        self.pins = pins or {}
        self.lowered: Lowered = lower(f, specs, varying, self.pins, options.joined)
        self.options = options
        self.ir: Function = self.lowered.function
        share_loads(self.ir)
        eliminate_dead(self.ir)
        unwrap(self.ir)
        self.ir = peel(self.ir)
        verify(self.ir)
        if any(r.kind == "scalar" and r.info[0] == "mixed" for whole in (self.lowered.result, *(r for *_, r in self.lowered.attributes)) for r in parts_of(whole)):
            raise NotCompilable("whether the function returns a float or a NumPy number depends on the run")
        self.has_rows = any(r.kind == "rows" for r in parts_of(self.lowered.result))
        self.counts = [_count(s) for s in specs]
        self.starts = [sum(self.counts[:k]) for k in range(len(self.counts))]
        flags = [a for a, n in zip(active, self.counts, strict=True) for _ in range(n)]
        flags += [False] * len(self.lowered.captured)
        self.active_params = [p for p, a in zip(self.ir.params, flags, strict=True)
                              if a and (p.type.is_float)]  # type: ignore[union-attr]
        kinds = [k for s in specs for k in _kinds(s)]
        self.makers = [{"np": p.type.dtype.type, "py": float}[k]  # type: ignore[union-attr]
                       if k and p.type.is_float else None  # type: ignore[union-attr]
                       for p, k in zip(self.ir.params, [*kinds, *[None] * len(self.lowered.captured)], strict=True)]
        places_ = [k for k, a in enumerate(active) if a]
        self.simple = self.starts[places_[0]] if len(places_) == 1 and specs[places_[0]][0] in ("scalar", "array") \
            and self.ir.params[self.starts[places_[0]]].type.is_float else None  # type: ignore[union-attr]
        self.number_types = _MAKE
        self.variants: list[Variant] = []
        self.limits = [op for op in walk(self.ir.body) if op.name == "check" and "limit" in op.attrs]
        self.by_extents: dict[tuple, Variant] = {}
        self.written = [k for k, p in enumerate(self.ir.params) if p in self.lowered.written]
        self.integers = [k for k, p in enumerate(self.ir.params) if p.type == I64]
        self.arrays = [k for k, p in enumerate(self.ir.params) if isinstance(p.type, ArrayType)]
        self.keep_surroundings(f)
        self.lock = threading.RLock()
        self.lowering_seconds = time.perf_counter() - start

    quick_call = quick_call

    # ---- calls
    def keep_surroundings(self, f: Any) -> None:
        """Note guards and captured places by their paths from the function: what it closes over is not kept alive."""
        reached = places(f)
        path_of = {id(x): path for path, x in reached.items()}
        self.codes = {path: x.__code__ if isinstance(x, types.FunctionType) else None for path, x in reached.items()}

        def located(x: Any) -> tuple:
            path = path_of.get(id(x))
            return (path, x if path is None else None)

        guards = grouped(list({(g[0], id(g[1]), g[2]): g for g in self.lowered.guards}.values()))
        self.guards = [(g[0], located(g[1]), g[2], located(g[3])) for g in guards]
        self.captured = [(kind, located(c), key) for kind, c, key in self.lowered.captured]
        self.lowered.guards, self.lowered.captured = [], []
        self.bound: tuple = (None, [], [])
        self.bind(f)

    def bind(self, f: Any) -> tuple:
        """Guards and captured places of a function made from the text of this program."""
        bound = self.bound
        if bound[0] is f:
            return bound
        reached = places(f)
        for path, code in self.codes.items():
            x = reached.get(path)
            if x is None or (x.__code__ if isinstance(x, types.FunctionType) else None) is not code:
                raise NotCompilable("a closure over other functions")

        def found(place: tuple) -> Any:
            return place[1] if place[0] is None else reached[place[0]]

        guards = [(kind, found(c), key, found(expected)) for kind, c, key, expected in self.guards]
        bound = (f, guards, [(kind, found(c), key) for kind, c, key in self.captured])
        if f.__closure__ is None:
            self.bound = bound
        return bound

    def values(self, args: tuple, f: Any = None) -> list:
        """Parameters of this call; raises where what was assumed no longer holds."""
        specs, values = leaves(args)
        if specs != self.specs:
            raise NotCompilable("arguments of another signature")
        return self.values_of(values, f)

    def values_of(self, values: list, f: Any = None, bound: tuple | None = None) -> list:
        """`values`, the leaves of the arguments, completed by captured ones; guards and overlap are checked."""
        if bound is None:
            bound = self.bind(self.function_ref() if f is None else f)
        if self.pins and not self.fits(values):
            raise NotCompilable("other extents or integers")
        check_guards(bound[1])
        if bound[2]:
            n = len(values)
            for kind, container, key in bound[2]:
                value = fetch(kind, container, key)
                paired = type(value) is np.ndarray and value.dtype == np.complex128
                if paired != (self.ir.params[len(values)] in self.lowered.paired):
                    raise NotCompilable("an array outside the function changed its type")
                values.append(pairs(value) if paired else value)
            for p, v in zip(self.ir.params[n:], values[n:], strict=True):
                if isinstance(p.type, ArrayType):
                    if type(v) is not np.ndarray or v.ndim != p.type.ndim or v.dtype != p.type.element.dtype:
                        raise NotCompilable("an array outside the function changed its type")
                elif type(v) is not p.type.dtype.type(0).item().__class__:  # type: ignore[union-attr]
                    raise NotCompilable("a number outside the function changed its type")
        if self.written:
            self.check_overlap(values)
        return values

    def fits(self, values: list) -> bool:
        """Whether the leaves have the extents and integers that the program is for."""
        return all((values[k] if axis is None else values[k].shape[axis]) == n for (k, axis), n in self.pins.items())

    def check_overlap(self, values: list) -> None:
        for k in self.written:
            a = values[k]
            if not a.flags.writeable:
                raise NotCompilable("an array that is written is read-only")
            if not a.flags.c_contiguous and overlaps_itself(a):
                raise NotCompilable("an array that is written overlaps itself")
            for j, other in enumerate(values):
                if j != k and isinstance(other, np.ndarray) and np.may_share_memory(a, other):
                    raise NotCompilable("an array that is written shares memory with another argument")

    def extents_of(self, values: list) -> tuple:
        """Extents and integers of a call."""
        return (*[values[k].shape for k in self.arrays], *[values[k] for k in self.integers])

    def variant(self, values: list) -> Variant:
        """The native function for the extents of this call."""
        key = self.extents_of(values)
        found = self.by_extents.get(key)
        if found is None:
            with self.lock, contained():
                found = self.new_variant(values)
                if len(self.by_extents) > 256:
                    self.by_extents.clear()
                self.by_extents[key] = found
        return found

    def known(self, values: list) -> dict[Any, int]:
        """Extents and integers of a call."""
        known: dict[Any, int] = {}
        for p, v in zip(self.ir.params, values, strict=True):
            if isinstance(v, np.ndarray):
                known.update({(p, k): n for k, n in enumerate(v.shape)})
            elif isinstance(v, (int, np.int64)) and not isinstance(v, bool):
                known[p] = int(v)
        return known

    def check_limits(self, decisions: dict[Op, bool]) -> None:
        """Refuse extents for which the interpreter is known to be faster."""
        false = {op.result for op, outcome in decisions.items() if isinstance(op, Op) and not outcome}
        for op in self.limits:
            if op.operands[0] in false:
                raise NotCompilable(op.attrs["reason"], *self.ir.spans[op.span][:2])

    def new_variant(self, values: list) -> Variant:
        try:
            decisions = decide(self.ir, self.known(values))
        except MayOverflow as error:
            raise NotCompilable(str(error), *self.ir.spans[error.span][:2]) from None
        self.check_limits(decisions)
        known = self.known(values)
        for v in self.variants:
            if v.decisions.items() <= decisions.items() and v.may_keep_slow(known) == v.keeps_slow:
                return v
        if len(self.variants) >= _VARIANTS:
            for old in self.variants:
                decisions = {op: t for op, t in decisions.items() if old.decisions.get(op) == t}
        primal = eliminate_dead(resolve(self.ir, decisions))
        agree(primal)
        settle_flags(primal)
        eliminate_dead(primal)
        share_loads(primal)
        hoist(primal)
        settle_flags(primal)  # of outer loops, now that those of inner ones stand outside
        eliminate_dead(primal)
        fuse(primal)
        verify(primal)
        v = Variant(decisions, primal, self.active_params, yields_of(self.lowered.result), self.options)
        v.keeps_slow = v.may_keep_slow(known)
        self.variants.append(v)
        return v

    def dense(self, values: list) -> tuple[list, list]:
        """What native code is given: C-ordered, writable arrays; and what is to be copied back."""
        natives, back = values, []
        for k in self.arrays:
            a = values[k]
            if not a.flags.carray:
                if natives is values:
                    natives = list(values)
                natives[k] = np.array(a, order="C")
                if k in self.written:
                    back.append((a, natives[k]))
        return natives, back

    def launch(self, variant: Variant, mode: str, values: list, extra: list) -> list:
        """Call native code; where it leaves, memory is as before the call."""
        natives, back = self.dense(values)
        saved = [(natives[k], natives[k].copy()) for k in self.written] if variant.checked else []
        native = variant.call(mode)
        start = time.perf_counter()
        try:
            out = native(*natives, *extra)
        except (Leave, SystemError) as error:  # the latter: SciPy's functions were told to raise
            if isinstance(error, SystemError) and self.written and not saved:
                raise
            for a, copy in saved:
                a[...] = copy
            raise NotCompilable("at run time: an exception or a case left to the interpreter") from None
        except (MemoryError, KeyboardInterrupt):
            raise
        except Exception as error:  # Numba's: nothing has run
            defects.append(repr(error))
            raise NotCompilable(f"internal error: {error!r}") from None
        if mode not in variant.run_before:
            variant.note(mode, time.perf_counter() - start)
        for a, copy in back:
            a[...] = copy
        return list(out) if out is not None else []

    def run(self, values: list, seed: Any, shadows: dict[Value, np.ndarray] | None = None,
            variant: Variant | None = None, args: tuple | None = None) -> tuple[Any, list]:
        """The value and a cotangent for each active parameter. Adds to `shadows` where they are given.

        What the program rebinds in its arguments is rebound in `args`, if they are given.
        """
        variant = variant or self.variant(values)
        t = variant.transformed
        shadow: dict[Value, Any] = {}
        targets = []
        mode = "pullback" if shadows or seeds_arguments(self.lowered.result, seed) else "gradient"
        if mode == "gradient" and not variant.ready(mode) and variant.ready("pullback"):
            mode = "pullback"
        unset = variant.reverse("gradient")[1] if mode == "gradient" else ()
        for p in variant.shadows(mode):
            given = shadows.get(p) if shadows else None
            if given is None:
                v = values[self.position(p)]
                given = (lent.empty if p in unset else lent.zeros)(v.shape, v.dtype)
            elif not given.flags.carray:
                dense = np.array(given, order="C")
                targets.append((given, dense))
                given = dense
            shadow[p] = given
        seeds: list = [None] * len(self.ir.body.yields)
        place_seed(self.lowered.result, seed, seeds, iter(range(len(seeds))), lambda k: shadow.get(self.ir.params[k]))
        out = self.launch(variant, mode, values, [*shadow.values(), *(seeds[k] for k in t.seeds)])
        if mode == "gradient" and variant.watched:
            out.pop()
        for given, dense in targets:
            given[...] = dense
        n = len(self.ir.body.yields)
        value = self.finished(out[:n], values, args)
        scalars = dict(zip(t.cotangents, out[n:], strict=True)) if len(out) > n else {}
        bars: list = [None] * len(values)
        for p in self.active_params:
            k = self.position(p)
            if p in scalars:
                bars[k] = self.makers[k](scalars[p])
            else:
                bars[k] = shadow[p] if p in shadow else lent.zeros(values[k].shape, values[k].dtype)
        return value, bars

    def primal(self, values: list, args: tuple | None = None) -> Any:
        """The value alone: by the pullback, if only that is native and the time lost so far is small."""
        variant = self.variant(values)
        ready = next((mode for mode in ("gradient", "pullback") if variant.ready(mode)), None)
        if not variant.ready("primal") and ready and variant.detour < _DETOUR and not any(
                r.kind in ("new", "complexes") for r in parts_of(self.lowered.result)):
            made = ready in variant.run_before
            start = time.perf_counter()
            value, _ = self.run(values, zero_seed(self.lowered.result), None, variant, args)
            variant.detour += time.perf_counter() - start if made else 0.0
            return value
        return self.finished(self.launch(self.variant(values), "primal", values, []), values, args)

    def finished(self, out: list, values: list, args: tuple | None) -> Any:
        """The value; and what the program leaves in its arguments is put there."""
        outs = Outs(out)
        value = assemble(self.lowered.result, outs, values, _MAKE, args)
        if args is not None:
            for path, name, result in self.lowered.attributes:
                owner = reached(path, args)
                found = assemble(result, outs, values, _MAKE, args)
                if name == "items" and type(owner) is list:
                    owner[:] = found
                elif type(name) is tuple:
                    owner[name[1]] = found
                else:
                    vars(owner)[name] = found
        return value

    def position(self, p: Value) -> int:
        """Position of a parameter."""
        found = self.positions.get(p) if hasattr(self, "positions") else None
        if found is None:
            self.positions = {q: k for k, q in enumerate(self.ir.params)}
            found = self.positions[p]
        return found

    def value_and_pullback(self, args: tuple, seed: Any) -> tuple[Any, tuple]:
        """The function's value, and a cotangent for each argument (None where it is not active).

        Memory is left as the function leaves it. Raises `NotCompilable`, with memory as it was before the call,
        where the program would raise an exception.
        """
        value, bars = self.run(self.values(tuple(args)), seed, args=tuple(args))
        slots = iter(bars)
        return value, tuple(_group(s, slots) if a else _skip(s, slots)
                            for s, a in zip(self.specs, self.active, strict=True))

    # ---- inspection
    @property
    def source(self) -> str:
        return "\n".join(v.source("gradient") for v in self.variants)

    @property
    def explain(self) -> dict[str, Any]:
        return {"tier": "compile", "active": [p.name for p in self.active_params],
                "taped": sorted({v.name or "?" for x in self.variants for v in x.transformed.taped}),
                "variants": len(self.variants), "checked": [v.checked for v in self.variants]}


def overlaps_itself(a: np.ndarray) -> bool:
    """Whether two elements of a view may lie in the same place."""
    extent = a.itemsize
    for stride, n in sorted((abs(s), n) for s, n in zip(a.strides, a.shape, strict=True) if n > 1):
        if stride < extent:
            return True
        extent += (n - 1) * stride
    return False


def _count(spec: tuple) -> int:
    if spec[0] == "sequence":
        return sum(map(_count, spec[2]))
    if spec[0] == "object":
        return sum(_count(s) for _, s in spec[2])
    return {"const": 0, "complex": 2}.get(spec[0], 1)


def _group(spec: tuple, slots: Any) -> Any:
    if spec[0] == "sequence":
        return tuple(_group(s, slots) for s in spec[2])
    if spec[0] == "object":
        return {name: _group(s, slots) for name, s in spec[2]}
    if spec[0] in ("complex", "complexes"):
        return joined(spec, [next(slots) for _ in range(_count(spec))])
    return None if spec[0] == "const" else next(slots)


def joined(spec: tuple, bars: list) -> Any:
    """The cotangent of complex numbers, of those of their parts."""
    if spec[0] == "complexes":
        return np.ascontiguousarray(bars[0]).view(np.complex128)[..., 0]
    return (complex if spec[1] == "py" else np.complex128)(complex(*bars))


def numbers_of(spec: tuple) -> list[tuple]:
    """Signatures of the numbers and arrays in a signature, in order."""
    if spec[0] == "sequence":
        return [n for s in spec[2] for n in numbers_of(s)]
    if spec[0] == "object":
        return [n for _, s in spec[2] for n in numbers_of(s)]
    return [] if spec[0] == "const" else [spec]


def _skip(spec: tuple, slots: Any) -> None:
    for _ in range(_count(spec)):
        next(slots)


def pins_of(values: list) -> dict[tuple[int, int | None], int]:
    """Small extents of arrays, and small integers, by leaf and axis."""
    pins: dict[tuple[int, int | None], int] = {}
    for k, v in enumerate(values):
        if isinstance(v, np.ndarray):
            pins.update({(k, axis): n for axis, n in enumerate(v.shape) if n <= _PINNED})
        elif type(v) is int and abs(v) <= _PINNED:
            pins[k, None] = v
    return pins


def _kinds(spec: tuple) -> list:
    """For each leaf of a signature, what kind of number it is; None for arrays."""
    if spec[0] == "sequence":
        return [k for s in spec[2] for k in _kinds(s)]
    if spec[0] == "object":
        return [k for _, s in spec[2] for k in _kinds(s)]
    if spec[0] == "complex":
        return ["py", "py"]
    return [] if spec[0] == "const" else [spec[2] if spec[0] == "scalar" else None]


_MAKE: dict[tuple, Callable] = {
    ("py", "f64"): float, ("np", "f64"): np.float64, ("np", "f32"): np.float32, ("py", "f32"): np.float32,
    ("py", "i64"): int, ("np", "i64"): np.int64, ("py", "bool"): bool, ("np", "bool"): np.bool_}
