"""Compiled code without a rule that computes no numbers: it holds arrays, shows what it holds, or moves numbers about.

An object of compiled code may hold active arrays, as a table holds its columns: what is read back is the same memory, whose
shadow is known.  Anything else that such an object gives, a number or an array of its own, is refused.

A compiled function that takes, reorders or converts the numbers of its arguments is recognised by running it on copies,
once as they are and once with every number marked by a small change of its own: each number of the result must be one of
those given, the same one both times.  What it moved is then recorded as indexing.
"""

from __future__ import annotations

import gc
from types import BuiltinFunctionType, FunctionType, GetSetDescriptorType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

import numpy as np
from numpy import ndarray

from ..rules._registry import AFFINE
from . import affine
from .memory import may_overlap

HEAP_TYPE = 1 << 9
LARGEST = 1 << 20  # numbers among the arguments that are marked
DEEPEST = 6
OWN_MODULES = frozenset({  # compiled classes that are followed, refused or harmless in other ways
    "builtins", "numpy", "scipy", "numba", "_io", "_thread", "_ctypes", "ctypes", "itertools", "functools", "_functools", "types",
    "collections", "_collections", "operator", "_operator", "re", "datetime", "_asyncio", "contextvars", "_contextvars",
    "_random", "weakref", "_weakref", "_cython", "array", "mmap", "_struct", "_pickle", "decimal", "_decimal", "typing", "undertow",
    "queue", "_queue", "io", "_csv", "select", "socket", "_socket", "_hashlib", "zlib", "unicodedata", "_json", "_abc", "ast", "_ast",
})
OPAQUE = (str, bytes, bool, int, np.integer, np.bool_, np.str_, np.dtype, type, FunctionType, BuiltinFunctionType, MethodType,
          ModuleType, slice, range, type(None), type(Ellipsis), np.datetime64, np.timedelta64)
CONVERTING = ("__array__", "__array_interface__", "__array_struct__", "__float__", "__complex__", "__buffer__")

REFUSED = type("Refused", (), {})()
"""What stands for the result of a compiled function that does more than move numbers."""

_extension: dict[type, bool] = {}
_marks = np.random.default_rng(20120331)


def extension(t: type) -> bool:
    """Whether instances of `t` have parts that compiled code, not Python, laid out."""
    found = _extension.get(t)
    if found is None:
        found = any(not cls.__flags__ & HEAP_TYPE and (cls.__module__ or "").partition(".")[0] not in OWN_MODULES
                    for cls in t.__mro__)
        if len(_extension) < 10000:
            _extension[t] = found
    return found


def instance(x: Any) -> bool:
    """Whether `x` is an instance of a class written in Python, and no container."""
    return bool(type(x).__flags__ & HEAP_TYPE) and not isinstance(x, (type, list, dict, set, tuple, float, complex, ndarray))


def compiled_attribute(t: type, descriptor: Any) -> bool:
    """Whether an attribute is read by compiled code of an extension type."""
    if type(descriptor) not in (GetSetDescriptorType, MemberDescriptorType):
        return False
    home = descriptor.__objclass__
    return not home.__flags__ & HEAP_TYPE and (home.__module__ or "").partition(".")[0] not in OWN_MODULES


# ---- objects that hold arrays ---------------------------------------------------------------------------------------


def entrust(interpreter: Any, value: Any, depth: int = 0) -> None:
    """Make the arrays that a compiled object is given known to memory: what it shows later is recognised."""
    if isinstance(value, ndarray):
        if value.dtype.kind in "fc" and interpreter.memory.find(value) is None:
            interpreter.memory.register(value, False)
    elif depth < DEEPEST and not isinstance(value, OPAQUE):
        if isinstance(value, (list, tuple)):
            for v in value:
                entrust(interpreter, v, depth + 1)
        elif isinstance(value, dict):
            for v in value.values():
                entrust(interpreter, v, depth + 1)
        elif extension(type(value)):
            for v in gc.get_referents(value):
                entrust(interpreter, v, depth + 1)


def can_hold(cls: type) -> bool:
    """Whether instances of a compiled class may hold active arrays: nothing turns them into numbers unseen."""
    return extension(cls) and not any(type(getattr(cls, name, None)) is not FunctionType and hasattr(cls, name)
                                      for name in CONVERTING)


def holds(interpreter: Any, x: Any, args: tuple, kwargs: dict) -> bool:
    """Whether the new object `x` holds all active arrays that it was given, as they are."""
    if any(type(v) in interpreter.scalars.own for v in (*args, *kwargs.values())):
        return False
    inside = {id(v) for v in reachable(x)}
    return all(id(v) in inside for v in actives(interpreter, (args, kwargs))) and not has_buffer(x)


def made(interpreter: Any, cls: type, new: Any, args: tuple, kwargs: dict) -> Any:
    """An object of a class that Python derives of a compiled one, as its compiled ``__new__`` leaves it.

    Where it does not hold what it was given, nothing tells whether numbers were computed: such an object counts as active.
    """
    entrust(interpreter, (args, kwargs))
    found = interpreter.find_active((args, kwargs))
    x = new(cls, *args, **kwargs)
    if found is not None and not holds(interpreter, x, args, kwargs):
        interpreter.dubious[id(x)] = x
    return x


def actives(interpreter: Any, values: Any) -> list:
    """The active arrays and numbers in arguments."""
    return [v for v in reachable(values) if (type(v) in interpreter.scalars.own
                                             or isinstance(v, ndarray) and interpreter.is_active(v))]


def reachable(x: Any) -> list:
    """Arrays and numbers that a value holds, through containers and compiled objects."""
    found, seen, stack = [], set(), [(x, 0)]
    while stack:
        v, depth = stack.pop()
        if isinstance(v, OPAQUE) and type(v) in OPAQUE or id(v) in seen:
            continue
        seen.add(id(v))
        if isinstance(v, (ndarray, float, complex, np.inexact)):
            found.append(v)
        elif depth < DEEPEST:
            if isinstance(v, (list, tuple, set, frozenset)):
                stack.extend((u, depth + 1) for u in v)
            elif isinstance(v, dict):
                stack.extend((u, depth + 1) for u in v.values())
            elif extension(type(v)):
                stack.extend((u, depth + 1) for u in gc.get_referents(v))
    return found


def has_buffer(x: Any) -> bool:
    """Whether an object lends its memory as a buffer."""
    try:
        memoryview(x).release()
    except TypeError:
        return False
    return True


def known(interpreter: Any, value: Any, depth: int = 0) -> bool:
    """Whether nothing in a value that compiled code gives could be a number computed of active ones."""
    if isinstance(value, OPAQUE) or type(value) in interpreter.scalars.own:
        return True
    if isinstance(value, ndarray):
        if value.dtype.kind == "O":
            return all(known(interpreter, v, depth + 1) for v in value.flat)
        return value.dtype.kind not in "fcV" or interpreter.memory.find(value) is not None
    if isinstance(value, (float, complex, np.inexact)) or depth > DEEPEST:
        return False
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(known(interpreter, v, depth + 1) for v in value)
    if isinstance(value, dict):
        return all(known(interpreter, v, depth + 1) for v in value.values())
    if extension(type(value)):
        return all(known(interpreter, v, depth + 1) for v in gc.get_referents(value))
    return True


def shown(interpreter: Any, holder: Any, value: Any) -> bool:
    """Whether what compiled code of `holder` gives is recorded memory, or no number."""
    if isinstance(value, OPAQUE):
        return True
    return interpreter.find_active(holder) is None or known(interpreter, value)


# ---- functions that move numbers -----------------------------------------------------------------------------------


class Moved:
    """What a compiled function did to marked copies of its arguments."""

    def __init__(self, interpreter: Any, args: tuple, kwargs: dict) -> None:
        self.interpreter = interpreter
        self.names = [*range(len(args)), *kwargs]
        self.given = [*args, *kwargs.values()]
        self.plain = [self.bottom(x) for x in self.given]
        self.sources: dict[float, tuple[int, int]] = {}
        self.unmarked = False  # whether an active number could not be marked

    def bottom(self, x: Any) -> Any:
        """`x` as it is without derivatives, in memory of its own."""
        if type(x) in (list, tuple):
            return type(x)(map(self.bottom, x))
        if not isinstance(x, ndarray):
            level = self.interpreter
            while level.level > 0:
                x, level = level.plain(x), level.lower
            return x
        if x.dtype.kind != "O":
            return np.array(x, order="K", subok=True)
        y = np.empty(x.shape, object)
        for index in np.ndindex(x.shape):
            y[index] = self.bottom(x[index])
        return y

    def marked(self) -> list:
        """The arguments with each number changed by a little of its own."""
        found = []
        for k, x in enumerate(self.plain):
            if isinstance(x, ndarray) and (x.dtype == np.float64 or x.dtype.kind == "O"):
                y = np.array(x, order="K", subok=True)
                for i, index in enumerate(np.ndindex(x.shape)):
                    y[index] = self.mark(x[index], k, i)
            elif type(x) in (list, tuple):
                y = type(x)(self.mark(v, k, i) for i, v in enumerate(x))
            else:
                y = self.mark(x, k, -1)
            found.append(y)
        return found

    def mark(self, x: Any, k: int, i: int) -> Any:
        """A number near `x` that is not met elsewhere."""
        if not isinstance(x, float):
            if isinstance(x, (ndarray, list, tuple, np.inexact, complex)):
                self.unmarked |= self.interpreter.is_active(self.given[k])
            return x
        if x != x or x in (np.inf, -np.inf):
            return x
        y = type(x)(x * (1.0 + 1e-6 * _marks.uniform(0.5, 1.5)) if x else 1e-9 * _marks.uniform(0.5, 1.5))
        self.sources[float(y)] = (k, i)
        return y

    def run(self, f: Any, values: list) -> tuple[Any, list]:
        """The result of `f` on copies, and the copies."""
        copies = [np.array(v, order="K", subok=True) if isinstance(v, ndarray) else v[:] if type(v) is list else v for v in values]
        for copy, given in zip(copies, self.given):
            if isinstance(copy, ndarray):
                copy.flags.writeable = given.flags.writeable
        n = sum(isinstance(name, int) for name in self.names)
        return f(*copies[:n], **dict(zip(self.names[n:], copies[n:]))), copies

    # ---- comparing ----

    def origin(self, before: Any, after: Any) -> Any:
        """Where a number of the result came from, None for one that stays the same, False for any other."""
        source = self.sources.get(float(after))
        if source is not None:
            k, i = source
            given = self.plain[k]
            original = given if i < 0 else given.flat[i] if isinstance(given, ndarray) else given[i]
            return source if original == before else False
        return None if before == after or before != before and after != after else False

    def explained(self, before: Any, after: Any, numbers: list) -> Any:
        """The result made of the arguments' own numbers, or `REFUSED`."""
        t = type(before)
        if t is not type(after):
            return REFUSED
        if isinstance(before, ndarray):
            return self.array(before, after, numbers)
        if isinstance(before, (float, np.floating)):
            source = self.origin(before, after)
            return self.number(source, before) if source else REFUSED
        if t in (tuple, list):
            parts = [self.explained(a, b, numbers) for a, b in zip(before, after)]
            same = len(before) == len(after) and not any(p is REFUSED for p in parts)
            return t(parts) if same else REFUSED
        if isinstance(before, OPAQUE):
            return before if before is after or before == after else REFUSED
        return REFUSED

    def array(self, before: ndarray, after: ndarray, numbers: list) -> Any:
        """An array of the result."""
        if before.shape != after.shape or before.dtype != after.dtype:
            return REFUSED
        if before.dtype.kind in "biuSUmM":
            return before if np.array_equal(before, after) else REFUSED
        if before.dtype.kind not in "fO":
            return REFUSED
        origins = []
        for a, b in zip(before.flat, after.flat):
            plain = not isinstance(a, (float, np.floating))
            if plain and not isinstance(a, OPAQUE):
                return REFUSED
            origins.append(None if plain and a == b else False if plain else self.origin(a, b))
        if False in origins:
            return REFUSED
        numbers.extend(o for o in origins if o)
        return self.assembled(np.array(before, order="K"), origins)

    def number(self, source: tuple[int, int], before: Any) -> Any:
        """A number of the arguments."""
        k, i = source
        x = self.given[k]
        if isinstance(x, ndarray):
            x = self.interpreter.hooks["getitem"](x, tuple(int(j) for j in np.unravel_index(i, x.shape)))
        elif i >= 0:
            x = x[i]
        return x if type(before) is type(self.bottom(x)) else self.interpreter.call(type(before), x)

    def assembled(self, y: ndarray, origins: list) -> ndarray:
        """The array `y`, its elements taken from where they came from."""
        interpreter = self.interpreter
        for k, x in enumerate(self.given):
            where = [j for j, o in enumerate(origins) if o and o[0] == k]
            if not where or not interpreter.is_active(x):
                continue
            if isinstance(x, ndarray) and x.dtype.kind != "O" and y.dtype.kind != "O":
                taken = np.unravel_index([origins[j][1] for j in where], x.shape) if x.ndim else ()
                value = interpreter.hooks["getitem"](x, taken)
                interpreter.hooks["setitem"](value, y, np.unravel_index(where, y.shape) if y.ndim else ())
            else:
                for j in where:
                    interpreter.hooks["setitem"](self.number(origins[j], y.flat[j]), y,
                                                 tuple(int(i) for i in np.unravel_index(j, y.shape)))
        return y

    def written(self, before: list, after: list, marked: list, numbers: list) -> list | None:
        """The arrays that the function wrote to, with what they hold now; None where that is not explained."""
        changed = []
        for k, (x, a, b) in enumerate(zip(self.given, before, after)):
            if type(x) is list and not same_items(a, self.plain[k]):
                return None
            if not isinstance(x, ndarray) or same(a, self.plain[k]) and same(b, marked[k]):
                continue
            if not x.flags.writeable:
                return None
            new = self.array(a, b, numbers)
            if new is REFUSED:
                return None
            changed.append((x, new))
        return changed


def same(a: ndarray, b: ndarray) -> bool:
    """Whether two arrays hold the same."""
    if a.dtype.kind == "O":
        return all(x is y or x == y for x, y in zip(a.flat, b.flat))
    return np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


def same_objects(y: ndarray, values: Any) -> bool:
    """Whether the numbers in an object array are the very objects that were given."""
    given = {id(v) for v in reachable(values)}
    return all(id(v) in given for v in y.flat if not isinstance(v, OPAQUE))


def unchanged(old: Any, x: Any) -> bool:
    """Whether an argument holds what its copy `old` holds."""
    if isinstance(x, ndarray):
        return same(old, x)
    if isinstance(x, dict):
        return same_items(list(old), list(x)) and same_items(list(old.values()), list(x.values()))
    return same_items(old, x) if isinstance(x, list) else True


def same_items(a: list, b: list) -> bool:
    """Whether two lists hold the same objects."""
    return len(a) == len(b) and all(x is y for x, y in zip(a, b))


def moved(interpreter: Any, f: Any, args: tuple, kwargs: dict) -> Any:
    """The result of a compiled function of numbers and arrays that only moves them; `REFUSED` if it does more."""
    arrays = [x for x in (*args, *kwargs.values()) if isinstance(x, ndarray)]
    if sum(x.size for x in arrays) > LARGEST or any(
            may_overlap(x, y) for i, x in enumerate(arrays) for y in arrays[:i]):
        return REFUSED
    trial = Moved(interpreter, args, kwargs)
    before, held = trial.run(f, trial.plain)
    unchanged = all(same_items(a, b) if type(a) is list else same(a, b) for a, b in zip(held, trial.plain)
                    if isinstance(a, (ndarray, list)))
    if isinstance(before, ndarray) and any(may_overlap(before, x) for x in held if isinstance(x, ndarray)):
        result = f(*args, **kwargs) if unchanged else REFUSED  # a view, or the array itself
        return result if result is not REFUSED and known(interpreter, result) else REFUSED
    if unchanged and is_answer(before):
        return before
    try:
        marked = trial.marked()
        if trial.unmarked:
            return REFUSED
        after, held_after = trial.run(f, marked)
    except Exception:  # what is refused with other numbers is not a matter of moving them
        return REFUSED
    numbers: list = []
    result = trial.explained(before, after, numbers)
    changed = trial.written(held, held_after, marked, numbers)
    if result is REFUSED or changed is None or not numbers and not isinstance(before, (float, np.floating)) and not \
            _all_steps(before):
        return affine.followed(trial, f, before, held) if _declared(f) else REFUSED
    for x, new in changed:
        interpreter.hooks["setitem"](new, x, Ellipsis)
    return result


def _declared(f: Any) -> bool:
    try:
        return f in AFFINE
    except TypeError:  # without a hash
        return False


def is_answer(x: Any) -> bool:
    """Whether a result answers a question about values: it carries no derivative."""
    return isinstance(x, type) or type(x) in (bool, str, np.bool_, np.dtype)


def _all_steps(result: Any) -> bool:
    """Whether a result is made of truth values, whole numbers and text alone."""
    if isinstance(result, (tuple, list)):
        return bool(result) and all(map(_all_steps, result))
    if isinstance(result, ndarray):
        return result.dtype.kind in "biuSU"
    return isinstance(result, (bool, int, str, np.bool_, np.integer))


__all__ = ["OPAQUE", "REFUSED", "can_hold", "compiled_attribute", "entrust", "extension", "holds", "instance", "is_answer", "known", "made", "moved", "same_objects", "shown",
           "unchanged"]
