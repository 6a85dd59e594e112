"""The reverse sweep: reads a tape backwards, asks rules for cotangents, undoes writes.

All arithmetic goes through the interpreter below the one that recorded, so that a sweep can itself be recorded: that
is how derivatives nest.
"""

from __future__ import annotations

import cmath
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from ..rules._registry import RULES, unbroadcast as _unbroadcast
from .memory import TRANSPOSED, Slot, View, cut, owner_of, places, zeros_like_slot
from .quick_steps import GENERAL


class Sweep:
    """One traversal of the tape of `interpreter`.

    Attributes
    ----------
    bars : list
        Cotangents of the scalars, by index.
    strict : bool
        Whether each product with a zero cotangent is checked to be zero.  Where it is not, such products (``0 * inf``)
        show as results that are not finite, and the sweep is to be repeated strictly.
    """

    def __init__(self, interpreter: Any, lower: Any = None, strict: bool = True) -> None:
        self.interpreter = interpreter
        self.strict = strict
        self.lower = lower = lower or interpreter.lower
        hooks = lower.hooks
        self.add, self.mul, self.neg, self.truediv = hooks["add"], hooks["mul"], hooks["neg"], hooks["truediv"]
        self.getitem, self.setitem, self.increase = hooks["getitem"], hooks["setitem"], hooks["iadd"]
        self.call, self.prepare = lower.call, lower.prepare
        self.bars: list[Any] = [0.0] * interpreter.next_index()

    def run(self) -> None:
        """Read the tape backwards."""
        bars = self.bars
        general, strict = GENERAL if self.lower.level else {}, self.strict
        for entry in reversed(self.interpreter.tape):
            k = entry[0]
            if type(k) is not int:
                if general:
                    k = general.get(k, k)
                k(self, entry[1], entry[2])
                continue
            g = bars[k]
            if type(g) is float and g == 0.0:
                continue
            bars[entry[1]] += g * entry[2] if not strict else self.strong(g, g * entry[2], entry[2])
            if len(entry) == 5:
                bars[entry[3]] += g * entry[4] if not strict else self.strong(g, g * entry[4], entry[4])

    # ---- cotangents of results ----

    def take(self, out: Any) -> Any:
        """The cotangent of what an entry produced, None for zero; it is complete when the entry is reached."""
        if type(out) is int:
            g = self.bars[out]
            return None if type(g) is float and g == 0.0 else g
        if type(out) is Slot:
            g, out.bar = out.bar, None
            return g
        g = self.readable(out)
        if g is None:
            return None
        if not self.lower.level and not out.overlaps and g.nbytes == out.slot.bar.nbytes:
            out.slot.bar = None  # all of the memory was made here
            return g
        g = self.once(out) if out.overlaps else self.lower.copy(g)
        self.setitem(0.0, self.writable(out), Ellipsis)
        return g

    def once(self, out: Any) -> Any:
        """The cotangent of a view that overlaps itself: each place of its memory counts where it stands first."""
        piece, flat = self.writable(out), out.slot.bar.ravel(order="K")
        where, first = np.unique(np.ravel(places(piece, flat)), return_index=True)
        g = np.zeros(piece.size, piece.dtype)
        self.setitem(self.getitem(flat, where), g, first)
        return self.call(np.reshape, g, piece.shape)

    def take_all(self, out: Any) -> Any:
        """The cotangents of one or several results; None if all are zero."""
        if not isinstance(out, list):
            return None if out is None else self.take(out)
        found = [self.take_all(o) for o in out]
        return None if all(g is None for g in found) else found

    def full(self, out: list, found: list, y: Any) -> tuple:
        """Cotangents of several results with zeros written out."""
        return tuple(self.zeros(o, None if y is None else y[i]) if g is None else g
                     for i, (o, g) in enumerate(zip(out, found, strict=True)))

    def zeros(self, out: Any, y: Any) -> Any:
        """A zero cotangent of a result."""
        if isinstance(y, ndarray):
            return np.zeros_like(y)
        if out is None or type(out) is int:
            return 0.0
        slot = out.slot
        return zeros_like_slot(slot) if out is slot else np.zeros(out.shape, out.dtype)

    # ---- shadows ----

    def readable(self, ref: Any) -> Any:
        """The piece of the shadow that `ref` describes, to be read; None for zero."""
        slot = ref.slot
        if slot.bar is None:
            return None
        return slot.bar if ref is slot else self.writable(ref)

    def writable(self, ref: Any) -> Any:
        """The piece of the shadow that `ref` describes, to be changed in place."""
        if type(ref) is Slot:
            if ref.bar is None:
                ref.bar = zeros_like_slot(ref)
            elif not ref.owned:
                bar, ref.bar = ref.bar, zeros_like_slot(ref)
                self.setitem(bar, ref.bar, Ellipsis)
            ref.owned = True
            return ref.bar
        if type(ref) is View:
            parent = self.writable(ref.parent)
            return parent.T if ref.index is TRANSPOSED else self.getitem(parent, ref.index)
        self.writable(ref.slot)
        return cut(self.laid_out(ref.slot), ref)

    def laid_out(self, slot: Slot) -> Any:
        """The shadow of a slot in the layout of its owner: sums and results of rules may come in another one."""
        bar, owner = slot.bar, slot.owner
        strides = owner.strides if isinstance(owner, ndarray) else slot.strides if owner is None else bar.strides
        if bar.strides != strides:
            slot.bar = zeros_like_slot(slot)
            self.setitem(bar, slot.bar, Ellipsis)
        return slot.bar

    def give(self, leaf: tuple, c: Any, fresh: bool = False) -> None:
        """Add the cotangent `c` to what `leaf` describes; its shape is that of the leaf."""
        ref, _, is_complex = leaf
        if type(c) is ndarray:
            if not is_complex and c.dtype.kind == "c":
                c = self.call(np.real, c)
        elif not is_complex and np.iscomplexobj(c):
            c = self.call(np.real, c) if isinstance(c, ndarray) else c.real
        if type(ref) is int:
            if isinstance(c, ndarray):
                c = self.getitem(c, ())
            self.bars[ref] = self.add(self.bars[ref], c)
        elif type(ref) is not Slot and overlapping(ref):
            piece = self.writable(ref)
            flat = ref.slot.bar.ravel(order="K")
            self.call(np.add.at, flat, places(piece, flat), c)
        elif type(ref) is not Slot or ref.owned and ref.bar is not None:
            first = ref.slot.bar is None
            piece = self.writable(ref)
            if self.lower.level:
                self.setitem(self.add(piece, c), piece, Ellipsis)
            elif first:
                piece[...] = c
            else:
                self.increase(piece, c)
        elif ref.bar is None and isinstance(c, ndarray) and c.dtype == dtype_of(ref):
            ref.bar, ref.owned = c, fresh and not self.lower.level
        elif not self.lower.level and type(c) is type(ref.bar) is ndarray and c.dtype == ref.bar.dtype:
            ref.bar, ref.owned = ref.bar + c, True
        else:
            piece = self.writable(ref)
            self.setitem(self.add(piece, c), piece, Ellipsis)

    def give_fresh(self, leaf: tuple, c: Any) -> None:
        """Add the cotangent `c`, which nothing else holds, summed over the axes that were broadcast."""
        shape = leaf[1]
        fresh = isinstance(c, ndarray)
        if fresh:
            if c.shape != shape:
                c = self.unbroadcast(c, shape)
        elif shape != ():
            c = self.call(np.broadcast_to, c, shape)
        self.give(leaf, c, fresh)

    # ---- arithmetic ----

    def unbroadcast(self, c: Any, shape: tuple) -> Any:
        """Sum over the axes along which a value of `shape` was broadcast."""
        return self.prepare(_unbroadcast)(c, shape)

    def conjugate(self, p: Any) -> Any:
        """The conjugate of a partial derivative."""
        return self.call(np.conjugate, p) if np.iscomplexobj(p) else p

    def strong(self, g: Any, c: Any, p: Any = None) -> Any:
        """`c`, but zero where it is not finite and the cotangent `g` that it is a multiple of, or the partial `p`, is zero.

        Finite zeros are left alone: they may carry derivatives of the level below.
        """
        if not self.strict:
            return c
        if isinstance(c, ndarray):
            if finite(c):
                return c
            zero = g == 0
            zero = zero if p is None else zero | np.equal(p, 0)
            return self.call(np.where, zero & ~np.isfinite(c), 0.0, c)
        if not isinstance(g, ndarray) and not np.isfinite(complex(c)) and (
                g == 0 or p is not None and not isinstance(p, ndarray) and p == 0):
            return 0.0
        return c

    def pull(self, rule: Any, y: Any, g: Any, args: list, kwargs: dict, leaves: list, residuals: Any) -> tuple:
        """Cotangents of the arguments by an explicit or linear rule, in the order of its `argnums`."""
        if rule.pull is None:
            return self.transposed(rule, y, g, args, kwargs, leaves)
        extra = {}
        if rule.wants:
            if "active" in rule.wants:
                extra["active"] = tuple([leaf is not None for leaf in leaves])
            if "residuals" in rule.wants:
                extra["residuals"] = residuals
        body = self.prepare(rule.pull)

        def pulled(g: Any) -> tuple:
            found = body(g, *args, **kwargs) if rule.kind == "linear" else body(y, g, *args, **kwargs, **extra)
            return found if isinstance(found, tuple) else (found,)

        found = pulled(g)
        if self.strict and not isinstance(g, tuple) and not finite(g):
            return self.strongly(g, found, pulled)
        return found

    def strongly(self, g: Any, found: tuple, pulled: Callable[[Any], tuple]) -> tuple:
        """Cotangents of a linear map without what infinite cotangents give where its partials are zero."""
        wild = ~np.isfinite(g)
        calm = pulled(self.call(np.where, wild, 0.0, g))
        partials = pulled(np.where(wild, 1.0, 0.0) if isinstance(g, ndarray) else 1.0)

        def one(c: Any, calm: Any, p: Any) -> Any:
            if isinstance(c, (list, tuple)):
                return [one(*parts) for parts in zip(c, calm, p, strict=True)]
            return c if c is None else self.call(np.where, np.equal(p, 0), calm, c)

        return tuple(one(*parts) for parts in zip(found, calm, partials, strict=True))

    def transposed(self, rule: Any, y: Any, g: Any, args: list, kwargs: dict, leaves: list) -> tuple:
        """The pullback of a rule that gives its pushforward alone: the transpose of a linear map."""
        from .interpreter import acquire, release
        from .reverse import ReverseInterpreter

        interpreter = acquire(ReverseInterpreter, self.lower)
        tangents: list[Any] = []
        slots = []
        for leaf in leaves:
            tangents.append(None)
            if leaf is not None:
                tangents[-1] = np.zeros(leaf[1], complex if leaf[2] else float)
                slots.append(interpreter.memory.register(tangents[-1], True))
        y_dot = interpreter.prepare(rule.push)(y, tuple(tangents), *args, **kwargs)
        sweep = Sweep(interpreter)
        for one, bar in zip(y_dot, g, strict=True) if isinstance(y_dot, tuple) else [(y_dot, g)]:
            end = interpreter.leaf(one)
            if end is not None:
                sweep.give(end, bar)
        sweep.run()
        found = iter([s.bar for s in slots])
        results = tuple(None if leaf is None else next(found) for leaf in leaves)
        release(interpreter)
        return results

    def refuse(self, error: BaseException) -> BaseException:
        """Remember a refusal."""
        return self.interpreter.refuse(error)


def finite(x: Any) -> bool:
    """Whether all of a number or an array is finite."""
    if type(x) is float:
        return x - x == 0.0
    if isinstance(x, ndarray):
        if x.dtype == np.float64 and x.ndim:
            flat = x.ravel(order="K")
            square = flat.dot(flat)  # one pass without a temporary; may overflow, then look closely
            if square - square == 0.0:
                return True
        return bool(np.isfinite(x).all())
    return cmath.isfinite(x)  # of numbers that are active in an outer derivative too


def overlapping(ref: Any) -> bool:
    """Whether a reference is a piece of a view that overlaps itself."""
    return ref.overlaps


def dtype_of(slot: Slot) -> Any:
    """dtype of the elements of a slot."""
    return slot.owner.dtype if isinstance(slot.owner, ndarray) else getattr(slot, "dtype", None)


__all__ = ["RULES", "Sweep", "owner_of"]
