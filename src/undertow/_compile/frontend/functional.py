"""Functions that take functions, and what makes iterators: ``functools``, ``itertools``, ``collections.deque``."""

from __future__ import annotations

import ast
import bisect
import collections
import functools
import itertools
import math
import operator
from typing import Any

import numpy as np

from .._refusal import NotCompilable
from ..ir.builder import const
from ..ir.function import Value
from ..ir.types import F64, I64
from .merge import is_number, scalar_of
from .standins import GENERATORS, PROGRAMS
from .state import Unknown
from .values import Array, Const, Exit, Iterable, Lazy, Method, Pair, Ref, Scalar, Sequence

__all__ = ["Functional"]

_SORTED = 12  # numbers up to which a list is sorted by exchanges
_MOST = 64  # items up to which an iterator is written out

# iterators whose items are those of their arguments, put together anew
_STRUCTURAL = (itertools.product, itertools.combinations, itertools.permutations, itertools.pairwise, itertools.chain,
               itertools.combinations_with_replacement, itertools.zip_longest, itertools.islice, itertools.repeat)
_OPERATORS: dict[Any, str] = {
    operator.add: "Add", operator.sub: "Sub", operator.mul: "Mult", operator.truediv: "Div", operator.pow: "Pow",
    operator.floordiv: "FloorDiv", operator.mod: "Mod", operator.matmul: "MatMult", operator.iadd: "Add",
    operator.and_: "BitAnd", operator.or_: "BitOr", operator.xor: "BitXor"}
_COMPARISONS: dict[Any, str] = {operator.lt: "Lt", operator.le: "LtE", operator.gt: "Gt", operator.ge: "GtE",
                                operator.eq: "Eq", operator.ne: "NotEq"}


class Functional:
    """Lowers calls of such functions; expects the other mixins beside it."""

    def functional_call(self, obj: Any, args: list, kwargs: dict) -> Any:
        """The call of a function that is dealt with here, None of any other."""
        if obj in _OPERATORS and len(args) == 2 and not kwargs:
            return self.binary(_OPERATORS[obj], *args)
        if obj in _COMPARISONS and len(args) == 2 and not kwargs:
            return self.compare(_COMPARISONS[obj], *args)
        if obj is operator.neg and len(args) == 1:
            return self.binary("Mult", Const(-1), args[0])
        if (obj, len(args)) in PROGRAMS and not kwargs:
            return self.reduced_call(obj, args)
        if obj is functools.partial and args:
            return Method(Sequence(tuple(args[1:])), Const(("partial", args[0], tuple(kwargs.items()))))
        if obj in (operator.itemgetter, operator.attrgetter) and len(args) == 1 and isinstance(args[0], Const):
            return Method(args[0], Const(("getter", obj.__name__)))
        if obj is itertools.repeat and len(args) == 1:
            return Iterable("repeat", (self.settle(args[0]),))
        if obj is itertools.count and len(args) < 3 and not kwargs:
            return Iterable("count", tuple(args) + (Const(0), Const(1))[len(args):])
        if obj is iter and len(args) == 1:
            return self.iterated(args[0])
        if obj is np.vectorize and len(args) == 1 and not kwargs:
            return Method(args[0], Const(("vectorized", "")))
        if obj is sorted and len(args) == 1 and set(kwargs) <= {"reverse", "key"}:
            items = self.static_items(args[0])
            if items is None:
                raise Unknown("`sorted` of something of unknown length")
            return self.new_list(tuple(self.in_order(items, **kwargs)))
        if obj in (bisect.bisect_left, bisect.bisect_right) and len(args) == 2 and not kwargs:
            return self.place_in_order(obj, *args)
        if obj is np.ndindex and not kwargs:
            return self.index_space(args)
        if obj is itertools.accumulate and not kwargs:
            return self.running_totals(*args)
        if obj is collections.deque:
            return self.new_deque(args, kwargs)
        if getattr(obj, "__name__", "") == "normalize_axis_index" and all(isinstance(a, Const) for a in args):
            return self.fold_call(obj, args)
        if obj is math.prod and len(args) == 1 and not kwargs:
            return self.reduced_call(functools.reduce, [Const(operator.mul), args[0], Const(1)])
        if obj is math.dist and len(args) == 2:
            return self.distance(*args)
        if obj in _STRUCTURAL or obj in (filter, map, itertools.starmap, np.ndenumerate):
            return self.iterator(obj, args, kwargs)
        return None

    # ---- iterators
    def iterator(self, obj: Any, args: list, kwargs: dict) -> Any:
        """Items written out where they are few and known; else a generator, to be looped over."""
        args = [self.listed(self.settle(a)) for a in args]
        if obj is itertools.product and "repeat" in kwargs:
            args = args * int(self.whole_number(kwargs.pop("repeat")))
        lists = args if obj in (itertools.product, itertools.chain, itertools.zip_longest) else args[:1]
        if obj in _STRUCTURAL and not all(isinstance(a, Iterable) and a.kind == "range" for a in lists):
            found = self.written_out(obj, args, kwargs)
            if found is not None:
                return found
        keys = [(obj, len(args))]
        if obj in (itertools.combinations, itertools.permutations) and len(args) == 2 and isinstance(args[1], Const):
            keys.insert(0, (obj, 2, args[1].obj))
        if obj is np.ndenumerate and isinstance(args[0], Array):
            keys = [(obj, len(args[0].dims))]
        if obj is filter and isinstance(args[0], Const) and args[0].obj is None:
            keys, args = [(filter, 1)], args[1:]
        program = next((GENERATORS[k] for k in keys if k in GENERATORS), None)
        if program is None or kwargs:
            found = self.written_out(obj, args, kwargs) if obj in _STRUCTURAL else None
            if found is None:
                raise Unknown(f"`{obj.__name__}` of something of unknown length")
            return found
        made = self.inline(program, args, {})
        known = (lambda: self.static_items(self.written_out(obj, args, kwargs))) if obj in _STRUCTURAL else \
            (lambda: self.run_out(obj, args))
        return Iterable("generator", made.parts, known=known)

    def written_out(self, obj: Any, args: list, kwargs: dict) -> Any:
        """All items of an iterator that only puts together the items of others, if they are few."""
        numbers = {itertools.combinations: 1, itertools.permutations: 1, itertools.combinations_with_replacement: 1,
                   itertools.islice: 1, itertools.repeat: 1}.get(obj, len(args))
        given: list = []
        for k, a in enumerate(args):
            if obj is itertools.repeat and k == 0:
                given.append(a)
            elif k < numbers:
                items = self.static_items(a)
                if items is None:
                    return None
                given.append(items)
            else:
                given.append(None if isinstance(a, Const) and a.obj is None else self.whole_number(a))
        if obj is itertools.repeat and len(args) < 2:
            return None
        if kwargs and (obj is not itertools.zip_longest or set(kwargs) != {"fillvalue"}):
            return None
        found = []
        for item in itertools.islice(obj(*given, **kwargs), _MOST + 1):
            if obj is itertools.zip_longest:
                item = tuple(Const(None) if x is None else x for x in item)
            found.append(Sequence(item) if isinstance(item, tuple) else item)
        return Iterable("once", (Sequence(tuple(found)),)) if len(found) <= _MOST else None

    def run_out(self, obj: Any, args: list) -> Any:
        """Items of ``map``, ``filter`` and the like over known items."""
        if obj is np.ndenumerate:
            return None
        lists = [self.static_items(a) for a in args[1:]] if len(args) > 1 else [self.static_items(args[0])]
        if any(x is None for x in lists):
            return None
        if obj is map:
            return [self.settle(self.call(args[0], list(row), {})) for row in zip(*lists, strict=False)]
        if obj is itertools.starmap:
            rows = [self.static_items(x) for x in lists[0]]
            if any(r is None for r in rows):
                return None
            return [self.settle(self.call(args[0], list(r), {})) for r in rows]
        kept = []
        for x in lists[0]:
            test = self.truth(self.call(args[0], [x], {}) if len(args) > 1 else x)
            if not hasattr(test, "value"):
                return None
            kept += [x] if test.value else []
        return kept

    def whole_number(self, v: Any) -> int:
        if not (isinstance(v, Const) and isinstance(v.obj, int)):
            raise Unknown("an integer that is not known")
        return v.obj

    def index_space(self, args: list) -> Any:
        """``np.ndindex``."""
        dims = args
        if len(args) == 1 and not is_number(args[0]):
            dims = self.static_items(args[0]) or []
        ranges = [Iterable("range", (d,)) for d in dims]
        if not 1 <= len(ranges) <= 3:
            raise NotCompilable("np.ndindex of this number of axes")
        return self.iterator(itertools.product, ranges, {})

    def reduced_call(self, obj: Any, args: list) -> Any:
        args = [self.settle(a) for a in args]
        items = self.static_items(args[1]) if not (isinstance(args[1], Iterable) and args[1].kind == "range") else None
        if items is None:
            return self.inline(PROGRAMS[obj, len(args)], args, {})
        if len(args) == 2 and not items:
            self.b.check(const(False), "`reduce` of nothing")
            return Const(0.0)
        total, rest = (args[2], items) if len(args) == 3 else (items[0], items[1:])
        for x in rest:
            total = self.settle(self.call(args[0], [total, x], {}))
        return total

    def running_totals(self, items: Any, function: Any = None, initial: Any = None) -> Any:
        found = self.static_items(items)
        if found is None or initial is not None:
            raise Unknown("`accumulate` of something of unknown length")
        out: list = []
        for x in found:
            out.append(x if not out else self.settle(
                self.binary("Add", out[-1], x) if function is None else self.call(function, [out[-1], x], {})))
        return Iterable("once", (Sequence(tuple(out)),))

    def iterated(self, v: Any) -> Any:
        """``iter(v)``."""
        items = self.static_items(v)
        if items is None or (isinstance(v, Ref) and v.cls not in (list, dict)):
            raise Unknown("`iter` of something of unknown length")
        return Iterable("once", (Sequence(tuple(items)),))

    def looped_items(self, v: Any, node: Any) -> Ref:
        """A list of what an iterator gives, made by a loop."""
        names = ("$total", "$iterator", "$item")
        outer, self.frame = self.frame, self.child_frame(node, set(names))
        self.exit = Exit.known(0)
        ref = self.new_list((), node)
        self.state[(self.frame.key, names[0])], self.state[(self.frame.key, names[1])] = ref, v
        total, iterator, item = (ast.Name(n, ast.Load()) for n in names)
        call = ast.Call(ast.Attribute(total, "append", ast.Load()), [item], [])
        loop = ast.For(ast.Name(names[2], ast.Store()), iterator, [ast.Expr(call)], [])
        for n in ast.walk(loop):
            ast.copy_location(n, node)
        self.fresh.add(loop)
        self.statement(ast.fix_missing_locations(loop))
        for key in [k for k in self.state if isinstance(k, tuple) and k[0] == self.frame.key]:
            del self.state[key]
        self.frame = outer
        return ref

    def distance(self, x: Any, y: Any) -> Any:
        pairs = [self.static_items(v) for v in (x, y)]
        if None in pairs or len(pairs[0]) != len(pairs[1]):
            raise Unknown("`math.dist` of points of unknown dimension")
        total: Value = const(0.0)
        for p, q in zip(*pairs, strict=True):
            d = self.b.sub(self.b.cast(scalar_of(p).value, F64), self.b.cast(scalar_of(q).value, F64))
            total = self.b.scalar("hypot", total, d)
        return Scalar(total, "py")

    # ---- functions of functions
    def call_partial(self, owner: Any, target: tuple, args: list, kwargs: dict) -> Any:
        _, function, known = target
        return self.call(function, [*owner.items, *args], {**dict(known), **kwargs})

    def call_getter(self, owner: Const, kind: str, args: list) -> Any:
        if len(args) != 1:
            raise NotCompilable("a getter of several things")
        return self.attribute(args[0], owner.obj) if kind == "attrgetter" else self.item_of_any(args[0], owner)

    def item_of_any(self, owner: Any, index: Const) -> Any:
        """``owner[index]`` with a constant."""
        owner = self.known(owner)
        if isinstance(owner, Sequence) and isinstance(index.obj, int) and -len(owner.items) <= index.obj < len(owner.items):
            return owner.items[index.obj]
        if isinstance(owner, Ref) and owner.cls is dict:
            return self.dict_item(owner, index.obj)
        if isinstance(owner, (Array, Lazy)):
            return self.index_with(self.force(owner), [index])
        raise NotCompilable("an item of this object")

    def element_by_element(self, function: Any, args: list, python: bool) -> Any:
        """A function of numbers applied to each element of the arguments, as NumPy broadcasts them.

        `python`: the function is given Python's numbers, as `np.vectorize` does, and the type of all results is that of
        the first.
        """
        flavor = "py"
        if all(is_number(a) for a in args) and not python:
            found = self.call(function, [Scalar(scalar_of(a).value, flavor) for a in args], {})
            return Scalar(scalar_of(found).value, "np")
        views = [a if is_number(a) else self.settle(self.view_of(self.plain(a))) for a in args]
        self.force_all()
        arrays = [v for v in views if isinstance(v, Array)]
        dims = self.broadcast_dims(arrays) if arrays else ()
        if python:
            for d in dims:
                self.b.check(self.b.scalar("gt", d, const(0)), "`np.vectorize` of no elements")
        kinds: list[Scalar] = []

        def result(index: list[Value]) -> Scalar:
            numbers = [Scalar(self.element(v, self.broadcast_index(v, index)), flavor) if isinstance(v, Array)
                       else Scalar(scalar_of(v).value, flavor) for v in views]
            value = self.call(function, numbers, {})
            if not is_number(value):
                raise NotCompilable("a vectorized function that does not return a number")
            return scalar_of(value)

        out = self.new_array(F64, dims, hint="mapped")

        def body(index: list[Value]) -> None:
            s = result(index)
            kinds.append(s)
            self.put(out, index, s.value)

        before = dict(self.state)
        self.nest(dims, body)
        if any(k in before and before[k] is not v for k, v in self.state.items()):
            raise NotCompilable("a vectorized function that changes its surroundings")
        self.state = before
        if kinds[0].type != F64 or (kinds[0].tag is not None and python):
            raise NotCompilable("a vectorized function whose results are not all floats")
        return out if dims else Scalar(self.element(out, []), "np")

    # ---- order
    def place_in_order(self, obj: Any, items: Any, x: Any) -> Any:
        """``bisect`` in numbers that are known: how many come before."""
        found = self.static_items(items)
        if found is None or not all(isinstance(v, Const) and type(v.obj) in (int, float) for v in found):
            raise Unknown("`bisect` in what is not known")
        numbers = [v.obj for v in found]
        if numbers != sorted(numbers) or any(n != n for n in numbers):
            raise NotCompilable("`bisect` in numbers that are not sorted")
        total: Value = const(0)
        for v in found:
            before = self.compare("Lt", v, x) if obj is bisect.bisect_left else self.compare("Lt", x, v)
            test = self.truth(before)
            if obj is bisect.bisect_right:
                test = self.b.scalar("not", test)
            total = self.b.add(total, self.b.cast(test, I64))
        return Scalar(total, "py")

    def in_order(self, items: list, reverse: Any = None, key: Any = None) -> list:
        """Items sorted: by exchanges of neighbours where their order is not known."""
        down = self.flag(reverse)
        if isinstance(key, Const) and key.obj is None:
            key = None
        ranks = list(items) if key is None else [self.settle(self.call(key, [x], {})) for x in items]
        if all(isinstance(r, Const) and type(r.obj) in (int, float, str, tuple, bool) for r in ranks):
            order = sorted(range(len(items)), key=lambda k: ranks[k].obj, reverse=down)
            return [items[k] for k in order]
        if len(items) > _SORTED or not all(map(is_number, ranks)) or (key is not None and not all(map(is_number, items))):
            raise Unknown("sorting of many things, or of things that are no numbers")
        pairs = [(scalar_of(r), scalar_of(x)) for r, x in zip(ranks, items, strict=True)]
        if len({(s.type, s.flavor, s.tag is None) for pair in pairs for s in pair[1:]}) > 1 or any(
                s.tag is not None or isinstance(s.value, Pair) for pair in pairs for s in pair):
            raise Unknown("sorting of numbers of different types")

        def either(test: Value, a: Scalar, b: Scalar) -> Scalar:
            return Scalar(self.b.scalar("select", test, a.value, b.value), a.flavor)

        for last in range(len(pairs) - 1, 0, -1):
            for k in range(last):
                (r, x), (s, y) = pairs[k], pairs[k + 1]
                swap = self.truth(self.compare("Gt" if not down else "Lt", r, s))
                pairs[k:k + 2] = [(either(swap, s, r), either(swap, y, x)), (either(swap, r, s), either(swap, x, y))]
        return [x for _, x in pairs]

    # ---- deques
    def new_deque(self, args: list, kwargs: dict) -> Ref:
        items = self.static_items(args[0]) if args else []
        if items is None or len(args) > 2:
            raise Unknown("a deque of something of unknown length")
        most = kwargs.get("maxlen", args[1] if len(args) == 2 else Const(None))
        if not isinstance(most, Const):
            raise Unknown("a deque whose length is not known")
        ref = self.new_list(tuple(items[-most.obj:] if most.obj else items))
        self.deques[ref.key] = most.obj
        return ref

    def deque_method(self, ref: Ref, name: str, args: list) -> Any:
        values = list(self.contents(ref).items)
        if name == "appendleft" and len(args) == 1:
            values.insert(0, self.settle(args[0]))
        elif name == "append" and len(args) == 1:
            values.append(self.settle(args[0]))
        elif name == "extend" and len(args) == 1 and self.static_items(args[0]) is not None:
            values += self.static_items(args[0])
        elif name in ("popleft", "pop") and not args:
            if not values:
                self.b.check(const(False), "pop from an empty deque")
                return Const(0.0)
            value = values.pop(0 if name == "popleft" else -1)
            self.set_items(ref, Sequence(tuple(values), list))
            return value
        elif name == "clear" and not args:
            values = []
        elif name == "rotate" and len(args) < 2:
            n = self.whole_number(args[0]) if args else 1
            d = collections.deque(values)
            d.rotate(n)
            values = list(d)
        else:
            raise NotCompilable(f"the deque method `{name}`")
        most = self.deques[ref.key]
        if most is not None and len(values) > most:
            values = values[:most] if name == "appendleft" else values[len(values) - most:]
        self.set_items(ref, Sequence(tuple(values), list))
        return Const(None)

