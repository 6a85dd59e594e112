"""All routines."""

from . import fourier, linear

__all__ = ["fourier", "linear"]
