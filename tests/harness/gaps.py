"""Known gaps: what does not work yet, by program and mode, measured by a run of the quick suite.

The causes, most general first: assigning ``.shape`` of a recorded array; ``np.nditer``; results that hold one array in
several places; ``np.save`` and stores through a ``memoryview`` are not refused; types (``float`` against
``np.float64``) of complex parts and of jitted functions; texts of exceptions that name a type or a recursion depth.
"""

from __future__ import annotations

REASON = "known gap: see the module's docstring for the causes"
FAILING: dict[str, tuple[str, ...]] = {
}
GAPS: dict[tuple[str, str], str] = {(name, mode): REASON for name, modes in FAILING.items() for mode in modes}
