"""Functions in functions: captured variables, nonlocal, late binding, defaults, several lambdas on one line."""

import numpy as np

from ._case import Corpus, vec

case = Corpus(__name__)


@case(vec(3))
def counter_with_nonlocal(x):
    total = 0.0

    def add(v):
        nonlocal total
        total += v * x[0]
        return total

    for v in x:
        add(v)
    return total * add(1.0)


@case(0.7)
def accumulator_factory(x):
    def make(start):
        state = start

        def step(v):
            nonlocal state
            state = state * v + 1
            return state

        def reset():
            nonlocal state
            state = start

        return step, reset

    step, reset = make(x)
    a = step(x) + step(2.0)
    reset()
    return a * step(x)


@case(0.7)
def late_binding_in_a_loop(x):
    functions = []
    for k in range(3):
        functions.append(lambda v: v * k * x)
    bound = [lambda v, k=k: v * k * x for k in range(3)]
    return sum(f(1.0) for f in functions) + sum(f(x) for f in bound)


@case(1.3)
def several_lambdas_on_one_line(x):
    f, g, h = lambda v: v * x, lambda v: v + x, lambda v: (lambda w: w * v)(v - x)
    return f(2.0) * g(f(1.0)) + h(3.0)


@case(1.3)
def lambda_in_default_and_argument(x, f=lambda v: v * v, g=lambda v: v**3):
    return f(x) + (lambda a, /, b=2.0, *c, d=1.0, **e: a * b * d + sum(c) + sum(e.values()))(x, g(x), x, x, d=3, z=x)


@case(0.8)
def mutable_default_argument(x):
    def remember(v, seen=[]):  # noqa: B006
        seen.append(v)
        return sum(seen)

    return remember(x) + remember(x * x) * remember(1.0)


@case(vec(3))
def default_bound_to_active_value(x):
    def f(v, w=x[0] * 2, *, k=x[1]):
        return v * w + k

    return f(x[2]) * f(1.0, k=3.0)


@case(vec(4))
def closure_over_array_written_inside(x):
    buffer = np.zeros(4)

    def fill(scale):
        for i in range(4):
            buffer[i] = x[i] * scale
        return buffer

    first = fill(2.0)
    total = first.sum()
    second = fill(x[0])
    return total + (first * second).sum()


@case(vec(3))
def closure_cell_rebound_after_definition(x):
    scale = 1.0

    def f(v):
        return v * scale

    before = f(x[0])
    scale = x[1]
    return before + f(x[0]) * f(x[2])


@case(0.5)
def mutual_recursion_of_closures(x):
    def even(n):
        return 1.0 if n == 0 else x * odd(n - 1)

    def odd(n):
        return 0.5 if n == 0 else x + even(n - 1)

    return even(7) * odd(4)


@case(0.9)
def recursive_lambda(x):
    power = lambda n: 1.0 if n == 0 else x * power(n - 1)  # noqa: E731
    return power(5) + (lambda f, n: f(f, n))(lambda f, n: x if n == 0 else x * f(f, n - 1), 3)


@case(0.9)
def composition(x):
    def compose(*functions):
        def composed(v):
            for f in reversed(functions):
                v = f(v)
            return v

        return composed

    return compose(np.sin, lambda v: v * v, compose(np.exp, lambda v: -v * x))(x)


@case(1.1)
def currying(x):
    def add(a):
        def with_b(b):
            def with_c(c):
                return a * b + c**a

            return with_c

        return with_b

    return add(x)(2 * x)(x + 3)


@case(vec(3))
def class_closing_over_values(x):
    class Line:
        slope = x[0] * 3

        def __init__(self, shift=x[1]):
            self.shift = shift

        def at(self, t):
            return self.slope * t + self.shift * x[2]

    return Line().at(2.0) * Line(1.0).at(x[0])


@case(0.4)
def argument_kinds(x):
    def f(a, b=2.0, /, c=3.0, *args, d, e=5.0, **rest):
        return a * b + c * sum(args) + d * e + sum(v * len(k) for k, v in rest.items())

    args, kwargs = (x, x * x), {"d": x, "long": x**3}
    return f(x, d=1.0) + f(*args, 3.0, *[x, 1.0], **kwargs) + f(1.0, c=x, **{"d": x, "e": x})


@case((1.2, 0.4), {"c": 0.7})
def splatted_arguments(pair, named):
    def f(a, b, c):
        return a * b**2 * c

    return f(*pair, **named)


def horner(x, *coefficients):
    result = 0.0
    for c in coefficients:
        result = result * x + c
    return result


case.add(horner, 0.7, 1.0, -2.0, 0.5, name="variable_number_of_arguments")


@case(0.6)
def immediately_called(x):
    return (lambda: x * x)() + (lambda *a: sum(a))(x, x) + [f() for f in [lambda: x, lambda: 2 * x]][1]


@case(1.4)
def function_attributes(x):
    def f(v):
        f.calls += 1
        f.last = v * v
        return f.last * f.calls

    f.calls = 0
    return f(x) + f(x) + f.last


@case(vec(3))
def callback_receives_active_values(x):
    results = []

    def visit(values, callback):
        for i, v in enumerate(values):
            callback(i, v * v)

    visit(x, lambda i, v: results.append(v * (i + 1)))
    return sum(results)


case.add(lambda x: x * np.sin(x), 0.3, name="lambda_itself"), case.add(lambda x: x**3, 0.3, name="second_lambda")
