"""Pullbacks of scalar operations: what each adds to the cotangents of its operands.

A rule receives the builder, the result's cotangent, and `get`, by which it asks for primal values. What it asks for
is what the reverse sweep needs: the analysis of required values runs the same rules. Conventions at kinks are those
of the rule library: 0 for ``abs`` at 0, one half each for ``maximum`` at a tie.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ..ir.builder import Builder, const
from ..ir.function import Constant, Op, Value
from ..routines.ufuncs import UFUNCS
from .library import inline, partial

__all__ = ["pull"]

Get = Callable[[Value], Value]


def _scaled(b: Builder, y_bar: Value, factor: Value) -> Value:
    return b.mul(y_bar, factor)


def _strong(b: Builder, y_bar: Value, value: Value) -> Value:
    """`value`, or 0 where the cotangent is 0: a partial that is infinite must not make nan of nothing.

    The value is proportional to the cotangent. The mark tells the pushforward so: the tangent is not 0 where the
    cotangent is 0 and its own tangent is not.
    """
    zero = const(0.0, y_bar.type)
    nothing = b.scalar("eq", y_bar, zero)
    if isinstance(nothing, Constant):
        return zero if nothing.value else value
    return b.pure("select", [nothing, zero, value], y_bar.type, {"strong": True})


def _one(b: Builder, like: Value, c: float = 1.0) -> Value:
    return const(c, like.type)


UNARY: dict[str, Callable[[Builder, Value, Callable[[], Value], Callable[[], Value]], Value]] = {
    "neg": lambda b, g, x, y: b.scalar("neg", g),
    "cast": lambda b, g, x, y: g,
    "abs": lambda b, g, x, y: b.mul(g, b.scalar("sign", x())),
    "sqrt": lambda b, g, x, y: _strong(b, g, b.scalar("div", b.mul(g, _one(b, g, 0.5)), y())),
    "exp": lambda b, g, x, y: b.mul(g, y()),
    "exp2": lambda b, g, x, y: b.mul(g, b.mul(y(), _one(b, g, math.log(2)))),
    "expm1": lambda b, g, x, y: b.mul(g, b.add(y(), _one(b, g))),
    "log": lambda b, g, x, y: _strong(b, g, b.scalar("div", g, x())),
    "log2": lambda b, g, x, y: _strong(b, g, b.scalar("div", g, b.mul(x(), _one(b, g, math.log(2))))),
    "log10": lambda b, g, x, y: _strong(b, g, b.scalar("div", g, b.mul(x(), _one(b, g, math.log(10))))),
    "log1p": lambda b, g, x, y: _strong(b, g, b.scalar("div", g, b.add(x(), _one(b, g)))),
    "sin": lambda b, g, x, y: b.mul(g, b.scalar("cos", x())),
    "cos": lambda b, g, x, y: b.scalar("neg", b.mul(g, b.scalar("sin", x()))),
    "tan": lambda b, g, x, y: b.mul(g, b.add(_one(b, g), b.mul(y(), y()))),
    "tanh": lambda b, g, x, y: b.mul(g, b.sub(_one(b, g), b.mul(y(), y()))),
    "sinh": lambda b, g, x, y: b.mul(g, b.scalar("cosh", x())),
    "cosh": lambda b, g, x, y: b.mul(g, b.scalar("sinh", x())),
    "arcsin": lambda b, g, x, y: _strong(b, g, b.scalar("div", g, b.scalar("sqrt", _one_minus_square(b, x())))),
    "arccos": lambda b, g, x, y: _strong(b, g, b.scalar("neg", b.scalar("div", g, b.scalar(
        "sqrt", _one_minus_square(b, x()))))),
    "arctan": lambda b, g, x, y: b.scalar("div", g, b.add(_one(b, g), b.mul(x(), x()))),
    "arcsinh": lambda b, g, x, y: b.scalar("div", g, b.scalar("sqrt", b.add(_one(b, g), b.mul(x(), x())))),
    "arccosh": lambda b, g, x, y: _strong(b, g, b.scalar("div", g, b.mul(
        b.scalar("sqrt", b.sub(x(), _one(b, g))), b.scalar("sqrt", b.add(x(), _one(b, g)))))),
    "arctanh": lambda b, g, x, y: _strong(b, g, b.scalar("div", g, _one_minus_square(b, x()))),
    "cbrt": lambda b, g, x, y: _strong(b, g, b.scalar("div", b.mul(g, y()), b.mul(_one(b, g, 3.0), x()))),
    "lgamma": lambda b, g, x, y: b.mul(g, b.scalar("polygamma", _one(b, g, 0.0), x())),
    "gamma": lambda b, g, x, y: b.mul(g, b.mul(y(), b.scalar("polygamma", _one(b, g, 0.0), x()))),
    "erf": lambda b, g, x, y: b.mul(g, b.mul(_one(b, g, 2 / math.sqrt(math.pi)), _gauss(b, x()))),
    "erfc": lambda b, g, x, y: b.mul(g, b.mul(_one(b, g, -2 / math.sqrt(math.pi)), _gauss(b, x()))),
}


def _gauss(b: Builder, x: Value) -> Value:
    return b.scalar("exp", b.scalar("neg", b.mul(x, x)))


def _one_minus_square(b: Builder, x: Value) -> Value:
    one = const(1.0, x.type)
    return b.mul(b.sub(one, x), b.add(one, x))


def pull(b: Builder, op: Op, g: Value, is_varied: Callable[[Value], bool], get: Get) -> list[tuple[Value, Value]]:
    """Increments ``(operand, cotangent)`` of a varied scalar operation, or KeyError if it has no derivative here."""
    name, x = op.name, op.operands
    if name in UNARY:
        return [(x[0], UNARY[name](b, g, lambda: get(x[0]), lambda: get(op.result)))]
    out: list[tuple[Value, Value]] = []
    if name in UFUNCS:
        return _pull_ufunc(b, op, g, is_varied, get)
    first, second = (is_varied(v) for v in x[:2])
    if name in ("add", "radd", "sub"):
        out += [(x[0], g)] if first else []
        out += [(x[1], b.scalar("neg", g) if name == "sub" else g)] if second else []
    elif name == "mul":
        if x[0] is x[1]:
            return [(x[0], b.mul(b.mul(g, get(x[0])), const(2.0, g.type)))]
        out += [(x[0], b.mul(g, get(x[1])))] if first else []
        out += [(x[1], b.mul(g, get(x[0])))] if second else []
    elif name == "div":
        t = b.scalar("div", g, get(x[1]))
        t = _strong(b, g, t) if second else t
        out += [(x[0], t)] if first else []
        out += [(x[1], b.scalar("neg", _strong(b, g, b.mul(t, get(op.result)))))] if second else []
    elif name == "select":
        if op.attrs.get("strong"):
            raise KeyError("a derivative of this order")
        zero = const(0.0, g.type)
        c = get(x[0])
        out += [(x[1], b.scalar("select", c, g, zero))] if is_varied(x[1]) else []
        out += [(x[2], b.scalar("select", c, zero, g))] if is_varied(x[2]) else []
    else:
        out += _pull_pair(b, op, g, first, second, get)
    return out


def _pull_ufunc(b: Builder, op: Op, g: Value, is_varied: Callable[[Value], bool], get: Get) -> list[tuple[Value, Value]]:
    """Partial derivatives from the rule library."""
    out = []
    for k, v in enumerate(op.operands):
        found = partial(op.name, k) if is_varied(v) else None
        if found is not None:
            function, used = found
            given = [get(w) if n in used else w for n, w in enumerate((op.result, *op.operands))]
            factor = inline(b, function, given, lambda v, axis: None)[0]
            out.append((v, _strong(b, g, b.mul(g, b.cast(factor, g.type)))))  # type: ignore[arg-type]
    return out


def _pull_pair(b: Builder, op: Op, g: Value, first: bool, second: bool, get: Get) -> list[tuple[Value, Value]]:
    name, x = op.name, op.operands
    out: list[tuple[Value, Value]] = []
    if name in ("maximum", "minimum"):
        p, q = get(x[0]), get(x[1])
        zero, half = const(0.0, g.type), b.mul(g, const(0.5, g.type))
        tie = b.scalar("eq", p, q)
        wins = b.scalar("or", b.scalar("gt" if name == "maximum" else "lt", p, q), b.scalar("isnan", p))
        out += [(x[0], b.scalar("select", tie, half, b.scalar("select", wins, g, zero)))] if first else []
        out += [(x[1], b.scalar("select", tie, half, b.scalar("select", wins, zero, g)))] if second else []
    elif name == "pow":
        p, q = get(x[0]), get(x[1])
        one, zero = const(1.0, g.type), const(0.0, g.type)
        if first:
            partial = b.mul(q, b.scalar("pow", p, b.sub(q, one)))
            partial = _strong(b, q, partial)
            out.append((x[0], _strong(b, g, b.mul(g, partial))))
        if second:
            safe = b.scalar("select", b.scalar("eq", p, zero), one, p)
            out.append((x[1], _strong(b, g, b.mul(g, b.mul(get(op.result), b.scalar("log", safe))))))
    elif name == "arctan2":
        p, q = get(x[0]), get(x[1])
        t = _strong(b, g, b.scalar("div", g, b.add(b.mul(p, p), b.mul(q, q))))
        out += [(x[0], b.mul(t, q))] if first else []
        out += [(x[1], b.scalar("neg", b.mul(t, p)))] if second else []
    elif name == "copysign":
        if first:
            signs = [b.scalar("copysign", const(1.0, g.type), get(v)) for v in x]
            out.append((x[0], b.mul(g, b.mul(*signs))))
    elif name == "hypot":
        t = _strong(b, g, b.scalar("div", g, get(op.result)))
        out += [(x[0], b.mul(t, get(x[0])))] if first else []
        out += [(x[1], b.mul(t, get(x[1])))] if second else []
    elif name == "mod":
        out += [(x[0], g)] if first else []
        if second:
            whole = b.scalar("floor", b.scalar("div", get(x[0]), get(x[1])))
            out.append((x[1], b.scalar("neg", b.mul(g, whole))))
    elif name == "fmod":
        out += [(x[0], g)] if first else []
        if second:
            whole = b.scalar("trunc", b.scalar("div", get(x[0]), get(x[1])))
            out.append((x[1], b.scalar("neg", b.mul(g, whole))))
    elif name == "polygamma":
        if first or not isinstance(x[0], Constant):
            raise KeyError("polygamma with respect to its order")
        out.append((x[1], b.mul(g, b.scalar("polygamma", const(x[0].value + 1.0, g.type), get(x[1])))))
    elif name == "floordiv":
        return []
    else:
        raise KeyError(name)
    return out
