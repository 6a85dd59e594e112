"""The demo's picture: what gradients say about three of its programs, and what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import programs

if TYPE_CHECKING:
    from . import Outcome

__all__ = ["draw"]


def draw(outcomes: list[Outcome], path: str) -> str:
    """Draw into the file `path`; returns a line that says what was done."""
    try:
        import matplotlib
    except ImportError:
        return "\nno picture: matplotlib is not installed"
    matplotlib.use("Agg")
    from matplotlib import pyplot

    by_loss = {o.case.loss: o for o in outcomes}
    panels = [(show, by_loss[loss]) for loss, show in PANELS.items() if loss in by_loss]
    figure, axes = pyplot.subplots(1, len(panels) + 1, figsize=(4.6 * (len(panels) + 1), 4.0), layout="constrained")
    axes = np.atleast_1d(axes)
    for axis, (show, outcome) in zip(axes, panels):
        show(axis, outcome)
    show_cost(axes[-1], outcomes)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
    return f"\npicture: {path}"


def show_brusselator(axis: Any, outcome: Outcome) -> None:
    """Which initial concentrations the final state answers to."""
    field = outcome.gradient[:, :, 0]
    limit = np.abs(field).max()
    image = axis.imshow(field.T, origin="lower", cmap="RdBu_r", vmin=-limit, vmax=limit)
    axis.figure.colorbar(image, ax=axis, shrink=0.8)
    axis.set(title="Brusselator: d loss / d u₀", xlabel="i", ylabel="j")


def show_heat(axis: Any, outcome: Outcome) -> None:
    """How the initial temperature should change."""
    u0, target = programs.heat_start()
    x = np.linspace(0.0, 1.0, len(u0))
    axis.plot(x, u0, label="u₀")
    axis.plot(x, target, "--", label="target")
    axis.plot(x, -outcome.gradient / np.abs(outcome.gradient).max(), label="−gradient (scaled)")
    axis.set(title="heat equation", xlabel="x")
    axis.legend()


def show_training(axis: Any, outcome: Outcome) -> None:
    """Which learning rates matter."""
    axis.bar(np.arange(outcome.gradient.size), outcome.gradient.ravel())
    axis.set(title="network: d final loss / d learning rate", xlabel="epoch")


def show_cost(axis: Any, outcomes: list[Outcome]) -> None:
    """Cost of a value and gradient in plain runs."""
    names = [o.case.title for o in outcomes]
    axis.barh(names, [o.gradient_seconds / o.plain_seconds for o in outcomes], color="0.5")
    axis.invert_yaxis()
    axis.set(title="value and gradient / plain program", xlabel="ratio of times")


PANELS = {
    programs.brusselator_loss: show_brusselator,
    programs.heat_loss: show_heat,
    programs.training_loss: show_training,
}
