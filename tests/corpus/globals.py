"""Module globals read, rebound and changed in place."""

import numpy as np

from ._case import Corpus, make, vec

case = Corpus(__name__)

GRAVITY = 9.81
enabled = True
counter = 0
last = None
table = {}
trace = []
weights = np.array([1.0, -2.0, 0.5])
scratch = np.zeros(3)


def reset():
    global counter, last
    counter, last = 0, None
    table.clear()
    trace.clear()
    weights[:] = 1.0, -2.0, 0.5
    scratch[:] = 0.0


@case(1.2)
def reads_constants(t):
    return 0.5 * GRAVITY * t**2 if enabled else 1


@case(0.7, gradient=0.0)
def reads_only_constants(x):
    return np.sin(GRAVITY)


@case(vec(3), reset=reset)
def reads_a_global_array(x):
    return weights @ x * (weights**2).sum()


@case(2.0, reset=reset)
def rebinds_a_counter(x):
    global counter
    counter += 1
    counter = counter + 1
    return x**counter


def remember(v):
    global last
    last = v * 2


@case(0.7, reset=reset)
def value_travels_through_a_global(x):
    global last
    remember(x)
    result = last * last
    last = None
    return result


@case(0.7, reset=reset, nested=False)
def value_left_in_a_global(x):
    global last
    last = x * 2
    return last * x


@case(0.7, 4, reset=reset)
def power_by_global_accumulator(x, n):
    global last
    last = 1.0
    for _ in range(n):
        last *= x
    result, last = last, None
    return result


@case(vec(3), reset=reset)
def global_list_and_dictionary(x):
    for i, v in enumerate(x):
        trace.append(v * v)
        table[i] = trace[-1] * 2
    result = sum(trace) * table[1]
    trace.clear()
    table.clear()
    return result


@case(vec(3), reset=reset)
def scratch_array_overwritten_and_restored(x):
    scratch[:] = x
    scratch[1] *= scratch[0]
    result = (scratch**2).sum()
    scratch[:] = 0.0
    return result


@case(vec(3), reset=reset, nested=False)
def global_array_left_changed(x):
    weights[0] = x[0]
    weights[1:] += x[1:]
    return (weights * x).sum()


class Config:
    tolerance = 1e-3
    scale = 2.0


@case(0.4, reset=lambda: setattr(Config, "scale", 2.0))
def class_attribute_as_global(x):
    Config.scale = x * 3
    y = x * Config.scale
    Config.scale = 2.0
    return y * Config.scale


@case(0.4)
def globals_dictionary(x):
    return globals()["GRAVITY"] * x + len(__name__) * 0 + x**2


@case(0.4)
def import_inside(x):
    import math
    from math import exp as e

    import numpy.linalg as la

    return math.sin(x) * e(x) + la.norm(np.array([x, 2.0]))


@case(0.4)
def shadows_a_builtin(x):
    sum = lambda v: v * 3  # noqa: A001, E731
    max = x * 2  # noqa: A001
    return sum(x) * max


@case(make(lambda r: weights), 0.5, argnums=1, reset=reset)
def global_array_as_inactive_argument(w, s):
    w[0] = w[0] * 2
    return (w * s).sum() + weights[0] * s**2
