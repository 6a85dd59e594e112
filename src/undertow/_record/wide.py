"""Several directions in one run: the program is run once, every tangent has a leading axis, one place a direction.

A forward run of its own for each direction repeats the program; here its control flow, its primals and the hooks are
paid for once.  Elementwise rules, indexing, sums and matrix products work on all directions together; other rules are
asked once a direction.  What does not fit (`Narrow`) is no error: the directions are then run one after the other.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy import ndarray
from numpy.lib.stride_tricks import as_strided

from .._errors import UndertowError
from .forward import ForwardInterpreter
from .memory import TRANSPOSED, Slot, View, cut, zeros_like_slot
from .scalars import COMPLEX_BASES

BASIC = (int, slice, type(None), type(Ellipsis), np.integer)


class Narrow(BaseException):
    """Something in the run takes one direction only.  (No `Exception`: the program must not catch it.)"""


def narrow(method: Any) -> Any:
    """Whatever goes wrong in a method about tangents is no error of the program."""

    @functools.wraps(method)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except UndertowError:
            raise
        except Exception as error:
            self.narrowed = True  # the program may swallow what is raised here
            raise Narrow from error

    return guarded


class WideInterpreter(ForwardInterpreter):
    """Propagates `width` directions above plain Python."""

    one = False
    width = 1
    narrowed = False

    # ---- numbers ----

    def scalar(self, cls: Any, v: Any, k: Any) -> Any:
        """The active number of the tangents `k`, which no write to memory changes."""
        return super().scalar(cls, v, k.copy() if type(k) is ndarray and k.base is not None else k)

    @narrow
    def product(self, dot: Any, p: Any, cls: Any) -> Any:
        """Tangents times partial: strong zero, real where the result is real."""
        if type(dot) is not ndarray and dot == 0:
            return 0.0
        t = dot * p
        if type(t) is ndarray and not np.isfinite(t).all():
            t = np.where((dot == 0) | (p == 0), 0.0, t)
        return t.real if np.iscomplexobj(t) and cls.stands_for not in COMPLEX_BASES else t

    @narrow
    def add(self, s: Any, t: Any) -> Any:
        return s + t

    def emit2(self, v: Any, a: Any, p: Any, b: Any, q: Any) -> Any:
        """A number `v` that depends on `a` and `b`."""
        cls = self.scalars.wrap.get(type(v))
        if cls is None:
            return v
        return self.scalar(cls, v, self.add(self.product(a.mark, p, cls), self.product(b.mark, q, cls)))

    # ---- shadows ----

    def zeros(self, slot: Slot) -> Any:  # type: ignore[override]
        """A zero shadow: for each direction, the layout of the owner."""
        like = zeros_like_slot(slot)
        if like.flags.c_contiguous:
            return np.zeros((self.width, *like.shape), like.dtype)
        memory = np.zeros(self.width * like.size, like.dtype)
        return as_strided(memory, (self.width, *like.shape), (like.nbytes, *like.strides))

    @narrow
    def shadow(self, ref: Any) -> Any:
        """The piece of the tangent memory that `ref` describes."""
        if type(ref) is Slot:
            return ref.bar
        if type(ref) is View:
            parent = self.shadow(ref.parent)
            if ref.index is TRANSPOSED:
                return parent.transpose(0, *range(parent.ndim - 1, 0, -1))
            return self.get(parent, ref.index)
        first = cut(ref.slot.bar[0, ...], ref)
        if not first.size:
            return np.empty((self.width, *first.shape), first.dtype)
        return as_strided(first, (self.width, *first.shape), (ref.slot.bar.strides[0], *first.strides))

    @narrow
    def get(self, shadow: Any, index: Any) -> Any:
        """``shadow[index]`` for all directions."""
        if type(index) is str:
            return shadow[index]
        if basic(index):
            return shadow[(slice(None), *index) if type(index) is tuple else (slice(None), index)]
        if isinstance(index, (ndarray, list)):
            return shadow[:, np.asarray(index)]
        return np.stack([shadow[k, ...][index] for k in range(self.width)])

    @narrow
    def put(self, dot: Any, shadow: Any, index: Any) -> None:
        """``shadow[index] = dot`` for all directions."""
        if type(dot) is not ndarray or dot.ndim == 0:
            dot = np.full(self.width, dot)
        if basic(index) or type(index) is str:
            whole = index if type(index) is tuple else (index,)
            if not any(i is Ellipsis for i in whole):
                whole = (*whole, Ellipsis)
            region = shadow[index] if type(index) is str else shadow[(slice(None), *whole)]
            region[...] = aligned(dot, region.ndim - 1)
            return
        for k, d in enumerate(dot):
            shadow[k, ...][index] = d

    # ---- results ----

    def fresh(self, y: ndarray, dot: Any, own: bool = False) -> None:
        """Register a fresh result with its tangents."""
        slot = self.memory.register(y, True)
        slot.owned = True
        if type(dot) is ndarray and own and y.base is None and y.flags.c_contiguous and dot.flags.c_contiguous \
                and dot.base is None and dot.dtype == y.dtype and dot.shape == (self.width, *y.shape):
            slot.bar = dot
            return
        slot.bar = self.zeros(slot)
        if dot is not None:
            if y.dtype.kind != "c" and np.iscomplexobj(dot):
                dot = np.real(dot)
            self.put(dot, self.shadow(slot if y is slot.owner else self.memory.reference(y, slot)), Ellipsis)

    def output(self, y: Any, dot: Any, own: bool = False) -> Any:
        """A result as the program sees it."""
        if isinstance(y, ndarray):
            if y.dtype.kind in "fc":
                self.fresh(y, dot, own)
            return y
        cls = self.scalars.wrap.get(type(y))
        if cls is not None:
            return self.scalar(cls, y, self.of_number(dot, cls))
        if isinstance(y, (tuple, list)):
            dots = [None] * len(y) if dot is None else dot
            values = [self.output(v, d) for v, d in zip(y, dots, strict=True)]
            return type(y)(*values) if hasattr(type(y), "_fields") else type(y)(values)
        return y

    @narrow
    def of_number(self, dot: Any, cls: Any) -> Any:
        """Tangents of a number: one axis."""
        if dot is None:
            return 0.0
        dot = np.reshape(dot, self.width) if np.ndim(dot) else dot
        return dot.real if cls.stands_for not in COMPLEX_BASES and np.iscomplexobj(dot) else dot

    @narrow
    def record_copy(self, x: ndarray, y: ndarray) -> None:
        """`y` holds the elements of the active array `x`."""
        self.fresh(y, np.reshape(self.leaf(x)[0], (self.width, *y.shape)))  # type: ignore[index]

    @narrow
    def record_assembly(self, flat: list, y: ndarray) -> None:
        """`y` holds the elements of the leaves, one after the other."""
        dots = np.zeros((self.width, y.size), y.dtype)
        start = 0
        for v in flat:
            size = v.size if isinstance(v, ndarray) else 1
            found = self.leaf(v)
            if found is not None:
                dots[:, start:start + size] = np.reshape(found[0], (-1, size)) if np.ndim(found[0]) else found[0]
            start += size
        self.fresh(y, np.reshape(dots, (self.width, *y.shape)))

    @narrow
    def reshaped(self, old_slot: Slot, new_slot: Slot, old: ndarray, new: ndarray) -> None:
        """The shape of an array was assigned."""
        new_slot.bar, new_slot.owned = self.zeros(new_slot), True
        new_slot.bar[...] = np.reshape(old_slot.bar, (self.width, *new.shape))

    # ---- primitives ----

    @narrow
    def record_elementwise(self, rule: Any, args: tuple, kwargs: dict, leaves: list, y: Any, mask: Any) -> Any:
        """Tangents of an elementwise function: the dimensions of the operands are aligned behind the directions."""
        ndim = np.ndim(y[0] if rule.nout > 1 else y)
        leaves = [(i, (aligned(leaf[0], ndim), *leaf[1:])) for i, leaf in leaves]
        return super().record_elementwise(rule, args, kwargs, leaves, y, mask)

    def term(self, dot: Any, p: Any) -> Any:
        """Tangents times one partial, zero where one of them is."""
        if p is None:
            return 0.0
        t = dot * p
        return t if np.isfinite(t).all() else np.where((dot == 0) | (p == 0), 0.0, t)

    @narrow
    def pushed(self, rule: Any, bound: Any, y: Any, dots: tuple, plain: list, kwargs: dict, residuals: Any) -> Any:
        """Tangents of a result: together where that is known, else one direction after the other."""
        together = TOGETHER.get(rule.function)
        if together is not None:
            found = together(self.width, y, dots, plain, kwargs)
            if found is not None:
                return found
        each = [super(WideInterpreter, self).pushed(rule, bound, y, tuple(direction(d, k) for d in dots), plain, kwargs,
                                                    residuals) for k in range(self.width)]
        return stacked(each, y)

    def tangent(self, leaf: Any, x: Any) -> Any:
        """The tangents of an argument; zeros beside active members of a sequence."""
        if isinstance(leaf, list):
            return [np.zeros((self.width, *np.shape(v)), np.result_type(v, 0.0)) if one is None else one[0]
                    for one, v in zip(leaf, x, strict=True)]
        return None if leaf is None else leaf[0]


def basic(index: Any) -> bool:
    """Whether an index takes no copy."""
    return all(isinstance(i, BASIC) and type(i) is not bool for i in index) if type(index) is tuple else (
        isinstance(index, BASIC) and type(index) is not bool)


def aligned(dot: Any, ndim: int) -> Any:
    """Tangents with room for the axes by which an operand of `ndim` dimensions has more."""
    if type(dot) is not ndarray or dot.ndim > ndim:
        return dot
    return dot.reshape(dot.shape[0], *(1,) * (ndim + 1 - dot.ndim), *dot.shape[1:])


def direction(dots: Any, k: int) -> Any:
    """One direction of the tangents of an argument."""
    if isinstance(dots, list):
        return [direction(d, k) for d in dots]
    return dots[k] if type(dots) is ndarray and dots.ndim else dots


def stacked(each: list, y: Any) -> Any:
    """Tangents of a result from those of each direction."""
    if all(d is None for d in each):
        return None
    if isinstance(y, (tuple, list)):
        return [stacked([None if d is None else d[i] for d in each], v) for i, v in enumerate(y)]
    return np.stack([np.broadcast_to(0.0 if d is None else d, np.shape(y)) for d in each])


def product(width: int, y: Any, dots: tuple, plain: list, kwargs: dict) -> Any:
    """Matrix products of arrays of one and two dimensions."""
    if len(plain) != 2 or kwargs or not all(isinstance(v, ndarray) and 1 <= v.ndim <= 2 for v in plain):
        return None
    (a, b), (da, db) = plain, dots
    total = None if da is None else np.matmul(da, b)
    if db is not None:
        other = np.matmul(a, db) if b.ndim == 2 else np.matmul(a, db[..., None])[..., 0] if a.ndim == 2 else np.matmul(db, a)
        total = other if total is None else total + other
    return total


def total(width: int, y: Any, dots: tuple, plain: list, kwargs: dict) -> Any:
    """Sums over some axes or all."""
    if len(plain) > 2 or kwargs.keys() - {"axis"} or len(plain) > 1 and "axis" in kwargs or dots[0] is None or any(
            d is not None for d in dots[1:]) or dots[0].dtype != np.float64:
        return None
    axis = kwargs.get("axis", plain[1] if len(plain) > 1 else None)
    ndim = np.ndim(plain[0])
    axes = range(ndim) if axis is None else axis if type(axis) is tuple else (axis,)
    return np.sum(dots[0], axis=tuple(a % ndim + 1 for a in axes)) if ndim else None


TOGETHER = {np.matmul: product, np.dot: product, ndarray.dot: product, np.sum: total, ndarray.sum: total}


__all__ = ["Narrow", "WideInterpreter"]
