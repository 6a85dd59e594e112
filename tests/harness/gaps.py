"""Known gaps: what does not work yet, by program of the corpus and mode.  Each entry says a cause in `REASON`; none now."""

from __future__ import annotations

REASON = "known gap"
FAILING: dict[str, tuple[str, ...]] = {}
GAPS: dict[tuple[str, str], str] = {(name, mode): REASON for name, modes in FAILING.items() for mode in modes}
