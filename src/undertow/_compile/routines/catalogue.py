"""All routines."""

from . import linear

__all__ = ["linear"]
