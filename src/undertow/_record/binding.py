"""Apply a primitive: bind its arguments to its rule, find the active ones, compute, and record.

Shared by the reverse and the forward interpreter, which provide ``leaf``, ``output``, ``record_elementwise`` and
``record_rule``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray

from ..rules._registry import Like, Refused, Rule, names_read
from . import elements, foreign, protocols, refusal, subclasses
from .scalars import NUMBERS
from .sequences import listed

_reads: dict[Any, tuple[bool, tuple]] = {}


def reads(rule: Rule, positions: list[int]) -> tuple[bool, set[int]]:
    """Whether the partials at `positions` read the result, and which arguments they read."""
    needs_y, needed = False, set()
    for i in positions:
        partial = rule.partials[i]  # type: ignore[index]
        found = _reads.get(partial)
        if found is None:
            names = names_read(partial)
            parameters = partial.__code__.co_varnames[: partial.__code__.co_argcount]
            variadic = bool(partial.__code__.co_flags & 0x04)
            if variadic:
                found = (True, tuple(range(64)))
            else:
                found = (parameters[0] in names, tuple(j for j, p in enumerate(parameters[1:]) if p in names))
            _reads[partial] = found
        needs_y = needs_y or found[0]
        needed.update(found[1])
    return needs_y, needed


class Bound:
    """Arguments of a primitive in the order of its rule.

    Attributes
    ----------
    args, kwargs
        As the rule gets them, active values included.
    positions : list of int
        The differentiable positions of the rule.
    leaves : list
        For each position: None, a leaf, or a list of these for a sequence argument.
    """

    __slots__ = ("args", "kwargs", "leaves", "plan", "positions")

    def __init__(self, args: list, kwargs: dict, plan: Plan) -> None:
        self.args, self.kwargs, self.plan, self.positions = args, kwargs, plan, plan.positions
        self.leaves: list = []

# What NumPy's loops over objects that are no numbers do.
OBJECT_LOOPS = {np.absolute: "abs", np.negative: "neg", np.positive: "pos", np.add: "add", np.subtract: "sub",
                np.multiply: "mul", np.true_divide: "truediv", np.floor_divide: "floordiv", np.remainder: "mod",
                np.power: "pow"}


def apply(interpreter: Any, rule: Rule, f: Any, args: tuple, kwargs: dict, y: Any = None) -> Any:
    """Call the primitive `f` and record it by its rule."""
    if args and args[-1] is None and isinstance(f, np.ufunc):
        args = args[: f.nin]  # ``out`` by position
    for x in args:
        t = type(x)
        if t is not ndarray and t not in interpreter.numbers:
            if getattr(f, "__module__", None) not in ("math", "cmath"):
                args = tuple([listed(interpreter, a) for a in args])
            done, result, args = _objects(interpreter, f, args, kwargs)
            if done:
                return result
            break
    if kwargs:
        kwargs = {k: listed(interpreter, v) for k, v in kwargs.items()}
    kind = rule.kind
    if kind == "refuse":
        interpreter.refuse_rule(rule, f, args, kwargs)
    if kind != "zero" and elements.holds_active(interpreter, args):
        return elements.apply(interpreter, f, args, kwargs)
    if kwargs and kwargs.get("where") is np._NoValue:  # type: ignore[attr-defined]
        kwargs = {k: v for k, v in kwargs.items() if k != "where"}
    out = kwargs.get("out") if kwargs else None
    if out is Ellipsis:  # NumPy 2.3: the result is an array even where it has no axes
        return interpreter.as_array(apply(interpreter, rule, f, args, {k: v for k, v in kwargs.items() if k != "out"}, y))
    if isinstance(f, np.ufunc) and len(args) > f.nin:
        out, args = args[f.nin:], args[: f.nin]
    if out is not None and not (type(out) is tuple and all(o is None for o in out)):
        return _with_out(interpreter, rule, f, args, kwargs, out)
    if kind == "elementwise":
        return _elementwise(interpreter, rule, f, args, kwargs, y)
    if kind in ("zero", "refuse"):
        return interpreter.lower.callee(f)(*map(interpreter.plain, args), **_plain_values(interpreter, kwargs))
    return _explicit(interpreter, rule, f, args, kwargs)


def _plain_values(interpreter: Any, kwargs: dict) -> dict:
    return {k: interpreter.plain(v) for k, v in kwargs.items()} if kwargs else kwargs


def _objects(interpreter: Any, f: Any, args: tuple, kwargs: dict) -> tuple[bool, Any, tuple]:
    """Arguments that are neither numbers nor exact arrays: overrides, conversions, object arrays."""
    new = list(args)
    for i, x in enumerate(args):
        t = type(x)
        if t in (list, tuple) and not isinstance(f, np.ufunc):  # as ``np.concatenate`` asks the elements of its argument
            owner = next((v for v in x if _overriding(type(v), f)), None)
            result = NotImplemented if owner is None else protocols.invoke(
                interpreter, protocols.special(type(owner), "__array_function__"), owner, f, (type(owner),), args, kwargs)
            if result is not NotImplemented:
                return True, result, args
        if isinstance(x, (ndarray, list, tuple, str)) and not _overriding(t, f) or t in interpreter.numbers or x is None:
            if isinstance(x, ndarray) and t is not ndarray and subclasses.asked_by(f, t):
                return True, interpreter.calls.rewritten(f._implementation)(*args, **kwargs), args
            continue  # numbers of levels below are numbers
        if (number := protocols.exact(x)) is not x:
            new[i] = number
            continue
        if isinstance(f, np.ufunc):
            method = protocols.special(t, "__array_ufunc__")
            if method is not None and not protocols._is_c(method):
                inputs, named = subclasses.as_passed(f, args, kwargs)
                result = protocols.invoke(interpreter, method, x, f, "__call__", *inputs, **named)
                if result is not NotImplemented:
                    return True, result, args
                continue
        method = protocols.special(t, "__array_function__") if hasattr(f, "_implementation") else None
        if method is not None and not protocols._is_c(method):
            result = protocols.invoke(interpreter, method, x, f, (t,), args, kwargs)
            if result is not NotImplemented:
                return True, result, args
        method = protocols.special(t, "__array__")
        if method is not None and not protocols._is_c(method):
            new[i] = interpreter.call(np.asarray, x)
        elif protocols.overrides(t, "__float__") and getattr(f, "__module__", None) in ("math", "cmath"):
            new[i] = interpreter.call(float, x)
        elif isinstance(f, np.ufunc) and _method_loop(f, x):
            return True, interpreter.call(getattr(x, f.__name__)), args
        elif f in OBJECT_LOOPS and not kwargs and not any(isinstance(a, ndarray) for a in args):
            operation = OBJECT_LOOPS[f]
            return True, (interpreter.call(abs, x) if operation == "abs" else interpreter.hooks[operation](*args)), args
        elif isinstance(f, np.ufunc) and f.nout == 1 and not kwargs and interpreter.find_active(x) is not None and not any(
                protocols.special(t, name) for name in ("__array__", "__len__", "__float__")):
            return True, elements.each(interpreter, f, args), args
        elif isinstance(f, np.ufunc) and (found := interpreter.find_active(x)) is not None:
            raise interpreter.refuse(refusal.foreign_call(interpreter, f, found))
    return False, None, tuple(new)


def _overriding(t: type, f: Any) -> bool:
    if t in (ndarray, list, tuple, str):
        return False
    name = "__array_ufunc__" if isinstance(f, np.ufunc) else "__array_function__"
    return protocols.overrides(t, name)


def _method_loop(f: np.ufunc, x: Any) -> bool:
    """NumPy's loops over objects call the method of the ufunc's name."""
    return f.nin == 1 and not isinstance(x, ndarray) and callable(getattr(x, f.__name__, None)) and protocols.overrides(
        type(x), f.__name__)


def _with_out(interpreter: Any, rule: Rule, f: Any, args: tuple, kwargs: dict, out: Any) -> Any:
    """``f(…, out=out)``: compute, then write; memory that is not recorded is written directly."""
    targets = out if isinstance(out, tuple) else (out,)
    rest = {k: v for k, v in kwargs.items() if k != "out"}
    recorded = any(interpreter.is_recorded(o) for o in targets if o is not None)
    if not recorded and not any(map(interpreter.is_active, (*args, *rest.values()))):
        return interpreter.lower.callee(f)(*args, out=out, **rest)
    where = rest.get("where", True)
    if where is not True and isinstance(f, np.ufunc):
        return _masked_out(interpreter, rule, f, args, rest, targets[0])
    y = apply(interpreter, rule, f, args, rest)
    from .arrays import write_out

    return write_out(interpreter, f, y, targets if len(targets) > 1 else targets[0], rest.get("casting", "same_kind"))


def _masked_out(interpreter: Any, rule: Rule, f: Any, args: tuple, kwargs: dict, target: ndarray) -> Any:
    """``f(…, out=target, where=mask)``: what is masked out keeps its value."""
    mask = np.broadcast_to(np.asarray(kwargs["where"]), target.shape)
    rest = {k: v for k, v in kwargs.items() if k != "where"}
    value = interpreter.lower.copy(np.asarray(target))
    below = interpreter.lower.callee(f)
    below(*map(interpreter.plain, args), out=value, where=mask, **rest)
    y = _elementwise(interpreter, rule, f, args, rest, value, mask) if rule.kind == "elementwise" else value
    getitem, setitem = interpreter.hooks["getitem"], interpreter.hooks["setitem"]
    setitem(getitem(y, mask), target, np.array(mask))
    return target


def _elementwise(interpreter: Any, rule: Rule, f: Any, args: tuple, kwargs: dict, y: Any = None, mask: Any = None) -> Any:
    leaf = interpreter.leaf
    own = interpreter.scalars.own
    if kwargs and not isinstance(f, np.ufunc):
        args, kwargs = _positional(rule, args, kwargs)
    if any(type(a) in (list, tuple) for a in args):
        args = tuple(interpreter.as_array(a) if type(a) in (list, tuple) and interpreter.is_active(a) else a for a in args)
    leaves = []
    active_elsewhere = None
    for i, a in enumerate(args):
        found = leaf(a)
        if found is not None:
            if i < len(rule.partials) and rule.partials[i] is not None:  # type: ignore[arg-type]
                if not rule.holomorphic and found[2]:
                    raise interpreter.refuse(refusal.refused_rule(interpreter, f, a, "its rule holds for real arguments"))
                if isinstance(rule.partials[i], Refused):  # type: ignore[index]
                    raise interpreter.refuse(refusal.refused_rule(interpreter, f, a, rule.partials[i].reason))  # type: ignore[index]
                leaves.append((i, found))
            else:
                active_elsewhere = a
    del active_elsewhere  # a partial of None declares a zero derivative
    if not leaves:
        if y is not None:
            return y
        return interpreter.lower.callee(f)(*map(interpreter.plain, args), **kwargs)
    for a in args:
        if isinstance(a, (ndarray, np.generic)) and a.dtype.kind in "mM":
            raise interpreter.refuse(refusal.active_store(interpreter, a, a, "durations and dates count whole units"))
    if any(isinstance(a, ndarray) and a.dtype.kind == "O" for a in args):
        args = tuple(interpreter.objects(a) if isinstance(a, ndarray) and leaf(a) is not None else a for a in args)
        return f(*args, **kwargs)
    where = kwargs.get("where", True)
    if where is not True:
        mask = where
    if y is None:
        plain = [a.primal if type(a) in own else a for a in args]
        y = interpreter.lower.callee(f)(*plain, **kwargs)
    return interpreter.record_elementwise(rule, args, kwargs, leaves, y, mask)


def _positional(rule: Rule, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
    """Keyword arguments of an elementwise function put in their places."""
    import inspect

    try:
        bound = inspect.signature(rule.function).bind(*args, **kwargs)
    except (ValueError, TypeError):
        return args, kwargs
    bound.apply_defaults()
    return bound.args, bound.kwargs


class Plan:
    """What is the same for all calls of a rule with `n` arguments by position.

    Attributes
    ----------
    positions : list of int
        The differentiable positions.
    keywords : frozenset or None
        Keywords that need no binding: the rule has them, and they are not differentiable.  None: any but `wanted`.
    shapes_only : tuple of bool
        For each argument, whether the rule does not read its values.
    keep_y : bool
        Whether it reads the result.
    """

    __slots__ = ("keep_y", "keywords", "positions", "shapes_only")

    def __init__(self, rule: Rule, n: int) -> None:
        self.positions = positions_of(rule, n)
        parameters = rule.signature.parameters if rule.signature is not None else {}
        names = [k for k, p in parameters.items() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        wanted = {names[i] for i in positions_of(rule, len(names)) if i < len(names)}
        by_keyword = {k for k, p in parameters.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        self.keywords = frozenset(by_keyword - wanted - set(names[:n]))
        if rule.signature is not None and (n > len(names) or not {
                k for k, p in parameters.items() if p.default is p.empty and p.kind is not p.VAR_KEYWORD} <= set(names[:n])):
            self.keywords = frozenset()  # too many arguments, or too few: binding says what is wrong
        every = list(parameters)
        linear = self.positions if rule.kind == "linear" else ()

        def unread(i: int) -> bool:
            name = every[i] if i < len(every) else ""
            return name in rule.like or i in linear or rule.keep is not None and name not in rule.keep and name != ""

        self.shapes_only = tuple(map(unread, range(n)))
        self.keep_y = rule.kind != "linear" and (rule.keep is None or "y" in rule.keep)


def plan_of(rule: Rule, n: int) -> Plan:
    """The plan for calls with `n` arguments by position."""
    found = rule.plans.get(n)
    if found is None:
        found = rule.plans[n] = Plan(rule, n)
    return found


def positions_of(rule: Rule, n: int) -> list[int]:
    """The differentiable positions among `n` arguments."""
    if isinstance(rule.argnums, slice):
        return list(range(*rule.argnums.indices(n)))
    return list(rule.argnums)


def bind(interpreter: Any, rule: Rule, f: Any, args: tuple, kwargs: dict) -> Bound | None:
    """Arguments in the order of the rule; None where the rule does not take them and the primitive raises itself."""
    plan = plan_of(rule, len(args))
    if kwargs and rule.signature is not None and not plan.keywords.issuperset(kwargs):
        try:
            bound = rule.signature.bind(*args, **kwargs)
        except TypeError:
            return None
        names = [n for n, p in rule.signature.parameters.items()
                 if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        wanted = [names[i] for i in positions_of(rule, len(names)) if i < len(names)]
        if any(name in kwargs for name in wanted):
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
            plan = plan_of(rule, len(args))
    return Bound(list(args), dict(kwargs), plan)


def find_leaves(interpreter: Any, rule: Rule, bound: Bound) -> bool:
    """Fill ``bound.leaves``; True if anything is active."""
    leaf, some = interpreter.leaf, False
    for i in bound.positions:
        if i >= len(bound.args):
            bound.leaves.append(None)
            continue
        x = bound.args[i]
        t = type(x)
        if t in NUMBERS or t is ndarray and i not in rule.sequences:
            found: Any = leaf(x)
            some = some or found is not None
            bound.leaves.append(found)
            continue
        if isinstance(x, (list, tuple)) or (i in rule.sequences and not isinstance(x, ndarray)):
            if i in rule.sequences:
                x = bound.args[i] = [interpreter.as_array(v) if isinstance(v, (list, tuple)) else v
                                     for v in interpreter.hooks["iterate"](x)]
                found = [leaf(v) for v in x]
                some = some or any(v is not None for v in found)
                bound.leaves.append(found if any(v is not None for v in found) else None)
                continue
            if interpreter.is_active(x):
                x = bound.args[i] = interpreter.as_array(x)
        elif i in rule.sequences and isinstance(x, ndarray) and leaf(x) is not None:
            x = bound.args[i] = list(interpreter.hooks["iterate"](x))
            bound.leaves.append([leaf(v) for v in x])
            some = True
            continue
        found = leaf(x)
        some = some or found is not None
        bound.leaves.append(found)
    return some


def _explicit(interpreter: Any, rule: Rule, f: Any, args: tuple, kwargs: dict) -> Any:
    lower = interpreter.lower
    bound = bind(interpreter, rule, f, args, kwargs)
    if bound is None:
        if any(interpreter.find_active(x) is not None for x in (*args, *kwargs.values())):
            below = lower.callee(f)
            below(*map(interpreter.plain, args), **_plain_values(interpreter, kwargs))  # raises if the call is wrong
            raise interpreter.refuse(refusal.unsupported(
                interpreter, f"the rule of `{rule.name}` does not take these keywords ({', '.join(kwargs)})",
                "the derivative of this form of the call is not known", ["use the plain form of the call"]))
        return lower.callee(f)(*args, **kwargs)
    if not find_leaves(interpreter, rule, bound):
        _check_rest(interpreter, rule, f, bound)
        args = tuple([a if isinstance(a, (list, tuple, ndarray)) or i not in rule.sequences else bound.args[i]  # read already
                      for i, a in enumerate(args)])
        return lower.callee(f)(*map(interpreter.plain, args), **_plain_values(interpreter, kwargs))
    _check_rest(interpreter, rule, f, bound)
    own = interpreter.scalars.own
    plain = [a if type(a) is ndarray else a.primal if type(a) in own else interpreter.plain(a) for a in bound.args]
    residuals = None
    below = lower.callee(f)
    own_callbacks, _ = foreign.with_callees(interpreter, tuple(plain), {}, lambda g: g)
    if rule.forward is not None and "residuals" in rule.wants:
        y, residuals = lower.prepare(rule.forward)(*own_callbacks, **bound.kwargs)
    else:
        y = below(*own_callbacks, **bound.kwargs)
    if isinstance(y, ndarray) and y.base is not None and interpreter.shares_known_memory(y):
        return y
    if any(y is a for a in bound.args if isinstance(a, ndarray)):
        return y
    if y.__class__ in (bool, int, type(None)) or (isinstance(y, ndarray) and y.dtype.kind not in "fcO"):
        return y
    if isinstance(y, ndarray) and y.dtype.kind == "O":
        interpreter.check_foreign(f, args, kwargs)
    if isinstance(y, (tuple, list)):
        given = [a for a in bound.args if isinstance(a, ndarray)]
        given += [v for a in bound.args if isinstance(a, (tuple, list)) for v in a if isinstance(v, ndarray)]
        shared = [isinstance(v, ndarray) and (any(v is a for a in given) or v.base is not None and
                                              interpreter.shares_known_memory(v)) for v in y]
        if any(shared):
            return _partly_shared(interpreter, rule, bound, y, residuals, shared)
    return interpreter.record_rule(rule, bound, y, residuals)


def _partly_shared(interpreter: Any, rule: Rule, bound: Bound, y: Any, residuals: Any, shared: list[bool]) -> Any:
    """Record several results of which some are arguments, or views of them: these are known by their memory."""
    if all(shared):
        return y
    apart = [interpreter.lower.copy(v) if s else v for v, s in zip(y, shared, strict=True)]
    remade = type(y)(*apart) if hasattr(y, "_fields") else type(y)(apart)
    found = interpreter.record_rule(rule, bound, remade, residuals)
    merged = [v if s else r for v, r, s in zip(y, found, shared, strict=True)]
    return type(y)(*merged) if hasattr(y, "_fields") else type(y)(merged)


def _check_rest(interpreter: Any, rule: Rule, f: Any, bound: Bound) -> None:
    """An active value at a place the rule does not differentiate is refused, not dropped."""
    for i, x in enumerate(bound.args):
        if type(x) not in NUMBERS and i not in bound.positions and i not in rule.truths and interpreter.is_active(x):
            raise interpreter.refuse(refusal.refused_rule(
                interpreter, f, x, f"its rule has no derivative with respect to argument {i}"))
    for name, x in bound.kwargs.items():
        if type(x) not in NUMBERS and interpreter.is_active(x):
            raise interpreter.refuse(refusal.refused_rule(
                interpreter, f, x, f"its rule has no derivative with respect to `{name}`"))


class Saved:
    """What the pullback of an explicit rule reads: cells for arrays, values for the rest."""

    __slots__ = ("args", "kwargs", "sequences", "y")

    def __init__(self, args: list, sequences: dict, kwargs: dict, y: Any) -> None:
        self.args, self.sequences, self.kwargs, self.y = args, sequences, kwargs, y


def save(interpreter: Any, rule: Rule, bound: Bound, y: Any) -> Saved:
    """Keep what `rule` says it reads; shapes only where that is enough."""
    cells: list = []
    sequences: dict[int, list] = {}
    for i, (a, shape_only) in enumerate(zip(bound.args, bound.plan.shapes_only, strict=True)):
        t = type(a)
        if t is ndarray:
            cells.append([Like(a)] if shape_only and a.dtype.kind in "fc" else interpreter.keep(a))
            continue
        if t in NUMBERS:
            cells.append([a])
            continue
        a = interpreter.plain(a)
        if isinstance(a, list) and i in rule.sequences:
            sequences[i] = [_cell(interpreter, v, shape_only) for v in a]
            cells.append(None)
        else:
            cells.append(_cell(interpreter, a, shape_only))
    kept_y: Any = None
    if bound.plan.keep_y:
        kept_y = [interpreter.keep(v) for v in y] if isinstance(y, (tuple, list)) else interpreter.keep(y)
        if isinstance(y, (tuple, list)):
            kept_y = (type(y), kept_y)
    kwargs = {k: interpreter.keep(v) for k, v in bound.kwargs.items()}
    return Saved(cells, sequences, kwargs, kept_y)


def _cell(interpreter: Any, a: Any, shape_only: bool) -> list:
    if isinstance(a, ndarray):
        if shape_only and a.dtype.kind in "fc":
            return [Like(a)]
        return interpreter.keep(a)
    return [a]
