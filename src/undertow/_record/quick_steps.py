"""The steps of the short cuts: what the sweep does for entries that `quick` wrote.

A step owns the cotangents it makes: `give` stores or adds them without a copy.  These steps compute with NumPy itself; a
sweep that an outer derivative records takes those of `GENERAL` in their place.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray

from . import steps
from .memory import Slot

plus, times, over, minus = np.add, np.multiply, np.true_divide, np.subtract


def give(sweep: Any, ref: Any, c: ndarray) -> None:
    """Add the cotangent `c`, which is the caller's to give away, to what `ref` describes."""
    if type(ref) is Slot:
        bar = ref.bar
        if bar is None:
            ref.bar = c
        elif ref.owned:
            plus(bar, c, bar)
            return
        else:
            ref.bar = plus(bar, c, c)
        ref.owned = True
    else:
        add_to_piece(sweep, ref, c)


def add_to_piece(sweep: Any, ref: Any, c: ndarray) -> None:
    """Add the cotangent `c` to that of a view, which does not overlap itself."""
    first = ref.slot.bar is None
    piece = sweep.writable(ref)
    if first:
        piece[...] = c
    else:
        plus(piece, c, piece)


def lend(sweep: Any, ref: Any, c: ndarray, owned: bool) -> bool:
    """Add the cotangent `c` to what `ref` describes; True if `c` is now held there, as its own if `owned`."""
    if type(ref) is Slot:
        bar = ref.bar
        if bar is None:
            ref.bar, ref.owned = c, owned
            return True
        if ref.owned:
            plus(bar, c, bar)
        else:
            ref.bar = plus(bar, c)
            ref.owned = True
    else:
        add_to_piece(sweep, ref, c)
    return False


def add(sweep: Any, data: tuple, out: Slot) -> None:
    """``a + b``, of which one may be constant."""
    g = out.bar
    if g is None:
        return
    out.bar = None
    a, b = data
    if b is None:
        lend(sweep, a, g, out.owned)
    elif a is None:
        lend(sweep, b, g, out.owned)
    else:
        held = lend(sweep, a, g, False)
        lend(sweep, b, g, out.owned and not held)


def sub(sweep: Any, data: tuple, out: Slot) -> None:
    """``a - b``, of which one may be constant."""
    g = out.bar
    if g is None:
        return
    out.bar = None
    a, b = data
    held = a is not None and lend(sweep, a, g, b is None and out.owned)
    if b is None:
        return
    if type(b) is Slot and b.bar is None:
        b.bar = np.negative(g, g) if out.owned and not held else -g
        b.owned = True
    else:
        piece = sweep.writable(b)
        minus(piece, g, piece)


def mul(sweep: Any, data: tuple, out: Slot) -> None:
    """``a * b``."""
    g = out.bar
    if g is None:
        return
    out.bar = None
    a, b, kept_b, kept_a = data
    if a is b and kept_a[0] is kept_b[0] and not sweep.strict:
        c = times(g, kept_a[0], g) if out.owned else g * kept_a[0]
        give(sweep, a, plus(c, c, c))
        return
    if a is not None:
        c = times(g, kept_b[0], g) if b is None and out.owned and not sweep.strict else g * kept_b[0]
        give(sweep, a, sweep.strong(g, c, kept_b[0]) if sweep.strict else c)
    if b is not None:
        c = times(g, kept_a[0], g) if out.owned and not sweep.strict else g * kept_a[0]
        give(sweep, b, sweep.strong(g, c, kept_a[0]) if sweep.strict else c)


def truediv(sweep: Any, data: tuple, out: Slot) -> None:
    """``a / b``, where `b` is an array."""
    g = out.bar
    if g is None:
        return
    out.bar = None
    a, b, kept_b, kept_y = data
    c = over(g, kept_b[0], g) if out.owned and not sweep.strict else g / kept_b[0]
    if sweep.strict:
        c = sweep.strong(g, c)
    if b is not None:
        d = c * kept_y[0] if sweep.strict or a is not None else times(c, kept_y[0], c)
        if sweep.strict:
            d = sweep.strong(c, d)
        give(sweep, b, np.negative(d, d))
    if a is not None:
        give(sweep, a, c)


def scaled(sweep: Any, data: tuple, out: Slot) -> None:
    """An array times a constant number."""
    g = out.bar
    if g is None:
        return
    out.bar = None
    ref, number = data
    give(sweep, ref, times(g, number, g) if out.owned else g * number)


def divided(sweep: Any, data: tuple, out: Slot) -> None:
    """An array over a constant number."""
    g = out.bar
    if g is None:
        return
    out.bar = None
    ref, number = data
    c = g / number
    give(sweep, ref, sweep.strong(g, c) if sweep.strict else c)


def negated(sweep: Any, ref: Any, out: Slot) -> None:
    """``-a``."""
    g = out.bar
    if g is None:
        return
    out.bar = None
    give(sweep, ref, np.negative(g, g) if out.owned else -g)


def powered(sweep: Any, data: tuple, out: Slot) -> None:
    """An array to the power of a constant number."""
    g = out.bar
    if g is None:
        return
    out.bar = None
    ref, n, kept = data
    x = kept[0]
    p = x * 2.0 if n == 2 else n * x ** (n - 1)
    give(sweep, ref, sweep.strong(g, g * p, p) if sweep.strict else times(p, g, p))


def mapped(sweep: Any, data: tuple, out: Slot) -> None:
    """An elementwise function of one array, by the partial derivative that its rule gives."""
    g = out.bar
    if g is None:
        return
    out.bar = None
    ref, partial, kept, kept_y = data
    y, x = None if kept_y is None else kept_y[0], None if kept is None else kept[0]
    p = partial(y, x)
    if sweep.strict:
        give(sweep, ref, sweep.strong(g, g * p, p))
    elif out.owned:
        give(sweep, ref, times(g, p, g))
    elif type(p) is ndarray and p is not x and p is not y and p.base is None and p.dtype == g.dtype and p.shape == g.shape:
        give(sweep, ref, times(p, g, p))
    else:
        give(sweep, ref, g * p)


def increased(sweep: Any, data: tuple, _: None) -> None:
    """``a += b`` or ``a -= b``, both arrays of one shape."""
    ref, b, negative = data
    g = sweep.readable(ref)
    if g is None:
        return
    if type(b) is Slot and b.bar is None:
        b.bar = -g if negative else g.copy()
        b.owned = True
    else:
        piece = sweep.writable(b)
        (minus if negative else plus)(piece, g, piece)


def rescaled(sweep: Any, data: tuple, _: None) -> None:
    """``a *= b`` or ``a /= b`` with a constant `b`, where nothing read the old values of `a`."""
    ref, b, divide = data
    if sweep.readable(ref) is None:
        return
    piece = sweep.writable(ref)
    c = over(piece, b[0]) if divide else times(piece, b[0])
    piece[...] = sweep.strong(piece, c) if sweep.strict else c


def read(sweep: Any, data: tuple, k: int) -> None:
    """``x = a[index]``, a number."""
    g = sweep.bars[k]
    if type(g) is float and g == 0.0:
        return
    ref, index = data
    piece = ref.bar if type(ref) is Slot and ref.owned and ref.bar is not None else sweep.writable(ref)
    piece[index] += g


def stored(sweep: Any, data: tuple, _: None) -> None:
    """``a[index] = x`` with a number (its index on the tape, None for a constant)."""
    ref, index, k = data
    if ref.slot.bar is None:
        return
    piece = sweep.writable(ref)
    if k is not None:
        sweep.bars[k] += piece[index]
    piece[index] = 0.0


def stored_array(sweep: Any, data: tuple, _: None) -> None:
    """``a[index] = b`` with an array of the shape of the piece."""
    ref, index, b = data
    if ref.slot.bar is None:
        return
    piece = sweep.writable(ref)[index]
    c = piece.copy()
    piece.fill(0.0)
    give(sweep, b, c)


def product(sweep: Any, data: tuple, out: Slot) -> None:
    """``a @ b`` of matrices, or of a matrix and a vector."""
    g = out.bar
    if g is None:
        return
    out.bar = None
    a, b, kept_b, kept_a = data
    if a is not None:
        x = kept_b[0]
        give(sweep, a, g @ x.T if x.ndim == 2 else g[:, None] * x)
    if b is not None:
        x = kept_a[0]
        give(sweep, b, x.T @ g if x.ndim == 2 else x[:, None] * g)


def inner(sweep: Any, data: tuple, k: int) -> None:
    """``a @ b`` of two vectors."""
    g = sweep.bars[k]
    if type(g) is float and g == 0.0:
        return
    a, b, kept_b, kept_a = data
    if a is not None:
        give(sweep, a, sweep.strong(g, g * kept_b[0], kept_b[0]))
    if b is not None:
        give(sweep, b, sweep.strong(g, g * kept_a[0], kept_a[0]))


def function_of_number(sweep: Any, data: tuple, k: int) -> None:
    """An elementwise function of a real number."""
    g = sweep.bars[k]
    if type(g) is float and g == 0.0:
        return
    i, partial, x, y = data
    p = steps.at_zero(partial, y, (x,))
    sweep.bars[i] += sweep.strong(g, g * p, p) if sweep.strict else g * p


# ---- the same through the hooks of the level that sweeps -----------------------------------------------------------


def _leaf(ref: Any, out: Slot) -> tuple | None:
    return None if ref is None else (ref, out.bar.shape, False)


def _sum(step: Any) -> Any:
    def general(sweep: Any, data: tuple, out: Slot) -> None:
        if out.bar is not None:
            step(sweep, (_leaf(data[0], out), _leaf(data[1], out)), out)

    return general


def _general_mul(sweep: Any, data: tuple, out: Slot) -> None:
    a, b, kept_b, kept_a = data
    if out.bar is not None:
        steps.mul(sweep, (_leaf(a, out), _leaf(b, out), kept_b, kept_a), out)


def _general_truediv(sweep: Any, data: tuple, out: Slot) -> None:
    if out.bar is None:
        return
    a, b, kept_b, kept_y = data
    la, lb = _leaf(a, out), _leaf(b, out)
    g = sweep.take(out)
    c = sweep.strong(g, sweep.truediv(g, kept_b[0]))
    if lb is not None:
        sweep.give_fresh(lb, sweep.strong(c, sweep.neg(sweep.mul(c, kept_y[0]))))
    if la is not None:
        sweep.give_fresh(la, c)


def _general_scaled(sweep: Any, data: tuple, out: Slot) -> None:
    if out.bar is not None:
        steps.mul(sweep, (_leaf(data[0], out), None, (data[1],), None), out)


def _general_divided(sweep: Any, data: tuple, out: Slot) -> None:
    if out.bar is not None:
        steps.truediv(sweep, (_leaf(data[0], out), None, (data[1],), None), out)


def _general_negated(sweep: Any, ref: Any, out: Slot) -> None:
    if out.bar is not None:
        leaf = _leaf(ref, out)
        sweep.give_fresh(leaf, sweep.neg(sweep.take(out)))


def _general_powered(sweep: Any, data: tuple, out: Slot) -> None:
    if out.bar is not None:
        ref, n, kept = data
        leaf = _leaf(ref, out)
        g = sweep.take(out)
        p = sweep.mul(n, sweep.lower.hooks["pow"](kept[0], n - 1))
        sweep.give_fresh(leaf, sweep.strong(g, sweep.mul(g, p), p))


def _general_mapped(sweep: Any, data: tuple, out: Slot) -> None:
    if out.bar is not None:
        ref, partial, kept, kept_y = data
        leaf = _leaf(ref, out)
        g = sweep.take(out)
        p = sweep.prepare(partial)(None if kept_y is None else kept_y[0], None if kept is None else kept[0])
        sweep.give_fresh(leaf, sweep.strong(g, sweep.mul(g, p), p))


def _general_increased(sweep: Any, data: tuple, _: None) -> None:
    ref, b, negative = data
    g = sweep.readable(ref)
    if g is not None:
        steps.increased(sweep, (ref, (b, g.shape, False), negative), None)


def _general_rescaled(sweep: Any, data: tuple, _: None) -> None:
    ref, b, divide = data
    g = sweep.readable(ref)
    if g is not None:
        c = sweep.strong(g, sweep.truediv(g, b[0]) if divide else sweep.mul(g, b[0]))
        sweep.setitem(c, sweep.writable(ref), Ellipsis)


def _general_stored(sweep: Any, data: tuple, _: None) -> None:
    ref, index, k = data
    steps.written(sweep, (ref, index, None if k is None else (k, (), False), None), None)


def _general_stored_array(sweep: Any, data: tuple, _: None) -> None:
    ref, index, b = data
    if ref.slot.bar is not None:
        piece = sweep.getitem(sweep.writable(ref), index)
        steps.written(sweep, (ref, index, (b, piece.shape, False), None), None)


def _general_product(sweep: Any, data: tuple, out: Slot) -> None:
    g = sweep.take(out)
    if g is None:
        return
    a, b, kept_b, kept_a = data
    matmul = sweep.lower.hooks["matmul"]
    if a is not None:
        x = kept_b[0]
        c = matmul(g, x.T) if x.ndim == 2 else sweep.mul(sweep.getitem(g, (slice(None), None)), x)
        sweep.give_fresh((a, c.shape, False), c)
    if b is not None:
        x = kept_a[0]
        c = matmul(x.T, g) if x.ndim == 2 else sweep.mul(sweep.getitem(x, (slice(None), None)), g)
        sweep.give_fresh((b, c.shape, False), c)


def _general_inner(sweep: Any, data: tuple, k: int) -> None:
    g = sweep.take(k)
    if g is None:
        return
    a, b, kept_b, kept_a = data
    for ref, kept in ((a, kept_b), (b, kept_a)):
        if ref is not None:
            sweep.give_fresh((ref, kept[0].shape, False), sweep.mul(g, kept[0]))


def _general_function(sweep: Any, data: tuple, k: int) -> None:
    g = sweep.take(k)
    if g is not None:
        i, partial, x, y = data
        sweep.give((i, (), False), sweep.strong(g, sweep.mul(g, steps.at_zero(sweep.prepare(partial), y, (x,)))))


GENERAL = {stored: _general_stored, stored_array: _general_stored_array, product: _general_product, inner: _general_inner,
           function_of_number: _general_function,
           add: _sum(steps.add), sub: _sum(steps.sub), mul: _general_mul, truediv: _general_truediv, scaled: _general_scaled,
           divided: _general_divided, negated: _general_negated, powered: _general_powered, mapped: _general_mapped,
           increased: _general_increased, rescaled: _general_rescaled, read: steps.read}
