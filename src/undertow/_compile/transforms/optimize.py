"""The passes over a transformed function, in order."""

from __future__ import annotations

from ..ir.function import Function, Value
from .branches import sink
from .clears import drop_clears, fill_unset
from .contract import contract
from .fuse import fuse
from .gather import gather
from .layout import lay_out
from .loops import promote, separate, turn_around
from .nesting import interchange, turn_nests
from .nests import gather_around
from .peel import peel_rest
from .postpone import postpone
from .products import call_blas
from .recurrence import hand_on
from .shift import fuse_shifted
from .simplify import cancel_clearing, eliminate_dead
from .strips import strips

__all__ = ["PASSES", "optimize"]

PASSES = (cancel_clearing, sink, eliminate_dead, call_blas, strips, promote, drop_clears, gather_around, peel_rest, gather,
          separate, turn_around, drop_clears, hand_on, eliminate_dead)


def optimize(function: Function, zeros: dict[Value, Value] | None = None, threads: bool = False) -> set[Value]:
    """Run the passes; the function is changed in place, with `threads` so that loops can be cut for these.

    `zeros` are parameters that hold zeros when the function is called, each with one of the same extents; those of them
    that need not be set at all are returned.
    """
    for run in PASSES:
        run(function)
    unset = fill_unset(function, zeros) if zeros else set()
    turn_nests(function)
    postpone(function)
    fuse(function, threads)
    interchange(function)
    fuse(function, threads)
    contract(function)
    if not threads:
        fuse_shifted(function)
    lay_out(function)
    return unset
