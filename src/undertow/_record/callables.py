"""Callables as differentiable arguments: what rules of solvers and quadratures say with ``rules._callables``.

The rule of a function that calls its user back is a program, recorded like any other.  It runs the primitive itself one
level down (`Lowered`), where nothing of this level is active, and evaluates the user's function again, recorded, where
mathematics needs its derivative: whatever the function depends on (arguments, closures, globals, attributes of the
object it is bound to) is found because the recorded evaluation meets it.
"""

from __future__ import annotations

import collections
import functools
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
from numpy import ndarray

from .._source import Mark
from ..rules import _callables as words
from . import refusal
from .scalars import NUMBERS

LIBRARIES = ("numpy", "scipy", "undertow", "numba", "builtins", "functools", "math")
ATOMS = frozenset(NUMBERS | {str, bytes, type(None), type, np.dtype, slice, range, ModuleType, CodeType})
WATCHED = 1 << 20  # numbers of an array that is compared with what it was
_MISSING = object()


def make(interpreter: Any) -> dict[Any, Any]:
    """Handlers of the words."""

    def below(f: Any, *args: Any, **kwargs: Any) -> Any:
        return call_below(interpreter, f, args, kwargs)

    def bottom(f: Any, *args: Any, **kwargs: Any) -> Any:
        return call_below(interpreter, words.bottom, (f, *args), kwargs)

    def moving(x: Any) -> bool:
        level = interpreter
        while level.level > 0:
            if level.find_active(x) is not None:
                return True
            x, level = level.plain(x), level.lower
        return False

    def through_source(f: Any, *args: Any, **kwargs: Any) -> Any:
        return interpreter.calls.rewritten(f)(*args, **kwargs)

    def constant(x: Any) -> Any:
        if isinstance(x, ndarray):
            return interpreter.lower.copy(x)
        return tuple(map(constant, x)) if type(x) is tuple else interpreter.plain(x)

    def active(x: Any) -> bool:
        return interpreter.find_active(x) is not None

    def refused(reason: str, what: str) -> BaseException:
        return interpreter.refuse(refusal.refused_result(interpreter, what, reason))

    def attach(y: Any, x: Any) -> Any:
        if not interpreter.is_active(x):
            return y
        if isinstance(y, ndarray) and not isinstance(x, ndarray):
            x = interpreter.call(np.broadcast_to, x, y.shape)
        if isinstance(y, ndarray):
            y = interpreter.lower.copy(y)
        return interpreter.apply(interpreter.calls.rule(words.attach), words.attach, (y, x), {}, y)

    def left_behind(x: Any, reason: str) -> None:
        if interpreter.is_active(x):
            mark_left_behind(interpreter, x, reason)

    return {words.left_behind: left_behind, words.below: below, words.bottom: bottom, words.moving: moving, words.through_source: through_source, words.constant: constant, words.active: active,
            words.refused: refused, words.attach: attach}


def call_below(interpreter: Any, f: Any, args: tuple, kwargs: dict) -> Any:
    """Call `f` one level down; what it returns is constant here."""
    lowered = Lowered(interpreter)
    lower = interpreter.lower
    try:
        function = lowered.value(f)
        new_args = [lowered.value(a) for a in args]
        new_kwargs = {k: lowered.value(v) for k, v in kwargs.items()}
        lowered.watch()
        result = lower.callee(function)(*new_args, **new_kwargs)
    finally:
        lowered.restore()
    interpreter.left_behind = lowered.held
    return lowered.own(result)


def mark_left_behind(interpreter: Any, x: Any, reason: str) -> None:
    """What callbacks have stored since the last `below` started depends on `x` in a way that is not known."""
    held, interpreter.left_behind = getattr(interpreter, "left_behind", ()), ()
    rule = interpreter.calls.rule(words.unknown)

    def unknown(v: Any, old: Any = _MISSING) -> Any:
        """`v` with every number in it marked."""
        if v is old:
            return v
        if isinstance(v, (float, complex, np.inexact)) or isinstance(v, ndarray) and v.dtype.kind in "fc":
            if not isinstance(v, ndarray) and not isinstance(old, ndarray) and old is not _MISSING and bool(v == old) and \
                    not interpreter.is_active(v):
                return v
            return interpreter.apply(rule, words.unknown, (v, x, reason), {})
        if type(v) is tuple:
            return tuple(map(unknown, v))
        if type(v) is list:
            v[:] = map(unknown, v)
        return v

    for holder, old in held:
        if isinstance(holder, ndarray):
            changed = (holder != old) & ~((holder != holder) & (old != old))
            if changed.any():
                values = interpreter.hooks["getitem"](holder, changed)
                interpreter.hooks["setitem"](interpreter.apply(rule, words.unknown, (values, x, reason), {}), holder, changed)
        elif type(holder) is Place:
            now = read_item(holder.holder, holder.key)
            if now is not _MISSING and now is not old:
                write_item(holder.holder, holder.key, unknown(now, old))
        elif isinstance(holder, dict):
            for k, v in list(holder.items()):
                before = old.get(k, _MISSING)
                if v is not before:
                    dict.__setitem__(holder, k, unknown(v, before))
        else:
            for i, v in enumerate(list(holder)):
                before = old[i] if i < len(old) else _MISSING
                if v is not before:
                    holder[i] = unknown(v, before)


class Lowered:
    """Values as the level below sees them, for the time of a call.

    Immutable values are rebuilt; containers, objects, closure cells and globals hold the numbers of the level below for
    the time of the call and get theirs back in `restore`, unless the call has put something else there.
    """

    def __init__(self, interpreter: Any) -> None:
        self.interpreter = interpreter
        self.scalars = interpreter.scalars.own
        self.plain_code = interpreter.lower.level == 0
        self.memo: dict[int, tuple[Any, Any]] = {}
        self.changed: list[tuple[Any, Any, Any, Any]] = []
        self.arrays: list[ndarray] = []
        self.held: list[tuple[Any, Any]] = []
        self.places: set[tuple[int, Any]] = set()
        self.before: list[tuple[ndarray, ndarray]] = []

    # ---- going down ----

    def value(self, x: Any, depth: int = 0) -> Any:
        """`x` as the level below sees it."""
        t = type(x)
        if t in ATOMS or depth > 12:
            return x
        if t in self.scalars:
            return x.primal
        found = self.memo.get(id(x))
        if found is not None and found[0] is x:
            return found[1]
        self.memo[id(x)] = (x, x)
        new = self.convert(x, t, depth + 1)
        self.memo[id(x)] = (x, new)
        return new

    def convert(self, x: Any, t: type, depth: int) -> Any:
        """`x`, not met before, one level down."""
        if isinstance(x, ndarray):
            if x.dtype.kind == "O":
                for i, v in enumerate(x.flat):
                    self.exchange(x.flat, i, v, depth)
                return x
            if x.dtype.kind in "fc" and x.size <= WATCHED and writeable(x):
                self.held.append((x, np.array(x)))
            if self.interpreter.is_recorded(x):
                self.arrays.append(x)
        elif t is FunctionType:
            return self.function(x, depth)
        elif t is MethodType:
            function, owner = self.value(x.__func__, depth), self.value(x.__self__, depth)
            return x if function is x.__func__ and owner is x.__self__ else MethodType(function, owner)
        elif t is functools.partial:
            parts = [self.value(v, depth) for v in (x.func, x.args, x.keywords)]
            if any(a is not b for a, b in zip(parts, (x.func, x.args, x.keywords), strict=True)):
                return functools.partial(parts[0], *parts[1], **parts[2])
        elif isinstance(x, tuple):
            parts = [self.value(v, depth) for v in x]
            if any(a is not b for a, b in zip(parts, x, strict=True)):
                return t(*parts) if hasattr(t, "_fields") else t(parts)
        elif isinstance(x, dict):
            self.held.append((x, dict(x)))
            for k, v in list(x.items()):
                self.exchange(x, k, v, depth)
        elif isinstance(x, (list, collections.deque)):
            self.held.append((x, list(x)))
            for i, v in enumerate(x):
                self.exchange(x, i, v, depth)
        elif t.__module__.partition(".")[0] == "numba":
            self.value(getattr(getattr(x, "_dispatcher", x), "py_func", None), depth)  # the rest is the compiler's
        elif not isinstance(x, (type, ModuleType)):
            self.attributes(x, t, depth)
        return x

    def exchange(self, holder: Any, key: Any, v: Any, depth: int) -> None:
        """Put the lower form of an item in its place."""
        new = self.value(v, depth)
        if new is not v:
            write_item(holder, key, new)
            self.changed.append((holder, key, v, new))

    def attributes(self, x: Any, t: type, depth: int) -> None:
        """Attributes of an object, in its dictionary or in slots."""
        held = getattr(x, "__dict__", None)
        if isinstance(held, dict):
            self.held.append((held, dict(held)))
            for k, v in list(held.items()):
                self.exchange(held, k, v, depth)
        for cls in t.__mro__:
            slots = cls.__dict__.get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                slot = cls.__dict__.get(name)
                v = getattr(x, name, _MISSING) if slot is not None and hasattr(slot, "__set__") else _MISSING
                if v is not _MISSING:
                    self.exchange(Slot(x, slot), name, v, depth)

    def function(self, f: Any, depth: int) -> Any:
        """A function: what it closes over and refers to, and its code as it was written."""
        mark = f.__code__.co_consts[-1] if f.__code__.co_consts else None
        rewritten = type(mark) is Mark
        if not rewritten and (f.__module__ or "").partition(".")[0] in LIBRARIES:
            for cell in f.__closure__ or ():
                self.cell(cell, depth)
            return f
        for cell in f.__closure__ or ():
            self.cell(cell, depth)
        for holder in (f.__defaults__, f.__kwdefaults__):
            new = self.value(holder, depth)
            if new is not holder:
                f.__defaults__ = new
                self.changed.append((f, "__defaults__", holder, new))
        scope = f.__globals__
        for name in names_of(mark.original if rewritten and mark.original is not None else f.__code__):
            v = scope.get(name, _MISSING)
            if v is not _MISSING and not isinstance(v, (type, ModuleType)):
                self.place(scope, name, v, depth)
        if rewritten and self.plain_code and mark.original is not None:
            return as_written(f, mark.original)
        return f

    def cell(self, cell: CellType, depth: int) -> None:
        """The content of a closure cell."""
        try:
            v = cell.cell_contents
        except ValueError:
            return
        self.place(cell, None, v, depth)

    def place(self, holder: Any, key: Any, v: Any, depth: int) -> None:
        """A cell or global, which several functions may share."""
        if (id(holder), key) not in self.places:
            self.places.add((id(holder), key))
            self.held.append((Place(holder, key), v))
            self.exchange(holder, key, v, depth)

    # ---- coming back ----

    def watch(self) -> None:
        """Note what arrays that are recorded hold: the call may write to them."""
        for x in self.arrays:
            slot = self.interpreter.memory.find(x)
            if slot is not None and (slot.referenced or slot.active) and writeable(x):
                self.before.append((x, self.interpreter.lower.copy(x)))

    def restore(self) -> None:
        """Put the active numbers back, and record what the call has written to recorded memory."""
        for holder, key, old, new in reversed(self.changed):
            if read_item(holder, key) is new:
                write_item(holder, key, old)
        self.changed.clear()
        lower = self.interpreter.lower
        for x, old in self.before:
            changed = (x != old) & ~((x != x) & (old != old))
            if changed.any():
                new = lower.hooks["getitem"](x, changed)
                lower.hooks["setitem"](old, x, Ellipsis)
                self.interpreter.hooks["setitem"](new, x, changed)
        self.before.clear()

    def own(self, result: Any) -> Any:
        """A result in memory that this level does not know."""
        t = type(result)
        if isinstance(result, ndarray):
            return self.interpreter.lower.copy(result) if self.interpreter.is_recorded(result) else result
        if t is tuple or t is list:
            return t(self.own(v) for v in result)
        if isinstance(result, dict):
            for k, v in list(result.items()):
                new = self.own(v)
                if new is not v:
                    dict.__setitem__(result, k, new)
        return result


def writeable(x: ndarray) -> bool:
    """Whether the program may write to an array (asking a broadcast one warns)."""
    return 0 not in x.strides and x.flags.writeable


class Place:
    """A closure cell, or a name among globals: what is held under one key."""

    def __init__(self, holder: Any, key: Any) -> None:
        self.holder, self.key = holder, key


class Slot:
    """One attribute that lives in a slot."""

    def __init__(self, owner: Any, descriptor: Any) -> None:
        self.owner, self.descriptor = owner, descriptor


def read_item(holder: Any, key: Any) -> Any:
    """What a place holds now."""
    try:
        if type(holder) is CellType:
            return holder.cell_contents
        if type(holder) is Slot:
            return holder.descriptor.__get__(holder.owner)
        if type(holder) is FunctionType:
            return getattr(holder, key)
        return dict.__getitem__(holder, key) if isinstance(holder, dict) else holder[key]
    except (KeyError, IndexError, ValueError, AttributeError):
        return _MISSING


def write_item(holder: Any, key: Any, value: Any) -> None:
    """Put a value in a place, past any special method."""
    if type(holder) is CellType:
        holder.cell_contents = value
    elif type(holder) is Slot:
        holder.descriptor.__set__(holder.owner, value)
    elif type(holder) is FunctionType:
        setattr(holder, key, value)
    elif isinstance(holder, dict):
        dict.__setitem__(holder, key, value)
    elif isinstance(holder, list):
        list.__setitem__(holder, key, value)
    else:
        holder[key] = value


@functools.lru_cache(maxsize=1024)
def names_of(code: CodeType) -> frozenset[str]:
    """Names that code, or code nested in it, may look up in its globals."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= names_of(constant)
    return frozenset(names)


def user_form(f: Any) -> Any:
    """A function as the user wrote it, where it is one that recording has rewritten; anything else as it is."""
    mark = f.__code__.co_consts[-1] if type(f) is FunctionType and f.__code__.co_consts else None
    return as_written(f, mark.original) if type(mark) is Mark and mark.original is not None else f


def as_written(f: Any, original: CodeType) -> Any:
    """The function of rewritten code `f` as the user wrote it, over the same cells."""
    cells = dict(zip(f.__code__.co_freevars, f.__closure__ or (), strict=True))
    if not set(original.co_freevars) <= set(cells):
        return f
    new = FunctionType(original, f.__globals__, f.__name__, f.__defaults__,
                       tuple(cells[name] for name in original.co_freevars))
    new.__kwdefaults__ = f.__kwdefaults__
    new.__qualname__ = f.__qualname__
    new.__module__ = f.__module__
    new.__dict__.update(f.__dict__)
    return new
