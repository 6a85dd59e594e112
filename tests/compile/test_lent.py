"""Memory of large gradients: used again when nobody holds it, and never before."""

import copy
import gc
import pickle
import threading

import numpy as np
import pytest

import undertow as ut
from undertow._compile import lent

N = 50_000


def cubes(x):
    s = 0.0
    for i in range(len(x)):
        s += x[i] ** 3
    return s


GRAD = ut.grad(cubes, tier="compile")


def address(a):
    return a.__array_interface__["data"][0]


def test_memory_comes_back():
    first = GRAD(np.ones(N))
    place = address(first)
    assert place % 64 == 0 and not first.flags.owndata and first.flags.writeable and type(first) is np.ndarray
    del first
    again = GRAD(np.full(N, 2.0))
    assert address(again) == place
    np.testing.assert_array_equal(again, np.full(N, 12.0))


@pytest.mark.parametrize("hold", [
    lambda g: g[5:7], lambda g: g.reshape(2, -1).T, lambda g: memoryview(g), lambda g: g.view(np.int64)[::3], lambda g: [g],
    lambda g: np.broadcast_to(g, (2, N)), lambda g: np.ma.masked_array(g), lambda g: iter(g.flat), lambda g: np.nditer(g)])
def test_memory_that_is_held_in_any_way_stays(hold):
    first = GRAD(np.ones(N))
    place, held = address(first), hold(first)
    del first
    gc.collect()
    others = [GRAD(np.full(N, 2.0)) for _ in range(3)]
    assert place not in map(address, others)
    part = np.asarray(held[0] if isinstance(held, list) else held.operands[0] if isinstance(held, np.nditer) else held.base
                      if isinstance(held, np.flatiter) or type(held).__name__ == "flatiter" else held)
    assert part.dtype == np.int64 or np.all(part == 3.0)


def test_small_arrays_and_copies_are_ordinary():
    assert GRAD(np.ones(10)).flags.owndata
    g = GRAD(np.ones(N))
    for twin in (g.copy(), copy.deepcopy(g), np.array(g)):
        assert twin.flags.owndata and np.array_equal(twin, g)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(g)), g)


def test_zeros_are_zero():
    dirty = lent.empty((N,), np.dtype(float))
    dirty.fill(7.0)
    place = address(dirty)
    del dirty
    clean = lent.zeros((N // 2, 2), np.dtype(float))
    assert address(clean) == place and not clean.any()


def test_what_waits_is_limited():
    held = [lent.empty((2**20,), np.dtype(float)) for _ in range(20)]
    del held
    assert lent._pool.size <= 2**26


def test_a_tape_holds_the_memory_that_it_will_restore():
    """A late pullback after the array that the program overwrote has been let go."""
    captured = [GRAD(np.ones(N))]
    place = address(captured[0])

    def f(x, w):
        w[:] = w * x
        return np.sum(w * w)

    _, pullback = ut.vjp(lambda x: f(x, captured[0]), 2.0, tier="record")
    captured.clear()
    others = [GRAD(np.full(N, 2.0)) for _ in range(3)]
    assert pullback(1.0) == pytest.approx(4.0 * 9.0 * N)
    assert place not in map(address, others) or np.all(others[[*map(address, others)].index(place)] == 12.0)
    for other in others:
        np.testing.assert_array_equal(other, np.full(N, 12.0))


def test_lent_arrays_are_arguments_like_others():
    g = GRAD(np.ones(N))
    for tier in ("record", "compile"):
        np.testing.assert_array_equal(ut.grad(cubes, tier=tier)(g[:300] if tier == "record" else g)[:300], np.full(300, 27.0))

    def overwriting(y):
        y[1:] *= y[:-1]
        return np.sum(y)

    for tier in ("record", "compile"):
        a, b = GRAD(np.ones(N)), np.full(N, 3.0)
        expected = ut.grad(overwriting, tier="record")(b)
        np.testing.assert_allclose(ut.grad(overwriting, tier=tier)(a), expected)
        np.testing.assert_array_equal(a, b)


def test_many_threads():
    wrong = []

    def work(k):
        for n in range(30):
            x = np.full(N, float(k + n))
            g = GRAD(x)
            if not np.array_equal(g, 3.0 * x**2):
                wrong.append((k, n))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
