"""The IR's data: values, operations, regions, functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .types import ArrayType, ScalarType, Type

__all__ = ["Constant", "Function", "Op", "Region", "Value", "free_values", "replace_uses", "walk"]


class Value:
    """One SSA value: a scalar, a handle to memory, or a tape."""

    __slots__ = ("name", "type")

    def __init__(self, type: Type, name: str = "") -> None:
        self.type = type
        self.name = name

    def __repr__(self) -> str:
        return f"%{self.name or hex(id(self))}:{self.type}"


class Constant(Value):
    """A literal. It belongs to no region, so that it can be used anywhere."""

    __slots__ = ("value",)

    def __init__(self, type: ScalarType, value: Any) -> None:
        super().__init__(type)
        self.value = value

    def __repr__(self) -> str:
        return f"{self.value}:{self.type}"


class Op:
    """One operation, with nested regions where it is control flow."""

    __slots__ = ("attrs", "name", "operands", "regions", "results", "span")

    def __init__(self, name: str, operands: list[Value], results: list[Value], attrs: dict | None = None,
                 regions: list[Region] | None = None, span: int = 0) -> None:
        self.name = name
        self.operands = operands
        self.results = results
        self.attrs = attrs or {}
        self.regions = regions or []
        self.span = span

    @property
    def result(self) -> Value:
        return self.results[0]

    def __repr__(self) -> str:
        return f"<{self.name} {self.operands} -> {self.results}>"


class Region:
    """A straight sequence of operations with parameters, and the values it hands to the operation around it."""

    __slots__ = ("ops", "params", "yields")

    def __init__(self, params: list[Value] | None = None) -> None:
        self.params = params or []
        self.ops: list[Op] = []
        self.yields: list[Value] = []


class Function:
    """A whole program. ``body.yields`` are its results.

    Attributes
    ----------
    spans : list of (filename, line, source text)
        What ``Op.span`` indexes.
    extents : dict of (Value, int) to int
        What is known of the axes of array parameters.
    equal : dict of (Value, int) to Value
        Extents of array parameters that are known to equal a value of the program.
    """

    def __init__(self, name: str, body: Region, spans: list[tuple] | None = None,
                 extents: dict[tuple[Value, int], int] | None = None) -> None:
        self.extents = extents or {}
        self.equal: dict[tuple[Value, int], Value] = {}
        self.name = name
        self.body = body
        self.spans = spans if spans is not None else [("", 0, "")]

    @property
    def params(self) -> list[Value]:
        return self.body.params


def walk(region: Region) -> Iterator[Op]:
    """All operations in program order, the enclosing one before what it contains."""
    for op in region.ops:
        yield op
        for inner in op.regions:
            yield from walk(inner)


def free_values(op_or_region: Op | Region) -> dict[Value, None]:
    """Values used inside but defined outside, in order of first use."""
    used: dict[Value, None] = {}
    defined: set[Value] = set()

    def visit_region(region: Region) -> None:
        defined.update(region.params)
        for op in region.ops:
            visit(op)
        for v in region.yields:
            use(v)

    def use(v: Value) -> None:
        if v not in defined and not isinstance(v, Constant):
            used.setdefault(v)

    def visit(op: Op) -> None:
        for v in op.operands:
            use(v)
        for inner in op.regions:
            visit_region(inner)
        defined.update(op.results)

    if isinstance(op_or_region, Region):
        visit_region(op_or_region)
    else:
        visit(op_or_region)
    return used


def replace_uses(region: Region, mapping: dict[Value, Value]) -> None:
    """Rewrite operands in place; chains in `mapping` are followed."""

    def target(v: Value) -> Value:
        while v in mapping:
            v = mapping[v]
        return v

    for op in region.ops:
        op.operands = [target(v) for v in op.operands]
        for inner in op.regions:
            replace_uses(inner, mapping)
    region.yields = [target(v) for v in region.yields]


def is_memory(v: Value) -> bool:
    return isinstance(v.type, ArrayType)
