"""What runs where, and why: `explain`, and the generated programs: `source`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import _compile
from .._driver import PLAIN
from .._errors import ArgumentError
from .._record import native as recorder
from .._tiers import NotCompilable, check_tier, ledger_of, positional
from .base import Problem
from .native import refused

__all__ = ["Explanation", "explain", "source"]


@dataclass
class Explanation:
    """How a call is differentiated.

    Attributes
    ----------
    function : str
        Its name.
    tier : str
        "compile" if the whole call is or would be native code, else "record".
    reason : str
        The first reason why the whole call is not native code, with its line; empty if it is.
    active : list of str
        Arguments, as the compiled program names them, that are differentiated.
    taped : list of (name, line, why, bytes)
        Values that the reverse sweep has from a tape.
    native : list of (name, calls)
        Functions and loops that ran as native code inside the recording.
    left : list of (name, reason)
        Functions and loops that were tried and are not native.
    entries : int
        Entries on the tape of the recording.
    bytes : int
        Size of the tape.
    seconds : float
        What making native code has taken in this process; 0 where it came from disk or has not been made.
    stored : bool
        Whether native code of it is on disk.
    """

    function: str
    tier: str
    reason: str = ""
    active: list[str] = field(default_factory=list)
    taped: list[tuple[str, int, str, int]] = field(default_factory=list)
    native: list[tuple[str, int]] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    entries: int = 0
    bytes: int = 0
    seconds: float = 0.0
    stored: bool = False

    def __str__(self) -> str:
        lines = [f"{self.function}: " + ("native code" if self.tier == "compile" else "recorded")]
        if self.reason:
            lines.append(f"  not compiled as a whole: {self.reason}")
        lines += [f"  native inside: {name}, {calls} call{'s' * (calls > 1)}" for name, calls in self.native]
        lines += [f"  not native: {name}: {why}" for name, why in self.left]
        if self.active:
            lines.append(f"  active: {', '.join(self.active)}")
        if self.tier == "record":
            lines.append(f"  tape: {self.entries} entries, {self.bytes} bytes kept")
            return "\n".join(lines)
        if not self.taped:
            lines.append("  tape: none")
        lines += [f"  tape: {name} of line {line}, {size} bytes: {why}" for name, line, why, size in self.taped]
        made = f"made in {self.seconds:.2f} s" if self.seconds else "on disk" if self.stored else "not made yet"
        lines.append(f"  native code: {made}")
        return "\n".join(lines)

    __repr__ = __str__


def explain(f: Callable[..., Any], argnums: Any = 0, *, tier: str = "auto") -> Callable[..., Explanation]:
    """Say how the gradient of a function is computed.

    Parameters
    ----------
    f : callable
        Any Python function.
    argnums : int, str, or tuple of these
        The arguments that are differentiated.
    tier : {"auto", "record", "compile"}
        As for `value_and_grad`.

    Returns
    -------
    callable
        Takes the arguments of `f`, returns an `Explanation`, whose text form is a short report.  A function that is not
        native as a whole is run once, on copies of its arguments, to see what in it is.

    Examples
    --------
    >>> import numpy as np, undertow as ut
    >>> def total(x):
    ...     s = 0.0
    ...     for i in range(len(x)):
    ...         s += x[i] * x[i]
    ...     return s
    >>> ut.explain(total)(np.ones(3)).tier
    'compile'
    """
    check_tier(tier)

    def explained(*args: Any, **kwargs: Any) -> Explanation:
        name = getattr(f, "__qualname__", type(f).__name__).rpartition("<locals>.")[2]
        reason = "" if tier != "record" else 'tier="record" was asked for'
        if not reason:
            try:
                return whole_call(f, args, kwargs, argnums, name)
            except NotCompilable as refusal:
                reason = refusal.reason + (f" ({refusal.filename}:{refusal.lineno})" if refusal.filename else "")
        return recorded_call(f, args, kwargs, argnums, tier, Explanation(name, "record", reason))

    return explained


def compiled_call(f: Any, args: tuple, kwargs: dict, argnums: Any) -> tuple:
    """The program of a whole call, its variant and its values; NotCompilable where there is none."""
    function, first = _compile.function_of(f)
    args, places = positional(function, len(first), args, kwargs, argnums)
    chosen = {p + len(first) for p in (places if isinstance(places, tuple) else (places,))}
    args = first + args
    specs, values = _compile.signature_of(args)
    active = tuple(i in chosen for i in range(len(args)))
    compiled = _compile.compiled_for(function, specs, active, values, _compile.options_of(f))
    values = compiled.values_of(values, function)
    return function, specs, active, compiled, compiled.variant(values), values


def whole_call(f: Any, args: tuple, kwargs: dict, argnums: Any, name: str) -> Explanation:
    """The explanation of a call that is native as a whole."""
    from .._compile.analyses.cost import multiplicities

    function, specs, active, compiled, variant, values = compiled_call(f, args, kwargs, argnums)
    ledger = ledger_of(function, specs, active, _compile.options_of(f))
    if ledger.refusal is not None:
        raise ledger.refusal.again()
    if not ledger.worth_a_look(function, (*_compile.function_of(f)[1], *args)) and not variant.ready("gradient"):
        raise NotCompilable("it has taken little time so far, and does not look long: recording it is cheaper")
    if not ledger.pays(compiled, variant, values):
        raise NotCompilable("recording it is estimated to be cheaper than making native code")
    times = multiplicities(variant.primal, compiled.known(values))
    lines = {r: variant.primal.spans[op.span][1] for op in times.operations for r in op.results}
    taped = []
    for v in variant.transformed.taped:
        size = int(times.count.get(v, 1) * v.type.dtype.itemsize)
        taped.append((v.name or "a value", lines.get(v, times.line(v, variant.primal)), times.why(v), size))
    return Explanation(name, "compile", active=[p.name for p in compiled.active_params], taped=taped,
                       bytes=sum(size for *_, size in taped), seconds=variant.seconds, stored=variant.stored("gradient"))


def recorded_call(f: Any, args: tuple, kwargs: dict, argnums: Any, tier: str, found: Explanation) -> Explanation:
    """The explanation of a call that is recorded: it is run to see what happens in it."""
    problem = Problem(f, args, kwargs, argnums).copy(PLAIN)
    problem.tier = tier
    recording = problem.record(PLAIN)
    try:
        interpreter = recording.interpreter
        calls: dict[str, int] = {}
        for entry in interpreter.tape:
            if entry[0] is recorder.called:
                name = entry[1][0].function.__name__
                calls[name] = calls.get(name, 0) + 1
        found.native = list(calls.items())
        accounts = [(a.name, a.reason) for a in (*interpreter.loops.values(), *interpreter.calls.accounts.values())
                    if a.run == interpreter.run]
        found.left = [(name, str(reason)) for name, reason in accounts if reason is not None]
        found.entries = len(interpreter.tape)
        found.bytes = sum({id(c[0]): c[0].nbytes for c in interpreter.kept if isinstance(c[0], np.ndarray)}.values())
        names = getattr(getattr(f, "__code__", None), "co_varnames", ())
        found.active = [p if isinstance(p, str) else names[p] if p < len(names) else f"argument {p}" for p in problem.places]
        return found
    finally:
        recording.close()


def source(f: Callable[..., Any], argnums: Any = 0, *, mode: str = "reverse") -> Callable[..., str]:
    """The program that undertow generates for a function, as readable Python.

    Parameters
    ----------
    f : callable
        A function that the compile tier takes.
    argnums : int, str, or tuple of these
        The arguments that are differentiated.
    mode : {"reverse", "primal", "forward"}
        Value and gradient; the value alone, as it is optimised before it is differentiated; value and tangent.

    Returns
    -------
    callable
        Takes the arguments of `f`, returns the text.  Variables have the names of the program, comments its lines.

    Raises
    ------
    UnsupportedError
        [UT-R002] if the function is not compiled, with the reason and the line.

    Examples
    --------
    >>> import undertow as ut
    >>> print(ut.source(lambda x: x * x, mode="primal")(3.0).splitlines()[-1].strip())
    return (t,)
    """
    if mode not in ("reverse", "primal", "forward"):
        raise ArgumentError(f'mode is "reverse", "primal" or "forward", not {mode!r}').at()

    def generated(*args: Any, **kwargs: Any) -> str:
        try:
            *_, compiled, variant, values = compiled_call(f, args, kwargs, argnums)
            if mode == "forward":
                return forward_source(compiled, values)
            return variant.source("primal" if mode == "primal" else "gradient")
        except NotCompilable as reason:
            raise refused(reason).at() from None

    return generated


def forward_source(compiled: Any, values: list) -> str:
    """The generated pushforward."""
    from .._compile.forward import CompiledPushforward

    return CompiledPushforward(compiled, 1).source_of(values)
