"""Higher-order functions of the standard library and functions handed through C code."""

import collections
import functools
import math
import operator
import statistics

import numpy as np

from ._case import Corpus, mat, vec

case = Corpus(__name__)


@case(vec(5))
def map_filter_reduce(x):
    squares = map(lambda v: v * v * x[0], x)
    large = filter(lambda v: v > 0.001 or v < -0.001, squares)
    return functools.reduce(lambda a, b: a * 0.5 + b, large, 1.0)


@case(vec(5))
def map_of_builtins(x):
    return sum(map(math.sin, x)) + sum(map(operator.mul, x, reversed(x))) + sum(map(abs, x)) + sum(map(float, x)) * x[0]


@case(vec(4))
def reduce_with_operators(x):
    return functools.reduce(operator.mul, x) + functools.reduce(operator.add, [x, x * 2, x**2])[1]


@case(vec(6))
def min_max_with_key(x):
    return max(x, key=lambda v: -((v - 0.2) ** 2)) * 3 + min(x, key=abs) * 2 + max([], default=x[0]) + min(x[0], x[1])


@case(vec(5))
def key_function_accumulates(x):
    total = []

    def key(v):
        total.append(v * v)
        return v

    ordered = sorted(x, key=key, reverse=True)
    return sum(total) + ordered[0] * ordered[1]


@case(vec(4))
def list_sort_with_attrgetter(x):
    Row = collections.namedtuple("Row", "value rank")
    rows = [Row(v, -i) for i, v in enumerate(x)]
    rows.sort(key=operator.attrgetter("value"))
    rows[:2] = sorted(rows[:2], key=operator.itemgetter(1))
    return rows[0].value * 2 + rows[3].value * operator.methodcaller("index", 3)([1, 2, 3])


@case(vec(5))
def statistics_module(x):
    values = [float(v) for v in x]
    return statistics.fmean(values) + statistics.fmean([v * v for v in values]) * 2


@case(vec(5), either=True)
def statistics_with_exact_fractions(x):
    return statistics.variance(list(x))


@case(0.9)
def function_as_argument_and_result(x):
    def twice(f):
        return lambda v: f(f(v))

    return twice(twice(math.sin))(x) * twice(lambda v: v * x)(2.0)


@case(vec(3))
def function_in_a_container(x):
    box = [np.sin, {"f": np.exp}, (lambda v: v * x[2],)]
    return box[0](x[0]) * box[1]["f"](x[1]) + box[2][0](x[0])


def numerical_integral(f, a, b, n=8):
    h = (b - a) / n
    return h * (0.5 * f(a) + sum(f(a + i * h) for i in range(1, n)) + 0.5 * f(b))


@case(0.3, 1.2)
def integral_with_parameters(a, k):
    return numerical_integral(lambda t: math.exp(-k * t * t), a, k)


@case(math.sin, 0.7, argnums=1)
def applies_its_argument(f, x):
    return f(x) * f(2 * x)


@case(vec(3))
def fold_over_scan(x):
    def scan(f, carry, items):
        out = []
        for item in items:
            carry, y = f(carry, item)
            out.append(y)
        return carry, np.stack(out)

    carry, ys = scan(lambda c, v: (c * 0.9 + v, np.array([c * v, v])), x[0], x)
    return carry * ys.sum() + ys[2, 0]


@case(vec(4))
def church_style_lists(x):
    def cons(head, tail):
        return lambda select: select(head, tail)

    items = None
    for v in x:
        items = cons(v, items)
    total = 0.0
    while items is not None:
        total = total * 0.5 + items(lambda h, t: h)
        items = items(lambda h, t: t)
    return total


@case(mat(3, 3))
def numpy_functions_taking_functions(a):
    table = np.fromfunction(lambda i, j: i * 2.0 + j, (3, 3))
    pieces = np.piecewise(a, [a < 0, a >= 0], [lambda v: v * v, lambda v: 3 * v])
    return (table * pieces).sum()


@case(vec(4))
def fromiter_and_array_of_generator(x):
    a = np.fromiter((v * v for v in x), dtype=float)
    b = np.array([math.exp(v) for v in x])
    return a @ b


@case(vec(4))
def string_keys_and_getattr_dispatch(x):
    total = 0.0
    for name in ("sin", "cos", "exp"):
        total += getattr(np, name)(x).sum() * getattr(math, name)(x[0])
    return total


@case(0.5, 1.5)
def trampolined_tail_calls(x, y):
    def gcd_like(a, b, n):
        return (lambda: gcd_like(b, a * 0.5 + b, n - 1)) if n else a * b

    result = gcd_like(x, y, 6)
    while callable(result):
        result = result()
    return result


@case(vec(3))
def visitor_over_expression_objects(x):
    class Num:
        def __init__(self, v):
            self.v = v

    class Bin:
        def __init__(self, op, a, b):
            self.op, self.a, self.b = op, a, b

    class Visitor:
        def visit(self, node):
            return getattr(self, "visit_" + type(node).__name__.lower())(node)

        def visit_num(self, node):
            return node.v

        def visit_bin(self, node):
            return node.op(self.visit(node.a), self.visit(node.b))

    tree = Bin(operator.add, Bin(operator.mul, Num(x[0]), Num(x[1])), Bin(operator.pow, Num(x[2]), Num(2)))
    return Visitor().visit(tree)
