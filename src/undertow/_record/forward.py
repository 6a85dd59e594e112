"""The forward interpreter: runs the program and carries a tangent with every value.

An active number holds its tangent as its mark.  The shadow of a buffer is its tangent, laid out as the buffer, always
present and always its own memory; writes go to both, so nothing is ever undone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray

from .. import rules
from ..rules._registry import RULES, unbroadcast
from . import binding, elements, hooks as hook_module, quick_forward, remembered
from .arrays import write_out
from .interpreter import UFUNC_OF, Interpreter, acquire, release
from .memory import TRANSPOSED, Slot, View, cut, owner_of, zeros_like_slot
from .scalars import COMPLEX_BASES, NUMBERS
from .sequences import listed
from .steps import at_zero


def bare(x: Any) -> Any:
    """`x`, an array of a subclass as an ordinary one: tangents have neither units nor masks."""
    return x.view(ndarray) if isinstance(x, ndarray) and type(x) is not ndarray else x


class ForwardInterpreter(Interpreter):
    """Propagates one direction."""

    mode = "forward"
    one = True  # whether tangents have the shape of their primals

    def __init__(self, lower: Any) -> None:
        self.caches: dict[Any, dict] = {}
        rules.load()
        super().__init__(lower)
        if lower.level == 0 and self.one:
            self.hooks.update(quick_forward.hooks(self, *hook_module.general_ways(self)))

    def short_cut(self, rule: Any, primitive: Any) -> Any:
        """Elementwise functions of one argument."""
        one = rule.kind == "elementwise" and len(rule.partials) == 1 and rule.nout == 1
        return quick_forward.unary(self, rule, rule.function, primitive) if one and self.level == 1 and self.one else None

    def reset(self) -> None:
        """Forget the run."""
        self.caches.clear()
        self.tables.clear()
        self.missed[:] = [entry for entry in self.missed if entry[-1] is not self]

    # ---- scalars ----

    def scalar_methods(self, base: type) -> dict:
        return {}

    def emit1(self, v: Any, a: Any, p: Any) -> Any:
        """A number `v` that depends on `a` with partial `p`."""
        cls = self.scalars.wrap.get(type(v))
        return v if cls is None else self.scalar(cls, v, self.product(a.mark, p, cls))

    def emit2(self, v: Any, a: Any, p: Any, b: Any, q: Any) -> Any:
        """A number `v` that depends on `a` and `b`."""
        cls = self.scalars.wrap.get(type(v))
        if cls is None:
            return v
        add = self.lower.hooks["add"]
        return self.scalar(cls, v, add(self.product(a.mark, p, cls), self.product(b.mark, q, cls)))

    def product(self, dot: Any, p: Any, cls: Any) -> Any:
        """Tangent times partial: strong zero, real where the result is real."""
        if type(dot) in NUMBERS and dot == 0:
            return 0.0
        t = self.lower.hooks["mul"](dot, p)
        if t != t and type(p) in NUMBERS and p == 0:
            return 0.0
        return t.real if isinstance(t, (complex, np.complexfloating)) and cls.stands_for not in COMPLEX_BASES else t

    def same_number(self, a: Any, b: Any) -> bool:
        """Whether the equal numbers `a` and `b` have the same tangent."""
        return remembered.same(a.primal, b.primal) and bool(np.all(a.mark == b.mark)) and remembered.same(a.mark, b.mark)

    # ---- tangents ----

    @staticmethod
    def zeros(slot: Slot) -> Any:
        """A zero shadow."""
        return zeros_like_slot(slot)

    def get(self, shadow: Any, index: Any) -> Any:
        """``shadow[index]``."""
        return self.lower.hooks["getitem"](shadow, index)

    def put(self, dot: Any, shadow: Any, index: Any) -> None:
        """``shadow[index] = dot``."""
        self.lower.hooks["setitem"](dot, shadow, index)

    def shadow(self, ref: Any) -> Any:
        """The piece of the tangent memory that `ref` describes."""
        if type(ref) is Slot:
            return ref.bar
        if type(ref) is View:
            parent = self.shadow(ref.parent)
            return parent.T if ref.index is TRANSPOSED else self.lower.hooks["getitem"](parent, ref.index)
        return cut(ref.slot.bar, ref)

    def leaf(self, x: Any) -> tuple | None:
        """``(tangent, shape, complex)`` of an active value, else None."""
        t = type(x)
        if t in NUMBERS:
            return None
        if isinstance(x, ndarray):
            slot = self.memory.find(x)
            if slot is None or not slot.active:
                return None
            if x.dtype.kind not in "fc":
                return self.other_bits(x, slot)
            return self.shadow(self.memory.reference(x, slot)), x.shape, x.dtype.kind == "c"
        if t in self.scalars.own:
            return x.mark, (), t.stands_for in COMPLEX_BASES
        return None

    def fresh(self, y: ndarray, dot: Any, own: bool = False) -> None:
        """Register a fresh result with its tangent, which is ours to keep if `own`."""
        if own and type(dot) is ndarray and y.base is None and dot.dtype == y.dtype and dot.shape == y.shape:
            quick_forward.held(self.memory, y, dot)
            return
        slot = self.memory.register(y, True)
        slot.bar, slot.owned = self.zeros(slot), True
        if dot is not None:
            if y.dtype.kind != "c" and np.iscomplexobj(dot):
                dot = self.lower.call(np.real, dot)
            ref = slot if y is slot.owner else self.memory.reference(y, slot)
            self.lower.hooks["setitem"](dot, self.shadow(ref), Ellipsis)

    def output(self, y: Any, dot: Any, own: bool = False) -> Any:
        """A result as the program sees it."""
        if isinstance(y, ndarray):
            if y.dtype.kind in "fc":
                self.fresh(y, dot, own)
            return y
        cls = self.scalars.wrap.get(type(y))
        if cls is not None:
            if dot is None:
                dot = 0.0
            elif isinstance(dot, ndarray):
                dot = self.lower.hooks["getitem"](dot, ())
            if cls.stands_for not in COMPLEX_BASES and isinstance(dot, (complex, np.complexfloating)):
                dot = dot.real
            return self.scalar(cls, y, dot)
        if isinstance(y, (tuple, list)):
            dots = [None] * len(y) if dot is None else dot
            values = [self.output(v, d) for v, d in zip(y, dots, strict=True)]
            kind = type(y)
            return kind(*values) if hasattr(kind, "_fields") else kind(values)
        return y

    def record_copy(self, x: ndarray, y: ndarray) -> None:
        """`y` holds the elements of the active array `x`."""
        dot = self.leaf(x)[0]  # type: ignore[index]
        self.fresh(y, self.lower.call(np.reshape, dot, y.shape) if y.shape != x.shape else dot)

    def record_assembly(self, flat: list, y: ndarray) -> None:
        """`y` holds the elements of the leaves, one after the other."""
        dots = np.zeros(y.size, y.dtype)
        start = 0
        for v in flat:
            size = v.size if isinstance(v, ndarray) else 1
            found = self.leaf(v)
            if found is not None:
                dot = found[0]
                if isinstance(dot, ndarray):
                    dot = self.lower.call(np.ravel, dot)
                self.lower.hooks["setitem"](dot, dots, slice(start, start + size))
            start += size
        self.fresh(y, self.lower.call(np.reshape, dots, y.shape))

    def reshaped(self, old_slot: Slot, new_slot: Slot, old: ndarray, new: ndarray) -> None:
        """The shape of an array was assigned."""
        new_slot.bar, new_slot.owned = self.zeros(new_slot), True
        self.lower.hooks["setitem"](self.lower.call(np.reshape, old_slot.bar, new.shape), new_slot.bar, Ellipsis)

    def note_foreign_write(self, x: ndarray, old: ndarray) -> None:
        """Nothing is kept by reference."""

    # ---- items ----

    def array_getitem(self, a: ndarray, index: Any, slot: Slot) -> Any:
        """``a[index]`` of active memory."""
        getitem = self.lower.hooks["getitem"]
        r = getitem(a, index)
        parent = slot if a is slot.owner else self.memory.reference(a, slot)
        if type(r) is ndarray:
            if r.base is not None and owner_of(r) is slot.owner:
                self.memory.note_view(r, parent, index)
            elif r.dtype.kind in "fc":
                self.fresh(r, self.get(self.shadow(parent), index))
            elif r.dtype.names is not None:
                return self.read_record(a, index, r)
            return r
        cls = self.scalars.wrap.get(type(r))
        if cls is None:
            if a.dtype.names is not None and isinstance(r, np.void):
                return self.read_record(a, index, r)
            return self.other_bits(a, slot) or r
        return self.scalar(cls, r, self.get(self.shadow(parent), index))

    def array_setitem(self, a: ndarray, index: Any, value: Any, slot: Slot | None) -> None:
        """``a[index] = value``, primal and tangent."""
        if self.missed:
            remembered.replaced(self, a, value)
        if a.dtype.kind == "O":
            self.store_object(a, index, value)
            return
        if a.dtype.names is not None and self.store_record(a, index, value):
            return
        if slot is not None and slot.active and self.one and quick_forward.store(self, a, index, value, slot):
            return
        store = self.lower.hooks["setitem"]
        tv = type(value)
        value = listed(self, value)
        if type(value) in (list, tuple) and self.is_active(value):
            value = self.as_array(value)
        elif tv not in self.numbers and not isinstance(value, (ndarray, list, tuple, str)) and value is not None:
            value = self.from_object(value)
        if isinstance(value, ndarray) and value.dtype.kind == "O" and a.dtype.kind != "O":
            value = self.call(np.asarray, value, a.dtype)
        leaf = self.leaf(value)
        if leaf is not None and a.dtype.kind not in "fc":
            self.refuse_store(a, value, "its dtype cannot hold a derivative")
        if leaf is None and (slot is None or not slot.active):
            store(self.plain(value), a, index)
            return
        if leaf is not None and isinstance(leaf[0], ndarray):
            leaf = (self.lower.copy(leaf[0]), *leaf[1:])
        store(self.plain(value), a, index)
        if slot is None or not slot.active:
            slot = slot or self.memory.register(a, False)
            self.check_activation(a, value, slot)
            slot.active = True
            slot.bar, slot.owned = self.zeros(slot), True
        dot: Any = 0.0 if leaf is None else leaf[0]
        if a.dtype.kind != "c" and np.iscomplexobj(dot):
            dot = dot.real
        self.put(dot, self.shadow(self.memory.reference(a, slot)), index)

    # ---- arithmetic on arrays ----

    def array_binary(self, hook: str, a: Any, b: Any, y: Any = None) -> Any:
        """``a op b`` where at least one is an array; `y` is the result if it is known already."""
        if y is not None:
            return self.apply(RULES[UFUNC_OF[hook]], UFUNC_OF[hook], (a, b), {}, y)
        a, b = listed(self, a), listed(self, b)
        a = self.as_array(a) if type(a) in (list, tuple) else a
        b = self.as_array(b) if type(b) in (list, tuple) else b
        if elements.is_objects(a) or elements.is_objects(b):
            return elements.binary(self, hook, a, b)
        la, lb = self.leaf(a), self.leaf(b)
        if la is None and lb is None:
            return self.lower.hooks[hook](a, b)
        return self.call(UFUNC_OF[hook], a, b)

    def array_inplace(self, hook: str, a: ndarray, b: Any) -> Any:
        """``a op= b`` for an array `a`."""
        below = self.lower.hooks["i" + hook.rstrip("_")]
        b = listed(self, b)
        if type(b) in (list, tuple) and self.is_active(b):
            b = self.as_array(b)
        lb = self.leaf(b)
        if a.dtype.kind == "O":
            return elements.inplace(self, hook, a, b)
        if self.leaf(a) is None and lb is None:
            return below(a, b)
        if lb is not None and a.dtype.kind not in "fc":
            below(a.copy(), self.plain(b))  # raises what NumPy raises
            self.refuse_store(a, b, "its dtype cannot hold a derivative")
        return write_out(self, UFUNC_OF[hook], self.array_binary(hook, a, b), a)

    # ---- primitives ----

    def record_elementwise(self, rule: Any, args: tuple, kwargs: dict, leaves: list, y: Any, mask: Any) -> Any:
        """The tangent of an elementwise function: partials times tangents."""
        hooks, prepare = self.lower.hooks, self.lower.prepare
        plain = [bare(self.plain(a)) for a in args]
        total: Any = None
        with np.errstate(all="ignore"):
            for i, leaf in leaves:
                p = at_zero(prepare(rule.partials[i]), bare(y), plain)
                terms = [self.term(leaf[0], q) for q in p] if rule.nout > 1 else self.term(leaf[0], p)
                if total is None:
                    total = terms
                elif rule.nout > 1:
                    total = [hooks["add"](s, t) for s, t in zip(total, terms, strict=True)]
                else:
                    total = hooks["add"](total, terms)
        own = self.lower.level == 0 and not any(total is leaf[0] for _, leaf in leaves)
        return self.output(y, total, own)

    def term(self, dot: Any, p: Any) -> Any:
        """One tangent times one partial, zero where one of them is."""
        if p is None:
            return 0.0
        if type(p) is float and p == 1.0:
            return dot
        t = self.lower.hooks["mul"](dot, p)
        if isinstance(t, ndarray):
            if t.dtype == np.float64 and t.ndim and quick_forward.finite(t) or np.isfinite(t).all():
                return t
            return self.lower.call(np.where, ((dot == 0) | (p == 0)) & ~np.isfinite(t), 0.0, t)
        return 0.0 if type(dot) in NUMBERS and (dot == 0 or type(p) in NUMBERS and p == 0) else t

    def record_rule(self, rule: Any, bound: binding.Bound, y: Any, residuals: Any) -> Any:
        """The tangent of an explicit or linear rule."""
        plain = [bare(self.plain(a)) for a in bound.args]
        kwargs = {k: bare(self.plain(v)) for k, v in bound.kwargs.items()}
        dots = tuple(self.tangent(leaf, plain[i] if i < len(plain) else None)
                     for i, leaf in zip(bound.positions, bound.leaves, strict=True))
        with np.errstate(all="ignore"):
            dot = self.pushed(rule, bound, bare(y), dots, plain, kwargs, residuals)
        return self.output(y, dot)

    def pushed(self, rule: Any, bound: binding.Bound, y: Any, dots: tuple, plain: list, kwargs: dict, residuals: Any) -> Any:
        """The tangent of a result, by whatever the rule gives."""
        if rule.push is not None:
            return self.lower.prepare(rule.push)(y, dots, *plain, **kwargs)
        if rule.kind == "linear":
            i = bound.positions[0]
            return self.lower.callee(rule.function)(*plain[:i], dots[0], *plain[i + 1:], **kwargs)
        return transpose(self.lower, rule, y, dots, bound, plain, kwargs, residuals)

    def tangent(self, leaf: Any, x: Any) -> Any:
        """The tangent of an argument; zeros beside active members of a sequence."""
        if isinstance(leaf, list):
            return [np.zeros_like(v, dtype=np.result_type(v, 0.0)) if one is None else one[0]
                    for one, v in zip(leaf, x, strict=True)]
        return None if leaf is None else leaf[0]


def transpose(lower: Any, rule: Any, y: Any, dots: tuple, bound: Any, plain: list, kwargs: dict, residuals: Any) -> Any:
    """The pushforward of a rule that gives its pullback alone: the adjoint of the linear map ``y_bar -> x_bar``."""
    from .reverse import ReverseInterpreter
    from .sweep import Sweep

    interpreter = acquire(ReverseInterpreter, lower)
    try:
        several = isinstance(y, (tuple, list))
        seeds, starts = [], []
        for v in y if several else (y,):
            differentiable = isinstance(v, (float, complex, np.inexact)) or isinstance(v, ndarray) and v.dtype.kind in "fc"
            # a rule may look at 0-d results as arrays: the transpose of the map does not depend on where it is taken
            seed: Any = np.zeros(np.shape(v), np.asarray(v).dtype if differentiable else float)
            start = interpreter.memory.register(seed, differentiable)
            if np.shape(v) == ():
                stand_in = interpreter.hooks["getitem"](seed, ()) if differentiable else seed
            else:
                stand_in = seed
            seeds.append(stand_in)
            starts.append((start, differentiable, seed))
        extra = {}
        if "active" in rule.wants:
            extra["active"] = tuple(leaf is not None for leaf in bound.leaves)
        if "residuals" in rule.wants:
            extra["residuals"] = residuals
        y_bar: Any = seeds[0]
        if several:
            y_bar = type(y)(*seeds) if hasattr(type(y), "_fields") else tuple(seeds)
        found = interpreter.prepare(rule.pull)(y, y_bar, *plain, **kwargs, **extra)
        found = found if isinstance(found, tuple) else (found,)
        sweep = Sweep(interpreter)
        for bar, dot in zip(found, dots, strict=True):
            pairs = zip(bar, dot, strict=True) if isinstance(dot, list) else [(bar, dot)]
            for one, t in pairs:
                end = None if one is None or t is None else interpreter.leaf(one)
                if end is not None:
                    sweep.give(end, lower.copy(t) if isinstance(t, ndarray) else t)
        sweep.run()
        results = [None if not ok or start.bar is None else start.bar for start, ok, _ in starts]
        return results if several else results[0]
    finally:
        seeds = starts = y_bar = found = bar = dot = pairs = one = end = stand_in = seed = None  # type: ignore[assignment]
        release(interpreter)


__all__ = ["ForwardInterpreter", "transpose", "unbroadcast"]
