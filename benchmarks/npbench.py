"""Value and gradient of NPBench-like kernels in unmodified NumPy, beside the same kernels written for JAX.

``OMP_NUM_THREADS=1 python benchmarks/npbench.py [--peers SITE_PACKAGES] [-k NAME,NAME]``: one process, one core, the
shortest of several mean processor times, in turns. The kernels stand in ``kernels/``, their ports in
``peers/jax_npbench.py``; sizes are those of NPBench's preset S, smaller where that takes more than some ten megabytes.
Values and gradients are compared before anything is timed. Kernels write into their arguments: what filling these anew
takes is measured, and taken off.
"""

from __future__ import annotations

import argparse
import copy
import importlib
import math
import os
import sys
import time
import warnings

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import numpy as np
from compile_tier import mean
from kernels import Kernel, all_kernels, factorizations

import undertow as ut


def _arrays(*shapes, rest=(), dtype=np.float64, scale=1.0, shift=0.0):
    def build(r):
        return (*((scale * (r.random(s) - shift)).astype(dtype) for s in shapes), *rest)

    return build


def _lenet(r):
    shapes = ((4, 28, 28, 1), (5, 5, 1, 6), (6,), (5, 5, 6, 16), (16,), (256, 120), (120,), (120, 84), (84,), (84, 10),
              (10,))
    return *((r.random(s) - 0.5).astype(np.float32) for s in shapes), 4, 256


def _nbody(r):
    return r.standard_normal((25, 3)), r.random((25, 1)), r.standard_normal((25, 3)), 25, 40, 0.05, 1.0, 0.1


def _contour(r):
    return r.random((3, 50, 50)) + 1j * r.random((3, 50, 50)), 150, 50


def _durbin(r):
    return (0.5 ** np.arange(1, 1001) * r.random(1000),)


def _flow(*rest):
    return _arrays((61, 61), (61, 61), (61, 61), rest=rest, scale=0.1)


# kernel: how its arguments are made, which are differentiated
ROWS = {
    "jacobi_1d": (_arrays(3200, 3200, rest=(800,)), (0,)),
    "jacobi_2d": (_arrays((150, 150), (150, 150), rest=(50,)), (0,)),
    "heat_3d": (_arrays((25, 25, 25), (25, 25, 25), rest=(25,)), (0,)),
    "hdiff": (_arrays((68, 68, 60), (64, 64, 60), (64, 64, 60)), (0,)),
    "vadv": (_arrays(*[(60, 60, 40)] * 2, (61, 60, 40), *[(60, 60, 40)] * 3, rest=(3. / 20.,), scale=0.1), (0, 1, 2, 3, 4)),
    "cavity_flow": (_flow(61, 61, 25, 5, 0.001, 2 / 60, 2 / 60, 1.0, 0.1), (0,)),
    "channel_flow": (_flow(5, 25, 0.001, 2 / 60, 2 / 60, 1.0, 0.1, 1.0), (0,)),
    "seidel_2d": (_arrays((50, 50), rest=(8, 50)), (0,)),
    "adi": (_arrays((100, 100), rest=(5, 100)), (0,)),
    "fdtd_2d": (_arrays((200, 220), (200, 220), (200, 220), 20, rest=(20,)), (0,)),
    "syrk": (lambda r: (r.random((70, 50)), 1.5, 1.2, r.random((70, 70))), (0,)),
    "gemver": (lambda r: (r.random((1000, 1000)), 1.5, 1.2, *(r.random(1000) for _ in range(8))), (0,)),
    "atax": (_arrays((1000, 1250), 1250), (0,)),
    "bicg": (_arrays((1250, 1000), 1000, 1250), (0,)),
    "mvt": (_arrays((1250, 1250), 1250, 1250, 1250, 1250), (0,)),
    "covariance": (_arrays((600, 500), rest=(600.0,)), (0,)),
    "correlation": (_arrays((600, 500), rest=(600.0,)), (0,)),
    "softmax": (_arrays((16, 16, 128, 128), dtype=np.float32), (0,)),
    "conv2d_bias": (_arrays((8, 32, 32, 3), (2, 2, 3, 16), 16, dtype=np.float32), (1, 2)),
    "lenet5": (_lenet, (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)),
    "mlp": (_arrays((8, 3), (3, 3000), 3000, (3000, 1000), 1000, (1000, 1000), 1000, dtype=np.float32, scale=0.2,
                    shift=0.5), (1, 2, 3, 4, 5, 6)),
    "nbody": (_nbody, (0,)),
    "azimint_naive": (_arrays(40000, 40000, rest=(100,)), (0,)),
    "contour_integral": (_contour, (0,)),
    "go_fast": (_arrays((2000, 2000)), (0,)),
    "durbin": (_durbin, (0,)),
    "gramschmidt": (_arrays((70, 60)), (0,)),
    "cholesky": (lambda r: (factorizations._spd(r, 100),), (0,)),
    "lu": (lambda r: (factorizations._spd(r, 60),), (0,)),
    "trisolv": (lambda r: (np.tril(r.random((2000, 2000))) + 2000 * np.eye(2000), r.random(2000), r.random(2000)), (0,)),
}
ARRAYS = {"hdiff", "gemver", "atax", "bicg", "mvt", "softmax", "mlp"}  # without a loop in Python


def best(f, seconds):
    """Mean processor time of calls in a row, that of all threads: other threads' time is entered late."""
    start = time.perf_counter()
    f()
    size = max(3, int(seconds / max(time.perf_counter() - start, 1e-6)))
    start = time.process_time()
    for _ in range(size):
        f()
    return (time.process_time() - start) / size


class Ours:
    """Calls of a kernel's value and gradient in one of the tiers, each on arguments filled anew."""

    def __init__(self, k: Kernel, args: tuple, active: tuple, tier: str) -> None:
        self.args, self.work = args, copy.deepcopy(args)
        self.run = ut.value_and_grad(k.loss, argnums=active, tier=tier)
        self.written = [(w, a) for w, a in zip(self.work, args, strict=True) if isinstance(a, np.ndarray)]

    def reset(self) -> None:
        for w, a in self.written:
            w[...] = a

    def changed(self) -> None:
        """Find out which arguments a call leaves changed: only those need filling."""
        self.written = [(w, a) for w, a in self.written if not np.array_equal(w, a)]

    def __call__(self):
        self.reset()
        return self.run(*self.work)


def same(found, expected, single):
    value, bars = found
    rtol, atol = (1e-3, 1e-4) if single else (1e-7, 1e-9)
    np.testing.assert_allclose(float(value), float(expected[0]), rtol=rtol / 10)
    for a, b in zip(bars, expected[1], strict=True):
        b = np.asarray(b)
        b = b.conj() if np.iscomplexobj(b) else b  # JAX's gradient is the conjugate
        np.testing.assert_allclose(np.asarray(a), b, rtol=rtol, atol=atol * max(np.max(np.abs(b)), 1e-300))


def measure(k: Kernel, tiers: list[str], peer, seconds: float) -> dict[str, float]:
    """Seconds of each tier and of the other tool, once they agree."""
    build, active = ROWS[k.name]
    args = build(np.random.default_rng(42))
    single = any(getattr(a, "dtype", None) == np.float32 for a in args)
    calls, first = {}, {}
    if peer is not None:
        calls["jax"] = peer.prepare(k.name, args, active)
        start = time.process_time()
        expected = calls["jax"]()
        first["jax"] = time.process_time() - start
    for tier in tiers:
        run = Ours(k, args, active, tier)
        start = time.process_time()
        try:
            found = run()
        except Exception as refusal:
            if tier != "compile":
                raise
            print(f"    {k.name}: {str(refusal).splitlines()[0]}")
            continue
        first[tier] = time.process_time() - start
        if peer is None:
            expected = found
        same(found, expected, single)
        run.changed()
        calls[tier] = run
    for _ in range(40 if "auto" in calls else 0):  # calls until the choice is made
        start = time.process_time()
        calls["auto"]()
        if time.process_time() - start > 2:
            break
    own = next((c for c in calls.values() if isinstance(c, Ours)), None)
    reset = best(own.reset, 0.05) if own is not None else 0.0
    times = dict.fromkeys(calls, math.inf)
    for _ in range(5):  # in turns, so that a slow moment of the machine hits all
        for name, call in calls.items():
            times[name] = min(times[name], best(call, seconds) - (reset if name != "jax" else 0.0))
    return {**times, **{f"first {name}": t for name, t in first.items()}}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-k", default="", help="only these kernels, by comma")
    parser.add_argument("--peers", default="", help="a site-packages folder with jax")
    parser.add_argument("--tiers", default="compile,auto")
    parser.add_argument("--seconds", type=float, default=0.25)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    peer = None
    if given.peers:
        sys.path.append(given.peers)
        peer = importlib.import_module("peers.jax_npbench")
    tiers = given.tiers.split(",")
    columns = [*tiers, *(["jax"] if peer else [])]
    print(f"{'kernel':18s}" + "".join(f" {c + ' ms':>12s}" for c in columns) + f" {'JAX / ours':>11s}"
          + "".join(f" {'first ' + c:>13s}" for c in columns), flush=True)
    ratios: dict[str, float] = {}
    kernels = {k.name: k for k in all_kernels()}
    for name in ROWS:
        if given.k and name not in given.k.split(","):
            continue
        try:
            t = measure(kernels[name], tiers, peer, given.seconds)
        except Exception as error:
            print(f"{name:18s} FAILED {type(error).__name__}: {str(error).strip()[:400]}", flush=True)
            continue
        ours = t.get("auto", min((t[x] for x in tiers if x in t), default=math.nan))
        ratios[name] = t.get("jax", math.nan) / ours
        print(f"{name:18s}" + "".join(f" {t[c] * 1e3:12.3f}" if c in t else f" {'–':>12s}" for c in columns)
              + f" {ratios[name]:11.2f}" + "".join(f" {t.get('first ' + c, math.nan):13.2f}" for c in columns), flush=True)
    for title, names in (("loops", set(ROWS) - ARRAYS), ("arrays", ARRAYS)):
        print(f"{title}: JAX takes {mean([r for n, r in ratios.items() if n in names]):.2f} times as long (geometric mean)")


if __name__ == "__main__":
    main()
