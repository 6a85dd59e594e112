"""Overhead of the record tier as ratios measured side by side in one run on one core.

Run with ``python benchmarks/record_tier.py [name …]`` from the repository; times of single operations are in
microseconds, times of programs in multiples of the plain program's.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import types
from collections.abc import Callable
from typing import Any

import numpy as np
from record import programs

import undertow as ut
from undertow._driver import PLAIN
from undertow._record.interpreter import acquire, release
from undertow._record.reverse import ReverseInterpreter


def best(run: Callable[[], Any], seconds: float = 0.6, least: int = 3) -> float:
    """Shortest processor time of a call among as many as fit in `seconds`."""
    run()
    shortest, start, count = np.inf, time.perf_counter(), 0
    while count < least or time.perf_counter() - start < seconds:
        before = time.process_time()
        run()
        shortest = min(shortest, time.process_time() - before)
        count += 1
    return shortest


def per(run: Callable[[], Any], n: int) -> float:
    """Microseconds a step of a run of `n` steps."""
    return 1e6 * best(run) / n


def line(name: str, value: float, target: float | None, unit: str) -> None:
    """One row of the table."""
    verdict = "" if target is None else f"(target {target:g}) {'ok' if value <= target else 'MISSED'}"
    print(f"{name:44} {value:9.3f} {unit:6} {verdict}")


# ---- hooks on inactive values --------------------------------------------------------------------------------------

LOOPS = {
    "arithmetic": "for _ in r: a * b",
    "comparison": "for _ in r: a < b",
    "indexing a list": "for _ in r: items[i]",
    "indexing an array": "for _ in r: array[i]",
    "attribute": "for _ in r: point.x",
    "call of a Python function": "for _ in r: function(a)",
    "method call": "for _ in r: point.method()",
    "call of math.sin": "for _ in r: math.sin(a)",
    "array arithmetic": "for _ in r: array * array",
    "if": "for _ in r:\n  if a: pass",
}


def inactive() -> None:
    """Time that a hook adds to an operation on values that are not active."""
    for name, loop in LOOPS.items():
        body = "\n        ".join(loop.split("\n"))
        text = (f"def run(r, a=1.5, b=2.5, i=3, items=list(range(8)), array=None, point=None, function=None, math=None):\n"
                f"        {body}\n")
        function = from_text(text)
        point = types.SimpleNamespace()
        point = Point()
        import math

        arguments = {"array": np.arange(8.0), "point": point, "function": identity, "math": math}
        n = 20000
        r = range(n)
        interpreter = acquire(ReverseInterpreter, PLAIN)
        rewritten = interpreter.callee(function)
        plain = per(lambda f=function, k=arguments: f(r, **k), n)
        hooked = per(lambda f=rewritten, k=arguments: f(r, **k), n)
        release(interpreter)
        line(f"inactive {name}", hooked - plain, 0.1, "µs")


def identity(x):
    return x


class Point:
    def __init__(self):
        self.x = 1.0

    def method(self):
        return self


def from_text(text: str) -> Any:
    """A function whose source can be found."""
    import linecache

    filename = f"<benchmark {abs(hash(text))}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    names: dict[str, Any] = {"__name__": "benchmark"}
    exec(compile(text, filename, "exec"), names)
    return names["run"]


# ---- single operations ---------------------------------------------------------------------------------------------


def operations() -> None:
    """Time of one active operation, recording and sweep together."""
    n = 1000
    x = np.array([1.0, 0.9, 1.1, 0.95])
    forward = ut.jvp
    line("active float operation, reverse", per(lambda: ut.grad(programs.float_recurrence, tier="record")(0.7), 4 * n), 1.2, "µs")
    line("active float operation, forward", per(lambda: forward(programs.float_recurrence, (0.7,), (1.0,)), 4 * n), 1.2, "µs")
    line("length-4 array operation, reverse", per(lambda: ut.grad(programs.chained_multiplies, tier="record")(x), n), 3.5, "µs")
    line("length-4 array operation, forward", per(lambda: forward(programs.chained_multiplies, (x,), (x,)), n), 3.5, "µs")
    line("grad of a trivial function, each call", per(lambda: [trivial(3.0) for _ in range(100)], 100), 20, "µs")
    line("grad of a trivial array function, each call", per(lambda: [trivial_array(x) for _ in range(100)], 100), 20, "µs")


trivial = ut.grad(lambda x: x * x, tier="record")
trivial_array = ut.grad(lambda x: (x * x).sum(), tier="record")


# ---- programs ------------------------------------------------------------------------------------------------------


def cases() -> dict[str, tuple[Callable, tuple]]:
    """Program and arguments by name."""
    found: dict[str, tuple[Callable, tuple]] = {}
    for n in (100, 1000, 10000, 100000):
        found[f"heat n={n}"] = (programs.heat, (programs.heat_start(n),))
    for n in (16, 32, 128, 256):
        found[f"brusselator {n}x{n}"] = (programs.brusselator, (programs.brusselator_start(n),))
    found["kalman n=4 m=2"] = (programs.kalman, programs.kalman_start(4, 2))
    found["kalman n=40 m=20"] = (programs.kalman, programs.kalman_start(40, 20, 50))
    return found


def whole_programs() -> None:
    """Value and gradient, and value and one tangent, over the plain program's time."""
    for name, (f, args) in cases().items():
        value, bar = ut.value_and_grad(f, tier="record")(*args)
        assert value == f(*args)
        direction = np.random.default_rng(1).standard_normal(args[0].shape)
        _, dot = ut.jvp(lambda x, f=f, rest=args[1:]: f(x, *rest), (args[0],), (direction,))
        assert np.isclose(dot, np.vdot(bar, direction), rtol=1e-9)
        plain = best(lambda f=f, args=args: f(*args))
        reverse = best(lambda f=f, args=args: ut.value_and_grad(f, tier="record")(*args))
        forward = best(lambda f=f, args=args, d=direction: ut.jvp(lambda x: f(x, *args[1:]), (args[0],), (d,)))
        line(f"{name}: value and gradient", reverse / plain, 6.0, "x")
        line(f"{name}: value and tangent", forward / plain, None, "x")


# ---- growth and import ---------------------------------------------------------------------------------------------


def growth() -> None:
    """Time an element of loops over elements, at two sizes: constant where an element costs O(1)."""
    for name, f in (("filling an array", lambda n: ut.grad(programs.fill, tier="record")(1.5, n)),):
        small, large = per(lambda f=f: f(2000), 2000), per(lambda f=f: f(20000), 20000)
        line(f"{name}, 20000 over 2000 elements", large / small, 1.5, "x")
    small = per(lambda: ut.grad(programs.read_in_loop, tier="record")(np.ones(1000), 1000), 1000)
    large = per(lambda: ut.grad(programs.read_in_loop, tier="record")(np.ones(100000), 1000), 1000)
    line("reading 1000 elements of 100000 over of 1000", large / small, 2.0, "x")


def importing() -> None:
    """Seconds that importing undertow adds to importing NumPy."""
    def seconds(text: str) -> float:
        code = f"import time; s = time.perf_counter(); {text}; print(time.perf_counter() - s)"
        return min(float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
                   for _ in range(5))

    line("import undertow over import numpy", seconds("import numpy, undertow") - seconds("import numpy"), 0.15, "s")


def first_call() -> None:
    """Time of the first gradient of a program, rewriting included, over later ones."""
    code = ("import time, sys; sys.path.insert(0, 'benchmarks'); import numpy as np, undertow as ut\n"
            "from record import programs\nut.grad(programs.float_recurrence, tier='record')(3.0)\na = programs.kalman_start(4, 2, 3)\n"
            "s = time.perf_counter(); ut.value_and_grad(programs.kalman, tier='record')(*a); t = time.perf_counter()\n"
            "ut.value_and_grad(programs.kalman, tier='record')(*a); print(t - s, time.perf_counter() - t)")
    first, second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    line("first gradient of the Kalman program", 1e3 * float(first), None, "ms")
    line("second gradient of it (3 steps)", 1e3 * float(second), None, "ms")


PARTS = {"inactive": inactive, "operations": operations, "programs": whole_programs, "growth": growth, "import": importing,
         "first": first_call}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(PARTS), help=", ".join(PARTS))
    for part in parser.parse_args().parts:
        PARTS[part]()
