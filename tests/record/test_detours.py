"""Special methods of classes at module level that C code calls: what they write is recorded."""

from __future__ import annotations

import bisect
import heapq
import inspect

import numpy as np
import pytest

import undertow as ut


class Key:
    """Writes to an array whenever it is asked anything."""

    def __init__(self, a, v):
        self.a, self.v = a, v

    def __hash__(self):
        self.a[0] *= 2.0
        return hash(self.v)

    def __eq__(self, other):
        self.a[1] += self.a[0]
        return self.v == other.v

    def __lt__(self, other):
        self.change()
        return self.v < other.v

    def __bool__(self):
        np.add(self.a, self.a[::-1], out=self.a)
        self.a[0] += self.a[1]
        return True

    def change(self):
        self.a[1] = self.a[1] * 1.5


class Child(Key):
    """Calls its parent's method through the cell of its class."""

    def __hash__(self):
        self.a[1] *= 3.0
        return super().__hash__()


def hashed(x):
    a = x * 1.0
    known = {Key(a, 1): 1}
    known[Child(a, 1)] = 2
    return a[0] * a[1] + x[0] * known[Key(a, 1)]


def in_a_set(x):
    a, found = x * 1.0, set()
    found.add(Child(a, 1))
    found.add(Key(a, 1))
    return a[0] * a[1] + len(found) + len({Key(a, 2), Key(a, 2)})


def ordered(x):
    a = x * 1.0
    keys = [Key(a, 3), Key(a, 1), Key(a, 2)]
    first = sorted(keys)[0]
    keys.sort()
    return first.v * a[0] * a[1] * max(keys).v


def asked_for_truth(x):
    a = x * 0.1
    k = Key(a, 1)
    kept = list(filter(None, [k, k]))
    return a[0] * a[1] if any(kept) and all(kept) else a[0]


def looked_for(x):
    a = x * 1.0
    keys = [Key(a, 2), Key(a, 1)]
    keys.remove(Key(a, 1))
    return a[0] * a[1] * (1 + keys.count(Key(a, 2)) + ([Key(a, 1)] == [Key(a, 1)]))


def in_trees(x):
    a, heap = x * 1.0, []
    keys = [Key(a, i) for i in range(4)]
    for k in reversed(keys):
        heapq.heappush(heap, k)
    return a[0] * a[1] * bisect.bisect(keys, Key(a, 2))


@pytest.mark.parametrize("f", [hashed, in_a_set, ordered, asked_for_truth, looked_for, in_trees])
def test_what_they_write_is_recorded(f):
    x, h = np.array([1.5, 2.5]), 1e-6
    expected = [(f(x + h * e) - f(x - h * e)) / (2.0 * h) for e in np.eye(2)]
    np.testing.assert_allclose(ut.grad(f)(x), expected, rtol=1e-6)
    np.testing.assert_allclose([ut.jvp(f, (x,), (e,))[1] for e in np.eye(2)], expected, rtol=1e-6)


def test_objects_made_before_the_run():
    a = np.zeros(2)
    keys = [Late(a, 2), Late(a, 1)]

    def f(x):
        a[:] = x
        return sorted(keys)[0].v * a[0] * a[1]

    np.testing.assert_allclose(ut.grad(f)(np.array([2.0, 3.0])), [4.5, 3.0])


class Late:
    """Not made inside a derivative."""

    def __init__(self, a, v):
        self.a, self.v = a, v

    def __lt__(self, other):
        self.a[1] *= 1.5
        return self.v < other.v


def test_plain_runs_go_on_as_before():
    a = np.array([1.0, 1.0])
    assert sorted([Key(a, 2), Key(a, 1)])[0].v == 1 and a[1] == 1.5
    assert Key(a, 1) == Key(a, 1) and hash(Child(a, 1)) == hash(1)
    assert inspect.unwrap(Key.__lt__).__name__ == "__lt__"
