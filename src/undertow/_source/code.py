"""Compile rewritten functions, and bind them to the hooks of an interpreter.

A *template* is the compiled rewritten code with strings where hooks belong; there is one a function, for ever.
A *specialised* code object has the hooks of one interpreter in their place; it ends with a `Mark`, by which
rewritten functions are recognised wherever they turn up (closures outlive the call that made them).
"""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Callable
from types import CodeType, ModuleType
from typing import Any

from . import locate
from .rewrite import PREFIX, rewrite_function, rewrite_source

_FUTURE = 0x1000000 | 0x100000  # annotations, barry_as_FLUFL: what changes compilation today
_ITERABLE = 0x100  # `types.coroutine`
_SUSPENDED = 0x20 | 0x80 | 0x200  # generator, coroutine, both
_TYPED = sys.version_info >= (3, 12)  # definitions have type parameters
_templates: dict[int, tuple[CodeType, Template | str]] = {}


class Template:
    """Rewritten code of one function, hooks still as strings.  `original` keeps the identity it is found by."""

    __slots__ = ("code", "freevars", "original")

    def __init__(self, original: CodeType | None, code: CodeType) -> None:
        self.original, self.code, self.freevars = original, code, code.co_freevars


class Mark:
    """Last constant of every specialised code object: who made it, and from what."""

    __slots__ = ("interpreter", "original", "template")

    def __init__(self, interpreter: Any, template: CodeType, original: CodeType | None) -> None:
        self.interpreter, self.template, self.original = interpreter, template, original


def template_of(function: Any) -> Template:
    """The template of a Python function.

    Raises
    ------
    SourceNotFound
    """
    code = function.__code__
    cached = _templates.get(id(code))
    if cached is None:
        result: Template | str
        try:
            result = _make(function)
        except locate.SourceNotFound as error:
            result = str(error)  # the error itself would keep the frames of every run that it passed through alive
        cached = _templates[id(code)] = (code, result)
    if isinstance(cached[1], str):
        raise locate.SourceNotFound(cached[1])
    return cached[1]


def _make(function: Any) -> Template:
    code = function.__code__
    scope = function.__globals__
    modules = frozenset(n for n in code.co_names if isinstance(scope.get(n), ModuleType))
    for nested in _nested(code):
        modules |= frozenset(n for n in nested.co_names if isinstance(scope.get(n), ModuleType))
    owner = _class_around(code.co_qualname)
    compiled = _compile(rewrite_function(locate.find(code, scope), modules, owner), code, owner)
    if not _same_scope(compiled, code):  # a statement that is never reached has made a name local, or a generator
        compiled = _compile(rewrite_function(locate.find(code, scope, True), modules, owner), code, owner)
    missing = set(compiled.co_freevars) - set(code.co_freevars)
    if missing:
        raise locate.SourceNotFound(f"the source does not belong to this code (free names {sorted(missing)})")
    return Template(code, compiled)


def _same_scope(new: CodeType, old: CodeType) -> bool:
    """Whether the names that are local to `old` are local to `new`, and it is a generator if `old` is."""
    if (new.co_flags ^ old.co_flags) & _SUSPENDED or not {*old.co_varnames, *old.co_cellvars} <= {
            *new.co_varnames, *new.co_cellvars}:
        return False
    pairs = zip([c for c in new.co_consts if isinstance(c, CodeType)], [c for c in old.co_consts if isinstance(c, CodeType)])
    return all(_same_scope(a, b) for a, b in pairs if a.co_name == b.co_name and a.co_firstlineno == b.co_firstlineno)


def _class_around(qualname: str) -> str | None:
    """Name of the innermost class that a function is written in: private names are mangled with it."""
    parts = qualname.split(".")
    for part, following in zip(parts[-2::-1], parts[:0:-1], strict=True):
        if "<locals>" not in (part, following):  # a function is followed by its locals
            return part
    return None


def _nested(code: CodeType):
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _nested(constant)


def _compile(node: Any, code: CodeType, owner: str | None) -> CodeType:
    """Compile a definition inside a factory whose parameters are the free names, and return the inner code."""
    if isinstance(node, ast.Lambda):
        inner: ast.stmt = ast.Return(node)
        name = "<lambda>"
    else:
        inner, name = node, node.name
    inner_name = owner or name
    if owner is not None:  # private names are mangled with the class they were written in
        inner = ast.ClassDef(name=owner, bases=[], keywords=[], body=[_statement(inner)], decorator_list=[])
        if _TYPED:
            inner.type_params = []  # type: ignore[attr-defined]
    cells = [ast.arg(v) for v in code.co_freevars if v != "__class__" or owner is None]
    body = [inner]
    if inner_name.isidentifier() and inner_name not in code.co_freevars:
        body.insert(0, ast.Global([inner_name]))  # who names itself means the global, not what is defined here
    factory = ast.FunctionDef(name="_factory", args=ast.arguments([], cells, None, [], [], None, []),
                              body=body, decorator_list=[], returns=None)
    if _TYPED:
        factory.type_params = []  # type: ignore[attr-defined]
    module = ast.fix_missing_locations(ast.Module([factory], []))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        compiled = compile(module, code.co_filename, "exec", flags=code.co_flags & _FUTURE, dont_inherit=True)
    line = node.lineno
    for found in _nested(compiled):
        if found.co_name == name and found.co_firstlineno == line:
            return found.replace(co_qualname=code.co_qualname, co_flags=found.co_flags | code.co_flags & _ITERABLE)
    raise locate.SourceNotFound("the definition was not found again after rewriting")


def _statement(node: ast.stmt) -> ast.stmt:
    return ast.Expr(node.value) if isinstance(node, ast.Return) and node.value is not None else node


def specialise(interpreter: Any, template: CodeType, resolve: Callable[[str], Any],
               original: CodeType | None) -> CodeType:
    """`template` with the interpreter's hooks in place of the strings, and a mark at the end."""
    inner = nested_originals(template, original)
    constants = [_bound(interpreter, c, resolve, inner) for c in template.co_consts]
    return template.replace(co_consts=(*constants, Mark(interpreter, template, original)))


def _bound(interpreter: Any, constant: Any, resolve: Callable[[str], Any], inner: dict[int, CodeType]) -> Any:
    if type(constant) is str and constant.startswith(PREFIX):
        return resolve(constant[len(PREFIX):])
    if type(constant) is tuple:  # the compiler folds tuples of constants: `a[:2, 2:]`
        return tuple([_bound(interpreter, c, resolve, inner) for c in constant])
    if isinstance(constant, CodeType):
        return specialise(interpreter, constant, resolve, inner.get(id(constant)))
    return constant


def nested_originals(template: CodeType, original: CodeType | None) -> dict[int, CodeType]:
    """The code that each code object nested in `template` was rewritten from, by identity."""
    if original is None:
        return {}
    new = [c for c in template.co_consts if isinstance(c, CodeType)]
    old = [c for c in original.co_consts if isinstance(c, CodeType)]
    same = len(new) == len(old) and all(_rewritten_from(n, o) for n, o in zip(new, old, strict=True))
    return {id(n): o for n, o in zip(new, old, strict=True)} if same else {}


def _rewritten_from(new: CodeType, old: CodeType) -> bool:
    """Whether `new` may be `old` rewritten, which no longer starts at the line of its first decorator."""
    count = old.co_argcount + old.co_kwonlyargcount
    return (new.co_name == old.co_name and new.co_varnames[:count] == old.co_varnames[:count]
            and (new.co_firstlineno == old.co_firstlineno or old.co_firstlineno < new.co_firstlineno <= _last_line(old)))


def _last_line(code: CodeType) -> int:
    return max((line for *_, line in code.co_lines() if line is not None), default=code.co_firstlineno)


def template_of_text(text: str, mode: str, filename: str = "<string>") -> CodeType:
    """Template of the text given to ``eval`` or ``exec``."""
    tree = rewrite_source(text, mode, filename)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        return compile(tree, filename, mode, dont_inherit=True)  # type: ignore[arg-type]
