"""Differentiate calls into third-party packages and say which are right, refused or wrong.

    python -m venv .venv-packages
    .venv-packages/bin/pip install -e . -r benchmarks/packages/requirements.txt
    .venv-packages/bin/python benchmarks/packages/run.py --markdown docs/packages.md

*right*: reverse and forward mode agree with extrapolated differences of the plain call, and reverse with forward.
*refused*: an `UndertowError`; its first line is shown.  *raised*: another error that the plain call does not raise.
*wrong*: anything else.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import runpy
import sys
import time
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
import small_calls  # noqa: F401  registers calls
from calls import CALLS, Call

for module in sorted((Path(__file__).parent / "fields").glob("*.py")):
    runpy.run_path(str(module))  # registers calls

TOLERANCE = 2e-5


@dataclass
class Outcome:
    """What one call gave."""

    call: Call
    verdict: str
    detail: str = ""
    error: float = np.nan
    plain_ms: float = np.nan
    gradient_ms: float = np.nan


def differences(f, x: np.ndarray, v: np.ndarray) -> tuple[float, float]:
    """Extrapolated central difference along `v`, and its error estimate (Ridders 1982)."""
    step, best, error, previous = 0.02, np.nan, np.inf, []
    for _ in range(9):
        row = [float(f(x + step * v) - f(x - step * v)) / (2.0 * step)]
        for j, coarse in enumerate(previous):
            row.append(row[j] + (row[j] - coarse) / (4.0 ** (j + 1) - 1.0))
            estimate = max(abs(row[-1] - row[-2]), abs(row[-1] - coarse))
            if estimate < error:
                best, error = row[-1], estimate
        previous, step = row, step / 2.0
    return best, error


def best_ms(run, count: int = 3) -> float:
    """Shortest of `count` runs, in milliseconds."""
    times = []
    for _ in range(count):
        started = time.process_time()
        run()
        times.append(time.process_time() - started)
    return 1e3 * min(times)


def first_line(error: BaseException) -> str:
    """The error in one line, with the place."""
    where = getattr(error, "where", None)
    if where is not None:
        return f"{str(error).splitlines()[0]} ({where})"
    frame = traceback.extract_tb(error.__traceback__)[-1]
    text = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {text} ({frame.filename}:{frame.lineno})"


def examine(call: Call) -> Outcome:
    """Run one call plainly and differentiated, and compare."""
    import undertow as ut

    f, x = call.function, call.point
    try:
        plain = float(f(x.copy()))
    except Exception as error:
        return Outcome(call, "broken", f"the plain call fails: {first_line(error)}")
    try:
        value, gradient = ut.value_and_grad(f)(x.copy())
        directions = [np.eye(len(x))[i] * max(abs(x[i]), 1e-3) for i in range(len(x))]
        forward = [float(ut.jvp(f, (x.copy(),), (v,))[1]) for v in directions]
    except ut.UndertowError as error:
        verdict = "wrong" if error.code.startswith("UT-X") else "refused"
        return Outcome(call, verdict, first_line(error))
    except Exception as error:
        return Outcome(call, "raised", first_line(error))
    expected = [differences(f, x, v) for v in directions]
    scale = max(abs(e) for e, _ in expected) + 1e-12 + 1e-10 * abs(plain)
    reverse = [float(gradient @ v) for v in directions]
    slack = max(u for _, u in expected) / scale
    error = max(max(abs(r - e), abs(w - e)) for r, w, (e, _) in zip(reverse, forward, expected)) / scale
    modes = max(abs(r - w) for r, w in zip(reverse, forward)) / scale
    outcome = Outcome(call, "right", "", error, best_ms(lambda: f(x.copy())), best_ms(lambda: ut.grad(f)(x.copy()), 5))
    if not np.isclose(float(value), plain, rtol=1e-12) or modes > 1e-8 or not error <= TOLERANCE + 10.0 * slack:
        outcome.verdict = "wrong"
        outcome.detail = (f"value {float(value)!r} of {plain!r}; reverse {reverse}; forward {forward}; "
                          f"differences {[e for e, _ in expected]} ± {slack:.1e}")
    return outcome


def slow_lines(outcomes: list[Outcome]) -> list[str]:
    """Calls whose gradient takes long beside the plain call."""
    slow = [o for o in outcomes if o.verdict == "right" and o.gradient_ms > 100.0 * o.plain_ms]
    names = ", ".join(f"{o.call.package} `{o.call.function.__name__}` ({o.gradient_ms / o.plain_ms:.0f}×)" for o in sorted(
        slow, key=lambda o: -o.gradient_ms / o.plain_ms))
    return [f"The gradient takes more than 100 times the plain call in {len(slow)} calls: {names}.", ""] if slow else []


def markdown(outcomes: list[Outcome]) -> str:
    """The page for the docs."""
    count = {v: sum(o.verdict == v for o in outcomes) for v in ("right", "refused", "raised", "wrong")}
    packages = {o.call.package for o in outcomes}
    rows = ["| package | field | call | outcome | max error | plain | gradient |", "|---|---|---|---|---|---|---|"]
    for o in outcomes:
        reason = o.detail.split(" (")[0].replace("|", "\\|").replace("[", "\\[")
        verdict = o.verdict if o.verdict == "right" else f"{o.verdict}: {reason}"
        numbers = (f"{o.error:.0e} | {o.plain_ms:.2f} ms | {o.gradient_ms:.2f} ms" if o.verdict == "right" else " | | ")
        rows.append(f"| {o.call.package} {importlib.metadata.version(o.call.package)} | {o.call.field} | {o.call.name} "
                    f"| {verdict} | {numbers} |")
    return "\n".join([
        "# Third-party packages", "",
        "Packages installed and called as they are; none of them knows of undertow, and undertow names none of them.",
        "Each call is differentiated in reverse and in forward mode, and compared with extrapolated differences of the",
        "plain call. `benchmarks/packages/run.py` writes this page.", "",
        f"{len(outcomes)} calls into {len(packages)} packages: {count['right']} right, {count['refused']} refused, "
        f"{count['raised']} stopped by another error, {count['wrong']} wrong.", "",
        *slow_lines(outcomes),
        "*max error*: largest difference from the check, relative to the largest derivative; the check is rarely",
        "better than 1e-9.  Times are processor times, the best of three or five, in milliseconds.", "", *rows, ""])


def main() -> int:
    """Run the calls that the command line selects; status 1 if one is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="calls whose package or function contains this")
    parser.add_argument("--markdown", type=Path, help="write the page of results here")
    arguments = parser.parse_args()
    outcomes = []
    for call in CALLS:
        if arguments.only.lower() not in f"{call.package} {call.function.__name__}".lower():
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outcome = examine(call)
        outcomes.append(outcome)
        print(f"{outcome.verdict:<8} {call.package + '.' + call.function.__name__:<40} {outcome.error:9.1e} "
              f"{outcome.plain_ms:9.2f} ms {outcome.gradient_ms:9.2f} ms  {outcome.detail}", flush=True)
    if arguments.markdown:
        arguments.markdown.write_text(markdown(outcomes))
    return int(any(o.verdict == "wrong" for o in outcomes))


if __name__ == "__main__":
    sys.exit(main())
