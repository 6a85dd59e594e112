"""Reads the IR's text form back."""

from __future__ import annotations

import ast
import re

from .builder import const
from .function import Function, Op, Region, Value
from .types import parse_type

__all__ = ["parse_function"]

_PARAM = re.compile(r"%([\w.$]+): ([\w\[\]<>]+)")
_OPERAND = re.compile(r"%([\w.$]+)|(-?[\w.+-]+):(\w+)")


def parse_function(text: str) -> Function:
    """Function from what `printer.print_function` wrote."""
    return _Parser(text).function()


class _Parser:
    def __init__(self, text: str) -> None:
        self.lines = [line.strip() for line in text.splitlines() if line.strip()]
        self.at = 0
        self.values: dict[str, Value] = {}

    def function(self) -> Function:
        head = self.lines[0]
        name = head[5:head.index("(")]
        self.at = 1
        region = Region(self._define(head[head.index("("):]))
        self._body(region)
        return Function(name, region)

    def _define(self, text: str) -> list[Value]:
        out = []
        for name, type in _PARAM.findall(text):
            self.values[name] = Value(parse_type(type), name.split(".")[0].removesuffix("v") if name[0] == "v" else
                                      name.split(".")[0])
            out.append(self.values[name])
        return out

    def _operands(self, text: str) -> list[Value]:
        out: list[Value] = []
        for name, literal, type in _OPERAND.findall(text):
            if name:
                out.append(self.values[name])
            else:
                value = {"True": True, "False": False}.get(literal)
                out.append(const(float(literal) if value is None else value, parse_type(type))
                           if type[0] == "f" or value is not None else const(int(literal), parse_type(type)))
        return out

    def _body(self, region: Region) -> None:
        while True:
            line = self.lines[self.at]
            self.at += 1
            if line.startswith("yield"):
                region.yields = self._operands(line[5:])
                self.at += 1  # the closing brace
                return
            region.ops.append(self._op(line))

    def _op(self, line: str) -> Op:
        span, attrs = 0, {}
        if match := re.search(r" @(\d+)$", line):
            span, line = int(match[1]), line[: match.start()]
        if match := re.search(r" \{(.*)\}$", line):
            line = line[: match.start()]
            call = ast.parse(f"f({match[1]})", mode="eval").body
            attrs = {k.arg: ast.literal_eval(k.value) for k in call.keywords}  # type: ignore[attr-defined]
        left, _, right = line.rpartition(" = ")
        name, _, operands = right.partition(" ")
        op = Op(name, self._operands(operands), [], attrs, [], span)
        while self.at < len(self.lines) and self.lines[self.at].startswith("("):
            region = Region(self._define(self.lines[self.at]))
            self.at += 1
            self._body(region)
            op.regions.append(region)
        op.results = self._define(left)
        return op
