"""Loops, branches and everything Python can do to the order of execution."""

import numpy as np

from ._case import Corpus, mat, vec

case = Corpus(__name__)


@case(vec(6))
def branch_on_value(x):
    if x[0] > x[1]:
        return x[0] * x[2]
    elif x[0] < -2:
        return x[3]
    else:
        return x[1] ** 2 * x[4]


@case(1.0, gradient=2.0)
def three_way_branch(x):
    y = x
    if x < 0:
        y = -x
    elif x < 2:
        y = x * x
    return y


@case(2.0)
def missing_else(x):
    y = 3.0
    if x > 1:
        y *= x
    if x > 10:
        y *= x
    return y


@case(vec(8))
def for_else_found(x):
    for i, v in enumerate(x):
        if v > 0.5:
            result = v * i
            break
    else:
        result = x.sum()
    return result + x[0]


@case(vec(5, -1, 0))
def for_else_exhausted(x):
    for v in x:
        if v > 0:
            break
    else:
        return (x * x).sum()
    return v


@case(1.9)
def while_else(x):
    n = 0
    while x > 1:
        x = x * 0.8
        n += 1
        if n > 30:
            break
    else:
        x = x * x
    return x * n


@case(0.9)
def continue_and_break(x):
    total = 0.0
    for i in range(20):
        if i % 3 == 0:
            continue
        if total > 4:
            break
        total += x**i
    return total


@case(3.0)
def data_dependent_trip_count(x):
    steps = 0
    while x > 0.1:
        x /= 2 + 0.1 * steps
        steps += 1
    return x * steps


@case(vec(4), 5)
def nested_loops_with_early_exit(x, n):
    total = 0.0
    for i in range(n):
        for j in range(i, n):
            if (i * j) % 4 == 3:
                break
            total += x[i % 4] * x[j % 4] / (1 + j)
        else:
            total *= 1.1
    return total


@case(vec(6))
def running_maximum(x):
    best, where = x[0], 0
    for i, v in enumerate(x):
        if v > best:
            best, where = v, i
    return best * (where + 1) + best * x[0]


@case(vec(6))
def insertion_sort_then_weighted_sum(x):
    for i in range(1, len(x)):
        key = x[i]
        j = i - 1
        while j >= 0 and x[j] > key:
            x[j + 1] = x[j]
            j -= 1
        x[j + 1] = key
    return sum(v * (k + 1) for k, v in enumerate(x))


@case(vec(7))
def bubble_sort_with_tuples(x):
    values = list(x)
    swapped = True
    while swapped:
        swapped = False
        for i in range(len(values) - 1):
            if values[i] > values[i + 1]:
                values[i], values[i + 1] = values[i + 1], values[i]
                swapped = True
    return values[0] * 3 + values[-1] * values[3]


@case(0.3)
def conditionally_defined_local(x):
    if x > 0:
        extra = x * x
    total = x
    if x > 0:
        total += extra
    return total


@case(0.3, True)
def boolean_argument_guards(x, flag):
    if flag:
        y = np.sin(x)
    z = np.cos(x)
    if flag:
        z = z + y
    return z


@case(0.4)
def locals_inspection(x):
    if x > 1:
        y = 2.0
    if "y" in locals():
        return y * x
    return 6.0 * x


@case(1.7)
def early_return_from_nested_blocks(x):
    for i in range(10):
        for j in range(10):
            while True:
                if i * j > 12:
                    return x ** (i - j) * i
                break
    return x


@case(vec(5))
def guarded_division(x):
    total = 0.0
    for v in x:
        d = v - x[2]
        if d != 0:
            total += 1 / (3 + d)
    return total


@case(3.3, 1.5, gradient=(1.5, 3.3))
def recursion_with_argument_swap(a, b):
    return a * b if a > b else recursion_with_argument_swap(b, a) + a


@case(1.3)
def rotating_three(x):
    a, b, c = x, 2 * x, 3 * x * x
    for _ in range(4):
        a, b, c = b, c, a
    return a * 2 + b


@case(0.5)
def parallel_phi(x):
    a, b = 1.0, x
    for _ in range(3):
        a, b = b, 2 * a
    return (a, b)


@case(vec(3))
def ternary_chains(x):
    kind = "a" if x[0] > 0.5 else "b" if x[0] > -0.5 else "c"
    return {"a": x[0], "b": x[1] ** 2, "c": x[2] ** 3}[kind] + (0 if kind == "a" else x[0])


@case(mat(4, 4))
def short_circuit_with_arrays(a):
    if (a > -5).all() and not (a > 5).any() or a[100]:
        return a[0] @ a[1]
    return a.sum()


@case(vec(6))
def collatz_like_on_indices(x):
    i, total = 5, 0.0
    while i != 1:
        total += x[i % 6] * i
        i = i // 2 if i % 2 == 0 else 3 * i + 1
    return total


@case(0.2, nested=False)  # the root is a step function: its jumps spoil second differences
def bisection_to_tolerance(x):
    low, high = 0.0, 2.0
    for _ in range(30):
        middle = (low + high) / 2
        if middle**3 < x:
            low = middle
        else:
            high = middle
    root = (low + high) / 2
    return root - (root**3 - x) / (3 * root**2)


@case(0.37)
def fixed_point_until_converged(a):
    x = 1.0
    while True:
        new = np.cos(a * x)
        if abs(new - x) < 1e-13:
            break
        x = new
    return new


@case(vec(6))
def loop_over_zip_enumerate_reversed(x):
    total = 0.0
    for i, (a, b) in enumerate(zip(x, reversed(x), strict=True)):
        total += (i + 1) * a * b * b
    return total


@case(vec(6))
def loop_variable_survives(x):
    for i in range(3):
        v = x[i] * x[i + 1]
    return v * i


@case(vec(3))
def modifies_list_while_iterating(x):
    queue = [x[0]]
    for v in queue:
        if len(queue) < 5:
            queue.append(v * x[1] + x[2])
    return sum(queue)


@case(vec(4))
def finally_runs_on_break_and_return(x):
    log = []

    def visit():
        for v in x:
            try:
                if v > 5:
                    continue
                if len(log) == 2:
                    return v * 2
            finally:
                log.append(v)
        return 0.0

    return visit() + sum(log)


@case(1.2)
def pass_and_ellipsis_bodies(x):
    if x > 0:
        pass
    else:
        ...
    for _ in ():
        x = 0
    while False:
        x = 1
    return x * x


@case(0.3)
def assertion_with_message(x):
    assert x < 1, f"too large: {x}"
    assert x
    return x * 3


@case(vec(5))
def delete_names_and_items(x):
    y = x * 2
    z = [y[0], y[1], y[2]]
    del y, z[1]
    d = {"a": z[0], "b": z[1]}
    del d["a"]
    return d["b"] * len(z)


@case(0.5, 40)
def geometric_series_in_generator_loop(x, n):
    return sum(x**i for i in range(n) if i % 2)


@case(vec(10))
def parity_branch_in_loop(x):
    y = 0
    for i in range(x.size):
        y += np.sin(x[i]) if i % 2 == 0 else np.cos(x[i])
    return y


@case(vec(4))
def type_changes_in_loop(x):
    z = 0
    for v in x:
        z = z + v
        z = [z, z * 2]
        z = z[1]
    return z


@case(0.8, slow=True, nested=False)
def long_loop(x):
    y = x
    for _ in range(20_000):
        y = y + 1e-4 * np.sin(y)
    return y


@case(1.1)
def one_line_compound_statements(x):
    y = x; z = y * x  # noqa: E702
    if z > 0: z += 1  # noqa: E701
    for _ in range(2): z *= y; y += 0.1  # noqa: E701, E702
    return z
