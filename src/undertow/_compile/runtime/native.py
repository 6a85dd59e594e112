"""Names that generated code uses, as Numba functions."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
from llvmlite import ir
from numba import get_num_threads, njit, prange, types
from numba.core import cgutils
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager
from numba.core.imputils import impl_ret_new_ref
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

from ..leave import Leave
from .access import read, shaped, write
from .blas import NAMES as BLAS
from .gammas import NAMES as GAMMAS
from .lanes import NAMES as LANES
from .memory import NAMES as MEMORY
from .vector import NAMES as VECTOR

__all__ = ["NAMES", "jit"]


@intrinsic
def radd(context: Any, a: Any, b: Any) -> Any:
    """Addition whose order the compiler may choose: sums become vector sums."""
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fadd(args[0], args[1], flags=("reassoc", "nsz"))

    return a(a, a), codegen


class _Compiler(CompilerBase):
    """Numba's compiler without the passes that generated code gives nothing to do: they take half of its time."""

    _NEEDLESS = frozenset((
        "WithLifting", "InlineClosureLikes", "DeadBranchPrune", "MakeFunctionToJitFunction", "InlineInlinables",
        "FindLiterallyCalls", "LiteralUnroll", "ReconstructSSA", "LiteralPropagationSubPipelinePass", "PreLowerStripPhis",
        "InlineOverloads", "NopythonRewrites"))

    def define_pipelines(self) -> list[Any]:
        usual = DefaultPassBuilder.define_nopython_pipeline(self.state)
        manager = PassManager("undertow")
        manager.passes = [p for p in usual.passes if p[0].__name__ not in self._NEEDLESS]
        manager.finalize()
        return [manager]


_FAST = {"reassoc", "contract", "arcp", "nsz"}  # not that there are no NaN and no infinities


def jit(f: Any, threads: bool = False, fast: bool = False) -> Any:
    """The native function of generated text, or of a helper."""
    flags: Any = _FAST if fast else False
    if threads:
        return njit(error_model="numpy", nogil=True, parallel=True, fastmath=flags)(f)
    return njit(error_model="numpy", nogil=True, pipeline_class=_Compiler, fastmath=flags)(f)


_alone = threading.Lock()


def alone(native: Any) -> Any:
    """A function whose last argument is the number of threads.

    Not all of Numba's threading layers can be started from two threads at once.
    """
    def call(*args: Any) -> Any:
        with _alone:
            return native(*args, get_num_threads())

    return call


_WORK = 30_000  # what an element costs times their number, from where on starting threads pays


@jit
def pieces_for(work: Any, copied: Any, threads: Any) -> Any:
    """Into how many pieces a loop is cut."""
    return threads if work > _WORK and 4 * copied < work else 1


@intrinsic
def grow(context: Any, stack: Any, n: Any) -> Any:
    """A stack of `n` numbers, or of twice as many as it has, with the same contents."""
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        old = make_array(stack)(context, builder, args[0])
        twice = builder.mul(old.nitems, ir.Constant(old.nitems.type, 2))
        size = builder.select(builder.icmp_signed(">", args[1], twice), args[1], twice)
        item = ir.Constant(size.type, 8)
        info = context.nrt.meminfo_alloc_aligned(builder, builder.mul(size, item), ir.Constant(ir.IntType(32), 64))
        data = builder.bitcast(context.nrt.meminfo_data(builder, info), old.data.type)
        cgutils.raw_memcpy(builder, data, old.data, old.nitems, item)
        out = make_array(stack)(context, builder)
        populate_array(out, data, [size], [item], item, info)
        return impl_ret_new_ref(context, builder, stack, out._getvalue())

    return stack(stack, types.intp), codegen


@intrinsic
def to_slot(context: Any, x: Any) -> Any:
    """The bits of an integer as a double, for the tape."""
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(types.float64))

    return types.float64(types.int64), codegen


@intrinsic
def from_slot(context: Any, x: Any) -> Any:
    """The inverse of `to_slot`."""
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(types.int64))

    return types.int64(types.float64), codegen


@jit
def maximum(x: Any, y: Any) -> Any:
    return x if (x > y) or (x != x) else y


@jit
def minimum(x: Any, y: Any) -> Any:
    return x if (x < y) or (x != x) else y


@jit
def sign(x: Any) -> Any:
    return x - x + (1.0 if x > 0 else -1.0 if x < 0 else 0.0) if x != 0 and not math.isinf(x) else (
        1.0 if x > 0 else -1.0 if x < 0 else x)


NAMES = {
    "Leave": Leave, "prange": prange, "pieces_for": pieces_for, "radd": radd, "grow": grow, "maximum": maximum, "minimum": minimum, "sign": sign, "read": read,
    "write": write, "shaped": shaped, "to_slot": to_slot, "from_slot": from_slot, "empty": np.empty, "zeros": np.zeros,
    "float64": np.float64, "float32": np.float32, "int64": np.int64, "bool_": np.bool_, "nan": math.nan,
    "inf": math.inf, "lgamma": math.lgamma, "gamma": math.gamma, "cbrt": np.cbrt, "fmod": np.fmod, "isnan": math.isnan, "isinf": math.isinf, "isfinite": math.isfinite,
    "copysign": math.copysign, "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "rint": np.rint,
    "sqrt": np.sqrt, **BLAS, **GAMMAS, **LANES, **MEMORY, **VECTOR,
}
