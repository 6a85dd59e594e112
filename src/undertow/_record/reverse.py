"""The reverse interpreter: runs the program and writes a tape.

Tape entries
------------
``(k, i, p)``            scalar `k` depends on scalar `i` with partial derivative `p`
``(k, i, p, j, q)``      the same with two arguments
``(step, data, out, 0)`` anything else: the sweep calls ``step(sweep, data, out)``

Scalars are numbered by a counter, not by their place on the tape, so that threads may record side by side.  Values
that the sweep reads are kept by reference in *cells* (one-element lists, listed in `kept`); the memory they lie in is
marked as referenced, and overwriting it saves the old values (*undo*).  What a cell refers to can be exchanged for a
private copy, which is how a sweep never touches memory that the program still uses.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy import ndarray

from .. import rules
from ..rules import _registry
from . import binding, elements, hooks as hook_module, native, quick, quick_rules, quick_steps, remembered, steps
from .arrays import write_out
from .interpreter import UFUNC_OF, Interpreter
from .memory import Slot, may_overlap, owner_of
from .scalars import _FORMS, COMPLEX_BASES, NUMBERS, define
from .sequences import listed

FLOATS = (np.dtype(np.float64), np.dtype(np.float32))
_HOT = '''
def __{name}__(a, b):
    tb = type(b)
    x = a.primal
    if tb is cls:
        y = b.primal
        v = x {op} y
        k = next_index()
        append((k, a.mark, {p}, b.mark, {q}))
    elif tb is base or tb is int:
        y = b
        v = x {op} b
        k = next_index()
        append((k, a.mark, {p}))
    else:
        return slow(a, b)
    r = cls(v)
    r.primal = v
    r.mark = k
    return r
'''


class ReverseInterpreter(Interpreter):
    """Records a tape; `undertow._record.sweep` runs it backwards."""

    mode = "reverse"

    def __init__(self, lower: Any) -> None:
        self.tape: list[tuple] = []
        self.caches: dict[Any, dict] = {}
        self.next_index: Any = itertools.count().__next__
        self.counting: list[dict] = []
        self.origins: Any = None
        rules.load()
        self.getitem_below = lower.hooks["getitem"]
        super().__init__(lower)
        self.heat_scalars()
        if lower.level == 0:
            self.hooks.update(quick.hooks(self, *hook_module.general_ways(self)))

    def reset(self) -> None:
        """Forget the recording.  (The hooks hold the very list, which therefore stays.)"""
        self.tape.clear()
        self.kept.clear()
        self.caches.clear()
        self.tables.clear()
        self.missed[:] = [entry for entry in self.missed if entry[-1] is not self]
        self.origins = None
        self.next_index = itertools.count().__next__
        for names in self.counting:
            names["next_index"] = self.next_index

    # ---- scalars ----

    def scalar_methods(self, base: type) -> dict:
        return {}

    def heat_scalars(self) -> None:
        """Replace the commonest operators of real scalars by versions with the tape entry written in line."""
        for base in (float, np.float64):
            cls = self.scalars.wrap[base]
            for name, _, op, p, q in _FORMS[:4]:
                names = {"cls": cls, "base": base, "next_index": self.next_index, "append": self.tape.append,
                         "slow": cls.__dict__[f"__{name}__"]}
                define(_HOT.format(name=name, op=op, p=p, q=q), names)
                self.counting.append(names)
                setattr(cls, f"__{name}__", names[f"__{name}__"])

    def emit1(self, v: Any, a: Any, p: Any) -> Any:
        """A number `v` that depends on `a` with partial `p`."""
        cls = self.scalars.wrap.get(type(v))
        if cls is None:
            return v
        k = self.next_index()
        if type(a).stands_for in COMPLEX_BASES or cls.stands_for in COMPLEX_BASES:
            self.tape.append((steps.complex_scalar, ((a.mark, p, type(a).stands_for in COMPLEX_BASES),), k, 0))
        else:
            self.tape.append((k, a.mark, p))
        return self.scalar(cls, v, k)

    def emit2(self, v: Any, a: Any, p: Any, b: Any, q: Any) -> Any:
        """A number `v` that depends on `a` and `b`."""
        cls = self.scalars.wrap.get(type(v))
        if cls is None:
            return v
        k = self.next_index()
        ca, cb = type(a).stands_for in COMPLEX_BASES, type(b).stands_for in COMPLEX_BASES
        if ca or cb or cls.stands_for in COMPLEX_BASES:
            self.tape.append((steps.complex_scalar, ((a.mark, p, ca), (b.mark, q, cb)), k, 0))
        else:
            self.tape.append((k, a.mark, p, b.mark, q))
        return self.scalar(cls, v, k)

    def same_number(self, a: Any, b: Any) -> bool:
        """Whether the equal numbers `a` and `b` are known to be the same function of the inputs."""
        if not remembered.same(a.primal, b.primal):
            return False
        if self.origins is None:
            self.origins = remembered.Origins(self.tape, frozenset({steps.read, quick_steps.read}), frozenset({native.called}))
        self.origins.advance()
        return self.origins.same(a.mark, b.mark)

    # ---- memory ----

    def leaf(self, x: Any) -> tuple | None:
        """``(reference, shape, complex)`` of an active value, else None."""
        t = type(x)
        if t in NUMBERS:
            return None
        if isinstance(x, ndarray):
            memory = self.memory
            slot = memory.slots.get(id(x)) if x.base is None else memory.find(x)
            if slot is None or not slot.active:
                return None
            kind = x.dtype.kind
            if kind not in "fc":
                return self.other_bits(x, slot)
            return slot if x is slot.owner else memory.reference(x, slot), x.shape, kind == "c"
        if t in self.scalars.own:
            return x.mark, (), t.stands_for in COMPLEX_BASES
        return None

    def keep(self, x: Any) -> list:
        """A cell with a value the sweep will read; arrays are referenced, not copied."""
        if not isinstance(x, ndarray):
            return [x]
        memory = self.memory
        slot = memory.slots.get(id(x)) if x.base is None else memory.find(x)
        if slot is None:
            slot = memory.register(x, False)
        slot.referenced = True
        ref = slot if x is slot.owner else memory.views.get(id(x))
        if ref is None or type(x) is not ndarray:
            cell = [x if type(x) is ndarray else np.asarray(x)]
        elif ref.cell is None:
            cell = ref.cell = [x]
        else:
            return ref.cell
        self.kept.append(cell)
        return cell

    def fresh(self, y: ndarray) -> Any:
        """The reference of a fresh result."""
        slot = self.memory.register(y, True)
        return slot if y.base is None else self.memory.reference(y, slot)

    def output(self, y: Any) -> tuple[Any, Any]:
        """``(value, out)``: a result as the program sees it, and where its cotangent will be found."""
        if isinstance(y, ndarray):
            if y.dtype.kind not in "fc" or y.dtype.kind == "O":
                return y, None
            return y, self.fresh(y)
        cls = self.scalars.wrap.get(type(y))
        if cls is not None:
            k = self.next_index()
            return self.scalar(cls, y, k), k
        if isinstance(y, (tuple, list)):
            pairs = [self.output(v) for v in y]
            values = [v for v, _ in pairs]
            kind = type(y)
            value = kind(*values) if hasattr(kind, "_fields") else kind(values)
            return value, [o for _, o in pairs]
        return y, None

    def record_copy(self, x: ndarray, y: ndarray) -> None:
        """`y` holds the elements of the active array `x`."""
        self.tape.append((steps.copied, self.leaf(x), self.fresh(y), 0))

    def record_assembly(self, flat: list, y: ndarray) -> None:
        """`y` holds the elements of the leaves, one after the other."""
        pieces, start = [], 0
        for v in flat:
            size = v.size if isinstance(v, ndarray) else 1
            found = self.leaf(v)
            if found is not None:
                pieces.append((start, start + size, found))
            start += size
        self.tape.append((steps.assembled, tuple(pieces), self.fresh(y), 0))

    def reshaped(self, old_slot: Slot, new_slot: Slot, old: ndarray, new: ndarray) -> None:
        """The shape of an array was assigned."""
        self.tape.append((steps.copied, (old_slot, old.shape, old.dtype.kind == "c"), new_slot, 0))

    def note_foreign_write(self, x: ndarray, old: ndarray) -> None:
        """Compiled code may have written to referenced memory whose contents were `old`."""
        if not np.array_equal(x, old, equal_nan=True):
            slot = self.memory.find(x)
            if slot is not None:
                slot.logged = True
                self.tape.append((steps.undone, (self.keep(x), Ellipsis, old), None, 0))

    # ---- items ----

    def array_getitem(self, a: ndarray, index: Any, slot: Slot) -> Any:
        """``a[index]`` of active memory."""
        r = self.getitem_below(a, index)
        t = type(r)
        if t is ndarray:
            parent = slot if a is slot.owner else self.memory.reference(a, slot)
            base = r.base
            if base is not None and (base is slot.owner or owner_of(r) is slot.owner):
                self.memory.note_view(r, parent, index)
            elif r.dtype.kind in "fc":
                self.tape.append((steps.gathered, (parent, steps.frozen_index(index)), self.fresh(r), 0))
            elif r.dtype.names is not None:
                return self.read_record(a, index, r)
            return r
        cls = self.scalars.wrap.get(t)
        if cls is None:
            if a.dtype.names is not None and isinstance(r, np.void):
                return self.read_record(a, index, r)
            return self.other_bits(a, slot) or r
        parent = slot if a is slot.owner else self.memory.reference(a, slot)
        k = self.next_index()
        step = quick_steps.read if a.dtype is quick.F8 and not parent.overlaps else steps.read
        self.tape.append((step, (parent, index if type(index) is int else steps.frozen_index(index)), k, 0))
        x = cls(r)
        x.primal = r
        x.mark = k
        return x

    def array_setitem(self, a: ndarray, index: Any, value: Any, slot: Slot | None) -> None:
        """``a[index] = value``."""
        if self.missed:
            remembered.replaced(self, a, value)
        if a.dtype.kind == "O":
            self.store_object(a, index, value)
            return
        if a.dtype.names is not None and self.store_record(a, index, value):
            return
        if slot is not None and slot.active and quick.store(self, a, index, value, slot):
            return
        store = self.lower.hooks["setitem"]
        tv = type(value)
        if tv in NUMBERS:
            leaf = None
        else:
            value = listed(self, value)
            if type(value) in (list, tuple) and self.is_active(value):
                value = self.as_array(value)
            elif tv not in self.numbers and not isinstance(value, (ndarray, list, tuple, str)) and value is not None:
                value = self.from_object(value)
            if isinstance(value, ndarray) and value.dtype.kind == "O" and a.dtype.kind != "O":
                value = self.call(np.asarray, value, a.dtype)
            leaf = self.leaf(value)
        plain = self.plain(value)
        if slot is None and leaf is None:
            store(plain, a, index)
            return
        if leaf is not None and a.dtype.kind not in "fc":
            self.refuse_store(a, value, "its dtype cannot hold a derivative")
        undo = None
        if slot is not None and slot.referenced:
            old = self.lower.hooks["getitem"](a, index)
            undo = (self.keep(a), self.lower.copy(old) if isinstance(old, ndarray) else old)
            slot.logged = True
        store(plain, a, index)
        if slot is None:
            slot = self.memory.register(a, False)
        if leaf is not None and not slot.active:
            self.check_activation(a, value, slot)
            slot.active = True
            self.tape.append((steps.activated, slot, None, 0))
        if slot.active or undo is not None:
            self.tape.append((steps.written, (self.memory.reference(a, slot), steps.frozen_index(index), leaf, undo),
                              None, 0))

    # ---- arithmetic on arrays ----

    def array_binary(self, hook: str, a: Any, b: Any, y: Any = None) -> Any:
        """``a op b`` where at least one is an array; `y` is the result if it is known already."""
        a, b = listed(self, a), listed(self, b)
        if type(a) in (list, tuple):
            a = self.as_array(a)
        if type(b) in (list, tuple):
            b = self.as_array(b)
        if elements.is_objects(a) or elements.is_objects(b):
            return elements.binary(self, hook, a, b)
        la, lb = self.leaf(a), self.leaf(b)
        below = self.lower.hooks[hook]
        if la is None and lb is None:
            return below(a, b)
        if hook not in steps.ARITHMETIC:
            return self.apply(_registry.RULES.get(UFUNC_OF[hook]) or _no_rule(UFUNC_OF[hook]), UFUNC_OF[hook], (a, b), {}, y)
        pa = a.primal if la is not None and type(la[0]) is int else a
        pb = b.primal if lb is not None and type(lb[0]) is int else b
        if y is None:
            y = below(pa, pb)
        if type(y) is not ndarray or y.dtype not in FLOATS:
            return self.apply(_registry.RULES[UFUNC_OF[hook]], UFUNC_OF[hook], (a, b), {}, y)
        if hook == "add" or hook == "sub":
            data: tuple = (la, lb)
        elif hook == "mul":
            data = (la, lb, self.keep(pb) if la is not None else None, self.keep(pa) if lb is not None else None)
        else:
            data = (la, lb, self.keep(pb), self.keep(pa) if lb is not None else None)
        slot = self.memory.register(y, True)
        self.tape.append((steps.ARITHMETIC[hook], data, slot, 0))
        return y

    def array_inplace(self, hook: str, a: ndarray, b: Any) -> Any:
        """``a op= b`` for an array `a`."""
        below = self.lower.hooks["i" + hook.rstrip("_")]
        b = listed(self, b)
        if type(b) in (list, tuple) and self.is_active(b):
            b = self.as_array(b)
        slot, lb = self.memory.find(a), self.leaf(b)
        if a.dtype.kind == "O":
            return elements.inplace(self, hook, a, b)
        if slot is None and lb is None:
            return below(a, b)
        if lb is not None and a.dtype.kind not in "fc":
            below(a.copy(), self.plain(b))  # raises what NumPy raises
            self.refuse_store(a, b, "its dtype cannot hold a derivative")
        simple = hook in ("add", "sub") and slot is not None and slot.active and not slot.referenced
        if simple and (lb is None or not (isinstance(b, ndarray) and may_overlap(a, b))):
            result = below(a, self.plain(b))
            if lb is not None:
                self.tape.append((steps.increased, (self.memory.reference(a, slot), lb, hook == "sub"), None, 0))
            return result
        if lb is None and (slot is None or not slot.active):
            undo = (self.keep(a), self.lower.copy(a))
            slot.logged = True  # type: ignore[union-attr]
            result = below(a, b)
            self.tape.append((steps.undone, (undo[0], Ellipsis, undo[1]), None, 0))
            return result
        y = self.array_binary(hook, a, b)
        return write_out(self, UFUNC_OF[hook], y, a)

    # ---- primitives ----

    def short_cut(self, rule: Any, primitive: Any) -> Any:
        """Elementwise functions of one argument; plain calls of functions with other rules."""
        if self.level > 1:
            return None
        if rule.kind == "elementwise":
            one = len(rule.partials) == 1 and rule.nout == 1
            return quick.unary(self, rule, rule.function, primitive) if one else None
        return quick_rules.short_cut(self, rule, primitive) if rule.kind in ("explicit", "linear") else None

    def record_elementwise(self, rule: Any, args: tuple, kwargs: dict, leaves: list, y: Any, mask: Any) -> Any:
        """Record an elementwise rule."""
        needs_y, needed = binding.reads(rule, [i for i, _ in leaves])
        value, out = self.output(y)
        if out is None:
            return value
        saved = [self.keep(self.plain(a)) if j in needed else None for j, a in enumerate(args)]
        kept_y = (self.keep(y) if not isinstance(y, tuple) else [y]) if needs_y else None
        if mask is not None:
            mask = np.array(mask, copy=True)
        self.tape.append((steps.elementwise, (rule, leaves, saved, kept_y, mask), out, 0))
        return value

    def record_rule(self, rule: Any, bound: binding.Bound, y: Any, residuals: Any) -> Any:
        """Record an explicit or linear rule."""
        value, out = self.output(y)
        if out is None:
            return value
        saved = binding.save(self, rule, bound, y)
        self.tape.append((steps.explicit, (rule, bound.leaves, saved, residuals), out, 0))
        return value


def _no_rule(f: Any) -> Any:
    return _registry.Rule(f, "zero", ())
