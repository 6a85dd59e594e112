"""Elementary functions that LLVM's loop vectoriser may call with whole vectors.

The scalar function's declaration names its variants for each vector length in the attribute
``vector-function-abi-variant``; glibc's libmvec has them. Where that library or one of its functions is absent, NumPy's
function is called as before. Errors are those of libmvec: up to 4 units in the
last place.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, register_jitable

__all__ = ["BINARY", "NAMES", "UNARY", "Raw", "declare", "variants"]

_LANES = (("b", 2), ("d", 4), ("e", 8))  # doubles in SSE, AVX2 and AVX-512 registers
UNARY = {"exp": "exp", "log": "log", "sin": "sin", "cos": "cos", "tan": "tan", "tanh": "tanh", "sinh": "sinh",
          "cosh": "cosh", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh",
          "arccosh": "acosh", "arctanh": "atanh", "log1p": "log1p", "expm1": "expm1", "log2": "log2",
          "log10": "log10", "exp2": "exp2", "erf": "erf", "erfc": "erfc"}
_FLOATS = (types.float64, types.float32)
BINARY = {"power": "pow", "arctan2": "atan2", "hypot": "hypot"}


class Raw(ir.values.FunctionAttributes):
    """Attributes that llvmlite does not know."""

    def __init__(self, text: str) -> None:
        super().__init__(["nounwind"])
        self._text = text

    def _to_list(self, ret_type: Any) -> list:
        return [*super()._to_list(ret_type), self._text]


def _load() -> bool:
    try:
        llvm.load_library_permanently("libmvec.so.1")
    except RuntimeError:
        return False
    return True


def variants(symbol: str, arity: int) -> list[tuple[str, int]]:
    """Names and lengths of the vector forms of a C function."""
    factor = 2 if symbol.endswith("f") and symbol != "erf" else 1
    named = [(f"_ZGV{isa}N{n * factor}{'v' * arity}_{symbol}", n * factor) for isa, n in _LANES]
    return [(name, n) for name, n in named if llvm.address_of_symbol(name)]


def declare(module: Any, symbol: str, number: Any, arity: int) -> Any:
    if symbol in module.globals:
        return module.globals[symbol]
    scalar = ir.Function(module, ir.FunctionType(number, [number] * arity), symbol)
    forms = variants(symbol, arity)
    names = ",".join(name for name, _ in forms)
    scalar.attributes = Raw(f'willreturn memory(none) "vector-function-abi-variant"="{names}"')
    kept = module.__dict__.setdefault("_vector_variants", [])
    pointer = ir.IntType(8).as_pointer()
    for name, n in forms:
        vector = ir.VectorType(number, n)
        form = cgutils.get_or_insert_function(module, ir.FunctionType(vector, [vector] * arity), name)
        kept.append(form.bitcast(pointer))
    array = ir.Constant(ir.ArrayType(pointer, len(kept)), list(kept))
    used = module.globals.get("llvm.compiler.used")
    if used is None:
        used = ir.GlobalVariable(module, array.type, "llvm.compiler.used")
        used.linkage, used.section = "appending", "llvm.metadata"
    used.value_type, used.type, used.initializer = array.type, array.type.as_pointer(), array
    return scalar


def _caller(symbol: str, arity: int) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = context.get_value_type(signature.return_type)
        name = symbol if signature.return_type == types.float64 else symbol + "f"
        return builder.call(declare(builder.module, name, number, arity), args)

    if arity == 1:
        @intrinsic
        def call(context: Any, x: Any) -> Any:
            return (x(x), codegen) if x in _FLOATS else None
    else:
        @intrinsic
        def call(context: Any, x: Any, y: Any) -> Any:
            return (x(x, y), codegen) if x in _FLOATS and x == y else None
    return call


def _vectorized(symbol: str, arity: int, plain: Any) -> Any:
    """The function with its vector forms, or `plain` where they are missing."""
    return _caller(symbol, arity) if all(variants(s, arity) for s in (symbol, symbol + "f")) else plain


@register_jitable
def _power(x: Any, y: Any) -> Any:
    return x ** y


def _names() -> dict[str, Any]:
    import math

    plain = {n: getattr(np, n) for n in (*UNARY, *BINARY) if hasattr(np, n)}
    plain |= {"erf": math.erf, "erfc": math.erfc, "power": _power}
    if not _load():
        return plain
    return {n: _vectorized((UNARY | BINARY)[n], 1 if n in UNARY else 2, f) for n, f in plain.items()}


NAMES: dict[str, Any] = _names()
