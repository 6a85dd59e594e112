"""Why something was not compiled."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

__all__ = ["NotCompilable", "contained", "defects"]

defects: list[str] = []


class NotCompilable(Exception):
    """The compile tier cannot take this call; the record tier can. Not an error of the user's program.

    Attributes
    ----------
    reason : str
    filename : str
    lineno : int
        Where in the user's program. 0 if it is not a matter of one line.
    lasting : bool
        Whether the same call will be refused again.
    """

    lasting = True

    def __init__(self, reason: str, filename: str = "", lineno: int = 0) -> None:
        super().__init__(f"{filename}:{lineno}: {reason}" if filename else reason)
        self.reason = reason
        self.filename = filename
        self.lineno = lineno

    def again(self) -> NotCompilable:
        """The same reason, to be kept or raised anew: this one's traceback keeps everything alive that led to it."""
        return NotCompilable(self.reason, self.filename, self.lineno)


@contextlib.contextmanager
def contained() -> Iterator[None]:
    """Turn any other exception into a refusal: a defect of the compile tier costs speed, not the derivative."""
    try:
        yield
    except (NotCompilable, MemoryError):
        raise
    except Exception as error:
        defects.append(repr(error))
        raise NotCompilable(f"internal error: {error!r}") from None
