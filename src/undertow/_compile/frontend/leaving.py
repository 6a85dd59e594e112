"""What leaves a program: its value, and what it rebinds in its arguments."""

from __future__ import annotations

import enum
import types
from typing import Any

import numpy as np

from .._refusal import NotCompilable
from ..ir.function import Value
from ..ir.types import BOOL, C128, I64
from ..results import Result
from .merge import scalar_of
from .state import TryAgain
from .values import (
    Array,
    Const,
    Function,
    Growing,
    Iterable,
    Lazy,
    Maybe,
    Method,
    Optional,
    Pair,
    Ref,
    Scalar,
    Sequence,
)

__all__ = ["Leaving"]

_CONSTANTS = (bool, int, float, complex, str, type(None), np.generic, enum.Enum, np.dtype, type, types.FunctionType,
              types.ModuleType, frozenset)


class Leaving:
    """Lists the IR results of a lowered program, and says how its value is put together from them.

    Attributes
    ----------
    yields : list of Value
        The IR results in order.
    """

    def __init__(self, lowerer: Any) -> None:
        self.low = lowerer
        self.yields: list[Value] = []
        self.places = {p: k for k, p in enumerate(lowerer.params)}
        self.at: dict[Value, int] = {}  # arrays that are returned, and the number of the result
        self.seen: set = set()

    def attributes(self, initial: dict) -> list:
        """What the program leaves in the objects, lists and dicts among its arguments."""
        low, found = self.low, []
        for key in [k for k in low.state if k in low.written_attributes and k[0] in low.argument_objects]:
            value = low.state[key]
            if key[1] != "keys" and not (key in initial and value is initial[key]):
                found.append((low.argument_objects[key[0]], key[1], self.result(value)))
        return found

    def result(self, v: Any) -> Result:
        """How a value is put together."""
        low = self.low
        if isinstance(v, (NotCompilable, TryAgain)):
            raise v
        if isinstance(v, Ref):
            return self.held(v)
        if isinstance(v, Optional):
            inner = self.result(v.value)
            self.yields.append(v.present)
            return Result("optional", None, (inner,))
        if isinstance(v, Scalar):
            return self.number(v)
        if isinstance(v, Lazy):
            if v.alias is not None and (v.alias in self.places or v.alias in self.at):
                raise NotCompilable("the function returns what may be a view or a copy")
            v = low.force(v)
        if isinstance(v, Array) and any(p in self.places for p in low.partners.get(v.root, ())):
            raise NotCompilable("the function returns what may be a view or a copy")
        if isinstance(v, Array):
            return self.array(v)
        if isinstance(v, Sequence):
            return Result("sequence", v.cls, tuple(map(self.result, v.items)))
        if isinstance(v, Const) and isinstance(v.obj, _CONSTANTS):
            return Result("const", v.obj)
        if isinstance(v, (Const, Method, Function, Maybe, Iterable)):
            raise NotCompilable("the function returns an object that the compile tier does not make")
        return self.number(scalar_of(v))

    def check_owned(self, result: Result, owned: bool = False) -> None:
        """What an argument holds has no memory of its own: it is what the argument is left with."""
        owned = owned or result.owner is not None
        if owned and result.kind in ("new", "complexes", "view", "rows"):
            raise NotCompilable("the function returns an argument that holds a new array")
        for part in result.parts:
            self.check_owned(part, owned)

    def number(self, v: Scalar) -> Result:
        if v.type == C128:
            if v.flavor not in ("py", "np") or v.tag is not None:
                raise NotCompilable("whether the function returns a complex number depends on the run")
            assert isinstance(v.value, Pair)
            self.yields += [v.value.re, v.value.im]
            return Result("complex", v.flavor)
        self.yields.append(v.value)
        if v.tag is not None:
            self.yields.append(v.tag)
            return Result("tagged", v.type.name)
        return Result("scalar", (v.flavor, v.type.name))

    def array(self, v: Array) -> Result:
        low = self.low
        whole = low.is_whole(v)
        if whole and v.root in self.places:
            return Result("argument", self.places[v.root])
        if v.root in self.places:
            return self.view(v)
        if v.root in low.paired and low.paired[v.root] in self.places:
            raise NotCompilable("the function returns an argument of complex numbers")
        if whole and v.root in self.at:
            return Result("same", self.at[v.root])
        if v.root in self.at or v.root in low.returned_copies:
            raise NotCompilable("the function returns one array twice")
        if v.root in low.odd_order and len(v.dims) > 1:
            raise NotCompilable("the function returns an array whose memory NumPy might lay out in another order")
        if not whole:
            low.returned_copies.add(v.root)
            v = low.array_of(v)
        self.at[v.root] = len(self.yields)
        self.yields.append(v.root.memory if v.root in low.paired else v.root)  # type: ignore[attr-defined]
        return Result("complexes" if v.root in low.paired else "new", str(v.element))

    def view(self, v: Array) -> Result:
        """A view of an array that the program was given."""
        copy = self.low.array_of(v)
        self.yields.append(copy.root)
        numbers: list[Value] = []
        layout = self.layout(v, numbers)
        for n in numbers:
            if n.type not in (I64, BOOL):
                raise NotCompilable("the function returns a view")
        self.yields += numbers
        return Result("view", (self.places[v.root], layout, len(numbers)), (Result("new", str(v.element)),))

    def layout(self, v: Array, numbers: list[Value]) -> tuple:
        frame = None
        if v.frame is not None:
            frame = (self.layout(v.frame.inner, numbers), len(v.frame.dims))
            numbers += v.frame.dims
        kept = [x.view_axis for x in v.axes if x.view_axis is not None]
        if len(set(kept)) != len(kept) or any(x.view_axis is not None and x.step == 0 for x in v.axes):
            raise NotCompilable("the function returns a view of a diagonal")
        for k, d in enumerate(v.dims):
            if k not in kept and getattr(d, "value", None) != 1:
                raise NotCompilable("the function returns a view that repeats elements")
        numbers += [x.start for x in v.axes]
        numbers += v.dims
        return tuple((x.view_axis, x.step) for x in v.axes), len(v.dims), frame

    def rows(self, items: Growing, owner: tuple | None) -> Result:
        """A list whose length depends on the run."""
        item = items.item
        inner = item.parts if item.kind == "sequence" else (item,)
        if not inner or not all(p.kind == "array" or (p.kind == "number" and not p.info[2] and p.info[1] != "mixed")
                                for p in inner):
            raise NotCompilable("the function returns a list of unknown length of such items")
        parts, kinds = [], []
        for p, buffer in zip(inner, items.buffers, strict=True):
            parts.append(self.array(self.low.array_of(
                Array(buffer.root, buffer.axes, (items.count.value, *buffer.dims[1:])))))
            kinds.append(Result("scalar", (p.info[1], p.info[0])) if p.kind == "number" else Result("new"))
        return Result("rows", (item.info if item.kind == "sequence" else None, tuple(kinds)), tuple(parts), owner)

    def held(self, v: Ref) -> Result:
        """A list, a dict or an object."""
        low = self.low
        if v.key in self.seen:
            raise NotCompilable("the function returns one object twice")
        if v.key in low.outside_refs or v.cls is types.FunctionType or v.key in low.deques or v.key in low.factories:
            raise NotCompilable("the function returns an object from outside, a deque or a special dict")
        self.seen.add(v.key)
        owner = low.argument_objects.get(v.key)
        if v.cls is list:
            contents = low.contents(v)
            if isinstance(contents, Growing):
                return self.rows(contents, owner)
            return Result("sequence", list, tuple(map(self.result, contents.items)), owner)
        if v.cls is dict:
            keys = low.dict_keys(v)
            return Result("dict", keys, tuple(self.result(low.dict_item(v, k)) for k in keys), owner)
        if isinstance(v.key, tuple):
            raise NotCompilable("which object the function returns depends on control flow")
        names = tuple(k[1] for k in low.state if isinstance(k, tuple) and k[0] == v.key)
        return Result("object", (v.cls, names), tuple(self.result(low.state[(v.key, n)]) for n in names), owner)
