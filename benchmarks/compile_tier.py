"""Value and gradient of compiled programs against the primal compiled by Numba, in one run on one core."""

from __future__ import annotations

import argparse
import math
import time
import types

import numba
import numpy as np
from small_programs import PROGRAMS

from undertow._compile import NotCompilable, compile_pullback


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


def measure(name, f, args, active):
    """One row: milliseconds of primal and of value and gradient, their ratio, seconds of the first gradient."""
    primal = native(f)
    expected = primal(*args)
    start = time.perf_counter()
    try:
        compiled = compile_pullback(f, args, active)
        value, _ = compiled.value_and_pullback(args, 1.0)
    except NotCompilable as refusal:
        print(f"{name:16s} refused: {refusal}")
        return math.nan
    first = time.perf_counter() - start
    np.testing.assert_allclose(value, expected, rtol=1e-9)
    p, g = best(lambda: primal(*args)), best(lambda: compiled.value_and_pullback(args, 1.0))
    print(f"{name:16s} {p * 1e3:10.4f} {g * 1e3:12.4f} {g / p:6.2f} {first:13.2f}", flush=True)
    return g / p


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-k", default="", help="only programs whose name contains this")
    chosen = parser.parse_args().k
    print(f"{'program':16s} {'primal ms':>10s} {'gradient ms':>12s} {'ratio':>6s} {'first call s':>13s}")
    ratios = [measure(name, *row) for name, row in PROGRAMS.items() if chosen in name]
    ratios = [r for r in ratios if not math.isnan(r)]
    print(f"geometric mean {math.exp(sum(map(math.log, ratios)) / len(ratios)):.2f}, worst {max(ratios):.2f}")


if __name__ == "__main__":
    main()
