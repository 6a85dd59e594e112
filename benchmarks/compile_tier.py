"""Value and gradient of compiled programs against the primal compiled by Numba and against other tools.

One run, one process, one core:
``OMP_NUM_THREADS=1 python benchmarks/compile_tier.py [--programs small|published] [--peers SITE_PACKAGES] [-k NAME]``.
The other tools are optional; values and gradients are compared before anything is timed. JAX's and PyTorch's data stay
in their own arrays, so that no conversion is timed.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import math
import os
import sys
import time
import types

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import numba
import numpy as np

import undertow as ut
from undertow._compile import compile_pullback


def best(f, seconds=0.4):
    """Shortest of many runs."""
    shortest, end = math.inf, time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        f()
        shortest = min(shortest, time.perf_counter() - start)
    return shortest


def native(f):
    """The function compiled by Numba, with the Python functions it calls."""
    scope = {name: native(g) if isinstance(g, types.FunctionType) else g for name, g in f.__globals__.items()
             if name in f.__code__.co_names}
    return numba.njit(types.FunctionType(f.__code__, scope, f.__name__, f.__defaults__, f.__closure__))


def peer(module, prepare, f, args, active, value, gradient):
    """A port's call, once its value and gradient are those of the program; None where there is no port."""
    prepare = getattr(module, prepare, None)
    if prepare is None or not (hasattr(module, f.__name__) or f.__name__ in getattr(module, "PROGRAMS", ())):
        return None
    run = prepare(f.__name__, args, active)
    found, bars = run()
    double = all(np.asarray(b).dtype == np.float64 for b in gradient)
    np.testing.assert_allclose(float(found), value, rtol=1e-8 if double else 1e-5)
    for a, b in zip(bars, gradient, strict=True):
        scale = np.max(np.abs(b))
        np.testing.assert_allclose(np.asarray(a), b, rtol=1e-7 if double else 1e-3, atol=(1e-9 if double else 1e-4) * scale)
    return run


def primal_of(f, args, active):
    """The function compiled by Numba; where Numba does not take it, the tier's own native code of it, without derivative."""
    try:
        primal = native(f)
        primal(*args)
        return primal, ""
    except Exception:
        pass
    compiled = compile_pullback(f, args, active)
    values = compiled.values(args)
    variant = compiled.variant(values)

    def primal(*args):
        return compiled.finished(compiled.launch(variant, "primal", values, []), values, None)

    return primal, "*"


def measure(name, f, args, active, peers):
    """One row; returns the ratio to the primal, and to the fastest other tool."""
    expected = f(*args)
    start = time.perf_counter()
    ours = ut.value_and_grad(f, tuple(k for k, a in enumerate(active) if a), tier="compile")
    try:
        value, gradient = ours(*args)
    except ut.UndertowError as refusal:
        print(f"{name:16s} refused: {refusal}")
        return math.nan, math.nan
    first = time.perf_counter() - start
    np.testing.assert_allclose(value, expected, rtol=1e-9 if np.asarray(expected).dtype == np.float64 else 1e-5)
    gradient = list(gradient) if isinstance(gradient, tuple) else [gradient]
    primal, mark = primal_of(f, args, active)
    calls = [peer(*p[1:], f, args, active, value, gradient) for p in peers]
    calls = [lambda: primal(*args), lambda: ours(*args), *calls]
    times = [math.inf] * len(calls)
    for _ in range(3):  # in turns, so that a slow moment of the machine hits all
        times = [t if c is None else min(t, best(c, 0.15)) for t, c in zip(times, calls, strict=True)]
    p, g, *others = times
    text = "".join(f" {t * 1e3:10.4f}" if t < math.inf else f" {'–':>10s}" for t in others)
    fastest = min(others, default=math.inf)
    print(f"{name + mark:16s} {p * 1e3:10.4f} {g * 1e3:10.4f}{text} {g / p:8.2f} "
          + (f"{g / fastest:8.2f}" if fastest < math.inf else f"{'–':>8s}") + f" {first:8.2f}", flush=True)
    return g / p, g / fastest if fastest < math.inf else math.nan


def mean(ratios):
    """Geometric mean of what was measured."""
    ratios = [r for r in ratios if not math.isnan(r)]
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else math.nan


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-k", default="", help="only programs whose name contains this")
    parser.add_argument("--peers", default="", help="a site-packages folder with jax and torch")
    parser.add_argument("--programs", default="small", choices=("small", "published"))
    parser.add_argument("--torch-compile", action="store_true", help="also PyTorch through torch.compile")
    given = parser.parse_args()
    peers = []
    if given.peers:
        sys.path.append(given.peers)
        kind = {"small": "ports", "published": "adbench"}[given.programs]
        jax, torch = (importlib.import_module(f"peers.{name}_{kind}") for name in ("jax", "torch"))
        peers = [("JAX", jax, "prepare"), ("PyTorch", torch, "prepare")]
        if given.torch_compile:
            peers.append(("compiled", torch, "prepare_compiled"))
        if importlib.util.find_spec("enzyme_ad"):
            peers.append(("Enzyme", importlib.import_module(f"peers.enzyme_{kind}"), "prepare"))
    programs = importlib.import_module(f"{given.programs}_programs").PROGRAMS
    print(f"{'program':16s} {'primal ms':>10s} {'ours':>10s}" + "".join(f" {n:>10s}" for n, *_ in peers)
          + f" {'/primal':>8s} {'/fastest':>8s} {'first s':>8s}")
    rows = [measure(name, *row, peers) for name, row in programs.items() if given.k in name]
    print(f"geometric mean: {mean([r for r, _ in rows]):.2f} x primal, {mean([r for _, r in rows]):.2f} x the fastest other "
          f"tool; worst {max((r for r, _ in rows if not math.isnan(r)), default=math.nan):.2f} x primal")


if __name__ == "__main__":
    main()
