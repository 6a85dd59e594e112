"""Every exception of undertow, and the one renderer that words them all.

An error answers six questions, in this order: what happened, where (the user's file, line and a caret), reached
through which calls, which active values are involved, why it is refused, and what to do instead.  The engine states
what it knows and raises; whatever it leaves out is filled from the class's defaults or not shown.

This is the lowest layer of the package: it imports nothing else of it.
"""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import ClassVar

__all__ = [
    "ActiveStoreError", "AliasingError", "ArgumentError", "ForeignCallError", "InternalError", "MissingSourceError",
    "RefusedRuleError", "ReinterpretationError", "RuleError", "StaleError", "Step", "UndertowError",
    "UnsupportedError", "Where", "locate", "trail",
]

DOCS = "docs/errors"
MAX_FIXES = 3
MAX_STEPS = 12
SHIPPED_PROGRAMS = (str(Path("_demo", "programs.py")), str(Path("_demo", "__init__.py")), "__main__.py")
PACKAGE_FOLDER = str(Path(__file__).parent) + os.sep


# ---- places -------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Where:
    """A stretch of source text: what an error points at.

    Attributes
    ----------
    filename : str
        As in the code object, so that ``linecache`` finds it.
    lineno, end_lineno : int
        First and last line, counted from one.
    col, end_col : int or None
        Columns in characters, counted from zero; `end_col` is in line `end_lineno`.  None where unknown.
    function : str
        The function's signature as text: ``smooth(u, sigma)``.
    """

    filename: str
    lineno: int
    end_lineno: int
    col: int | None = None
    end_col: int | None = None
    function: str = ""

    @property
    def text(self) -> str:
        """The first line of source, without its line end; empty where the file cannot be read."""
        return linecache.getline(self.filename, self.lineno).rstrip()

    def __str__(self) -> str:
        place = f"{display_path(self.filename)}:{self.lineno}"
        return f"{place}, in {self.function}" if self.function else place


@dataclass(frozen=True)
class Step:
    """One call on the way from the user's request to the place of an error."""

    name: str
    filename: str = ""
    lineno: int = 0


def signature(code: CodeType) -> str:
    """Name and parameters of the function of `code`, as ``Filter.update(self, z)``."""
    count = code.co_argcount + code.co_kwonlyargcount
    names = list(code.co_varnames[:count])
    rest = iter(code.co_varnames[count:])
    if code.co_flags & 0x04:
        names.insert(code.co_argcount, "*" + next(rest))
    if code.co_flags & 0x08:
        names.append("**" + next(rest))
    name = function_name(code)
    if name == "<module>":
        return ""
    # comprehensions have one parameter called ".0"
    return f"{name}({', '.join(n for n in names if not n.startswith('.'))})"


def function_name(code: CodeType) -> str:
    """Qualified name without the functions around it: ``Filter.update``."""
    return code.co_qualname.rpartition("<locals>.")[2]


def locate(frame: FrameType) -> Where:
    """Where in the source `frame` is executing right now.

    Rewritten functions keep the line and column numbers of the text they came from, so this points into the user's
    own file.

    Parameters
    ----------
    frame : frame
        A live frame, or one taken from a traceback.

    Returns
    -------
    Where
    """
    return position(frame.f_code, frame.f_lasti, frame.f_lineno)


def position(code: CodeType, lasti: int, lineno: int | None = None) -> Where:
    """Where instruction `lasti` of `code` comes from; `lineno` is used where the code has no position table."""
    line, end, col, end_col = next(islice(code.co_positions(), max(lasti, 0) // 2, None), (None,) * 4)
    first = line or lineno or code.co_firstlineno
    last = end or first
    return Where(code.co_filename, first, last, characters(code.co_filename, first, col),
                 characters(code.co_filename, last, end_col), signature(code))


def characters(filename: str, lineno: int, column: int | None) -> int | None:
    """Code objects count columns in UTF-8 bytes; people and carets count characters."""
    if column is None:
        return None
    return len(linecache.getline(filename, lineno).encode()[:column].decode(errors="ignore"))


def display_path(filename: str) -> str:
    """The shortest path that still tells a reader which file is meant."""
    for folder in ("site-packages", "dist-packages"):
        marker = f"{os.sep}{folder}{os.sep}"
        if marker in filename:
            return filename.rpartition(marker)[2]
    here = os.getcwd() + os.sep
    return filename.removeprefix(here)


def is_ours(code: CodeType) -> bool:
    """Whether `code` is a part of undertow's machinery, which no user wants to see in an error.

    The demo's programs are user code that happens to be shipped in the package.
    """
    name = code.co_filename
    return name.startswith((PACKAGE_FOLDER, "<undertow>")) and not name.endswith(SHIPPED_PROGRAMS)


def trail(frame: FrameType | None, entry: str = "") -> tuple[Where | None, list[Step]]:
    """Innermost user location at or around `frame`, and the calls that lead to it.

    Parameters
    ----------
    frame : frame or None
        Where to start, usually ``sys._getframe(1)``.
    entry : str
        How the derivative was asked for, as ``ut.grad(loss)``.  Empty: not shown.

    Returns
    -------
    where : Where or None
        None if no user code is on the stack.
    through : list of Step
        Outermost first.  The first one is the request itself, if the stack shows it.
    """
    users: list[FrameType] = []
    request = 0
    crossed = False  # whether machinery of ours lies between the last user frame and this one
    while frame is not None:
        if is_ours(frame.f_code):
            crossed = True
        else:
            if crossed:
                request = len(users)
            users.append(frame)
            crossed = False
        frame = frame.f_back
    if not users:
        return None, []
    if request == 0:  # the error is about the request itself
        return locate(users[0]), []
    first = users[request]
    path = [Step(function_name(f.f_code), f.f_code.co_filename, f.f_lineno) for f in reversed(users[:request])]
    return locate(users[0]), [Step(entry or "derivative asked for", first.f_code.co_filename, first.f_lineno), *path]


# ---- text ---------------------------------------------------------------------------------------------------------

def excerpt(where: Where) -> list[str]:
    """The source line with a caret under the expression in question."""
    text = where.text
    if not text:
        return []
    number = str(where.lineno)
    lines = [f"  {number} | {text}"]
    if where.col is not None:
        same_line = where.end_lineno == where.lineno and where.end_col is not None
        end = where.end_col if same_line and where.end_col is not None else len(text)
        indent = "".join("\t" if c == "\t" else " " for c in text[:where.col])
        lines.append(f"  {' ' * len(number)} | {indent}{'^' * max(end - where.col, 1)}")
    return lines


def reached_through(through: Sequence[Step]) -> str:
    """One line naming the calls, the middle left out where there are many."""
    names = [f"{s.name} at {display_path(s.filename)}:{s.lineno}" if i == 0 and s.filename else s.name
             for i, s in enumerate(through)]
    if len(names) > MAX_STEPS:
        half = MAX_STEPS // 2
        names = [*names[:half], f"… {len(names) - 2 * half} more …", *names[-half:]]
    return "  reached through: " + " → ".join(names)


def active_here(active: Sequence[tuple[str, str]]) -> list[str]:
    """One line an active value: its name, and what it depends on."""
    lines = [f"{name}, {description}" if description else name for name, description in active]
    return [("  active here: " if i == 0 else "               ") + line for i, line in enumerate(lines)]


def do_one_of(fixes: Sequence[str]) -> list[str]:
    """Numbered fixes; a fix of the form ``words: code`` has its code in one column with the others."""
    parts = [tuple(part.strip() for part in fix.partition(": ")) for fix in fixes[:MAX_FIXES]]
    width = max(len(words) for words, _, _ in parts) + 1
    lines = [f"{words + ':':<{width}} {code}" if code else words for words, _, code in parts]
    return ["Do one of:" if len(lines) > 1 else "Do this:", *(f"  {i}. {line}" for i, line in enumerate(lines, 1))]


# ---- exceptions ---------------------------------------------------------------------------------------------------

class UndertowError(Exception):
    """Base of every error that undertow raises on its own account.

    Errors of the differentiated program are not wrapped: they arrive as the program raised them.

    Parameters
    ----------
    what : str
        One sentence on what happened, with the user's names in backquotes.
    why : str
        One sentence on why it is refused.  Default: the class's own.
    fixes : iterable of str
        At most three things to do, likeliest first, of the form ``words: code``.  Default: the class's own.
    where : Where
        Place in the user's source.
    through : iterable of Step
        Calls that lead there, outermost first.
    active : iterable of (name, description)
        Active values involved.

    Attributes
    ----------
    code : str
        Stable identifier, an anchor of ``docs/errors``.
    what, why, fixes, where, through, active
        As given.
    """

    code: ClassVar[str] = "UT-X000"
    default_why: ClassVar[str] = ""
    default_fixes: ClassVar[tuple[str, ...]] = ()

    def __init__(self, what: str, *, why: str = "", fixes: Iterable[str] = (), where: Where | None = None,
                 through: Iterable[Step] = (), active: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__(what)
        self.what = what if what.endswith((".", "!", "?")) else what + "."
        self.why = why or self.default_why
        self.fixes = list(fixes) or list(self.default_fixes)
        self.where = where
        self.through = list(through)
        self.active = list(active)

    def at(self, frame: FrameType | None = None, entry: str = "") -> UndertowError:
        """Point the error at `frame` (default: the caller's) and return it.

        Does nothing if the error already has a place: the innermost one is the one worth showing.
        """
        if self.where is None:
            self.where, through = trail(frame or sys._getframe(1), entry)
            self.through = self.through or through
        return self

    def at_traceback(self, traceback: TracebackType | None) -> UndertowError:
        """Point the error at the innermost user line of `traceback`, and return it."""
        while traceback is not None:
            code = traceback.tb_frame.f_code
            if not is_ours(code):
                self.where = position(code, traceback.tb_lasti, traceback.tb_lineno)
            traceback = traceback.tb_next
        return self

    @property
    def link(self) -> str:
        """Where the error is explained with an example."""
        return f"{DOCS}#{self.code}"

    def __str__(self) -> str:
        blocks = [[f"[{self.code}] {self.what}"]]
        place = []
        if self.where is not None:
            place += [f"  {self.where}", *excerpt(self.where)]
        if self.through:
            place.append(reached_through(self.through))
        place += active_here(self.active)
        blocks.append(place)
        if self.why:
            blocks.append([f"Why: {self.why.rstrip('.')}."])
        if self.fixes:
            blocks.append(do_one_of(self.fixes))
        blocks.append([self.link])
        return "\n\n".join("\n".join(block) for block in blocks if block)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.__dict__.copy())


def _rebuild(cls: type[UndertowError], state: dict[str, object]) -> UndertowError:
    """Undo of ``__reduce__``: errors travel between processes with all they say."""
    error = cls(str(state["what"]))
    error.__dict__.update(state)
    return error


class MissingSourceError(UndertowError):
    """A function without source text was reached by an active value."""

    code = "UT-R001"
    default_why = ("the record tier rewrites a function's source text, and for this one there is none, "
                   "so what it does with the active value is unknown.")
    default_fixes = (
        "put it in a file: functions made by exec, or typed into some shells, have no source",
        "give it a rule: @ut.rules.pullback(f)",
        "treat its argument as a constant: ut.stop_gradient(x)",
    )


class UnsupportedError(UndertowError):
    """A construct of the language that undertow cannot follow met an active value."""

    code = "UT-R002"


class ForeignCallError(UndertowError):
    """An active value entered compiled code for which there is no rule."""

    code = "UT-R003"
    default_why = ("what compiled code does with a value cannot be seen, "
                   "and its result would silently lose its derivative.")
    default_fixes = (
        "give it a rule: @ut.rules.pullback(f)",
        "treat its argument as a constant: ut.stop_gradient(x)",
    )


class ActiveStoreError(UndertowError):
    """An active value would be stored where no derivative can follow it.

    Integer arrays, read-only memory, and memory that belongs to foreign code.
    """

    code = "UT-R004"
    default_why = ("the memory it is stored into cannot carry a derivative, "
                   "so the derivative would silently become zero.")
    default_fixes = (
        "use a float array: np.zeros(n) in place of np.zeros(n, dtype=int)",
        "treat the value as a constant: ut.stop_gradient(x)",
    )


class ReinterpretationError(UndertowError):
    """The bits of an active value would be read as something other than a number."""

    code = "UT-R005"
    default_why = "bits have no derivative, and a number rebuilt from them would silently lose its own."
    default_fixes = (
        "copy the number, not its bits: x.copy(), copy.deepcopy(obj)",
        "treat it as a constant: ut.stop_gradient(x)",
    )


class RuleError(UndertowError):
    """A derivative rule returned something of the wrong shape, type or number."""

    code = "UT-R006"
    default_why = "a cotangent has the shape of its primal; anything else would be added to the wrong place."
    default_fixes = ("check the rule: ut.testing.check_rule(f, *args)",)


class StaleError(UndertowError):
    """A pullback was called although what it needs is gone."""

    code = "UT-R007"
    default_why = "the arrays it would read no longer hold the values they held when the program ran."
    default_fixes = (
        "call it before the arrays are changed: y, pullback = ut.vjp(f, x); x_bar = pullback(y_bar)",
        "give the function its own copy: ut.vjp(f, x.copy())",
    )


class AliasingError(UndertowError):
    """Two arguments or values share memory in a way that leaves the derivative undefined."""

    code = "UT-R008"
    default_fixes = ("give each argument its own memory: x.copy()",)


class RefusedRuleError(UndertowError):
    """A primitive is known, and its rule says that it is refused."""

    code = "UT-R009"
    default_fixes = (
        "treat its argument as a constant: ut.stop_gradient(x)",
        "give it a rule of your own: @ut.rules.pullback(f)",
    )


class ArgumentError(UndertowError, TypeError, ValueError):
    """An operator was called with arguments it cannot take.

    Also a ``TypeError`` and a ``ValueError``, as other libraries raise for the same mistakes.
    """

    code = "UT-O001"


class InternalError(UndertowError):
    """Undertow found itself in a state that its authors believed impossible."""

    code = "UT-X001"
    default_why = "this is a defect of undertow, not of your program."
    default_fixes = ("report it: with this text and the smallest program that shows it",)


# A traceback shows `undertow.ForeignCallError`, the name under which people import and catch it.
for _name in __all__:
    _object = globals()[_name]
    if isinstance(_object, type) and issubclass(_object, UndertowError):
        _object.__module__ = "undertow"
