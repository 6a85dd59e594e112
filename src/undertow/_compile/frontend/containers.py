"""Lists and comprehensions.

A list is an object (`Ref` of class list) whose items live in the lowerer's state: a `Sequence` while their number is
known, else `Growing` buffers.
"""

from __future__ import annotations

import ast
import enum
import types
from typing import Any

from .._refusal import NotCompilable
from ..ir.builder import const
from ..ir.types import I64
from .growing import Lists
from .merge import is_number, scalar_of
from .state import Unknown
from .values import Const, Exit, Growing, Iterable, Pair, Ref, Scalar, Sequence

__all__ = ["Containers"]

class Containers(Lists):
    """Lowers lists and comprehensions; expects the other mixins beside it."""

    # ---- lists
    def new_list(self, items: tuple, node: ast.AST | None = None) -> Ref:
        ref = Ref(next(self.keys), list)
        contents: Any = Sequence(items, list)
        if node is not None and hasattr(node, "lineno"):
            place = self.place(node)
            self.list_places[ref.key] = place
            item = self.wanted(place, items)
            if item is not None:
                contents = self.growing(ref, place, items, item)
        self.made_in[ref.key] = tuple(self.loop_marks)
        self.state[(ref.key, "items")] = contents
        return ref

    def contents(self, v: Any) -> Any:
        """Items of a list: a `Sequence`, or a `Growing`. None for anything else."""
        if not (isinstance(v, Ref) and v.cls is list):
            return None
        return self.lookup_state((v.key, "items"))

    def known(self, v: Any) -> Any:
        """A list whose length is known as the sequence of its items; anything else as it is."""
        contents = self.contents(v)
        return contents if isinstance(contents, Sequence) else v

    def plain(self, v: Any) -> Any:
        """A list as the sequence of its items, or as the expression that copies them: what NumPy makes of it."""
        contents = self.contents(v)
        if isinstance(contents, Growing):
            return self.array_of_items(contents)
        return v if contents is None else contents

    def set_items(self, ref: Ref, contents: Any) -> None:
        self.check_own(ref)
        if ref.key in self.frozen_objects:
            raise Unknown("a list is changed that is shared on one path and not on another")
        if any(v is ref or (isinstance(v, Ref) and v.key == ref.key) for v in self.held):
            raise NotCompilable("a list is changed while it is looped over")
        self.state[(ref.key, "items")] = contents
        self.written_attributes.add((ref.key, "items"))

    def list_method(self, ref: Ref, name: str, args: list) -> Any:
        items = self.contents(ref)
        if isinstance(items, Growing):
            return self.growing_method(ref, items, name, args)
        if ref.key in self.deques:
            return self.deque_method(ref, name, args)
        values = items.items
        known = args[0].obj if args and isinstance(args[0], Const) and isinstance(args[0].obj, int) else None
        if name == "append" and len(args) == 1:
            self.set_items(ref, Sequence((*values, self.settle(args[0])), list))
        elif name == "extend" and len(args) == 1:
            more = self.static_items(args[0])
            if more is None:
                raise Unknown("`extend` by something of unknown length")
            self.set_items(ref, Sequence((*values, *more), list))
        elif name == "insert" and len(args) == 2 and known is not None:
            new = list(values)
            new.insert(known, self.settle(args[1]))
            self.set_items(ref, Sequence(tuple(new), list))
        elif name == "pop" and (not args or known is not None):
            if not values:
                self.b.check(const(False), "pop from an empty list")
                return Const(0.0)
            new = list(values)
            value = new.pop(-1 if known is None else known)
            self.set_items(ref, Sequence(tuple(new), list))
            return value
        elif name == "reverse" and not args:
            self.set_items(ref, Sequence(values[::-1], list))
        elif name == "copy" and not args:
            return self.new_list(values)
        elif name == "clear" and not args:
            self.set_items(ref, Sequence((), list))
        elif name == "sort" and not args:
            self.set_items(ref, Sequence(tuple(self.in_order(list(values))), list))
        elif name in ("index", "count") and len(args) == 1 and all(isinstance(v, Const) for v in (*values, args[0])):
            found = [v.obj for v in values]
            if name == "index" and args[0].obj not in found:
                self.b.check(const(False), "an item is missing")
                return Const(0)
            return Const(getattr(found, name)(args[0].obj))
        else:
            raise NotCompilable(f"the list method `{name}`")
        return Const(None)

    # ---- dicts with known keys
    def new_dict(self, items: list[tuple]) -> Ref:
        ref = Ref(next(self.keys), dict)
        self.state[(ref.key, "keys")] = Const(tuple(dict(items)))
        for k, v in items:
            self.state[(ref.key, ("item", k))] = self.settle(v)
        return ref

    def listed(self, v: Any) -> Any:
        """A list, a dict, or an object that is iterable, as what iteration over it gives."""
        if isinstance(v, Ref) and v.cls not in (list, dict) and self.class_attribute(v.cls, "__iter__") is not None:
            return self.own_method(v, "__iter__") or v
        if isinstance(v, Ref) and v.cls is dict:
            return Sequence(tuple(map(Const, self.dict_keys(v))))
        return self.known(v)

    def dict_keys(self, ref: Ref) -> tuple:
        keys = self.lookup_state((ref.key, "keys"))
        if not isinstance(keys, Const):
            raise NotCompilable("the keys of a dict depend on control flow")
        return keys.obj

    def known_key(self, v: Any) -> Any:
        if isinstance(v, Const) and (type(v.obj) in (str, int, bool) or isinstance(v.obj, (enum.Enum, types.FunctionType, type))):
            return v.obj
        if isinstance(v, Sequence) and v.cls is tuple and v.items:
            return tuple(map(self.known_key, v.items))
        if isinstance(v, Const) and isinstance(v.obj, tuple):
            return tuple(self.known_key(Const(x)) for x in v.obj)
        raise self.needs_unrolling("a key of a dict that is not known")

    def on_Dict(self, node: ast.Dict) -> Ref:
        items: list[tuple] = []
        for k, v in zip(node.keys, node.values, strict=True):
            if k is None:
                items += self.dict_items(self.expr(v))
            else:
                items.append((self.known_key(self.expr(k)), self.settle(self.expr(v))))
        return self.new_dict(list(dict(items).items()))

    def dict_items(self, ref: Any) -> list[tuple]:
        if not (isinstance(ref, Ref) and ref.cls is dict):
            raise NotCompilable("`**` of something that is no dict")
        return [(k, self.dict_item(ref, k)) for k in self.dict_keys(ref)]

    def dict_item(self, ref: Ref, key: Any) -> Any:
        keys = self.dict_keys(ref)
        if key not in keys:
            return self.missing(ref, key)
        return self.lookup_state((ref.key, ("item", keys[keys.index(key)])))

    def item_by_key(self, ref: Ref, key: Any) -> Any:
        """``dict[key]``; a number that is not known chooses among numbers."""
        if isinstance(key, Scalar) and key.type == I64:
            keys = self.dict_keys(ref)
            values = [self.dict_item(ref, k) for k in keys]
            if keys and all(type(k) is int for k in keys) and len(keys) <= 16 and all(map(is_number, values)):
                found = self.selected([self.b.scalar("eq", key.value, const(k)) for k in keys], values)
                if found is not None:
                    return found
        return self.dict_item(ref, self.known_key(key))

    def selected(self, tests: list, values: list) -> Any:
        """The number whose test holds; None where they are of different types."""
        numbers = [scalar_of(x) for x in values]
        if any((s.type, s.flavor) != (numbers[0].type, numbers[0].flavor) or s.tag is not None or isinstance(s.value, Pair)
               for s in numbers):
            return None
        some, value = tests[0], numbers[0].value
        for test, s in zip(tests[1:], numbers[1:], strict=True):
            some = self.b.scalar("or", some, test)
            value = self.b.scalar("select", test, s.value, value)
        self.b.check(some, "a key is missing")
        return Scalar(value, numbers[0].flavor)

    def store_in_dict(self, ref: Ref, key: Any, value: Any) -> None:
        self.check_own(ref)
        if ref.key in self.frozen_objects:
            raise NotCompilable("a dict is changed that is shared on one path and not on another")
        keys = self.dict_keys(ref)
        if key not in keys and any(isinstance(v, Ref) and v.key == ref.key for v in self.held):
            raise NotCompilable("a dict grows while it is looped over")
        if key in keys:
            key = keys[keys.index(key)]
        else:
            self.state[(ref.key, "keys")] = Const((*keys, key))
            self.written_attributes.add((ref.key, "keys"))
        self.state[(ref.key, ("item", key))] = self.settle(value)
        self.written_attributes.add((ref.key, ("item", key)))

    def dict_method(self, ref: Ref, name: str, args: list) -> Any:
        items = self.dict_items(ref)
        if name == "keys" and not args:
            return Sequence(tuple(Const(k) for k, _ in items))
        if name == "values" and not args:
            return Sequence(tuple(v for _, v in items))
        if name == "items" and not args:
            return Sequence(tuple(Sequence((Const(k), v)) for k, v in items))
        if name == "get" and args:
            key = self.known_key(args[0])
            return self.dict_item(ref, key) if key in dict(items) else args[1] if len(args) > 1 else Const(None)
        if name == "copy" and not args:
            return self.new_dict(items)
        if name in ("setdefault", "pop") and 1 <= len(args) <= 2:
            return self.dict_change(ref, name, self.known_key(args[0]), args[1:])
        if name == "update" and len(args) == 1:
            for k, v in self.dict_items(args[0]):
                self.store_in_dict(ref, k, v)
            return Const(None)
        raise NotCompilable(f"the dict method `{name}`")

    def dict_change(self, ref: Ref, name: str, key: Any, default: list) -> Any:
        """``setdefault`` and ``pop``."""
        keys = self.dict_keys(ref)
        if key not in keys:
            if name == "pop" and not default:
                self.b.check(const(False), "a key is missing")
                return Const(0.0)
            value = self.settle(default[0]) if default else Const(None)
            if name == "setdefault":
                self.store_in_dict(ref, key, value)
            return value
        value = self.dict_item(ref, key)
        if name == "pop":
            self.check_own(ref)
            if ref.key in self.frozen_objects or any(isinstance(v, Ref) and v.key == ref.key for v in self.held) \
                    or ref.key in self.argument_objects:
                raise NotCompilable("an item is taken out of a dict that is known elsewhere")
            self.state[(ref.key, "keys")] = Const(tuple(k for k in keys if k != key))
            del self.state[(ref.key, ("item", keys[keys.index(key)]))]
        return value

    def on_Set(self, node: ast.Set) -> Const:
        items = [self.expr(e) for e in node.elts]
        if not all(isinstance(v, Const) and type(v.obj) in (int, str, bool) for v in items):
            raise NotCompilable("a set of what is not known")
        return Const(frozenset(v.obj for v in items))

    def on_DictComp(self, node: ast.DictComp) -> Ref:
        pair = ast.copy_location(ast.Tuple([node.key, node.value], ast.Load()), node)
        items = self.in_scope(node, lambda: self.comprehension(pair, node.generators))
        if items is None:
            raise Unknown("a dict comprehension over something of unknown length")
        return self.new_dict(list({self.known_key(p.items[0]): p.items[1] for p in items}.items()))

    # ---- comprehensions
    def on_ListComp(self, node: ast.ListComp) -> Any:
        items = self.in_scope(node, lambda: self.comprehension(node.elt, node.generators))
        if items is not None:
            return self.new_list(tuple(items), node)
        return self.in_scope(node, lambda: self.looped_list(node))

    def on_GeneratorExp(self, node: ast.GeneratorExp) -> Any:
        items = self.in_scope(node, lambda: self.comprehension(node.elt, node.generators))
        if items is None:
            raise Unknown("a generator expression over something of unknown length")
        return Iterable("once", (Sequence(tuple(items)),))

    def in_scope(self, node: Any, run: Any) -> Any:
        """Run within the scope of a comprehension, whose variables are its own."""
        names = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        if any(isinstance(n, ast.NamedExpr) for n in ast.walk(node)):
            raise NotCompilable("an assignment in a comprehension")
        outer = self.frame
        self.frame = self.child_frame(node, names | {"$total"})
        self.exit = Exit.known(0)
        value = run()
        for key in [k for k in self.state if isinstance(k, tuple) and k[0] == self.frame.key]:
            del self.state[key]
        self.frame = outer
        return value

    def comprehension(self, element: ast.expr, generators: list[ast.comprehension]) -> list | None:
        """Items of a comprehension whose length is known, else None."""
        if not generators:
            return [self.settle(self.expr(element))]
        first = generators[0]
        items = self.static_items(self.expr(first.iter))
        if items is None:
            return None
        out: list = []
        for item in items:
            self.assign(first.target, item)
            tests = [self.test(t) for t in first.ifs]
            if not all(hasattr(t, "value") for t in tests):
                raise Unknown("a comprehension with a condition that is not known")
            if all(t.value for t in tests):
                inner = self.comprehension(element, generators[1:])
                if inner is None:
                    return None
                out += inner
        return out

    def desugared(self, node: Any, body: list[ast.stmt]) -> ast.stmt:
        """The comprehension as nested loops around `body`."""
        for g in reversed(node.generators):
            if g.ifs:
                test = g.ifs[0] if len(g.ifs) == 1 else ast.BoolOp(ast.And(), list(g.ifs))
                body = [ast.If(test, body, [])]
            body = [ast.For(g.target, g.iter, body, [])]
        statement = body[0]
        for n in ast.walk(statement):
            if not hasattr(n, "lineno"):
                ast.copy_location(n, node)
        return ast.fix_missing_locations(statement)

    def looped_list(self, node: ast.ListComp) -> Ref:
        ref = self.new_list((), node)
        self.state[(self.frame.key, "$total")] = ref
        call = ast.Call(ast.Attribute(ast.Name("$total", ast.Load()), "append", ast.Load()), [node.elt], [])
        self.statement(self.desugared(node, [ast.Expr(call)]))
        return ref

    def first_of(self, node: ast.GeneratorExp, default: list[ast.expr]) -> Any:
        """``next`` of a generator: its first item, or the default."""
        last = default[0] if default else None
        generator = node.generators[0]
        test = ast.BoolOp(ast.And(), list(generator.ifs)) if len(generator.ifs) > 1 else \
            generator.ifs[0] if generator.ifs else ast.Constant(True)
        if len(node.generators) > 1:
            raise NotCompilable("`next` of nested generators")

        def run() -> Any:
            target = ast.Name("$total", ast.Store())
            found: list[ast.stmt] = [ast.If(test, [ast.Assign([target], node.elt), ast.Break()], [])]
            otherwise: ast.stmt = ast.Raise(None, None) if last is None else ast.Assign([target], last)
            loop = ast.For(generator.target, generator.iter, found, [otherwise])
            for n in ast.walk(loop):
                if not hasattr(n, "lineno"):
                    ast.copy_location(n, node)
            self.statement(ast.fix_missing_locations(loop))
            return self.read_local(self.frame, "$total", node)

        return self.in_scope(node, run)

    def reduced_generator(self, name: str, node: ast.GeneratorExp, start: Any) -> Any:
        """``sum``, ``any`` or ``all`` of a generator over something of unknown length."""
        total = ast.Name("$total", ast.Load())
        if name == "sum":
            value: ast.expr = ast.BinOp(total, ast.Add(), node.elt)
        else:
            value = ast.BoolOp(ast.And() if name == "all" else ast.Or(), [total, node.elt])

        def run() -> Any:
            self.state[(self.frame.key, "$total")] = start
            self.statement(self.desugared(node, [ast.Assign([ast.Name("$total", ast.Store())], value)]))
            return self.read_local(self.frame, "$total", node)

        return self.in_scope(node, run)
