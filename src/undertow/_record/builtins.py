"""Handlers of Python's builtins and of NumPy's ways to make arrays: what needs the interpreter, not a derivative.

Most functions of the standard library only move objects (`SAFE`) and run as they are, active numbers inside.  A
handler is needed where C code would call a special method written in Python, iterate an array, add its elements,
or convert a number.
"""

from __future__ import annotations

import bisect
import builtins
import collections
import copy
import functools
import gc
import heapq
import inspect
import itertools
import math
import operator
import sys
import time
import weakref
from types import GeneratorType, MappingProxyType
from typing import Any

import numpy as np
from numpy import ndarray

from . import arrays, caches, callables, detours, foreign, frames, protocols, remembered
from .scalars import ACTIVE, COMPLEX_BASES, INTEGERS, NUMBERS, REAL_BASES
from .sequences import is_sequence

SAFE = frozenset({
    len, isinstance, issubclass, delattr, heapq.heappush, heapq.heappop, heapq.heapify, heapq.heapreplace, heapq.heappushpop,
    heapq._heapify_max, heapq._heapreplace_max, heapq._heappop_max, weakref.ref, weakref.proxy, weakref.getweakrefcount,
    bisect.bisect_left, bisect.bisect_right, bisect.insort_left, bisect.insort_right, np.ndindex, id, callable, print, hash, format, ascii, chr, ord, bin, oct, hex, open, input, globals,
    locals, vars, dir, __import__, compile, builtins.__build_class__, repr, any, all, gc.collect, gc.enable, gc.disable,
    sys.getrefcount, sys.getsizeof, sys.exc_info, sys.intern, time.time, time.perf_counter, time.monotonic,
    time.sleep, time.process_time, operator.is_, operator.is_not, operator.index, operator.truth,
    operator.not_, operator.length_hint, math.isnan, math.isinf, math.isfinite, math.isclose, math.floor, math.ceil, math.trunc,
    object.__new__, tuple.__new__, np.can_cast, np.result_type, np.promote_types, np.shares_memory, np.may_share_memory,
    np.seterr, np.geterr, np.set_printoptions, np.get_printoptions, collections._count_elements, object.__init_subclass__,
    np.frompyfunc,
})
CONTAINERS = frozenset({list, dict, set, tuple, frozenset, str, bytes, bytearray, range, collections.deque,
                        collections.OrderedDict, collections.defaultdict, collections.Counter, GeneratorType, slice, type(None),
                        np.dtype, MappingProxyType, type({}.keys()), type({}.values()), type({}.items()), np.flatiter})
OPEN = CONTAINERS | {object, type, BaseException, Exception, super, property, staticmethod, classmethod, int, bool}
COMPARING = frozenset({"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__len__", "__bool__", "__iter__", "__next__",
                       "__get__", "__hash__"})
CONTAINER_NAMES = frozenset({"list", "dict", "set", "tuple", "frozenset", "str", "bytes", "bytearray", "deque", "OrderedDict",
                             "defaultdict", "object", "BaseException", "generator", "dtype", "TextIOWrapper", "StringIO",
                             "Exception", "super", "module", "property", "Lock", "RLock", "lock", "_thread", "int", "range",
                             "SeedSequence", "Token", "ContextVar", "Context", "cell", "frame", "code", "method", "SimpleQueue", "Future", "Task", "FutureIter"})
ITERTOOLS = (itertools.chain, itertools.product, itertools.repeat, itertools.islice, itertools.count,
             itertools.groupby, itertools.takewhile, itertools.dropwhile, itertools.tee, itertools.zip_longest,
             itertools.cycle, itertools.combinations, itertools.permutations, itertools.filterfalse, itertools.compress,
             itertools.combinations_with_replacement, itertools.pairwise,
             *((itertools.batched,) if hasattr(itertools, "batched") else ()))  # Python 3.12


def make(interpreter: Any) -> dict[Any, Any]:
    """Handlers by the object they replace."""
    table: dict[Any, Any] = {}
    table.update(_numbers(interpreter))
    table.update(_iterables(interpreter))
    table.update(_folds(interpreter))
    table.update(_objects(interpreter))
    table.update(_operators(interpreter))
    table.update(arrays.make(interpreter))
    table.update(callables.make(interpreter))
    return table


def python_special(x: Any, name: str) -> Any:
    """The special method `name` of `x`, if it is written in Python."""
    found = protocols.special(type(x), name)
    return found if found is not None and not protocols._is_c(found) else None


# ---- numbers -----------------------------------------------------------------------------------------------


def _numbers(interpreter: Any) -> dict[Any, Any]:
    own = interpreter.scalars.own

    def element(x: Any) -> Any:
        if x.size != 1 or not interpreter.is_active(x):
            return x
        return interpreter.hooks["getitem"](x if type(x) is ndarray else x.view(ndarray), (0,) * x.ndim)

    def converter(base: type, name: str) -> Any:
        def convert(*args: Any, **kwargs: Any) -> Any:
            if len(args) == 1 and not kwargs:
                x = args[0]
                t = type(x)
                if t in NUMBERS or t is str:
                    return base(x)
                if t is ndarray or isinstance(x, ndarray) and python_special(x, name) is None:
                    x = x if issubclass(base, np.generic) and x.ndim else element(x)
                    t = type(x)
                if t in own:
                    return x if ACTIVE[t] is base else interpreter.lift(base, x)
                method = python_special(x, name)
                sequence = issubclass(base, np.generic) and not isinstance(x, ndarray) and (
                    is_sequence(x, t) or python_special(x, "__array__") is not None)
                if method is not None and (not sequence or base is np.float64):  # which asks ``float`` first
                    return convert(protocols.invoke(interpreter, method, x))
                if sequence or issubclass(base, np.generic) and isinstance(x, ndarray):
                    y = interpreter.call(ndarray.astype, interpreter.as_array(x), base)
                    return y if y.ndim else interpreter.hooks["getitem"](y, ())
            if base is complex and any(type(a) in own for a in (*args, *kwargs.values())):
                re, im = (*args, *kwargs.values(), 0.0)[:2]
                return convert(interpreter.hooks["add"](re, interpreter.hooks["mul"](1j, im)))
            return interpreter.lower.call(base, *args, **kwargs)

        return convert

    table: dict[Any, Any] = {base: converter(base, "__complex__" if base in COMPLEX_BASES else "__float__")
                             for base in REAL_BASES + COMPLEX_BASES}

    def int_(*args: Any, **kwargs: Any) -> Any:
        method = python_special(args[0], "__int__") if len(args) == 1 else None
        if args and type(args[0]) in own:
            refuse_exact(interpreter, args[0], "int()")
        return int(protocols.invoke(interpreter, method, args[0]) if method else args[0], *args[1:], **kwargs)

    def absolute(x: Any) -> Any:
        method = python_special(x, "__abs__")
        if method is not None and type(x) not in own:
            return protocols.invoke(interpreter, method, x)
        return interpreter.call(np.absolute, x) if isinstance(x, ndarray) else abs(x)

    def power(base: Any, exp: Any, mod: Any = None) -> Any:
        return interpreter.hooks["pow"](base, exp) if mod is None else pow(base, exp, mod)

    def round_(x: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(x, ndarray):
            return interpreter.call(np.round, x, *args, **kwargs)
        method = python_special(x, "__round__")
        if method is not None and type(x) not in own:
            return protocols.invoke(interpreter, method, x, *args)
        return round(x, *args, **kwargs)

    def divmod_(a: Any, b: Any) -> Any:
        if type(a) in NUMBERS and type(b) in NUMBERS:
            return divmod(a, b)
        if isinstance(a, ndarray) or isinstance(b, ndarray) or type(a) in own or type(b) in own:
            return interpreter.hooks["floordiv"](a, b), interpreter.hooks["mod"](a, b)
        method = python_special(a, "__divmod__")
        return protocols.invoke(interpreter, method, a, b) if method else divmod(a, b)

    table.update({int: int_, abs: absolute, pow: power, round: round_, divmod: divmod_, **_answers(interpreter), **_integers(interpreter)})
    return table


def _integers(interpreter: Any) -> dict[Any, Any]:
    """NumPy's integers and booleans: steps, as `int`; their derivative is zero."""
    own = interpreter.scalars.own

    def integer(base: type) -> Any:
        below = interpreter.lower.callee(base)

        def convert(*args: Any, **kwargs: Any) -> Any:
            x = args[0] if len(args) == 1 and not kwargs else None
            if type(x) in own:
                if base is not np.bool_:
                    refuse_exact(interpreter, x, base.__name__)
                return base(x)
            if interpreter.is_active(x):
                x = interpreter.call(ndarray.astype, interpreter.as_array(x), base)
                return x if x.ndim else x[()]
            return below(*args, **kwargs)

        return convert

    return {base: integer(base) for base in INTEGERS if issubclass(base, np.generic)}


def refuse_exact(interpreter: Any, x: Any, what: str) -> None:
    """An integer that large holds each digit of the number: no step, but another way to write it."""
    if x.stands_for not in COMPLEX_BASES and 2.0**52 <= abs(x.primal) < np.inf:
        interpreter.refuse_bits(x, f"`{what}` of a number beyond 2**52")


def _answers(interpreter: Any) -> dict[Any, Any]:
    """Text, truth, length and hash: special methods written in Python answer."""
    own = interpreter.scalars.own

    def text(cls: type, name: str) -> Any:
        def convert(*args: Any, **kwargs: Any) -> Any:
            method = python_special(args[0], name) if len(args) == 1 else None
            if method is not None and type(args[0]) not in own:
                return protocols.invoke(interpreter, method, args[0])
            return cls(*args, **kwargs)

        return convert

    def bool_(*args: Any) -> bool:
        return bool(*(protocols.truth(interpreter, a) for a in args))

    def length(x: Any) -> int:
        method = python_special(x, "__len__")
        return len(x) if method is None else protocols.invoke(interpreter, method, x)

    def hash_(x: Any) -> int:
        method = python_special(x, "__hash__")
        return hash(x) if method is None or type(x) in own else protocols.invoke(interpreter, method, x)

    def equal_arrays(f: Any) -> Any:
        below = interpreter.lower.callee(f)

        def equal(a1: Any, a2: Any, *args: Any, **kwargs: Any) -> bool:
            result = below(interpreter.plain(a1), interpreter.plain(a2), *args, **kwargs)
            return result and not (
                isinstance(a1, ndarray) and isinstance(a2, ndarray) and remembered.recognised(interpreter, a1, a2))

        return equal

    table: dict[Any, Any] = {str: text(str, "__str__"), repr: text(repr, "__repr__"), bool: bool_, len: length, hash: hash_,
                             np.array_equal: equal_arrays(np.array_equal), np.array_equiv: equal_arrays(np.array_equiv)}
    for f, name in ((math.floor, "__floor__"), (math.ceil, "__ceil__"), (math.trunc, "__trunc__")):
        table[f] = text(f, name)  # type: ignore[arg-type]
    return table


# ---- iteration -----------------------------------------------------------------------------------------------


def _iterables(interpreter: Any) -> dict[Any, Any]:
    iterate, callee = (lambda x: interpreter.hooks["iterate"](x)), (lambda f: interpreter.callee(f))

    def over(cls: Any, callables: int = 0) -> Any:
        def make_iterator(*args: Any, **kwargs: Any) -> Any:
            new = [callee(a) if i < callables and a is not None else iterate(a) for i, a in enumerate(args)]
            return cls(*new, **{k: callee(v) if callable(v) else v for k, v in kwargs.items()})

        return make_iterator

    def extremum(f: Any) -> Any:
        def pick(*args: Any, key: Any = None, **kwargs: Any) -> Any:
            if len(args) == 1:
                args = (iterate(args[0]),)
            return f(*args, key=key and callee(key), **kwargs)

        return pick

    def sorted_(iterable: Any, /, *, key: Any = None, reverse: bool = False) -> list:
        return sorted(detours.meet_one(iterate(iterable)), key=key and callee(key), reverse=reverse)

    def iter_(*args: Any) -> Any:
        return iter(iterate(args[0])) if len(args) == 1 else iter(callee(args[0]), *args[1:])

    def next_(iterator: Any, *default: Any) -> Any:
        method = python_special(iterator, "__next__")
        if isinstance(iterator, np.flatiter) and interpreter.is_recorded(iterator.base):
            index = iterator.index
            next(iterator, *default)
            return interpreter.flat_getitem(iterator, index)
        if method is None:
            return next(iterator, *default)
        try:
            return protocols.invoke(interpreter, method, iterator)
        except StopIteration:
            if default:
                return default[0]
            raise

    def reversed_(x: Any) -> Any:
        method = python_special(x, "__reversed__")
        if method is not None:
            return protocols.invoke(interpreter, method, x)
        if isinstance(x, ndarray) or python_special(x, "__getitem__") is not None:
            getitem = interpreter.hooks["getitem"]
            return (getitem(x, i) for i in range(len(x) - 1, -1, -1))
        return reversed(x)

    def any_(x: Any) -> bool:
        return any(iterate(x))

    def all_(x: Any) -> bool:
        return all(iterate(x))

    table: dict[Any, Any] = {
        zip: over(zip), enumerate: over(enumerate), map: over(map, 1), filter: over(filter, 1), list: over(list),
        tuple: over(tuple), set: over(set), frozenset: over(frozenset), min: extremum(min), max: extremum(max),
        sorted: sorted_, iter: iter_, next: next_,
        reversed: reversed_, any: any_, all: all_,
        collections.deque: over(collections.deque),
    }
    table[itertools.starmap] = lambda f, it: itertools.starmap(callee(f), (iterate(args) for args in iterate(it)))
    for cls in ITERTOOLS:
        first = 1 if cls in (itertools.takewhile, itertools.dropwhile, itertools.filterfalse) else 0
        table[cls] = over(cls, first)

    def dict_(*args: Any, **kwargs: Any) -> dict:
        return dict(*(protocols.mapping(interpreter, a) for a in args), **kwargs)

    def repeat(x: Any, *times: Any) -> Any:
        return itertools.repeat(x, *times)

    def count(*args: Any, **kwargs: Any) -> Any:
        return itertools.count(*args, **kwargs)

    def groupby(iterable: Any, key: Any = None) -> Any:
        return itertools.groupby(iterate(iterable), key and callee(key))

    table.update({dict: dict_, itertools.repeat: repeat, itertools.count: count, itertools.groupby: groupby})
    return table


def _folds(interpreter: Any) -> dict[Any, Any]:
    iterate, callee = (lambda x: interpreter.hooks["iterate"](x)), (lambda f: interpreter.callee(f))

    def sum_(iterable: Any, /, start: Any = 0) -> Any:
        if type(iterable) is list and all(type(x) in NUMBERS for x in iterable) and type(start) in NUMBERS:
            return sum(iterable, start)
        add, total = interpreter.hooks["add"], start
        for x in iterate(iterable):
            total = add(total, x)
        return total

    def accumulate(iterable: Any, func: Any = None, *, initial: Any = None) -> Any:
        return itertools.accumulate(iterate(iterable), callee(operator.add if func is None else func), initial=initial)

    def reduce(function: Any, sequence: Any, *initial: Any) -> Any:
        return functools.reduce(callee(function), iterate(sequence), *initial)

    def prod(iterable: Any, /, *, start: Any = 1) -> Any:
        mul, total = interpreter.hooks["mul"], start
        for x in iterate(iterable):
            total = mul(total, x)
        return total

    def sumprod(p: Any, q: Any) -> Any:
        mul = interpreter.hooks["mul"]
        return sum_([mul(a, b) for a, b in zip(iterate(p), iterate(q), strict=True)])

    table: dict[Any, Any] = {sum: sum_, itertools.accumulate: accumulate, functools.reduce: reduce, math.prod: prod,
                             sys._getframe: frames.of_program, inspect.currentframe: frames.current}
    if hasattr(math, "sumprod"):
        table[math.sumprod] = sumprod
    return table


# ---- objects -----------------------------------------------------------------------------------------------


def _objects(interpreter: Any) -> dict[Any, Any]:
    def type_(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 1:
            t = type(args[0])
            return ACTIVE.get(t, t)
        return type(*args, **kwargs)

    def getattr_(x: Any, name: str, *default: Any) -> Any:
        try:
            return interpreter.hook("attr." + name)(x)
        except AttributeError:
            if default:
                return default[0]
            raise

    def hasattr_(x: Any, name: str) -> bool:
        try:
            interpreter.hook("attr." + name)(x)
        except AttributeError:
            return False
        return True

    def setattr_(x: Any, name: str, value: Any) -> None:
        interpreter.hooks["setattr"](value, x, name)

    def object_setattr(x: Any, name: str, value: Any) -> None:
        protocols.generic_setattr(interpreter, x, name, value)

    def object_getattribute(x: Any, name: str) -> Any:
        found = protocols.special(type(x), name)
        if type(found) is property and found.fget is not None:
            return interpreter.callee(found.fget)(x)
        return object.__getattribute__(x, name)

    def isinstance_(x: Any, classes: Any) -> bool:
        return isinstance(x, classes)

    def deepcopy(x: Any, memo: Any = None, _nil: Any = None) -> Any:
        return interpreter.calls.rewritten(copy.deepcopy)(x, memo)

    def partial(*args: Any, **kwargs: Any) -> Any:
        return functools.partial(*args, **kwargs)

    table: dict[Any, Any] = {
        type: type_, getattr: getattr_, hasattr: hasattr_, setattr: setattr_, object.__setattr__: object_setattr,
        object.__getattribute__: object_getattribute, isinstance: isinstance_, copy.deepcopy: deepcopy,
        functools.partial: partial, operator.methodcaller: operator.methodcaller,
        operator.setitem: lambda a, i, v: interpreter.hooks["setitem"](v, a, i),
        operator.getitem: lambda a, i: interpreter.hooks["getitem"](a, i),
        operator.delitem: lambda a, i: interpreter.hooks["delitem"](a, i),
    }
    for cls in (staticmethod, classmethod, property, super, object, slice, range, memoryview):
        table[cls] = cls
    return table


def _operators(interpreter: Any) -> dict[Any, Any]:
    table: dict[Any, Any] = {}
    for name in ("add sub mul truediv pow matmul floordiv mod and_ or_ xor lshift rshift neg pos invert lt le gt ge eq ne "
                 "iadd isub imul itruediv ipow imatmul ifloordiv imod iand ior ixor ilshift irshift").split():
        table[getattr(operator, name)] = _late(interpreter, name)
    table[operator.contains] = lambda a, b: interpreter.hooks["contains"](b, a)
    table[operator.abs] = lambda x: interpreter.call(abs, x)
    table[operator.concat] = lambda a, b: operator.concat(a, b)
    table[operator.iconcat] = lambda a, b: operator.iconcat(a, interpreter.hooks["iterate"](b))
    return table


def _late(interpreter: Any, name: str) -> Any:
    def operation(*args: Any) -> Any:
        return interpreter.hooks[name](*args)

    return operation


# ---- bound methods and odd callables ---------------------------------------------------------------------------


def container_method(interpreter: Any, f: Any, name: str) -> Any:
    """A method of a builtin container that calls back or iterates; None where it may run as it is."""
    iterate = interpreter.hooks["iterate"]
    if name in ("sort", "index", "remove", "count"):
        detours.meet_one(f.__self__)
    if name == "sort":
        return lambda *, key=None, reverse=False: f(key=key and interpreter.callee(key), reverse=reverse)
    if name == "update" and isinstance(f.__self__, dict):
        return lambda *args, **kwargs: f(*(protocols.mapping(interpreter, a) for a in args), **kwargs)
    if name in ("extend", "extendleft", "__iadd__", "fromkeys", "intersection", "union", "difference", "update",
                "symmetric_difference", "intersection_update", "difference_update", "symmetric_difference_update", "isdisjoint",
                "issubset", "issuperset", "__init__"):
        return lambda *args, **kwargs: f(*(iterate(a) for a in args), **kwargs)
    if isinstance(f.__self__, dict) and (method := remembered.method(interpreter, f.__self__, f, name)) is not None:
        return method
    if name in ("run", "add_done_callback", "remove_done_callback"):  # contexts, futures: they call back
        def called_back(*args: Any, **kwargs: Any) -> Any:
            new_args, new_kwargs = foreign.with_callees(interpreter, args, kwargs, lambda g: g)
            return f(*new_args, **new_kwargs)

        return called_back
    return None


def scalar_method(interpreter: Any, f: Any, owner: Any, name: str) -> Any:
    """A C method that an active scalar inherits: answers about the value are fine, anything else is refused."""
    if name in ("is_integer", "any", "all", "argmax", "argmin", "argsort", "nonzero", "__bool__", "__int__", "__float__",
                "__eq__", "__lt__", "__le__", "__gt__", "__ge__", "__ne__", "__hash__", "__trunc__", "__floor__", "__ceil__",
                "searchsorted", "__sizeof__", "__dir__", "item", "__reduce__", "__array_namespace__"):
        return f
    return foreign.guard(interpreter, getattr(ACTIVE[type(owner)], name).__get__(owner, type(owner)))


UFUNC_BEHIND = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide, "pow": np.power, "mod": np.remainder,
    "floordiv": np.floor_divide, "matmul": np.matmul, "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor,
    "lshift": np.left_shift, "rshift": np.right_shift, "neg": np.negative, "pos": np.positive, "abs": np.absolute,
    "invert": np.invert, "divmod": np.divmod, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
    "eq": np.equal, "ne": np.not_equal,
}


def descriptor(interpreter: Any, f: Any) -> Any:
    """``ndarray.sum``, ``float.__add__``, ``"".__len__``, ``object.__init__``: C methods taken from a type or an object."""
    from . import construct

    name = f.__name__
    owner = getattr(f, "__self__", None)
    if name == "__call__":
        if isinstance(owner, type) and f.__objclass__ is type:
            return construct.constructor(interpreter, owner, default=True)
        if owner is None and f.__objclass__ is type:  # past the metaclass's own ``__call__``
            return lambda cls, *args, **kwargs: construct.constructor(interpreter, cls, default=True)(*args, **kwargs)
        return interpreter.callee(owner) if owner is not None else lambda x, *args, **kwargs: interpreter.call(
            x, *args, **kwargs)
    stem = name.strip("_")
    hook = interpreter.hooks.get(stem) or interpreter.hooks.get(stem + "_")
    reflected = interpreter.hooks.get(stem[1:]) if stem[:1] == "r" else None
    if owner is not None and type(f).__name__ == "method-wrapper":
        if isinstance(owner, ndarray) and type(owner) is not ndarray:
            ufunc = UFUNC_BEHIND.get(stem)
            if ufunc is not None:  # what ndarray itself does: its ufunc, which asks the subclass's `__array_ufunc__`
                return lambda *args: interpreter.call(ufunc, owner, *args[:1])  # a modulus that `__pow__` is given is None
            ufunc = UFUNC_BEHIND.get(stem[1:]) if stem[:1] == "i" else None
            if ufunc is not None:
                return lambda other: interpreter.call(ufunc, owner, other, out=(owner,))
            if stem == "getitem":
                return lambda index: interpreter.base_getitem(owner, index)
            if stem == "setitem":
                return lambda index, value: interpreter.base_setitem(owner, index, value)
            reverse = UFUNC_BEHIND.get(stem[1:]) if stem[:1] == "r" else None
            if reverse is not None:
                return lambda other: interpreter.call(reverse, other, owner)
        if stem == "abs" and isinstance(owner, ndarray):
            return lambda: interpreter.call(np.absolute, owner)
        if isinstance(owner, ndarray) or type(owner) in interpreter.numbers:
            if hook is not None and name.startswith("__") and stem not in ("getitem", "setitem", "contains"):
                return lambda *args: hook(owner, *args[:1])
            if reflected is not None:
                return lambda other, *_: reflected(other, owner)
            if stem == "getitem":
                return lambda index: interpreter.hooks["getitem"](owner, index)
            if stem == "setitem":
                return lambda index, value: interpreter.hooks["setitem"](value, owner, index)
            if stem == "iter":
                return lambda: interpreter.hooks["iterate"](owner)
        if name == "__setattr__":
            return lambda n, value: protocols.generic_setattr(interpreter, owner, n, value)
        if name == "__init__" and isinstance(owner, (list, set, collections.deque)):
            return lambda *args: f(*(interpreter.hooks["iterate"](a) for a in args))
        if type(owner) in (memoryview, np.flatiter) and stem in ("getitem", "setitem"):
            return lambda *args: interpreter.hooks[stem](*args[1:], owner, args[0]) if args[1:] else (
                interpreter.hooks[stem](owner, args[0]))
        if f.__objclass__ in OPEN or name in object.__dict__ or name in COMPARING:
            return f
        return foreign.guard(interpreter, f)
    cls = f.__objclass__
    if issubclass(cls, ndarray) or issubclass(cls, (float, complex, np.generic)):
        def unbound(x: Any, *args: Any, **kwargs: Any) -> Any:
            bound = f.__get__(x, type(x))
            return interpreter.callee(bound)(*args, **kwargs)

        return unbound
    if cls.__module__ == "builtins" or cls.__module__ == "collections":
        def method(x: Any, *args: Any, **kwargs: Any) -> Any:
            return interpreter.callee(f.__get__(x, type(x)))(*args, **kwargs)

        return method
    return foreign.guard(interpreter, f)


def _partial(interpreter: Any, f: functools.partial) -> Any:
    return functools.partial(interpreter.callee(f.func), *f.args, **f.keywords)


def _getter(interpreter: Any, f: Any) -> Any:
    def get(x: Any) -> Any:
        cls, args = f.__reduce__()[0], f.__reduce__()[1]
        if cls is operator.itemgetter:
            found = [interpreter.hooks["getitem"](x, i) for i in args]
        else:
            found = [_dotted(interpreter, x, name) for name in args]
        return found[0] if len(found) == 1 else tuple(found)

    return get


def _dotted(interpreter: Any, x: Any, name: str) -> Any:
    for part in name.split("."):
        x = interpreter.hook("attr." + part)(x)
    return x


def _methodcaller(interpreter: Any, f: Any) -> Any:
    cls, args = f.__reduce__()
    keywords = {}
    if cls is not operator.methodcaller:
        keywords, args = cls.keywords, (*cls.args, *args)
    return lambda x: interpreter.hook("method." + args[0])(x)(*args[1:], **keywords)


BY_TYPE: dict[type, Any] = {
    functools.partial: _partial,
    caches.WRAPPER: caches.cached,
    operator.itemgetter: _getter,
    operator.attrgetter: _getter,
    operator.methodcaller: _methodcaller,
    staticmethod: lambda interpreter, f: interpreter.callee(f.__func__),
    type(functools.cmp_to_key(lambda a, b: 0)): lambda interpreter, f: f,
}
