"""Reading and writing array elements from generated code, with what is known about aliasing.

An index in generated code is inside its array, so accesses neither wrap around nor check. Different memories of a
program never overlap (the call refuses arguments that do), and each access says so to LLVM by alias scopes: loops
then vectorise without run-time overlap tests.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import impl_ret_borrowed
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

__all__ = ["element", "mark", "pointer_to", "read", "shaped", "write"]


def pointer_to(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """Address of an element."""
    model = context.data_model_manager[array_type]  # fields by extraction: a proxy of the array would go through memory
    data = model.get(builder, array, "data")
    indices = cgutils.unpack_tuple(builder, index, array_type.ndim)
    shape = cgutils.unpack_tuple(builder, model.get(builder, array, "shape"), array_type.ndim)
    strides = [] if array_type.layout == "C" else cgutils.unpack_tuple(
        builder, model.get(builder, array, "strides"), array_type.ndim)
    return element(builder, data, indices, shape, strides)


def element(builder: Any, data: Any, indices: Any, shape: Any, strides: Any) -> Any:
    """Address of an element of an array with its fields at hand; without strides it is dense."""
    if not indices:
        return data
    if strides:
        offset = None
        for i, s in zip(indices, strides, strict=True):
            term = builder.mul(i, s, flags=["nsw"])
            offset = term if offset is None else builder.add(offset, term, flags=["nsw"])
        return cgutils.pointer_add(builder, data, offset)
    at = indices[0]
    for i, n in zip(indices[1:], shape[1:], strict=True):
        at = builder.add(builder.mul(at, n, flags=["nsw"]), i, flags=["nsw"])
    return builder.gep(data, [at], inbounds=True)


def mark(builder: Any, instruction: Any, scope: int, total: int) -> None:
    """Say which memory of the function an access touches, and that it touches no other."""
    module = builder.module
    found = module.__dict__.setdefault("_undertow_scopes", {})
    key = (scope, total)
    if key not in found:
        if key[1] not in found:
            domain = module.add_metadata([ir.MetaDataString(module, "undertow")])
            found[key[1]] = [module.add_metadata([ir.MetaDataString(module, f"memory {k}"), domain]) for k in range(key[1])]
        scopes = list(found[key[1]])
        own = scopes.pop(key[0])
        found[key] = module.add_metadata([own]), module.add_metadata(scopes) if scopes else None
    own, others = found[key]
    instruction.set_metadata("alias.scope", own)
    if others is not None:
        instruction.set_metadata("noalias", others)


def _literal(*scopes: Any) -> bool:
    return all(isinstance(s, types.IntegerLiteral) for s in scopes)


@intrinsic(prefer_literal=True)
def read(context: Any, a: Any, index: Any, scope: Any, total: Any) -> Any:
    """``a[index]`` where `a` is number `scope` of the `total` memories of the function."""
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array_type = signature.args[0]
        pointer = pointer_to(context, builder, array_type, args[0], args[1])
        loaded = builder.load(pointer)
        loaded.align = None if array_type.aligned else 1
        mark(builder, loaded, scope.literal_value, total.literal_value)
        return context.data_model_manager[array_type.dtype].from_data(builder, loaded)

    return (a.dtype(a, index, scope, total), codegen) if _literal(scope, total) else None


@intrinsic(prefer_literal=True)
def write(context: Any, a: Any, index: Any, value: Any, scope: Any, total: Any) -> Any:
    """``a[index] = value``, as `read`."""
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array_type = signature.args[0]
        pointer = pointer_to(context, builder, array_type, args[0], args[1])
        item = context.cast(builder, args[2], signature.args[2], array_type.dtype)
        data = context.data_model_manager[array_type.dtype].as_data(builder, item)
        stored = builder.store(data, pointer)
        stored.align = None if array_type.aligned else 1
        mark(builder, stored, scope.literal_value, total.literal_value)
        return context.get_dummy_value()

    return (types.void(a, index, types.unliteral(value), scope, total), codegen) if _literal(scope, total) else None


@intrinsic
def shaped(context: Any, a: Any, dims: Any) -> Any:
    """The same dense array, with its extents as the caller knows them: constants among them reach LLVM."""
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = make_array(signature.args[0])(context, builder, args[0])
        shape = cgutils.unpack_tuple(builder, args[1], len(dims))
        strides, step = [], array.itemsize
        for n in reversed(shape):
            strides.insert(0, step)
            step = builder.mul(step, n, flags=["nsw"])
        word = context.get_value_type(types.intp)
        array.shape = cgutils.pack_array(builder, shape, word)
        array.strides = cgutils.pack_array(builder, strides, word)
        return impl_ret_borrowed(context, builder, signature.return_type, array._getvalue())

    return a(a, dims), codegen
