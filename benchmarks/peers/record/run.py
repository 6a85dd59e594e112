"""undertow's record tier beside PyTorch, JAX and autograd: value and gradient over NumPy's own time, one process, one core.

Run in an environment with the tools installed: ``PYTHONPATH=src:benchmarks python benchmarks/peers/record/run.py``.
Values and gradients are compared before anything is timed.  A tool that is not installed is left out.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1",
                  XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from record import programs

import undertow as ut
from peers.record.programs import TOOLS

CASES = {
    "chain": ("1000 multiplies, length 4", programs.chained_multiplies, (np.array([1.0, 0.9, 1.1, 0.95]),)),
    "chain, eager": ("the same, without jit", programs.chained_multiplies, (np.array([1.0, 0.9, 1.1, 0.95]),)),
    "heat 1000": ("heat in place, n=1000", programs.heat, (programs.heat_start(1000),)),
    "heat 10000": ("heat in place, n=10000", programs.heat, (programs.heat_start(10000),)),
    "brusselator 32": ("Brusselator, 32x32", programs.brusselator, (programs.brusselator_start(32),)),
    "brusselator 128": ("Brusselator, 128x128", programs.brusselator, (programs.brusselator_start(128),)),
    "kalman 4": ("Kalman filter object, n=4", programs.kalman, programs.kalman_start(4, 2)),
    "kalman 40": ("Kalman filter object, n=40", programs.kalman, programs.kalman_start(40, 20, 50)),
}


def best(run, seconds=1.0):
    """Shortest processor time of a call, that of all its threads."""
    run()
    shortest, start, count = np.inf, time.perf_counter(), 0
    while count < 5 or time.perf_counter() - start < seconds:
        before = time.process_time()
        run()
        shortest = min(shortest, time.process_time() - before)
        count += 1
    return shortest


def main():
    tools = {}
    for name, make in TOOLS.items():
        try:
            tools[name] = make()
        except ImportError:
            print(f"{name} is not installed")
    print(f"{'':28} {'NumPy ms':>9} {'undertow':>9} " + " ".join(f"{t:>9}" for t in tools))
    for case, (title, f, args) in CASES.items():
        plain = best(lambda f=f, args=args: f(*args))
        ours = ut.value_and_grad(f, tier="record")
        value, bar = ours(*args)
        row = [best(lambda ours=ours, args=args: ours(*args)) / plain]
        for name, found in tools.items():
            theirs = found.get(case, found.get(case.split()[0]) if case != "chain, eager" or name != "JAX" else None)
            if case == "chain, eager" and name != "JAX":
                row.append(np.nan)
                continue
            v, b = theirs(*args)
            assert np.isclose(v, value, rtol=1e-9) and np.allclose(b, bar, rtol=1e-6, atol=1e-9), (case, name)
            row.append(best(lambda theirs=theirs, args=args: theirs(*args)) / plain)
        print(f"{title:28} {1e3 * plain:9.3f} " + " ".join(f"{r:8.1f}x" for r in row), flush=True)


if __name__ == "__main__":
    main()
