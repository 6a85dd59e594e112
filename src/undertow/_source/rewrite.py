"""Rewrite a function so that every operation calls a hook.

Needs: the syntax tree of a function, with its file's line numbers.
Gives: the same program in which operators, indexing, calls, attribute access, iteration and stores go through
hooks, in Python's order of evaluation.  Names, scopes, control flow and exceptions stay Python's own.
Cost: linear in the size of the function.

A hook is written as a call of a constant string, ``"\\0ut:add"(a, b)``.  After compilation the strings are
replaced by the hook functions of an interpreter (`undertow._source.code`), so that rewritten code loads a hook
as fast as a constant and neither the user's globals nor the closure learn any name.
"""

from __future__ import annotations

import ast
from typing import Any

from .loops import LOOPS, liftable

PREFIX = "\0ut:"
BINARY = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.Pow: "pow", ast.MatMult: "matmul",
          ast.FloorDiv: "floordiv", ast.Mod: "mod", ast.BitAnd: "and_", ast.BitOr: "or_", ast.BitXor: "xor",
          ast.LShift: "lshift", ast.RShift: "rshift"}
UNARY = {ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert"}
COMPARE = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne",
           ast.In: "contains", ast.NotIn: "not_contains"}
FRAME_READERS = {"super", "locals", "globals", "vars", "dir", "__import__", "breakpoint"}
SIMPLE = (ast.Name, ast.Constant)


def hook(name: str) -> ast.Constant:
    """The placeholder of a hook."""
    return ast.Constant(PREFIX + name)


class Rewriter(ast.NodeTransformer):
    """Rewrites one function definition.  `modules` names the globals that are modules: their attributes are plain."""

    def __init__(self, modules: frozenset[str] = frozenset(), owner: str | None = None) -> None:
        self.modules = modules
        self.owner = owner
        self.bound: list[set[str]] = []
        self.temporaries = 0
        self.loops: dict[int, int] = {}

    # ---- helpers ----

    def call(self, node: ast.AST, name: str, *args: ast.expr) -> ast.Call:
        return self.place(ast.Call(hook(name), list(args), []), node)

    def place(self, new: Any, old: ast.AST) -> Any:
        """Give `new` the position of `old`; the nodes made with it inherit it when all is done."""
        return new if hasattr(new, "lineno") else ast.copy_location(new, old)

    def temporary(self) -> str:
        self.temporaries += 1
        return f"_ut_{self.temporaries}"

    def mangled(self, name: str) -> str:
        """A private attribute's name as the compiler would make it in the class around."""
        if self.owner is None or not name.startswith("__") or name.endswith("__"):
            return name
        stem = self.owner.lstrip("_")
        return f"_{stem}{name}" if stem else name

    def is_module(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id in self.modules and not any(node.id in b for b in self.bound)

    # ---- expressions ----

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        if isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant):
            return node
        self.generic_visit(node)
        return self.call(node, BINARY[type(node.op)], node.left, node.right)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        if isinstance(node.operand, ast.Constant):
            return node
        self.generic_visit(node)
        if isinstance(node.op, ast.Not):
            node.operand = self.truth(node.operand)
            return node
        return self.call(node, UNARY[type(node.op)], node.operand)

    def truth(self, test: ast.expr) -> ast.expr:
        """Where a truth value is taken, a user's `__bool__` or `__len__` may run."""
        if isinstance(test, (ast.Name, ast.Attribute, ast.Subscript)) or (
                isinstance(test, ast.Call) and isinstance(test.func, ast.Call)):
            return self.call(test, "truth", test)
        return test

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        node.test = self.truth(node.test)
        return node

    visit_IfExp = visit_If  # type: ignore[assignment]

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if all(isinstance(op, (ast.Is, ast.IsNot)) for op in node.ops):
            return node
        if len(node.ops) == 1:
            return self.call(node, COMPARE[type(node.ops[0])], node.left, node.comparators[0])
        if any(isinstance(op, (ast.Is, ast.IsNot)) for op in node.ops) or not all(
                isinstance(c, SIMPLE) for c in node.comparators[1:]):
            return node
        names = ast.Constant(tuple(COMPARE[type(op)] for op in node.ops))
        return self.call(node, "chain", names, node.left, *node.comparators)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        plain = self.is_module(node.value)
        self.generic_visit(node)
        if plain or not isinstance(node.ctx, ast.Load):
            return node
        return self.call(node, "attr." + self.mangled(node.attr), node.value)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            return node
        return self.call(node, "getitem", node.value, self.index(node.slice))

    def index(self, node: ast.expr) -> ast.expr:
        """Indices as expressions; slices with constant bounds become constants."""
        if isinstance(node, ast.Slice):
            bounds = [b or ast.Constant(None) for b in (node.lower, node.upper, node.step)]
            values = [_constant(b) for b in bounds]
            if all(v is not _UNKNOWN for v in values):
                return self.place(hook("slice:" + repr(tuple(values))), node)
            return self.place(ast.Call(hook("slice"), bounds, []), node)
        if isinstance(node, ast.Tuple):
            elements = [e if isinstance(e, ast.Starred) else self.index(e) for e in node.elts]
            return self.place(ast.Tuple(elements, ast.Load()), node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and not any(node.func.id in b for b in self.bound):
            name = node.func.id
            if name in FRAME_READERS:
                self.generic_visit(node)
                return node
            if name in ("eval", "exec") and node.args and not isinstance(node.args[0], ast.Starred):
                self.generic_visit(node)
                node.args[0] = self.call(node, "source_" + name, node.args[0])
                if len(node.args) > 2 and not any(isinstance(a, ast.Starred) for a in node.args):
                    node.args[2] = self.call(node, "namespace", node.args[2])
                return node
        method = isinstance(node.func, ast.Attribute) and not self.is_module(node.func.value)
        if method:
            value = self.visit(node.func.value)
            target = self.call(node.func, "method." + self.mangled(node.func.attr), value)  # type: ignore[attr-defined]
        else:
            target = self.call(node.func, "callee", self.visit(node.func))
        node.args = [self.visit(a) for a in node.args]
        node.keywords = [self.visit(k) for k in node.keywords]
        node.func = target
        return node

    def visit_Starred(self, node: ast.Starred) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load):
            node.value = self.call(node, "iterate", node.value)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        if not node.is_async:
            node.iter = self.call(node.iter, "iterate", node.iter)
        node.ifs = [self.truth(test) for test in node.ifs]
        return node

    def visit_ListComp(self, node: Any) -> ast.AST:
        self.generic_visit(node)
        node.generators = [clause for g in node.generators for clause in self.unpacked(g)]
        return node

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def unpacked(self, clause: ast.comprehension) -> list[ast.comprehension]:
        """``for a, b in pairs`` as ``for pair in pairs for a, b in (iterate(pair),)``: a pair may be an array."""
        if not isinstance(clause.target, (ast.Tuple, ast.List)):
            return [clause]
        parts, clause.target = clause.target, ast.Name(self.temporary(), ast.Store())
        inner: list[ast.comprehension] = []
        value = self.call(parts, "iterate", self.place(ast.Name(clause.target.id, ast.Load()), parts))
        for i, part in enumerate(parts.elts):
            if isinstance(part, (ast.Tuple, ast.List)):
                name = self.temporary()
                parts.elts[i] = self.place(ast.Name(name, ast.Store()), part)
                below = ast.comprehension(part, self.place(ast.Tuple([ast.Name(name, ast.Load())], ast.Load()), part), [], 0)
                inner += self.unpacked(below)
        first = ast.comprehension(parts, self.place(ast.Tuple([value], ast.Load()), parts), [], 0)
        clauses = [clause, first, *inner]
        clauses[-1].ifs, clause.ifs = clause.ifs, [] if len(clauses) > 1 else clause.ifs
        self.place(clause.target, parts)
        return clauses

    def visit_YieldFrom(self, node: ast.YieldFrom) -> ast.AST:
        self.generic_visit(node)
        node.value = self.call(node, "delegate", node.value)
        return node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        self.generic_visit(node)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self.generic_visit(node)
        return node

    # ---- stores ----

    def store(self, target: ast.expr, value: ast.expr) -> ast.stmt:
        """A statement that stores `value` to an attribute or an item."""
        if isinstance(target, ast.Subscript):
            new = self.call(target, "setitem", value, target.value, self.index(target.slice))
        else:
            assert isinstance(target, ast.Attribute)
            new = self.call(target, "setattr", value, target.value, ast.Constant(self.mangled(target.attr)))
        return self.place(ast.Expr(new), target)

    def detach(self, target: ast.expr, after: list[ast.stmt]) -> ast.expr:
        """Replace attribute and item targets inside `target` by names; append the stores to `after`."""
        if isinstance(target, (ast.Tuple, ast.List)):
            target.elts = [self.detach(t, after) for t in target.elts]
            return target
        if isinstance(target, ast.Starred):
            target.value = self.detach(target.value, after)
            return target
        if isinstance(target, (ast.Attribute, ast.Subscript)):
            name = self.temporary()
            after.append(self.store(target, self.place(ast.Name(name, ast.Load()), target)))
            after.append(self.place(ast.Delete([ast.Name(name, ast.Del())]), target))
            return self.place(ast.Name(name, ast.Store()), target)
        return target

    def visit_Assign(self, node: ast.Assign) -> Any:
        self.generic_visit(node)
        if len(node.targets) == 1 and isinstance(node.targets[0], (ast.Attribute, ast.Subscript)):
            return ast.copy_location(self.store(node.targets[0], node.value), node)
        if all(isinstance(t, ast.Name) for t in node.targets):
            return node
        before: list[ast.stmt] = []
        if len(node.targets) > 1:
            name = self.temporary()
            before.append(self.place(ast.Assign([ast.Name(name, ast.Store())], node.value), node))
            for target in node.targets:
                value = self.place(ast.Name(name, ast.Load()), node)
                if isinstance(target, (ast.Attribute, ast.Subscript)):
                    before.append(self.store(target, value))
                else:
                    before += self.unpack(target, value, node)
            return [*before, self.place(ast.Delete([ast.Name(name, ast.Del())]), node)]
        return self.unpack(node.targets[0], node.value, node)

    def unpack(self, target: ast.expr, value: ast.expr, node: ast.AST) -> list[ast.stmt]:
        after: list[ast.stmt] = []
        target = self.detach(target, after)
        if isinstance(target, (ast.Tuple, ast.List)):
            nested = any(isinstance(e, (ast.Tuple, ast.List)) for e in target.elts)
            literal = isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts) and not any(
                isinstance(e, ast.Starred) for e in (*value.elts, *target.elts))
            if nested:
                target.elts = [self.defer(e, after, node) for e in target.elts]
            if not literal:
                value = self.call(value, "iterate", value)
        return [self.place(ast.Assign([target], value), node), *after]

    def defer(self, target: ast.expr, after: list[ast.stmt], node: ast.AST) -> ast.expr:
        """Nested unpacking is done one level after the other, each through the iteration hook."""
        if not isinstance(target, (ast.Tuple, ast.List)):
            return target
        name = self.temporary()
        value = self.place(ast.Name(name, ast.Load()), node)
        after[:0] = [*self.unpack(target, value, node), self.place(ast.Delete([ast.Name(name, ast.Del())]), node)]
        return self.place(ast.Name(name, ast.Store()), node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        if node.value is None:
            return node
        node.value = self.visit(node.value)
        if isinstance(node.target, ast.Name):
            return node
        return ast.copy_location(self.store(self.visit(node.target), node.value), node)

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        name = "i" + BINARY[type(node.op)].rstrip("_")
        value = self.visit(node.value)
        target = node.target
        if isinstance(target, ast.Name):
            load = self.place(ast.Name(target.id, ast.Load()), target)
            return self.place(ast.Assign([target], self.call(node, name, load, value)), node)
        before: list[ast.stmt] = []
        temporaries: list[str] = []

        def once(expression: ast.expr) -> ast.expr:
            if isinstance(expression, SIMPLE):
                return expression
            temporaries.append(self.temporary())
            before.append(self.place(ast.Assign([ast.Name(temporaries[-1], ast.Store())], expression), node))
            return self.place(ast.Name(temporaries[-1], ast.Load()), node)

        if isinstance(target, ast.Attribute):
            value_of = once(self.visit(target.value))
            load = self.call(target, "attr." + self.mangled(target.attr), value_of)
            result = self.call(node, name, load, value)
            stored = self.call(node, "setattr", result, value_of, ast.Constant(self.mangled(target.attr)))
        else:
            assert isinstance(target, ast.Subscript)
            value_of = once(self.visit(target.value))
            index = once(self.index(self.visit(target.slice)))
            load = self.call(target, "getitem", value_of, index)
            stored = self.call(node, "setitem_back", self.call(node, name, load, value), value_of, index)
        after = [self.place(ast.Delete([ast.Name(t, ast.Del())]), node) for t in temporaries]
        return [*before, self.place(ast.Expr(stored), node), *after]

    def visit_Delete(self, node: ast.Delete) -> Any:
        self.generic_visit(node)
        new: list[ast.stmt] = []
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                deletion = self.call(target, "delitem", target.value, self.index(target.slice))
                new.append(self.place(ast.Expr(deletion), node))
            else:
                new.append(self.place(ast.Delete([target]), node))
        return new

    # ---- statements with targets or protocols ----

    def visit_While(self, node: ast.While) -> Any:
        number = self.loops.get(id(node))
        self.generic_visit(node)
        node.test = self.truth(node.test)
        if number is None:
            return node
        result = self.temporary()
        outputs = [ast.Name(result, ast.Store()), *(ast.Name(n, ast.Store()) for n in LOOPS[number].outputs)]
        leave = ast.If(ast.Compare(ast.Name(result, ast.Load()), [ast.IsNot()], [ast.Constant(None)]),
                       [ast.Assign([ast.Tuple(outputs, ast.Store())], ast.Name(result, ast.Load())), ast.Break()], [])
        again = ast.Assign([ast.Name(result, ast.Store())], ast.Call(hook(f"again.{number}"), [], []))
        node.body[:0] = [self.place(s, node) for s in (again, leave)]
        return self.lifted(node, number, [], ast.Constant(None))

    def lifted(self, node: Any, number: int, before: list[ast.stmt], iterable: ast.expr) -> list[ast.stmt]:
        """A loop behind a hook that may run it as native code: then the variables get what comes out of that."""
        result = self.temporary()
        outputs = [ast.Name(result, ast.Store()), *(ast.Name(n, ast.Store()) for n in LOOPS[number].outputs)]
        chosen = ast.If(ast.Compare(ast.Name(result, ast.Load()), [ast.Is()], [ast.Constant(None)]),
                        [node, ast.Expr(ast.Call(hook(f"left.{number}"), [], []))],
                        [ast.Assign([ast.Tuple(outputs, ast.Store())], ast.Name(result, ast.Load()))])
        enter = ast.Assign([ast.Name(result, ast.Store())], ast.Call(hook(f"loop.{number}"), [iterable], []))
        done = ast.Delete([ast.Name(result, ast.Del())])
        return [*before, *(self.place(s, node) for s in (enter, chosen, done))]

    def visit_For(self, node: ast.For) -> Any:
        number = self.loops.get(id(node))
        self.generic_visit(node)
        before: list[ast.stmt] = []
        if number is not None:
            holder = self.temporary()
            before.append(self.place(ast.Assign([ast.Name(holder, ast.Store())], node.iter), node))
            node.iter = self.place(ast.Name(holder, ast.Load()), node.iter)
        node.iter = self.call(node.iter, "iterate", node.iter)
        after: list[ast.stmt] = []
        target = self.detach(node.target, after)
        if isinstance(target, (ast.Tuple, ast.List)):
            name = self.temporary()
            value = self.place(ast.Name(name, ast.Load()), target)
            after[:0] = self.unpack(target, value, node.target)
            target = self.place(ast.Name(name, ast.Store()), target)
        node.target = target
        node.body = after + node.body
        if number is None:
            return node
        iterable = self.place(ast.Name(holder, ast.Load()), node)
        forget = self.place(ast.Delete([ast.Name(holder, ast.Del())]), node)
        return [*self.lifted(node, number, before, iterable), forget]

    def visit_With(self, node: ast.With) -> ast.AST:
        for place, item in enumerate(node.items[:-1], 1):
            if not isinstance(item.optional_vars, (ast.Name, type(None))):  # stored before the next manager is made
                inner = self.place(ast.With(node.items[place:], node.body), node)
                return self.visit_With(self.place(ast.With(node.items[:place], [inner]), node))
        self.generic_visit(node)
        after: list[ast.stmt] = []
        for item in node.items:
            item.context_expr = self.call(item.context_expr, "manager", item.context_expr)
            target = item.optional_vars
            if isinstance(target, (ast.Tuple, ast.List)):
                name = self.temporary()
                item.optional_vars = self.place(ast.Name(name, ast.Store()), target)
                after += self.unpack(target, self.place(ast.Name(name, ast.Load()), target), target)
            elif target is not None:
                item.optional_vars = self.detach(target, after)
        node.body = after + node.body
        return node

    def visit_match_case(self, node: ast.match_case) -> ast.AST:
        if node.guard is not None:  # patterns are not expressions: left alone
            node.guard = self.visit(node.guard)
        node.body = [s for statement in node.body for s in _as_list(self.visit(statement))]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        decorators = [self.visit(d) for d in node.decorator_list]
        node.decorator_list = []
        node.args.defaults = [self.visit(d) for d in node.args.defaults]
        node.args.kw_defaults = [d and self.visit(d) for d in node.args.kw_defaults]
        self.bound.append(_bound_names(node))
        if isinstance(node, ast.FunctionDef):
            self.loops.update(liftable(node))
        node.body = [s for statement in node.body for s in _as_list(self.visit(statement))]
        self.bound.pop()
        return self.decorate(node, decorators)

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        decorators = [self.visit(d) for d in node.decorator_list]
        node.decorator_list = []
        node.bases = [self.visit(b) for b in node.bases]
        node.keywords = [self.visit(k) for k in node.keywords]
        outer, self.owner = self.owner, node.name
        node.body = [s for statement in node.body for s in _as_list(self.visit(statement))]
        self.owner = outer
        return self.decorate(node, decorators)

    def decorate(self, node: Any, decorators: list[ast.expr]) -> Any:
        """Decorators are applied through the call hook, after the definition, innermost first."""
        if not decorators:
            return node
        names = [self.temporary() for _ in decorators]
        before = [self.place(ast.Assign([ast.Name(n, ast.Store())], d), d) for n, d in zip(names, decorators, strict=True)]
        after: list[ast.stmt] = []
        for name, decorator in zip(reversed(names), reversed(decorators), strict=True):
            target = self.call(decorator, "callee", ast.Name(name, ast.Load()))
            applied = ast.Call(target, [ast.Name(node.name, ast.Load())], [])
            after.append(self.place(ast.Assign([ast.Name(node.name, ast.Store())], applied), decorator))
        after.append(self.place(ast.Delete([ast.Name(n, ast.Del()) for n in names]), node))
        return [*before, node, *after]


_UNKNOWN = object()


def _constant(node: ast.expr) -> Any:
    """Value of a constant integer bound, possibly negated."""
    if isinstance(node, ast.Constant) and (node.value is None or type(node.value) is int):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant) \
            and type(node.operand.value) is int:
        return -node.operand.value
    return _UNKNOWN


def _as_list(result: Any) -> list:
    return result if isinstance(result, list) else [result]


def _arguments(args: ast.arguments) -> list[ast.arg]:
    return [a for a in (*args.posonlyargs, *args.args, args.vararg, *args.kwonlyargs, args.kwarg) if a is not None]


def _bound_names(node: ast.AST) -> set[str]:
    """Names that the function binds itself: parameters and assigned names (nested scopes included, harmlessly)."""
    names = {a.arg for a in _arguments(node.args)}  # type: ignore[attr-defined]
    for child in ast.walk(node):
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            names.add(child.id)
        elif isinstance(child, (ast.Import, ast.ImportFrom)):
            names.update((a.asname or a.name.split(".")[0]) for a in child.names)
        elif isinstance(child, (ast.FunctionDef, ast.ClassDef)) and child is not node:
            names.add(child.name)
        elif isinstance(child, ast.ExceptHandler) and child.name:
            names.add(child.name)
    return names


def rewrite_function(node: Any, modules: frozenset[str], owner: str | None = None) -> Any:
    """Rewrite a function definition or lambda as the outermost one: no decorators, defaults or annotations of its own."""
    rewriter = Rewriter(modules, owner)
    if isinstance(node, ast.Lambda):
        node.args.defaults = [ast.Constant(None) for _ in node.args.defaults]
        node.args.kw_defaults = [d and ast.Constant(None) for d in node.args.kw_defaults]
        rewriter.bound.append({a.arg for a in _arguments(node.args)})
        node.body = rewriter.visit(node.body)
        return node
    node.decorator_list = []
    node.args.defaults = [ast.Constant(None) for _ in node.args.defaults]
    node.args.kw_defaults = [d and ast.Constant(None) for d in node.args.kw_defaults]
    if hasattr(node, "type_params"):
        node.type_params = []
    node.returns = None
    for arg in _arguments(node.args):
        arg.annotation = None
    return rewriter.visit_FunctionDef(node)


def rewrite_source(text: str, mode: str, filename: str) -> ast.AST:
    """Rewrite the text given to ``eval`` or ``exec``."""
    tree = ast.parse(text, filename, mode)
    return ast.fix_missing_locations(Rewriter().visit(tree))
