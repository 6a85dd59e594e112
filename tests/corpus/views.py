"""Views, shared memory, strides and reshapes: one buffer, many names."""

import numpy as np

from ._case import Corpus, make, mat, vec

case = Corpus(__name__)


@case(vec(8))
def write_through_view(x):
    v = x[2:6]
    v *= v
    return x.sum()


@case(vec(8))
def view_sees_later_writes(x):
    v = x[::2]
    x[4] = x[1] * x[3]
    return (v * v).sum()


@case(vec(12))
def views_of_views(x):
    a = x.reshape(3, 4)
    b = a[1:]
    c = b.T
    d = c[::2]
    d[:] = d**2
    c[0, 1] = a[0, 0]
    return (x * x).sum()


@case(vec(12))
def reshape_then_write(x):
    m = x.reshape(4, 3)
    m[:, 1] = m[:, 0] * m[:, 2]
    m.shape = (2, 6)
    m[1] += m[0]
    return (x**2).sum()


@case(mat(3, 4))
def ravel_of_contiguous_is_a_view(a):
    flat = a.ravel()
    flat[::3] = 1.5 * flat[1::3]
    return (a * a).sum()


@case(make(lambda r: np.asfortranarray(r.uniform(-1, 1, (3, 4)))))
def ravel_of_fortran_is_a_copy(a):
    flat = a.ravel()
    flat[:] = flat**2
    return (a * flat.reshape(3, 4)).sum()


@case(mat(3, 4))
def flatten_is_a_copy(a):
    flat = a.flatten()
    flat *= 3
    a[0] = 0.0
    return (flat**2).sum() + a.sum()


@case(make(lambda r: r.uniform(-1, 1, 10)[::-1]))
def negative_stride_argument(x):
    x[:3] *= x[-1]
    return (x * np.arange(10)).sum()


@case(make(lambda r: r.uniform(-1, 1, (6, 8))[1::2, ::3]))
def strided_argument(a):
    a[0] = a[1] * a[2]
    return a @ a.T


@case(make(lambda r: np.asfortranarray(r.uniform(-1, 1, (3, 5)))))
def fortran_argument(a):
    a[:, 2:] -= a[:, :3]
    return (a**2).sum(axis=0)


@case(make(lambda r: np.array(r.uniform())))
def zero_dimensional_argument(s):
    s += s * s
    return np.sin(s) * s[()]


@case(make(lambda r: np.zeros((0, 3))))
def empty_argument(a):
    a *= 2
    return a.sum() + np.concatenate([a, np.ones((1, 3))]).sum()


@case(make(lambda r: r.uniform(-1, 1, (2, 1, 3))))
def broadcast_to_view(a):
    b = np.broadcast_to(a, (2, 4, 3))
    a[0] *= 2.0
    return (b**2).sum()


@case(vec(4), vec(3))
def broadcast_arrays_views(x, y):
    a, b = np.broadcast_arrays(x[:, None], y)
    return (a * b + b**2).sum()


@case(vec(8))
def sliding_windows(x):
    w = np.lib.stride_tricks.sliding_window_view(x, 3)
    return (w.max(axis=1) * w.sum(axis=1)).sum()


@case(vec(9))
def as_strided_read(x):
    w = np.lib.stride_tricks.as_strided(x, shape=(3, 4), strides=(x.strides[0] * 2, x.strides[0]), writeable=False)
    x[4] *= 3.0
    return (w * w).sum()


@case(mat(4, 5))
def swapaxes_and_moveaxis(a):
    b = a.swapaxes(0, 1)
    b[2] += b[0]
    c = np.moveaxis(a.reshape(2, 2, 5), 2, 0)
    c[1] *= c[4]
    return (a * a).sum()


@case(mat(4, 4))
def diagonal_and_trace(a):
    before = np.diagonal(a).copy()
    a[1, 1] = before[0] * before[2]
    return a.trace() * np.diag(a)[1] + before.sum()


@case(mat(2, 3, 4))
def ellipsis_and_newaxis(a):
    v = a[..., 1]
    w = a[0, np.newaxis, :, None]
    v[:] = v * 2
    w += 1.0
    return (a**2).sum()


@case(mat(3, 1, 4))
def squeeze_and_expand(a):
    s = a.squeeze(1)
    s[1] = s[0] * s[2]
    e = np.expand_dims(s, 0)
    e[0, 2, :2] = 0.0
    return (a * a * a).sum()


@case(mat(6, 4))
def split_pieces_are_views(a):
    top, middle, bottom = np.split(a, 3)
    top[:] = middle * bottom
    left, right = np.hsplit(a, 2)
    right -= left
    return (a * a).sum()


@case(mat(4, 6))
def array_split_uneven(a):
    total = 0.0
    for piece in np.array_split(a, 4, axis=1):
        piece *= piece[0, 0]
        total = total + piece.sum()
    return total


@case(mat(3, 4))
def iterate_rows_as_views(a):
    for row in a:
        row[1:] += row[:-1]
    for column in a.T:
        column /= 1 + column[0] ** 2
    return a


@case(vec(6))
def real_view_of_complex(x):
    z = np.zeros(3, dtype=complex)
    z.real = x[:3]
    z.imag[:] = x[3:] * x[:3]
    z.real[1] += z.imag[2]
    return (abs(z) ** 2).sum()


@case(vec(6))
def float_view_of_complex(x):
    z = x.view(np.complex128)
    z *= 1 + 2j
    return (x * np.arange(6)).sum()


@case(vec(6))
def base_survives_local_scope(x):
    def tail(a):
        copy = a * 1.0
        return copy[3:]

    t = tail(x)
    t[0] *= t[2]
    u = t[::-1]
    u += x[:3]
    return (t * t).sum()


@case(vec(10))
def two_overlapping_views(x):
    a, b = x[:6], x[3:9]
    for _ in range(3):
        a *= 0.9
        b[:] = np.sin(b) + a[5]
    return (x * x).sum()


@case(mat(4, 4))
def blocks_of_a_matrix(m):
    a, b, c, d = m[:2, :2], m[:2, 2:], m[2:, :2], m[2:, 2:]
    d -= c @ np.linalg.inv(a + 3 * np.eye(2)) @ b
    c[:] = 0
    return np.linalg.det(m + 2 * np.eye(4))


@case(vec(6))
def copy_breaks_the_link(x):
    y = x.copy()
    z = np.array(x)
    w = np.array(x, copy=False) if False else np.asarray(x)
    x *= 2
    return (y * z).sum() + (w * w).sum()


@case(vec(6))
def asarray_keeps_the_link(x):
    y = np.asarray(x, dtype=float)
    z = np.ascontiguousarray(y)
    z[::2] = 0.5
    return (x**2).sum()


@case(vec(5))
def astype_copies(x):
    y = x.astype(float)
    z = x.astype(float, copy=False)
    x[0] = 2 * x[1]
    return (y * z).sum()


@case(vec(6))
def view_method(x):
    y = x.view()
    y.shape = 2, 3
    y[1] = y[0] ** 2
    return x.sum()


@case(mat(3, 4))
def rot_flip_roll(a):
    b = np.rot90(a)
    b[0, 0] = 4 * b[1, 1]
    c = np.flip(a, axis=1)
    c[2] *= c[0]
    d = np.roll(a, 1, axis=1)
    d[:] = d * a
    return (a * a).sum() + d.sum()


@case(vec(7))
def meshgrid_views(x):
    xx, yy = np.meshgrid(x[:3], x[3:])
    return (np.sin(xx) * yy**2).sum()


@case(vec(6), vec(6))
def list_of_views(x, w):
    parts = [x[:2], x[2:4], x[4:]]
    for p, q in zip(parts, parts[1:]):
        q += p**2
    parts[0][:] = 0
    return (x * w).sum()


@case(vec(6))
def view_stored_in_dict(x):
    state = {"left": x[:3], "right": x[3:]}
    state["left"] *= state["right"]
    state["right"] = state["right"] * 2
    state["right"][0] = 1.0
    return (x * x).sum() + state["right"].sum()


@case(mat(3, 3))
def triangular_views(a):
    low = np.tril(a)
    low[0, 2] = a[0, 0]
    a[np.triu_indices(3, 1)] = 0.0
    return ((low - a) ** 2).sum() + np.prod(np.diag(a))


@case(vec(6))
def memory_of_a_slice_object(x):
    s = slice(1, None, 2)
    x[s] = x[s][::-1]
    index = (Ellipsis, slice(0, 2))
    x[index] *= 3
    return (x * np.arange(6)).sum()


@case(mat(2, 3, 4))
def einsum_and_tensordot_of_views(a):
    v = a[:, ::2]
    t = np.einsum("ijk,ljk->il", v, v)
    a[0] = 0
    return np.tensordot(t, a.transpose(2, 0, 1), axes=([0], [1])).sum()


@case(vec(12))
def structured_heat_bars(x):
    """Three bars kept as rows of one state vector, coupled at their ends."""
    bars = x.reshape(3, 4)
    for _ in range(4):
        bars[:, 1:-1] += 0.2 * (bars[:, :-2] - 2 * bars[:, 1:-1] + bars[:, 2:])
        bars[1:, 0] = bars[:-1, -1]
    return x


@case(vec(4), either=True)
def nditer_readwrite(x):
    with np.nditer(x, op_flags=[["readwrite"]]) as it:
        for v in it:
            v[...] = v * v
    return x.sum()


@case(mat(3, 4))
def ndenumerate_and_ndindex(a):
    total = 0.0
    for (i, j), v in np.ndenumerate(a):
        total += v * v * (i + 1)
        a[i, j] = v * j
    for index in np.ndindex(2, 2):
        total += a[index]
    return total
