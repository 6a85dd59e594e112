"""Calls: builtins, ``math``, NumPy functions and methods, the program's own functions."""

from __future__ import annotations

import ast
import dataclasses
import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from .._refusal import NotCompilable
from ..ir.builder import const
from ..ir.function import Value
from ..ir.types import BOOL, BY_DTYPE, F64, I64, ScalarType
from . import arithmetic
from .merge import describe, is_number, scalar_of
from .values import Array, Const, Function, Iterable, Lazy, Method, Ref, Scalar, Sequence

__all__ = ["Calls"]

_MATH = {getattr(math, name): name for name in arithmetic.MATH}
_UFUNCS = {getattr(np, name): name for name in arithmetic.UNARY if hasattr(np, name)}
_BINARY_UFUNCS = {np.add: "Add", np.subtract: "Sub", np.multiply: "Mult", np.divide: "Div", np.true_divide: "Div",
                  np.power: "Pow", np.logical_and: "BitAnd", np.logical_or: "BitOr", np.bitwise_and: "BitAnd",
                  np.mod: "Mod", np.remainder: "Mod", np.floor_divide: "FloorDiv"}
_COMPARE_UFUNCS = {np.less: "Lt", np.less_equal: "LtE", np.greater: "Gt", np.greater_equal: "GtE", np.equal: "Eq",
                   np.not_equal: "NotEq"}
_PAIR_UFUNCS = {np.maximum: "maximum", np.minimum: "minimum", np.arctan2: "arctan2", np.hypot: "hypot",
                np.copysign: "copysign"}
NUMPY: dict[Any, str] = {}
METHODS: dict[str, str] = {}


def numpy_function(*functions: Any, method: str = "") -> Callable:
    """Register the lowering of NumPy functions; `method` is the name of the array method that does the same."""
    def register(f: Callable) -> Callable:
        for g in functions:
            NUMPY[g] = f.__name__
        if method:
            METHODS[method] = f.__name__
        return f

    return register


class Calls:
    """Lowers calls; expects the other mixins beside it."""

    def on_Call(self, node: ast.Call) -> Any:
        function = self.expr(node.func)
        later = [*node.args, *(k.value for k in node.keywords)]
        if isinstance(function, Method):
            function = Method(self.before_calls(function.owner, later), function.function)
        args = self.items_of_call(node.args, [k.value for k in node.keywords])
        kwargs = {}
        for k in node.keywords:
            if k.arg is None:
                raise NotCompilable("`**` in a call")
            kwargs[k.arg] = self.settle(self.expr(k.value))
        self.at(node)
        return self.call(function, args, kwargs)

    def items_of_call(self, nodes: list[ast.expr], keywords: list[ast.expr]) -> list:
        out: list = []
        for k, n in enumerate(nodes):
            if isinstance(n, ast.Starred):
                items = self.static_items(self.expr(n.value))
                if items is None:
                    raise NotCompilable("`*` of a sequence of unknown length in a call")
                out += items
            else:
                out.append(self.before_calls(self.expr(n), [*nodes[k + 1:], *keywords]))
        return out

    def call(self, function: Any, args: list, kwargs: dict) -> Any:
        if isinstance(function, Function):
            return self.inline_nested(function, args, kwargs)
        if isinstance(function, Method):
            return self.call_method(function, args, kwargs)
        if isinstance(function, Ref):
            found = getattr(function.cls, "__call__", None)
            if isinstance(found, types.FunctionType):
                return self.call(Const(found), [function, *args], kwargs)
        if not isinstance(function, Const):
            raise NotCompilable(f"a call of {describe(function)}")
        obj = getattr(function.obj, "py_func", function.obj)
        return self.call_object(obj, args, kwargs)

    def call_object(self, obj: Any, args: list, kwargs: dict) -> Any:
        try:
            hash(obj)
        except TypeError:
            raise NotCompilable("a call of an unhashable object") from None
        if isinstance(obj, types.FunctionType) and obj not in NUMPY:
            if obj.__module__.split(".")[0] in ("numpy", "scipy"):
                raise NotCompilable(f"`{obj.__module__}.{obj.__name__}` has no lowering")
            if hasattr(obj, "__wrapped__"):
                raise NotCompilable("a decorated function")
            return self.inline(obj, args, kwargs)
        if obj in _MATH and len(args) == 1 and not kwargs and is_number(args[0]):
            if isinstance(args[0], Const):
                return self.fold_call(obj, args)
            return arithmetic.math_call(self.b, _MATH[obj], scalar_of(args[0]))
        if isinstance(obj, np.ufunc):
            return self.ufunc(obj, args, kwargs)
        if obj in NUMPY:
            return getattr(self, NUMPY[obj])(*args, **kwargs) if self.fits(NUMPY[obj], args, kwargs) else None
        name = _BUILTINS.get(obj)
        if name is not None and not kwargs:
            return getattr(self, name)(*args)
        if isinstance(obj, type):
            return self.construct(obj, args, kwargs)
        raise NotCompilable(f"a call of {describe(Const(obj))}")

    def fits(self, name: str, args: list, kwargs: dict) -> bool:
        """Whether the lowering knows these arguments."""
        import inspect

        try:
            inspect.signature(getattr(self, name)).bind(*args, **kwargs)
        except TypeError:
            raise NotCompilable(f"arguments of `{name.removeprefix('np_')}`") from None
        return True

    def fold_call(self, obj: Any, args: list) -> Any:
        try:
            return Const(obj(*(a.obj for a in args)))
        except (ArithmeticError, ValueError):
            self.b.check(const(False), "a call with constants fails")
            return Const(1.0)

    def call_method(self, method: Method, args: list, kwargs: dict) -> Any:
        target = method.function.obj if isinstance(method.function, Const) else None
        if isinstance(target, tuple):
            kind, name = target
            if kind == "array" and name in METHODS:
                self.fits(METHODS[name], [method.owner, *args], kwargs)
                return getattr(self, METHODS[name])(method.owner, *args, **kwargs)
            if kind == "scalar" and name in ("item", "copy") and not args:
                return Scalar(method.owner.value, "py") if name == "item" else method.owner
            if kind == "sequence" and name == "_replace":
                fields = method.owner.cls._fields
                return Sequence(tuple(kwargs.get(f, v) for f, v in zip(fields, method.owner.items, strict=True)),
                                method.owner.cls)
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
        if cls.__module__.split(".")[0] in ("numpy", "builtins", "scipy") or type(cls) is not type \
                or cls.__new__ is not object.__new__ or hasattr(cls, "__slots__"):
            raise NotCompilable(f"making a `{cls.__name__}`")
        ref = Ref(next(self.keys), cls)
        init = cls.__init__
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
            else:
                raise NotCompilable("a dataclass field without a value, or with a factory")
            self.state[(ref.key, f.name)] = self.settle(value)
        post = getattr(cls, "__post_init__", None)
        if post is not None:
            self.inline(post, [ref], {})

    def object_item(self, owner: Ref, name: str, index: ast.expr, *value: Any) -> Any:
        found = getattr(owner.cls, name, None)
        if not isinstance(found, types.FunctionType):
            raise NotCompilable("indexing of an object")
        return self.inline(found, [owner, self.expr(index), *value], {})

    # ---- builtins
    def do_len(self, v: Any) -> Any:
        if isinstance(v, (Array, Lazy)) and v.dims:
            return self.extent(v.dims[0])
        if isinstance(v, Sequence):
            return Const(len(v.items))
        if isinstance(v, Const) and isinstance(v.obj, (str, tuple, list)):
            return Const(len(v.obj))
        raise NotCompilable(f"len of {describe(v)}")

    def do_range(self, *parts: Any) -> Iterable:
        return Iterable("range", parts)

    def do_zip(self, *parts: Any) -> Iterable:
        return Iterable("zip", tuple(self.settle(p) for p in parts))

    def do_enumerate(self, v: Any, start: Any = None) -> Iterable:
        return Iterable("enumerate", (self.settle(v), start or Const(0)))

    def do_reversed(self, v: Any) -> Iterable:
        return Iterable("reversed", (self.settle(v),))

    def do_abs(self, v: Any) -> Any:
        if isinstance(v, Const) and is_number(v):
            return Const(abs(v.obj))
        if isinstance(v, Scalar):
            return Scalar(arithmetic.unary(self.b, "abs", v.value), v.flavor)
        return self.ufunc(np.absolute, [v], {})

    def do_float(self, v: Any) -> Any:
        if isinstance(v, Const) and is_number(v):
            return Const(float(v.obj))
        if isinstance(v, (Array, Lazy)) and not v.dims:
            v = Scalar(self.element(v, []), "np")
        return Scalar(self.b.cast(scalar_of(v).value, F64), "py")

    def do_int(self, v: Any) -> Any:
        if isinstance(v, Const) and is_number(v) and math.isfinite(v.obj):
            return Const(int(v.obj))
        s = scalar_of(v)
        if s.type.is_float:
            limit = const(9.0e18, s.type)
            self.b.check(self.b.scalar("lt", self.b.scalar("abs", s.value), limit), "int() of a float beyond 64 bits")
        return Scalar(self.b.cast(s.value, I64), "py")

    def do_bool(self, v: Any) -> Any:
        return Scalar(self.truth(v), "py")

    def do_max(self, *args: Any) -> Any:
        return self.extremum("Gt", args)

    def do_min(self, *args: Any) -> Any:
        return self.extremum("Lt", args)

    def extremum(self, op: str, args: tuple) -> Any:
        items = list(args)
        if len(args) == 1:
            found = self.static_items(args[0])
            if found is None:
                raise NotCompilable("max/min of something of unknown length")
            items = found
        best = items[0]
        for x in items[1:]:
            if isinstance(best, Const) and isinstance(x, Const):
                best = Const(max(best.obj, x.obj) if op == "Gt" else min(best.obj, x.obj))
                continue
            a, b = scalar_of(best), scalar_of(x)
            take = arithmetic.compare(self.b, op, b, a).value
            type = a.type if a.type == b.type else F64
            flavor = a.flavor if a.flavor == b.flavor else "mixed"
            best = Scalar(self.b.scalar("select", take, self.b.cast(b.value, type), self.b.cast(a.value, type)), flavor)
        return best

    def do_sum(self, v: Any, start: Any = None) -> Any:
        total = start if start is not None else Const(0)
        items = self.static_items(v) if not (isinstance(v, Iterable) and v.kind == "range") else None
        if items is not None:
            for x in items:
                total = self.binary("Add", total, x)
            return total
        if isinstance(v, (Array, Lazy)) and len(v.dims) == 1 and v.element.is_float:
            init = self.b.cast(scalar_of(total).value, v.element)
            return Scalar(self.reduce(v.dims, init, lambda i, s: self.b.add(s, self.element(v, i)), "total"), "np")
        raise NotCompilable("sum of something of unknown length")

    def do_isinstance(self, v: Any, cls: Any) -> Any:
        classes = [c.obj for c in cls.items] if isinstance(cls, Sequence) else [cls.obj]
        if isinstance(v, Const):
            return Const(isinstance(v.obj, tuple(classes)))
        if isinstance(v, Scalar) and v.flavor != "mixed":
            sample = v.type.dtype.type(0)
            return Const(isinstance(sample if v.flavor == "np" else sample.item(), tuple(classes)))
        if isinstance(v, (Array, Lazy)):
            return Const(any(issubclass(np.ndarray, c) for c in classes))
        if isinstance(v, (Ref, Sequence)):
            return Const(issubclass(v.cls, tuple(classes)))
        raise NotCompilable("isinstance of a number whose type depends on the run")

    def do_tuple(self, v: Any = None) -> Any:
        return self.as_sequence(v, tuple)

    def do_list(self, v: Any = None) -> Any:
        return self.as_sequence(v, list)

    def as_sequence(self, v: Any, cls: type) -> Any:
        items = [] if v is None else self.static_items(v)
        if items is None:
            raise NotCompilable(f"{cls.__name__} of something of unknown length")
        return Sequence(tuple(items), cls)

    def do_pow(self, x: Any, y: Any) -> Any:
        return self.binary("Pow", x, y)

    def do_math_pow(self, x: Any, y: Any) -> Any:
        a, b = (Scalar(self.b.cast(scalar_of(v).value, F64), "py") for v in (x, y))
        return arithmetic.power(self.b, a, b)

    def do_math_atan2(self, x: Any, y: Any) -> Any:
        return self.math_pair("arctan2", x, y)

    def do_math_hypot(self, x: Any, y: Any) -> Any:
        return self.math_pair("hypot", x, y)

    def math_pair(self, op: str, x: Any, y: Any) -> Any:
        a, b = (self.b.cast(scalar_of(v).value, F64) for v in (x, y))
        return Scalar(self.b.scalar(op, a, b), "py")

    def do_math_floor(self, x: Any) -> Any:
        if isinstance(x, Const):
            return self.fold_call(math.floor, [x])
        s = scalar_of(x)
        return self.do_int(Scalar(self.b.scalar("floor", s.value), "py")) if s.type.is_float else s

    def do_np_float64(self, v: Any) -> Any:
        return Scalar(self.b.cast(scalar_of(v).value, F64), "np") if is_number(v) else self.np_array(v)

    # ---- ufuncs
    def ufunc(self, f: np.ufunc, args: list, kwargs: dict) -> Any:
        out = kwargs.pop("out", None)
        if kwargs:
            raise NotCompilable(f"keyword arguments of np.{f.__name__}")
        if len(args) == f.nin + 1:
            out = args.pop()
        args = [self.array_of(a) if isinstance(a, Sequence) else a for a in args]
        result = self.apply_ufunc(f, args)
        if out is None:
            return result
        if isinstance(out, Sequence):
            out = out.items[0]
        if not isinstance(out, Array):
            raise NotCompilable("`out=` that is not an array")
        self.store_array(out, result, augmented=True)
        return out

    def apply_ufunc(self, f: np.ufunc, args: list) -> Any:
        name = _UFUNCS.get(f)
        if name is not None:
            return self.elementwise(f.__name__, args, lambda x: arithmetic.unary(self.b, name, x))
        if f is np.square:
            return self.elementwise("square", args, lambda x: self.b.mul(x, x))
        if f is np.reciprocal:
            return self.elementwise("reciprocal", args, lambda x: self.b.scalar("div", const(1.0, x.type), x))
        if f is np.logical_not:
            return self.elementwise("not", args, lambda x: self.b.scalar("not", _is_bool(x)))
        if f in _BINARY_UFUNCS:
            args = [Scalar(scalar_of(a).value, "np") if is_number(a) and all(map(is_number, args)) else a for a in args]
            return self.binary(_BINARY_UFUNCS[f], *args)
        if f in _COMPARE_UFUNCS:
            return self.compare(_COMPARE_UFUNCS[f], *args)
        if f in _PAIR_UFUNCS:
            return self.pair(_PAIR_UFUNCS[f], args)
        raise NotCompilable(f"np.{f.__name__} has no lowering")

    def pair(self, op: str, args: list) -> Any:
        weak = [is_number(v) and scalar_of(v).flavor == "py" for v in args]

        def body(x: Value, y: Value) -> Value:
            type = arithmetic.elementwise_type((x.type, weak[0]), (y.type, weak[1]))
            if type == I64 and op not in ("maximum", "minimum"):
                type = F64
            x, y = self.b.cast(x, type), self.b.cast(y, type)
            if type == I64:
                test = self.b.scalar("gt" if op == "maximum" else "lt", x, y)
                return self.b.scalar("select", test, x, y)
            return self.b.scalar(op, x, y)

        return self.elementwise(op, args, body)

    # ---- making arrays
    def shape_dims(self, shape: Any) -> list[Value]:
        items = shape.items if isinstance(shape, Sequence) else [shape]
        if isinstance(shape, Const) and isinstance(shape.obj, tuple):
            items = [Const(n) for n in shape.obj]
        dims = [scalar_of(i).value for i in items]
        for d in dims:
            if d.type != I64:
                raise NotCompilable("a shape that is not integers")
            self.b.check(self.b.scalar("ge", d, const(0)), "a negative extent")
        return dims

    def element_type(self, dtype: Any, default: ScalarType = F64) -> ScalarType:
        if dtype is None or (isinstance(dtype, Const) and dtype.obj is None):
            return default
        try:
            return BY_DTYPE[np.dtype(dtype.obj)]
        except (KeyError, TypeError, AttributeError):
            raise NotCompilable("this dtype") from None

    @numpy_function(np.zeros)
    def np_zeros(self, shape: Any, dtype: Any = None) -> Array:
        return self.new_array(self.element_type(dtype), self.shape_dims(shape), "zeros", "zeros")

    @numpy_function(np.empty)
    def np_empty(self, shape: Any, dtype: Any = None) -> Array:
        return self.new_array(self.element_type(dtype), self.shape_dims(shape), "zeros", "empty")

    @numpy_function(np.ones)
    def np_ones(self, shape: Any, dtype: Any = None) -> Array:
        return self.np_full(shape, Const(1.0), dtype)

    @numpy_function(np.full)
    def np_full(self, shape: Any, fill_value: Any, dtype: Any = None) -> Array:
        out = self.new_array(self.element_type(dtype, scalar_of(fill_value).type), self.shape_dims(shape), hint="full")
        self.fill(out, fill_value)
        return out

    @numpy_function(np.zeros_like, np.empty_like)
    def np_zeros_like(self, a: Any, dtype: Any = None) -> Any:
        if is_number(a):
            raise NotCompilable("zeros_like of a number")
        return self.new_array(self.element_type(dtype, a.element), a.dims, "zeros", "zeros")

    @numpy_function(np.ones_like)
    def np_ones_like(self, a: Any, dtype: Any = None) -> Array:
        out = self.np_zeros_like(a, dtype)
        self.fill(out, Const(1.0))
        return out

    @numpy_function(np.full_like)
    def np_full_like(self, a: Any, fill_value: Any, dtype: Any = None) -> Array:
        out = self.np_zeros_like(a, dtype)
        self.fill(out, fill_value)
        return out

    @numpy_function(np.array)
    def np_array(self, a: Any, dtype: Any = None) -> Array:
        return self.array_of(a, self.element_type(dtype) if dtype is not None else None)

    @numpy_function(np.asarray, np.ascontiguousarray)
    def np_asarray(self, a: Any, dtype: Any = None) -> Array:
        if isinstance(a, Array) and (dtype is None or self.element_type(dtype) == a.element) and self.is_whole(a):
            return a
        if isinstance(a, Array):
            raise NotCompilable("`asarray` of a view or with another dtype")
        return self.array_of(a, self.element_type(dtype) if dtype is not None else None)

    @numpy_function(np.copy, method="copy")
    def np_copy(self, a: Any) -> Any:
        return self.array_of(a)

    @numpy_function(np.arange)
    def np_arange(self, start: Any, stop: Any = None, step: Any = None) -> Any:
        if step is not None and not (isinstance(step, Const) and step.obj == 1):
            raise NotCompilable("`arange` with a step")
        lo, hi = (Const(0), start) if stop is None else (start, stop)
        a, b = scalar_of(lo), scalar_of(hi)
        if a.type != I64 or b.type != I64:
            raise NotCompilable("`arange` of floats")
        n = self.b.sub(b.value, a.value)
        n = self.b.scalar("select", self.b.scalar("lt", n, const(0)), const(0), n)
        return Lazy((n,), I64, lambda i: self.b.add(i[0], a.value))

    # ---- shape
    @numpy_function(np.transpose, method="transpose")
    def np_transpose(self, a: Any, *axes: Any) -> Any:
        order = [x.obj for x in (axes[0].items if len(axes) == 1 and isinstance(axes[0], Sequence) else axes)]
        return self.transpose(a, order or list(range(len(a.dims)))[::-1])

    @numpy_function(np.ravel, method="ravel")
    def np_ravel(self, a: Any) -> Any:
        if len(a.dims) == 1:
            return a
        raise NotCompilable("`ravel` of more than one axis")

    @numpy_function(np.shape)
    def np_shape(self, a: Any) -> Any:
        return self.array_attribute(a, "shape")

    # ---- choice
    @numpy_function(np.where)
    def np_where(self, test: Any, x: Any, y: Any) -> Any:
        weak = [is_number(v) and scalar_of(v).flavor == "py" for v in (x, y)]

        def body(c: Value, a: Value, b: Value) -> Value:
            type = arithmetic.elementwise_type((a.type, weak[0]), (b.type, weak[1]))
            return self.b.scalar("select", _is_bool(c), self.b.cast(a, type), self.b.cast(b, type))

        return self.elementwise("where", [test, x, y], body)

    @numpy_function(np.clip, method="clip")
    def np_clip(self, a: Any, low: Any, high: Any) -> Any:
        for op, bound in (("maximum", low), ("minimum", high)):
            if not (isinstance(bound, Const) and bound.obj is None):
                a = self.pair(op, [a, bound])
        return a

    # ---- reductions
    def axis_of(self, a: Any, axis: Any) -> int | None:
        if axis is None or (isinstance(axis, Const) and axis.obj is None):
            return None
        if isinstance(axis, Const) and isinstance(axis.obj, int) and -len(a.dims) <= axis.obj < len(a.dims):
            return axis.obj % len(a.dims)
        raise NotCompilable("a reduction over several axes, or over one that is not known")

    def view_of(self, a: Any) -> Any:
        if isinstance(a, Sequence):
            return self.array_of(a)
        if not isinstance(a, (Array, Lazy)):
            raise NotCompilable(f"a reduction of {describe(a)}")
        return a

    def along(self, a: Any, axis: int, keepdims: Any, one: Callable[[Any], Value]) -> Any:
        """Reduce one axis: `one` reduces a one-dimensional view."""
        a = self.force(a) if isinstance(a, Lazy) else a
        rest = [k for k in range(len(a.dims)) if k != axis]
        out_dims = [a.dims[k] for k in rest]
        moved = self.transpose(a, [*rest, axis])

        def at(index: list[Value]) -> Value:
            return one(Lazy((a.dims[axis],), a.element, lambda i: self.element(moved, [*index, *i]), (a,)))

        lazy = Lazy(tuple(out_dims), self.probe(at, tuple(out_dims)), at, (a,))
        out = self.force(lazy)
        if isinstance(keepdims, Const) and keepdims.obj:
            return self.index_view(out, [Const(None) if k == axis else ("slice", Const(None), Const(None), Const(None))
                                         for k in range(len(a.dims))])
        return out

    def total(self, a: Any) -> Value:
        if a.element == BOOL:
            return self.reduce(a.dims, const(0), lambda i, s: self.b.add(s, self.b.cast(self.element(a, i), I64)), "total")
        return self.reduce(a.dims, const(0, a.element), lambda i, s: self.b.scalar(
            "radd" if a.element.is_float else "add", s, self.element(a, i)), "total")

    def count_of(self, dims: Any, type: ScalarType = F64) -> Value:
        n: Value = const(1)
        for d in dims:
            n = self.b.mul(n, d)
        return self.b.cast(n, type)

    @numpy_function(np.sum, method="sum")
    def np_sum(self, a: Any, axis: Any = None, keepdims: Any = None) -> Any:
        a = self.view_of(a)
        k = self.axis_of(a, axis)
        if k is not None and len(a.dims) > 1:
            return self.along(a, k, keepdims, self.total)
        return Scalar(self.total(a), "np")

    @numpy_function(np.mean, method="mean")
    def np_mean(self, a: Any, axis: Any = None, keepdims: Any = None) -> Any:
        a = self.view_of(a)
        if not a.element.is_float:
            raise NotCompilable("mean of integers")

        def one(v: Any) -> Value:
            return self.b.scalar("div", self.total(v), self.count_of(v.dims, v.element))

        k = self.axis_of(a, axis)
        if k is not None and len(a.dims) > 1:
            return self.along(a, k, keepdims, one)
        return Scalar(one(a), "np")

    @numpy_function(np.prod, method="prod")
    def np_prod(self, a: Any) -> Any:
        a = self.view_of(a)
        return Scalar(self.reduce(a.dims, const(1, a.element), lambda i, s: self.b.mul(s, self.element(a, i)), "product"),
                      "np")

    def largest(self, a: Any, op: str) -> Value:
        """The extremum; its derivative is shared evenly among the elements that attain it."""
        if not a.element.is_float:
            raise NotCompilable("max/min of integers")
        for d in a.dims:
            self.b.check(self.b.scalar("gt", d, const(0)), "max/min of nothing")
        limit = const(-math.inf if op == "maximum" else math.inf, a.element)
        top = self.reduce(a.dims, limit, lambda i, m: self.b.scalar(op, m, self.b.scalar("stop", self.element(a, i))),
                          "top")
        one, none = const(1.0, a.element), const(0.0, a.element)
        winners = self.reduce(a.dims, none, lambda i, n: self.b.add(n, self.b.scalar(
            "select", self.b.scalar("eq", self.element(a, i), top), one, none)), "winners")

        def share(i: list[Value], s: Value) -> Value:
            x = self.element(a, i)
            part = self.b.scalar("div", self.b.sub(x, top), winners)
            return self.b.add(s, self.b.scalar("select", self.b.scalar("eq", x, top), part, none))

        self.b.check(self.b.scalar("isfinite", top), "max/min that is not finite", defer=True)
        return self.b.add(top, self.reduce(a.dims, none, share, "share"))

    @numpy_function(np.max, np.amax, method="max")
    def np_max(self, a: Any, axis: Any = None, keepdims: Any = None) -> Any:
        return self.extreme(a, axis, keepdims, "maximum")

    @numpy_function(np.min, np.amin, method="min")
    def np_min(self, a: Any, axis: Any = None, keepdims: Any = None) -> Any:
        return self.extreme(a, axis, keepdims, "minimum")

    def extreme(self, a: Any, axis: Any, keepdims: Any, op: str) -> Any:
        a = self.view_of(a)
        a = self.force(a) if isinstance(a, Lazy) else a
        k = self.axis_of(a, axis)
        if k is not None and len(a.dims) > 1:
            return self.along(a, k, keepdims, lambda v: self.largest(v, op))
        return Scalar(self.largest(a, op), "np")

    # ---- products
    @numpy_function(np.dot, np.matmul, method="dot")
    def np_dot(self, a: Any, b: Any) -> Any:
        return self.matmul(a, b)

    @numpy_function(np.outer)
    def np_outer(self, a: Any, b: Any) -> Any:
        left = Lazy((a.dims[0], const(1)), a.element, lambda i: self.element(a, i[:1]), _sources(a))
        return self.binary("Mult", left, b)

    @numpy_function(np.linalg.norm)
    def np_norm(self, a: Any) -> Any:
        a = self.view_of(a)
        if not a.element.is_float:
            raise NotCompilable("the norm of integers")
        return Scalar(self.b.scalar("sqrt", self.total(self.binary("Mult", a, a))), "np")

    def matmul(self, a: Any, b: Any) -> Any:
        if is_number(a) or is_number(b):
            return self.binary("Mult", a, b)
        a, b = (self.settle(self.view_of(v)) for v in (a, b))
        if not (a.element == b.element and a.element.is_float) or len(a.dims) > 2 or len(b.dims) > 2:
            raise NotCompilable("a product of these arrays")
        inner = b.dims[0]
        self.b.check(self.b.scalar("eq", a.dims[-1], inner), "shapes of a product differ")

        def entry(left: list[Value], right: list[Value]) -> Value:
            return self.reduce([inner], const(0.0, a.element), lambda k, s: self.b.scalar("radd", s, self.b.mul(
                self.element(a, [*left, *k]), self.element(b, [*k, *right]))), "total")

        if len(a.dims) == len(b.dims) == 1:
            return Scalar(entry([], []), "np")
        if len(b.dims) == 1:
            return self.force(Lazy(a.dims[:1], a.element, lambda i: entry(i, []), (a, b)))
        if len(a.dims) == 1:
            return self.force(Lazy(b.dims[1:], a.element, lambda j: entry([], j), (a, b)))
        return self.matrix_product(a, b, inner)

    def matrix_product(self, a: Array, b: Array, inner: Value) -> Array:
        """Row by row, the innermost loop along rows of the result and of `b`."""
        out = self.new_array(a.element, [a.dims[0], b.dims[1]], "zeros", "product")

        def body(index: list[Value]) -> None:
            i, k, j = index
            value = self.b.mul(self.element(a, [i, k]), self.element(b, [k, j]))
            self.put(out, [i, j], self.b.add(self.element(out, [i, j]), value))

        self.nest([a.dims[0], inner, b.dims[1]], body)
        return out


_BUILTINS: dict[Any, str] = {
    len: "do_len", range: "do_range", zip: "do_zip", enumerate: "do_enumerate", reversed: "do_reversed", abs: "do_abs",
    float: "do_float", int: "do_int", bool: "do_bool", max: "do_max", min: "do_min", sum: "do_sum", pow: "do_pow",
    isinstance: "do_isinstance", tuple: "do_tuple", list: "do_list", math.pow: "do_math_pow",
    math.atan2: "do_math_atan2", math.hypot: "do_math_hypot", math.floor: "do_math_floor", np.float64: "do_np_float64",
}


def _is_bool(v: Value) -> Value:
    if v.type != BOOL:
        raise NotCompilable("a condition that is not boolean")
    return v


def _sources(a: Any) -> tuple:
    return a.sources if isinstance(a, Lazy) else (a,)
