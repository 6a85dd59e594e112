"""A program for the extents of some calls, and what is made of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from ._refusal import NotCompilable, contained
from .analyses.cost import learn, multiplicities
from .analyses.memory import memory
from .analyses.required import slow_operations
from .emit.native import FAST, compile_source
from .emit.python import emit
from .ir.function import Function, Op, Value, walk
from .ir.verify import verify
from .options import Options
from .transforms.collapse import collapse
from .transforms.lanes import widen
from .transforms.localize import localize
from .transforms.optimize import optimize
from .transforms.peel import peel_rest
from .transforms.products import call_blas
from .transforms.pullback import Pullback, pullback
from .transforms.pushforward import Pushforward, pushforward
from .transforms.simplify import Copier, resolve
from .transforms.strips import strips
from .transforms.threads import cut_loops
from .transforms.watch import watch

__all__ = ["Variant"]

_WIDENED = frozenset(("primal", "gradient", "pullback"))
_TAPE = 2**22  # bytes: a tape that stays in the caches


class Variant:
    """A program valid wherever the decisions it was made under hold, compiled for what is asked of it."""

    def __init__(self, decisions: dict[Op, bool], primal: Function, active: list[Value], own: int, options: Options) -> None:
        self.decisions = decisions
        self.own = own  # results that make up the function's value; the others are left in its arguments
        self.primal = primal
        self.active = active
        self.threads, self.fastmath = options.threads, options.fastmath
        self.slow = slow_operations(primal, memory(primal)) if active else []
        self.keeps_slow = False
        self.checked = any(op.name in ("check", "library") for op in walk(primal.body))
        self.watched = False  # whether the last result of a gradient tells that it is finite
        self.seconds = 0.0
        self.run_before: set[str] = set()
        self.quick: dict[tuple, Callable | None] = {}
        self.detour = 0.0
        self.costs: dict[tuple, float] = {}  # of recording, by extents
        self.prices: dict[str, float] = {}  # of native code, by mode
        self._transformed: Pullback | None = None
        self._plain: Function | None = None
        self._reverse: dict[str, tuple[Function, set[Value]]] = {}
        self._forward: dict[str, Pushforward] = {}
        self._calls: dict[str, Callable] = {}
        self.sources: dict[str, str] = {}
        self.lock = threading.RLock()

    def may_keep_slow(self, known: dict[Any, int]) -> bool:
        """Whether results of slow operations fit on the tape of a call."""
        if not self.slow:
            return False
        counts = multiplicities(self.primal, known).count
        return sum(8 * counts[op.result] for op in self.slow) <= _TAPE

    @property
    def transformed(self) -> Pullback:
        """The pullback as the transform leaves it."""
        if self._transformed is None:
            with self.lock:
                if self._transformed is None:
                    with contained():
                        self._transformed = self.transform()
        return self._transformed

    @property
    def plain(self) -> Function:
        """The program itself, its matrix products as such."""
        if self._plain is None:
            found = resolve(self.primal, {})
            call_blas(found)
            strips(found)
            peel_rest(found)
            verify(found)
            self._plain = found
        return self._plain

    def transform(self) -> Pullback:
        try:
            return pullback(self.primal, self.active, self.own, self.slow if self.keeps_slow else ())
        except KeyError as error:
            raise NotCompilable(f"no derivative of `{error.args[0]}`") from None

    def shadows(self, mode: str) -> list[Value]:
        """Array parameters whose shadows a mode is given: a gradient only those that are asked for."""
        shadows = self.transformed.shadows
        return [p for p in shadows if p in self.active] if mode == "gradient" else shadows

    def reverse(self, mode: str) -> tuple[Function, set[Value]]:
        """The pullback, and the shadows that need not be set before: `pullback` adds to them, `gradient` is given zeros."""
        found = self._reverse.get(mode)
        if found is None:
            with self.lock, contained():
                t = self.transformed
                function = Copier(t.function, {}).copy(t.function)
                n = len(self.primal.params)
                shadows = function.params[n:n + len(t.shadows)]
                primals = dict(zip(self.primal.params, function.params, strict=False))
                zeros = {s: primals[p] for p, s in zip(t.shadows, shadows, strict=True)}
                if mode == "gradient":
                    own = [s for p, s in zip(t.shadows, shadows, strict=True) if p not in self.active]
                    localize(function, {s: zeros.pop(s) for s in own})
                unset = optimize(function, zeros if mode == "gradient" else None, self.threads)
                if mode == "gradient" and not self.threads:
                    self.watched = watch(function, list(zeros))
                verify(function)
                found = self._reverse[mode] = (function, {p for p, s in zip(t.shadows, shadows, strict=True) if s in unset})
        return found

    def forward(self, mode: str) -> Pushforward:
        """The pushforward in some directions of the primal (``pushforward 3``) or of the pullback (``hessian 3``)."""
        found = self._forward.get(mode)
        if found is None:
            with self.lock:
                kind, _, width = mode.partition(" ")
                outer, active = self.primal, self.active
                if kind == "hessian":
                    outer = self.function("pullback")
                    by_param = dict(zip(self.primal.params, outer.params, strict=False))
                    shadows = outer.params[len(by_param):len(by_param) + len(self.transformed.shadows)]
                    active = [*(by_param[p] for p in active), *shadows]
                try:
                    found = pushforward(outer, active, int(width))
                except KeyError as error:
                    raise NotCompilable(f"no derivative of `{error.args[0]}`") from None
                optimize(found.function, None, self.threads)
                verify(found.function)
                self._forward[mode] = found
        return found

    def function(self, mode: str) -> Function:
        """The program of a mode.

        ``primal``; ``pullback``, which adds to shadows, ``gradient``, which is given zeros; ``pushforward`` or
        ``hessian`` with a number of directions.
        """
        if mode == "primal":
            return self.plain
        return self.reverse(mode)[0] if mode in ("gradient", "pullback") else self.forward(mode).function

    def call(self, mode: str) -> Callable:
        """The native function of a mode."""
        found = self._calls.get(mode)
        if found is None:
            with self.lock, contained():
                start = time.perf_counter()
                twin = {"gradient": "pullback", "pullback": "gradient"}.get(mode, "")
                if twin in self._calls and self.source(mode) == self.source(twin):
                    found = self._calls[twin]
                else:
                    found = compile_source(self.source(mode), self.function(mode).name)
                self._calls[mode] = found
                self.seconds += time.perf_counter() - start
        return found

    def note(self, mode: str, seconds: float) -> None:
        """The first run of a native function is the one that makes it."""
        self.run_before.add(mode)
        self.seconds += seconds
        if seconds > 0.08:  # less was read from disk
            learn(self.function(mode), seconds)

    def stored(self, mode: str) -> bool:
        """Whether native code of it is on disk."""
        from .runtime.store import holds

        return holds(self.source(mode))

    def ready(self, mode: str) -> bool:
        """Whether the native function has been made."""
        return mode in self._calls

    def source(self, mode: str) -> str:
        """The generated Python."""
        if mode not in self.sources:
            from .runtime.lanes import lane_count

            function = resolve(self.function(mode), {})
            if self.threads or any(op.attrs.get("prange") for op in walk(function.body)):
                cut_loops(function, self.threads)
            elif mode in _WIDENED:
                wide = resolve(function, {})
                if widen(wide, lane_count()):
                    function = wide
            collapse(function)
            verify(function)
            self.sources[mode] = FAST * self.fastmath + emit(function)
        return self.sources[mode]
