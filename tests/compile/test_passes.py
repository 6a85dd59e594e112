"""Analyses and passes one by one: which elements stay, what is taped, which loops are made."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

import undertow as ut
from undertow._compile import compile_pullback
from undertow._compile.analyses.activity import varied
from undertow._compile.analyses.intervals import decide
from undertow._compile.analyses.memory import memory
from undertow._compile.analyses.required import required
from undertow._compile.frontend.lower import lower
from undertow._compile.ir.function import Constant, walk
from undertow._compile.ir.verify import verify
from undertow._compile.transforms.optimize import PASSES
from undertow._compile.transforms.pullback import pullback
from undertow._compile.transforms.simplify import eliminate_dead, resolve, share_loads

VECTOR = ("array", "<f8", 1, (False,))
MATRIX = ("array", "<f8", 2, (False, False))


def lu(a):
    for k in range(a.shape[0]):
        for i in range(k + 1, a.shape[0]):
            a[i, k] = a[i, k] / a[k, k]
            for j in range(k + 1, a.shape[0]):
                a[i, j] -= a[i, k] * a[k, j]


def heat(v, w, steps):
    for _ in range(steps):
        for i in range(1, len(v) - 1):
            w[i] = v[i] + 0.1 * (v[i + 1] - 2.0 * v[i] + v[i - 1])
        for i in range(1, len(v) - 1):
            v[i] = w[i]


def burgers(u, w, steps):
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            w[i] = u[i] * (u[i + 1] - u[i - 1])
        for i in range(len(u)):
            u[i] = u[i] - 0.1 * w[i]


def shift(x):
    for i in range(1, len(x)):
        x[i] = x[i] * x[i - 1]


def program(f, *specs):
    """The program for extents of 8, without the checks that they decide."""
    function = lower(f, specs).function
    known = {(p, k): 8 for p in function.params for k in range(getattr(p.type, "ndim", 0))}
    function = eliminate_dead(resolve(function, decide(function, known)))
    share_loads(function)
    return eliminate_dead(function)


def plan(function):
    facts = memory(function)
    return required(function, varied(function, [p for p in function.params if p.type.is_float]), facts), facts


def test_final_elements_are_read_again():
    """The rows and columns of an LU factorisation that a step reads are final."""
    found, _ = plan(program(lu, MATRIX))
    assert "tape" not in found.values() and "copy" not in found.values()
    assert "reload" in found.values()  # the multiplier, where it was stored


def test_array_is_copied_where_a_nest_reads_it_more_than_once():
    """Three reads of an array that the step overwrites cost one copy a step."""
    found, _ = plan(program(burgers, VECTOR, VECTOR, ("scalar", "i64", "py")))
    assert "tape" not in found.values()
    assert sum(len(roots) for roots in found.copied.values()) == 1


def test_product_of_neighbours_is_taped():
    """Each element is read after it was overwritten: its old value is nowhere else."""
    found, _ = plan(program(shift, VECTOR))
    assert "tape" in found.values()


@pytest.mark.parametrize("f", [lu, heat, burgers, shift], ids=lambda f: f.__name__)
def test_every_pass_keeps_the_function_well_formed(f):
    """The verifier runs after each pass."""
    specs = {"lu": (MATRIX,), "shift": (VECTOR,)}.get(f.__name__, (VECTOR, VECTOR, ("scalar", "i64", "py")))
    function = program(f, *specs)
    out = pullback(function, [p for p in function.params if p.type.is_float]).function
    verify(out)
    for run in PASSES:
        run(out)
        verify(out)


def test_neighbours_become_loops_of_their_own():
    """``v_bar[i-1] += ..; v_bar[i] += ..; v_bar[i+1] += ..`` vectorises as three loops upwards."""
    args = (np.linspace(0.0, 1.0, 12), np.zeros(12), 3)
    compiled = compile_pullback(heat, args, (True, True, False))
    compiled.value_and_pullback(args, None)
    function = next(iter(compiled.variants)).function("pullback")
    for op in walk(function.body):
        if op.name == "for" and not any(inner.name == "for" for inner in walk(op.regions[0])):
            assert op.operands[2].value == 1
            written = [inner.operands[0].name for inner in walk(op.regions[0]) if inner.name == "accum"]
            assert len(written) == len(set(written))


def test_sums_are_carried():
    """The cotangent of the multiplier is a sum over the row."""
    args = (np.random.default_rng(0).random((5, 5)) + 5 * np.eye(5),)
    compiled = compile_pullback(lu, args, (True,))
    compiled.value_and_pullback(args, None)
    function = next(iter(compiled.variants)).function("pullback")
    assert any(op.name == "radd" for op in walk(function.body))


def test_shadows_are_stored_not_cleared_and_added_to():
    """In the loop over time only the peeled elements are cleared: the next loops write the others."""
    def local(v, steps):
        w = v.copy()
        heat(v, w, steps)

    args = (np.linspace(0.0, 1.0, 12), 3)
    compiled = compile_pullback(local, args, (True, False))
    compiled.value_and_pullback(args, None)
    function = next(iter(compiled.variants)).function("pullback")
    time_loop = next(op for op in function.body.ops if op.name == "for" and any(
        inner.name == "accum" for inner in walk(op.regions[0])))
    nests = [loop for loop in walk(time_loop.regions[0]) if loop.name == "for"]
    stores = [op for loop in nests for op in walk(loop.regions[0]) if op.name == "store"]
    assert len(stores) == 2 and not any(isinstance(op.operands[1], Constant) for op in stores)


def overwritten_whole(x, n):
    b = x * 2.0
    b[:] = b * x
    return b[0] + b[n - 1]


def overwritten_next(x, n):
    b = np.zeros(n)
    for i in range(n - 1):
        b[i] = x[i] * 2.0
        b[i + 1] = x[i] * 3.0
    return b.sum()


def overwritten_twice(x, n):
    b = np.zeros(n + 2)
    for i in range(n):
        b[i] = x[i] * 2.0
        b[i + 2] = x[i] * b[i]
        b[i + 1] = b[i + 2] * x[i]
    return b.sum()


@pytest.mark.parametrize(("f", "gradient"), [
    (overwritten_whole, [4.0, 0.0, 0.0, 0.0, 20.0]),
    (overwritten_next, [2.0, 2.0, 2.0, 5.0, 0.0]),
    (overwritten_twice, [2.0, 2.0, 2.0, 2.0, 2.0 + 4 * 5.0 + 6 * 5.0**2]),
])
def test_what_is_cleared_between_two_reads_counts_once(f, gradient):
    """Local memory written twice: the shadow is clear when the sweep comes to the earlier writing."""
    found = ut.grad(f, tier="compile")(np.arange(1.0, 6.0), 5)
    np.testing.assert_allclose(found, gradient, rtol=1e-14)


def guarded(x, k):
    s = 0.0
    for i in range(len(x)):
        if x[i] > 0.5:
            x[i] = 0.3 * x[k]
    for i in range(len(x)):
        s += x[i]
    return s


def test_zeros_are_not_added_where_a_branch_was_not_taken():
    """The cotangent of what a branch stored is added within that branch."""
    args = (np.linspace(0.0, 1.0, 12), 3)
    compiled = compile_pullback(guarded, args, (True, False))
    value, bars = compiled.value_and_pullback(args, 1.0)
    function = next(iter(compiled.variants)).function("pullback")
    for op in walk(function.body):
        if op.name == "for" and any(inner.name == "if" and inner.results for inner in op.regions[0].ops):
            assert not any(inner.name == "accum" for inner in op.regions[0].ops)
    expected = np.where(np.linspace(0.0, 1.0, 12) > 0.5, 0.0, 1.0)
    expected[3] += 0.3 * 6
    np.testing.assert_allclose(bars[0], expected)


def pairs(x, v, steps):
    for _ in range(steps):
        for i in range(len(x)):
            for j in range(i + 1, len(x)):
                d = x[i] - x[j]
                f = 1.0 / (d * d + 0.1)
                v[i] -= d * f
                v[j] += d * f
        for i in range(len(x)):
            x[i] += 0.01 * v[i]


def test_divisions_of_scalar_loops_are_taped_while_the_tape_is_small():
    """A loop over pairs does not vectorise; its tape is an array although the loop is triangular."""
    args = (np.linspace(0.0, 1.0, 6), np.zeros(6), 3)
    compiled = compile_pullback(pairs, args, (True, True, False))
    small = compiled.variant(compiled.values(args))
    assert small.keeps_slow and len(small.transformed.taped) == 1
    assert not any(op.name == "reserve" for op in walk(small.transformed.function.body))
    large = compiled.variant(compiled.values((args[0], args[1], 10**6)))
    assert not large.keeps_slow and not large.transformed.taped
    seeds = [np.linspace(1.0, 2.0, 6), np.linspace(0.0, 1.0, 6)]
    shadows = dict(zip(compiled.active_params, [s.copy() for s in seeds], strict=True))
    compiled.run([args[0].copy(), args[1].copy(), 3], None, shadows)
    for k, a in enumerate(args[:2]):
        for n in range(6):
            step = [b.astype(complex) for b in args[:2]]
            step[k][n] += 1e-30j
            pairs(*step, 3)
            expected = sum(np.sum(s * b.imag) for s, b in zip(seeds, step, strict=True)) / 1e-30
            np.testing.assert_allclose(shadows[compiled.active_params[k]][n], expected, rtol=1e-10, err_msg=str(a))


def sweep(u):
    for i in range(1, len(u) - 1):
        u[i] = 0.5 * (u[i - 1] + u[i + 1])


def test_what_the_next_iteration_reads_is_handed_on():
    """The reverse of a Gauss-Seidel sweep carries the cotangent that it has just added to."""
    for n in (12, 3, 2, 1):
        args = (np.linspace(0.0, 1.0, n),)
        compiled = compile_pullback(sweep, args, (True,))
        seed = np.linspace(1.0, 2.0, n)
        shadow = seed.copy()
        compiled.run(list(args), None, {compiled.active_params[0]: shadow})
        expected = seed.copy()
        for i in range(n - 2, 0, -1):
            t, expected[i] = expected[i], 0.0
            expected[i - 1] += 0.5 * t
            expected[i + 1] += 0.5 * t
        np.testing.assert_allclose(shadow, expected)
        function = next(iter(compiled.variants)).function("pullback")
        assert any(op.name == "for" and op.results for op in walk(function.body)) or n < 3
