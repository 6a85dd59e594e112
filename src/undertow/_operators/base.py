"""What all operators share: where they stand among nested derivatives, and which arguments they differentiate."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import _compile
from .._driver import PLAIN, Pushed, Recording, twin
from .._errors import AliasingError, ArgumentError
from .._record.memory import owner_of
from .trees import Form, arrays_in, is_array, is_number, is_plain, leaves, rebuild, with_derivatives


class Operator:
    """A callable that knows the level it is called on: inside a derivative, the engine calls ``_under``."""

    def __init__(self, body: Callable[..., Any]) -> None:
        self._body = body
        functools.update_wrapper(self, body)  # type: ignore[arg-type]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._body(PLAIN, *args, **kwargs)

    def _under(self, lower: Any, *args: Any, **kwargs: Any) -> Any:
        return self._body(lower, *args, **kwargs)


class OperatorMethod:
    """A method that knows the level it is called on."""

    def __init__(self, body: Callable[..., Any]) -> None:
        self._body = body
        functools.update_wrapper(self, body)  # type: ignore[arg-type]

    def __get__(self, x: Any, owner: type) -> Any:
        if x is None:
            return self
        method = self._body

        @functools.wraps(method)
        def body(lower: Any, *args: Any, **kwargs: Any) -> Any:
            return method(x, lower, *args, **kwargs)

        return Operator(body)


def operator(body: Callable[..., Any]) -> Any:
    """Make an operator of a function whose first parameter is the level below, hidden from its signature."""
    made = Operator(body)
    signature = inspect.signature(body)
    made.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])  # type: ignore[attr-defined]
    return made


def relaxed(made: Operator) -> Operator:
    """The operator, with native code whose floating-point operations need not be done as they stand."""
    def body(lower: Any, *args: Any, **kwargs: Any) -> Any:
        with _compile.allowed(fastmath=True):
            return made._under(lower, *args, **kwargs)

    return Operator(body)


IMMUTABLE = frozenset({float, np.float64, int, bool, str, bytes, type(None), complex})


class Problem:
    """A function at given arguments, with some of them differentiated.

    Attributes
    ----------
    chosen : tuple
        The differentiated arguments.
    inputs : list
        Their numbers and float arrays, in order.
    """

    def __init__(self, f: Any, args: tuple, kwargs: dict, argnums: Any) -> None:
        if not callable(f):
            raise ArgumentError(f"the first argument must be a function, not a {type(f).__name__}").at()
        self.f, self.args, self.kwargs = f, args, kwargs
        self.tier = "auto"
        self.single = not isinstance(argnums, (tuple, list))
        self.places = [self.place(a) for a in ((argnums,) if self.single else argnums)]
        self.chosen = tuple(self.args[p] if isinstance(p, int) else self.kwargs[p] for p in self.places)
        self.plain = is_plain(self.chosen)
        self.originals = list(self.chosen) if self.plain else leaves(self.chosen)
        self.structure = self.chosen if self.plain else rebuild(self.chosen, lambda x: x)
        self._form = None if self.plain else Form(self.chosen)
        self.inputs: list = []
        self.twins: dict[int, tuple[Any, Any]] = {}
        for place, x in () if self.plain else zip(self.places, self.chosen, strict=True):
            if not leaves(x):
                kind = f"{x.dtype} array" if isinstance(x, np.ndarray) else type(x).__name__
                raise ArgumentError(
                    f"argument {place!r} has nothing to differentiate: it is a {kind}",
                    why="integers, booleans and text do not vary continuously",
                    fixes=["pass a float: 3.0 in place of 3, x.astype(float)"]).at()

    @property
    def form(self) -> Form:
        """The structure of the differentiated arguments before the run."""
        if self._form is None:
            self._form = Form(self.chosen, apart=self.plain)
        return self._form

    def place(self, argnum: Any) -> int | str:
        """Position, or name among the keywords, of a differentiated argument."""
        if isinstance(argnum, str):
            if argnum in self.kwargs:
                return argnum
            try:
                names = list(inspect.signature(self.f).bind(*self.args, **self.kwargs).signature.parameters)
            except (TypeError, ValueError):
                names = []
            if argnum in names and names.index(argnum) < len(self.args):
                return names.index(argnum)
            raise ArgumentError(f"there is no argument {argnum!r} in this call",
                                fixes=["pass it: argnums names an argument of the call, not a default"]).at()
        try:
            index = int(argnum.__index__())
        except AttributeError:
            raise ArgumentError(f"argnums holds positions and names, not a {type(argnum).__name__}").at() from None
        if not -len(self.args) <= index < len(self.args):
            raise ArgumentError(f"argnums asks for argument {index}, and {len(self.args)} are given").at()
        return index % len(self.args)

    # ---- running ----

    def begin(self, lower: Any) -> None:
        """Make the arrays that stand in for the differentiated ones.

        They have memory of their own: an array that the function also reaches by another way (a closure, another
        argument) is a constant there, and the derivative in one argument is that with the others held, also of ``f(x, x)``.
        """
        shared = [] if self.plain else [owner_of(x) for x in self.originals if is_array(x)]
        self.inputs = []
        self.twins = {}
        self.lower = lower
        for i, x in enumerate(self.originals):
            if not is_array(x):
                self.inputs.append(x)
                continue
            owner = owner_of(x)
            together = sum(o is owner for o in shared) > 1 and isinstance(owner, np.ndarray)
            source = owner if together else x
            key = i if self.plain else id(source)
            found = self.twins.get(key)
            if found is None:
                found = self.twins[key] = (source, self.copied(lower, source))
            self.inputs.append(twin(x, source, found[1]) if together else found[1])

    @staticmethod
    def copied(lower: Any, x: Any) -> Any:
        """A copy with layout and write protection of `x`."""
        if 0 in x.strides and x.size or not (x.flags.c_contiguous or x.flags.f_contiguous):
            memory = lower.copy(x)  # a strided view becomes a view of the same kind, of dense memory
        else:
            memory = lower.copy(x)
        if not x.flags.writeable:
            memory.flags.writeable = False
        return memory

    def run(self, interpreter: Any, stand_ins: list) -> Any:
        """Call the function with active stand-ins; containers of the caller are used as they are, then put back."""
        if self.plain:
            self.active = tuple(stand_ins)
        else:
            supply = iter(stand_ins)
            self.active = rebuild(self.chosen, lambda _: next(supply), True, {})
        args, kwargs = list(self.args), dict(self.kwargs)
        for place, x in zip(self.places, self.active, strict=True):
            if isinstance(place, int):
                args[place] = x
            else:
                kwargs[place] = x
        return interpreter.call(self.f, *args, **kwargs)

    def strip(self, root: Any, interpreter: Any) -> Any:
        """`root` with ordinary numbers for active ones, and the caller's arrays for their stand-ins."""
        own = interpreter.scalars.own
        t = type(root)
        if t in own:
            return root.primal
        if t in IMMUTABLE or t is np.ndarray and not self.twins and root.dtype.kind in "fc":
            return root

        def ordinary(x: Any) -> Any:
            if type(x) in own:
                return x.primal
            if self.twins and isinstance(x, np.ndarray):
                for original, copy in self.twins.values():
                    if x is copy:
                        return original
                    if x.base is not None and owner_of(x) is owner_of(copy) and type(x) is np.ndarray:
                        piece = twin(x, copy, original)
                        if not x.flags.writeable:
                            piece.flags.writeable = False
                        return piece
            return x

        return rebuild(root, ordinary, True)

    def finish(self, interpreter: Any) -> None:
        """Leave the caller's arguments as a plain run would: written arrays, containers, numbers."""
        store = self.lower.hooks["setitem"]
        twins = list(self.twins.values())
        for original, copy in twins:
            if not original.flags.writeable or (original == copy).all() or np.array_equal(original, copy, equal_nan=True):
                continue
            if interpreter.refused is None and self.aliased(original, [o for o, c in twins if c is not copy]):
                interpreter.refused = AliasingError(
                    "an argument that is differentiated is written to, and another argument shares its memory").at()
            store(copy, original, Ellipsis)
        for x in (*getattr(self, "active", ()), *self.args, *self.kwargs.values()):
            if type(x) not in IMMUTABLE and (type(x) is not np.ndarray or x.dtype.kind == "O"):
                self.strip(x, interpreter)
        self.active = ()
        if interpreter.refused is not None and isinstance(interpreter.refused, AliasingError):
            self.twins = {}
            raise interpreter.refused

    def aliased(self, original: Any, others: list) -> bool:
        """Whether another argument shares memory with one that is differentiated."""
        others += [x for i, x in enumerate(self.args) if i not in self.places]
        others += [x for k, x in self.kwargs.items() if k not in self.places]
        return any(np.may_share_memory(x, original) for x in arrays_in(others))

    def copy(self, lower: Any) -> Problem:
        """The same problem with arguments of its own."""
        args, kwargs = rebuild((self.args, self.kwargs), lambda x: lower.copy(x) if is_array(x) else x)
        return Problem(self.f, tuple(args), kwargs, self.places[0] if self.single else tuple(self.places))

    def record(self, lower: Any) -> Recording:
        """The run, for its adjoint."""
        return Recording(lower, self, leaves)

    def pushed(self, lower: Any, several: bool = False) -> Pushed:
        """The run, for one or several directions."""
        return Pushed(lower, self, leaves, several)

    def structured(self, bars: list) -> Any:
        """Cotangents in the structure of the differentiated arguments, as it was before the run."""
        found = tuple(bars) if self.plain else with_derivatives(self.structure, bars)
        return found[0] if self.single else found


def fitted(lower: Any, form: Form, given: Any, what: str) -> list:
    """Leaves of a tangent or cotangent for the leaves that `form` describes, checked; None where nothing is given.

    An array that stands at several places of a result has the sum of the cotangents at its places, as if each place
    were a result of its own; an argument's array has one tangent, which its places must agree on.
    """
    found: list[list] = [[] for _ in form.leaves]
    try:
        form.collect(given, found)
    except LookupError as error:
        raise ArgumentError(f"the {what} has not the structure of its primal: {error.args[0]}").at() from None
    result = []
    for like, places in zip(form.leaves, found, strict=True):
        total = None
        for bar in places:
            if np.shape(bar) != like.shape:
                raise ArgumentError(f"a {what} has shape {np.shape(bar)} where {like.shape} is needed").at()
            if total is None:
                total = cast(lower, like, bar)
            elif what == "cotangent":
                total = lower.hooks["add"](total, cast(lower, like, bar))
            elif bar is not places[0] and not np.array_equal(bar, places[0]):
                raise ArgumentError("an array that stands at several places of an argument is given different tangents").at()
        result.append(total)
    return result


def filled(form: Form, dots: list) -> list:
    """Tangents with zeros for those that are not given."""
    return [d if d is not None else np.zeros(like.shape, like.dtype) if like.is_array else 0.0
            for like, d in zip(form.leaves, dots, strict=True)]


def cast(lower: Any, like: Any, bar: Any) -> Any:
    """A tangent or cotangent with the dtype of its primal, converted on the level below."""
    if not like.is_array:
        return lower.hooks["getitem"](bar, ()) if isinstance(bar, np.ndarray) else bar
    if not isinstance(bar, np.ndarray):
        bar = lower.call(np.asarray, bar)
    if bar.dtype == like.dtype:
        return bar
    if bar.dtype.kind == "c" and like.dtype.kind != "c":
        bar = lower.call(np.real, bar)
    return lower.call(np.ndarray.astype, bar, like.dtype)


def real_scalar(recording: Any, f: Any) -> None:
    """Refuse results that have no gradient; one real number in an array, as of ``x.T @ A @ x``, has one."""
    outputs = recording.outputs
    value = recording.value
    if type(value) is np.float64 or type(value) is float:
        return
    if len(outputs) == 1 and (is_number(value) or is_array(value)) and np.size(value) == 1 \
            and not np.iscomplexobj(value):
        return
    if not outputs and isinstance(value, (int, float, np.number, bool, np.bool_)):
        return
    if np.iscomplexobj(value) and np.shape(value) == ():
        raise ArgumentError("the gradient of a complex result is not defined",
                            fixes=["of its modulus: abs(f(x))**2", "of a holomorphic function: ut.derivative(f)(x)"]).at()
    kind = f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"
    raise ArgumentError(f"the gradient needs a single real number as result, and the function returned {kind}",
                        fixes=["of its sum: f(x).sum()", "of every element: ut.jacobian(f)(x)",
                               "of one combination: ut.vjp(f, x)"]).at()
