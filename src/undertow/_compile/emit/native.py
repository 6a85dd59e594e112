"""Python source to native code through Numba."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

__all__ = ["FAST", "compile_source"]

FAST = "# fastmath\n"  # the first line of text whose floating-point operations need not be done as they stand


class _Access(ast.NodeTransformer):
    """``a[i, j]`` of generated code becomes an access without wrap-around, which says which memory it touches."""

    def __init__(self, tree: ast.Module) -> None:
        names = sorted({n.value.id for n in ast.walk(tree)
                        if isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name)})
        self.scopes = {name: k for k, name in enumerate(names)}

    def scope(self, array: ast.expr) -> list[ast.expr]:
        assert isinstance(array, ast.Name)
        return [ast.Constant(self.scopes[array.id]), ast.Constant(len(self.scopes))]

    def lanes(self, array: ast.expr, index: ast.expr) -> list[ast.expr]:
        """The index of the first lane, the axis along which the lanes lie, and their number; nothing where there are none."""
        from .typing import lanes_of

        axis, starts, count = lanes_of(index.elts if isinstance(index, ast.Tuple) else [index])
        return [] if axis is None else [ast.Tuple(starts, ast.Load()), ast.Constant(axis), ast.Constant(count)]

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        self.generic_visit(node)
        if isinstance(node.value, ast.Attribute) or not isinstance(node.ctx, ast.Load):
            return node
        if lanes := self.lanes(node.value, node.slice):
            return _call("read_from", node.value, *lanes, *self.scope(node.value))
        return _call("read", node.value, _tuple(node.slice), *self.scope(node.value))

    def visit_Assign(self, node: ast.Assign) -> Any:
        self.generic_visit(node)
        target = node.targets[0]
        if isinstance(target, ast.Subscript):
            if lanes := self.lanes(target.value, target.slice):
                return ast.Expr(_call("write_from", target.value, lanes[0], node.value, *lanes[1:], *self.scope(target.value)))
            return ast.Expr(_call("write", target.value, _tuple(target.slice), node.value,
                                  *self.scope(target.value)))
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        self.generic_visit(node)
        target = node.target
        if isinstance(target, ast.Subscript):
            if lanes := self.lanes(target.value, target.slice):
                old = _call("read_from", target.value, *lanes, *self.scope(target.value))
                return ast.Expr(_call("write_from", target.value, lanes[0], ast.BinOp(old, node.op, node.value), *lanes[1:],
                                      *self.scope(target.value)))
            index = _tuple(target.slice)
            total = ast.BinOp(_call("read", target.value, index, *self.scope(target.value)), node.op, node.value)
            return ast.Expr(_call("write", target.value, index, total, *self.scope(target.value)))
        return node


def _tuple(index: ast.expr) -> ast.expr:
    return index if isinstance(index, ast.Tuple) else ast.Tuple([index], ast.Load())


def _call(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(args), [])


def compile_source(source: str, name: str) -> Callable:
    """The native function that generated source defines."""
    from ..runtime.kernels import provide
    from ..runtime.memory import scratched
    from ..runtime.native import NAMES, alone, jit
    from ..runtime.store import Store, folder, write_source
    from . import direct as generated

    for called, kind, ordered in (("product_f64(", "double", False), ("product_f32(", "float", False),
                                  ("ordered_product_f64(", "double", True), ("ordered_product_f32(", "float", True)):
        if f" {called}" in source:
            provide(kind, ordered)
    fast = source.startswith(FAST)
    text: Any = ast.parse(source).body[0]
    access = _Access(tree := ast.parse(source))
    tree = ast.fix_missing_locations(access.visit(tree))
    store = Store(source)
    own = f"{name}_{store.stem[:12]}"  # symbols of native code from different processes must not collide
    kernels = {f.name: f"{f.name}_{store.stem[:12]}" for f in tree.body[1:]}  # type: ignore[attr-defined]
    tree.body[0].name = own  # type: ignore[attr-defined]
    if kernels:
        _rename(tree, kernels)
    namespace: dict[str, Any] = {**NAMES, **_routines(source), "__name__": "undertow._compile.runtime.native"}
    exec(compile(tree, write_source(source), "exec"), namespace)
    for kernel in kernels.values():
        namespace[kernel] = jit(namespace[kernel], fast=fast)
    if kernels:
        native = jit(namespace[own], True, fast)
    else:
        text.name = own
        native = jit(generated.direct(text, namespace, access.scopes, jit(namespace[own], fast=fast)), fast=fast)
    if folder() is not None:
        native._cache = store
    kinds = [p.arg for p in tree.body[0].args.args if p.arg == "pool" or re.fullmatch(r"tape(_\d+)?", p.arg)]  # type: ignore[attr-defined]
    found = scratched(native, kinds) if kinds else native
    return alone(found) if kernels else found


def _routines(source: str) -> dict[str, Any]:
    """Library routines that generated source calls."""
    found = sorted(set(re.findall(r"\blibrary_\w+(?=\(\()|\bufunc_\w+(?=\()", source)))
    if not found:
        return {}
    from ..runtime.library import named

    return {name: named(name) for name in found}


def _rename(tree: ast.Module, names: dict[str, str]) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            node.id = names[node.id]
        elif isinstance(node, ast.FunctionDef) and node.name in names:
            node.name = names[node.name]
