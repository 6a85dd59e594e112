"""Programs that hand numbers through Python's standard library."""

from __future__ import annotations

import array
import asyncio
import bisect
import copy
import ctypes
import decimal
import fractions
import functools
import heapq
import math
import operator
import queue
import random
import statistics
import struct
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ._case import Corpus, make, vec

case = Corpus(__name__)
spread = make(lambda rng: np.array([0.31, 0.72, 1.13, 0.46]) + rng.uniform(0, 0.01, 4))


@case(spread)
def thread_subclass_overrides_run(x):
    class Squares(threading.Thread):
        def __init__(self, a):
            super().__init__()
            self.a, self.y = a, np.zeros(4)

        def run(self):
            self.y[...] = self.a * self.a

    thread = Squares(x)
    thread.start()
    thread.join()
    return thread.y.sum()


@case(spread)
def executor_over_numbers(x):
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(np.multiply, x, i) for i in range(3)]
        return sum(pool.map(lambda v: v * v, x)) + sum(f.result().sum() * i for i, f in enumerate(futures))


@case(spread)
def asynchronous_tasks(x):
    async def work(i):
        await asyncio.sleep(0)
        return x[i] * x[i]

    async def numbers():
        for v in x:
            yield v * v

    async def main():
        total = sum(await asyncio.gather(*(work(i) for i in range(4))))
        async for v in numbers():
            total = total + v * x[0]
        return total + sum([v async for v in numbers()])

    return asyncio.run(main())


@case(spread)
def queues(x):
    first, second = queue.Queue(), queue.SimpleQueue()
    for v in x:
        first.put(v * v)
    while not first.empty():
        second.put(first.get() * 2)
    return sum(second.get() for _ in range(4))


@case(spread)
def heaps(x):
    heap, total = [], 0.0
    for i, v in enumerate(x):
        heapq.heappush(heap, (v * v, i))
    while heap:
        v, _ = heapq.heappop(heap)
        total += v * (len(heap) + 1)
    return total + heapq.nlargest(2, list(x))[1] + heapq.nsmallest(2, x, key=lambda v: -v)[0] * x[1]


@case(spread)
def bisection_in_sorted_lists(x):
    values = sorted(x)
    bisect.insort(values, x[0] * 3)
    return values[bisect.bisect(values, 0.5)] * 3 + values[bisect.bisect_left(values, 0.8, key=lambda v: v)]


@case(spread)
def exact_statistics(x):
    data = list(x)
    return (statistics.mean(data) * x[0] + statistics.variance(data) + statistics.stdev(data) * x[1]
            + statistics.pstdev(data) + statistics.harmonic_mean(data) + statistics.fmean(data) * 2
            + statistics.median(data) + statistics.geometric_mean(data))


@case(spread)
def exact_sums_of_iterators(x):
    return math.fsum(v * v for v in x) + math.hypot(*x) + math.prod((v for v in x), start=x[0])


@case(spread)
def random_choices(x):
    generator = random.Random(0)
    return (generator.choices(list(x), k=1)[0] * 2 + generator.uniform(x[0], x[1]) + generator.gauss(x[2], x[3])
            + generator.sample(list(x), 2)[0] + generator.expovariate(x[1]))


@case(spread)
def deep_copies_keep_aliases(x):
    y = x * 2
    first, second = copy.deepcopy((y, [y[1:3], {"a": x[0] * 2}]))
    first[1] = 5.0 * x[0]
    second[0][0] += second[1]["a"]
    return first.sum() + (second[0] ** 2).sum()


@case(spread)
def weak_references(x):
    class Node:
        pass

    node = Node()
    node.v = x * 2
    proxy, reference = weakref.proxy(node), weakref.ref(node)
    proxy.w = x[0]
    return reference().v.sum() * proxy.w + proxy.v[0]


@case(spread)
def single_dispatch_by_annotation(x):
    class Shape:
        @functools.singledispatchmethod
        def measure(self, a):
            return a

        @measure.register
        def _(self, a: float):
            return a * 7

    return Shape().measure(float(x[1])) * x[0]


@case(spread)
def fields_of_memory_views(x):
    y = x * 2
    view = memoryview(y)
    part = np.asarray(view[1:3])
    part *= 3
    view[0] = x[3]
    total = sum(view) + view[1] * max(view)
    for v in view:
        total += v * v
    return total + view.tolist()[2] * list(view)[0]


@case(spread)
def iterator_of_arrays(x):
    y, total = x * 1.0, 0.0
    with np.nditer(y, op_flags=["readwrite"]) as it:
        for v in it:
            v[...] = v * v + x[0]
    pairs = np.nditer([x, None])
    for a, b in pairs:
        b[...] = a * 3
    for a, b in np.nditer([x, y]):
        total = total + a * b
    it = np.nditer(x, flags=["multi_index"])
    while not it.finished:
        total = total + it[0] * it.multi_index[0]
        it.iternext()
    return y.sum() + pairs.operands[1].sum() + float(total)


@case(spread)
def shape_assigned_and_back(x):
    y = x * x
    part, flat = y[1:3], y.ravel()
    y.shape = 2, 2
    y[0, 1] *= 2
    part[0] += x[0]
    z = y * y
    y.shape = 4
    y *= x
    return np.sin(z).sum() + y[1] * part.sum() * flat[3]


@case(spread)
def ufuncs_of_python_functions(x):
    two = np.frompyfunc(lambda p, q: (p * q, p + q), 2, 2)
    u, v = two(x, x[::-1])
    values = np.vectorize(lambda p: p * p if p > 0.5 else p)(x)
    return (u * v).sum() + values @ x + np.apply_along_axis(lambda p: p * p, 0, x).sum()


@case(spread, complex_step=False)
def arrays_of_objects(x):
    box = x.astype(object)
    arrays = np.empty(2, object)
    arrays[0], arrays[1] = x, x * x
    return (box @ box + np.asarray(box * box, float).sum() + np.linalg.norm(box) + (arrays * arrays)[1].sum()
            + np.array([x[0], None], dtype=object)[0])


@case(spread)
def struct_round_trip_of_steps(x):
    return struct.unpack("i", struct.pack("i", int(x[0] * 10)))[0] * x[1]


# ---- numbers stored where no derivative can live -----------------------------------------------------------------


@case(spread, refused=True)
def array_module_items(x):
    values = array.array("d", [0.0] * 4)
    values[0] = x[0]
    return values[0] + x[1]


@case(spread, refused=True)
def array_module_special_method(x):
    values = array.array("d", [0.0] * 4)
    operator.setitem(values, 0, x[0])
    return values[0] + x[1]


@case(spread, refused=True)
def array_module_from_generator(x):
    return sum(array.array("d", (v * v for v in x)))


@case(spread, refused=True)
def array_over_the_bytes_of_another_object(x):
    memory = bytearray(32)
    np.frombuffer(memory)[...] = x
    return np.frombuffer(bytes(memory)).sum()


@case(spread, refused=True)
def memory_of_a_foreign_structure(x):
    memory = (ctypes.c_double * 4)()
    np.ctypeslib.as_array(memory)[:] = x
    return memory[0] * 2


@case(spread, refused=True)
def field_of_a_foreign_structure(x):
    class Pair(ctypes.Structure):
        _fields_ = [("a", ctypes.c_double)]

    pair = Pair()
    pair.a = x[0]
    return pair.a + x[1]


@case(spread, refused=True)
def exact_decimal(x):
    return float(decimal.Decimal(float(x[0])) * 2) + x[1]


@case(spread, refused=True)
def exact_fraction(x):
    return float(fractions.Fraction(float(x[0])) * 2) + x[1]


@case(vec(4), refused=True)
def bits_seen_through_an_older_view(x):
    y = np.zeros(4)
    bits = y.view(np.int64)
    y[0] = x[0]
    return float(bits[0] >> 52) + x[1]
