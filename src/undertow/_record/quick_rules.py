"""Short cuts of the reverse interpreter of the first level: calls of primitives with explicit or linear rules.

The commonest calls have float64 arrays, numbers and plain settings as arguments.  What is the same for all calls of a rule is
worked out once (`binding.Plan`); everything else takes the general way of `binding`.
"""

from __future__ import annotations

from sys import getrefcount
from typing import Any

import numpy as np
from numpy import ndarray

from ..rules._registry import Like, Rule
from . import steps
from .binding import Bound, plan_of
from .memory import Slot
from .quick_steps import GENERAL, plus
from .scalars import INTEGERS
from .steps import FRESH

F8 = np.dtype(np.float64)
SETTINGS = frozenset({*INTEGERS, float, np.float64, str, type(None), type(np._NoValue), np.dtype, type})
CONSTANTS = "biufc"
SUMS = (np.sum, np.ndarray.sum)


def short_cut(interpreter: Any, rule: Rule, slow: Any) -> Any:
    """A quicker form of the primitive `slow` of an explicit or linear rule; None if there is none."""
    if rule.sequences or rule.forward is not None or rule.pull is None or isinstance(rule.argnums, slice):
        return None
    f = rule.function
    if not callable(f) or isinstance(f, type):
        return None
    memory, append, leaf, keep = interpreter.memory, interpreter.tape.append, interpreter.leaf, interpreter.keep
    output = interpreter.output
    is_sum = f in SUMS

    most = f.nin if isinstance(f, np.ufunc) else 64
    first_alone = tuple(rule.argnums) == (0,) and not is_sum
    general = in_general(interpreter, rule)
    one_array = on_one_array(interpreter, rule, general)

    def primitive(*args: Any, **kwargs: Any) -> Any:
        if len(args) > most:  # ``out`` by position
            return slow(*args, **kwargs)
        plan = rule.plans.get(len(args)) or plan_of(rule, len(args))
        if first_alone and not kwargs and args:
            x = args[0]
            if type(x) is ndarray and x.dtype is F8:
                for other in args[1:]:
                    if type(other) not in SETTINGS and not plain_tuple(other):
                        break
                else:
                    y = one_array(x, args, plan)
                    if y is not NO_SHORT_CUT:
                        return y
        if kwargs and not (plan.keywords.issuperset(kwargs) and all(type(v) in SETTINGS or plain_tuple(v)
                                                                    for v in kwargs.values())):
            return slow(*args, **kwargs)
        leaves: list = [None] * len(args)
        some = False
        for i, x in enumerate(args):
            t = type(x)
            if t is ndarray:
                found = leaf(x) if x.dtype is F8 else None
                if found is not None:
                    if i not in plan.positions or found[0].overlaps:
                        return slow(*args, **kwargs)
                    leaves[i] = found
                    some = True
                elif x.dtype.kind not in (CONSTANTS if i in plan.positions else "biu") or (
                        x.dtype is not F8 and leaf(x) is not None):
                    return slow(*args, **kwargs)
            elif t not in SETTINGS and not plain_tuple(x):
                return slow(*args, **kwargs)
        y = f(*args, **kwargs)
        if not some:
            return y
        t = type(y)
        if t is ndarray:
            if y.base is not None and interpreter.shares_known_memory(y) or any([y is a for a in args]):
                return y
            simple = y.dtype is F8 and y.base is None
        else:
            simple = t is np.float64
        positions = plan.positions
        if not simple:
            return general(args, kwargs, plan, leaves, y)
        if is_sum and len(args) < 3 and kwargs.keys() <= AXIS and leaves[0][1]:
            axis = kwargs.get("axis") if len(args) == 1 else args[1]
            if axis is None or type(axis) is int:
                value, out = (y, memory.register(y, True)) if t is ndarray else output(y)
                append((summed, (*leaves[0][:2], axis), out, 0))
                return value
        cells = [([Like(a)] if only_shape and a.dtype.kind in "fc" else keep(a)) if type(a) is ndarray else (a,)
                 for a, only_shape in zip(args, plan.shapes_only, strict=True)]
        n = len(args)
        ends = tuple([leaves[i] if i < n else None for i in positions])
        value, out = (y, memory.register(y, True)) if t is ndarray else output(y)
        append((called, (rule, ends, cells, kwargs, keep(y) if plan.keep_y else None), out, 0))
        return value

    return primitive


def in_general(interpreter: Any, rule: Rule) -> Any:
    """What records a result that has no short cut."""

    def general(args: tuple, kwargs: dict, plan: Any, leaves: list, y: Any) -> Any:
        """Record a result of another kind."""
        if y.__class__ in (bool, int, type(None)) or isinstance(y, ndarray) and y.dtype.kind not in "fcO":
            return y
        bound = Bound(list(args), dict(kwargs), plan)
        bound.leaves = [leaves[i] if i < len(args) else None for i in plan.positions]
        return interpreter.record_rule(rule, bound, y, None)

    return general


def on_one_array(interpreter: Any, rule: Rule, general: Any) -> Any:
    """The short cut of calls whose other arguments are settings."""
    memory, append, leaf, keep = interpreter.memory, interpreter.tape.append, interpreter.leaf, interpreter.keep
    slots_get, view_of, f = memory.slots.get, memory.views.get, rule.function

    def one_array(x: ndarray, args: tuple, plan: Any) -> Any:
        """A call on one array, all other arguments settings."""
        ref = slots_get(id(x)) if x.base is None else view_of(id(x))
        if ref is None or ref.overlaps:
            return NO_SHORT_CUT
        y = f(*args)
        if not ref.active:
            return y
        if type(y) is not ndarray or y.dtype is not F8 or y.base is not None or y is x:
            leaves: list = [None] * len(args)
            leaves[0] = leaf(x)
            if y is x or isinstance(y, ndarray) and y.base is not None and interpreter.shares_known_memory(y):
                return y
            return general(args, {}, plan, leaves, y)
        shape = x.shape
        if plan.shapes_only[0]:
            if shape not in likes:
                if len(likes) > 4096:
                    likes.clear()
                likes[shape] = Like(x)
            cell = [likes[shape]]
        else:
            cell = keep(x)
        slot = memory.register(y, True)
        append((called_on_one, (rule, ref, shape, cell, args[1:], keep(y) if plan.keep_y else None), slot, 0))
        return y

    return one_array


AXIS = frozenset({"axis"})
NO_SHORT_CUT = object()
likes: dict[tuple, Like] = {}


def plain_tuple(x: Any) -> bool:
    """Whether `x` is a tuple of settings: axes, a shape."""
    return type(x) is tuple and all([type(v) in SETTINGS for v in x])


# ---- steps ---------------------------------------------------------------------------------------------------------


def called(sweep: Any, data: tuple, out: Any) -> None:
    """A primitive with an explicit or linear rule."""
    g = sweep.take(out)
    if g is None:
        return
    rule, ends, cells, kwargs, kept_y = data
    body = sweep.prepare(rule.pull)
    args = [cell[0] for cell in cells]
    y = None if kept_y is None else kept_y[0]
    if sweep.strict:
        found = sweep.pull(rule, y, g, args, kwargs, ends, None)
    elif rule.kind == "linear":
        found = body(g, *args, **kwargs)
    else:
        if "active" in rule.wants:
            found = body(y, g, *args, **kwargs, active=tuple([end is not None for end in ends]))
        else:
            found = body(y, g, *args, **kwargs)
    if type(found) is not tuple:
        found = (found,)
    if len(found) != len(ends):
        raise sweep.refuse(steps.refusal.rule_error(None, rule.function,
                                                    f"returned {len(found)} cotangents for {len(ends)}"))
    for k in range(len(ends)):  # by index: the number of references to a cotangent is looked at
        end = ends[k]
        c = found[k]
        if end is None or c is None:
            continue
        ref = end[0]
        if sweep.lower.level or type(c) is not ndarray or c.dtype is not F8 or c.shape != end[1]:
            steps._give_exact(sweep, rule, end, c)
        elif type(ref) is not Slot or ref.bar is not None and ref.owned:
            piece = sweep.writable(ref)
            plus(piece, c, piece)
        elif ref.bar is None:
            owned = c.base is None and getrefcount(c) <= FRESH
            ref.bar, ref.owned = c, owned
        else:
            ref.bar, ref.owned = plus(ref.bar, c), True


def called_on_one(sweep: Any, data: tuple, out: Slot) -> None:
    """A primitive of one array with an explicit or linear rule."""
    g = out.bar
    if g is None:
        return
    rule, ref, shape, cell, rest, kept_y = data
    if sweep.lower.level or sweep.strict:
        called(sweep, (rule, ((ref, shape, False),), [cell, *[(x,) for x in rest]], {}, kept_y), out)
        return
    out.bar = None
    if rule.kind == "linear":
        found = (rule.pull(g, cell[0], *rest),)
    else:
        y = None if kept_y is None else kept_y[0]
        extra = {"active": (True,)} if "active" in rule.wants else {}
        found = rule.pull(y, g, cell[0], *rest, **extra)
        if type(found) is not tuple:
            found = (found,)
    k = 0
    c = found[k]
    if c is None:
        return
    if type(c) is not ndarray or c.dtype is not F8 or c.shape != shape or len(found) != 1:
        steps._give_exact(sweep, rule, (ref, shape, False), c)
    elif type(ref) is not Slot or ref.bar is not None and ref.owned:
        piece = sweep.writable(ref)
        plus(piece, c, piece)
    elif ref.bar is None:
        owned = c.base is None and getrefcount(c) <= FRESH
        ref.bar, ref.owned = c, owned
    else:
        ref.bar, ref.owned = plus(ref.bar, c), True


def summed(sweep: Any, data: tuple, out: Any) -> None:
    """The sum of an array, over all or along one axis."""
    g = sweep.take(out)
    if g is None:
        return
    ref, shape, axis = data
    if axis is not None and type(g) is ndarray:
        g = np.expand_dims(g, axis)
    if type(ref) is Slot and ref.bar is None:
        ref.bar, ref.owned = np.empty(shape), True
        ref.bar[...] = g
    else:
        piece = sweep.writable(ref)
        plus(piece, g, piece)


def _general_summed(sweep: Any, data: tuple, out: Any) -> None:
    g = sweep.take(out)
    if g is None:
        return
    ref, shape, axis = data
    if axis is not None and type(g) is ndarray:
        g = sweep.call(np.expand_dims, g, axis)
    sweep.give((ref, shape, False), sweep.call(np.broadcast_to, g, shape))


GENERAL[summed] = _general_summed

__all__ = ["short_cut"]
