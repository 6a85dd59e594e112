"""Find the syntax tree of a code object.

The source is looked up by the *code*, never by the function (``inspect.getsource(f)`` follows ``__wrapped__``
and returns another function's text), and compared with the code that runs, so that a file edited after it was
imported is noticed.  Line and column numbers of the tree are those of the file.
"""

from __future__ import annotations

import ast
import copy
import inspect
import linecache
import os
from types import CodeType

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_modules: dict[str, tuple[int, ast.Module]] = {}
_made: dict[int, tuple[CodeType, FunctionNode]] = {}


class SourceNotFound(Exception):
    """The source of a function is not available; the message says why."""


def find(code: CodeType, module_globals: dict | None = None, whole: bool = False) -> FunctionNode:
    """The definition of `code`, a tree of its own.

    What follows the last instruction may be missing (statements that cannot be reached), unless the `whole` is asked for.

    Raises
    ------
    SourceNotFound
        Where there is no source, or where it is not the source of this code.
    """
    made = _made.get(id(code))
    if made is not None and made[0] is code:
        return copy.deepcopy(made[1])
    lines = linecache.getlines(file_of(code), module_globals)
    if not lines:
        raise SourceNotFound(f"no source text for {code.co_filename!r}")
    if code.co_firstlineno > len(lines):
        raise SourceNotFound("the file is shorter than when it was imported")
    node = None
    if code.co_name != "<lambda>":
        node = (None if whole else _find_definition(code, lines, False)) or _find_definition(code, lines, True)
    if node is None:
        node = copy.deepcopy(_find_in_module(code, lines))
    if node is None:
        raise SourceNotFound("the file has changed since it was imported")
    return node


def file_of(code: CodeType) -> str:
    """The file a code object comes from; modules frozen into the interpreter have theirs in its library."""
    name = code.co_filename
    if name.startswith("<frozen "):
        stem = os.path.join(os.path.dirname(os.__file__), *name[8:-1].split("."))
        for path in (stem + ".py", os.path.join(stem, "__init__.py")):
            if os.path.exists(path):
                return path
    return name


def remember(code: CodeType, node: FunctionNode) -> None:
    """Make the definition of a function known that was put together here, from pieces of the file it names."""
    _made[id(code)] = (code, node)


def _find_definition(code: CodeType, lines: list[str], whole: bool) -> FunctionNode | None:
    """Parse the lines from the definition to its last instruction, or the `whole` block; None where that fails."""
    first = code.co_firstlineno
    try:
        block = inspect.getblock(lines[first - 1:]) if whole else lines[first - 1:last_line(code)]
        indented = block[0][:1].isspace()
        before = "\n" * (first - 2) + "if 1:\n" if indented else "\n" * (first - 1)
        tree = ast.parse(before + "".join(block))
    except (SyntaxError, IndexError, ValueError, EOFError, inspect.EndOfBlock):
        return None
    body = tree.body[0].body if indented else tree.body  # type: ignore[attr-defined]
    node = body[0] if body else None
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and matches(node, code):
        return node
    return None


def last_line(code: CodeType) -> int:
    """The last line that an instruction comes from, those of nested functions included."""
    last = max((end for _, end, _, _ in code.co_positions() if end is not None), default=code.co_firstlineno)
    return max([last, *(last_line(c) for c in code.co_consts if isinstance(c, CodeType))])


def _find_in_module(code: CodeType, lines: list[str]) -> FunctionNode | None:
    text = "".join(lines)
    key = hash(text)
    cached = _modules.get(code.co_filename)
    if cached is None or cached[0] != key:
        try:
            cached = (key, ast.parse(text))
        except SyntaxError as error:
            raise SourceNotFound("the file cannot be parsed") from error
        _modules[code.co_filename] = cached
    candidates = [n for n in ast.walk(cached[1])
                  if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and matches(n, code)]
    if len(candidates) > 1:
        candidates = [n for n in candidates if _covers(n, code)] or candidates
    if len(candidates) > 1 and len({ast.dump(n) for n in candidates}) > 1:
        raise SourceNotFound("several definitions on one line look the same")
    return candidates[0] if candidates else None


def _first_line(node: FunctionNode) -> int:
    decorators = getattr(node, "decorator_list", None)
    return min([d.lineno for d in decorators] + [node.lineno]) if decorators else node.lineno


def matches(node: FunctionNode, code: CodeType) -> bool:
    """Whether `node` can be the definition of `code`: name, place, and parameters agree."""
    name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
    if name != code.co_name or _first_line(node) != code.co_firstlineno:
        return False
    a = node.args
    names = [arg.arg for arg in (*a.posonlyargs, *a.args, *a.kwonlyargs)]
    names += [arg.arg for arg in (a.vararg, a.kwarg) if arg is not None]
    count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)
    found = list(code.co_varnames[:count])
    return len(names) == count and all(n == f or f.endswith(n) and n.startswith("__")
                                       for n, f in zip(names, found, strict=True))


def _covers(node: FunctionNode, code: CodeType) -> bool:
    """Whether the instructions of `code` lie inside the body of `node` (tells lambdas on one line apart)."""
    body = node.body if isinstance(node, ast.Lambda) else node.body[0]
    start = (body.lineno, body.col_offset)
    last = node if isinstance(node, ast.Lambda) else node.body[-1]
    end = (last.end_lineno, last.end_col_offset)
    positions = [(p[0], p[2], p[1], p[3]) for p in code.co_positions()
                 if p[0] is not None and p[2] is not None and (p[1], p[3]) != (p[0], p[2])]
    positions = [p for p in positions if p[1] is not None and not (p[0] == code.co_firstlineno and p[1] == p[3] == 0)]
    if not positions:
        return False
    return all(start <= (p[0], p[1]) and (p[2], p[3]) <= end for p in positions) and any(
        (p[0], p[1]) == start for p in positions)
