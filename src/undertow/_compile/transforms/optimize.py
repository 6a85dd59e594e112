"""The passes over a transformed function, in order."""

from __future__ import annotations

from ..ir.function import Function
from .clears import drop_clears
from .loops import promote, separate, turn_around
from .products import call_blas
from .simplify import cancel_clearing, eliminate_dead

__all__ = ["PASSES", "optimize"]

PASSES = (cancel_clearing, eliminate_dead, call_blas, promote, separate, turn_around, drop_clears, eliminate_dead)


def optimize(function: Function) -> Function:
    """Run the passes; the function is changed in place."""
    for run in PASSES:
        run(function)
    return function
