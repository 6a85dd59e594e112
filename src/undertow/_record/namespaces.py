"""Namespaces of ``exec`` and ``eval`` that are objects: their special methods, which C code asks for names, run recorded."""

from __future__ import annotations

from typing import Any

from . import protocols


class Namespace:
    """What a mapping written in Python gives and takes, through hooks."""

    def __init__(self, interpreter: Any, mapping: Any) -> None:
        self.interpreter, self.mapping = interpreter, mapping

    def __getitem__(self, name: str) -> Any:
        return self.interpreter.hooks["getitem"](self.mapping, name)

    def __setitem__(self, name: str, value: Any) -> None:
        self.interpreter.hooks["setitem"](value, self.mapping, name)

    def __delitem__(self, name: str) -> None:
        self.interpreter.hooks["delitem"](self.mapping, name)

    def __contains__(self, name: str) -> bool:
        return self.interpreter.hooks["contains"](name, self.mapping)

    def keys(self) -> Any:
        """What ``dir()`` and ``locals()`` ask for."""
        return self.interpreter.hook("method.keys")(self.mapping)()


def namespace(interpreter: Any, mapping: Any) -> Any:
    """The third argument of ``exec`` and ``eval``."""
    t = type(mapping)
    asked = any(protocols.overrides(t, name) for name in ("__getitem__", "__setitem__", "__delitem__", "__missing__"))
    return Namespace(interpreter, mapping) if asked else mapping
