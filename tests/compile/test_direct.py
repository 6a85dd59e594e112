"""Generated text becomes native code without Numba's front; the oracle is Python running the same text."""

from __future__ import annotations

import contextlib
import math

import numpy as np
import pytest

from undertow._compile.emit import direct
from undertow._compile.emit.native import compile_source
from undertow._compile.leave import Leave

pytest.importorskip("numba")

TEXT = {
    "numbers": ("def f(x, n):\n    a = x * 2.0 + 1.0\n    b = -a if (a > 3.0) else (a / x)\n    k = n // 3 + n % 4 - (n << 1)\n"
                "    c = float64(k) ** 2.0\n    d = not (a == b)\n    e = d & (n != 3)\n    return (a, b, k, c, d, e, max(k, n), min(k, 2),)\n",
                [(1.5, 7), (-0.5, 3), (2.0, -5)]),
    "single precision": ("def f(x, n):\n    a = float32(x)\n    b = float32(a * a)\n    c = float32(b / float32(0.1))\n    return (float64(c), int64(x), bool_(n),)\n",
                         [(1.7, 0), (-2.9, 4)]),
    "not finite": ("def f(x):\n    return (nan if (x > 0.0) else (-inf), x / 0.0, 0.0 if (x == 0.0) else (1.0 / x),)\n", [(1.0,), (-1.0,), (0.0,)]),
    "loops": ("def f(n):\n    s = t = int64(0)\n    for i in range(0, n):\n        for j in range(i, (-1), (-2)):\n            s += j\n            if (s > 50):\n"
              "                t = t + i\n            else:\n                pass\n                t = t - 1\n    return (s, t,)\n", [(0,), (5,), (13,)]),
    "while": ("def f(x):\n    k = int64(0)\n    y = x\n    while True:\n        go = y > 1.0\n        if not go:\n            break\n        y = y * 0.5\n        k = k + 1\n"
              "    return (y, k,)\n", [(0.5,), (100.0,)]),
    "nothing": ("def f(a):\n    a[0] = 3.0\n    a[1] += 2.0 * a[0]\n    return None\n", [(np.arange(4.0),)]),
    "memory": ("def f(a, b):\n    n0 = a.shape[0]\n    n1 = a.shape[1]\n    c = empty((n0, n1,), float64)\n    for i in range(0, n0):\n        for j in range(0, n1):\n"
               "            c[i, j] = a[i, j] * b[j]\n            b[j] += c[i, j]\n    return (c, a.size,)\n", [(np.arange(6.0).reshape(2, 3), np.ones(3))]),
}


def plain(text):
    """The text as Python runs it."""
    names = {"float64": np.float64, "float32": np.float32, "int64": np.int64, "bool_": np.bool_, "nan": math.nan, "inf": math.inf,
             "empty": np.empty}
    exec(text, names)
    return names["f"]


@pytest.fixture(autouse=True)
def none_left(monkeypatch):
    monkeypatch.setattr(direct, "left_to_numba", [])
    monkeypatch.setenv("UNDERTOW_CACHE_DIR", "")


@pytest.mark.parametrize("name", TEXT)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning", "ignore:invalid value:RuntimeWarning")
def test_native_code_does_what_the_text_says(name):
    text, calls = TEXT[name]
    native, python = compile_source(text, "f"), plain(text)
    for args in calls:
        ours = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
        theirs = [a.copy() if isinstance(a, np.ndarray) else np.float64(a) if isinstance(a, float) else a for a in args]
        found, expected = native(*ours), python(*theirs)
        if expected is None:
            assert found is None
        else:
            for x, y in zip(found, expected, strict=True):
                np.testing.assert_array_equal(x, y)
        for x, y in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(x, y)
    assert direct.left_to_numba == []


def test_text_that_is_not_known_is_left_to_numba():
    text = "def f(x):\n    k = 0\n    while x > 1.0:\n        x = x * 0.5\n        k = k + 1\n    if x < 0.0:\n        raise Leave(0)\n    return (x, k,)\n"
    native = compile_source(text, "f")
    assert native(40.0) == (0.625, 6)
    assert len(direct.left_to_numba) == 1
    with pytest.raises(Leave):
        native(-1.0)


HEAP = """def f(n, pool, tape):
    pool_top = int64(0)
    for i in range(0, n):
        pool_end = room(pool_top, 8, (n, 4,))
        a = carve_float64(pool, pool_top, pool_end, (n, 4,))
        a[i, 3] = 1.0
        pool_top = pool_end
        if pool_top > tape.size:
            tape = grow(tape, pool_top)
        tape[pool_top - 1] = a[i, 3]
        if i == 30:
            raise Leave(0)
    return (tape[pool_top - 1], tape.size,)
"""


@pytest.mark.parametrize("n", [1, 20, 40])
def test_memory_from_the_heap_is_given_back(n):
    from numba.core.runtime import _nrt_python as _nrt, rtsys

    native = compile_source(HEAP, "f").native
    out = []
    for pool in (np.empty(1, np.uint8), np.empty(10**6, np.uint8)):
        for _ in range(3):
            if n > 30:
                with pytest.raises(Leave):
                    native(n, pool, np.empty(8))
            else:
                out.append(native(n, pool, np.empty(8)))
        _nrt.memsys_enable_stats()
        before = rtsys.get_allocation_stats()
        for _ in range(5):
            with contextlib.suppress(Leave):
                native(n, pool, np.empty(8))
        after = rtsys.get_allocation_stats()
        _nrt.memsys_disable_stats()
        assert after.alloc - before.alloc == after.free - before.free > 0
        assert after.mi_alloc - before.mi_alloc == after.mi_free - before.mi_free
    assert all(x[0] == 1.0 and x[1] >= 32 * n * n for x in out)
    assert direct.left_to_numba == []
