"""Tables that are asked with active keys.

A program that remembers what it computed (``if x not in known: known[x] = f(x)``) finds, in a derivative, what an earlier
run stored under an equal number: a constant.  The lookup would be the end of the dependence, and the derivative a silent
zero; with two equal numbers of one run it would be the derivative of the wrong one.

So a table says that it holds nothing under a key that equals an active one and is not known to be the same number: the
program computes anew, as it does in every neighbourhood of the point, and stores what was there before, now with its
derivative.  Where it does not, or stores something else, the derivative is refused.  The same holds for an object that keeps the last point, recognises it
(``np.array_equal(x, self.x)``) and answers what it answered then: the point is said to be new, and has to be kept anew.
What cannot depend on numbers (text,
integers, functions) is found as usual.
"""

from __future__ import annotations

import enum
import inspect
from types import BuiltinFunctionType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

import numpy as np
from numpy import ndarray

from . import refusal
from .scalars import ACTIVE, BASES, INTEGERS, NUMBERS

DISCRETE = (*INTEGERS, str, bytes, type(None), type(Ellipsis), FunctionType, BuiltinFunctionType, MethodType, ModuleType, type,
            enum.Enum, np.dtype, range)
SETTLED = frozenset({str, int, bool, bytes, type(None), type})
"""Types of keys that hold no number that could be active."""


class _Probe:
    """Asks a table for the key it holds that equals `key`."""

    def __init__(self, key: Any) -> None:
        self.key = key
        self.found: Any = None

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        if other is not self.key and other != self.key:
            return False
        self.found = other
        return True


def numeric(key: Any) -> bool:
    """Whether `key` is a number or a tuple with a number that may be active."""
    t = type(key)
    if t in ACTIVE or t in BASES:
        return True
    return isinstance(key, (tuple, list)) and type(key).__eq__ in (tuple.__eq__, list.__eq__) and any(map(numeric, key))


def stranger(interpreter: Any, table: dict, key: Any) -> bool:
    """Whether `table` holds something under a key that equals `key` and is not known to be the same number."""
    if not numeric(key):
        return False
    probe = _Probe(key)
    if not dict.__contains__(table, probe):
        return False
    noted = interpreter.tables.get(id(table))
    return not same(probe.found if noted is None else noted[1].get(key, probe.found), key) and not discrete(
        dict.__getitem__(table, key))


def miss(interpreter: Any, table: dict, key: Any) -> BaseException:
    """Note that `table` was said to hold nothing under `key`; the error if the program does not store it anew."""
    error = refusal.unsupported(
        interpreter, "a table holds what was stored under a number equal to the active one that it is asked with",
        "what was stored does not depend on the number that the table is asked with: the derivative would silently be dropped",
        ["empty the table before the derivative:  table.clear()",
         "let functools.lru_cache remember:       it has a table for each derivative",
         "treat the key as a constant:            table[ut.stop_gradient(key)]"], key)
    interpreter.missed.append((table, key, dict.__getitem__(table, key), error, interpreter))
    return error


def contains(interpreter: Any, table: dict, key: Any) -> bool:
    """``key in table``."""
    if stranger(interpreter, table, key):
        miss(interpreter, table, key)
        return False
    return key in table


def getitem(interpreter: Any, table: dict, key: Any) -> Any:
    """``table[key]``."""
    if stranger(interpreter, table, key):
        error = miss(interpreter, table, key)
        if hasattr(type(table), "__missing__"):
            raise interpreter.refuse(error)
        raise KeyError(key)
    return table[key]


def setitem(interpreter: Any, table: dict, key: Any, value: Any) -> None:
    """``table[key] = value``.  A table keeps the first of equal keys; the last is what the value belongs to."""
    if numeric(key) and _active(key):
        for place, (missing, asked, old, *_) in enumerate(interpreter.missed):
            if missing is table and asked == key and equal(interpreter, value, old):
                del interpreter.missed[place]
                break
        noted = interpreter.tables.setdefault(id(table), (table, {}))[1]
        noted.pop(key, None)
        noted[key] = key
    if interpreter.missed:
        replaced(interpreter, table.get(key), value)
    table[key] = value


def method(interpreter: Any, table: dict, f: Any, name: str) -> Any:
    """``table.get`` and the like."""
    def get(key: Any, default: Any = None) -> Any:
        return f(key, default) if contains(interpreter, table, key) else default

    def setdefault(key: Any, default: Any = None) -> Any:
        if contains(interpreter, table, key):
            return f(key, default)
        setitem(interpreter, table, key, default)
        return default

    def pop(key: Any, *default: Any) -> Any:
        if stranger(interpreter, table, key):
            raise interpreter.refuse(miss(interpreter, table, key))
        return f(key, *default)

    return {"get": get, "setdefault": setdefault, "pop": pop, "__getitem__": lambda key: getitem(interpreter, table, key),
            "__contains__": lambda key: contains(interpreter, table, key),
            "__setitem__": lambda key, value: setitem(interpreter, table, key, value)}.get(name)


def equal(interpreter: Any, value: Any, old: Any) -> bool:
    """Whether what is stored anew is what an earlier run stored."""
    if isinstance(value, (tuple, list)):
        return type(old) is type(value) and len(old) == len(value) and all(
            equal(interpreter, v, o) for v, o in zip(value, old, strict=True))
    if isinstance(value, ndarray):
        return isinstance(old, ndarray) and np.array_equal(interpreter.plain(value), interpreter.plain(old), equal_nan=True)
    if type(value) in ACTIVE or type(value) in BASES or isinstance(value, DISCRETE):
        return isinstance(old, (*BASES, *DISCRETE)) and (value == old or bool(value != value and old != old))
    return False


def discrete(value: Any) -> bool:
    """Whether a value cannot depend on numbers that vary."""
    if isinstance(value, (tuple, list, frozenset)):
        return all(map(discrete, value))
    if isinstance(value, ndarray):
        return value.dtype.kind not in "fcVO"
    return isinstance(value, DISCRETE)


def _active(key: Any) -> bool:
    if isinstance(key, (tuple, list)):
        return any(map(_active, key))
    return type(key) in ACTIVE and type(key) not in NUMBERS


def same(a: Any, b: Any) -> bool:
    """Whether two equal keys depend alike on what varies."""
    if a is b:
        return True
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return all(map(same, a, b))
    if not _active(a) and not _active(b):
        return True
    if not (_active(a) and _active(b)):
        return False
    owner = type(a).interpreter  # type: ignore[attr-defined]
    return owner is type(b).interpreter and owner.same_number(a, b)  # type: ignore[attr-defined]


# ---- points ------------------------------------------------------------------------------------------------


def recognised(interpreter: Any, a: ndarray, b: ndarray) -> bool:
    """Whether an active array only equals one that the program keeps: then it is said to be another one."""
    if a.size < 2 or a.dtype.kind not in "fc" or interpreter.is_active(a) == interpreter.is_active(b):
        return False
    known, point = (a, b) if interpreter.is_active(b) else (b, a)
    return _remembered(interpreter, known, interpreter.plain(known).ravel().tolist(), point)


def recognised_items(interpreter: Any, a: Any, b: Any) -> bool:
    """The same for sequences of numbers, and for an input that is a number; they are equal."""
    if _active(a) == _active(b):
        return False
    known, point = (a, b) if _active(b) else (b, a)
    if not isinstance(a, (tuple, list)):
        # other numbers that equal a constant: times that have reached the end, values at their bounds
        return _is_input(interpreter, point) and _remembered(interpreter, known, [known], point)
    return all(type(x) in ACTIVE or type(x) in BASES for x in (*a, *b)) and _remembered(interpreter, known, list(known), point)


def _is_input(interpreter: Any, x: Any) -> bool:
    for start in interpreter.inputs:
        plain = interpreter.plain(start)
        if plain.dtype.kind in "fc" and np.any(plain == x) if isinstance(plain, ndarray) else plain == x:
            return True
    return False


def _remembered(interpreter: Any, known: Any, values: list, point: Any) -> bool:
    if len(values) > 1 and all(x == values[0] for x in values) or all(2 * x == round(2 * x.real) for x in values if x == x):
        return False  # zeros, bounds, an identity: constants that programs compare with
    interpreter.missed.append((known, None, values, refusal.unsupported(
        interpreter, "the program compares an active value with a constant, and they are equal",
        "what a program does at one point only (answering what it remembers of it, a special case) has no derivative",
        ["let the object forget the point before the derivative, or make a new object",
         "treat the value as a constant:  ut.stop_gradient(value)"], point), interpreter))
    return True


def replaced(interpreter: Any, old: Any, value: Any) -> None:
    """The program stores `value` where `old` was; a point that it forgets for an equal one is one it remembers."""
    for place, (known, key, values, _, owner) in enumerate(interpreter.missed):
        if key is None and (old is known or isinstance(old, ndarray) and isinstance(known, ndarray)
                            and np.shares_memory(old, known)) and _values(owner, value) == values:
            del interpreter.missed[place]
            break


def replaced_attribute(interpreter: Any, x: Any, name: str, value: Any) -> None:
    """The program is about to store `value` as ``x.name``."""
    held = getattr(x, "__dict__", {})
    found = held.get(name) if name in held else inspect.getattr_static(x, name, None)
    replaced(interpreter, found.__get__(x) if type(found) is MemberDescriptorType else found, value)


def _values(interpreter: Any, value: Any) -> list | None:
    value = interpreter.plain(value)
    if isinstance(value, ndarray):
        return value.ravel().tolist()
    if isinstance(value, (tuple, list)):
        return list(value)
    return [value] if type(value) in BASES or type(value) in ACTIVE else None


class Origins:
    """Where on a tape numbers come from, and where memory was last written to; read on as the tape grows."""

    def __init__(self, tape: list, reading: frozenset, barriers: frozenset) -> None:
        self.tape, self.reading, self.barriers = tape, reading, barriers
        self.read = 0
        self.places: dict[int, int] = {}
        self.writes: dict[int, int] = {}
        self.barrier = -1

    def advance(self) -> None:
        """Read what is new on the tape."""
        for place in range(self.read, len(self.tape)):
            step, data, out = self.tape[place][:3]
            if type(step) is int:
                self.places[step] = place
            elif type(out) is int:
                self.places[out] = place
            elif out is None and hasattr(target := data[0] if type(data) is tuple else data, "slot"):
                self.writes[id(target.slot)] = place
            if step in self.barriers:
                self.barrier = place
        self.read = len(self.tape)

    def converted(self, k: int) -> int:
        """The number that `k` was converted from (NumPy's numbers are, when they are compared in C)."""
        while k in self.places and type((entry := self.tape[self.places[k]])[0]) is int and len(entry) == 3 and entry[2] == 1.0:
            k = entry[1]
        return k

    def same(self, a: int, b: int, depth: int = 20) -> bool:
        """Whether numbers `a` and `b` are the same function of the same numbers, as far as `depth` steps back show."""
        a, b = self.converted(a), self.converted(b)
        if a == b:
            return True
        if depth == 0 or a not in self.places or b not in self.places:
            return False
        first, second = sorted((self.places[a], self.places[b]))
        one, other = self.tape[first], self.tape[second]
        if len(one) != len(other):
            return False
        if type(one[0]) is int and type(other[0]) is int:
            return one[2::2] == other[2::2] and all(
                self.same(i, j, depth - 1) for i, j in zip(one[1::2], other[1::2], strict=True))
        if one[0] is not other[0] or one[0] not in self.reading:
            return False
        (parent, index), (other_parent, other_index) = one[1], other[1]
        return (parent is other_parent and _fixed(index) and _fixed(other_index) and index == other_index
                and max(self.barrier, self.writes.get(id(parent.slot), -1)) < first)


def _fixed(index: Any) -> bool:
    return type(index) is int or type(index) is tuple and all(type(i) is int for i in index)
