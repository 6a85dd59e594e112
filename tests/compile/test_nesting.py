"""Outer loops move outwards, forward and reverse sweep become one loop, and local arrays shrink to what one iteration uses."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

import undertow as ut


def scan(a, b):
    """Each row by itself: all columns of one row before the next row."""
    c = np.empty(a.shape)
    d = np.zeros(a.shape)
    c[:, :, 0] = b[1:, :, 0]
    for k in range(1, a.shape[2]):
        c[:, :, k] = a[:, :, k] * b[1:, :, k] - b[:-1, :, k]
        d[:, :, k] = 0.5 * d[:, :, k - 1] + c[:, :, k]
    for k in range(a.shape[2] - 2, -1, -1):
        a[:, :, k] = d[:, :, k] - a[:, :, k + 1] * c[:, :, k]
    return np.sum(a * a * a)


def guarded(a, b):
    """Only some iterations run a loop."""
    d = np.zeros(a.shape)
    for k in range(a.shape[2]):
        c = a[:, :, k] * b[1:, :, k]
        if k > 0:
            d[:, :, k] = 0.5 * d[:, :, k - 1] + c
    return np.sum(d * d * a)


def upstream(a, b):
    """Rows need the rows before them, as they were one column ago: the order of the loops stays."""
    for k in range(1, a.shape[2]):
        for i in range(1, a.shape[0]):
            for j in range(a.shape[1]):
                a[i, j, k] += 0.5 * a[i - 1, j, k - 1] * b[i, j, k]
    return np.sum(a * a)


def downstream(a, b):
    """Rows need the rows after them, as they are one column ago: were the rows outside, they would not be there yet."""
    for k in range(1, a.shape[2]):
        for i in range(a.shape[0] - 1):
            for j in range(a.shape[1]):
                a[i, j, k] += 0.5 * a[i + 1, j, k - 1] * b[i, j, k]
    return np.sum(a * a)


def margins(a, b):
    """Rows of the local array that nobody writes stay zero."""
    n = a.shape[0]
    c = np.zeros((n + 2, a.shape[1], a.shape[2]))
    for i in range(n):
        for j in range(a.shape[1]):
            for k in range(1, a.shape[2]):
                c[i + 1, j, k] = a[i, j, k - 1] * b[i, j, k]
    s = 0.0
    for i in range(n):
        for j in range(a.shape[1]):
            for k in range(a.shape[2]):
                s += c[i + 1, j, k] * c[i + 1, j, a.shape[2] - 1 - k] + a[i, j, k] ** 2
    return s + np.sum(c[0]) + np.sum(c[n + 1])


def own_rows(a, b):
    """As `margins`, with rows that one iteration alone uses: some elements are read that it has not written."""
    c = np.zeros(a.shape)
    out = np.zeros(a.shape[0])
    for i in range(a.shape[0]):
        for j in range(1, a.shape[1]):
            for k in range(a.shape[2]):
                c[i, j, k] = np.sin(a[i, j, k]) * b[i, j, k]
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            for k in range(a.shape[2]):
                out[i] += c[i, j, k] * c[i, j, 0] * a[i, j, k]
    return np.sum(out * out)


def transposed(a, b):
    """A local array walked along its first axis."""
    p = np.zeros((a.shape[1], a.shape[2]))
    q = np.ones((a.shape[0], a.shape[1]))
    for j in range(1, a.shape[2]):
        p[:, j] = a[0, :, j] / (2.0 + p[:, j - 1])
        q[:, p.shape[0] - 1] += b[:-1, 0, j] * q[:, 0]
    return np.sum(p * p) + np.sum(q * p.shape[1])


def extents(a, b):
    """An extent computed from the second argument is that of the first."""
    c = np.zeros(a.shape)
    c[:] = b[1:] - b[:-1]
    c *= a
    a[...] = c + a
    return np.sum(c * a)


def overwritten(a, b):
    """What is written into the second argument has a shadow that only some calls ask for."""
    b[1:] = a * b[:-1]
    a[...] = np.sin(b[1:]) + a
    return np.sum(a * a)


def relaxation(a, b):
    """Two passes over rows in each step, the second of which reads neighbours of what the first has written."""
    v = np.zeros(a.shape)
    for _ in range(3):
        v[1:-1] = 0.5 * (a[:-2] + a[2:]) * b[1:-2]
        a[1:-1] = a[1:-1] + 0.25 * (v[:-2] * v[2:] - v[1:-1])
    return np.sum(a * v)


def diffusion(a, b):
    """Fluxes between cells, each used on both sides of its face."""
    lap = 4.0 * a[1:-1, 1:-1] - (a[2:, 1:-1] + a[:-2, 1:-1] + a[1:-1, 2:] + a[1:-1, :-2])
    fx = lap[1:] - lap[:-1]
    fx = np.where(fx * (a[2:-1, 1:-1] - a[1:-2, 1:-1]) > 0, 0, fx)
    fy = lap[:, 1:] - lap[:, :-1]
    fy = np.where(fy * (a[1:-1, 2:-1] - a[1:-1, 1:-2]) > 0, 0, fy)
    out = a[2:-2, 2:-2] - b[2:-3, 2:-2] * (fx[1:, 1:-1] - fx[:-1, 1:-1] + fy[1:-1, 1:] - fy[1:-1, :-1])
    return np.sum(out * out)


def waves(a, b):
    """Staggered fields: each sweep reads what the others have just written, and extents differ by one."""
    n = a.shape[0]
    e, h = np.zeros((n + 1, *a.shape[1:])), a.copy()
    for t in range(3):
        e[0] = 0.25 * t
        e[1:] -= 0.5 * (b[1:] - b[:-1] * h)
        h[:-1] -= 0.7 * (e[1:-1] - e[:-2])
        h[1:] += 0.1 * h[:-1] * e[1:-1]
        a[:] = h - 0.2 * a * e[:-1]
    return np.sum(a * a) + np.sum(e)


def passes(a, b):
    """A step in two passes over rows, from one array to another and back."""
    for _ in range(3):
        b[1:-2] = 0.5 * (a[:-2] + a[2:])
        a[1:-1] = 0.5 * (b[:-3] + b[2:-1])
    return np.sum(a * a)


def backwards(a, b):
    """Downward loops, the second of which needs rows above and below."""
    n = a.shape[0]
    c = np.zeros((n + 2, *a.shape[1:]))
    for i in range(n - 1, -1, -1):
        c[i + 1] = a[i] * c[i + 2] + b[i]
    for i in range(n - 1, 0, -1):
        a[i] = c[i - 1] + c[i + 1] * b[i + 1]
    return np.sum(a * a * c[1:-1])


def unknowns(a, b):
    """Whole rows of a few unknowns each, some moved by a row, some broadcast along the last axis."""
    c = np.tanh(a) * b[1:] + a * a
    d = c[:, 1:] - c[:, :-1] * a[:, 1:]
    c += b[:-1, :, :1]
    e = c * a[:, :, 0:1] + np.arange(a.shape[2])
    return np.sum(d * d) + np.sum(e * c)


def products(a, b):
    """Columns of a product: the loop that fills what is multiplied stays before it."""
    m = a[:, :, 0].copy()
    c = np.zeros((m.shape[1], m.shape[1]))
    m -= np.mean(m, axis=0)
    for i in range(m.shape[1]):
        c[i:, i] = m[:, i] @ m[:, i:]
        c[i, i:] = c[i:, i]
    return np.sum(c * c) + np.sum(b)


PROGRAMS = (products, unknowns, waves, passes, backwards, scan, guarded, upstream, downstream, margins, own_rows, transposed, extents, overwritten, relaxation)
SHAPES = ((4, 3, 5), (1, 3, 4), (5, 2, 3), (1, 1, 1))


def same(f, args, argnums):
    """Values, gradients and what is left in the arguments, in both tiers and on a second call."""
    rows = []
    for tier in ("record", "compile", "compile"):
        given = tuple(a.copy() for a in args)
        rows.append((ut.value_and_grad(f, argnums=argnums, tier=tier)(*given), given))
    (value, expected), left = rows[0]
    for (found, bars), after in rows[1:]:
        np.testing.assert_allclose(found, value, rtol=1e-12)
        for x, y in zip((*bars, *after), (*expected, *left), strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_values_and_gradients(f):
    rng = np.random.default_rng(5)
    for shape in (SHAPES[0], SHAPES[2]) if f in (relaxation, passes) else SHAPES:
        same(f, (rng.random(shape), rng.random((shape[0] + 1, *shape[1:]))), (0, 1))
    same(f, (rng.random(SHAPES[0]), rng.random((5, 3, 5))), (0,))


@pytest.mark.slow
@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_more_shapes(f):
    rng = np.random.default_rng(5)
    for shape in ((3, 1, 2), (9, 8, 7), (2, 4, 1), (1, 3, 4), (2, 2, 2))[:2 if f in (relaxation, passes) else None]:
        for argnums in ((0,), (1,), (0, 1)):
            same(f, (rng.random(shape), rng.random((shape[0] + 1, *shape[1:]))), argnums)


def test_fluxes():
    rng = np.random.default_rng(6)
    for shape in ((5, 5, 3), (8, 6, 2)):
        same(diffusion, (rng.random(shape), rng.random((shape[0] + 1, *shape[1:]))), (0, 1))


def test_difference_quotients():
    """Not only the other tier says so."""
    rng = np.random.default_rng(7)
    for f in PROGRAMS:
        args = rng.random((4, 3, 5)), rng.random((5, 3, 5))
        ways = tuple(rng.standard_normal(x.shape) for x in args)
        bars = ut.grad(f, argnums=(0, 1), tier="compile")(*(x.copy() for x in args))

        def along(h, f=f, args=args, ways=ways):
            return f(*(x + h * w for x, w in zip(args, ways, strict=True)))

        h = 1e-3
        slope = (8 * (along(h) - along(-h)) - (along(2 * h) - along(-2 * h))) / (12 * h)
        np.testing.assert_allclose(sum(np.sum(b * w) for b, w in zip(bars, ways, strict=True)), slope, rtol=1e-8)


def loops(source):
    """Depth and bounds of the loops, from the text."""
    return [((len(line) - len(line.lstrip())) // 4, line.split(" in ")[1].rstrip(":"))
            for line in source.splitlines() if line.strip().startswith("for ")]


def test_one_loop_over_rows():
    """The scans, the loss, and their adjoints."""
    args = np.ones((70, 80, 90)), np.ones((71, 80, 90))
    found = loops(ut.source(scan, argnums=(0, 1))(*args))
    assert len([bounds for depth, bounds in found if depth == 1]) == 1
    for f in (upstream, downstream):
        first = loops(ut.source(f, argnums=(0, 1))(*args))[0]
        assert ("_n2" in first[1]) is (f is downstream)


def test_loops_behind_others():
    """Both sweeps of a step of two passes are one loop over rows each."""
    args = np.ones((70, 80, 90)), np.ones((71, 80, 90))
    found = loops(ut.source(passes, argnums=0)(*args))
    inside: list = []
    for depth, bounds in found:
        if depth == 1:
            inside.append([bounds])
        elif depth == 2:
            inside[-1].append(bounds)
    steps = [rows for of, *rows in inside if "range(0, 3)" in of or "range(2, " in of]
    assert [len(rows) for rows in steps] == [1, 1]


def neighbours(a, b):
    """Written rows that are read one row on: those loops stay as they are."""
    for t in range(2):
        for i in range(1, a.shape[0]):
            for j in range(a.shape[1]):
                a[i, j] += 0.5 * a[i - 1, j] * b[i, j]
    return np.sum(a * b[1:])


def test_runs_through_memory():
    """One loop where all of the last axis is walked through, in rows that are not written and read at once."""
    rng = np.random.default_rng(8)
    for shape in ((5, 3), (4, 1), (1, 2)):
        same(neighbours, (rng.random(shape), rng.random((shape[0] + 1, *shape[1:]))), (0, 1))
    args = np.ones((70, 80, 90)), np.ones((71, 80, 90))
    found = [bounds for _, bounds in loops(ut.source(extents, argnums=(0, 1))(*args))]
    assert len(found) == 2 and "*" in found[1]  # rows of `b_bar` and those after them
    assert "range(1, " in ut.source(neighbours, argnums=0)(args[0][0], args[1][:71, 0])


def test_local_arrays_shrink():
    source = ut.source(scan, argnums=(0, 1))(np.ones((70, 80, 90)), np.ones((71, 80, 90)))
    sizes = [line.split("pool_end, ")[1] for line in source.splitlines() if "carve_" in line]
    assert sizes and all(size.count(",") <= 3 for size in sizes)


def test_the_shadow_nobody_asked_for():
    args = np.ones((4, 3, 5)), np.ones((5, 3, 5))
    assert "b_bar" not in ut.source(overwritten, argnums=0)(*args).splitlines()[0]
    assert "b_bar" in ut.source(overwritten, argnums=(0, 1))(*args).splitlines()[0]


def test_axes_of_local_arrays():
    """The axis that innermost loops walk along is the last one."""
    source = ut.source(transposed, argnums=0)(np.ones((70, 80, 90)), np.ones((71, 80, 90)))
    shapes = [line.split("pool_end, ")[1] for line in source.splitlines() if "carve_" in line]
    assert any("n2, " in shape for shape in shapes) and not any("n2,)" in shape for shape in shapes)
