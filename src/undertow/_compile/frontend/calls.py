"""Calls: builtins, ``math``, NumPy functions and methods, the program's own functions."""

from __future__ import annotations

import abc
import ast
import dataclasses
import functools
import math
import sys
import types
from typing import Any

import numpy as np

from .._refusal import NotCompilable
from ..ir.builder import const
from ..ir.function import Constant
from ..ir.types import BOOL, C128, F32, I64
from ..routines.routine import Routine
from . import arithmetic
from .builtin import BUILTINS
from .library import ANY_FLOAT, FLOATS, LIBRARY
from .library_scipy import SCIPY
from .linear import COMPLEX, PROGRAMS
from .linear_scipy import KEEPS_INTEGERS, hidden, shown
from .merge import describe, is_number, scalar_of
from .registry import METHODS, NUMPY
from .state import Unknown
from .statistics import PROGRAMS as STATISTICS
from .values import Array, Const, Function, Hidden, Iterable, Method, Ref, Scalar, Sequence

RECORDED = "undertow.rules._callables"  # what its functions answer depends on the recording that runs

__all__ = ["Calls"]

_MATH = {getattr(math, name): name for name in arithmetic.MATH if hasattr(math, name)}  # not all in Python 3.10


def stand_in(obj: Any) -> tuple | None:
    """The program that stands for a function, and the numbers of axes that its arguments may have."""
    found = STATISTICS.get(obj) or LIBRARY.get(obj)
    module = getattr(obj, "__module__", None) or ""
    if found is None and module.startswith("scipy."):
        package, name = module if module in SCIPY else ".".join(module.split(".")[:2]), getattr(obj, "__name__", "")
        found = SCIPY.get(package, {}).get(name)
        if found is not None and getattr(sys.modules.get(package), name, None) is not obj:
            return None
    return found


class Calls:
    """Lowers calls; expects the other mixins beside it."""

    def on_Call(self, node: ast.Call) -> Any:
        function = self.expr(node.func)
        if isinstance(function, Const) and function.obj is next and node.args and isinstance(
                node.args[0], ast.GeneratorExp) and not node.keywords:
            return self.first_of(node.args[0], node.args[1:])
        if len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp) and isinstance(function, Const) \
                and function.obj in (sum, any, all) and not node.keywords:
            return self.generator_call(function, node.args[0])
        later = [*node.args, *(k.value for k in node.keywords)]
        if isinstance(function, Method):
            function = Method(self.before_calls(function.owner, later), function.function)
        args = self.items_of_call(node.args, [k.value for k in node.keywords])
        kwargs = {}
        for k in node.keywords:
            if k.arg is None:
                kwargs.update(self.dict_items(self.expr(k.value)))
                continue
            kwargs[k.arg] = self.settle(self.expr(k.value, True))
        self.at(node)
        if isinstance(function, Const) and function.obj in (list, tuple) and len(args) == 1 \
                and isinstance(args[0], Iterable) and args[0].kind == "generator":
            items = self.static_items(args[0])
            if items is None and function.obj is list:
                return self.looped_items(args[0], node)
        return self.call(function, args, kwargs)

    def generator_call(self, function: Const, node: ast.GeneratorExp) -> Any:
        items = self.in_scope(node, lambda: self.comprehension(node.elt, node.generators))
        if items is not None:
            return self.call(function, [Sequence(tuple(items))], {})
        start = Const(0 if function.obj is sum else function.obj is all)
        return self.reduced_generator(function.obj.__name__, node, start)

    def items_of_call(self, nodes: list[ast.expr], keywords: list[ast.expr]) -> list:
        out: list = []
        for k, n in enumerate(nodes):
            if isinstance(n, ast.Starred):
                value = self.settle(self.expr(n.value))
                items = self.static_items(value)
                if items is None and isinstance(value, Array) and isinstance(value.dims[0], Constant):
                    items = [self.index_with(value, [Const(k)]) for k in range(value.dims[0].value)]
                if items is None:
                    raise Unknown("`*` of a sequence of unknown length in a call")
                out += items
            else:
                out.append(self.before_calls(self.expr(n, True), [*nodes[k + 1:], *keywords]))
        return out

    def call(self, function: Any, args: list, kwargs: dict) -> Any:
        if isinstance(function, Function):
            return self.inline_nested(function, args, kwargs)
        if isinstance(function, Method):
            return self.call_method(function, args, kwargs)
        if isinstance(function, Ref):
            found = self.class_attribute(function.cls, "__call__")
            if isinstance(found, types.FunctionType):
                return self.call(Const(found), [function, *args], kwargs)
        if not isinstance(function, Const):
            raise NotCompilable(f"a call of {describe(function)}")
        if hasattr(function.obj, "py_func") and not hasattr(function.obj, "ufunc") and not isinstance(function.obj, np.ufunc) \
                and type(function.obj).__name__ not in ("DUFunc", "GUFunc"):
            return self.as_numba_returns(self.call_object(function.obj.py_func, args, kwargs))
        return self.call_object(function.obj, args, kwargs)

    def as_numba_returns(self, v: Any) -> Any:
        """Numba hands out Python's numbers."""
        if isinstance(v, Scalar) and v.type != F32:
            return Scalar(v.value, "py", None if v.tag is None else self.b.scalar("and", v.tag, const(2)))
        if isinstance(v, Sequence):
            return Sequence(tuple(map(self.as_numba_returns, v.items)), v.cls)
        return v

    def call_object(self, obj: Any, args: list, kwargs: dict) -> Any:
        try:
            hash(obj)
        except TypeError:
            raise NotCompilable("a call of an unhashable object") from None
        if obj is functools.wraps and len(args) == 1 and not kwargs:
            return Const(functools.wraps)  # as a decorator: which function was wrapped is of no matter here
        if (getattr(obj, "__module__", None) or "").startswith("scipy.special.") and args and all(
                isinstance(a, Const) and type(a.obj) in (int, float, bool) for a in (*args, *kwargs.values())):
            value = obj(*(a.obj for a in args), **{k: a.obj for k, a in kwargs.items()})
            if isinstance(value, (int, float, np.float64)):
                return self.capture(value)
        if obj is hidden:
            return Hidden(self.settle(args[0]))
        if obj is shown and isinstance(args[0], Hidden):
            return args[0].array
        found = stand_in(obj)
        if found is not None:
            args, kwargs = ([self.plain(self.present(a)) for a in args],
                            {k: self.plain(self.present(v)) for k, v in kwargs.items()})
            return self.library_call(obj, found, args, kwargs)
        if obj in (dataclasses.replace, dataclasses.asdict, dataclasses.astuple):
            found = self.introspection_call(obj, args, kwargs)
            if found is not None:
                return found
        if isinstance(obj, types.FunctionType) and obj not in NUMPY:
            if obj.__module__ == RECORDED:
                raise NotCompilable(f"`{obj.__name__}`, which asks the recording")
            return self.inline(obj, args, kwargs)
        args, kwargs = [self.present(a) for a in args], {k: self.present(v) for k, v in kwargs.items()}
        if isinstance(obj, Routine):
            return self.routine_call(obj, args, kwargs)
        if obj in _MATH and len(args) == 1 and not kwargs and is_number(args[0]):
            if isinstance(args[0], Const):
                return self.fold_call(obj, args)
            return arithmetic.math_call(self.b, _MATH[obj], scalar_of(args[0]))
        if getattr(obj, "__module__", "") == "cmath" and args and all(map(is_number, args)) and not kwargs:
            return self.cmath_call(obj, args)
        if not isinstance(obj, type) or obj in NUMPY or obj in BUILTINS:
            python = getattr(obj, "__module__", "") == "builtins"  # no list becomes an array here
            args = [(self.known if python else self.plain)(a) for a in args]
            kwargs = {k: (self.known if python else self.plain)(a) for k, a in kwargs.items()}
        for special in (self.functional_call, self.introspection_call):
            found = special(obj, args, kwargs) if obj not in NUMPY else None
            if found is not None:
                return found
        found = self.made_callable(obj, args, kwargs)
        if found is not None:
            return found
        if isinstance(obj, np.ufunc) and obj not in NUMPY:
            return self.ufunc(obj, args, kwargs)
        if obj in NUMPY:
            return getattr(self, NUMPY[obj])(*args, **kwargs) if self.fits(NUMPY[obj], args, kwargs) else None
        name = BUILTINS.get(obj)
        if name is not None and self.fits(name, args, kwargs):
            return getattr(self, name)(*args, **kwargs)
        if getattr(obj, "__name__", "") == "prange" and obj.__module__.partition(".")[0] == "numba" and not kwargs:
            return self.do_prange(*args)
        if obj is super and not kwargs:
            return self.super_of(args)
        if obj is dict and not args:
            return self.new_dict(list(kwargs.items()))
        if isinstance(obj, type):
            return self.construct(obj, args, kwargs)
        inner = getattr(obj, "_implementation", None)  # of NumPy's dispatched functions
        if isinstance(inner, types.FunctionType) and (inner.__module__ or "").split(".")[0] == "numpy":
            return self.inline(inner, args, kwargs)
        raise NotCompilable(f"a call of {describe(Const(obj))}")

    def made_callable(self, obj: Any, args: list, kwargs: dict) -> Any:
        """A call of an object that stands for a function of the program, None if it is something else."""
        if isinstance(obj, functools.partial):
            known = self.static_items(self.outside("attr", obj, "args", obj.args, "args"))
            named = self.dict_items(self.outside("attr", obj, "keywords", obj.keywords, "keywords"))
            return self.call(Const(obj.func), [*(known or []), *args], {**dict(named), **kwargs})
        if isinstance(obj, types.MethodType):
            owner = self.outside("attr", obj, "__self__", obj.__self__, obj.__name__)
            return self.call(Const(obj.__func__), [owner, *args], kwargs)
        if isinstance(obj, functools._lru_cache_wrapper):
            if not all(isinstance(a, (Const, Scalar, Sequence)) for a in (*args, *kwargs.values())):
                raise NotCompilable("a remembered function of something that cannot be hashed")
            value = self.call(Const(obj.__wrapped__), args, kwargs)
            if not isinstance(value, (Const, Scalar)) and not (isinstance(value, Sequence) and all(
                    isinstance(x, (Const, Scalar)) for x in value.items)):
                raise NotCompilable("a remembered function that does not return numbers")
            return value
        if isinstance(obj, np.vectorize) and not kwargs:
            if obj.excluded or obj.signature is not None or obj.otypes not in (None, "d"):
                raise NotCompilable("these options of `np.vectorize`")
            return self.element_by_element(Const(obj.pyfunc), args, obj.otypes is None)
        inner = getattr(getattr(obj, "_dispatcher", None), "py_func", None)
        if inner is not None and type(obj).__name__ == "DUFunc" and type(obj).__module__.partition(".")[0] == "numba" and not kwargs:
            return self.element_by_element(Const(inner), args, False)
        return None

    def library_call(self, obj: Any, stand_in: tuple, args: list, kwargs: dict) -> Any:
        """A function of NumPy or SciPy whose stand-in is a plain program."""
        program, axes = stand_in
        args = [self.settle(self.array_of(a) if isinstance(a, Sequence) and k < len(axes) else a)
                for k, a in enumerate(args)]
        for a, allowed in zip(args, axes, strict=False):
            if (len(a.dims) if isinstance(a, Array) else 0) not in allowed:
                raise NotCompilable(f"np.{obj.__name__} of arrays with this number of axes")
        integers = [a for a in args if isinstance(a, Array) and a.element in (I64, BOOL)]
        if obj.__name__ in FLOATS and integers and len(integers) == sum(isinstance(a, Array) for a in args):
            raise NotCompilable(f"np.{obj.__name__} of integers")
        if obj in PROGRAMS or (obj.__module__ or "").startswith("scipy.linalg") and obj.__name__ not in KEEPS_INTEGERS:
            args = [self.settle(self.np_astype(a, Const(np.float64))) if isinstance(a, Array) and a.element in (I64, BOOL)
                    else a for a in args]
            if any(isinstance(a, Array) and a.element == C128 for a in args):
                if obj not in COMPLEX:
                    raise NotCompilable(f"np.{obj.__name__} of complex numbers")
                program = COMPLEX[obj]
        elif obj not in ANY_FLOAT and any(isinstance(a, Array) and a.element == F32 for a in args):
            raise NotCompilable(f"np.{obj.__name__} of float32")
        span = self.b.span
        try:
            return self.inline(program, args, kwargs)
        except NotCompilable as refusal:
            self.b.span = span
            raise NotCompilable(f"np.{obj.__name__}: {refusal.reason}") from None

    def fits(self, name: str, args: list, kwargs: dict) -> bool:
        """Whether the lowering knows these arguments."""
        import inspect

        try:
            inspect.signature(getattr(self, name)).bind(*args, **kwargs)
        except TypeError:
            raise NotCompilable(f"arguments of `{name.removeprefix('np_').removeprefix('do_')}`") from None
        return True

    def fold_call(self, obj: Any, args: list) -> Any:
        try:
            return Const(obj(*(a.obj for a in args)))
        except (ArithmeticError, ValueError):
            self.b.check(const(False), "a call with constants fails")
            return Const(1.0)

    def call_method(self, method: Method, args: list, kwargs: dict) -> Any:
        if isinstance(method.function, Const) and isinstance(method.function.obj, tuple):
            args, kwargs = [self.present(a) for a in args], {k: self.present(v) for k, v in kwargs.items()}
        target = method.function.obj if isinstance(method.function, Const) else None
        if isinstance(target, tuple) and target[0] == "partial":
            return self.call_partial(method.owner, target, args, kwargs)
        if isinstance(target, tuple):
            kind, name = target
            if kind == "nothing" and not args and not kwargs:
                return Const(None)
            if kind == "getter":
                return self.call_getter(method.owner, name, args)
            if kind == "vectorized" and not kwargs:
                return self.element_by_element(method.owner, args, True)
            if kind == "array" and name in METHODS:
                args = [self.plain(a) for a in args]
                self.fits(METHODS[name], [method.owner, *args], kwargs)
                return getattr(self, METHODS[name])(method.owner, *args, **kwargs)
            if kind == "array" and name in ("argsort", "searchsorted"):
                return self.library_call(getattr(np, name), stand_in(getattr(np, name)), [method.owner, *args], kwargs)
            if kind == "array" and name == "sort" and not args and not kwargs and isinstance(method.owner, Array):
                self.store_array(method.owner, self.library_call(np.sort, stand_in(np.sort), [method.owner], {}))
                return Const(None)
            if kind == "scalar" and name in ("conj", "conjugate") and not args:
                return self.conjugate(method.owner)
            if kind == "scalar" and name in ("item", "copy") and not args:
                return Scalar(method.owner.value, "py") if name == "item" else method.owner
            if kind == "sequence" and name == "_replace":
                fields = method.owner.cls._fields
                return Sequence(tuple(kwargs.get(f, v) for f, v in zip(fields, method.owner.items, strict=True)),
                                method.owner.cls)
            if kind == "list" and not kwargs:
                return self.list_method(method.owner, name, args)
            if kind == "text":
                return self.text_method(method.owner, name, args, kwargs)
            if kind == "scalar" and name == "round" and len(args) < 2 and not kwargs:
                return self.np_round(method.owner, *args)
            if kind == "attributes" and not kwargs:
                return self.attributes_as_dict(method.owner, name, args)
            if kind == "dict" and not kwargs:
                return self.dict_method(method.owner, name, args)
            if kind == "ufunc":
                return self.ufunc_method(method.owner.obj, name, [self.plain(a) for a in args], kwargs)
            if kind == "sequence" and name == "index" or kind == "sequence" and name == "count":
                raise NotCompilable(f"the method `{name}` of a tuple")
            raise NotCompilable(f"the method `{name}`")
        return self.call(method.function, [method.owner, *args], kwargs)

    # ---- objects
    def construct(self, cls: type, args: list, kwargs: dict) -> Any:
        fields = getattr(cls, "_fields", None)
        if issubclass(cls, tuple) and fields is not None and "__new__" in vars(cls):
            if len(args) + len(kwargs) != len(fields):
                raise NotCompilable("a namedtuple made with defaults")
            values = dict(zip(fields, args, strict=False), **kwargs)
            return Sequence(tuple(self.settle(values[f]) for f in fields), cls)
        if cls.__module__.split(".")[0] in ("numpy", "builtins", "scipy") or type(cls) not in (type, abc.ABCMeta) \
                or getattr(cls, "__abstractmethods__", None) \
                or cls.__new__ is not object.__new__ or any(vars(c).get("__slots__") for c in cls.__mro__):
            raise NotCompilable(f"making a `{cls.__name__}`")
        ref = Ref(next(self.keys), cls)
        self.made_in[ref.key] = tuple(self.loop_marks)
        self.give_defaults(ref)
        init = self.class_attribute(cls, "__init__") or cls.__init__
        if dataclasses.is_dataclass(cls) and init.__qualname__.endswith("__create_fn__.<locals>.__init__") or (
                dataclasses.is_dataclass(cls) and "__dataclass_" in " ".join(init.__code__.co_names + init.__code__.co_freevars)
                or dataclasses.is_dataclass(cls) and init.__code__.co_filename == "<string>"):
            self.construct_dataclass(ref, cls, args, kwargs)
        elif isinstance(init, types.FunctionType):
            self.inline(init, [ref, *args], kwargs)
        elif args or kwargs:
            raise NotCompilable(f"making a `{cls.__name__}`")
        return ref

    def construct_dataclass(self, ref: Ref, cls: type, args: list, kwargs: dict) -> None:
        rest = list(args)
        for f in dataclasses.fields(cls):
            if f.init and rest and not f.kw_only:
                value = rest.pop(0)
            elif f.name in kwargs:
                value = kwargs[f.name]
            elif f.default is not dataclasses.MISSING:
                value = self.capture(f.default)
            elif f.default_factory is not dataclasses.MISSING:
                value = self.call(Const(f.default_factory), [], {})
            elif not f.init:
                continue
            else:
                raise NotCompilable("a dataclass field without a value")
            self.state[(ref.key, f.name)] = self.settle(value)
        post = getattr(cls, "__post_init__", None)
        if post is not None:
            self.inline(post, [ref], {})

    def object_item(self, owner: Ref, name: str, index: ast.expr, *value: Any) -> Any:
        found = self.class_attribute(owner.cls, name)
        if not isinstance(found, types.FunctionType):
            raise NotCompilable("indexing of an object")
        return self.inline(found, [owner, self.expr(index), *value], {})
