"""Code that cannot be followed: compiled functions without a rule, and Python functions without source."""

from __future__ import annotations

import dataclasses
import dis
import functools
import inspect
import itertools
from types import FunctionType, GeneratorType, MethodType, ModuleType
from typing import Any

import numpy as np
from numpy import ndarray

from . import bytecode, callables, elements, passing, protocols, refusal

PREDICATES = ("builtin_function_or_method", "cython_function_or_method", "fused_cython_function")
METHODS = ("cython_function_or_method", "method_descriptor", "fused_cython_function", "wrapper_descriptor")
HARMLESS = frozenset({
    "RESUME", "LOAD_FAST", "STORE_FAST", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "STORE_ATTR", "LOAD_GLOBAL", "POP_TOP",
    "CALL", "PRECALL", "PUSH_NULL", "BUILD_TUPLE", "LOAD_DEREF", "COPY_FREE_VARS", "MAKE_CELL", "CACHE", "NOP", "KW_NAMES",
    "COPY", "SWAP", "POP_JUMP_FORWARD_IF_FALSE", "POP_JUMP_IF_FALSE", "IS_OP", "LOAD_FAST_LOAD_FAST", "STORE_FAST_LOAD_FAST",
    "LOAD_FAST_CHECK", "CALL_KW", "NOT_TAKEN",
})


ITERATORS = frozenset({GeneratorType, map, filter, zip, enumerate, reversed, itertools.chain, itertools.islice,
                       itertools.repeat, itertools.cycle, itertools.starmap, itertools.accumulate, itertools.takewhile,
                       itertools.dropwhile, type(iter([])), type(iter(())), type(iter({}.values())), type(reversed([]))})


def with_callees(interpreter: Any, args: tuple, kwargs: dict, wrap: Any) -> tuple[list, dict]:
    """Arguments with Python functions replaced by what recorded code would call."""
    return [_callback(interpreter, a, wrap) for a in args], {k: _callback(interpreter, v, wrap) for k, v in kwargs.items()}


def _callback(interpreter: Any, x: Any, wrap: Any) -> Any:
    if type(x) in (FunctionType, MethodType, functools.partial):
        return wrap(interpreter.callee(x))
    if type(x) is tuple and any(type(v) in (FunctionType, MethodType, functools.partial) for v in x):
        return tuple(_callback(interpreter, v, wrap) for v in x)
    return x


def text(interpreter: Any, f: Any) -> Any:
    """A function whose result carries no derivative by its nature (text, types, time)."""

    def text_function(*args: Any, **kwargs: Any) -> Any:
        if interpreter.refused is not None:  # the derivative has failed: do not wait for what will not come
            raise interpreter.refused
        if not introspective:  # what looks at functions is to see the program's own
            args, kwargs = with_callees(interpreter, args, kwargs, lambda g: g)  # type: ignore[assignment]
        return f(*args, **kwargs)

    introspective = (f.__module__ or "").partition(".")[0] in ("inspect", "typing", "types", "abc")
    return text_function


def guard(interpreter: Any, f: Any) -> Any:
    """Compiled code without a rule: no active value may enter, by argument or through a callback's result."""
    below = interpreter.lower.callee(f)

    def watched(g: Any) -> Any:
        def callback(*args: Any, **kwargs: Any) -> Any:
            result = g(*args, **kwargs)
            found = interpreter.find_active(result)
            if found is not None:
                raise interpreter.refuse(refusal.foreign_call(interpreter, f, found))
            return result

        return callback

    def checked(iterator: Any) -> Any:
        for x in iterator:
            interpreter.check_foreign(f, (x,))
            yield x

    owner = getattr(f, "__self__", None)
    bound = () if owner is None or isinstance(owner, (type, ModuleType)) else (owner,)
    made = f if isinstance(f, type) else owner  # the class whose instances come out
    keeps = isinstance(made, type) and passing.can_hold(made)
    if not bound and passing.extension(type(f)) and type(f).__name__ not in PREDICATES:
        bound = (f,)
    asked = type(f).__name__ in PREDICATES and isinstance(owner, ModuleType | None)
    method = type(f).__name__ in METHODS and owner is None
    shows = bool(bound) and passing.extension(type(bound[0]))

    def foreign_method(holder: Any, args: tuple, kwargs: dict) -> Any:
        interpreter.check_foreign(f, args, kwargs)
        result = below(holder, *args, **kwargs)
        return protocols.shown(interpreter, holder, result)

    def foreign(*args: Any, **kwargs: Any) -> Any:
        if method and args and passing.extension(type(args[0])):
            return foreign_method(args[0], args[1:], kwargs)
        makes = keeps or method and bool(args) and isinstance(args[0], type) and passing.can_hold(args[0])
        if asked and not makes and (found := interpreter.find_active((args, kwargs))) is not None:
            result = passing.moved(interpreter, f, args, kwargs) if _only_reads(interpreter, args, kwargs) else (
                _asked(interpreter, f, args, kwargs))
            if result is passing.REFUSED:
                raise interpreter.refuse(refusal.foreign_call(interpreter, f, found))
            return result
        if makes:
            passing.entrust(interpreter, (args, kwargs))
        found = interpreter.find_active((*bound, *args, kwargs)) if makes or shows else None
        if found is None or not makes and interpreter.find_active((args, kwargs)) is not None:
            interpreter.check_foreign(f, (*bound, *args), kwargs)
        before = [(x, interpreter.lower.copy(x)) for x in _arrays(args, kwargs) if _referenced(interpreter, x)]
        args, kwargs = with_callees(interpreter, args, kwargs, watched)  # type: ignore[assignment]
        args = tuple(checked(x) if type(x) in ITERATORS else x for x in args)
        try:
            result = below(*args, **kwargs)
        finally:
            for x, old in before:
                interpreter.note_foreign_write(x, old)
        if found is not None and not (passing.holds(interpreter, result, args, kwargs) if makes else
                                      passing.known(interpreter, result)):
            raise interpreter.refuse(refusal.foreign_call(interpreter, f, found))
        return result

    return foreign


def _only_reads(interpreter: Any, args: tuple, kwargs: dict) -> bool:
    """Whether arguments have no place to leave a number in unseen: numbers, arrays, lists of numbers, text."""
    def simple(x: Any) -> bool:
        return (type(x) in interpreter.numbers or isinstance(x, (ndarray, type)) or x is None
                or type(x) in (str, bytes, np.dtype, slice))

    return all(simple(x) or type(x) in (list, tuple) and all(map(simple, x)) for x in (*args, *kwargs.values()))


def _asked(interpreter: Any, f: Any, args: tuple, kwargs: dict) -> Any:
    """A compiled function asked about objects: answers, and the arguments themselves, are taken."""
    values = (*args, *kwargs.values())
    if not all(_askable(interpreter, x, 0) for x in values):
        return passing.REFUSED
    before = [x.copy() if isinstance(x, (list, dict, ndarray)) else x for x in values]
    answer = f(*args, **kwargs)
    taken = (passing.is_answer(answer) or answer is NotImplemented or any(answer is x for x in values)
             or isinstance(answer, ndarray) and answer.dtype.kind == "O" and passing.same_objects(answer, values))
    return answer if taken and all(map(passing.unchanged, before, values)) else passing.REFUSED


def _askable(interpreter: Any, x: Any, depth: int) -> bool:
    """Whether `x` may be shown to a compiled function that answers a question about it."""
    if isinstance(x, (list, tuple, set, frozenset)):
        return depth < 3 and all(_askable(interpreter, v, depth + 1) for v in x)
    if isinstance(x, dict):
        return depth < 3 and all(_askable(interpreter, v, depth + 1) for v in x.values())
    return (passing.instance(x) or type(x) in interpreter.numbers
            or isinstance(x, (*passing.OPAQUE, ndarray, np.ufunc)))


def _arrays(args: tuple, kwargs: dict) -> Any:
    for x in (*args, *kwargs.values()):
        if isinstance(x, ndarray):
            yield x
        elif isinstance(x, (list, tuple)):
            yield from (v for v in x if isinstance(v, ndarray))


def _referenced(interpreter: Any, x: ndarray) -> bool:
    slot = interpreter.memory.find(x)
    return slot is not None and slot.referenced and x.flags.writeable


def ufunc(interpreter: Any, f: np.ufunc) -> Any:
    """A ufunc without a rule: objects that override it, object arrays (``np.frompyfunc``), else guarded."""
    function = elements.python_function(f)
    return guard(interpreter, f) if function is None else elements.looped(interpreter, f, function)


def compiler(interpreter: Any, f: Any) -> Any:
    """A function of a compiler (a decorator of Numba's): it is to see the program's functions as they are written."""
    guarded, below = guard(interpreter, f), interpreter.lower.callee(f)

    def compiling(*args: Any, **kwargs: Any) -> Any:
        values = (*args, *kwargs.values())
        functions = [x for x in values if type(x) is FunctionType]
        if not functions or interpreter.find_active([x for x in values if type(x) is not FunctionType]) is not None:
            return guarded(*args, **kwargs)
        return below(*map(callables.user_form, args), **{k: callables.user_form(v) for k, v in kwargs.items()})

    return compiling


def fixed(f: Any, interpreter: Any) -> Any:
    """For a function that Numba compiled for declared types only: its arguments and its result as these types have them."""
    from numba import typeof, types

    def cast(x: Any, t: Any) -> Any:
        if isinstance(x, (ndarray, tuple)):
            return x
        if isinstance(t, types.Boolean):
            return interpreter.call(bool, x)
        if isinstance(t, types.Integer):
            return interpreter.call(int, x) if isinstance(x, (float, np.floating)) else x
        if isinstance(t, types.Float):
            return interpreter.call(np.float32 if t.bitwidth == 32 else float, x)
        return interpreter.call(complex, x) if isinstance(t, types.Complex) else x

    def bottom(x: Any) -> Any:
        level = interpreter
        while level.level > 0:
            x, level = level.plain(x), level.lower
        return x

    def chosen(args: tuple) -> Any:
        """The signature that Numba takes for `args`."""
        made = [entry.signature for entry in f.overloads.values()]
        if len(made) == 1:
            return made[0]
        given = tuple(typeof(bottom(a)) for a in args)
        exact = f.overloads.get(given)
        if exact is not None:
            return exact.signature
        return f.typingctx.resolve_overload(f.py_func, made, given, {})

    names = inspect.signature(f.py_func)

    def call(inner: Any, args: tuple, kwargs: dict) -> Any:
        bound = names.bind(*args, **kwargs)
        bound.apply_defaults()
        signature = chosen(bound.args)
        if signature is None or len(signature.args) != len(bound.args):
            return inner(*args, **kwargs)
        return cast(inner(*map(cast, bound.args, signature.args)), signature.return_type)

    return call


def jitted(interpreter: Any, f: Any) -> Any:
    """A function that Numba compiles, by its Python source; numbers come back as Python's own, as Numba boxes them."""
    inner = interpreter.callee(f.py_func)

    def boxed(x: Any) -> Any:
        if isinstance(x, tuple):
            return type(x)(*map(boxed, x)) if hasattr(x, "_fields") else tuple(map(boxed, x))
        kind = getattr(getattr(x, "dtype", None), "kind", "") if not isinstance(x, ndarray) else ""
        target = {"f": float, "c": complex, "i": int, "u": int, "b": bool}.get(kind)
        return x if target is None else interpreter.call(target, x)

    if getattr(f, "_can_compile", True):
        return lambda *args, **kwargs: boxed(inner(*args, **kwargs))
    call = fixed(f, interpreter)
    return lambda *args, **kwargs: boxed(call(inner, args, kwargs))


def dispatcher(interpreter: Any, f: Any, implementation: Any) -> Any:
    """A NumPy function behind ``__array_function__``: its Python implementation, or compiled code."""
    if type(implementation) is FunctionType:
        inner = interpreter.callee(implementation)
    else:
        inner = interpreter.callee(implementation)

    def dispatched(*args: Any, **kwargs: Any) -> Any:
        for x in args:
            t = type(x)
            if t is not ndarray and protocols.overrides(t, "__array_function__"):
                result = protocols.invoke(interpreter, protocols.special(t, "__array_function__"), x, f, (t,), args, kwargs)
                if result is not NotImplemented:
                    return result
        return inner(*args, **kwargs)

    return dispatched


# ---- Python functions without source -------------------------------------------------------------------------


COMPARISONS = frozenset({"__eq__", "__lt__", "__le__", "__gt__", "__ge__"})


def sourceless(interpreter: Any, f: Any, reason: str) -> Any:
    """A Python function that cannot be rewritten."""
    moves = harmless(interpreter, f)
    stored = {i.argval for i in dis.get_instructions(f.__code__) if i.opname == "STORE_ATTR"} if moves else set()
    if moves and not stored or f.__name__ in COMPARISONS and _generated(f):
        return f
    interpreted = None if moves else bytecode.runner(interpreter, f)

    def unread(*args: Any, **kwargs: Any) -> Any:
        if moves and (not args or all(protocols.plain_store(type(args[0]), name) for name in stored)):
            return f(*args, **kwargs)  # no `__setattr__` and no setter of the program's own
        cls = _dataclass_of(f, args)
        if cls is not None:
            return dataclass_init(interpreter, cls, f, args, kwargs)
        if interpreted is not None:
            return interpreted(*args, **kwargs)
        hidden = [c.cell_contents for c in f.__closure__ or () if _filled(c)]
        for value in (*args, *kwargs.values(), *hidden):
            found = interpreter.find_active(value)
            if found is not None:
                raise interpreter.refuse(refusal.missing_source(interpreter, f, found, reason))
        new_args, new_kwargs = with_callees(interpreter, args, kwargs, lambda g: g)
        return interpreter.lower.callee(f)(*new_args, **new_kwargs)

    return unread


def _generated(f: Any) -> bool:
    """Whether a comparison is one that `dataclasses` wrote: it answers about values, and calls nothing else."""
    code = f.__code__
    return code.co_filename == "<string>" and not code.co_freevars and "__class__" in code.co_names


def _filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def harmless(interpreter: Any, f: Any) -> bool:
    """Whether the bytecode only moves references: generated constructors of named tuples and the like."""
    from .builtins import SAFE

    for instruction in dis.get_instructions(f.__code__):
        if instruction.opname not in HARMLESS:
            return False
        if instruction.opname == "LOAD_GLOBAL":
            value = f.__globals__.get(instruction.argval, None)
            name = getattr(value, "__qualname__", "")
            if value not in SAFE and not name.endswith(".__new__") and value is not None:
                return False
        if instruction.opname in ("LOAD_DEREF",) and instruction.argval != "__class__":
            return False
    return True


def _dataclass_of(f: Any, args: tuple) -> type | None:
    if f.__name__ != "__init__" or not args:
        return None
    for cls in type(args[0]).__mro__:
        if cls.__dict__.get("__init__") is f and "__dataclass_fields__" in cls.__dict__:
            return cls
    return None


def dataclass_init(interpreter: Any, cls: type, f: Any, args: tuple, kwargs: dict) -> None:
    """What a dataclass's generated ``__init__`` does."""
    import inspect

    bound = inspect.signature(f).bind(*args, **kwargs)
    self = args[0]
    extra = []
    store = interpreter.hooks["setattr"]
    frozen = cls.__dataclass_params__.frozen  # type: ignore[attr-defined]
    for name, field in cls.__dataclass_fields__.items():  # type: ignore[attr-defined]
        kind = field._field_type
        if kind is dataclasses._FIELD_CLASSVAR:  # type: ignore[attr-defined]
            continue
        if name in bound.arguments and field.init:
            value = bound.arguments[name]
        elif field.default_factory is not dataclasses.MISSING:
            value = interpreter.callee(field.default_factory)()
        elif field.default is not dataclasses.MISSING:
            value = field.default
        else:
            continue
        if kind is dataclasses._FIELD_INITVAR:  # type: ignore[attr-defined]
            extra.append(value)
        elif frozen:
            protocols.generic_setattr(interpreter, self, name, value)
        else:
            store(value, self, name)
    if hasattr(cls, "__post_init__"):
        interpreter.callee(self.__post_init__)(*extra)
