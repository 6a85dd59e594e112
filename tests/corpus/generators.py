"""Generators, iterators and context managers."""

import contextlib
import itertools

import numpy as np

from ._case import Corpus, vec

case = Corpus(__name__)


@case(0.7)
def generator_of_powers(x):
    def powers():
        p = 1.0
        while True:
            yield p
            p *= x

    total = 0.0
    for k, p in enumerate(powers()):
        if k > 6:
            break
        total += p / (k + 1)
    return total


@case(vec(4))
def generator_with_send(x):
    def average():
        total, count = 0.0, 0
        value = yield
        while True:
            total += value
            count += 1
            value = yield total / count

    g = average()
    next(g)
    last = 0.0
    for v in x:
        last = g.send(v * v) + last * 0.5
    g.close()
    return last


@case(vec(4))
def delegating_generators(x):
    def inner(values):
        product = 1.0
        for v in values:
            product *= v
            yield v * 2
        return product

    def outer():
        p = yield from inner(x[:2])
        yield p
        q = yield from inner(x[2:])
        return p * q

    g = outer()
    total = 0.0
    while True:
        try:
            total += next(g)
        except StopIteration as stop:
            return total * stop.value


@case(vec(3))
def generator_catches_thrown(x):
    def robust():
        scale = x[0]
        while True:
            try:
                yield scale * x[1]
            except ValueError as error:
                scale = scale * error.args[0]
            finally:
                scale = scale + 0.1

    g = robust()
    a = next(g)
    b = g.throw(ValueError(x[2]))
    return a * b + next(g)


@case(vec(5))
def generator_mutates_array_lazily(x):
    def smooth():
        for i in range(1, len(x)):
            x[i] += 0.5 * x[i - 1]
            yield x[i] ** 2

    g = smooth()
    first = next(g)
    x[2] = 7.0
    return first + sum(g) + x[2]


@case(vec(5))
def generator_pipeline(x):
    squares = (v * v for v in x)
    positive = (v for v in squares if v > 0.01)
    scaled = (v * w for v, w in zip(positive, itertools.count(1), strict=False))
    return sum(scaled)


class Countdown:
    def __init__(self, start, factor):
        self.value, self.factor = start, factor

    def __iter__(self):
        return self

    def __next__(self):
        self.value = self.value * self.factor
        if self.value < 0.1:
            raise StopIteration
        return self.value


@case(2.0, 0.6)
def iterator_class(start, factor):
    c = Countdown(start, factor)
    first = next(c)
    return first + sum(v**2 for v in c) + c.value + next(c, 5.0)


@case(vec(3))
def iter_with_sentinel(x):
    values = list(x) + [0.0]
    position = iter(range(10))
    return sum(iter(lambda: values[next(position)] * 1.0, 0.0))


class Scaled:
    def __init__(self, array, factor):
        self.array, self.factor = array, factor

    def __enter__(self):
        self.array *= self.factor
        return self.array

    def __exit__(self, kind, error, trace):
        self.array /= self.factor
        return kind is not None and issubclass(kind, ArithmeticError)


@case(vec(4), 2.5)
def context_manager_class(x, s):
    with Scaled(x, s) as y:
        inside = (y * y).sum()
        x[0] += inside
    return inside * x.sum()


@case(vec(4), 2.5)
def context_manager_swallows_exception(x, s):
    with Scaled(x, s), Scaled(x, 2.0):
        x[1] = 0.5
        1 / 0  # noqa: B018
        x[2] = 0.0
    return (x * x).sum()


@contextlib.contextmanager
def temporarily(target, index, value):
    saved = target[index]
    target[index] = value
    try:
        yield saved
    finally:
        target[index] = saved * 2


@case(vec(4))
def generator_context_manager(x):
    with temporarily(x, 1, x[0] ** 2) as old:
        inside = x.sum() * old
    return inside + x[1]


@case(vec(3))
def exit_stack(x):
    log = []
    with contextlib.ExitStack() as stack:
        for v in x:
            stack.callback(log.append, v * v)
        stack.enter_context(contextlib.suppress(KeyError))
        log.append(x[0])
        raise KeyError("ignored")
    return sum(v * (i + 1) for i, v in enumerate(log))


@case(0.6)
def numpy_error_state(x):
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.array([x, 0.0]) / np.array([2.0, 1.0])
        z = np.where(y > 0, np.log(np.where(y > 0, y, 1.0)), 0.0)
    return z.sum() * x


@case(vec(6))
def itertools_catalogue(x):
    total = sum(itertools.accumulate(x[:3]))
    total += sum(a * b for a, b in itertools.combinations(x, 2))
    total += sum(a * b * c for a, b, c in itertools.product(x[:2], [1.0, 2.0], x[2:4]))
    total += sum(itertools.chain(x[:2], [3.0], itertools.repeat(x[5], 2)))
    total += sum(itertools.islice(itertools.cycle(x[:2]), 5))
    total += sum(itertools.takewhile(lambda v: v < 9, x)) + sum(itertools.starmap(lambda a, b: a * b, [(x[0], x[1])]))
    total += sum(a * b for a, b in itertools.pairwise(x)) + sum(itertools.compress(x, [1, 0, 1]))
    total += sum(itertools.filterfalse(lambda v: v > 0, x))
    return total + sum(v or 0.0 for v, _ in itertools.zip_longest(x, [1]))


@case(vec(6))
def itertools_with_user_functions(x):
    growth = list(itertools.accumulate(x, lambda a, b: a * 0.5 + b * b, initial=x[0]))
    groups = {k: sum(g) for k, g in itertools.groupby(sorted(x), key=lambda v: v > 0)}
    a, b = itertools.tee(v * 2 for v in x)
    return growth[-1] + sum(v**2 for v in groups.values()) + sum(p * q for p, q in zip(a, list(b)[1:], strict=False))


@case(vec(4))
def permutations_determinant(x):
    m = np.array([[x[0], x[1], 1.0], [x[2], 2.0, x[3]], [0.5, x[0], x[1]]])
    total = 0.0
    for p in itertools.permutations(range(3)):
        inversions = sum(p[i] > p[j] for i in range(3) for j in range(i, 3))
        total += (-1) ** inversions * m[0, p[0]] * m[1, p[1]] * m[2, p[2]]
    return total


@case(0.8)
def coroutine_style_simulation(x):
    def decay(rate):
        amount = x
        while True:
            dt = yield amount
            amount -= rate * amount * dt

    a, b = decay(0.5), decay(x)
    next(a), next(b)
    return sum(a.send(0.1) * b.send(0.2) for _ in range(3))


@case(0.5)
def recursive_generator(x):
    def leaves(depth, v):
        if depth == 0:
            yield v
        else:
            yield from leaves(depth - 1, v * x)
            yield from leaves(depth - 1, v + x)

    return sum(v * v for v in leaves(3, 1.0))


@case(0.5)
def asynchronous_coroutine(x):
    async def square(v):
        return v * v

    async def main():
        total = await square(x)
        async for v in numbers():
            total += v
        return total

    async def numbers():
        for k in range(3):
            yield x * k

    coroutine = main()
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
