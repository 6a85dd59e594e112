"""Text form of the IR: one operation a line, regions in braces."""

from __future__ import annotations

from .function import Constant, Function, Op, Region, Value

__all__ = ["print_function"]


class _Names:
    def __init__(self) -> None:
        self._names: dict[Value, str] = {}
        self._used: set[str] = set()

    def __getitem__(self, v: Value) -> str:
        if isinstance(v, Constant):
            return f"{v.value!r}:{v.type}"
        if v not in self._names:
            base = v.name or "v"
            name, k = base, 0
            while name in self._used:
                k += 1
                name = f"{base}.{k}"
            self._used.add(name)
            self._names[v] = name
        return "%" + self._names[v]


def print_function(function: Function) -> str:
    """The whole function; `parser.parse_function` reads it back."""
    names = _Names()
    lines: list[str] = []
    params = ", ".join(f"{names[p]}: {p.type}" for p in function.params)
    lines.append(f"func {function.name}({params}) {{")
    _region(function.body, names, lines, 1)
    lines.append("}")
    return "\n".join(lines) + "\n"


def _region(region: Region, names: _Names, lines: list[str], depth: int) -> None:
    for op in region.ops:
        _op(op, names, lines, depth)
    lines.append("  " * depth + "yield " + ", ".join(names[v] for v in region.yields))


def _op(op: Op, names: _Names, lines: list[str], depth: int) -> None:
    text = "  " * depth
    if op.results:
        text += ", ".join(f"{names[r]}: {r.type}" for r in op.results) + " = "
    text += op.name + (" " + ", ".join(names[v] for v in op.operands) if op.operands else "")
    if op.attrs:
        text += " {" + ", ".join(f"{k}={v!r}" for k, v in sorted(op.attrs.items())) + "}"
    if op.span:
        text += f" @{op.span}"
    lines.append(text)
    for region in op.regions:
        lines.append("  " * depth + "(" + ", ".join(f"{names[p]}: {p.type}" for p in region.params) + ") {")
        _region(region, names, lines, depth + 1)
        lines.append("  " * depth + "}")
