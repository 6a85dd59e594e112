"""Structural pattern matching, assignment expressions and other recent syntax."""

import dataclasses

import numpy as np

from ._case import Corpus, vec

case = Corpus(__name__)


@dataclasses.dataclass
class Circle:
    radius: float


@dataclasses.dataclass
class Rectangle:
    width: float
    height: float


def area(shape):
    match shape:
        case Circle(radius=r):
            return np.pi * r * r
        case Rectangle(w, h) if w == h:
            return w * w * 10
        case Rectangle(w, h):
            return w * h
        case [first, *rest]:
            return area(first) + area(rest)
        case []:
            return 0.0
        case {"scale": s, **others}:
            return s * sum(area(o) for o in others.values())
        case float() as v:
            return v
        case None | "nothing":
            return 1.0
        case _:
            raise TypeError(shape)


@case(vec(3))
def shapes(x):
    a = [Circle(x[0]), Rectangle(x[1], x[2]), Rectangle(x[2], x[2])]
    return area(a) + area({"scale": x[0], "a": a[0], "b": None}) * area(float(x[1])) + area("nothing")


@case(0.3, 1.2)
def match_on_values_and_guards(x, y):
    match (x > 0, y):
        case (True, v) if v > 1:
            result = v * x
        case (True, v):
            result = v
        case (False, _):
            result = 0.0
    match x:
        case 0.0:
            result += 1
        case int(v) | float(v):
            result += v * v
    return result


@case(vec(4))
def tiny_interpreter(x):
    program = [("push", 0), ("push", 1), ("mul",), ("push", 2), ("call", np.sin), ("add",),
               ("store", "r"), ("load", "r", 2)]
    stack, memory = [], {}
    for instruction in program:
        match instruction:
            case ("push", i):
                stack.append(x[i])
            case ("mul",):
                stack.append(stack.pop() * stack.pop())
            case ("add",):
                stack.append(stack.pop() + stack.pop())
            case ("call", f):
                stack.append(f(stack.pop()))
            case ("store", name):
                memory[name] = stack.pop()
            case ("load", name, times):
                stack.append(memory[name] * times)
    return stack[-1]


@case(vec(5))
def walrus_in_conditions(x):
    total, i = 0.0, 0
    while (v := x[i]) * v < 10 and i < 4:
        if (w := v * v) > 0.1:
            total += w
        i += 1
    return total + (y := v * 2) * y


@case(vec(5))
def walrus_in_comprehension(x):
    running = 0.0
    partial = [running := running * 0.5 + v for v in x]
    return sum(partial) * running + sum(last := v for v in x) * last


@case(0.7)
def formatted_expressions(x):
    width = 8
    text = f"{x * 2:{width}.3f} {x = !r} {'nested' if x > 0 else ''}"
    return x * (len(text) > 10)


@case(0.7)
def positional_only_and_keyword_only(x):
    def f(a, /, b, *, c=2.0):
        return a * b**c

    return f(x, b=x + 1) + f(x, 2.0, c=x)


@case(vec(3))
def parenthesised_context_managers(x):
    import contextlib

    with (contextlib.nullcontext(x) as a, contextlib.nullcontext(x[0]) as b):
        return (a * b).sum()


@case(vec(6))
def extended_unpacking(x):
    (a, *_), [b, c], *_, d = x[:2], x[2:4], 5, x[5]
    first, (second, third) = a, (b, c)
    return first * second + third * d


@case(vec(3))
def chained_assignment_targets(x):
    y = np.zeros(3)
    d = {}
    i = y[0] = d["k"] = x[0] * 2
    i, y[1], d["j"] = x[1], i * 3, y[0] * x[2]
    for y[2], d["m"] in [(x[0], x[1]), (x[2], x[0])]:
        pass
    return y.sum() * d["j"] + d["k"] * d["m"] + i


@case(vec(3))
def targets_evaluated_in_order(x):
    log = []

    def at(i):
        log.append(i)
        return i

    y = x.copy()
    y[at(0)], y[at(1)] = y[at(1)] * 2, y[at(0)] * 3
    y[at(2)] += y[at(0)]
    return (y**2).sum() + len(log) * log[2]
