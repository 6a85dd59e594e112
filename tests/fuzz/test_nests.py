"""Random nests of loops over rows and columns with neighbours, up and down: native as recorded."""

from __future__ import annotations

import hashlib
import linecache
import random
from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("numba")

import undertow as ut

pytestmark = pytest.mark.slow
ARRAYS = ("a", "b", "c", "d")
RANGES = {"i": ("range(2, n + 2)", "range(n + 1, 1, -1)", "range(3, n + 1)", "range(2, n)"),
          "j": ("range(2, m + 2)", "range(m + 1, 1, -1)", "range(2, m + 1)")}


class Writer:
    """Draws the lines of a program of two arrays of ``n + 4`` by ``m + 4`` numbers."""

    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)
        self.lines: list[str] = []

    def place(self, name: str) -> str:
        def moved(v: str) -> str:
            d = self.r.choice((0, 0, 0, 1, -1, 2, -2))
            return f"{v} + {d}" if d > 0 else f"{v} - {-d}" if d else v

        return f"{name}[{moved('i')}, {moved('j')}]"

    def value(self) -> str:
        x, y, z = (self.place(self.r.choice(ARRAYS)) for _ in range(3))
        return self.r.choice(("0.4 * {} + 0.2 * {} * {}", "np.sin({}) * {} - 0.1 * {}", "0.3 * ({} - {}) * {}",
                              "{} / (2.0 + {} * {}) ", "0.5 * {} + 0.25 * {} - 0.125 * {}")).format(x, y, z)

    def nest(self, pad: str) -> None:
        order = self.r.choice(("ij", "ij", "ji"))
        outer, inner = (self.r.choice(RANGES[v]) for v in order)
        self.lines.append(f"{pad}for {order[0]} in {outer}:")
        for _ in range(self.r.choice((1, 1, 2))):
            self.lines.append(f"{pad}    for {order[1]} in {inner}:")
            for _ in range(self.r.choice((1, 1, 2))):
                target = self.r.choice((f"{self.r.choice(ARRAYS)}[i, j]", self.place(self.r.choice(ARRAYS))))
                self.lines.append(f"{pad}        {target} {self.r.choice(('=', '=', '+='))} {self.value()}")
            inner = self.r.choice(RANGES[order[1]])

    def slices(self, pad: str) -> None:
        def box(name: str) -> str:
            p, q = (self.r.choice((0, 1, 2, 3, 4)) for _ in range(2))
            return f"{name}[{p}:n + {p}, {q}:m + {q}]"

        x, y, z = (box(self.r.choice(ARRAYS)) for _ in range(3))
        self.lines.append(f"{pad}{box(self.r.choice(ARRAYS))} {self.r.choice(('=', '+='))} 0.4 * {x} - 0.3 * {y} * {z}")

    def program(self) -> str:
        self.lines = ["def program(a, b):", "    n, m = a.shape[0] - 4, a.shape[1] - 4", "    c = np.zeros(a.shape)",
                      "    d = np.ones((n + 4, m + 4))"]
        for _ in range(self.r.choice((1, 2))):
            pad = "    "
            if self.r.random() < 0.4:
                self.lines.append("    for t in range(3):")
                pad += "    "
            for _ in range(self.r.choice((2, 3, 4))):
                self.r.choice((self.nest, self.nest, self.slices))(pad)
        self.lines.append("    return np.sum(a * a) + np.sum(b * c) + 0.5 * np.sum(d)")
        return "\n".join(self.lines) + "\n"


def made(source: str) -> Callable:
    name = f"<nests {hashlib.sha256(source.encode()).hexdigest()[:16]}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    scope = {"np": np}
    exec(compile(source, name, "exec"), scope)
    return scope["program"]


@pytest.mark.parametrize("seed", range(60))
def test_both_tiers(seed):
    source = Writer(seed).program()
    f = made(source)
    rng = np.random.default_rng(seed)
    for shape in ((7, 8), (69, 5)):
        args = rng.random(shape), rng.random(shape)
        rows = []
        for tier in ("record", "compile"):
            given = tuple(x.copy() for x in args)
            value, bars = ut.value_and_grad(f, argnums=(0, 1), tier=tier)(*given)
            rows.append((value, *bars, *given))
        for x, y in zip(*rows, strict=True):
            np.testing.assert_allclose(y, x, rtol=1e-9, atol=1e-9 * max(1.0, np.max(np.abs(x))), err_msg=source)
