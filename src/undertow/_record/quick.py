"""Short cuts of the reverse interpreter of the first level: arithmetic between float64 arrays.

Most of what array programs do is ``a op b`` between arrays of float64 of one shape, or between one and a number.  The hooks
made here recognise that, and write tape entries whose steps (`quick_steps`) know shapes and types; everything else, and every interpreter
above the first, takes the general way of `reverse` and `steps`.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

import numpy as np
from numpy import ndarray

from . import hooks as hook_module, quick_steps as steps
from .binding import reads
from .hooks import asking
from .memory import TRANSPOSED, Slot, View
from .scalars import define
from .steps import undone

OBJECT = np.dtype(object)
F8 = np.dtype(np.float64)
NUMBERS = frozenset({int, float, np.float64, bool})
BOUNDS = frozenset({int, type(None), np.int64, np.int32})

# ---- hooks ---------------------------------------------------------------------------------------------------------

_BINARY = '''
def {name}(a, b):
    ta = type(a)
    tb = type(b)
    if ta is ndarray:
        ra = slots_get(id(a)) if a.base is None else located(a)
        if ra is not None and not ra.active:
            ra = None
        if tb is ndarray:
            rb = slots_get(id(b)) if b.base is None else located(b)
            if rb is not None and not rb.active:
                rb = None
            if ra is rb is None and a.dtype is not OBJECT and b.dtype is not OBJECT:
                return a {op} b
            if a.dtype is F8 and b.dtype is F8:
                y = a {op} b
                if (type(y) is ndarray
                        and (ra is None or a.shape == y.shape)
                        and (rb is None or b.shape == y.shape)
                        and ra is not window and rb is not window):
                    return {arrays}
                return general("{name}", a, b, y)
        elif tb in numbers:
            if ra is None and a.dtype is not OBJECT:
                return a {op} b
            if ra is not window and a.dtype is F8:
                y = a {op} b
                if type(y) is ndarray{power_guard}:
                    return {left}
                return general("{name}", a, b, y)
    elif tb is ndarray:
        if ta in numbers:
            rb = slots_get(id(b)) if b.base is None else located(b)
            if (rb is None or not rb.active) and b.dtype is not OBJECT:
                return a {op} b
            if rb is not window and b.dtype is F8:
                y = a {op} b
                if type(y) is ndarray:
                    return {right}
                return general("{name}", a, b, y)
    elif ta in left and tb in right:
        return a {op} b
    return other("{name}", a, b)
'''
_ACTIONS = {  # what is recorded for two arrays, for an array and a number, for a number and an array
    "add": ("+", "record(step_add, (ra, rb), y)", "record(step_add, (ra, None), y)", "record(step_add, (None, rb), y)"),
    "sub": ("-", "record(step_sub, (ra, rb), y)", "record(step_sub, (ra, None), y)", "record(step_sub, (None, rb), y)"),
    "mul": ("*", "record(step_mul, (ra, rb, ra and keep(b), rb and keep(a)), y)", "record(step_scaled, (ra, b), y)",
            "record(step_scaled, (rb, a), y)"),
    "truediv": ("/", "quotient(ra, rb, b, y)", "record(step_divided, (ra, b), y)", "quotient(None, rb, b, y)"),
    "pow": ("**", 'general("pow", a, b, y)', "record(step_powered, (ra, b, keep(a)), y)", 'general("pow", a, b, y)'),
    "matmul": "record(step_product, (ra, rb, ra and keep(b), rb and keep(a)), y)",
    "inner": "record_number(step_inner, (ra, rb, ra and keep(b), rb and keep(a)), y)",
    "neg": "record(step_negated, ra, y)",
}
_INPLACE = '''
def i{name}(a, b):
    ta = type(a)
    tb = type(b)
    if ta in left_numbers and tb in right_numbers:
        return a {op} b
    if ta is ndarray and a.dtype is F8:
        ra = slots_get(id(a)) if a.base is None else located(a)
        if ra is not None and ra.active and ra is not window:
            if tb is ndarray:
                rb = slots_get(id(b)) if b.base is None else located(b)
                if b.dtype is F8 and b.shape == a.shape and rb is not window:
                    {arrays}
            elif tb in numbers:
                {number}
    return inplace("{name}", a, b)
'''
_INCREASE = '''if rb is None or not rb.active:
                        if ra.slot.referenced:
                            save(a, ra)
                        {ufunc}(a, b, a)
                        return a
                    if rb.slot is not ra.slot:
                        if ra.slot.referenced:
                            save(a, ra)
                        {ufunc}(a, b, a)
                        append((step_increased, (ra, rb, {negative}), None, 0))
                        return a'''
_RESCALE = '''if rb is None or not rb.active:
                        cell = keep(b)
                        if ra.slot.referenced:
                            save(a, ra)
                        {ufunc}(a, b, a)
                        append((step_rescaled, (ra, cell, {negative}), None, 0))
                        return a'''
_SHIFT_NUMBER = '''if ra.slot.referenced:
                    save(a, ra)
                {ufunc}(a, b, a)
                return a'''
_RESCALE_NUMBER = '''if ra.slot.referenced:
                    save(a, ra)
                {ufunc}(a, b, a)
                append((step_rescaled, (ra, (b,), {negative}), None, 0))
                return a'''
_INPLACE_ACTIONS = {"add": ("+", "plus", _INCREASE, _SHIFT_NUMBER), "sub": ("-", "minus", _INCREASE, _SHIFT_NUMBER),
                    "mul": ("*", "times", _RESCALE, _RESCALE_NUMBER), "truediv": ("/", "over", _RESCALE, _RESCALE_NUMBER)}

_PRODUCT = '''
def matmul(a, b):
    if type(a) is ndarray and type(b) is ndarray:
        ra = slots_get(id(a)) if a.base is None else located(a)
        rb = slots_get(id(b)) if b.base is None else located(b)
        if ra is not None and not ra.active:
            ra = None
        if rb is not None and not rb.active:
            rb = None
        if ra is rb is None and a.dtype is not OBJECT and b.dtype is not OBJECT:
            return a @ b
        if (a.dtype is F8 and b.dtype is F8 and 0 < a.ndim < 3 and 0 < b.ndim < 3 and ra is not window
                and rb is not window):
            y = a @ b
            if type(y) is ndarray:
                return {action}
            if type(y) is float64:
                return {inner}
    return other("matmul", a, b)
'''
_NEGATE = '''
def neg(a):
    if type(a) in fast:
        return -a
    if type(a) is ndarray and a.dtype is F8:
        ra = slots_get(id(a)) if a.base is None else located(a)
        if ra is None or not ra.active:
            return -a
        if ra is not window:
            y = -a
            if type(y) is ndarray:
                return {action}
    return unary("neg", a)
'''


class _Window:
    """Stands for a view that was not made by indexing: it has no short cut."""

    active = True


def hooks(interpreter: Any, fast: set, general: Any, inplace: Any, negative: Any) -> dict[str, Any]:
    """The arithmetic hooks of a reverse interpreter whose lower level is plain Python."""
    memory, append = interpreter.memory, interpreter.tape.append
    slots = memory.slots

    def record(step: Any, data: Any, y: ndarray) -> ndarray:
        """Note the step that `y` is the result of."""
        memory.budget -= 1
        if memory.budget < 0:
            memory.purge()
        slot = Slot(y, True)
        slots[id(y)] = slot
        append((step, data, slot, 0))
        return y

    def quotient(ra: Any, rb: Any, b: ndarray, y: ndarray) -> ndarray:
        """``a / b``: the quotient itself is read again, not `a`."""
        data = [ra, rb, interpreter.keep(b), None]
        slot = memory.register(y, True)
        if rb is not None:
            data[3] = interpreter.keep(y)
        append((steps.truediv, tuple(data), slot, 0))
        return y

    def save(a: ndarray, ref: Any) -> None:
        """Note the values of `a`, which the tape reads and which are about to change."""
        cell = interpreter.keep(a)
        ref.slot.logged = True
        append((undone, (cell, Ellipsis, a.copy()), None, 0))

    def record_number(step: Any, data: Any, y: Any) -> Any:
        """Note the step that the number `y` is the result of."""
        value, k = interpreter.output(y)
        append((step, data, k, 0))
        return value

    names = {"record": record, "record_number": record_number, "save": save, "keep": interpreter.keep, "quotient": quotient, "append": append,
             **{"step_" + step.__name__: step for step in steps.GENERAL}}
    names.update(common(interpreter, fast, general, inplace, negative))
    return {"getitem": getitem(interpreter, interpreter.hooks["getitem"])} | made(interpreter, names, _ACTIONS, _INPLACE_ACTIONS)


def common(interpreter: Any, fast: set, general: Any, inplace: Any, negative: Any) -> dict[str, Any]:
    """Names that the hooks of both modes use."""
    memory = interpreter.memory
    views_get, find = memory.views.get, memory.find
    window = _Window()

    def located(a: ndarray) -> Any:
        """The reference of a view: as it was indexed, None where its memory is unknown."""
        view = views_get(id(a))
        if view is not None:
            return window if view.overlaps else view
        slot = find(a)
        return None if slot is None or not slot.active else window

    return {"fast": fast, **asking(fast, interpreter.numbers), "ndarray": ndarray, "float64": np.float64, "slots_get": memory.slots.get,
            "located": located, "F8": F8, "OBJECT": OBJECT, "numbers": NUMBERS, "window": window, "general": interpreter.array_binary,
            "other": general, "inplace": inplace, "unary": negative, "plus": np.add, "minus": np.subtract,
            "times": np.multiply, "over": np.true_divide}


def made(interpreter: Any, names: dict, actions: dict, inplace_actions: dict) -> dict[str, Any]:
    """The hooks, with what a mode does where a short cut applies."""
    found = {}
    for name in ("add", "sub", "mul", "truediv", "pow"):
        op, arrays, left, right = actions[name]
        scope = dict(names)
        guard = " and y.dtype is F8 and b != 0" if name == "pow" else ""
        define(_BINARY.format(name=name, op=op, arrays=arrays, left=left, right=right, power_guard=guard), scope)
        found[name] = scope[name]
    for name, (op, ufunc, arrays, number) in inplace_actions.items():
        scope = dict(names)
        words = {"ufunc": ufunc, "negative": name in ("sub", "truediv")}
        define(_INPLACE.format(name=name, op=op, arrays=arrays.format(**words), number=number.format(**words)), scope)
        found["i" + name] = scope["i" + name]
    scope = dict(names)
    define(_NEGATE.format(action=actions["neg"]), scope)
    define(_PRODUCT.format(action=actions["matmul"], inner=actions["inner"]), scope)
    found.update(neg=scope["neg"], matmul=scope["matmul"])
    found["attr.T"] = transposed(interpreter)
    return found


def getitem(interpreter: Any, general: Any) -> Any:
    """The hook of ``a[index]``: views of known memory are noted at once."""
    memory = interpreter.memory
    slots_get, views, bounds = memory.slots.get, memory.views, BOUNDS

    def getitem(a: Any, index: Any) -> Any:
        if type(a) is not ndarray:
            return general(a, index)
        t = type(index)
        if t is not int and (type(index.start) not in bounds or type(index.stop) not in bounds or type(index.step) not in bounds
                             if t is slice else not basic(index)):
            return general(a, index)
        base = a.base
        if base is None:
            parent = slots_get(id(a))
            if parent is None or not parent.active:
                return a[index]
            base = a
        else:
            parent = views.get(id(a))
        if parent is None:
            return general(a, index)
        r = a[index]
        if type(r) is not ndarray or r.base is not base:
            return general(a, index)
        memory.budget -= 1
        views[id(r)] = View(r, parent, index)
        return r

    return getitem


def basic(index: Any) -> bool:
    """Whether an index takes a view and cannot change later."""
    t = type(index)
    if t is tuple:
        return all(map(basic, index))
    if t is slice:
        return type(index.start) in BOUNDS and type(index.stop) in BOUNDS and type(index.step) in BOUNDS
    return t is int or index is Ellipsis or index is None


def store(interpreter: Any, a: ndarray, index: Any, value: Any, slot: Slot) -> bool:
    """``a[index] = value`` in active memory; False if this form has no short cut."""
    if a.dtype is not F8 or not basic(index):
        return False
    lower, memory = interpreter.lower, interpreter.memory
    if lower.level:
        return False
    ref = slot if a is slot.owner else memory.reference(a, slot)
    if ref.overlaps:
        return False
    t = type(value)
    referenced = slot.referenced
    if t in NUMBERS:
        if referenced:
            undo(interpreter, a, index, slot)
        a[index] = value
        interpreter.tape.append((steps.stored, (ref, index, None), None, 0))
        return True
    if t is ndarray:
        if value.dtype is not F8:
            return False
        leaf = interpreter.leaf(value)
        piece = a[index]
        if leaf is None or leaf[0].overlaps or type(piece) is not ndarray or piece.shape != value.shape:
            return False
        if referenced:
            undo(interpreter, a, index, slot)
        piece[...] = value
        interpreter.tape.append((steps.stored_array, (ref, index, leaf[0]), None, 0))
        return True
    if t in interpreter.scalars.own and t.stands_for in NUMBERS and type(a[index]) is not ndarray:
        if referenced:
            undo(interpreter, a, index, slot)
        a[index] = value.primal
        interpreter.tape.append((steps.stored, (ref, index, value.mark), None, 0))
        return True
    return False


def undo(interpreter: Any, a: ndarray, index: Any, slot: Slot) -> None:
    """Note the values of ``a[index]``, which the tape reads and which are about to change."""
    old = a[index]
    cell = interpreter.keep(a)
    slot.logged = True
    interpreter.tape.append((undone, (cell, index, old.copy() if type(old) is ndarray else old), None, 0))


def unary(interpreter: Any, rule: Any, f: Any, slow: Any) -> Any:
    """An elementwise function of one argument, by its rule."""
    partial = rule.partials[0]
    if type(partial) is not FunctionType:
        return None
    needs_y, needed = reads(rule, [0])
    needs_x = 0 in needed
    memory, append, keep, output = interpreter.memory, interpreter.tape.append, interpreter.keep, interpreter.output
    slots_get, view_of, find = memory.slots.get, memory.views.get, memory.find
    inert = frozenset({int, float, np.float64})
    own = interpreter.scalars.own
    is_ufunc = isinstance(f, np.ufunc)

    def primitive(*args: Any, **kwargs: Any) -> Any:
        if kwargs or len(args) != 1:
            return slow(*args, **kwargs)
        x = args[0]
        t = type(x)
        if t in inert:
            return f(x)
        if t is ndarray:
            if x.dtype is F8 and is_ufunc:
                ref = slots_get(id(x)) if x.base is None else view_of(id(x))
                if ref is None and (x.base is None or find(x) is None) or ref is not None and not ref.active:
                    return f(x)
                if ref is not None and not ref.overlaps:
                    y = f(x)
                    if type(y) is not ndarray or y.dtype is not F8:
                        return slow(x) if type(y) is not ndarray or y.dtype.kind in "fc" else y
                    slot = memory.register(y, True)
                    append((steps.mapped, (ref, partial, keep(x) if needs_x else None, keep(y) if needs_y else None),
                            slot, 0))
                    return y
        elif t in own and t.stands_for in inert:
            y = f(x.primal)
            if type(y) in inert:
                value, k = output(y)
                if k is not None:
                    append((steps.function_of_number, (x.mark, partial, x.primal, y), k, 0))
                return value
        return slow(x)

    return primitive


def transposed(interpreter: Any) -> Any:
    """The hook of ``x.T``: the transpose of a known piece of memory is known, too."""
    memory = interpreter.memory
    slots_get, view_of, attribute = memory.slots.get, memory.views.get, hook_module.attribute(interpreter, "T")

    def attr(x: Any) -> Any:
        if type(x) is not ndarray:
            return attribute(x)
        r = x.T
        ref = slots_get(id(x)) if x.base is None else view_of(id(x))
        if ref is not None and ref.active and r.base is not None:
            memory.note_view(r, ref, TRANSPOSED)
        return r

    return attr


__all__ = ["basic", "common", "hooks", "made", "store", "transposed", "unary"]
