"""Python's builtin functions and the module ``math``."""

from __future__ import annotations

import math
import operator
import types
from typing import Any

import numpy as np

from .._refusal import NotCompilable
from ..ir.builder import const
from ..ir.function import Constant, Value
from ..ir.types import BOOL, F32, F64, I64
from . import arithmetic
from .merge import describe, is_number, scalar_of, tag_of
from .state import Unknown
from .values import Array, Const, Function, Growing, Iterable, Lazy, Method, Ref, Scalar, Sequence

__all__ = ["BUILTINS", "Builtins"]


class Builtins:
    """Lowers calls of builtins; expects the other mixins beside it."""

    def do_len(self, v: Any) -> Any:
        found = self.own_method(v, "__len__")
        if found is not None:
            return found
        v = self.listed(v)
        if isinstance(self.contents(v), Growing):
            return self.contents(v).count
        if isinstance(v, (Array, Lazy)) and v.dims:
            return self.extent(v.dims[0])
        if isinstance(v, Sequence):
            return Const(len(v.items))
        if isinstance(v, Const) and isinstance(v.obj, (str, tuple, list)):
            return Const(len(v.obj))
        if isinstance(v, Iterable) and v.kind == "range":
            return Scalar(self.range_length(v), "py")
        raise NotCompilable(f"len of {describe(v)}")

    def do_range(self, *parts: Any) -> Iterable:
        return Iterable("range", parts)

    def do_prange(self, *parts: Any) -> Iterable:
        return Iterable("range", parts, threads=True)

    def do_slice(self, *parts: Any) -> Iterable:
        given = (Const(None), *parts) if len(parts) == 1 else parts
        return Iterable("slice", (*given, Const(None))[:3])

    def do_zip(self, *parts: Any, strict: Any = None) -> Iterable:
        if strict is not None and self.flag(strict):
            lengths = [scalar_of(self.do_len(p)).value for p in parts]
            for n in lengths[1:]:
                self.b.check(self.b.scalar("eq", lengths[0], n), "`zip` of different lengths")
        return Iterable("zip", tuple(self.settle(p) for p in parts))

    def do_enumerate(self, v: Any, start: Any = None) -> Iterable:
        return Iterable("enumerate", (self.settle(v), start or Const(0)))

    def do_reversed(self, v: Any) -> Iterable:
        return Iterable("reversed", (self.settle(v),))

    def do_abs(self, v: Any) -> Any:
        found = self.own_method(v, "__abs__")
        if found is not None:
            return found
        if isinstance(v, Const) and is_number(v):
            return Const(abs(v.obj))
        if isinstance(v, Scalar):
            return Scalar(arithmetic.unary(self.b, "abs", v.value), v.flavor, v.tag)
        return self.ufunc(np.absolute, [v], {})

    def do_float(self, v: Any = Const(0.0)) -> Any:
        found = self.own_method(v, "__float__")
        if found is not None:
            return found
        if isinstance(v, Const) and is_number(v):
            return Const(float(v.obj))
        if isinstance(v, (Array, Lazy)) and not v.dims:
            v = Scalar(self.element(v, []), "np")
        return Scalar(self.b.cast(scalar_of(v).value, F64), "py")

    def do_int(self, v: Any = Const(0)) -> Any:
        if isinstance(v, Const) and is_number(v) and math.isfinite(v.obj):
            return Const(int(v.obj))
        s = scalar_of(v)
        if s.type.is_float:
            limit = const(9.0e18, s.type)
            self.b.check(self.b.scalar("lt", self.b.scalar("abs", s.value), limit), "int() of a float beyond 64 bits")
        return Scalar(self.b.cast(s.value, I64), "py")

    def do_index(self, v: Any) -> Any:
        if scalar_of(v).type not in (I64, BOOL):
            raise NotCompilable("`operator.index` of something that is no integer")
        return self.do_int(v)

    def do_bool(self, v: Any = Const(False)) -> Any:
        return Scalar(self.truth(v), "py")

    def do_max(self, *args: Any, key: Any = None, default: Any = None) -> Any:
        return self.extremum("Gt", args, key, default)

    def do_min(self, *args: Any, key: Any = None, default: Any = None) -> Any:
        return self.extremum("Lt", args, key, default)

    def chosen(self, op: str, items: list, key: Any) -> Any:
        """The first of the greatest or least of things that are no numbers, or that are compared by a key."""
        place = (self.frame.key, "$best")
        self.state[place] = Sequence((items[0], items[0] if key is None else self.settle(self.call(key, [items[0]], {}))))
        for x in items[1:]:
            rank = x if key is None else self.settle(self.call(key, [x], {}))
            test = self.truth(self.compare(op, rank, self.state[place].items[1]))

            def take(x: Any = x, rank: Any = rank) -> None:
                self.state[place] = Sequence((x, rank))

            self.branch(test, take, lambda: None)
            if isinstance(self.state[place], Exception):
                raise self.state.pop(place)
        return self.state.pop(place).items[0]

    def extremum(self, op: str, args: tuple, key: Any = None, default: Any = None) -> Any:
        items = list(args)
        if len(args) == 1:
            found = self.static_items(args[0])
            if found is None:
                raise Unknown("max/min of something of unknown length")
            items = found
            if not items:
                if default is None:
                    self.b.check(const(False), "max/min of nothing")
                return Const(0.0) if default is None else default
        if isinstance(key, Const) and key.obj is None:
            key = None
        if key is not None or not all(map(is_number, items)):
            return self.chosen(op, items, key)
        best = items[0]
        for x in items[1:]:
            if isinstance(best, Const) and isinstance(x, Const):
                best = Const(max(best.obj, x.obj) if op == "Gt" else min(best.obj, x.obj))
                continue
            a, b = scalar_of(best), scalar_of(x)
            take = arithmetic.compare(self.b, op, b, a).value
            if a.type != b.type and F32 in (a.type, b.type):
                raise NotCompilable("max/min of a float32 and another number")
            type = a.type if a.type == b.type else F64
            flavor = a.flavor if a.flavor == b.flavor else "mixed"
            tagged = a.tag is not None or b.tag is not None or (a.flavor, a.type) != (b.flavor, b.type)
            tag = self.b.scalar("select", take, tag_of(b), tag_of(a)) if tagged else None
            best = Scalar(self.b.scalar("select", take, self.b.cast(b.value, type), self.b.cast(a.value, type)), flavor,
                          tag)
        return best

    def do_sum(self, v: Any, start: Any = None) -> Any:
        total = start if start is not None else Const(0)
        items = self.static_items(v) if not (isinstance(v, Iterable) and v.kind == "range") else None
        if items is not None:
            for x in items:
                total = self.binary("Add", total, x)
            return total
        contents = self.contents(v)
        if isinstance(contents, Growing):
            return self.sum_of_list(contents, scalar_of(total))
        if isinstance(v, (Array, Lazy)) and len(v.dims) == 1 and v.element.is_float:
            init = self.b.cast(scalar_of(total).value, v.element)
            return Scalar(self.reduce(v.dims, init, lambda i, s: self.b.add(s, self.element(v, i)), "total"), "np")
        raise Unknown("sum of something of unknown length")

    def sum_of_list(self, items: Growing, start: Scalar) -> Scalar:
        """``sum`` of numbers one after the other; `start` itself where there are none."""
        view = self.filled(items)
        if items.item.kind != "number" or items.item.info[3] or start.type not in (I64, view.element) or not (
                view.element.is_float or items.item.info[1] == start.flavor == "py"):
            raise Unknown("sum of a list of unknown length of such items")
        dims = (items.count.value,)
        total = self.reduce(dims, self.b.cast(start.value, view.element),
                            lambda i, s: self.b.add(s, self.element(view, i)), "total")
        flavor = items.item.info[1]
        if (start.flavor, start.type) == (flavor, view.element) and flavor != "mixed":
            return Scalar(total, flavor)
        first = tag_of(start)
        if flavor != "mixed":
            some = self.b.scalar("gt", items.count.value, const(0))
            both = const((flavor == "np") + 0) if flavor == "np" else self.b.scalar("and", first, const(1))
            return Scalar(total, "mixed", self.b.scalar("select", some, both, first))

        def tag(i: list[Value], t: Value) -> Value:
            """A sum is NumPy's as soon as one number is, and an integer while all are."""
            u = self.element(items.buffers[1], i)
            either = self.b.scalar("and", self.b.scalar("or", t, u), const(1))
            return self.b.scalar("or", either, self.b.scalar("and", self.b.scalar("and", t, u), const(2)))

        return Scalar(total, "mixed", self.reduce(dims, first, tag, "tag"))

    def do_any(self, v: Any) -> Any:
        return self.any_or_all(v, "or")

    def do_all(self, v: Any) -> Any:
        return self.any_or_all(v, "and")

    def any_or_all(self, v: Any, op: str) -> Any:
        items = self.static_items(v)
        if items is None:
            contents = self.contents(v)
            v = self.filled(contents) if isinstance(contents, Growing) else v
            if isinstance(v, (Array, Lazy)) and len(v.dims) == 1:
                return Scalar(scalar_of(self.logical(v, None, None, op)).value, "py")
            raise Unknown("any/all of something of unknown length")
        total = const(op == "and")
        for x in items:
            total = self.b.scalar(op, total, self.truth(x))
        return Const(total.value) if isinstance(total, Constant) else Scalar(total, "py")

    def do_isinstance(self, v: Any, cls: Any) -> Any:
        classes = [c.obj for c in cls.items] if isinstance(cls, Sequence) else [cls.obj]
        classes = [c for x in classes for c in (x if isinstance(x, tuple) else (x,))]
        if isinstance(v, Ref) and v.key in self.deques or isinstance(v, Iterable):
            raise NotCompilable("isinstance of a deque or an iterator")
        if isinstance(v, Const):
            return Const(isinstance(v.obj, tuple(classes)))
        if isinstance(v, Scalar) and v.flavor != "mixed":
            sample = v.type.dtype.type(0)
            return Const(isinstance(sample if v.flavor == "np" else sample.item(), tuple(classes)))
        if isinstance(v, (Array, Lazy)):
            return Const(any(issubclass(np.ndarray, c) for c in classes))
        if isinstance(v, (Ref, Sequence)):
            return Const(issubclass(v.cls, tuple(classes)))
        if isinstance(v, Scalar):
            sample = v.type.dtype.type(0)
            answers = {isinstance(x, tuple(classes)) for x in (sample, sample.item(), 0 * sample.item())}
            if v.type == F64:
                answers |= {isinstance(0, tuple(classes)), isinstance(np.int64(0), tuple(classes))}
            if len(answers) == 1:
                return Const(answers.pop())
        if isinstance(v, (Function, Method)):
            return Const(any(c in (types.FunctionType, types.MethodType, object) for c in classes))
        raise NotCompilable("isinstance of a number whose type depends on the run")

    def do_tuple(self, v: Any = None) -> Any:
        return self.as_sequence(v, tuple)

    def do_list(self, v: Any = None) -> Any:
        return self.as_sequence(v, list)

    def as_sequence(self, v: Any, cls: type) -> Any:
        items = [] if v is None else self.static_items(v)
        if items is None:
            raise Unknown(f"{cls.__name__} of something of unknown length")
        return self.new_list(tuple(items)) if cls is list else Sequence(tuple(items), cls)

    def do_pow(self, x: Any, y: Any) -> Any:
        return self.binary("Pow", x, y)

    def do_math_pow(self, x: Any, y: Any) -> Any:
        a, b = (Scalar(self.b.cast(scalar_of(v).value, F64), "py") for v in (x, y))
        return arithmetic.power(self.b, a, b)

    def do_math_atan2(self, x: Any, y: Any) -> Any:
        return self.math_pair("arctan2", x, y)

    def do_math_hypot(self, *xs: Any) -> Any:
        found = self.do_abs(self.do_float(xs[0])) if xs else Const(0.0)
        for x in xs[1:]:
            found = self.math_pair("hypot", found if x is not xs[1] else xs[0], x)
        return found

    def math_pair(self, op: str, x: Any, y: Any) -> Any:
        a, b = (self.b.cast(scalar_of(v).value, F64) for v in (x, y))
        return Scalar(self.b.scalar(op, a, b), "py")

    def do_math_log(self, x: Any, base: Any) -> Any:
        return self.binary("Div", *(self.call_object(math.log, [v], {}) for v in (x, base)))

    def do_math_fmod(self, x: Any, y: Any) -> Any:
        a, c = (self.b.cast(scalar_of(v).value, F64) for v in (x, y))
        self.b.check(self.b.scalar("ne", c, const(0.0)), "math.fmod by zero", defer=True)
        self.b.check(self.b.scalar("not", self.b.scalar("isinf", a)), "math.fmod of infinity", defer=True)
        return Scalar(self.b.scalar("fmod", a, c), "py")

    def do_math_modf(self, x: Any) -> Any:
        whole = self.b.scalar("trunc", self.b.cast(scalar_of(x).value, F64))
        return Sequence((self.do_math_fmod(x, Const(1.0)), Scalar(whole, "py")))

    def do_math_floor(self, x: Any) -> Any:
        if isinstance(x, Const):
            return self.fold_call(math.floor, [x])
        s = scalar_of(x)
        return self.do_int(Scalar(self.b.scalar("floor", s.value), "py")) if s.type.is_float else s

    def do_round(self, x: Any, ndigits: Any = None) -> Any:
        if isinstance(x, Const) and (ndigits is None or isinstance(ndigits, Const)):
            return Const(round(x.obj) if ndigits is None else round(x.obj, ndigits.obj))
        if ndigits is not None or scalar_of(x).flavor != "py" or not scalar_of(x).type.is_float:
            raise NotCompilable("`round` to digits, or of a NumPy number")
        return self.do_int(Scalar(self.b.scalar("rint", scalar_of(x).value), "py"))

    def do_divmod(self, x: Any, y: Any) -> Any:
        return Sequence((self.binary("FloorDiv", x, y), self.binary("Mod", x, y)))

    def do_callable(self, v: Any) -> Any:
        return Const(isinstance(v, (Function, Method)) or isinstance(v, Const) and callable(v.obj)
                     or isinstance(v, Ref) and hasattr(v.cls, "__call__"))

    def do_math_copysign(self, x: Any, y: Any) -> Any:
        return self.math_pair("copysign", x, y)

    def do_math_ceil(self, x: Any) -> Any:
        return self.math_whole(math.ceil, "ceil", x)

    def do_math_trunc(self, x: Any) -> Any:
        return self.math_whole(math.trunc, "trunc", x)

    def math_whole(self, f: Any, op: str, x: Any) -> Any:
        if isinstance(x, Const):
            return self.fold_call(f, [x])
        s = scalar_of(x)
        return self.do_int(Scalar(self.b.scalar(op, s.value), "py")) if s.type.is_float else s

    def do_math_radians(self, x: Any) -> Any:
        return self.binary("Mult", self.do_float(x), Const(math.pi / 180.0))

    def do_math_degrees(self, x: Any) -> Any:
        return self.binary("Mult", self.do_float(x), Const(180.0 / math.pi))

    def do_np_float32(self, v: Any) -> Any:
        return Scalar(self.b.cast(scalar_of(v).value, F32), "np") if is_number(v) else self.np_array(v, Const(np.float32))

    def do_np_int64(self, v: Any) -> Any:
        s = scalar_of(self.do_int(v)) if is_number(v) else None
        return Scalar(s.value, "np") if s is not None else self.force(self.np_astype(v, Const(np.int64)))

    def do_np_float64(self, v: Any) -> Any:
        return Scalar(self.b.cast(scalar_of(v).value, F64), "np") if is_number(v) else self.np_array(v)


BUILTINS: dict[Any, str] = {
    len: "do_len", range: "do_range", complex: "do_complex", np.complex128: "do_np_complex128", slice: "do_slice", zip: "do_zip", enumerate: "do_enumerate", reversed: "do_reversed", abs: "do_abs",
    float: "do_float", int: "do_int", bool: "do_bool", max: "do_max", min: "do_min", sum: "do_sum", pow: "do_pow",
    isinstance: "do_isinstance", any: "do_any", all: "do_all", tuple: "do_tuple", list: "do_list", math.pow: "do_math_pow",
    math.atan2: "do_math_atan2", math.hypot: "do_math_hypot", math.floor: "do_math_floor", np.float64: "do_np_float64", np.float32: "do_np_float32",
    np.int64: "do_np_int64", round: "do_round", callable: "do_callable", divmod: "do_divmod", math.copysign: "do_math_copysign", math.log: "do_math_log",
    math.fmod: "do_math_fmod", math.modf: "do_math_modf",
    math.ceil: "do_math_ceil", math.trunc: "do_math_trunc", math.radians: "do_math_radians",
    math.degrees: "do_math_degrees", operator.index: "do_index",
}
