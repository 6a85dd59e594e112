"""Calls of library routines from generated code, without the interpreter and without its lock.

A routine is found by a symbol: Fortran's by the pointers that SciPy exports for Cython, the inner loops of universal
functions by those in the function objects, whose layout is part of NumPy's C interface.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import re
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from ..routines import catalogue
from ..routines.routine import Lapack, Loop, Operand, Routine
from ..routines.ufuncs import UFUNCS

__all__ = ["named", "provide_loop"]

assert catalogue  # which makes the routines known

_WORD = ir.IntType(64)
_INT = ir.IntType(32)
_BYTE = ir.IntType(8)
_POINTER = _BYTE.as_pointer()


@functools.cache
def named(text: str) -> Any:
    """The Numba function that generated code knows as `text`: it takes the tuple of all operands, outputs first.

    That of a universal function takes and returns numbers.
    """
    if text in UFUNCS:
        return _elementwise(text, UFUNCS[text])
    routine, element, flags = Routine.named(text)
    natives = routine.calls(flags)
    operands = (*routine.outs, *routine.ins)
    for native in natives:
        if isinstance(native, Lapack):
            _provide_fortran(native.name(element))
        elif not provide_loop(native, element):
            raise ImportError(f"no inner loop of `{native.names[0]}` for {element}")

    @intrinsic
    def call(context: Any, operand_types: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            values = _Operands(context, builder, operands, signature.args[0].types,
                               cgutils.unpack_tuple(builder, args[0], len(operands)))
            for native in natives:
                for target, source in native.copies:
                    values.copy(target, source)
                if isinstance(native, Lapack):
                    _call_fortran(values, native, element)
                else:
                    _call_loop(values, native, element)
            return context.get_dummy_value()

        return types.void(operand_types), codegen

    return call


def _elementwise(name: str, f: np.ufunc) -> Any:
    """A universal function of one element."""
    symbol = f"undertow_{name}"
    plain = _provide_scalar(f, name, f"{symbol}_of_one")
    if not plain and not _provide_loop(f, "d" * f.nin + "->d", symbol):
        raise ImportError(f"no inner loop of `{f.__name__}`")

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if plain:
            kinds = [ir.DoubleType()] * f.nin + [_INT]
            function = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(ir.DoubleType(), kinds), f"{symbol}_of_one")
            return builder.call(function, [*args, ir.Constant(_INT, 0)])
        out = cgutils.alloca_once(builder, ir.DoubleType())
        pointers = [builder.bitcast(cgutils.alloca_once_value(builder, v), _POINTER) for v in args]
        pointers.append(builder.bitcast(out, _POINTER))
        call_loop(builder, symbol, pointers, [ir.Constant(_WORD, 1)], [ir.Constant(_WORD, 0)] * len(pointers))
        return builder.load(out)

    number = types.float64
    if f.nin == 1:
        return intrinsic(lambda context, x: (number(number), codegen))
    if f.nin == 2:
        return intrinsic(lambda context, x, y: (number(number, number), codegen))
    if f.nin == 3:
        return intrinsic(lambda context, x, y, z: (number(number, number, number), codegen))
    return intrinsic(lambda context, x, y, z, w: (number(number, number, number, number), codegen))


class _Operands:
    """The operands of one call, as LLVM values."""

    def __init__(self, context: Any, builder: Any, operands: tuple[Operand, ...], kinds: tuple, values: list) -> None:
        self.b = builder
        self.arrays: dict[str, Any] = {}
        self.extents: dict[str, Any] = {}
        self.strides: dict[str, list] = {}
        for o, kind, v in zip(operands, kinds, values, strict=True):
            if o.dims is None:
                self.extents[o.name] = context.cast(builder, v, kind, types.int64)
                continue
            array = make_array(kind)(context, builder, v)
            self.arrays[o.name] = array
            shape = cgutils.unpack_tuple(builder, array.shape, kind.ndim)
            for letter, n in zip(o.dims, shape, strict=False):
                self.extents.setdefault(letter, n)
            size = kind.dtype.bitwidth // 8 * (2 if o.kind == "c" else 1)
            strides, step = [], self.word(size)
            for n in reversed(shape[:len(o.dims)]):
                strides.insert(0, step)
                step = builder.mul(step, n)
            self.strides[o.name] = strides

    @staticmethod
    def word(n: int) -> Any:
        return ir.Constant(_WORD, n)

    def extent(self, text: str) -> Any:
        """An extent, which may be ``n//2+1``."""
        if text in self.extents:
            return self.extents[text]
        n = self.extents[text.partition("//")[0]]
        return self.b.add(self.b.udiv(n, self.word(2)), self.word(1))

    def pointer(self, name: str) -> Any:
        return self.b.bitcast(self.arrays[name].data, _POINTER)

    def copy(self, target: str, source: str) -> None:
        a = self.arrays[source]
        cgutils.raw_memcpy(self.b, self.pointer(target), self.pointer(source), self.b.mul(a.nitems, a.itemsize),
                           self.word(1))

    def slot(self, value: Any) -> Any:
        """Address of a value."""
        return self.b.bitcast(cgutils.alloca_once_value(self.b, value), _POINTER)


def _call_fortran(values: _Operands, native: Lapack, element: str) -> None:
    b = values.b
    given = []
    for token in re.findall(r"'.'|\S+", native.args):
        if token in values.arrays:
            given.append(values.pointer(token))
        elif token[0] == "'":
            given.append(values.slot(ir.Constant(_BYTE, ord(token[1]))))
        elif token in values.extents:
            given.append(values.slot(b.trunc(values.extents[token], _INT)))
        elif token.endswith(".0"):
            kind = ir.DoubleType() if element == "f64" else ir.FloatType()
            given.append(values.slot(ir.Constant(kind, float(token))))
        elif "*" in token:
            count, _, letter = token.partition("*")
            given.append(values.slot(b.trunc(b.mul(values.word(int(count)), values.extents[letter]), _INT)))
        else:
            given.append(values.slot(ir.Constant(_INT, int(token))))
    empty = ir.Constant(ir.IntType(1), 0)  # leading dimensions must be positive
    for n in values.extents.values():
        empty = b.or_(empty, b.icmp_signed("==", n, ir.Constant(_WORD, 0)))
    function = cgutils.get_or_insert_function(b.module, ir.FunctionType(ir.VoidType(), [_POINTER] * len(given)),
                                              f"undertow_{native.name(element)}")
    with b.if_then(b.not_(empty)):
        b.call(function, given)


def _call_loop(values: _Operands, native: Loop, element: str) -> None:
    """``loop(char **args, npy_intp *dims, npy_intp *steps, void *data)``."""
    b = values.b
    tokens = native.args.split()
    pointers = [values.pointer(t) if t in values.arrays else values.slot(ir.Constant(ir.DoubleType(), float(t)))
                for t in tokens]
    dims = [values.extents[native.outer] if native.outer else values.word(1),
            *(values.extent(k) for k in native.dims.split())]
    steps, core = [], []
    for t in tokens:
        strides = list(values.strides.get(t, []))
        steps.append(strides.pop(0) if native.outer and strides else values.word(0))
        core += strides
    call_loop(b, symbol_of(native, element), pointers, dims, [*steps, *core])


def call_loop(b: Any, symbol: str, pointers: list, dims: list, steps: list) -> None:
    """Call the inner loop that is known by `symbol`."""
    lists = []
    for items, kind in ((pointers, _POINTER), (dims, _WORD), (steps, _WORD)):
        memory = cgutils.alloca_once(b, kind, size=ir.Constant(_WORD, len(items)))
        for k, item in enumerate(items):
            b.store(item, b.gep(memory, [ir.Constant(_WORD, k)]))
        lists.append(memory)
    function = cgutils.get_or_insert_function(
        b.module, ir.FunctionType(ir.VoidType(), [m.type for m in lists] + [_POINTER]), symbol)
    data = cgutils.get_or_insert_function(b.module, ir.FunctionType(ir.VoidType(), []), f"{symbol}_data")
    b.call(function, [*lists, b.bitcast(data, _POINTER)])


# ---- symbols
class _Ufunc(ctypes.Structure):
    """``PyUFuncObject``, as far as it is needed."""

    _fields_ = [("refcount", ctypes.c_ssize_t), ("type", ctypes.c_void_p), ("counts", ctypes.c_int * 4),
                ("functions", ctypes.POINTER(ctypes.c_void_p)), ("data", ctypes.POINTER(ctypes.c_void_p)),
                ("ntypes", ctypes.c_int), ("reserved", ctypes.c_int), ("name", ctypes.c_char_p),
                ("types", ctypes.POINTER(ctypes.c_byte))]


def symbol_of(native: Loop, element: str) -> str:
    """Name by which native code finds an inner loop."""
    return re.sub(r"\W+", "_", f"undertow_{native.module}_{native.names[0]}_{native.typed(element)}")


@functools.cache
def provide_loop(native: Loop, element: str) -> bool:
    """Let native code find the inner loop of a universal function for some types; whether there is one."""
    f = native.find(element)
    return f is not None and _provide_loop(f, native.typed(element), symbol_of(native, element))


def _provide_loop(f: np.ufunc, loop: str, symbol: str) -> bool:
    found = _Ufunc.from_address(id(f))
    k = f.types.index(loop)
    chars = [np.dtype(c).num for c in loop.replace("->", "")]
    if list(found.counts[:3]) != [f.nin, f.nout, f.nargs] or found.ntypes != f.ntypes or \
            [found.types[k * f.nargs + j] for j in range(f.nargs)] != chars:
        return False  # another layout than the one that is known
    llvm.add_symbol(symbol, found.functions[k])
    llvm.add_symbol(f"{symbol}_data", (found.data[k] if found.data else None) or found.functions[k])
    return True


def _exported(module: str, name: str) -> tuple[str, int] | None:
    """Type and address of a C function that a module exports for Cython."""
    capsule = importlib.import_module(module).__pyx_capi__.get(name)
    if capsule is None:
        return None
    text, address = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    text.restype, text.argtypes = ctypes.c_char_p, [ctypes.py_object]
    address.restype, address.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return text(capsule).decode(), address(capsule, text(capsule))


@functools.cache
def _provide_fortran(name: str) -> None:
    """Let native code find a routine of BLAS or LAPACK."""
    for module in ("scipy.linalg.cython_lapack", "scipy.linalg.cython_blas"):
        found = _exported(module, name)
        if found is not None:
            llvm.add_symbol(f"undertow_{name}", found[1])
            return
    raise ImportError(f"SciPy has no `{name}`")


def _provide_scalar(f: np.ufunc, name: str, symbol: str) -> bool:
    """Let native code find the C function of numbers behind a universal function of SciPy, where SciPy exports it.

    It takes less time than a loop over one element, which looks at the flags of floating-point arithmetic too.
    """
    if not name.startswith("ufunc_scipy_special_"):
        return False
    for variant in (f.__name__, f"__pyx_fuse_0{f.__name__}", f"__pyx_fuse_1{f.__name__}"):
        found = _exported("scipy.special.cython_special", variant)
        if found is not None and found[0] == f"double ({'double, ' * f.nin}int __pyx_skip_dispatch)":
            llvm.add_symbol(symbol, found[1])
            return True
    return False
