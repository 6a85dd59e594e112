"""The passes over a transformed function, in order."""

from __future__ import annotations

from ..ir.function import Function
from .branches import sink
from .clears import drop_clears
from .gather import gather
from .loops import promote, separate, turn_around
from .products import call_blas
from .recurrence import hand_on
from .simplify import cancel_clearing, eliminate_dead

__all__ = ["PASSES", "optimize"]

PASSES = (cancel_clearing, sink, eliminate_dead, call_blas, promote, gather, separate, turn_around, drop_clears, hand_on,
          eliminate_dead)


def optimize(function: Function) -> Function:
    """Run the passes; the function is changed in place."""
    for run in PASSES:
        run(function)
    return function
