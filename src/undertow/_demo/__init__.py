"""``python -m undertow demo``: differentiate real programs, check each gradient, show errors and timings.

The programs (`undertow._demo.programs`) know nothing of undertow.  The checks do not either: they run the plain
program, with complex numbers where it takes them and at neighbouring points where it does not.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from undertow import value_and_grad

from . import programs

__all__ = ["CASES", "Case", "Outcome", "examine", "main"]


@dataclass(frozen=True)
class Case:
    """A program of the demo and where to differentiate it."""

    title: str
    what: str
    loss: Callable[..., Any]
    start: Callable[[], Any]
    analytic: bool = False  # whether it runs on complex numbers and is a holomorphic function of them

    def arguments(self) -> tuple[Any, ...]:
        """Fresh arguments; the first one is differentiated."""
        start = self.start()
        return start if isinstance(start, tuple) else (start,)


CASES = (
    Case("Brusselator 2-D", "scalar loops, writes in place", programs.brusselator_loss, programs.brusselator_start,
         analytic=True),
    Case("heat equation", "slices of one buffer, += in place", programs.heat_loss, programs.heat_start,
         analytic=True),
    Case("Kalman filter", "an object that changes itself", programs.kalman_loss, programs.kalman_start),
    Case("scipy solve_ivp", "SciPy's own RK45, adaptive steps", programs.ode_loss, programs.ode_start),
    Case("network training", "learning rates through training", programs.training_loss, programs.training_start),
    Case("LU with pivoting", "row swaps in place", programs.lu_loss, programs.lu_start),
    Case("adaptive Simpson", "recursion and a generator", programs.quadrature_loss, programs.quadrature_start,
         analytic=True),
    Case("Gaussian process", "scipy.linalg.cho_factor, cho_solve", programs.gaussian_process_loss,
         programs.gaussian_process_start),
    Case("n-body", "dataclasses in a list", programs.orbit_loss, programs.orbit_start),
)


@dataclass(frozen=True)
class Outcome:
    """What one case gave."""

    case: Case
    value: float
    gradient: np.ndarray
    error: float
    tolerance: float
    oracle: str
    plain_seconds: float
    gradient_seconds: float

    @property
    def right(self) -> bool:
        """Whether the gradient agrees with the check."""
        return self.error <= self.tolerance


# ---- checks -------------------------------------------------------------------------------------------------------


def complex_step(f: Callable[[Any], Any], x: np.ndarray, direction: np.ndarray) -> float:
    """Derivative of an analytic `f` along `direction`, to rounding.

    Squire and Trapp 1998, doi:10.1137/S003614459631241X.
    """
    step = 1e-30
    return float(np.imag(f(x + 1j * step * direction)) / step)


def ridders(f: Callable[[Any], Any], x: np.ndarray, direction: np.ndarray, step: float = 1e-2) -> float:
    """Derivative along `direction` by extrapolated central differences.

    Ridders 1982, doi:10.1016/S0141-1195(82)80057-0.
    """
    shrink, best, error = 2.0, np.nan, np.inf
    previous: list[float] = []
    for _ in range(10):
        row = [float(f(x + step * direction) - f(x - step * direction)) / (2.0 * step)]
        for j, coarse in enumerate(previous):
            row.append(row[j] + (row[j] - coarse) / (shrink ** (2 * j + 2) - 1.0))
            estimate = max(abs(row[-1] - row[-2]), abs(row[-1] - coarse))
            if estimate < error:
                best, error = row[-1], estimate
        previous, step = row, step / shrink
    return best


def check(case: Case, gradient: np.ndarray, arguments: tuple[Any, ...], directions: int = 3) -> float:
    """Largest error along random directions, relative to the gradient's norm."""
    x, rest = arguments[0], arguments[1:]
    rng = np.random.default_rng(1)
    oracle = complex_step if case.analytic else ridders
    scale = 1.0 / max(1.0, float(np.abs(x).max()))
    errors = []
    for _ in range(directions):
        v = rng.normal(size=x.shape)
        v /= scale * np.linalg.norm(v)
        expected = oracle(lambda z: case.loss(z, *rest), x, v)
        errors.append(abs(np.vdot(gradient, v) - expected) / (np.linalg.norm(gradient) * np.linalg.norm(v)))
    return float(max(errors))


def best_time(run: Callable[[], Any], budget: float = 0.5, most: int = 20) -> float:
    """Shortest of the runs that fit in `budget` seconds, at least two, at most `most`."""
    times: list[float] = []
    while len(times) < 2 or (sum(times) < budget and len(times) < most):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times)


def examine(case: Case) -> Outcome:
    """Differentiate one program, check its gradient, time both."""
    arguments = case.arguments()
    differentiated = value_and_grad(case.loss)
    value, gradient = differentiated(*arguments)
    unchanged = all(np.array_equal(a, b) for a, b in zip(arguments, case.arguments(), strict=True))
    error = check(case, gradient, arguments) if unchanged and value == case.loss(*arguments) else np.inf
    return Outcome(case, float(value), np.asarray(gradient), error, 1e-11 if case.analytic else 1e-6,
                   "complex step" if case.analytic else "differences",
                   best_time(lambda: case.loss(*arguments)),
                   # long enough for what is called often to become native code
                   best_time(lambda: differentiated(*arguments), budget=8.0, most=100))


# ---- what is shown ------------------------------------------------------------------------------------------------


def paint(text: str, colour: int) -> str:
    """`text` in an ANSI colour where the output is a terminal."""
    return f"\033[{colour}m{text}\033[0m" if sys.stdout.isatty() else text


def progress(cases: Iterable[Case]) -> Iterator[Case]:
    """`cases` with a progress bar on a terminal, if tqdm is installed."""
    cases = list(cases)
    try:
        from tqdm import tqdm
    except ImportError:
        yield from cases
        return
    with tqdm(total=len(cases), unit="program", leave=False, disable=None) as bar:
        for case in cases:
            bar.set_description(case.title)
            yield case
            bar.update()


def table(outcomes: list[Outcome]) -> str:
    """One row a program."""
    head = f"{'program':<18}{'what it does':<36}{'inputs':>7}{'value':>12}{'max error':>11}  {'checked by':<14}" \
           f"{'plain':>9}{'gradient':>10}{'ratio':>9}"
    rows = [paint(head, 1), "-" * len(head)]
    for o in outcomes:
        error = paint(f"{o.error:>11.1e}", 32 if o.right else 31)
        rows.append(f"{o.case.title:<18}{o.case.what:<36}{o.gradient.size:>7}{o.value:>12.5g}{error}  {o.oracle:<14}"
                    f"{1e3 * o.plain_seconds:>6.1f} ms{1e3 * o.gradient_seconds:>7.2f} ms"
                    f"{o.gradient_seconds / o.plain_seconds:>8.2g}x")
    return "\n".join(rows)


def main(only: str = "", picture: str | None = "undertow-demo.png") -> int:
    """Run the demo.

    Parameters
    ----------
    only : str
        Run the programs whose title contains this.
    picture : str or None
        File to draw into, if matplotlib is installed.  None: no picture.

    Returns
    -------
    int
        0 if every gradient agrees with its check, else 1.
    """
    cases = [case for case in CASES if only.lower() in case.title.lower()]
    if not cases:
        print(f"no program of the demo is called {only!r}; there are: {', '.join(case.title for case in CASES)}")
        return 2
    print("Gradients of programs that were not written to be differentiated.\n")
    outcomes = [examine(case) for case in progress(cases)]
    print(table(outcomes))
    print("\nmax error: against the check, along three random directions, relative to the gradient's norm."
          "\nratio: value and gradient together, over the plain program.")
    if picture is not None:
        from .picture import draw
        print(draw(outcomes, picture))
    wrong = [o.case.title for o in outcomes if not o.right]
    right = len(outcomes) - len(wrong)
    print(paint(f"\n{right} of {len(outcomes)} gradients agree with their check.", 31 if wrong else 32))
    return 1 if wrong else 0
