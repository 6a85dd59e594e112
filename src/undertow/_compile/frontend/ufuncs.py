"""NumPy's universal functions, and choices between elements."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._refusal import NotCompilable
from ..ir.builder import const
from ..ir.function import Value
from ..ir.types import BOOL, C128, F32, F64, I64
from ..routines.ufuncs import operation
from . import arithmetic
from .complexes import as_pair
from .derived import DERIVED, derived
from .merge import is_number, scalar_of
from .registry import is_bool, numpy_function
from .values import Array, Const, Pair, Scalar, Sequence

__all__ = ["Ufuncs"]

_UFUNCS = {getattr(np, name): name for name in arithmetic.UNARY if hasattr(np, name)}
_BINARY_UFUNCS = {np.add: "Add", np.subtract: "Sub", np.multiply: "Mult", np.divide: "Div", np.true_divide: "Div",
                  np.power: "Pow", np.bitwise_and: "BitAnd",
                  np.mod: "Mod", np.remainder: "Mod", np.floor_divide: "FloorDiv"}
_COMPARE_UFUNCS = {np.less: "Lt", np.less_equal: "LtE", np.greater: "Gt", np.greater_equal: "GtE", np.equal: "Eq",
                   np.not_equal: "NotEq"}
_PAIR_UFUNCS = {np.maximum: "maximum", np.minimum: "minimum", np.arctan2: "arctan2", np.hypot: "hypot",
                np.copysign: "copysign"}


class Ufuncs:
    """Lowers universal functions; expects the other mixins beside it."""

    def ufunc(self, f: np.ufunc, args: list, kwargs: dict) -> Any:
        out, where, dtype = (kwargs.pop(k, None) for k in ("out", "where", "dtype"))
        if kwargs:
            raise NotCompilable(f"keyword arguments of np.{f.__name__}")
        if len(args) == f.nin + 1:
            out = args.pop()
        if len(args) != f.nin:
            raise NotCompilable(f"np.{f.__name__} with {len(args)} arguments")
        args = [self.array_of(a) if isinstance(a, Sequence) else a for a in args]
        if self.given(dtype):
            args = [self.np_astype(a, dtype) for a in args]
        result = self.apply_ufunc(f, args)
        if isinstance(out, Sequence):
            out = out.items[0]
        masked = where is not None and not (isinstance(where, Const) and where.obj is True)
        if not self.given(out):
            if masked:
                raise NotCompilable("`where=` without `out=`")
            return result
        if not isinstance(out, Array):
            raise NotCompilable("`out=` that is not an array")
        if masked:
            result = self.np_where(where, result, out)
        self.store_array(out, result, augmented=True)
        return out

    def ufunc_method(self, f: np.ufunc, name: str, args: list, kwargs: dict) -> Any:
        """``np.add.outer`` and its kin."""
        if name == "outer" and len(args) == 2 and not kwargs:
            a, b = (self.view_of(v) for v in args)
            return self.ufunc(f, [self.index_any(a, [Const(Ellipsis)] + [Const(None)] * len(b.dims)), b], {})
        if name == "at" and len(args) in (2, 3) and isinstance(args[0], Array) and not kwargs:
            return self.ufunc_at(f, *args)
        reduce = {np.add: "np_sum", np.multiply: "np_prod", np.maximum: "np_max", np.minimum: "np_min",
                  np.logical_or: "np_any", np.logical_and: "np_all"}.get(f)
        if name == "reduce" and reduce is not None and args:
            axis = args[1] if len(args) > 1 else kwargs.pop("axis", Const(0))
            if len(args) > 2 or set(kwargs) - {"keepdims"}:
                raise NotCompilable(f"arguments of np.{f.__name__}.reduce")
            return getattr(self, reduce)(args[0], axis, **kwargs)
        if name == "accumulate" and f in (np.add, np.multiply) and args and not kwargs:
            return self.running(args[0], args[1] if len(args) > 1 else Const(0), "add" if f is np.add else "mul")
        raise NotCompilable(f"np.{f.__name__}.{name}")

    def ufunc_at(self, f: np.ufunc, a: Array, index: Any, values: Any = None) -> Any:
        """One element after the other, so that repeated indices count."""
        items = list(index.items) if isinstance(index, Sequence) and index.cls is tuple else [index]
        items = [self.array_of(i) if isinstance(i, Sequence) else i for i in items]
        items = items if self.is_advanced(items) else [self.array_of(Sequence((i,), list)) if is_number(i) else i
                                                       for i in items]
        dims, place = self.picks(a, self.settled_index(items))
        values = self.settle(self.view_of(values)) if values is not None else None
        if isinstance(values, Array) and values.root is a.root:
            values = self.array_of(values)
        self.note_write(a.root)
        self.force_readers(a.root)

        def body(i: list[Value]) -> None:
            where = place(i)
            operands = [Scalar(self.element(a, where), "np")]
            if values is not None:
                operands.append(Scalar(self.element(values, self.broadcast_index(values, i)), "np"))
            result = scalar_of(self.apply_ufunc(f, operands))
            if result.type.is_float and not a.element.is_float:
                raise NotCompilable("assignment of floats to an integer array")
            self.put(a, where, result.value)

        self.nest(dims, body)
        return Const(None)

    def apply_ufunc(self, f: np.ufunc, args: list) -> Any:
        if f in DERIVED and not all(map(is_number, args)):
            return self.elementwise(f.__name__, args, derived(self.b, f))
        if f in DERIVED:
            return Scalar(derived(self.b, f)(*(scalar_of(a).value for a in args)), "np")
        name = _UFUNCS.get(f)
        if name is not None:
            return self.elementwise(f.__name__, args, lambda x: arithmetic.unary(self.b, name, x))
        if f in (np.positive, np.conjugate):
            return self.elementwise(f.__name__, args, lambda x: Pair(x.re, self.b.scalar("neg", x.im)) if f is np.conjugate
                                    and isinstance(x, Pair) else x)
        if f in (np.deg2rad, np.radians, np.degrees, np.rad2deg):
            factor = math.pi / 180.0 if f in (np.deg2rad, np.radians) else 180.0 / math.pi
            return self.elementwise(f.__name__, args, lambda x: self.b.mul(
                self.b.cast(x, F64) if x.type == I64 else x, const(factor, F64 if x.type == I64 else x.type)))
        if f is np.logical_xor:
            return self.elementwise("xor", args, lambda x, y: self.b.scalar("ne", *(arithmetic.truth(
                self.b, Scalar(v, "np")) for v in (x, y)), type=BOOL))
        if f is np.square:
            return self.elementwise("square", args, lambda x: arithmetic.binary(
                self.b, "Mult", Scalar(x, "np"), Scalar(x, "np")).value)
        if f is np.reciprocal:
            return self.elementwise("reciprocal", args, lambda x: self.b.scalar(
                "div", const(1.0, x.type), x) if x.type != C128 else arithmetic.binary(
                    self.b, "Div", Scalar(const(1.0), "np"), Scalar(x, "np")).value)
        if f in _BINARY_UFUNCS:
            args = [Scalar(scalar_of(a).value, "np") if is_number(a) and all(map(is_number, args)) else a for a in args]
            return self.binary(_BINARY_UFUNCS[f], *args)
        if f in _COMPARE_UFUNCS:
            return self.compare(_COMPARE_UFUNCS[f], *args)
        if f in _PAIR_UFUNCS:
            return self.pair(_PAIR_UFUNCS[f], args)
        return self.compiled_ufunc(f, args)

    def compiled_ufunc(self, f: np.ufunc, args: list) -> Any:
        """A function that is compiled code, whose partial derivatives the rule library knows."""
        name = operation(f)
        if name is None:
            raise NotCompilable(f"np.{f.__name__} has no lowering")
        weak = [is_number(v) and scalar_of(v).flavor == "py" for v in args]

        def body(*values: Value) -> Value:
            type = F64
            if all(v.type != C128 for v in values):
                type = arithmetic.elementwise_type(*((v.type, w) for v, w in zip(values, weak, strict=True)))
            elif any(v.type == C128 for v in values):
                raise NotCompilable(f"np.{f.__name__} of complex numbers")
            out = self.b.pure(name, [self.b.cast(v, F64) for v in values], F64)
            return self.b.cast(out, F32) if type == F32 else out

        return self.elementwise(f.__name__, args, body)

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

    # ---- choice
    @numpy_function(np.where)
    def np_where(self, test: Any, x: Any = None, y: Any = None) -> Any:
        if x is None and y is None:
            return self.np_nonzero(test)
        weak = [is_number(v) and scalar_of(v).flavor == "py" for v in (x, y)]

        def body(c: Value, a: Value, b: Value) -> Value:
            type = arithmetic.elementwise_type((a.type, weak[0]), (b.type, weak[1]))
            if type == C128:
                p, q = as_pair(self.b, a), as_pair(self.b, b)
                return Pair(*(self.b.scalar("select", is_bool(c), u, v) for u, v in ((p.re, q.re), (p.im, q.im))))
            return self.b.scalar("select", is_bool(c), self.b.cast(a, type), self.b.cast(b, type))

        return self.elementwise("where", [test, x, y], body)

    @numpy_function(np.select)
    def np_select(self, condlist: Any, choicelist: Any, default: Any = None) -> Any:
        tests, choices = self.static_items(condlist), self.static_items(choicelist)
        if tests is None or choices is None or len(tests) != len(choices) or not tests:
            raise NotCompilable("np.select of lists of unknown or different length")
        found = Const(0) if default is None else default
        for test, choice in zip(reversed(tests), reversed(choices), strict=True):
            found = self.np_where(self.settle(self.plain(test)), self.plain(choice), found)
        return found

    @numpy_function(np.round, np.around, method="round")
    def np_round(self, a: Any, decimals: Any = None, out: Any = None) -> Any:
        digits = 0 if decimals is None else decimals.obj if isinstance(decimals, Const) else None
        if not isinstance(digits, int) or not -20 < digits < 20:
            raise NotCompilable("rounding to digits that are not known")

        def rounded(x: Value) -> Value:
            if not x.type.is_float:  # type: ignore[union-attr]
                if digits < 0:
                    raise NotCompilable("rounding of integers")
                return x
            if not digits:
                return self.b.scalar("rint", x)
            factor = const(10.0 ** abs(digits), x.type)  # type: ignore[arg-type]
            first, last = ("mul", "div") if digits > 0 else ("div", "mul")
            return self.b.scalar(last, self.b.scalar("rint", self.b.scalar(first, x, factor)), factor)

        if is_number(a):
            return Scalar(rounded(scalar_of(a).value), "np")
        return self.into(out, self.elementwise("round", [self.plain(a)], rounded))

    @numpy_function(np.clip, method="clip")
    def np_clip(self, a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None,
                max: Any = None) -> Any:
        low, high = (Const(None) if v is None else v for v in (min if a_min is None else a_min,
                                                              max if a_max is None else a_max))
        return self.into(out, self.clipped(a, low, high))

    def clipped(self, a: Any, low: Any, high: Any) -> Any:
        for op, bound in (("maximum", low), ("minimum", high)):
            if not (isinstance(bound, Const) and bound.obj is None):
                a = self.pair(op, [a, bound])
        return a
