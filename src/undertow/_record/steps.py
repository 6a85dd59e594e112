"""The steps of the reverse sweep: one function a kind of tape entry, ``step(sweep, data, out)``.

Each reads the cotangent of what the entry produced, hands cotangents to what it was made of, and undoes what it
overwrote.  All arithmetic goes through the hooks of the interpreter below, so that a sweep can itself be recorded.
"""

from __future__ import annotations

from sys import getrefcount
from typing import Any

import numpy as np
from numpy import ndarray

from ..rules._registry import unbroadcast
from . import refusal
from .memory import Slot, overlaps_itself, places

COMPLEX = (complex, np.complexfloating)
F8 = np.dtype(np.float64)


def frozen_index(index: Any) -> Any:
    """An index that later changes of the program cannot alter."""
    t = type(index)
    if t is int or t is slice or index is Ellipsis:
        return index
    if t is ndarray or t is list:
        return np.array(index, None if len(index) else np.intp, copy=True) if t is list else np.array(index, copy=True)
    if t is tuple:
        for i in index:
            if type(i) is ndarray or type(i) is list:
                return tuple(frozen_index(i) for i in index)
    return index


def has_arrays(index: Any) -> bool:
    """Whether an index is fancy: its places may repeat."""
    if type(index) is tuple:
        return any(map(has_arrays, index))
    return isinstance(index, ndarray) and index.dtype != bool and index.size > 1


# ---- scalars and items -----------------------------------------------------------------------------------------


def complex_scalar(sweep: Any, data: tuple, out: int) -> None:
    """A number that depends on complex numbers, or is complex."""
    g = sweep.take(out)
    if g is None:
        return
    bars = sweep.bars
    for i, p, is_complex in data:
        c = sweep.mul(g, p.conjugate() if isinstance(p, COMPLEX) else p)
        bars[i] = sweep.add(bars[i], c if is_complex or not isinstance(c, COMPLEX) else c.real)


def read(sweep: Any, data: tuple, k: int) -> None:
    """``x = a[index]``, a number."""
    g = sweep.take(k)
    if g is None:
        return
    ref, index = data
    piece = sweep.writable(ref)
    sweep.setitem(sweep.add(sweep.getitem(piece, index), g), piece, index)


def gathered(sweep: Any, data: tuple, out: Any) -> None:
    """``y = a[index]``, a copy: masks and fancy indices."""
    g = sweep.take(out)
    if g is None:
        return
    ref, index = data
    piece = sweep.writable(ref)
    if has_arrays(index) or overlaps_itself(piece):
        sweep.call(np.add.at, piece, index, g)
    else:
        sweep.setitem(sweep.add(sweep.getitem(piece, index), g), piece, index)


def written(sweep: Any, data: tuple, _: None) -> None:
    """``a[index] = value``."""
    ref, index, leaf, undo = data
    piece = sweep.readable(ref)
    if piece is not None:
        piece = sweep.writable(ref)
        if leaf is not None:
            g = sweep.getitem(piece, index)
            if isinstance(g, ndarray):
                g = sweep.lower.copy(g)
                if has_arrays(index):
                    g = sweep.mul(g, last_writes(index, piece.shape))
                elif overlaps_itself(piece):
                    g = sweep.mul(g, last_places(piece[index]))
            sweep.setitem(0.0, piece, index)
            _give_broadcast(sweep, leaf, g)
        else:
            sweep.setitem(0.0, piece, index)
    if undo is not None:
        cell, old = undo
        sweep.setitem(old, cell[0], index)


def last_writes(index: Any, shape: tuple) -> ndarray:
    """1 where a fancy assignment's value is the last one written to its place, else 0."""
    n = int(np.prod(shape))
    places = np.arange(n).reshape(shape)[index]
    last = np.empty(n, np.intp)
    order = np.arange(places.size).reshape(places.shape)
    last[places] = order
    return (last[places] == order).astype(float)


def last_places(piece: ndarray) -> ndarray:
    """1 where an element of a view that overlaps itself is the last one at its address, else 0."""
    flat = np.zeros(1, piece.dtype)
    address = places(piece, flat)
    _, last = np.unique(address.ravel()[::-1], return_index=True)
    mask = np.zeros(address.size)
    mask[address.size - 1 - last] = 1.0
    return mask.reshape(piece.shape)


def undone(sweep: Any, data: tuple, _: None) -> None:
    """Constant memory that was overwritten after it had been read."""
    cell, index, old = data
    sweep.setitem(old, cell[0], index)


def activated(sweep: Any, slot: Slot, _: None) -> None:
    """Before this point the memory was constant."""
    slot.bar = None


def increased(sweep: Any, data: tuple, _: None) -> None:
    """``a += b`` or ``a -= b``."""
    ref, leaf, negative = data
    g = sweep.readable(ref)
    if g is None:
        return
    if negative:
        _give_broadcast(sweep, leaf, sweep.neg(g))
    else:
        _give_broadcast(sweep, leaf, sweep.lower.copy(g) if isinstance(g, ndarray) else g)


def copied(sweep: Any, leaf: tuple, out: Any) -> None:
    """A copy, perhaps of another dtype or with axes of length one added."""
    g = sweep.take(out)
    if g is None:
        return
    if np.shape(g) != leaf[1]:
        g = sweep.call(np.reshape, g, leaf[1])
    sweep.give(leaf, g)


def assembled(sweep: Any, pieces: tuple, out: Any) -> None:
    """An array of numbers and arrays."""
    g = sweep.take(out)
    if g is None:
        return
    flat = sweep.call(np.ravel, g)
    for start, stop, leaf in pieces:
        if stop - start == 1 and leaf[1] == ():
            sweep.give(leaf, sweep.getitem(flat, start))
        else:
            sweep.give(leaf, sweep.call(np.reshape, sweep.getitem(flat, slice(start, stop)), leaf[1]))


# ---- arithmetic ------------------------------------------------------------------------------------------------


def _give_broadcast(sweep: Any, leaf: tuple, c: Any, fresh: bool = False) -> None:
    shape = leaf[1]
    if isinstance(c, ndarray):
        if c.shape != shape:
            c = sweep.unbroadcast(c, shape)
    elif shape != ():
        c, fresh = sweep.call(np.broadcast_to, c, shape), False
    sweep.give(leaf, c, fresh)


def add(sweep: Any, data: tuple, out: Slot) -> None:
    """``a + b``."""
    g = sweep.take(out)
    if g is None:
        return
    la, lb = data
    if la is not None:
        _give_broadcast(sweep, la, g)
    if lb is not None:
        _give_broadcast(sweep, lb, g)


def sub(sweep: Any, data: tuple, out: Slot) -> None:
    """``a - b``."""
    g = sweep.take(out)
    if g is None:
        return
    la, lb = data
    if la is not None:
        _give_broadcast(sweep, la, g)
    if lb is not None:
        _give_broadcast(sweep, lb, sweep.neg(g))


def mul(sweep: Any, data: tuple, out: Slot) -> None:
    """``a * b``."""
    g = sweep.take(out)
    if g is None:
        return
    la, lb, b, a = data
    if la is not None:
        sweep.give_fresh(la, sweep.strong(g, sweep.mul(g, b[0]), b[0]))
    if lb is not None:
        sweep.give_fresh(lb, sweep.strong(g, sweep.mul(g, a[0]), a[0]))


def truediv(sweep: Any, data: tuple, out: Slot) -> None:
    """``a / b``."""
    g = sweep.take(out)
    if g is None:
        return
    la, lb, b, a = data
    c = sweep.strong(g, sweep.truediv(g, b[0]))
    if lb is not None:
        sweep.give_fresh(lb, sweep.strong(c, sweep.neg(sweep.truediv(sweep.mul(c, a[0]), b[0]))))
    if la is not None:
        sweep.give_fresh(la, c)


ARITHMETIC = {"add": add, "sub": sub, "mul": mul, "truediv": truediv}


# ---- rules ----------------------------------------------------------------------------------------------------


def elementwise(sweep: Any, data: tuple, out: Any) -> None:
    """An elementwise rule."""
    g = sweep.take_all(out)
    if g is None:
        return
    rule, leaves, saved, kept_y, mask = data
    args = [None if cell is None else cell[0] for cell in saved]
    y = kept_y[0] if kept_y is not None else None
    if mask is not None:
        g = sweep.call(np.where, mask, g, 0.0)
    for i, leaf in leaves:
        p = at_zero(sweep.prepare(rule.partials[i]), y, args)
        if rule.nout > 1:
            c = None
            for gk, pk in zip(g, p, strict=True):
                if gk is not None and pk is not None:
                    term = sweep.strong(gk, sweep.mul(gk, sweep.conjugate(pk)))
                    c = term if c is None else sweep.add(c, term)
            if c is None:
                continue
        elif type(p) is float and p == 1.0:
            c = g
        elif (type(p) is ndarray and not sweep.strict and p.base is None and p.dtype is F8 and type(g) is ndarray
              and g.dtype is F8 and p.shape == g.shape and getrefcount(p) <= ALONE):
            c = np.multiply(p, g, p)  # nobody else holds the partial derivative
        else:
            c = sweep.strong(g, sweep.mul(g, sweep.conjugate(p)), p)
        _give_broadcast(sweep, leaf, c, c is not g)


def at_zero(partial: Any, y: Any, args: Any) -> Any:
    """A partial derivative; where Python's numbers would raise, as NumPy's, which divide by zero."""
    try:
        return partial(y, *args)
    except ZeroDivisionError:
        return partial(y, *(np.float64(a) if type(a) in (int, float) else np.complex128(a) if type(a) is complex else a
                            for a in args))


def explicit(sweep: Any, data: tuple, out: Any) -> None:
    """An explicit or linear rule."""
    g = sweep.take_all(out)
    if g is None:
        return
    rule, leaves, saved, residuals = data
    args = [cell[0] if cell is not None else [c[0] for c in saved.sequences[i]] for i, cell in enumerate(saved.args)]
    kwargs = {k: cell[0] for k, cell in saved.kwargs.items()}
    y = saved.y
    if type(y) is tuple:
        kind, cells = y
        values = [c[0] for c in cells]
        y = kind(*values) if hasattr(kind, "_fields") else kind(values)
    elif y is not None:
        y = y[0]
    if isinstance(out, list):
        g = tuple(g) if rule.absent else sweep.full(out, g, y)
    results = sweep.pull(rule, y, g, args, kwargs, leaves, residuals)
    if len(results) != len(leaves):
        raise sweep.refuse(refusal.rule_error(None, rule.function, f"returned {len(results)} cotangents for {len(leaves)}"))
    for k, leaf in enumerate(leaves):
        c = results[k]
        if leaf is None or c is None:
            continue
        if isinstance(leaf, list):
            for one, part in zip(leaf, c, strict=True):
                if one is not None and part is not None:
                    _give_exact(sweep, rule, one, part)
        else:
            fresh = type(c) is ndarray and c.base is None and getrefcount(c) <= FRESH
            _give_exact(sweep, rule, leaf, c, fresh)


def _references() -> tuple[int, int]:
    """How often an array that only a variable holds is counted, and one that a tuple of results holds too."""
    c = np.empty(1)
    alone = getrefcount(c)
    results = (np.empty(1),)
    k = 0
    c = results[k]
    return alone, getrefcount(c)


ALONE, FRESH = _references()


def _give_exact(sweep: Any, rule: Any, leaf: tuple, c: Any, fresh: bool = False) -> None:
    shape = c.shape if isinstance(c, ndarray) else np.shape(c)
    if shape != leaf[1]:
        raise sweep.refuse(refusal.rule_error(None, rule.function,
                                              f"returned a cotangent of shape {shape} for an argument of shape {leaf[1]}"))
    sweep.give(leaf, c, fresh)


__all__ = ["ARITHMETIC", "frozen_index", "unbroadcast"]
