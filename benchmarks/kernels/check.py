"""Which kernels compile, whether their gradients are right, and what they cost: ``python -m kernels.check [NAME...]``.

Run from ``benchmarks/``. The oracle is a Richardson difference along a random direction; with ``--record`` also the
gradient of the record tier. Costs are ratios to the primal compiled by Numba where Numba takes it, else to NumPy.
"""

from __future__ import annotations

import copy
import sys
import time
import warnings

import numpy as np

from undertow._compile import NotCompilable, compile_pullback

from . import Kernel, all_kernels


def along(f, args, d, h=1e-3):
    """Richardson-extrapolated central difference of ``f`` in the first argument."""
    def value(h):
        rest = copy.deepcopy(args[1:])
        return f(args[0] + h * d, *rest)

    def central(h):
        return (value(h) - value(-h)) / (2 * h)

    a, b, c = central(h), central(h / 2), central(h / 4)
    first, second = (4 * b - a) / 3, (4 * c - b) / 3
    return (16 * second - first) / 15


def best(f, seconds):
    shortest, end = np.inf, time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        f()
        shortest = min(shortest, time.perf_counter() - start)
    return shortest


def primal_of(k: Kernel, args: tuple):
    """The primal to compare with."""
    import numba

    try:
        jitted = numba.njit(k.function)
        jitted(*copy.deepcopy(args))
        return "numba", jitted
    except Exception:
        return "numpy", k.function


def check(k: Kernel, timed: bool, record: bool) -> str:
    loss = k.loss
    args = k.arguments(k.small)
    start = time.perf_counter()
    try:
        compiled = compile_pullback(loss, args, (True,) + (False,) * (len(args) - 1))
        value, bars = compiled.value_and_pullback(copy.deepcopy(args), 1.0)
    except NotCompilable as refusal:
        return f"refused: {refusal}"
    seconds = time.perf_counter() - start
    expected = loss(*copy.deepcopy(args))
    if not np.allclose(value, expected, rtol=1e-5 if args[0].dtype == np.float32 else 1e-9):
        return f"WRONG VALUE {value} {expected}"
    d = np.random.default_rng(1).standard_normal(args[0].shape)
    if args[0].dtype == np.float32:
        args = tuple(a.astype(np.float64) if getattr(a, "dtype", None) == np.float32 else a for a in args)
    got = np.sum(np.real(np.conj(bars[0]) * d))
    tol = 2e-4 if bars[0].dtype == np.float32 else 1e-7
    steps = {1e-3: tol, 1e-5: max(tol, 1e-6), 1e-7: max(tol, 1e-5)}  # small ones for programs with kinks
    wanted = {h: along(loss, args, d, h) for h in steps}
    if not any(np.isclose(got, wanted[h], rtol=steps[h], atol=steps[h]) for h in steps):
        want = wanted[1e-3]
        return f"WRONG GRADIENT {got} {want}"
    if record:
        import undertow as ut

        reference = ut.grad(loss)(*copy.deepcopy(args))
        if not np.allclose(reference, bars[0], rtol=tol, atol=1e-10):
            return f"DIFFERS FROM RECORD by {np.max(np.abs(reference - bars[0]))}"
    text = f"right, first {seconds:4.1f} s"
    if timed:
        args = k.arguments(k.large)
        kind, primal = primal_of(k, args)
        compiled.value_and_pullback(copy.deepcopy(args), 1.0)
        work = copy.deepcopy(args)

        def reset():
            for a, b in zip(work, args, strict=True):
                if isinstance(a, np.ndarray):
                    a[...] = b

        r = best(reset, 0.05)
        p = best(lambda: (reset(), primal(*work)), 0.3) - r
        g = best(lambda: (reset(), compiled.value_and_pullback(work, 1.0)), 0.5) - r
        text += f"; gradient {g * 1e3:9.3f} ms, {g / p:6.2f} x {kind} primal"
    return text


def main() -> None:
    words = [a for a in sys.argv[1:] if not a.startswith("--")]
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    total = right = 0
    for k in all_kernels():
        if words and not any(w in k.name for w in words):
            continue
        total += 1
        try:
            text = check(k, "--time" in sys.argv, "--record" in sys.argv)
        except Exception as error:
            text = f"FAILED {type(error).__name__}: {error}"
        right += text.startswith("right")
        print(f"{k.name:26s} {text}", flush=True)
    print(f"{right} of {total} compile and are right")


if __name__ == "__main__":
    main()
