"""Python's protocols, followed by hand where a special method written in Python would otherwise be called from C.

Each function here does what the interpreter loop does for an operation on objects, with every special method that
is a Python function replaced by its rewritten form.  Methods written in C are called as they are, unless they
belong to arrays.
"""

from __future__ import annotations

import collections
import operator
from types import BuiltinFunctionType, FunctionType, GetSetDescriptorType, MemberDescriptorType, MethodType
from typing import Any
from weakref import ProxyTypes

import numpy as np
from numpy import ndarray

from . import buffers, passing, refusal, remembered
from .scalars import ACTIVE, NUMBERS, plain_type

REFLECTED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le", "eq": "eq", "ne": "ne"}
_MISSING = object()


def special(t: type, name: str) -> Any:
    """The special method `name` of a type, without descriptors; None where there is none."""
    for cls in t.__mro__:
        if name in cls.__dict__:
            return cls.__dict__[name]
    return None


def overrides(t: type, name: str) -> bool:
    """Whether the special method is a Python function (or another Python descriptor)."""
    found = special(t, name)
    return found is not None and not _is_c(found)


def _is_c(descriptor: Any) -> bool:
    return type(descriptor).__name__ in ("wrapper_descriptor", "method_descriptor", "builtin_function_or_method",
                                         "getset_descriptor", "member_descriptor", "classmethod_descriptor",
                                         "cython_function_or_method")


def invoke(interpreter: Any, descriptor: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a special method found on the type of `x`."""
    if type(descriptor) is FunctionType:
        return interpreter.callee(descriptor)(x, *args, **kwargs)
    getter = getattr(type(descriptor), "__get__", None)
    bound = descriptor if getter is None else getter(descriptor, x, type(x))
    return interpreter.callee(bound)(*args, **kwargs)


# ---- operators -------------------------------------------------------------------------------------------------


def binary(interpreter: Any, hook: str, a: Any, b: Any) -> Any:
    """``a op b`` for operands of which at least one is neither number, plain container nor exact array."""
    stem = hook.rstrip("_")
    ta, tb = plain_type(a), plain_type(b)
    if isinstance(a, ndarray) and isinstance(b, (list, tuple)) or isinstance(b, ndarray) and isinstance(a, (list, tuple)):
        return interpreter.array_binary(hook, a, b)
    left, right = special(ta, f"__{stem}__"), special(tb, f"__r{stem}__")
    first_right = ta is not tb and issubclass(tb, ta) and right is not None and right is not special(ta, f"__r{stem}__")
    if isinstance(a, ndarray) and _array_defers(a, b) and right is not None:
        left = None
    if isinstance(a, (list, tuple, str, bytes, bytearray)) and _is_c(left):
        first_right = True  # repeating and joining sequences come after the numbers' operators
    attempts = [(right, b, a), (left, a, b)] if first_right else [(left, a, b), (right, b, a)]
    if ta is tb:
        attempts = attempts[:1]
    if not any(m is not None and not _is_c(m) for m, _, _ in attempts):
        if isinstance(a, ndarray) or isinstance(b, ndarray):
            return array_operator(interpreter, hook, a, b)
        return _in_c(interpreter, hook, a, b)
    for m, x, y in attempts:
        if m is None:
            continue
        if _is_c(m):
            if isinstance(x, ndarray):
                if single_object(interpreter, y) and (right is not None or x is not a):
                    return _each_meets(interpreter, hook, a, b)
                return array_operator(interpreter, hook, a, b)
            if isinstance(x, np.generic) and x is a and (right is not None or isinstance(b, ndarray)) and exact(b) is b:
                result = _number_meets(interpreter, hook, a, b, right)
            else:
                result = m(interpreter.plain(x), interpreter.plain(y))
                if result is not NotImplemented and interpreter.find_active((x, y)) is not None:
                    result = _in_c(interpreter, hook, a, b)
        else:
            result = invoke(interpreter, m, x, y)
        if result is not NotImplemented:
            return result
    return _unsupported(hook, a, b)


def _in_c(interpreter: Any, hook: str, a: Any, b: Any) -> Any:
    """An operator that C code answers: between numbers, those of classes that inherit from numbers included, and others."""
    if hook == "mod" and isinstance(a, (str, bytes)):  # formatting
        return a % b
    x, y = exact(a), exact(b)
    if x is not a or y is not b:
        result = interpreter.hooks[hook](x, y)
        wanted = type(getattr(operator, hook)(interpreter.plain(a), interpreter.plain(b)))
        if plain_type(result) is not wanted and wanted in NUMBERS:  # classes that inherit are converted by other rules
            result = interpreter.hooks[hook](interpreter.call(wanted, x), interpreter.call(wanted, y))
        return result
    interpreter.check_foreign(getattr(operator, hook), (a, b))
    return getattr(operator, hook)(a, b)


def exact(x: Any) -> Any:
    """The number that an instance of a class inheriting from numbers is to operators in C; other objects themselves."""
    t = type(x)
    if t in NUMBERS or t in ACTIVE or not isinstance(x, (float, complex, int, np.inexact)):
        return x
    return next(base for base in t.__mro__ if base in NUMBERS).__pos__(x)  # type: ignore[attr-defined]


def array_operator(interpreter: Any, hook: str, a: Any, b: Any) -> Any:
    """An operator of arrays, or of an array and an object that may know about ufuncs."""
    if any(overrides(type(x), name) for x in (a, b) for name in ("__array_ufunc__", "__array__")):
        return interpreter.call(interpreter.ufunc_of(hook), a, b)
    return interpreter.array_binary(hook, a, b)


def _number_meets(interpreter: Any, hook: str, a: Any, b: Any, right: Any) -> Any:
    """A NumPy number on the left of an object: its ufunc, where the object takes part in ufuncs, else the object's method."""
    t = type(b)
    if right is not None and not _is_c(right) and overrides(t, "__array_ufunc__") and not isinstance(b, ndarray):
        return invoke(interpreter, right, b, a)  # where its `__array_ufunc__` leads as well
    if isinstance(b, ndarray) or getattr(t, "__array_ufunc__", None) is not None:
        return interpreter.call(interpreter.ufunc_of(hook), a, b)
    if overrides(t, "__array__") and not hasattr(t, "__array_priority__") and not hasattr(t, "__array_ufunc__"):
        return interpreter.hooks[hook](a, interpreter.as_array(b))
    return invoke(interpreter, right, b, a) if right is not None and not _is_c(right) else getattr(operator, hook)(a, b)


def single_object(interpreter: Any, x: Any) -> bool:
    """Whether an array takes `x` as one element of dtype object, with operators of its own in Python."""
    t = type(x)
    if isinstance(x, (ndarray, np.generic, str, bytes, list, tuple, dict, int, float, complex)) or x is None:
        return False
    return not any(hasattr(t, name) for name in ("__len__", "__array__", "__array_interface__", "__array_struct__",
                                                 "__array_ufunc__", "__buffer__"))


def _each_meets(interpreter: Any, hook: str, a: Any, b: Any) -> Any:
    """``array op object``: NumPy asks each element."""
    operate, getitem = interpreter.hooks[hook], interpreter.hooks["getitem"]
    array = a if isinstance(a, ndarray) else b
    result = np.empty(array.shape, object)
    for index in np.ndindex(array.shape):
        x = getitem(array, index)
        result[index] = operate(x, b) if array is a else operate(a, x)
    return result if result.ndim else result[()]


def _unsupported(hook: str, a: Any, b: Any) -> Any:
    symbols = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "** or pow()", "matmul": "@", "floordiv": "//",
               "mod": "%", "and_": "&", "or_": "|", "xor": "^", "lshift": "<<", "rshift": ">>"}
    raise TypeError(f"unsupported operand type(s) for {symbols[hook]}: '{a.__class__.__name__}' and "
                    f"'{b.__class__.__name__}'")


def _array_defers(a: ndarray, b: Any) -> bool:
    """NumPy's rule for leaving an operator to the other operand."""
    tb = type(b)
    ufunc = getattr(tb, "__array_ufunc__", _MISSING)
    if ufunc is None:
        return True
    if ufunc is not _MISSING:
        return False
    if isinstance(b, ndarray):
        return False
    return getattr(b, "__array_priority__", -1e6) > getattr(a, "__array_priority__", 0.0)


def inplace(interpreter: Any, hook: str, a: Any, b: Any) -> Any:
    """``a op= b`` for what is not an array."""
    stem = hook.rstrip("_")
    m = special(type(a), f"__i{stem}__")
    if m is not None:
        if not _is_c(m):
            result = invoke(interpreter, m, a, b)
            if result is not NotImplemented:
                return result
        elif not isinstance(b, ndarray):  # whose own addition would come first
            if isinstance(a, (list, collections.deque)) and not isinstance(b, (list, tuple, set, dict, frozenset)):
                b = interpreter.hooks["iterate"](b)
            return getattr(operator, "i" + stem)(a, b)
    return interpreter.hooks[hook](a, b)


def compare(interpreter: Any, hook: str, a: Any, b: Any) -> Any:
    """``a < b`` and the like for objects."""
    ta, tb = type(a), type(b)
    name, reflected = f"__{hook}__", f"__{REFLECTED[hook]}__"
    left, right = special(ta, name), special(tb, reflected)
    python_left, python_right = left is not None and not _is_c(left), right is not None and not _is_c(right)
    if not python_left and not python_right:
        if hook == "ne" and special(ta, "__ne__") is object.__dict__["__ne__"] and overrides(ta, "__eq__"):
            result = compare(interpreter, "eq", a, b)
            return result if result is NotImplemented else not result
        return getattr(operator, hook)(a, b)
    attempts = [(left, a, b), (right, b, a)]
    if ta is not tb and issubclass(tb, ta) and right is not None:
        attempts.reverse()
    for m, x, y in attempts:
        if m is None:
            continue
        if m is object.__dict__.get("__ne__"):
            eq = compare(interpreter, "eq", x, y)
            result = not eq
        else:
            result = m(x, y) if _is_c(m) else invoke(interpreter, m, x, y)
        if result is not NotImplemented:
            return result
    if hook in ("eq", "ne"):
        return (a is b) == (hook == "eq")
    return getattr(operator, hook)(object(), object())


def unary(interpreter: Any, hook: str, a: Any) -> Any:
    """``-a``, ``+a``, ``~a`` for objects."""
    m = special(type(a), f"__{hook}__")
    if m is not None and not _is_c(m):
        return invoke(interpreter, m, a)
    if isinstance(a, ndarray):
        return interpreter.call({"neg": np.negative, "pos": np.positive, "invert": np.invert}[hook], a)
    interpreter.check_foreign(getattr(operator, hook), (a,))
    return getattr(operator, hook)(a)


def truth(interpreter: Any, a: Any) -> Any:
    """What a test takes the truth value of."""
    t = type(a)
    for name in ("__bool__", "__len__"):
        m = special(t, name)
        if m is not None:
            return a if _is_c(m) else invoke(interpreter, m, a)
    return a


def contains(interpreter: Any, a: Any, b: Any) -> bool:
    """``a in b``."""
    m = special(type(b), "__contains__")
    if m is not None and not _is_c(m):
        return bool(invoke(interpreter, m, b, a))
    if m is None and (overrides(type(b), "__iter__") or overrides(type(b), "__getitem__")):
        return any(x is a or interpreter.hooks["eq"](x, a) for x in iterate(interpreter, b))
    return remembered.contains(interpreter, b, a) if isinstance(b, dict) else a in b


# ---- items -------------------------------------------------------------------------------------------------


def getitem(interpreter: Any, a: Any, index: Any) -> Any:
    """``a[index]`` for what is neither an exact array nor a plain container."""
    t = type(a)
    m = special(t, "__getitem__")
    if m is not None and not _is_c(m):
        return invoke(interpreter, m, a, index)
    if isinstance(a, ndarray):
        return array_item(interpreter, a, index)
    if isinstance(a, np.flatiter):
        return interpreter.flat_getitem(a, index)
    if t is memoryview:
        return buffers.view_getitem(interpreter, a, index)
    if isinstance(a, type):
        m = special(t, "__getitem__")
        if m is not None and not _is_c(m):
            return invoke(interpreter, m, a, index)
        m = getattr(a, "__class_getitem__", None)
        return a[index]
    if isinstance(a, dict):
        if overrides(t, "__missing__") and index not in a:
            return invoke(interpreter, special(t, "__missing__"), a, index)
        return remembered.getitem(interpreter, a, index)
    return shown(interpreter, a, a[index]) if passing.extension(t) else a[index]


def array_item(interpreter: Any, a: ndarray, index: Any) -> Any:
    """``ndarray.__getitem__(a, index)``, whatever a subclass makes of it."""
    slot = interpreter.memory.find(a)
    if slot is None or not slot.active:
        return (interpreter.lower.hooks["getitem"] if type(a) is ndarray else ndarray.__getitem__)(a, index)
    if type(a) is ndarray:
        return interpreter.array_getitem(a, index, slot)
    result = ndarray.__getitem__(a, index)
    if isinstance(result, ndarray):
        if result.base is not None and interpreter.memory.find(result) is slot:
            return result
        plain = interpreter.array_getitem(np.asarray(a), index, slot)
        plain = plain.view(type(a))
        plain.__array_finalize__(a)
        return plain
    return interpreter.array_getitem(np.asarray(a), index, slot)


INDICES = frozenset({int, str, bytes, bool, ndarray, list, type(None), type(Ellipsis), np.int64, np.int32, np.bool_})


def settled(interpreter: Any, index: Any) -> Any:
    """An index whose ``__index__`` has been asked, once, as the program's own code would be."""
    t = type(index)
    if t in INDICES:
        return index
    if t is tuple:
        parts = [i if type(i) in INDICES else settled(interpreter, i) for i in index]
        return index if all(map(operator.is_, parts, index)) else tuple(parts)
    if t is slice:
        parts = [settled(interpreter, i) for i in (index.start, index.stop, index.step)]
        same = all(map(operator.is_, parts, (index.start, index.stop, index.step)))
        return index if same else slice(*parts)
    if issubclass(t, (int, ndarray, np.generic)):
        return index
    method = special(t, "__index__")
    if method is None or _is_c(method):
        return np.asarray(index) if hasattr(t, "__array__") else index  # places may occur twice in it
    try:
        return int(invoke(interpreter, method, index))
    except (TypeError, ValueError):  # an array of another library: NumPy makes an array of it then
        if not hasattr(t, "__array__"):
            raise
        return np.asarray(index)


def setitem(interpreter: Any, a: Any, index: Any, value: Any) -> None:
    """``a[index] = value``."""
    t = type(a)
    m = special(t, "__setitem__")
    if m is not None and not _is_c(m):
        invoke(interpreter, m, a, index, value)
    elif isinstance(a, ndarray):
        interpreter.array_setitem(a, index, value, interpreter.memory.find(a))
    elif isinstance(a, np.flatiter):
        interpreter.flat_setitem(a, index, value)
    elif t is memoryview:
        buffers.view_setitem(interpreter, a, index, value)
    else:
        if not isinstance(a, (list, dict)) and t.__module__ not in ("collections", "builtins", "types"):
            interpreter.check_store(a, value)
        if isinstance(a, dict):
            remembered.setitem(interpreter, a, index, value)
        else:
            a[index] = value


def delitem(interpreter: Any, a: Any, index: Any) -> None:
    """``del a[index]``."""
    m = special(type(a), "__delitem__")
    if m is not None and not _is_c(m):
        invoke(interpreter, m, a, index)
    else:
        del a[index]


# ---- iteration --------------------------------------------------------------------------------------------


def iterate(interpreter: Any, x: Any) -> Any:
    """An iterable that yields what ``for _ in x`` would, through rewritten methods."""
    t = type(x)
    m = special(t, "__iter__")
    if m is None and t is not memoryview:
        if overrides(t, "__getitem__"):
            return _by_index(interpreter, x)
        if isinstance(x, type) and overrides(type(x), "__iter__"):
            return invoke(interpreter, special(type(x), "__iter__"), x)
        return x
    if isinstance(x, ndarray) and _is_c(m):
        return (interpreter.hooks["getitem"](x, i) for i in range(len(x)))
    if t is memoryview:
        return buffers.view_iterate(interpreter, x)
    if isinstance(x, np.flatiter):
        return (interpreter.flat_getitem(x, i) for i in range(len(x)))
    if t is np.broadcast and any(interpreter.is_recorded(i.base) for i in x.iters):
        arrays = [interpreter.call(np.broadcast_to, i.base, x.shape) for i in x.iters]
        return zip(*(interpreter.hooks["iterate"](interpreter.call(np.ravel, a)) for a in arrays), strict=True)
    if _is_c(m) and passing.extension(t):
        return (shown(interpreter, x, v) for v in x)
    iterator = x if _is_c(m) else invoke(interpreter, m, x)
    if overrides(type(iterator), "__next__"):
        return _by_next(interpreter, iterator)
    return iterator


def _by_index(interpreter: Any, x: Any) -> Any:
    i = 0
    while True:
        try:
            item = invoke(interpreter, special(type(x), "__getitem__"), x, i)
        except IndexError:
            return
        yield item
        i += 1


def _by_next(interpreter: Any, iterator: Any) -> Any:
    step = special(type(iterator), "__next__")
    while True:
        try:
            item = invoke(interpreter, step, iterator)
        except StopIteration:
            return
        yield item


def mapping(interpreter: Any, x: Any) -> Any:
    """What ``dict(x)`` reads: a mapping written in Python as a dictionary, pairs through the iteration hook."""
    t, iterate = type(x), interpreter.hooks["iterate"]
    if not hasattr(t, "keys"):
        return (pair if type(pair) is tuple else iterate(pair) for pair in iterate(x))
    if isinstance(x, dict) and not overrides(t, "__getitem__") and not overrides(t, "keys"):
        return x
    getitem = interpreter.hooks["getitem"]
    return {key: getitem(x, key) for key in iterate(interpreter.hook("method.keys")(x)())}


# ---- attributes ----------------------------------------------------------------------------------------------


def plain_attribute(t: type, name: str) -> bool:
    """Whether reading `name` from instances of `t` runs no Python code."""
    if t in ProxyTypes or t is super:
        return False
    if _not_c(special(t, "__getattribute__")) or _not_c(special(t, "__getattr__")):
        return False
    found = special(t, name)
    if found is None:
        return not isinstance_type(t) or _plain_on_classes
    return _plain_descriptor(found)


_plain_on_classes = False


def isinstance_type(t: type) -> bool:
    """Whether instances of `t` are classes."""
    return issubclass(t, type)


def _not_c(found: Any) -> bool:
    return found is not None and not _is_c(found)


def _plain_descriptor(found: Any) -> bool:
    if isinstance(found, (FunctionType, staticmethod, classmethod, MethodType, BuiltinFunctionType,
                          GetSetDescriptorType, MemberDescriptorType)) or _is_c(found):
        return True
    if isinstance(found, property):
        return False
    return not _python_get(found)


def _python_get(found: Any) -> bool:
    getter = special(type(found), "__get__")
    return getter is not None and not _is_c(getter)


def referent(x: Any) -> Any:
    """What a weak proxy stands for."""
    return x.__sizeof__.__self__ if type(x) in ProxyTypes else x


def getattribute(interpreter: Any, x: Any, name: str) -> Any:
    """``x.name`` where Python code runs: properties, descriptors, ``__getattr__``, ``__getattribute__``."""
    if type(x) in ProxyTypes:
        return interpreter.hook("attr." + name)(referent(x))
    t = type(x)
    if t is super:
        return _inherited_attribute(interpreter, x, name)
    custom = special(t, "__getattribute__")
    fallback = special(t, "__getattr__")
    try:
        if _not_c(custom):
            return invoke(interpreter, custom, x, name)
        return generic_getattr(interpreter, x, name)
    except AttributeError:
        if not _not_c(fallback):
            raise
    return invoke(interpreter, fallback, x, name)


def _inherited_attribute(interpreter: Any, x: Any, name: str) -> Any:
    """``super().name``: properties and descriptors written in Python run rewritten."""
    owner, start = x.__self__, x.__self_class__
    classes = start.__mro__ if start is not None else ()
    for cls in classes[classes.index(x.__thisclass__) + 1:] if x.__thisclass__ in classes else ():
        if name in cls.__dict__:
            found = cls.__dict__[name]
            instance = None if owner is start else owner
            if type(found) is property and found.fget is not None and instance is not None:
                return interpreter.callee(found.fget)(instance)
            if _python_get(found):
                return invoke(interpreter, special(type(found), "__get__"), found, instance, start)
            break
    return getattr(x, name)


def compiled_attribute(interpreter: Any, x: Any, name: str) -> Any:
    """``x.name`` where compiled code reads it."""
    return shown(interpreter, x, getattr(x, name))


def shown(interpreter: Any, holder: Any, value: Any) -> Any:
    """What compiled code of an object gives, which may hold active arrays."""
    if not passing.shown(interpreter, holder, value):
        raise interpreter.refuse(refusal.foreign_call(interpreter, type(holder), interpreter.find_active(holder)))
    return value


def generic_getattr(interpreter: Any, x: Any, name: str) -> Any:
    """``object.__getattribute__`` with Python getters rewritten."""
    if isinstance(x, type):
        return _class_attribute(interpreter, x, name)
    t = type(x)
    found = special(t, name)
    if found is not None:
        if type(found) is property and found.fget is not None:
            return interpreter.callee(found.fget)(x)
        data = special(type(found), "__set__") is not None or special(type(found), "__delete__") is not None
        if _python_get(found) and (data or name not in getattr(x, "__dict__", ())):
            return invoke(interpreter, special(type(found), "__get__"), found, x, t)
    if _not_c(special(t, "__getattr__")) and found is None:
        return object.__getattribute__(x, name)
    if _not_c(special(t, "__getattribute__")):
        return object.__getattribute__(x, name)
    return getattr(x, name)


def _class_attribute(interpreter: Any, x: type, name: str) -> Any:
    meta = special(type(x), name)
    if meta is not None and type(meta) is property and meta.fget is not None:
        return interpreter.callee(meta.fget)(x)
    found = special(x, name)
    if found is not None and _python_get(found) and meta is None:
        return invoke(interpreter, special(type(found), "__get__"), found, None, x)
    return getattr(x, name)


def plain_store(t: type, name: str) -> bool:
    """Whether ``x.name = value`` on instances of `t` only stores a reference."""
    if t in ProxyTypes:
        return False
    if _not_c(special(t, "__setattr__")):
        return False
    found = special(t, name)
    if found is None:
        return True
    if isinstance(found, (property, GetSetDescriptorType)):
        return False
    if isinstance(found, MemberDescriptorType):
        return special(t, "__slots__") is not None
    return special(type(found), "__set__") is None


def setattribute(interpreter: Any, x: Any, name: str, value: Any) -> None:
    """``x.name = value`` where code runs."""
    if type(x) in ProxyTypes:
        interpreter.hooks["setattr"](value, referent(x), name)
        return
    t = type(x)
    custom = special(t, "__setattr__")
    if _not_c(custom):
        invoke(interpreter, custom, x, name, value)
        return
    generic_setattr(interpreter, x, name, value)


def generic_setattr(interpreter: Any, x: Any, name: str, value: Any) -> None:
    """``object.__setattr__`` with Python setters rewritten."""
    t = type(x)
    found = special(t, name)
    if type(found) is property and found.fset is not None:
        interpreter.callee(found.fset)(x, value)
        return
    if found is not None:
        setter = special(type(found), "__set__")
        if setter is not None and not _is_c(setter):
            invoke(interpreter, setter, found, x, value)
            return
    if isinstance(x, ndarray):
        interpreter.array_setattr(x, name, value)
        return
    object.__setattr__(x, name, value) if _not_c(special(t, "__setattr__")) else setattr(x, name, value)
    if interpreter.is_active(value) and getattr(x, name, value) is not value:
        interpreter.refuse_store(x, value, f"attribute `{name}` of a {t.__name__} keeps a copy made by compiled code")


def invoke_init(interpreter: Any, init: Any, x: Any, args: tuple, kwargs: dict) -> Any:
    """Call an ``__init__`` found on a type."""
    if type(init) is FunctionType:
        return interpreter.callee(init)(x, *args, **kwargs)
    return interpreter.callee(init.__get__(x, type(x)))(*args, **kwargs)
