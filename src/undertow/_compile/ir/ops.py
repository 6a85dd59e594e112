"""The operations: what each is called, how it is written in Python, and what recomputing it costs.

Scalar operations are pure. Costs are in units of one addition, for the choice between storing and recomputing.
"""

from __future__ import annotations

from typing import NamedTuple


class Scalar(NamedTuple):
    """A pure operation on scalars."""

    arity: int
    text: str
    cost: float


SCALAR: dict[str, Scalar] = {
    "add": Scalar(2, "{0} + {1}", 1), "sub": Scalar(2, "{0} - {1}", 1), "mul": Scalar(2, "{0} * {1}", 1),
    "div": Scalar(2, "{0} / {1}", 3), "floordiv": Scalar(2, "{0} // {1}", 4), "mod": Scalar(2, "{0} % {1}", 4),
    "pow": Scalar(2, "{0} ** {1}", 12), "neg": Scalar(1, "-{0}", 1), "radd": Scalar(2, "radd({0}, {1})", 1),
    "lt": Scalar(2, "{0} < {1}", 1), "le": Scalar(2, "{0} <= {1}", 1), "gt": Scalar(2, "{0} > {1}", 1),
    "ge": Scalar(2, "{0} >= {1}", 1), "eq": Scalar(2, "{0} == {1}", 1), "ne": Scalar(2, "{0} != {1}", 1),
    "and": Scalar(2, "{0} & {1}", 1), "or": Scalar(2, "{0} | {1}", 1), "xor": Scalar(2, "{0} ^ {1}", 1),
    "not": Scalar(1, "not {0}", 1), "shl": Scalar(2, "{0} << {1}", 1), "shr": Scalar(2, "{0} >> {1}", 1),
    "select": Scalar(3, "{1} if {0} else {2}", 1),
    "cast": Scalar(1, "{type}({0})", 1),
    "abs": Scalar(1, "abs({0})", 1), "floor": Scalar(1, "floor({0})", 1), "ceil": Scalar(1, "ceil({0})", 1),
    "trunc": Scalar(1, "trunc({0})", 1), "sign": Scalar(1, "sign({0})", 2), "rint": Scalar(1, "rint({0})", 1),
    "sqrt": Scalar(1, "sqrt({0})", 4), "exp": Scalar(1, "exp({0})", 10), "log": Scalar(1, "log({0})", 10),
    "sin": Scalar(1, "sin({0})", 10), "cos": Scalar(1, "cos({0})", 10), "tan": Scalar(1, "tan({0})", 14),
    "tanh": Scalar(1, "tanh({0})", 12), "sinh": Scalar(1, "sinh({0})", 12), "cosh": Scalar(1, "cosh({0})", 12),
    "arcsin": Scalar(1, "arcsin({0})", 12), "arccos": Scalar(1, "arccos({0})", 12),
    "arctan": Scalar(1, "arctan({0})", 12), "arcsinh": Scalar(1, "arcsinh({0})", 14),
    "arccosh": Scalar(1, "arccosh({0})", 14), "arctanh": Scalar(1, "arctanh({0})", 14),
    "arctan2": Scalar(2, "arctan2({0}, {1})", 14), "hypot": Scalar(2, "hypot({0}, {1})", 6),
    "log1p": Scalar(1, "log1p({0})", 12), "expm1": Scalar(1, "expm1({0})", 12),
    "log2": Scalar(1, "log2({0})", 12), "log10": Scalar(1, "log10({0})", 12), "exp2": Scalar(1, "exp2({0})", 12),
    "erf": Scalar(1, "erf({0})", 14), "erfc": Scalar(1, "erfc({0})", 14), "lgamma": Scalar(1, "lgamma({0})", 20),
    "gamma": Scalar(1, "gamma({0})", 20), "polygamma": Scalar(2, "polygamma({0}, {1})", 60),  # derivatives of lgamma: 1 + {0}
    "cbrt": Scalar(1, "cbrt({0})", 12), "fmod": Scalar(2, "fmod({0}, {1})", 6),
    "isnan": Scalar(1, "isnan({0})", 1), "isinf": Scalar(1, "isinf({0})", 1), "isfinite": Scalar(1, "isfinite({0})", 1),
    "maximum": Scalar(2, "maximum({0}, {1})", 2), "minimum": Scalar(2, "minimum({0}, {1})", 2),
    "stop": Scalar(1, "({0})", 0), "copysign": Scalar(2, "copysign({0}, {1})", 1),
}
COMPARISONS = frozenset(("lt", "le", "gt", "ge", "eq", "ne"))
COMMUTATIVE = frozenset(("add", "mul", "and", "or", "xor", "eq", "ne"))

# name: (least number of operands, number of regions). Operand and region conventions:
#   gemm c a b m n k *c_at *a_at *b_at {c, a, b, keep, minus, ordered}     a product of m by k and k by n matrices that
#       begin at these indices and lie along two axes each; its negative where `minus`; added to `c` where `keep`, by one
#       term after the other in the order of the k where `ordered`. Made by the last passes
#   dim a {axis}                        alloc *dims {fill}               view a *operands {kind, ...}
#   load a *index                       store a value *index             accum a value *index    (a[index] += value)
#   if cond [then][else]                for lo hi step *init [(i, *carried) yields *carried]
#   while *init [(*carried) yields cond][(*carried) yields *carried]
#   check cond {reason, defer}
#   library *outs *ins {routine, outs, element, flags, carries}    a call of a routine (see `routines`): writes `outs`, reads `ins`
#   threads work copied -> pieces        into how many pieces a loop is cut; made by the last pass, known to the emitter
#   reserve n -> base                   pop n -> base                    release base
#   tape_store value at                 tape_load at -> value            (one last-in-first-out memory of 8-byte slots)
#   Of numbers side by side, in loops that run several iterations at once; made by the last pass. Scalar operations take
#   them too, together with ordinary numbers, and accesses with {axis, lanes} are of as many neighbours along an axis
#   spread x -> x in all lanes           along i {step} -> i, i + step, i + 2 step, ...
#   total v -> sum, in any order         added s v -> s, and then each lane, in order
#   every c, some c -> bool              lane v k -> number of one lane
#   within c i -> i where c holds, elsewhere that of the first lane where it does
#   gather a *index -> a[index]          scatter a v *index              a[index] += v, lane by lane: indices may be lanes
OTHER: dict[str, tuple[int, int]] = {
    "gemm": (6, 0), "dim": (1, 0), "alloc": (0, 0), "view": (1, 0), "load": (1, 0), "store": (2, 0), "accum": (2, 0),
    "if": (1, 2), "for": (3, 1), "while": (0, 2), "check": (1, 0), "library": (1, 0),
    "spread": (1, 0), "along": (1, 0), "total": (1, 0), "added": (2, 0), "every": (1, 0), "some": (1, 0), "lane": (2, 0),
    "within": (2, 0), "gather": (1, 0), "scatter": (2, 0),
    "threads": (2, 0), "reserve": (1, 0), "pop": (1, 0), "release": (1, 0), "tape_load": (1, 0), "tape_store": (2, 0),
}
PURE = frozenset(SCALAR) | {"dim", "view"}
WRITES = frozenset(("store", "accum"))
HAS_EFFECT = frozenset(("store", "accum", "scatter", "check", "reserve", "pop", "release", "tape_store", "gemm", "library"))
