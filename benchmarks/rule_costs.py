"""What the derivative of one primitive costs on large inputs, over the primitive itself.

Run with ``python benchmarks/rule_costs.py [name …]``.  The ratio is the processor time of one call of the pullback that
`ut.vjp` returns, over that of the primitive; 3 is the aim for elementwise functions, reductions and products.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg
import scipy.special

import undertow as ut

AIM = 3.0
rng = np.random.default_rng(0)
vector, positive, square, tall = (rng.standard_normal(200_000), rng.random(200_000) + 0.5,
                                  rng.standard_normal((400, 400)), rng.standard_normal((500, 500)))
definite = square @ square.T + 400 * np.eye(400)
places = rng.integers(0, 200_000, 200_000)
z = rng.standard_normal(2**18)

CASES: dict[str, tuple[Callable, tuple]] = {
    "sin": (np.sin, (vector,)), "exp": (np.exp, (vector,)), "log": (np.log, (positive,)), "sqrt": (np.sqrt, (positive,)),
    "tanh": (np.tanh, (vector,)), "abs": (np.abs, (vector,)), "square": (np.square, (vector,)),
    "multiply": (lambda a: a * a, (vector,)), "divide": (lambda a: 1.0 / a, (positive,)),
    "power": (lambda a: a**2.5, (positive,)), "arctan2": (lambda a: np.arctan2(a, positive), (vector,)),
    "hypot": (lambda a: np.hypot(a, positive), (vector,)), "maximum": (lambda a: np.maximum(a, 0.0), (vector,)),
    "where": (lambda a: np.where(vector > 0, a, 2.0), (vector,)), "clip": (lambda a: np.clip(a, -1.0, 1.0), (vector,)),
    "logaddexp": (lambda a: np.logaddexp(a, positive), (vector,)),
    "sum": (np.sum, (vector,)), "sum of rows": (lambda a: np.sum(a, axis=1), (tall,)),
    "mean": (np.mean, (vector,)), "var": (np.var, (vector,)), "std": (np.std, (vector,)), "max": (np.max, (vector,)),
    "min of rows": (lambda a: np.min(a, axis=1), (tall,)), "prod": (np.prod, (positive,)),
    "cumsum": (np.cumsum, (vector,)), "cumprod": (np.cumprod, (positive,)), "median": (np.median, (vector,)),
    "sort": (np.sort, (vector,)), "partition": (lambda a: np.partition(a, 1000), (vector,)),
    "take": (lambda a: np.take(a, places), (vector,)), "index": (lambda a: a[places], (vector,)),
    "mask": (lambda a: a[positive > 1.0], (vector,)), "slice": (lambda a: a[::2] * 1.0, (vector,)),
    "concatenate": (lambda a: np.concatenate([a, a]), (vector,)), "transpose": (lambda a: a.T.copy(), (tall,)),
    "roll": (lambda a: np.roll(a, 3), (vector,)), "diff": (np.diff, (vector,)), "pad": (lambda a: np.pad(a, 5), (tall,)),
    "dot": (lambda a: a @ square, (square,)), "matvec": (lambda a: a @ tall[0], (tall,)),
    "outer": (lambda a: np.outer(a[:500], a[:500]), (vector,)),
    "einsum ij,jk->ik": (lambda a: np.einsum("ij,jk->ik", a, square), (square,)),
    "einsum ij,ij->i": (lambda a: np.einsum("ij,ij->i", a, tall), (tall,)),
    "tensordot": (lambda a: np.tensordot(a, square, 1), (square,)),
    "convolve": (lambda a: np.convolve(a, positive[:100]), (vector[:20000],)),
    "solve": (lambda a: np.linalg.solve(a, square), (definite,)), "inv": (np.linalg.inv, (definite,)),
    "det": (np.linalg.det, (definite / 400,)), "slogdet": (lambda a: np.linalg.slogdet(a)[1], (definite,)),
    "cholesky": (np.linalg.cholesky, (definite,)), "eigh": (lambda a: np.linalg.eigh(a)[0], (definite,)),
    "svd": (lambda a: np.linalg.svd(a, compute_uv=False), (square,)), "qr": (lambda a: np.linalg.qr(a)[1], (definite,)),
    "norm": (np.linalg.norm, (tall,)),
    "fft": (lambda a: np.abs(np.fft.rfft(a)), (z,)), "logsumexp": (scipy.special.logsumexp, (vector,)),
    "erf": (scipy.special.erf, (vector,)), "cho_solve": (
        lambda a: scipy.linalg.cho_solve(scipy.linalg.cho_factor(a), square), (definite,)),
}


def best(run: Callable[[], Any], seconds: float = 0.3) -> float:
    """Shortest processor time among the calls that fit in `seconds`."""
    shortest, start, count = np.inf, time.perf_counter(), 0
    while count < 3 or time.perf_counter() - start < seconds:
        before = time.process_time()
        run()
        shortest = min(shortest, time.process_time() - before)
        count += 1
    return shortest


def main(names: list[str]) -> None:
    """Print the ratios, those over the aim marked."""
    np.ones(4_000_000)  # freeing 32 MB once keeps the allocator from giving smaller arrays back to the system at each call
    print(f"{'primitive':20} {'milliseconds':>12} {'pullback':>9}  {'tangent':>8}")
    for name in names or CASES:
        f, args = CASES[name]
        primal = best(lambda f=f, args=args: f(*args))
        y, pullback = ut.vjp(f, *args)
        y_bar = np.ones_like(y) if isinstance(y, np.ndarray) else 1.0
        ratio = best(lambda pullback=pullback, y_bar=y_bar: pullback(y_bar)) / primal
        tangent = best(lambda f=f, args=args: ut.jvp(f, args, args)) / primal
        print(f"{name:20} {1e3 * primal:12.2f} {ratio:9.2f}{'!' if ratio > AIM else ' '} {tangent:8.2f}", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1:])
