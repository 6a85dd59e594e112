"""The hooks that rewritten code calls, for one interpreter.

Every hook answers at once for values that cannot be active; the rest goes to the interpreter (arrays) or to
`protocols` (objects with special methods written in Python).
"""

from __future__ import annotations

import collections
import operator
from types import BuiltinFunctionType, FunctionType, GeneratorType, MethodType, ModuleType
from typing import Any

import numpy as np
from numpy import ndarray

from . import contexts, detours, passing, protocols, remembered
from .scalars import ACTIVE, NUMBERS, define

PLAIN_TYPES = frozenset(NUMBERS | {str, bytes, bytearray, type(None), list, tuple, dict, set, frozenset, range, type, slice,
                                   np.str_, np.bytes_, np.datetime64, np.timedelta64, np.dtype, type(Ellipsis)})
ITERABLES = frozenset({list, tuple, dict, set, frozenset, range, str, bytes, zip, map, filter, enumerate, reversed,
                       GeneratorType, collections.deque, type({}.items()), type({}.keys()), type({}.values()),
                       type(iter([])), type(iter(())), type(iter({})), type(iter(range(0))), np.ndindex})
SUBSCRIPTED = frozenset({list, tuple, dict, str, bytes, range, collections.deque, type})
ORDERED = frozenset({list, tuple, str, bytes, range, collections.deque})
PLAIN_OBJECTS = frozenset(PLAIN_TYPES | {ModuleType, FunctionType, MethodType, BuiltinFunctionType, GeneratorType,
                                         collections.deque, np.ufunc, np.random.Generator, np.random.RandomState})
# Numbers that, on the left of an operator, take the value of an active number of another type without asking it.
GREEDY = frozenset({complex, np.complex64, np.complex128, np.longdouble, np.clongdouble, np.timedelta64})

_BINARY = '''
def {name}(a, b):
    if type(a) in left and type(b) in right:
        return a {op} b
    return general("{name}", a, b)
'''
_INPLACE = '''
def i{stem}(a, b):
    if type(a) in left_numbers and type(b) in right_numbers:
        return a {op} b
    return inplace("{name}", a, b)
'''
_COMPARE = '''
def {name}(a, b):
    if type(a) in {plain} and type(b) in {plain}:
        return a {op} b
    return compare("{name}", a, b)
'''
_UNARY = '''
def {name}(a):
    if type(a) in fast:
        return {op}a
    return unary("{name}", a)
'''
_OPERATORS = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**", "matmul": "@", "floordiv": "//", "mod": "%",
              "and_": "&", "or_": "|", "xor": "^", "lshift": "<<", "rshift": ">>"}
_COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}


def build(interpreter: Any) -> dict[str, Any]:
    """All hooks of fixed name; attribute hooks are made on demand (`Hooks.attribute`)."""
    scalars = interpreter.numbers
    fast = set(PLAIN_TYPES) | scalars
    names = {
        **asking(fast, scalars), "fast": fast, "distinct": fast - {list, tuple} - set(ACTIVE),
        "general": _general(interpreter), "inplace": _inplace(interpreter), "compare": _compare(interpreter),
        "unary": _unary(interpreter),
    }
    hooks: dict[str, Any] = {}
    for name, op in _OPERATORS.items():
        define(_BINARY.format(name=name, op=op), names)
        stem = name.rstrip("_")
        define(_INPLACE.format(name=name, stem=stem, op=op), names)
        hooks[name], hooks["i" + stem] = names[name], names["i" + stem]
    for name, op in _COMPARISONS.items():
        plain = "distinct" if name in ("eq", "ne") else "fast"  # what equals an active number is looked at
        define(_COMPARE.format(name=name, op=op, plain=plain), names)
        hooks[name] = names[name]
    for name, op in {"neg": "-", "pos": "+", "invert": "~"}.items():
        define(_UNARY.format(name=name, op=op), names)
        hooks[name] = names[name]
    hooks.update(_items(interpreter))
    hooks.update(_iteration(interpreter))
    hooks.update(_contains(interpreter))
    hooks["slice"] = slice
    hooks["manager"] = lambda manager: contexts.manager(interpreter, manager)
    return hooks


def _general(interpreter: Any) -> Any:
    fast = set(PLAIN_TYPES) | interpreter.numbers
    own = interpreter.numbers - NUMBERS
    array_binary = interpreter.array_binary

    def general(hook: str, a: Any, b: Any) -> Any:
        ta, tb = type(a), type(b)
        if ta is str or ta is bytes:  # formatting
            return getattr(operator, hook)(a, b)
        if ta in fast and tb in fast:
            if tb in own and ta not in own and (reflected := getattr(tb, f"__r{hook}__", None)) is not None:
                result = reflected(b, a)
                if result is not NotImplemented:
                    return result
            return getattr(operator, hook)(a, b)
        if (ta is ndarray and (tb is ndarray or tb in fast)) or (tb is ndarray and ta in fast):
            return array_binary(hook, a, b)
        return protocols.binary(interpreter, hook, a, b)

    return general


def _inplace(interpreter: Any) -> Any:
    known = {ndarray} | interpreter.numbers

    def inplace(hook: str, a: Any, b: Any) -> Any:
        ta = type(a)
        if isinstance(a, ndarray) and not protocols.overrides(ta, "__i" + hook.rstrip("_") + "__"):
            if type(b) not in known and protocols.overrides(type(b), "__array_ufunc__"):
                return interpreter.call(interpreter.ufunc_of(hook), a, b, out=(a,))
            return interpreter.array_inplace(hook, a, b)
        return protocols.inplace(interpreter, hook, a, b)

    return inplace


def asking(fast: set, scalars: set) -> dict[str, set]:
    """The types whose own operators ask an active operand, on either side: all plain types and all numbers but a few."""
    narrow = {t for t in scalars - NUMBERS if ACTIVE[t] not in (float, complex, np.float64, np.complex128)}
    return {"left": fast - GREEDY, "left_numbers": scalars - GREEDY, "right": fast - narrow,
            "right_numbers": scalars - narrow}


def general_ways(interpreter: Any) -> tuple:
    """What arithmetic hooks do with all that is not plain: the plain types, and three functions."""
    fast = set(PLAIN_TYPES) | interpreter.numbers
    return fast, _general(interpreter), _inplace(interpreter), _unary(interpreter)


def _compare(interpreter: Any) -> Any:
    fast = set(PLAIN_TYPES) | interpreter.numbers

    def compare(hook: str, a: Any, b: Any) -> Any:
        ta, tb = type(a), type(b)
        if (ta is ndarray and (tb is ndarray or tb in fast)) or (tb is ndarray and ta in fast):
            result = interpreter.lower.hooks[hook](interpreter.plain(a), interpreter.plain(b))
            if ta is tb and type(result) is ndarray and (
                    hook == "eq" and result.all() or hook == "ne" and not result.any()) and remembered.recognised(interpreter, a, b):
                return ~result
            return result
        if ta in fast and tb in fast:
            result = getattr(operator, hook)(a, b)
            if (hook == "eq" and result or hook == "ne" and not result) and remembered.recognised_items(interpreter, a, b):
                return not result
            return result
        return protocols.compare(interpreter, hook, a, b)

    return compare


def _unary(interpreter: Any) -> Any:
    ufuncs = {"neg": np.negative, "pos": np.positive, "invert": np.invert}

    def unary(hook: str, a: Any) -> Any:
        if type(a) is ndarray:
            return interpreter.call(ufuncs[hook], a)
        return protocols.unary(interpreter, hook, a)

    return unary


def _contains(interpreter: Any) -> dict[str, Any]:
    plain = set(PLAIN_TYPES) | interpreter.numbers | {collections.deque, type({}.keys())}

    def contains(a: Any, b: Any) -> bool:
        t = type(b)
        if t is dict:
            if type(a) in remembered.SETTLED:
                return a in b
            detours.meet(type(a))
            return remembered.contains(interpreter, b, a)
        if t in plain:
            return a in b
        return protocols.contains(interpreter, a, b)

    def not_contains(a: Any, b: Any) -> bool:
        return not contains(a, b)

    def chain(names: tuple, first: Any, *rest: Any) -> Any:
        result: Any = True
        left = first
        for name, right in zip(names, rest, strict=True):
            result = interpreter.hooks[name](left, right)
            if not result:
                return result
            left = right
        return result

    def truth(a: Any) -> Any:
        t = type(a)
        return a if t in plain or t is ndarray else protocols.truth(interpreter, a)

    return {"contains": contains, "not_contains": not_contains, "chain": chain, "truth": truth}


def _items(interpreter: Any) -> dict[str, Any]:
    find = interpreter.memory.find
    slots_get = interpreter.memory.slots.get
    lower_getitem = interpreter.lower.hooks["getitem"]
    lower_setitem = interpreter.lower.hooks["setitem"]
    read, write = interpreter.array_getitem, interpreter.array_setitem
    inert = NUMBERS

    plain, settled = protocols.INDICES, protocols.settled

    def getitem(a: Any, index: Any) -> Any:
        t = type(a)
        if t is ndarray:
            if type(index) not in plain:
                index = settled(interpreter, index)
            base = a.base
            slot = slots_get(id(a)) if base is None else find(a)
            if slot is None or not slot.active:
                return lower_getitem(a, index)
            return read(a, index, slot)
        if t is dict and type(index) not in remembered.SETTLED:
            detours.meet(type(index))
            return remembered.getitem(interpreter, a, index)
        if t in SUBSCRIPTED:
            if type(index) not in plain and t in ORDERED:
                index = settled(interpreter, index)
            return a[index]
        return protocols.getitem(interpreter, a, index)

    def setitem(value: Any, a: Any, index: Any) -> None:
        t = type(a)
        if type(index) not in plain and (t is ndarray or t in ORDERED):
            index = settled(interpreter, index)
        if t is ndarray:
            slot = slots_get(id(a)) if a.base is None else find(a)
            if slot is None and type(value) in inert:
                lower_setitem(value, a, index)
            else:
                write(a, index, value, slot)
        elif t in SUBSCRIPTED:
            if type(index) is slice and isinstance(value, ndarray):
                value = list(interpreter.hooks["iterate"](value))
            if t is dict and (interpreter.missed or type(index) not in remembered.SETTLED):
                detours.meet(type(index))
                remembered.setitem(interpreter, a, index, value)
            else:
                a[index] = value
        else:
            protocols.setitem(interpreter, a, index, value)

    def setitem_back(value: Any, a: Any, index: Any) -> None:
        """The store of ``a[index] op= …``: nothing to do where `value` is the very memory that was changed."""
        if type(index) not in plain and isinstance(a, ndarray):
            index = settled(interpreter, index)
        if type(value) is ndarray and isinstance(a, ndarray) and value.base is not None and _is_piece(
                value, a, index):
            return
        setitem(value, a, index)

    def _is_piece(value: ndarray, a: ndarray, index: Any) -> bool:
        view = interpreter.memory.views.get(id(value))
        if view is not None and view.array is value and view.index is index:
            return True
        piece = operator.getitem(a, index)
        return (type(piece) is ndarray and piece.shape == value.shape and piece.strides == value.strides
                and piece.__array_interface__["data"] == value.__array_interface__["data"])

    def delitem(a: Any, index: Any) -> None:
        if type(a) in SUBSCRIPTED:
            del a[index]
        else:
            protocols.delitem(interpreter, a, index)

    return {"getitem": getitem, "setitem": setitem, "setitem_back": setitem_back, "delitem": delitem}


def _iteration(interpreter: Any) -> dict[str, Any]:
    find = interpreter.memory.find

    def iterate(x: Any) -> Any:
        t = type(x)
        if t in ITERABLES:
            return x
        if t is ndarray:
            slot = find(x)
            if slot is None and interpreter.level == 1:
                return x
            return rows(x)
        return protocols.iterate(interpreter, x)

    def rows(x: ndarray) -> Any:
        if x.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        getitem = interpreter.hooks["getitem"]
        return (getitem(x, i) for i in range(len(x)))

    def delegate(x: Any) -> Any:
        return x if type(x) is GeneratorType else iterate(x)

    return {"iterate": iterate, "delegate": delegate}


def attribute(interpreter: Any, name: str) -> Any:
    """The hook of ``x.name``; types whose attribute is plain are remembered."""
    native: set[type] = set(PLAIN_OBJECTS)
    special = interpreter.special_attribute(name)
    if special is None:
        native.add(ndarray)
    names = {"native": native, "slow": _slow_attribute(interpreter, name, native, special)}
    if not name.isidentifier():
        return names["slow"]
    define(f"def attr(x):\n    if type(x) in native:\n        return x.{name}\n    return slow(x)", names)
    return names["attr"]


def _slow_attribute(interpreter: Any, name: str, native: set[type], special: Any) -> Any:
    compiled: set[type] = set()

    def slow(x: Any) -> Any:
        if special is not None and isinstance(x, ndarray):
            return special(x)
        t = type(x)
        if t in interpreter.numbers:  # not remembered: the references to these classes are counted
            return getattr(x, name)
        if t in compiled:
            return protocols.compiled_attribute(interpreter, x, name)
        detours.meet(t)
        if protocols.plain_attribute(t, name):
            if passing.extension(t) and passing.compiled_attribute(t, protocols.special(t, name)):
                compiled.add(t)
                return protocols.compiled_attribute(interpreter, x, name)
            native.add(t)
            return getattr(x, name)
        return protocols.getattribute(interpreter, x, name)

    return slow


def method(interpreter: Any, name: str) -> Any:
    """The hook of the callee in ``x.name(…)``."""
    attr = interpreter.hook("attr." + name)
    callee = interpreter.callee

    def bound(x: Any) -> Any:
        return callee(attr(x))

    return bound


def setattr_hook(interpreter: Any) -> Any:
    """The hook of ``x.name = value``."""
    native: set[tuple[type, str]] = set()

    missed = interpreter.missed

    def store(value: Any, x: Any, name: str) -> None:
        if missed:
            remembered.replaced_attribute(interpreter, x, name, value)
        key = (type(x), name)
        if type(x) in interpreter.numbers:
            setattr(x, name, value)
        elif key in native:
            setattr(x, name, value)
        elif protocols.plain_store(type(x), name):
            native.add(key)
            setattr(x, name, value)
        else:
            protocols.setattribute(interpreter, x, name, value)

    return store
