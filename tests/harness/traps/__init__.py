"""Programs that look harmless and are not: each must be done as Python and NumPy do it, or be left to the recorder."""

from __future__ import annotations

import importlib
import pkgutil

from ._case import arguments

__all__ = ["arguments", "traps"]


def traps() -> list:
    """All of them, as ``(program, makers of its arguments)``."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    return [p for name in names for p in importlib.import_module(f"{__name__}.{name}").case.programs]
