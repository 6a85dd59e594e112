"""Numbers of several iterations side by side: vectors of LLVM as values of generated code.

``a[i, j:j+8]`` of generated code reads the elements that eight consecutive iterations would read, arithmetic on the result
is that of each lane, and a number next to one stands for eight equal ones. LLVM splits vectors that are longer than a
register of the processor.
"""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

from .access import mark, pointer_to
from .vector import BINARY, UNARY, Raw, declare, variants

__all__ = ["NAMES", "Lanes", "lane_count"]

_I32 = ir.IntType(32)


class Lanes(types.Type):
    """`count` numbers of one type."""

    def __init__(self, dtype: Any, count: int) -> None:
        self.dtype, self.count = dtype, count
        super().__init__(name=f"Lanes({dtype}, {count})")

    @property
    def key(self) -> tuple:
        return self.dtype, self.count


def _number(dtype: Any) -> Any:
    """LLVM's type of a number in a register."""
    return {"float64": ir.DoubleType(), "float32": ir.FloatType(), "int64": ir.IntType(64), "bool": ir.IntType(1)}[str(dtype)]


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, fe_type: Lanes) -> None:
        super().__init__(manager, fe_type, ir.VectorType(_number(fe_type.dtype), fe_type.count))


def _spread(builder: Any, x: Any, count: int) -> Any:
    """A number in all lanes."""
    nothing = ir.Constant(ir.VectorType(x.type, count), ir.Undefined)
    one = builder.insert_element(nothing, x, ir.Constant(_I32, 0))
    return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(_I32, count), [0] * count))


def _lane(builder: Any, v: Any, k: int) -> Any:
    return builder.extract_element(v, ir.Constant(_I32, k))


def _gathered(builder: Any, parts: list) -> Any:
    out = ir.Constant(ir.VectorType(parts[0].type, len(parts)), ir.Undefined)
    for k, x in enumerate(parts):
        out = builder.insert_element(out, x, ir.Constant(_I32, k))
    return out


def each(context: Any, builder: Any, given: Any, value: Any, to: Lanes) -> Any:
    """A value as a vector of the element type and length of `to`."""
    if isinstance(given, Lanes):
        return value if given.dtype == to.dtype else _converted(builder, value, given.dtype, to)
    return _spread(builder, context.cast(builder, value, given, to.dtype), to.count)


def _converted(builder: Any, v: Any, dtype: Any, to: Lanes) -> Any:
    target = ir.VectorType(_number(to.dtype), to.count)
    if dtype == types.boolean:
        return builder.uitofp(v, target) if to.dtype in types.real_domain else builder.zext(v, target)
    if to.dtype == types.boolean:
        zero = ir.Constant(v.type, [0] * to.count)
        return builder.fcmp_unordered("!=", v, zero) if dtype in types.real_domain else builder.icmp_signed("!=", v, zero)
    if dtype == types.int64:
        return builder.sitofp(v, target)
    if to.dtype == types.int64:
        return builder.fptosi(v, target)
    return builder.fpext(v, target) if to.dtype == types.float64 else builder.fptrunc(v, target)


# ---- operators
_FLOAT = {operator.add: "fadd", operator.sub: "fsub", operator.mul: "fmul", operator.truediv: "fdiv"}
_INT = {operator.add: "add", operator.sub: "sub", operator.mul: "mul"}
_BITS = {operator.and_: "and_", operator.or_: "or_", operator.xor: "xor"}
_ORDER = {operator.lt: "<", operator.le: "<=", operator.gt: ">", operator.ge: ">=", operator.eq: "==", operator.ne: "!="}


def _common(args: tuple) -> Lanes | None:
    """The type in which an operation computes."""
    lanes = [t for t in args if isinstance(t, Lanes)]
    if not lanes or not all(isinstance(t, (Lanes, types.Number, types.Boolean)) for t in args):
        return None
    kinds = [t.dtype if isinstance(t, Lanes) else types.unliteral(t) for t in args]
    best = max(kinds, key=lambda t: ("bool", "int64", "float32", "float64").index(str(t)))
    return Lanes(best, lanes[0].count)


def _register(function: Any, result: Any) -> None:
    class Template(AbstractTemplate):
        def generic(self, args: tuple, kws: dict) -> Any:
            to = _common(args)
            return None if to is None or kws else signature(result(to), *(
                t if isinstance(t, Lanes) else types.unliteral(t) for t in args))

    infer_global(function)(Template)

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        to = _common(sig.args)
        assert to is not None
        return _operate(builder, function, [each(context, builder, t, v, to) for t, v in zip(sig.args, args, strict=True)], to)

    kinds = (Lanes, types.Number, types.Boolean)
    if function in (operator.neg, operator.invert):
        lower_builtin(function, Lanes)(lower)
        return
    for other in kinds:
        lower_builtin(function, Lanes, other)(lower)
        if other is not Lanes:
            lower_builtin(function, other, Lanes)(lower)


def _operate(b: Any, function: Any, args: list, to: Lanes) -> Any:
    real = to.dtype in types.real_domain
    if function is operator.neg:
        return b.fneg(*args) if real else b.neg(*args)
    if function is operator.invert:
        return b.not_(*args)
    if function in _ORDER:
        if real:
            return (b.fcmp_unordered if function is operator.ne else b.fcmp_ordered)(_ORDER[function], *args)
        return b.icmp_signed(_ORDER[function], *args)
    return getattr(b, (_BITS[function] if function in _BITS else _FLOAT[function] if real else _INT[function]))(*args)


for _function in (*_FLOAT, *_BITS, operator.neg, operator.invert):
    _register(_function, lambda to: to)
for _function in _ORDER:
    _register(_function, lambda to: Lanes(types.boolean, to.count))


# ---- functions
def _named(b: Any, name: str, result: Any, kind: Any, args: list, flags: tuple = ()) -> Any:
    """A call of LLVM's function of vectors."""
    element = {ir.DoubleType(): "f64", ir.FloatType(): "f32", ir.IntType(64): "i64", ir.IntType(1): "i1"}[kind.element]
    types_ = [a.type for a in args]
    f = cgutils.get_or_insert_function(b.module, ir.FunctionType(result, types_), f"llvm.{name}.v{kind.count}{element}")
    return b.call(f, args, fastmath=flags)


@intrinsic(prefer_literal=True)
def spread(context: Any, x: Any, count: Any) -> Any:
    """A number in all lanes."""
    if not isinstance(count, types.IntegerLiteral):
        return None
    to = Lanes(types.unliteral(x), count.literal_value)
    return to(types.unliteral(x), count), lambda context, b, sig, args: each(context, b, sig.args[0], args[0], to)


@intrinsic(prefer_literal=True)
def along(context: Any, x: Any, step: Any, count: Any) -> Any:
    """``x``, ``x + step``, ``x + 2 * step`` and so on."""
    if not isinstance(count, types.IntegerLiteral) or not isinstance(step, types.IntegerLiteral):
        return None
    to = Lanes(types.int64, count.literal_value)

    def codegen(context: Any, b: Any, sig: Any, args: Any) -> Any:
        first = each(context, b, sig.args[0], args[0], to)
        return b.add(first, ir.Constant(first.type, [k * step.literal_value for k in range(to.count)]))

    return to(types.unliteral(x), step, count), codegen


@intrinsic
def lane(context: Any, v: Any, k: Any) -> Any:
    """The number in one lane."""
    return v.dtype(v, types.int64), lambda context, b, sig, args: b.extract_element(*args)


@intrinsic
def where(context: Any, condition: Any, x: Any, y: Any) -> Any:
    """``x if condition else y`` in each lane."""
    to = _common((x, y)) or Lanes(types.unliteral(x), condition.count)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        a, b = (each(context, builder, t, v, to) for t, v in zip(sig.args[1:], args[1:], strict=True))
        return builder.select(args[0], a, b)

    return to(condition, types.unliteral(x), types.unliteral(y)), codegen


@intrinsic
def total(context: Any, v: Any) -> Any:
    """The sum over the lanes, in an order the compiler chooses."""
    return v.dtype(v), lambda context, b, sig, args: _sum(b, None, args[0])


@intrinsic
def added(context: Any, start: Any, v: Any) -> Any:
    """``start`` and then each lane, added in the order of the iterations."""
    return v.dtype(v.dtype, v), lambda context, b, sig, args: _sum(b, *args)


def _sum(b: Any, start: Any, v: Any) -> Any:
    kind = v.type
    if kind.element == ir.IntType(64):
        found = _named(b, "vector.reduce.add", kind.element, kind, [v])
        return found if start is None else b.add(start, found)
    flags = ("reassoc", "nsz") if start is None else ()
    return _named(b, "vector.reduce.fadd", kind.element, kind, [ir.Constant(kind.element, -0.0) if start is None else start, v],
                  flags)


def _over_conditions(name: str) -> Any:
    @intrinsic
    def call(context: Any, v: Any) -> Any:
        return types.boolean(v), lambda context, b, sig, args: _named(
            b, f"vector.reduce.{name}", ir.IntType(1), args[0].type, args)
    return call


def _sliced(b: Any, v: Any, start: int, n: int) -> Any:
    return b.shuffle_vector(v, v, ir.Constant(ir.VectorType(_I32, n), list(range(start, start + n))))


def _joined(b: Any, parts: list) -> Any:
    while len(parts) > 1:
        n = parts[0].type.count
        index = ir.Constant(ir.VectorType(_I32, 2 * n), list(range(2 * n)))
        parts = [b.shuffle_vector(x, y, index) for x, y in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]


@functools.cache
def _register_bytes() -> int:
    features = llvm.get_host_cpu_features()
    return 64 if features.get("avx512f") else 32 if features.get("avx2") else 16


def lane_count() -> int:
    """How many iterations run side by side: the doubles in two vector registers."""
    return _register_bytes() // 4


def _of_c(symbol: str, arity: int) -> Any:
    """A function of C in each lane: by its vector form, as long as a register, or one by one."""
    def codegen(context: Any, b: Any, sig: Any, args: Any) -> Any:
        to = sig.return_type
        name = symbol if to.dtype == types.float64 else symbol + "f"
        args = [each(context, b, t, v, to) for t, v in zip(sig.args, args, strict=True)]
        kind = args[0].type
        longest = min(_register_bytes() // item_bytes(to.dtype), to.count)
        vector = next((v for v, n in variants(name, arity) if n == longest), None)
        if vector is None:
            scalar = declare(b.module, name, kind.element, arity)
            return _gathered(b, [b.call(scalar, [_lane(b, a, k) for a in args]) for k in range(to.count)])
        part = ir.VectorType(kind.element, longest)
        f = cgutils.get_or_insert_function(b.module, ir.FunctionType(part, [part] * arity), vector)
        f.attributes = Raw("willreturn memory(none)")
        return _joined(b, [b.call(f, [_sliced(b, a, k, longest) for a in args]) for k in range(0, to.count, longest)])

    return _function(arity, codegen)


def _function(arity: int, codegen: Any, result: Any = lambda to: to) -> Any:
    if arity == 1:
        @intrinsic
        def call(context: Any, x: Any) -> Any:
            return result(x)(x), codegen
    else:
        @intrinsic
        def call(context: Any, x: Any, y: Any) -> Any:
            to = _common((x, y))
            assert to is not None
            return result(to)(types.unliteral(x), types.unliteral(y)), codegen
    return call


def _computed(arity: int, compute: Any, result: Any = lambda to: to) -> Any:
    """A function that a few instructions make."""
    def codegen(context: Any, b: Any, sig: Any, args: Any) -> Any:
        to = _common(sig.args)
        return compute(b, *(each(context, b, t, v, to) for t, v in zip(sig.args, args, strict=True)))

    return _function(arity, codegen, result)


def _constant(v: Any, x: float) -> Any:
    return ir.Constant(v.type, [x] * v.type.count)


def _isinf(b: Any, v: Any) -> Any:
    return b.fcmp_ordered("==", _named(b, "fabs", v.type, v.type, [v]), _constant(v, math.inf))


def _isfinite(b: Any, v: Any) -> Any:
    return b.fcmp_ordered("<", _named(b, "fabs", v.type, v.type, [v]), _constant(v, math.inf))


def _isnan(b: Any, v: Any) -> Any:
    return b.fcmp_unordered("uno", v, v)


def _sign(b: Any, v: Any) -> Any:
    one = _named(b, "copysign", v.type, v.type, [_constant(v, 1.0), v])
    return b.select(b.or_(_isnan(b, v), b.fcmp_ordered("==", v, _constant(v, 0.0))), v, one)


def _extreme(order: str) -> Any:
    def compute(b: Any, x: Any, y: Any) -> Any:
        return b.select(b.or_(b.fcmp_ordered(order, x, y), _isnan(b, x)), x, y)
    return compute


def _to(dtype: Any) -> Any:
    @intrinsic
    def call(context: Any, x: Any) -> Any:
        to = Lanes(dtype, x.count)
        return to(x), lambda context, b, sig, args: each(context, b, x, args[0], to)
    return call


def _named_function(name: str, arity: int = 1) -> Any:
    return _computed(arity, lambda b, *args: _named(b, name, args[0].type, args[0].type, list(args)))


def _condition(to: Lanes) -> Lanes:
    return Lanes(types.boolean, to.count)


# ---- memory
def read_lanes(context: Any, builder: Any, array_type: Any, array: Any, index: list, axis: int, to: Lanes, marker: Any) -> Any:
    """Elements from an index on, along an axis."""
    item = context.get_data_type(array_type.dtype)
    if axis == array_type.ndim - 1 and array_type.layout == "C":
        pointer = pointer_to(context, builder, array_type, array, cgutils.pack_array(builder, index))
        loaded = builder.load(builder.bitcast(pointer, ir.VectorType(item, to.count).as_pointer()), align=item_bytes(to.dtype))
        marker(loaded)
    else:
        parts = []
        for k in range(to.count):
            at = [*index]
            at[axis] = builder.add(at[axis], ir.Constant(at[axis].type, k), flags=["nsw"])
            parts.append(builder.load(pointer_to(context, builder, array_type, array, cgutils.pack_array(builder, at))))
            marker(parts[-1])
        loaded = _gathered(builder, parts)
    return builder.trunc(loaded, ir.VectorType(ir.IntType(1), to.count)) if to.dtype == types.boolean else loaded


def write_lanes(context: Any, builder: Any, array_type: Any, array: Any, index: list, axis: int, v: Any, to: Lanes,
                marker: Any) -> None:
    """As `read_lanes`."""
    item = context.get_data_type(array_type.dtype)
    if to.dtype == types.boolean:
        v = builder.zext(v, ir.VectorType(item, to.count))
    if axis == array_type.ndim - 1 and array_type.layout == "C":
        pointer = pointer_to(context, builder, array_type, array, cgutils.pack_array(builder, index))
        place = builder.bitcast(pointer, ir.VectorType(item, to.count).as_pointer())
        marker(builder.store(v, place, align=item_bytes(to.dtype)))
        return
    for k in range(to.count):
        at = [*index]
        at[axis] = builder.add(at[axis], ir.Constant(at[axis].type, k), flags=["nsw"])
        pointer = pointer_to(context, builder, array_type, array, cgutils.pack_array(builder, at))
        marker(builder.store(_lane(builder, v, k), pointer))


def item_bytes(dtype: Any) -> int:
    return {"float32": 4, "bool": 1}.get(str(dtype), 8)


def _places(context: Any, b: Any, kind: Any, array: Any, index: Any, index_type: Any) -> list:
    """Addresses of the elements that each lane names."""
    parts = cgutils.unpack_tuple(b, index, len(index_type))
    count = next(t.count for t in index_type if isinstance(t, Lanes))
    out = []
    for k in range(count):
        at = [_lane(b, v, k) if isinstance(t, Lanes) else context.cast(b, v, t, types.int64)
              for v, t in zip(parts, index_type, strict=True)]
        out.append(pointer_to(context, b, kind, array, cgutils.pack_array(b, at)))
    return out


@intrinsic
def within(context: Any, condition: Any, index: Any) -> Any:
    """An index where a condition holds, elsewhere that of the first lane where it does."""
    def codegen(context: Any, b: Any, sig: Any, args: Any) -> Any:
        bits = ir.IntType(condition.count)
        first = b.cttz(b.bitcast(args[0], bits), ir.Constant(ir.IntType(1), 0))
        return b.select(args[0], args[1], _spread(b, b.extract_element(args[1], first), condition.count))

    return index(condition, index), codegen


@intrinsic
def gather(context: Any, a: Any, index: Any) -> Any:
    """``a[index]`` in each lane, where some of the indices are lanes."""
    count = next(t.count for t in index if isinstance(t, Lanes))

    def codegen(context: Any, b: Any, sig: Any, args: Any) -> Any:
        found = _gathered(b, [b.load(p) for p in _places(context, b, sig.args[0], *args, sig.args[1])])
        return b.trunc(found, ir.VectorType(ir.IntType(1), count)) if a.dtype == types.boolean else found

    return Lanes(a.dtype, count)(a, index), codegen


@intrinsic
def scatter(context: Any, a: Any, index: Any, value: Any) -> Any:
    """``a[index] += value``, lane after lane."""
    def codegen(context: Any, b: Any, sig: Any, args: Any) -> Any:
        to = Lanes(a.dtype, next(t.count for t in index if isinstance(t, Lanes)))
        v = each(context, b, sig.args[2], args[2], to)
        for k, p in enumerate(_places(context, b, sig.args[0], args[0], args[1], sig.args[1])):
            b.store(b.fadd(b.load(p), _lane(b, v, k)), p)
        return context.get_dummy_value()

    return types.void(a, index, types.unliteral(value)), codegen


@intrinsic(prefer_literal=True)
def read_from(context: Any, a: Any, index: Any, axis: Any, count: Any, scope: Any, all_scopes: Any) -> Any:
    """``a[..., i:i + count, ...]``, the slice along `axis`, as lanes."""
    if not all(isinstance(t, types.IntegerLiteral) for t in (axis, count, scope, all_scopes)):
        return None
    to = Lanes(a.dtype, count.literal_value)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        index_ = cgutils.unpack_tuple(builder, args[1], a.ndim)
        return read_lanes(context, builder, sig.args[0], args[0], index_, axis.literal_value, to,
                          lambda x: mark(builder, x, scope.literal_value, all_scopes.literal_value))

    return to(a, index, axis, count, scope, all_scopes), codegen


@intrinsic(prefer_literal=True)
def write_from(context: Any, a: Any, index: Any, value: Any, axis: Any, count: Any, scope: Any, all_scopes: Any) -> Any:
    """``a[..., i:i + count, ...] = value``, the slice along `axis`."""
    if not all(isinstance(t, types.IntegerLiteral) for t in (axis, count, scope, all_scopes)):
        return None
    to = Lanes(a.dtype, count.literal_value)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        index_ = cgutils.unpack_tuple(builder, args[1], a.ndim)
        write_lanes(context, builder, sig.args[0], args[0], index_, axis.literal_value,
                    each(context, builder, sig.args[2], args[2], to), to, lambda x: mark(builder, x, scope.literal_value, all_scopes.literal_value))
        return context.get_dummy_value()

    return types.void(a, index, types.unliteral(value), axis, count, scope, all_scopes), codegen


NAMES: dict[str, Any] = {
    "spread": spread, "along": along, "lane": lane, "where": where, "total": total, "added": added,
    "every": _over_conditions("and"), "some": _over_conditions("or"), "read_from": read_from, "write_from": write_from, "gather": gather, "within": within,
    "scatter": scatter,
    **{f"{name}_each": f for name, f in {
        **{n: _of_c(c, 1) for n, c in UNARY.items()}, **{n: _of_c(c, 2) for n, c in BINARY.items()}, "lgamma": _of_c("lgamma", 1),
        "gamma": _of_c("tgamma", 1), "cbrt": _of_c("cbrt", 1), "fmod": _of_c("fmod", 2),
        **{n: _named_function(n) for n in ("sqrt", "floor", "ceil", "trunc", "rint")}, "abs": _named_function("fabs"),
        "copysign": _named_function("copysign", 2), "sign": _computed(1, _sign),
        "maximum": _computed(2, _extreme(">")), "minimum": _computed(2, _extreme("<")),
        "radd": _computed(2, lambda b, x, y: b.fadd(x, y, flags=("reassoc", "nsz"))),
        "isnan": _computed(1, _isnan, _condition), "isinf": _computed(1, _isinf, _condition),
        "isfinite": _computed(1, _isfinite, _condition),
        "float64": _to(types.float64), "float32": _to(types.float32), "int64": _to(types.int64), "bool_": _to(types.boolean),
    }.items()}}
