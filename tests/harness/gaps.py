"""Known gaps: what does not work yet, by program and mode ("*": every mode), each with its reason."""

from __future__ import annotations

GAPS: dict[tuple[str, str], str] = {}
