"""Products of arrays: dot, matmul and its kin, tensordot, einsum, kron, trace, convolution.

All are multilinear: the pushforward replaces one factor after the other by its tangent.
"""

from __future__ import annotations

import numpy as np

from .._registry import linear, pullback, pushforward, unbroadcast
from ..samples import Sample, array
from .ufuncs import conj


def multilinear(f, factors=(0, 1)):
    """Register the pushforward of a function linear in each of its `factors`: the product rule."""

    def push(y, tangents, *args, **kwargs):
        kwargs = {k: v for k, v in kwargs.items() if k not in ("out", "dtype", "casting")}
        terms = []
        for i, tangent in zip(factors, tangents, strict=True):
            if tangent is not None:
                terms.append(f(*args[:i], tangent, *args[i + 1:], **kwargs))
        y_dot = terms[0]
        for term in terms[1:]:
            y_dot = y_dot + term
        return y_dot

    pushforward(f, argnums=factors)(push)


def transpose(x):
    """The last two axes exchanged."""
    return np.swapaxes(x, -1, -2)


# ---- matmul and the other generalised ufuncs -----------------------------------------------------------------

pairs = [
    Sample((array(3), array(3, seed=1))), Sample((array(2, 3), array(3))), Sample((array(3), array(3, 2))),
    Sample((array(2, 3), array(3, 4))), Sample((array(5, 2, 3), array(3, 4))), Sample((array(2, 3), array(5, 3, 4))),
    Sample((array(5, 1, 2, 3), array(2, 3, 4))), Sample((array(4, 2, 3), array(3))), Sample((array(3), array(4, 3, 2))),
    Sample((array(0, 3), array(3, 2))), Sample((array(2, 0), array(0, 3))), Sample((array(1, 1), array(1, 1))),
    Sample((array(2, 3, dtype=complex), array(3, 2, dtype=complex))), Sample((array(2, 3), array(3, dtype=complex))),
]


@pullback(np.matmul, argnums=(0, 1), samples=pairs, cite="Giles 2008, section 2.2.2")
def matmul(y, y_bar, a, b, axes=None, active=(True, True)):
    """``A_bar = Y_bar B^H``, ``B_bar = A^H Y_bar``, summed over broadcast batches."""
    if axes is not None:
        a, b, y_bar = (_to_core(x, ax) for x, ax in zip((a, b, y_bar), _core_axes(axes, a, b), strict=True))
        bars = matmul(y, y_bar, a, b, None, active)
        return tuple(x if x is None else _from_core(x, ax) for x, ax in zip(bars, axes[:2], strict=True))
    row, column = np.ndim(a) == 1, np.ndim(b) == 1
    if row and column:
        return conj(b) * y_bar, conj(a) * y_bar
    left = np.expand_dims(a, 0) if row else a
    right = np.expand_dims(b, 1) if column else b
    g = np.expand_dims(y_bar, -2) if row else np.expand_dims(y_bar, -1) if column else y_bar
    a_bar = b_bar = None
    if active[0]:
        a_bar = np.reshape(_product(g, transpose(conj(right)), np.shape(left)), np.shape(a))
    if active[1]:
        b_bar = np.reshape(_cross_product(left, g, np.shape(right)), np.shape(b))
    return a_bar, b_bar


def _product(g, b, shape):
    """``g @ b`` summed over the batch axes that `shape` lacks."""
    batch = np.ndim(g) - 2
    if len(shape) == 2 and batch and np.shape(g)[:-2] == np.shape(b)[:-2]:
        return np.tensordot(g, b, ([*range(batch), batch + 1], [*range(batch + 1)]))
    return unbroadcast(g @ b, shape)


def _cross_product(a, g, shape):
    """``a^H @ g`` summed over the batch axes that `shape` lacks: one product of two matrices where it can be."""
    if len(shape) == 2 and np.ndim(a) > 2 and np.shape(a)[:-2] == np.shape(g)[:-2] and np.size(a) and np.size(g):
        tall = np.reshape(conj(a), (-1, np.shape(a)[-1]))
        return tall.T @ np.reshape(g, (-1, np.shape(g)[-1]))
    return unbroadcast(transpose(conj(a)) @ g, shape)


def _core_axes(axes, a, b):
    """The `axes` keyword of a product with its entry for the result filled in."""
    axes = [tuple(ax) if isinstance(ax, (tuple, list)) else (ax,) for ax in axes]
    return axes if len(axes) == 3 else [*axes, ()]


def _to_core(x, axes):
    return np.moveaxis(x, axes, range(-len(axes), 0)) if axes else x


def _from_core(x, axes):
    axes = tuple(axes) if isinstance(axes, (tuple, list)) else (axes,)
    return np.moveaxis(x, range(-len(axes), 0), axes)


multilinear(np.matmul)


@pullback(np.vecdot, argnums=(0, 1), samples=[
    Sample((array(3), array(3, seed=1))), Sample((array(2, 3), array(3))), Sample((array(4, 1, 3), array(2, 3))),
    Sample((array(3, 4), array(3, 1)), {"axis": 0}), Sample((array(2, 3, dtype=complex), array(3, dtype=complex)))])
def vecdot(y, y_bar, a, b, axis=-1):
    """``sum(conj(a) b)`` along `axis`."""
    g = np.expand_dims(y_bar, axis)
    return unbroadcast(b * conj(g), np.shape(a)), unbroadcast(a * g, np.shape(b))


@pushforward(np.vecdot, argnums=(0, 1))
def vecdot_pushforward(y, tangents, a, b, axis=-1):
    """Product rule; conjugation makes it linear over the real numbers only."""
    terms = [np.vecdot(a_dot, b_, axis=axis) for a_dot, b_ in ((tangents[0], b), (a, tangents[1]))
             if a_dot is not None and b_ is not None]
    return terms[0] if len(terms) == 1 else terms[0] + terms[1]


def matvec(y, y_bar, a, x):
    """``A_bar = y_bar x^H``, ``x_bar = A^H y_bar``."""
    a_bar = np.expand_dims(y_bar, -1) * np.expand_dims(conj(x), -2)
    x_bar = np.sum(conj(a) * np.expand_dims(y_bar, -1), axis=-2)
    return unbroadcast(a_bar, np.shape(a)), unbroadcast(x_bar, np.shape(x))


def vecmat(y, y_bar, x, a):
    """``y = x^H A``."""
    a_bar = np.expand_dims(x, -1) * np.expand_dims(y_bar, -2)
    x_bar = np.sum(a * np.expand_dims(conj(y_bar), -2), axis=-1)
    return unbroadcast(x_bar, np.shape(x)), unbroadcast(a_bar, np.shape(a))


if hasattr(np, "matvec"):  # NumPy 2.2
    pullback(np.matvec, argnums=(0, 1), samples=[
        Sample((array(2, 3), array(3))), Sample((array(4, 2, 3), array(3))), Sample((array(2, 3), array(4, 3))),
        Sample((array(2, 3, dtype=complex), array(3, dtype=complex)))])(matvec)
    pullback(np.vecmat, argnums=(0, 1), samples=[
        Sample((array(2), array(2, 3))), Sample((array(4, 2), array(2, 3))), Sample((array(2), array(4, 2, 3))),
        Sample((array(2, dtype=complex), array(2, 3, dtype=complex)))])(vecmat)
    multilinear(np.matvec)
    multilinear(np.vecmat)

# ---- dot, inner, vdot, outer, tensordot ----------------------------------------------------------------------


def dot(y, y_bar, a, b, out=None):
    """Contract the last axis of `a` with the last but one of `b`; a product if one is a scalar."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return unbroadcast(y_bar * conj(b), np.shape(a)), unbroadcast(y_bar * conj(a), np.shape(b))
    if np.ndim(a) <= 2 and np.ndim(b) <= 2:
        return matmul(y, y_bar, a, b)
    return _contract(y_bar, a, b, np.ndim(a) - 1, max(np.ndim(b) - 2, 0))


def _contract(y_bar, a, b, i, j):
    """Cotangents of ``tensordot(a, b, (i, j))``."""
    free_a, free_b = np.ndim(a) - 1, np.ndim(b) - 1
    rest_b = [k for k in range(np.ndim(b)) if k != j]
    rest_a = [k for k in range(np.ndim(a)) if k != i]
    a_bar = np.tensordot(y_bar, conj(b), (list(range(free_a, free_a + free_b)), rest_b))
    b_bar = np.tensordot(y_bar, conj(a), (list(range(free_a)), rest_a))
    return np.moveaxis(a_bar, -1, i), np.moveaxis(b_bar, -1, j)


dot_samples = [
    Sample((array(3), array(3, seed=1))), Sample((array(2, 3), array(3))), Sample((array(3), array(3, 2))),
    Sample((array(2, 3), array(3, 4))), Sample((array(5, 2, 3), array(3))), Sample((array(5, 2, 3), array(4, 3, 2))),
    Sample((array(3), array(4, 3, 2))), Sample((array(), array(2, 3))), Sample((array(2, 3), array())),
    Sample((array(0), array(0))), Sample((array(2, 3, dtype=complex), array(3, 2, dtype=complex))),
]
for f in (np.dot, np.ndarray.dot):
    pullback(f, argnums=(0, 1), samples=dot_samples)(dot)
    multilinear(f)


@pullback(np.inner, argnums=(0, 1), samples=[
    Sample((array(3), array(3, seed=1))), Sample((array(2, 3), array(3))), Sample((array(2, 3), array(4, 3))),
    Sample((array(2, 2, 3), array(4, 3))), Sample((array(), array(3))),
    Sample((array(2, 3, dtype=complex), array(4, 3, dtype=complex)))])
def inner(y, y_bar, a, b):
    """Contract the last axes."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return unbroadcast(y_bar * conj(b), np.shape(a)), unbroadcast(y_bar * conj(a), np.shape(b))
    return _contract(y_bar, a, b, np.ndim(a) - 1, np.ndim(b) - 1)


multilinear(np.inner)


@pullback(np.vdot, argnums=(0, 1), samples=[
    Sample((array(3), array(3, seed=1))), Sample((array(2, 3), array(2, 3, seed=1))), Sample((array(2, 3), array(6))),
    Sample((array(3, dtype=complex), array(3, seed=1, dtype=complex)))])
def vdot(y, y_bar, a, b):
    """``sum(conj(a) b)`` over all elements in C order."""
    return np.reshape(b * conj(y_bar), np.shape(a)), np.reshape(a * y_bar, np.shape(b))


multilinear(np.vdot)


@pullback(np.outer, argnums=(0, 1), samples=[
    Sample((array(3), array(2))), Sample((array(2, 2), array(3))), Sample((array(), array(3))),
    Sample((array(3, dtype=complex), array(2, dtype=complex)))])
def outer(y, y_bar, a, b, out=None):
    """``a_bar = Y_bar conj(b)``, ``b_bar = Y_bar^T conj(a)``."""
    return (np.reshape(y_bar @ conj(np.ravel(b)), np.shape(a)), np.reshape(conj(np.ravel(a)) @ y_bar, np.shape(b)))


multilinear(np.outer)


@pullback(np.tensordot, argnums=(0, 1), samples=[
    Sample((array(2, 3, 4), array(3, 4, 5))), Sample((array(2, 3, 4), array(4, 3, 2), ([1, 2], [1, 0]))),
    Sample((array(2, 3), array(3, 2), 1)), Sample((array(2), array(3), 0)), Sample((array(2, 3), array(2, 3), (0, -2))),
    Sample((array(2, 3, dtype=complex), array(3, 2, dtype=complex), 1))])
def tensordot(y, y_bar, a, b, axes=2):
    """Contract the cotangent with the other factor over that factor's free axes."""
    if isinstance(axes, (int, np.integer)):
        left, right = list(range(np.ndim(a) - axes, np.ndim(a))), list(range(axes))
    else:
        left, right = ([int(i) for i in np.ravel(ax)] for ax in axes)
        left, right = [i % np.ndim(a) for i in left], [i % np.ndim(b) for i in right]
    free_a = [i for i in range(np.ndim(a)) if i not in left]
    free_b = [i for i in range(np.ndim(b)) if i not in right]
    n = len(free_a)
    a_bar = np.tensordot(y_bar, conj(b), (list(range(n, n + len(free_b))), free_b))
    b_bar = np.tensordot(y_bar, conj(a), (list(range(n)), free_a))
    order = [left[k] for k in np.argsort(right)]
    a_bar = np.transpose(a_bar, np.argsort(free_a + order)) if np.ndim(a) else a_bar
    order = [right[k] for k in np.argsort(left)]
    return a_bar, np.transpose(b_bar, np.argsort(free_b + order)) if np.ndim(b) else b_bar


multilinear(np.tensordot)


@pullback(np.kron, argnums=(0, 1), samples=[
    Sample((array(2), array(3))), Sample((array(2, 3), array(3, 2))), Sample((array(2), array(2, 3))),
    Sample((array(2, 3), array(2))), Sample((array(), array(2))),
    Sample((array(2, 3, dtype=complex), array(3, 2, dtype=complex)))])
def kron(y, y_bar, a, b):
    """View the result as blocks: ``y[i0 i1, …] = a[i0, …] b[i1, …]``."""
    ndim = max(np.ndim(a), np.ndim(b))
    shape_a = (1,) * (ndim - np.ndim(a)) + np.shape(a)
    shape_b = (1,) * (ndim - np.ndim(b)) + np.shape(b)
    blocks = np.reshape(y_bar, [n for pair in zip(shape_a, shape_b, strict=True) for n in pair])
    outer_axes, inner_axes = list(range(0, 2 * ndim, 2)), list(range(1, 2 * ndim, 2))
    a_bar = np.tensordot(blocks, conj(np.reshape(b, shape_b)), (inner_axes, list(range(ndim))))
    b_bar = np.tensordot(blocks, conj(np.reshape(a, shape_a)), (outer_axes, list(range(ndim))))
    return np.reshape(a_bar, np.shape(a)), np.reshape(b_bar, np.shape(b))


multilinear(np.kron)

# ---- einsum -------------------------------------------------------------------------------------------------


def parse_einsum(args):
    """Operand positions, their subscripts and the result's, of any form `np.einsum` takes; ellipses spelled out."""
    if isinstance(args[0], str):
        positions = list(range(1, len(args)))
        inputs, arrow, output = args[0].replace(" ", "").partition("->")
        terms = inputs.split(",")
        output = output if arrow else None
    else:
        n = len(args) - len(args) % 2
        positions = list(range(0, n, 2))
        terms = [_spell(args[i + 1]) for i in positions]
        output = _spell(args[-1]) if len(args) % 2 else None
    used = set("".join(terms))
    spare = [chr(code) for code in range(0x100, 0x180) if chr(code) not in used]
    hidden = [np.ndim(args[i]) - len(term.replace("...", "")) for i, term in zip(positions, terms, strict=True)]
    longest = max((n for n, term in zip(hidden, terms, strict=True) if "..." in term), default=0)
    dots = "".join(spare[:longest])
    if output is None:
        letters = "".join(terms).replace(".", "")
        output = "..." * (longest > 0) + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    terms = [term.replace("...", dots[longest - n:] if n else "") for n, term in zip(hidden, terms, strict=True)]
    return positions, terms, output.replace("...", dots)


def _spell(sublist) -> str:
    return "".join("..." if i is Ellipsis else chr(ord("a") + i) if i < 26 else chr(ord("A") + i - 26)
                   for i in sublist)


def _einsum(operands, terms, output, optimize=False):
    """`np.einsum` over arbitrarily many distinct letters, in the interleaved form."""
    number = {c: i for i, c in enumerate(dict.fromkeys("".join(terms) + output))}
    pieces = []
    for x, term in zip(operands, terms, strict=True):
        pieces += [x, [number[c] for c in term]]
    return np.einsum(*pieces, [number[c] for c in output], optimize=optimize)


def einsum(y, y_bar, *args, out=None, optimize=False, active=None, **kwargs):
    """Exchange the roles of an operand and the result in the subscripts."""
    positions, terms, output = parse_einsum(args)
    operands = [args[i] for i in positions]
    sizes: dict[str, int] = {}
    for x, term in zip(operands, terms, strict=True):
        for c, n in zip(term, np.shape(x), strict=True):
            sizes[c] = n if sizes.get(c, 1) == 1 else sizes[c]
    bars: list = [None] * len(args)
    for k, i in enumerate(positions):
        if active is None or active[i]:
            rest = [conj(x) for j, x in enumerate(operands) if j != k]
            bars[i] = _einsum_bar(y_bar, output, rest, terms[:k] + terms[k + 1:], terms[k], np.shape(operands[k]),
                                  sizes, optimize)
    return tuple(bars)


def _einsum_bar(y_bar, output, rest, rest_terms, term, shape, sizes, optimize):
    """The cotangent of one operand: contract, then broadcast summed letters and unfold repeated ones."""
    length = dict(zip(term, shape, strict=True))
    letters = list(dict.fromkeys(term))
    known = set(output) | set("".join(rest_terms))
    kept = [c for c in letters if c in known and length[c] == sizes[c]]
    x_bar = _einsum([y_bar, *rest], [output, *rest_terms], "".join(kept), optimize)
    found = dict(zip(kept, np.shape(x_bar), strict=True))
    x_bar = np.reshape(x_bar, [found.get(c, 1) for c in letters])
    x_bar = np.broadcast_to(x_bar, [length[c] for c in letters])
    if len(letters) == len(term):
        return x_bar
    indices, masks, seen = [], [], []
    for axis, c in enumerate(term):
        name = letters.index(c)
        if c in seen:
            masks += [np.eye(length[c]), [name, len(letters) + axis]]
            name = len(letters) + axis
        seen.append(c)
        indices.append(name)
    return np.einsum(x_bar, list(range(len(letters))), *masks, indices)


einsum_samples = [
    Sample(("ij,jk->ik", array(2, 3), array(3, 4))), Sample(("ij,jk", array(2, 3), array(3, 4))),
    Sample(("ii", array(3, 3))), Sample(("ii->i", array(3, 3))), Sample(("ij->", array(2, 3))),
    Sample(("ij->ji", array(2, 3))), Sample(("...ij,...jk->...ik", array(4, 2, 3), array(3, 2))),
    Sample(("i...,i...->...", array(2, 3), array(2, 1))), Sample(("i,j,k->ijk", array(2), array(3), array(4))),
    Sample(("ij,j->i", array(2, 1), array(3))), Sample(("iij,j->i", array(2, 2, 3), array(3))),
    Sample((array(2, 3), [0, 1], array(3, 4), [1, 2], [0, 2])), Sample((array(2, 3), [0, 1], array(3), [1])),
    Sample((array(2, 3), [Ellipsis, 0], array(3), [0], [Ellipsis])),
    Sample(("ij,jk,kl->il", array(2, 3), array(3, 4), array(4, 2)), {"optimize": True}),
    Sample(("a,ab,abc->abc", array(2), array(2, 2), array(2, 2, 3)), {"optimize": "optimal"}),
    Sample(("ij,jk->ik", array(2, 3, dtype=complex), array(3, 2, dtype=complex))),
    Sample((",ij->ij", array(), array(2, 3))), Sample(("iij,jii->j", array(2, 2, 3), array(3, 2, 2))),
    Sample(("ij,ij->j", array(2, 3), array(2, 3, seed=3))), Sample(("ij,jk->ik", array(0, 3), array(3, 2))),
]
plain_einsum_samples = [s for s in einsum_samples if not s.kwargs]


def einsum_pushforward(y, tangents, *args, out=None, optimize=False, **kwargs):
    """The product rule."""
    terms = [np.einsum(*args[:i], t, *args[i + 1:], optimize=optimize) for i, t in enumerate(tangents) if t is not None]
    y_dot = terms[0]
    for term in terms[1:]:
        y_dot = y_dot + term
    return y_dot


for f, cases in ((np.einsum, einsum_samples), (np._core.multiarray.c_einsum, plain_einsum_samples)):
    pullback(f, argnums=slice(0, None), samples=cases)(einsum)
    pushforward(f, argnums=slice(0, None))(einsum_pushforward)

# ---- trace, convolution -------------------------------------------------------------------------------------


def trace_adjoint(y_bar, a, offset=0, axis1=0, axis2=1, dtype=None, out=None):
    """Put the cotangent on the diagonal."""
    shape = np.shape(a)
    mask = np.eye(shape[axis1], shape[axis2], offset)
    keep = [1 if i in (axis1 % len(shape), axis2 % len(shape)) else n for i, n in enumerate(shape)]
    if axis1 % len(shape) > axis2 % len(shape):
        mask = mask.T
    placed = [n if i in (axis1 % len(shape), axis2 % len(shape)) else 1 for i, n in enumerate(shape)]
    return np.reshape(y_bar, keep) * np.reshape(mask, placed)


trace_samples = [Sample((array(3, 3),)), Sample((array(3, 4), 1)), Sample((array(2, 3, 4), -1, 2, 0)),
                 Sample((array(3, 3, dtype=complex),))]
for f in (np.trace, np.ndarray.trace):
    linear(f, adjoint=trace_adjoint, samples=trace_samples)

_MODES = {0: "valid", 1: "same", 2: "full", "v": "valid", "s": "same", "f": "full"}
_correlate = np._core.multiarray.correlate


def _full_bar(y_bar, n, m, mode):
    """The cotangent of a convolution in `mode` as the cotangent of the full one."""
    mode = _MODES.get(mode if isinstance(mode, int) else str(mode)[:1].lower(), mode)
    if mode == "full":
        return y_bar
    total, length = n + m - 1, np.shape(y_bar)[0]
    before = (total - length) // 2 if mode == "same" else min(n, m) - 1
    return np.concatenate([np.zeros(before), y_bar, np.zeros(total - length - before)])


@pullback(_correlate, argnums=(0, 1), samples=[
    Sample((array(5), array(3), mode)) for mode in (0, 1, 2)] + [Sample((array(6), array(4), 1)),
    Sample((array(5), array(3, dtype=complex), 2))])
def correlate(y, y_bar, a, v, mode=0):
    """``y[k] = sum_n a[n+k] v[n]``: two correlations of the full cotangent; called with the longer one first."""
    n, m = np.shape(a)[0], np.shape(v)[0]
    g = _full_bar(y_bar, n, m, mode)
    return _correlate(g, conj(np.flip(v)), 0), np.flip(_correlate(g, conj(a), 0))


multilinear(_correlate)

_correlate2 = np._core.multiarray.correlate2


@pullback(_correlate2, argnums=(0, 1), samples=[
    Sample((array(n), array(m), mode)) for n, m in ((5, 3), (3, 5), (4, 4), (2, 4)) for mode in (0, 1, 2)] + [
    Sample((array(5, dtype=complex), array(3, dtype=complex), 1))])
def correlate2(y, y_bar, a, v, mode=0):
    """``y[k] = sum_n a[n+k] conj(v[n])``, of which a shorter `a` gives the mirror image."""
    if np.shape(a)[0] < np.shape(v)[0]:
        v_bar, a_bar = correlate2(y, conj(np.flip(y_bar)), v, a, mode)
        return a_bar, v_bar
    a_bar, v_bar = correlate(y, y_bar, a, conj(v), mode)
    return a_bar, conj(v_bar)


multilinear(_correlate2)
