"""Calls of library routines."""

from __future__ import annotations

import re
from typing import Any

from .._refusal import NotCompilable
from ..ir.builder import const
from ..ir.function import Constant, Value
from ..ir.types import C128, F64, I64, ScalarType
from ..routines.routine import Operand, Routine
from .merge import scalar_of
from .values import Array, Const, Paired, Scalar, Sequence

__all__ = ["Routines"]


class Routines:
    """Lowers calls of library routines; expects the other mixins beside it."""

    def routine_call(self, routine: Routine, args: list, kwargs: dict) -> Any:
        """The outputs, in memory of their own, of a routine that reads the arguments where they lie."""
        known = {k: v.obj if isinstance(v, Const) else v.value.value for k, v in kwargs.items()
                 if isinstance(v, Const) or isinstance(v, Scalar) and isinstance(v.value, Constant)}
        if len(args) != len(routine.ins) or len(known) != len(kwargs):
            raise NotCompilable(f"arguments of the routine `{routine.name}`")
        views = {o.name: self.view_of(a) for o, a in zip(routine.ins, args, strict=True) if o.dims is not None}
        floats = [views[o.name] for o in routine.ins if o.carries and not o.kind]
        element = self.common_type(floats) if floats else F64
        if not element.is_float:
            element = F64
        given_element = element
        if routine.in_double(known):
            element = F64
        flags = tuple(sorted(known.items()))
        if not routine.available(str(element), dict(flags)):
            raise NotCompilable(f"the routine `{routine.name}` for {element}")
        sizes: dict[str, Value] = {}
        operands = []
        for o, a in zip(routine.ins, args, strict=True):
            if o.dims is None:
                operands.append(scalar_of(a).value)
                self.measured(sizes, o.name, operands[-1])
                continue
            given = self.laid_out(views[o.name], self.kind_of(o, element))
            if len(given.dims) != len(o.dims):
                raise NotCompilable(f"arrays with these numbers of axes in the routine `{routine.name}`")
            for letter, n in zip(o.dims, given.dims, strict=True):
                self.measured(sizes, letter, n)
            operands.append(self.memory_of(given))
        outs = [self.new_array(self.kind_of(o, element), [self.routine_extent(d, sizes) for d in o.dims or ()],
                               "zeros" if o.name in routine.zeroed else "empty", o.name) for o in routine.outs]
        self.written.update(v.root for v in outs)
        self.b.emit("library", [*map(self.memory_of, outs), *operands], [],
                    {"routine": routine.name, "outs": len(outs), "element": str(element), "flags": flags,
                     "carries": tuple(o.carries for o in (*routine.outs, *routine.ins))})
        if element != given_element:
            outs = [self.array_of(v, given_element) if v.element == element else v for v in outs]
        return outs[0] if len(outs) == 1 else Sequence(tuple(outs))

    @staticmethod
    def kind_of(o: Operand, element: ScalarType) -> ScalarType:
        return {"i": I64, "c": C128}.get(o.kind, element)

    def laid_out(self, v: Any, element: ScalarType) -> Array:
        """An array as the whole of its memory, of one type."""
        if isinstance(v, Array) and v.element == element and self.is_whole(v):
            return v
        return self.array_of(v, element)

    @staticmethod
    def memory_of(a: Array) -> Value:
        return a.root.memory if isinstance(a.root, Paired) else a.root

    def measured(self, sizes: dict[str, Value], letter: str, n: Value) -> None:
        """Note an extent; those of one letter must be equal."""
        if letter in sizes:
            self.b.check(self.b.scalar("eq", sizes[letter], n), "shapes that do not fit")
        sizes.setdefault(letter, n)

    def routine_extent(self, text: str, sizes: dict[str, Value]) -> Value:
        if text in sizes:
            return sizes[text]
        if text.isdigit():
            return const(int(text))
        if found := re.fullmatch(r"min\((\w+),(\w+)\)", text):
            a, b = (sizes[k] for k in found.groups())
            return self.b.scalar("select", self.b.scalar("lt", a, b), a, b)
        if found := re.fullmatch(r"(\w+)//2\+1", text):
            return self.b.add(self.b.scalar("floordiv", sizes[found[1]], const(2)), const(1))
        raise NotCompilable(f"the extent `{text}`")
