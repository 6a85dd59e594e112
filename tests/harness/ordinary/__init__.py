"""Ordinary programs in the manner of scientific code: what the compile tier must take whole."""

from __future__ import annotations

import importlib
import pkgutil

__all__ = ["programs"]


def programs() -> list:
    """All of them, as ``(program, arguments)``."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    return [p for name in names for p in importlib.import_module(f"{__name__}.{name}").case.programs]
