"""Short cuts of the forward interpreter of the first level: arithmetic between float64 arrays.

The hooks recognise what those of `quick` recognise; in place of writing a tape they compute the tangent at once.  Tangents
are computed without floating-point warnings, which belong to the program's own operations alone, and where one is not
finite the general way decides (a zero tangent makes a zero product).
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

import numpy as np
from numpy import ndarray

from .memory import Slot, may_overlap, zeros_like_slot
from .quick import F8, NUMBERS, basic, common, getitem, made
from .steps import at_zero

try:  # what np.errstate does, without its Python
    from numpy._core.umath import _extobj_contextvar, _make_extobj

    _silent = _make_extobj(all="ignore")

    def quiet() -> Any:
        """Switch floating-point warnings off."""
        return _extobj_contextvar.set(_silent)

    loud = _extobj_contextvar.reset
except ImportError:

    def quiet() -> Any:
        """Switch floating-point warnings off."""
        return np.seterr(all="ignore")

    def loud(token: Any) -> None:
        """Switch them back."""
        np.seterr(**token)


_ACTIONS = {
    "add": ("+", "record(tangent_add, ra, rb, y)", "record(tangent_same, ra, None, y)", "record(tangent_same, rb, None, y)"),
    "sub": ("-", "record(tangent_sub, ra, rb, y)", "record(tangent_same, ra, None, y)", "record(tangent_minus, rb, None, y)"),
    "mul": ("*", 'product("mul", tangent_mul, ra, rb, a, b, y)', 'product("mul", tangent_scaled, ra, b, a, b, y)',
            'product("mul", tangent_scaled, rb, a, a, b, y)'),
    "truediv": ("/", 'product("truediv", tangent_div, ra, rb, a, b, y)', 'product("truediv", tangent_over, ra, b, a, b, y)',
                'product("truediv", tangent_div, None, rb, a, b, y)'),
    "pow": ("**", 'general("pow", a, b, y)', 'product("pow", tangent_pow, ra, b, a, b, y)', 'general("pow", a, b, y)'),
    "matmul": 'product("matmul", tangent_matmul, ra, rb, a, b, y)',
    "inner": "inner(ra, rb, a, b, y)",
    "neg": "record(tangent_minus, ra, None, y)",
}
_INCREASE = '''if rb is None or not rb.active:
                        {ufunc}(a, b, a)
                        return a
                    if rb.slot is not ra.slot:
                        {ufunc}(a, b, a)
                        change({ufunc}, ra, dot(rb))
                        return a'''
_RESCALE = '''if (rb is None or not rb.active) and rescalable(ra, b, {negative}):
                        {ufunc}(a, b, a)
                        change({ufunc}, ra, b)
                        return a'''
_SHIFT_NUMBER = '''{ufunc}(a, b, a)
                return a'''
_RESCALE_NUMBER = '''if rescalable(ra, b, {negative}):
                    {ufunc}(a, b, a)
                    change({ufunc}, ra, b)
                    return a'''
_INPLACE_ACTIONS = {"add": ("+", "plus", _INCREASE, _SHIFT_NUMBER), "sub": ("-", "minus", _INCREASE, _SHIFT_NUMBER),
                    "mul": ("*", "times", _RESCALE, _RESCALE_NUMBER), "truediv": ("/", "over", _RESCALE, _RESCALE_NUMBER)}


def finite(t: ndarray) -> bool:
    """Whether all elements are finite: one pass without a temporary, a second look where the squares overflow."""
    flat = t if t.ndim == 1 else t.ravel(order="K")
    square = flat.dot(flat)
    return square - square == 0.0 or bool(np.isfinite(t).all())


def held(memory: Any, y: ndarray, t: ndarray) -> ndarray:
    """Register the result `y` with its tangent `t`, which is the caller's to give away."""
    slot = memory.register(y, True)
    if t.strides != y.strides or t.base is not None:
        slot.bar = zeros_like_slot(slot)
        slot.bar[...] = t
    else:
        slot.bar = t
    slot.owned = True
    return y


def hooks(interpreter: Any, fast: set, general: Any, inplace: Any, negative: Any) -> dict[str, Any]:
    """The arithmetic hooks of a forward interpreter whose lower level is plain Python."""
    memory, slow, shadow = interpreter.memory, interpreter.array_binary, interpreter.shadow

    def dot(ref: Any) -> ndarray:
        """The tangent of what `ref` describes; tangents stay where they are, so that views of them can be kept."""
        if type(ref) is Slot:
            return ref.bar
        piece = ref.cell
        if piece is None:
            piece = ref.cell = shadow(ref)
        return piece

    def hold(y: ndarray, t: ndarray) -> ndarray:
        return held(memory, y, t)

    def record(rule: Any, ra: Any, rb: Any, y: ndarray) -> ndarray:
        """A linear operation."""
        token = quiet()
        try:
            return hold(y, rule(ra, rb))
        finally:
            loud(token)

    def product(name: str, rule: Any, ra: Any, rb: Any, a: Any, b: Any, y: ndarray) -> ndarray:
        """An operation whose tangent multiplies by values, which may not be finite."""
        token = quiet()
        try:
            t = rule(ra, rb, a, b, y)
            good = finite(t)
        finally:
            loud(token)
        return hold(y, t) if good else slow(name, a, b, y)

    scalar, cls = interpreter.scalar, interpreter.scalars.wrap[np.float64]

    def inner(ra: Any, rb: Any, a: ndarray, b: ndarray, y: Any) -> Any:
        """``a @ b`` of two vectors."""
        token = quiet()
        try:
            t = np.float64(0.0)
            if ra is not None:
                t = t + dot(ra) @ b
            if rb is not None:
                t = t + a @ dot(rb)
        finally:
            loud(token)
        return scalar(cls, y, t) if t - t == 0.0 else slow("matmul", a, b, y)

    def change(ufunc: Any, ref: Any, other: Any) -> None:
        """Change a tangent in place."""
        piece = dot(ref)
        token = quiet()
        try:
            ufunc(piece, other, piece)
        finally:
            loud(token)

    def rescalable(ref: Any, b: Any, divide: bool) -> bool:
        """Whether the product of a tangent and a constant is finite."""
        token = quiet()
        try:
            return finite(dot(ref) / b if divide else dot(ref) * b)
        finally:
            loud(token)

    names = {"record": record, "product": product, "change": change, "rescalable": rescalable, "dot": dot, "inner": inner,
             **rules(dot)}
    names.update(common(interpreter, fast, general, inplace, negative))
    return {"getitem": getitem(interpreter, interpreter.hooks["getitem"])} | made(interpreter, names, _ACTIONS, _INPLACE_ACTIONS)


def rules(dot: Any) -> dict[str, Any]:
    """Tangents of the operations, each in memory of its own."""

    def both(ra: Any, rb: Any, first: Any, second: Any, join: Any) -> ndarray:
        if ra is None:
            return second(dot(rb))
        t = first(dot(ra))
        return t if rb is None else join(t, second(dot(rb)))

    def tangent_add(ra: Any, rb: Any) -> ndarray:
        if ra is None or rb is None:
            return dot(rb if ra is None else ra).copy()
        return dot(ra) + dot(rb)

    def tangent_sub(ra: Any, rb: Any) -> ndarray:
        if rb is None:
            return dot(ra).copy()
        return -dot(rb) if ra is None else dot(ra) - dot(rb)

    def tangent_same(ra: Any, _: Any) -> ndarray:
        return dot(ra).copy()

    def tangent_minus(ra: Any, _: Any) -> ndarray:
        return -dot(ra)

    def tangent_mul(ra: Any, rb: Any, a: ndarray, b: ndarray, y: ndarray) -> ndarray:
        if ra is None:
            return a * dot(rb)
        t = dot(ra) * b
        if rb is not None:
            t += a * dot(rb)
        return t

    def tangent_scaled(ref: Any, number: Any, a: Any, b: Any, y: ndarray) -> ndarray:
        return dot(ref) * number

    def tangent_over(ref: Any, number: Any, a: Any, b: Any, y: ndarray) -> ndarray:
        return dot(ref) / number

    def tangent_div(ra: Any, rb: Any, a: Any, b: ndarray, y: ndarray) -> ndarray:
        if rb is None:
            return dot(ra) / b
        t = y * dot(rb)
        t = np.negative(t, t) if ra is None else np.subtract(dot(ra), t, t)
        t /= b
        return t

    def tangent_pow(ref: Any, n: Any, x: ndarray, b: Any, y: ndarray) -> ndarray:
        t = x * 2.0 if n == 2 else n * x ** (n - 1)
        t *= dot(ref)
        return t

    def tangent_matmul(ra: Any, rb: Any, a: ndarray, b: ndarray, y: ndarray) -> ndarray:
        return both(ra, rb, lambda d: d @ b, lambda d: a @ d, np.add)

    return {f.__name__: f for f in (tangent_add, tangent_sub, tangent_same, tangent_minus, tangent_mul, tangent_scaled,
                                    tangent_over, tangent_div, tangent_pow, tangent_matmul)}


def store(interpreter: Any, a: ndarray, index: Any, value: Any, slot: Slot) -> bool:
    """``a[index] = value`` in active memory; False if this form has no short cut."""
    if a.dtype is not F8 or interpreter.lower.level or not basic(index):
        return False
    t = type(value)
    bar = slot.bar if a is slot.owner else interpreter.shadow(interpreter.memory.reference(a, slot))
    if t in NUMBERS:
        a[index] = value
        bar[index] = 0.0
        return True
    if t is ndarray and value.dtype is F8:
        leaf = interpreter.leaf(value)
        if leaf is None or may_overlap(leaf[0], bar):
            return False
        a[index] = value
        bar[index] = leaf[0]
        return True
    if t in interpreter.scalars.own and t.stands_for in NUMBERS:
        a[index] = value.primal
        bar[index] = value.mark
        return True
    return False


def unary(interpreter: Any, rule: Any, f: Any, slow: Any) -> Any:
    """An elementwise function of one argument, by its rule."""
    partial = rule.partials[0]
    if type(partial) is not FunctionType:
        return None
    own, scalar, wrap = interpreter.scalars.own, interpreter.scalar, interpreter.scalars.wrap
    memory, shadow = interpreter.memory, interpreter.shadow
    inert = frozenset({int, float, np.float64})
    is_ufunc = isinstance(f, np.ufunc)

    def primitive(*args: Any, **kwargs: Any) -> Any:
        if kwargs or len(args) != 1:
            return slow(*args, **kwargs)
        x = args[0]
        t = type(x)
        if t in inert:
            return f(x)
        if t in own and t.stands_for in inert:
            y = f(x.primal)
            if type(y) in inert and type(x.mark) in inert:
                token = quiet()
                try:
                    p = at_zero(partial, y, (x.primal,))
                    d = x.mark * p if x.mark and p else 0.0
                finally:
                    loud(token)
                return scalar(wrap[type(y)], y, d) if type(d) in inert and type(y) in wrap else slow(x)
        elif t is ndarray and x.dtype is F8 and is_ufunc:
            slot = memory.find(x)
            if slot is None or not slot.active:
                return f(x)
            y = f(x)
            if type(y) is ndarray and y.dtype is F8:
                d = shadow(memory.reference(x, slot))
                token = quiet()
                try:
                    p = partial(y, x)
                    own_p = type(p) is ndarray and p is not x and p is not y and p.base is None and p.dtype is F8
                    d = np.multiply(p, d, p) if own_p and p.shape == d.shape else d * p
                    good = finite(d)
                finally:
                    loud(token)
                if good:
                    return held(memory, y, d)
        return slow(x)

    return primitive


__all__ = ["hooks", "store", "unary"]
