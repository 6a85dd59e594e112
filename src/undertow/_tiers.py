"""Which tier runs a call, chosen by what it costs.

A call is compiled when that pays: when recording it is estimated to take longer than making native code, or when the
time spent recording calls of the same kind has come to half as much.  So a call is never much slower than recorded, and
what is called often becomes native soon (the rule of the ski rental, impatient: what is called twice is called often).
"""

from __future__ import annotations

import dis
import sys
import time
from contextvars import ContextVar
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from . import _compile
from ._compile import NotCompilable
from ._record.native import install
from ._source.work import work

__all__ = ["TIERS", "Call", "Ledger", "NotCompilable", "Timed", "check_tier", "has_loops", "ledger_of",
           "usual_arithmetic", "whole"]

TIERS = ("auto", "record", "compile")
LEAVES = 3  # calls that native code may leave to the recorder
SECONDS = 2e-6  # an operation recorded and swept
STORED = 0.05  # seconds that native code takes which is on disk
PATIENCE = 0.08  # seconds of recording after which a function is looked at, which costs as much
AGAIN = 0.5  # what is called a second time is likely to be called often: share of the price that is to be lost first
_whole: ContextVar[float] = ContextVar("whole", default=0.0)  # what native code of the whole call costs
_IMPORT, _UNKNOWN_PRICE = 0.25, 0.5  # seconds: of Numba's import; of native code that nothing was derived of
_LOOPS = {dis.opmap[name] for name in ("FOR_ITER", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT") if name in dis.opmap}
_ledgers: dict[tuple, Ledger] = {}
_loops: dict[CodeType, bool] = {}


class Ledger:
    """What calls of one function with one signature have cost, and what was decided.

    Attributes
    ----------
    spent : float
        Seconds of recording.
    price : float
        Seconds that native code of the whole takes to make, once it was looked at and does not pay yet; else 0.
    refusal : NotCompilable or None
        Why it is not compiled.
    """

    __slots__ = ("keep", "leaves", "loops", "price", "refusal", "runs", "spent")

    def __init__(self, function: Any) -> None:
        self.loops = has_loops(function, 2)  # not the function: what it closes over would stay alive
        self.spent = self.price = 0.0
        self.runs = self.leaves = 0
        self.refusal: NotCompilable | None = None
        self.keep: Any = None

    def left(self, reason: NotCompilable) -> None:
        """Native code left a call to the recorder; where it does so again and again, it is not asked any more."""
        self.leaves += 1
        if self.leaves >= LEAVES:
            self.refusal = reason.again()

    def worth_a_look(self, function: Any = None, args: tuple = (), times: float = 1.0) -> bool:
        """Whether lowering may pay: after some time of recording, or where the call looks long."""
        if self.spent > PATIENCE:
            return True
        if not self.loops:
            return False
        names = function.__code__.co_varnames
        return times * SECONDS * work(function, dict(zip(names, args, strict=False))) > PATIENCE

    def pays(self, compiled: Any, variant: Any, values: list, mode: str = "gradient", times: float = 1.0) -> bool:
        """Whether native code pays from this call on."""
        from ._compile.analyses.cost import compilation, recorded

        if variant.ready(mode):
            return True
        key = compiled.extents_of(values)
        cost = variant.costs.get(key)
        if cost is None:
            if len(variant.costs) > 256:
                variant.costs.clear()
            cost = variant.costs[key] = recorded(variant.primal, compiled.known(values))
        cost = max(self.spent, 0.0) + times * cost
        self.price = _UNKNOWN_PRICE
        if cost < STORED:  # less than what is least: nothing need be derived to know that
            return False
        price = variant.prices.get(mode)
        if price is None:
            price = STORED if variant.stored(mode) else compilation(variant.function("gradient"))
            variant.prices[mode] = price
        self.price = price = price + (0.0 if "numba" in sys.modules else _IMPORT)
        return cost >= price * (AGAIN if self.runs else 1.0)


def ledger_of(function: FunctionType, specs: tuple, active: tuple, options: Any = None) -> Ledger:
    """The ledger of a function's calls with a signature."""
    key = (function.__code__, specs, active, options)
    found = _ledgers.get(key)
    if found is None:
        if len(_ledgers) > 4096:
            _ledgers.clear()
        found = _ledgers[key] = Ledger(function)
    return found


def has_loops(function: Any, depth: int = 1) -> bool:
    """Whether a function, or one it calls by a global name, contains a loop."""
    code = function.__code__
    if _contains_loops(code):
        return True
    if depth:
        for name in code.co_names:
            callee = function.__globals__.get(name)
            callee = getattr(callee, "py_func", callee)
            if type(callee) is FunctionType and callee is not function and has_loops(callee, depth - 1):
                return True
        for cell in function.__closure__ or ():
            try:
                callee = cell.cell_contents
            except ValueError:
                continue
            if type(callee) is FunctionType and callee is not function and has_loops(callee, depth - 1):
                return True
    return False


def _contains_loops(code: CodeType) -> bool:
    found = _loops.get(code)
    if found is None:
        found = not _LOOPS.isdisjoint(code.co_code[::2]) or any(
            _contains_loops(c) for c in code.co_consts if isinstance(c, CodeType))
        _loops[code] = found
    return found


def check_tier(tier: str) -> str:
    """`tier`, if it is one."""
    if tier not in TIERS:
        from ._errors import ArgumentError

        raise ArgumentError(f'tier is "auto", "record" or "compile", not {tier!r}').at()
    return tier


class Call:
    """A whole call that native code takes.

    Attributes
    ----------
    args : tuple
        All its arguments by position, the instance of a method first.
    places : list of int
        Positions of the differentiated ones, in the order asked for.
    """

    __slots__ = ("args", "compiled", "ledger", "places", "values")

    def __init__(self, compiled: Any, values: list, args: tuple, places: list[int], ledger: Ledger) -> None:
        self.compiled, self.values, self.args, self.places, self.ledger = compiled, values, args, places, ledger


def whole(f: Any, args: tuple, kwargs: dict, places: Any, tier: str, mode: str = "gradient",
          times: float = 1.0) -> Call | Ledger:
    """The call as native code takes it, or the ledger that its recording is to be entered in.

    `times` is how often it is about to be run.

    Raises
    ------
    NotCompilable
        If it can never be compiled: there is nothing to enter.
    """
    function, first = _compile.function_of(f)
    options = _compile.options_of(f)
    if kwargs or (places.__class__ is not int):
        args, places = positional(function, len(first), args, kwargs, places)
    elif places < 0:
        places += len(args)
    if first:
        args = first + args
    if not usual_arithmetic():
        raise NotCompilable("floating-point errors are set to raise")
    specs, values = _compile.signature_of(args)
    if places.__class__ is int:
        k = places + len(first)
        chosen: Any = (k,)
        active = tuple([i == k for i in range(len(args))])
    else:
        chosen = [p + len(first) for p in places]
        active = tuple([i in chosen for i in range(len(args))])
    try:
        ledger = ledger_of(function, specs, active, options)
    except TypeError:
        raise NotCompilable("arguments that cannot be hashed") from None
    if ledger.refusal is not None and ledger.runs > 0 and tier == "auto":
        ledger.runs += 1
        if ledger.runs % 64 or ledger.runs > 512:
            raise ledger.refusal.again()
    compiled = ledger.keep
    try:
        if compiled is None or compiled.code is not function.__code__:
            if tier == "auto" and compiled is None and not ledger.worth_a_look(function, args, times):
                return ledger
            compiled = _compile.compiled_for(function, specs, active, values, options)
        try:
            values = compiled.values_of(values, function)
        except NotCompilable:
            compiled = _compile.compiled_for(function, specs, active, values, options)
            values = compiled.values_of(values[:sum(compiled.counts)], function)
        variant = compiled.variant(values)
        if tier == "auto" and not ledger.pays(compiled, variant, values, mode, times):
            return ledger
        variant.call(mode)
    except NotCompilable as refusal:
        ledger.refusal = refusal.again()
        ledger.runs += 1
        raise
    ledger.keep = compiled
    return Call(compiled, values, args, list(chosen), ledger)


def positional(function: FunctionType, first: int, args: tuple, kwargs: dict, places: Any) -> tuple[tuple, Any]:
    """Arguments by position, with defaults where a keyword skips them, and the places of the differentiated ones."""
    code = function.__code__
    names = code.co_varnames[first:code.co_argcount]
    if kwargs:
        last = -1
        for name in kwargs:
            if name not in names or names.index(name) < code.co_posonlyargcount - first:
                raise NotCompilable(f"the keyword argument `{name}`")
            last = max(last, names.index(name))
        defaults = function.__defaults__ or ()
        out = list(args)
        for k in range(len(args), last + 1):
            if names[k] in kwargs:
                out.append(kwargs[names[k]])
            elif k >= len(names) - len(defaults):
                out.append(defaults[k - len(names)])
            else:
                raise NotCompilable("an argument is missing")
        if len(args) > last + 1 or any(names.index(n) < len(args) for n in kwargs):
            raise NotCompilable("an argument is given twice")
        found = tuple(out)
    else:
        found = args

    def place(p: Any) -> int:
        if isinstance(p, str):
            if p not in names or names.index(p) >= len(found):
                raise NotCompilable("an argument that is not in this call")
            return names.index(p)
        if type(p) is not int or not -len(args) <= p < len(args):
            raise NotCompilable("a place that is not in this call")
        return p % len(args)

    return found, tuple(map(place, places)) if isinstance(places, (tuple, list)) else place(places)


try:
    from numpy._core.umath import _extobj_contextvar as _arithmetic_state

    _arithmetic_state.get(None)
except (ImportError, AttributeError):
    _arithmetic_state = None


def usual_arithmetic() -> bool:
    """Whether NumPy neither raises nor calls back on floating-point errors."""
    if _arithmetic_state is not None and _arithmetic_state.get(None) is None:
        return True
    return all(v in ("warn", "ignore") for v in np.geterr().values())


class Timed:
    """Enters the time of a block in a ledger.

    Where the whole call could be native but does not pay yet, its parts pay even less: they are left alone until they
    have taken, or look as if they took, as long as making the whole.
    """

    def __init__(self, ledger: Ledger | None) -> None:
        self.ledger = ledger

    def __enter__(self) -> None:
        self.start = time.perf_counter()
        self.token = _whole.set(self.ledger.price) if self.ledger is not None and self.ledger.price else None

    def __exit__(self, *error: object) -> None:
        if self.token is not None:
            _whole.reset(self.token)
        if self.ledger is not None:
            self.ledger.spent += time.perf_counter() - self.start
            self.ledger.runs += 1


class NotYet(NotCompilable):
    """Native code does not pay yet."""

    lasting = False


class Native:
    """A call inside a recording, as native code takes it.

    Attributes
    ----------
    values : list
        Leaves of the arguments, then what is captured.
    own : int
        How many of them are of the arguments.
    """

    __slots__ = ("compiled", "count", "function", "own", "values", "variant")

    def __init__(self, function: Any, compiled: Any, values: list, variant: Any, count: int) -> None:
        self.function, self.compiled, self.values, self.variant = function, compiled, values, variant
        self.own = sum(compiled.counts)
        self.count = count

    @property
    def has_rows(self) -> bool:
        """Whether the value holds lists whose length depends on the run."""
        return self.compiled.has_rows

    def from_keywords(self, kwargs: dict) -> tuple:
        """Arguments given by keyword, by position; with defaults between them."""
        if not kwargs:
            return ()
        return positional(self.function, 0, (None,) * self.count, kwargs, ())[0][self.count:]


class Provider:
    """Native code for calls inside a recording."""

    refusal = NotCompilable
    parts_of_value = staticmethod(_compile.parts_of_value)
    yields_of = staticmethod(_compile.yields_of)
    reached = staticmethod(_compile.reached)
    _yes = object()

    @staticmethod
    def candidate(f: Any) -> bool:
        """Whether a function is worth an account."""
        return has_loops(f)

    @staticmethod
    def patience() -> float:
        """Seconds of recording a function or a loop after which it is looked at."""
        return max(PATIENCE, _whole.get())

    def prepare(self, f: Any, args: list, kwargs: dict, active: list, active_keywords: dict, spent: float,
                plain: Any = None) -> Native:
        """The call as native code takes it; `plain` gives the number that one of the recording stands for.

        Raises
        ------
        NotCompilable
        """
        function, first = _compile.function_of(f)
        options = _compile.options_of(f)._replace(joined=True)
        if first:
            raise NotCompilable("a bound method")
        given: tuple = tuple(args)
        flags: tuple = tuple(self._yes if a else None for a in active)
        if kwargs:
            named = {k: self._yes if a else None for k, a in active_keywords.items()}
            flags = positional(function, 0, flags, named, ())[0]
            given = positional(function, 0, given, kwargs, ())[0]
        if not usual_arithmetic():
            raise NotYet("floating-point errors are set to raise")
        which = tuple(a is self._yes for a in flags)
        specs, values = _compile.signature_of(given, plain)
        try:
            ledger = ledger_of(function, specs, which, options)
        except TypeError:
            raise NotCompilable("arguments that cannot be hashed") from None
        ledger.spent = max(ledger.spent, spent)
        if ledger.refusal is not None:
            raise ledger.refusal.again()
        try:
            compiled = ledger.keep
            if compiled is None or compiled.code is not function.__code__:
                compiled = _compile.compiled_for(function, specs, which, values, options)
            try:
                values = compiled.values_of(values, function)
            except NotCompilable:
                compiled = _compile.compiled_for(function, specs, which, values, options)
                values = compiled.values_of(values[:sum(compiled.counts)], function)
            variant = compiled.variant(values)
            if not ledger.pays(compiled, variant, values, "pullback"):
                raise NotYet("recording is still cheaper")
            variant.call("pullback" if any(which) else "primal")
        except NotYet:
            raise
        except NotCompilable as refusal:
            ledger.refusal = refusal.again()
            raise
        ledger.keep = compiled
        return Native(function, compiled, values, variant, len(args))


install(Provider())
