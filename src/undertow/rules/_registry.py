"""The registry of derivative rules: one entry a primitive, read by both tiers and both modes.

A *primitive* is a callable whose inside the recorder does not look at: compiled code, or a function for
which mathematics gives a better derivative than its program.  A rule is ordinary NumPy, so that it can be
differentiated again by the same machinery; it must therefore not write to its arguments nor keep state.

Five verbs, in order of preference:

``elementwise(f, *partials)``
    `f` maps each element; one partial derivative an argument, ``partial(y, *args)``.
``linear(f, adjoint=...)``
    `f` is linear in one argument; it is its own pushforward.
``zero_derivative(f)``
    `f` is locally constant.
``substitute(f)``
    A Python program with the same effect, differentiated through its source.
``pullback(f)`` and ``pushforward(f)``
    Explicit; either one suffices, the other mode is then derived by transposition.

Conventions
-----------
* A cotangent has the shape of its primal.  For complex numbers ``x_bar = dL/d(re x) + i dL/d(im x)`` for a
  real loss `L`: the pairing is ``Re(conj(y_bar) * y_dot)``.  Hence a holomorphic partial ``p`` pushes
  tangents forward with ``p`` and pulls cotangents back with ``conj(p)``.
* The engine projects what a rule returns on the argument: real part where the argument is real, its dtype.
* A pullback has the signature ``rule(y, y_bar, *args, **kwargs)`` with the primitive's own arguments and
  defaults, and returns one cotangent for each position in `argnums` (a bare array if there is one).
  Optional keyword parameters that the engine fills if the rule names them: ``active`` (tuple of bool, one
  for each of `argnums`) and ``residuals`` (what `forward` kept).
* A pushforward has the signature ``rule(y, tangents, *args, **kwargs)``; ``tangents`` has one entry for each
  of `argnums`, None where it is inactive.
* ``None`` as a returned (co)tangent means exactly zero.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import CodeType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from .._errors import RefusedRuleError

__all__ = [
    "Like", "Refused", "Rule", "Sample", "elementwise", "forget", "linear", "lookup", "pullback", "pushforward",
    "refuse", "registered", "substitute", "unbroadcast", "zero_derivative",
]


class Sample(NamedTuple):
    """Arguments at which the generated tests check a rule."""

    args: tuple
    kwargs: dict = {}


class Like:
    """Stands for an array of which a rule reads the shape and dtype alone, so that its values need not be kept."""

    __slots__ = ("dtype", "ndim", "shape", "size")

    def __init__(self, x: Any) -> None:
        self.shape = x.shape
        self.dtype = x.dtype
        self.ndim = len(x.shape)
        self.size = x.size

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"Like({self.shape}, {self.dtype})"


class Refused:
    """Stands for a partial derivative that exists but is not known: an active argument at its place is refused.

    ``None`` in a rule's partials says "exactly zero"; ``Refused(reason)`` says "must not be active here".
    The text ends the sentence "… is refused because …".  Rule bodies may also call or raise it themselves
    (``raise Refused(reason).error()``) where a derivative fails to exist at the given values.
    """

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise self.error()

    def error(self) -> RefusedRuleError:
        return RefusedRuleError("this derivative is refused by a rule", why=self.reason)

    def __repr__(self) -> str:
        return f"Refused({self.reason!r})"


@dataclass(eq=False)
class Rule:
    """What is known about the derivative of one primitive.

    Attributes
    ----------
    function : callable
        The primitive.
    kind : {"elementwise", "linear", "zero", "explicit", "substitute", "refuse"}
    argnums : tuple of int or slice
        Positions of the arguments that can carry a derivative.
    partials : tuple of callables or None
        Elementwise rules only.  None at the place of an argument with derivative zero.
    pull, push : callable or None
        See the module's conventions.
    forward : callable or None
        ``forward(*args, **kwargs) -> (y, residuals)``, run instead of the primitive where the pullback needs more
        than arguments and result.
    keep : frozenset of str or None
        Names among ``y`` and the rule's parameters whose *values* the pullback reads.  None: all of them.
    like : frozenset of str
        Names the pullback reads for shape and dtype only: the engine passes a `Like`.
    sequences : tuple of int
        Positions of arguments that are sequences of arrays (``np.concatenate``); their cotangent is a list.
    truths : tuple of int
        Positions of arguments that are read as truth values: a step with derivative zero.
    nout : int
        Number of results of an elementwise function.
    absent : bool
        Whether the pullback takes None for the cotangent of a result that nothing used; others get zeros.
    """

    function: Callable
    kind: str
    argnums: tuple | slice = (0,)
    partials: tuple | None = None
    pull: Callable | None = None
    push: Callable | None = None
    forward: Callable | None = None
    keep: frozenset | None = None
    like: frozenset = frozenset()
    sequences: tuple = ()
    truths: tuple = ()
    nout: int = 1
    absent: bool = False
    holomorphic: bool = True
    kinks: Callable | None = None
    jumps: Callable | None = None
    convention: str = ""
    cite: str = ""
    reason: str = ""
    samples: Any = None
    signature: inspect.Signature | None = field(default=None, repr=False)
    wants: frozenset = frozenset()
    plans: dict = field(default_factory=dict, repr=False, compare=False)
    """What engines worked out about calls of the rule; forgotten when the rule changes."""

    @property
    def name(self) -> str:
        return name_of(self.function)


RULES: dict[Any, Rule] = {}
_listeners: list[Callable[[Any], None]] = []


def on_change(listener: Callable[[Any], None]) -> None:
    """Call `listener(function)` whenever a rule is added, replaced or forgotten (caches must drop it)."""
    _listeners.append(listener)


def name_of(f: Any) -> str:
    """Dotted name of a callable as a user would write it."""
    module = getattr(f, "__module__", None) or getattr(getattr(f, "__objclass__", None), "__module__", None)
    name = getattr(f, "__qualname__", None) or getattr(f, "__name__", None) or repr(f)
    if isinstance(f, np.ufunc):
        inside = ((np, "numpy"), (np._core.umath, "numpy._core.umath"),  # type: ignore[attr-defined]
                  (np.linalg._umath_linalg, "numpy.linalg"))
        module = next((m for owner, m in inside if getattr(owner, f.__name__, None) is f), None) or _home(f)
    elif type(module) is str and module[:1] == "_":  # `_struct.pack` is known as `struct.pack`
        public = module.lstrip("_")
        module = public if getattr(sys.modules.get(public), name, None) is f else module
    return f"{module}.{name}" if module and module != "builtins" else name


def _home(f: np.ufunc) -> str | None:
    """The most public module that holds a ufunc under its name."""
    if getattr(sys.modules.get("scipy.special"), f.__name__, None) is f:
        return "scipy.special"
    homes = [m for m, held in list(sys.modules.items()) if type(held) is ModuleType and vars(held).get(f.__name__) is f]
    return min(homes, key=lambda m: ("._" in m or m.startswith("_"), m.count("."), m), default=None)


def _add(rule: Rule) -> Rule:
    RULES[rule.function] = rule
    rule.plans.clear()
    for listener in _listeners:
        listener(rule.function)
    return rule


def lookup(f: Any) -> Rule | None:
    """The rule of `f`, or None."""
    try:
        return RULES.get(f)
    except TypeError:  # unhashable callable
        return None


def forget(f: Any) -> None:
    """Remove the rule of `f`, if there is one."""
    if RULES.pop(f, None) is not None:
        for listener in _listeners:
            listener(f)


def registered() -> Iterable[Rule]:
    """All rules, in the order of registration."""
    return list(RULES.values())


def names_read(f: Callable) -> frozenset[str]:
    """Names of the parameters of `f` that its code, or code nested in it, loads."""
    code = f.__code__
    parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    nested = [c for c in code.co_consts if isinstance(c, CodeType)]
    used: set[str] = set()
    import dis

    for instruction in dis.get_instructions(code):
        if instruction.opname.startswith(("LOAD_FAST", "LOAD_DEREF", "LOAD_CLOSURE", "STORE_FAST_LOAD_FAST")):
            value = instruction.argval
            used.update(value if isinstance(value, tuple) else (value,))
    for inner in nested:
        used.update(inner.co_freevars)
    return frozenset(p for p in parameters if p in used)


# ---- the verbs ----------------------------------------------------------------------------------------------


def elementwise(f: Callable, *partials: Any, kinks: Any = None, jumps: Any = None, samples: Any = None,
                convention: str = "", cite: str = "", nout: int = 1, holomorphic: bool = True) -> Rule:
    """Declare `f` elementwise, with one partial derivative an argument.

    Parameters
    ----------
    f : callable
        A ufunc, or a scalar function such as ``math.sin``.
    *partials : callables ``partial(y, *args) -> array`` or None
        ``dy/dx_i`` for each positional argument; None where it is zero or `f` is discrete in it.  For `nout` > 1
        results, ``y`` is the tuple of results and the partial returns a tuple.
    kinks : callable ``kinks(*args) -> array``, optional
        Zero exactly where the derivative is a choice.
    jumps : callable, optional
        Zero exactly where the function jumps.
    samples : sequence of Sample, or a domain from `undertow.rules.samples`
    convention : str
        What is returned at a kink, in words.
    holomorphic : bool
        False where the partials hold for real arguments only (complex arguments are refused).
    """
    return _add(Rule(f, "elementwise", tuple(i for i, p in enumerate(partials) if p is not None), partials,
                     kinks=kinks, jumps=jumps, samples=samples, convention=convention, cite=cite, nout=nout,
                     holomorphic=holomorphic))


def linear(f: Callable, *, adjoint: Callable, argnum: int = 0, like: Iterable[str] = (), sequences: Iterable[int] = (),
           samples: Any = None, cite: str = "", jumps: Any = None) -> Rule:
    """Declare `f` linear in the argument at `argnum`, the other arguments held constant.

    ``adjoint(y_bar, *args, **kwargs)`` gets the primitive's arguments; the linear one is a `Like` (its values are
    never read), or a list of them where `argnum` is in `sequences`.  The pushforward is `f` on the tangent.
    """
    return _add(Rule(f, "linear", (argnum,), pull=adjoint, like=frozenset(like), sequences=tuple(sequences),
                     samples=samples, cite=cite, jumps=jumps, signature=_signature(adjoint, 1)))


def zero_derivative(*functions: Callable, jumps: Any = None, samples: Any = None) -> None:
    """Declare functions locally constant: their results carry no derivative."""
    for f in functions:
        _add(Rule(f, "zero", (), jumps=jumps, samples=samples))


AFFINE: set[Callable] = set()


def affine(*functions: Callable) -> None:
    """Declare compiled functions affine in their numbers: sums, means, differences, filters, interpolation of data.

    Their matrix is read off their values: one call for each active number, and a few more that must agree with the matrix to
    the last digits.  A function that is not affine there is refused, declared or not.
    """
    AFFINE.update(functions)


def pullback(f: Callable, *, argnums: tuple | slice = (0,), keep: Iterable[str] | None = None,
             like: Iterable[str] = (), sequences: tuple = (), forward: Callable | None = None, samples: Any = None,
             kinks: Any = None, jumps: Any = None, convention: str = "", cite: str = "",
             absent: bool = False) -> Callable[[Callable], Callable]:
    """Decorator: the pullback of `f`.  See the module's conventions."""

    def register(rule: Callable) -> Callable:
        entry = RULES.get(f)
        if entry is None or entry.kind != "explicit":
            entry = Rule(f, "explicit")
        entry.argnums, entry.pull, entry.forward = argnums, rule, forward
        variadic = rule.__code__.co_flags & inspect.CO_VARARGS  # what arrives in *args has no name
        entry.keep = (None if variadic else names_read(rule)) if keep is None else frozenset(keep)
        entry.like, entry.sequences = frozenset(like), tuple(sequences)
        entry.signature = _signature(rule, 2)
        entry.wants = frozenset(inspect.signature(rule).parameters) & {"active", "residuals"}
        entry.jumps = jumps or entry.jumps
        entry.absent = absent
        _describe(entry, samples, kinks, convention, cite)
        _add(entry)
        return rule

    return register


def pushforward(f: Callable, *, argnums: tuple | slice = (0,), sequences: tuple = (), samples: Any = None,
                kinks: Any = None, convention: str = "", cite: str = "") -> Callable[[Callable], Callable]:
    """Decorator: the pushforward of `f`.  See the module's conventions."""

    def register(rule: Callable) -> Callable:
        entry = RULES.get(f)
        if entry is None or entry.kind not in ("explicit", "linear"):
            entry = Rule(f, "explicit", argnums, sequences=tuple(sequences))
        entry.push = rule
        if entry.signature is None:
            entry.signature = _signature(rule, 2)
        _describe(entry, samples, kinks, convention, cite)
        _add(entry)
        return rule

    return register


def substitute(f: Callable, *, samples: Any = None, kinks: Any = None, convention: str = "",
               cite: str = "") -> Callable[[Callable], Callable]:
    """Decorator: a Python program with the effect of `f`, differentiated through its source.

    Used for compiled functions that are compositions of primitives, and for those that write to memory
    (``np.copyto`` is ``dst[...] = np.where(where, src, dst)``).
    """

    def register(program: Callable) -> Callable:
        entry = Rule(f, "substitute", (), pull=program)
        _describe(entry, samples, kinks, convention, cite)
        _add(entry)
        return program

    return register


def refuse(*functions: Callable, reason: str) -> None:
    """Declare that active values must not enter these functions, and why (the text ends the sentence "because …")."""
    for f in functions:
        _add(Rule(f, "refuse", (), reason=reason))


def _describe(entry: Rule, samples: Any, kinks: Any, convention: str, cite: str) -> None:
    entry.samples = samples if samples is not None else entry.samples
    entry.kinks = kinks or entry.kinks
    entry.convention = convention or entry.convention
    entry.cite = cite or entry.cite


def _signature(rule: Callable, skip: int) -> inspect.Signature:
    signature = inspect.signature(rule)
    parameters = [p for p in list(signature.parameters.values())[skip:] if p.name not in ("active", "residuals")]
    return signature.replace(parameters=parameters)


# ---- helpers for rule bodies ----------------------------------------------------------------------------------


def unbroadcast(x_bar: Any, shape: Sequence[int]) -> Any:
    """Sum `x_bar` over the axes along which an array of `shape` was broadcast to it."""
    if x_bar.shape == tuple(shape):
        return x_bar
    extra = x_bar.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(
        extra + i for i, n in enumerate(shape) if n == 1 and x_bar.shape[extra + i] != 1
    )
    return np.sum(x_bar, axis=axes, keepdims=True).reshape(shape) if axes else x_bar.reshape(shape)
