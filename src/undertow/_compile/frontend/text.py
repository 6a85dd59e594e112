"""Text: what is known of it, and a stand-in for what is not."""

from __future__ import annotations

import ast
from typing import Any

from .values import Const

__all__ = ["TEXT", "Text"]


class _Text:
    """A string that depends on the run: it may stand in an error message or be kept, and is good for nothing else here."""


TEXT = Const(_Text())
_KNOWN = (bool, int, float, str, type(None))


class Text:
    """Lowers strings; expects the other mixins beside it."""

    def on_JoinedStr(self, node: ast.JoinedStr) -> Const:
        parts = []
        for piece in node.values:
            if isinstance(piece, ast.Constant):
                parts.append(piece.value)
                continue
            assert isinstance(piece, ast.FormattedValue)
            value = self.expr(piece.value, True)  # type: ignore[attr-defined]
            spec = self.on_JoinedStr(piece.format_spec) if isinstance(piece.format_spec, ast.JoinedStr) else Const("")
            if not (isinstance(value, Const) and type(value.obj) in _KNOWN) or spec is TEXT:
                parts.append(None)
                continue
            shown = {-1: lambda x: x, 115: str, 114: repr, 97: ascii}[piece.conversion](value.obj)
            try:
                parts.append(format(shown, spec.obj))
            except (TypeError, ValueError):
                parts.append(None)
        return TEXT if None in parts else Const("".join(parts))

    def text_method(self, owner: Const, name: str, args: list, kwargs: dict) -> Any:
        """A method of a string, answered where all is known."""
        given = [*args, *kwargs.values()]
        if owner is not TEXT and owner != TEXT and all(isinstance(v, Const) and type(v.obj) in _KNOWN for v in given) \
                and name != "join" and hasattr(str, name):
            try:
                found = getattr(owner.obj, name)(*(v.obj for v in args), **{k: v.obj for k, v in kwargs.items()})
            except (TypeError, ValueError, LookupError):
                return TEXT
            if isinstance(found, list):
                return self.new_list(tuple(map(Const, found)))  # type: ignore[attr-defined]
            return Const(found)
        return TEXT
