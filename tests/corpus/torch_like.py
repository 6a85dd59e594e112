"""In-place operations on views, saved values and hooks: programs after the autograd tests of PyTorch and Chainer."""

import contextlib
import functools
import math
import weakref

import numpy as np

from ._case import Corpus, cvec, make, mat, pos, vec

case = Corpus(__name__)


@case(mat(4, 5))
def write_to_a_column_view(x):
    v = x[:, 2]
    v *= v
    w = x[1]
    w[...] = v[0] + w
    return (x * x).sum()


@case(mat(3, 4))
def in_place_on_view_of_view_of_transpose(x):
    v = x.T[1:3][:, ::2]
    v += np.arange(4.0).reshape(2, 2)
    v[0] *= v[1]
    return x


@case(vec(6))
def value_read_before_an_overwrite_is_kept(x):
    y = np.exp(x)
    z = y * x
    y[...] = 0.0
    y += x
    return (z * y).sum()


@case(vec(5))
def result_of_sigmoid_changed_in_place(x):
    s = 1 / (1 + np.exp(-x))
    t = s * 1
    s *= 2
    np.tanh(t, out=t)
    return (s * t).sum() + s[0] * t[0]


@case(vec(8))
def halves_exchanged_through_views(x):
    a, b = np.split(x, 2)
    a += b
    b -= a
    a[:], b[:] = b.copy(), a.copy()
    return (x * np.arange(8)).sum()


@case(vec(6))
def chunks_written_one_after_the_other(x):
    for k, piece in enumerate(np.array_split(x, 4)):
        piece *= k + x[0]
    return x.sum() * x[1]


@case(mat(3, 3))
def diagonal_written_through_a_flat_slice(x):
    d = x.reshape(-1)[:: x.shape[1] + 1]
    d[:] = d**2 + x[0, 1]
    return np.trace(x) * x[1, 1] + x.sum()


@case(mat(2, 6))
def reshape_of_a_transpose_is_a_copy(x):
    y = x.T.reshape(3, 4)
    y *= 3
    z = x.reshape(3, 4)
    z *= 2
    return x, y


@case(vec(4))
def leaf_written_after_use(x):
    y = x * x
    x[1] = y[1] * 3
    z = y * x
    x[:] = 1.5
    return z.sum() + y[0]


@case(vec(5), mat(5, 3))
def buffers_of_batch_normalisation(g, x):
    running_mean, running_var = np.zeros(3), np.ones(3)
    for rows in (x[:3], x[2:]):
        m, v = rows.mean(0), rows.var(0)
        running_mean *= 0.9
        running_mean += 0.1 * m
        running_var[:] = 0.9 * running_var + 0.1 * v * len(rows) / (len(rows) - 1)
    return ((x - running_mean) / np.sqrt(running_var + 1e-5) * g[:, None]).sum(0)


@case(vec(6))
def index_put_accumulates(x):
    y = np.zeros((2, 3))
    np.add.at(y, ([0, 0, 1, 0], [1, 1, 2, 1]), x[:4])
    y[[0, 1], [0, 0]] = x[4:]
    y[1, ...] += y[0] * x[0]
    return (y**2).sum()


@case(mat(4, 4))
def masked_fill_and_scatter(x):
    mask = np.triu(np.ones((4, 4), bool), 1)
    scores = x @ x.T
    scores[mask] = -np.inf
    e = np.exp(scores - scores.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    out = np.zeros((4, 4))
    np.put_along_axis(out, np.array([[1], [0], [3], [2]]), p[:, :1], axis=1)
    return p[:, 0] @ out @ x


@case(vec(4))
def gather_and_take_along_axis(x):
    a = np.outer(x, x[::-1])
    order = np.argsort(a, axis=1)
    return np.take_along_axis(a, order, 1)[:, 1:3], np.take_along_axis(a, order[:, :1], 1) * x[0]


@case(vec(3))
def grad_flows_through_zero_dimensional_views(x):
    z = np.zeros(())
    z[...] = x[0] * x[1]
    w = z.reshape(1)
    w += x[2]
    return z * z, z[()] * x[0], float(z) * x[1]


@case(cvec(4))
def real_and_imaginary_written_apart(z):
    z.real *= z.imag
    z.imag[1:] = z.real[:-1] ** 2
    w = z.conj()
    w.imag += 1.0
    return (np.abs(w) ** 2).sum() + (z * w).real.sum()


@case(vec(8))
def complex_view_of_reals_written(x):
    z = x.view(complex)
    z *= 1j
    z[1] = z[0] * z[2].conjugate()
    return x


@case(cvec(3))
def real_view_of_complex_written(z):
    r = z.view(float).reshape(3, 2)
    r[:, 0] += r[:, 1] ** 2
    r[1] = r[0][::-1]
    return np.abs(z) ** 2


@case(vec(5))
def same_view_object_used_after_base_changed(x):
    v = x[1:4]
    a = v.sum()
    x *= 2
    b = v.sum()
    x = x * x
    c = v.prod()
    return a * b * c


@case(vec(6))
def list_of_views_updated_in_order(x):
    parts = [x[i : i + 3] for i in range(4)]
    for p, q in zip(parts, parts[1:]):
        q += 0.5 * p
    return [p.sum() for p in parts]


@case(mat(3, 4))
def unbind_rows_and_write(x):
    a, b, c = x
    a *= b
    b -= c * a
    c[::2] = a[1::2]
    return x


@case(mat(2, 3), vec(3))
def expand_then_accumulate(x, b):
    e = np.broadcast_to(b, (2, 3))
    y = x + e
    b *= 2
    y += e
    return (y * x).sum()


@case(vec(4))
def deep_graph_is_linear_in_depth(x):
    y = x
    for _ in range(300):
        y = y + x * 0.001
    return y.sum()


@case(2.0, gradient=32.0 * 2.0**31)
def diamond_graph_is_visited_once(x):
    y = x
    for _ in range(5):
        y = y * y
    return y


@case(np.array(2.0), 0.5)
def fan_out_of_two_to_the_thirty(x, s):
    y = x * s
    for _ in range(30):
        y = y + y
    return y * 1e-9


@case(vec(3))
def norm_and_its_square_root(x):
    return np.linalg.norm(x) + np.sqrt((x * x).sum()) * x[0] + np.linalg.norm(x, 1) + np.linalg.norm(x, np.inf)


@case(np.zeros(3), gradient=np.zeros(3), differences=False, nested=False)
def norm_squared_at_zero(x):
    return np.sum(np.abs(x) ** 2) + (x * x).sum()


@case(np.array([0.0, 1.0, 4.0]), gradient=np.array([0.0, 0.5, 0.25]), differences=False, nested=False)
def where_guards_the_square_root(x):
    safe = np.where(x > 0, x, 1.0)
    return np.where(x > 0, np.sqrt(safe), 0.0).sum()


@case(np.array([1.0, 1.0, 0.5]), gradient=np.array([1.5, 0.5, 0.0]), differences=False, nested=False)
def ties_of_maximum_share_or_choose(x):
    return max(x[0], x[2]) + np.where(x[0] >= x[1], 0.5 * x[0] + 0.5 * x[1], x[1])


class Saved:
    """A function object that keeps what its backward would need."""

    def __init__(self):
        self.tensors = ()

    def __call__(self, x, *, scale=1.0):
        y = np.tanh(x) * scale
        self.tensors = (x, y)
        return y


@case(vec(3), 1.3)
def function_objects_save_values(x, s):
    f, g = Saved(), Saved()
    y = g(f(x, scale=s), scale=2.0)
    return (f.tensors[1] * g.tensors[0]).sum() + y.sum()


class Module:
    """Parameters found by walking attributes."""

    def __init__(self, **parts):
        self.__dict__.update(parts)
        self.training = True

    def parameters(self):
        for value in vars(self).values():
            if isinstance(value, Module):
                yield from value.parameters()
            elif isinstance(value, np.ndarray):
                yield value

    @contextlib.contextmanager
    def evaluating(self):
        old, self.training = self.training, False
        try:
            yield self
        finally:
            self.training = old


@case(mat(3, 2), vec(3), vec(2))
def module_tree_with_parameters(w, b, x):
    net = Module(first=Module(w=w, b=b), second=Module(w=w.T))
    h = np.tanh(net.first.w @ x + net.first.b)
    with net.evaluating():
        y = net.second.w @ h * (2.0 if net.training else 0.5)
    decay = sum((p * p).sum() for p in net.parameters())
    for p in net.parameters():
        p *= 0.9
    return y.sum() + 0.1 * decay + w[0, 0]


@case(vec(4))
def hooks_called_on_values(x):
    hooks, seen = [], []

    def register(f):
        hooks.append(weakref.WeakMethod(f) if hasattr(f, "__self__") else f)
        return f

    @register
    def double(v):
        return v * 2

    @register
    def keep(v):
        seen.append(v)

    y = x
    for h in hooks:
        new = h(y)
        y = y if new is None else new
    return y.sum() * seen[0][1]


@case(vec(3), mat(3, 3))
def functional_state_returned_and_fed_back(h, w):
    def cell(state, x):
        h, c = state
        gates = np.concatenate([w @ h, w.T @ x])
        i, f = gates[:3], gates[3:]
        c = np.tanh(f) * c + i
        return (np.tanh(c) * h, c), c.sum()

    state, outputs = (h, h * 0.5), []
    for x in (h, w[0], w[:, 1]):
        state, out = cell(state, x)
        outputs.append(out)
    return outputs[-1] * outputs[0] + state[0].sum()


@case(vec(6))
def cumulative_products_with_zeros(x):
    x[2] = 0.0
    return np.cumprod(x), np.prod(x[:2]), np.cumprod(x[::-1])[1] * x[0], np.prod(x)


@case(np.array([2.0, 0.0, 3.0]), gradient=np.array([0.0, 6.0, 0.0]))
def product_with_one_zero(x):
    return np.prod(x)


@case(np.array([2.0, 0.0, 0.0]), gradient=np.zeros(3))
def product_with_two_zeros(x):
    return np.prod(x)


@case(np.array([[2.0, 0.0], [0.0, 3.0]]), np.array([0.0, 3.0]))
def powers_of_zero(a, p):
    return (a**2).sum() + (a**3.0).sum() + np.power(a, 1.0).sum() + (a[0, 0] ** p).sum() + 2.0**a


@case(vec(5), vec(3))
def convolutions_of_every_mode(x, k):
    return np.convolve(x, k), np.convolve(x, k, "same"), np.correlate(x, k, "valid"), np.convolve(k, x, "valid") * x[:3]


@case(mat(2, 6, 5), mat(2, 2, 3, 3))
def convolution_by_strided_windows(image, kernel):
    s = np.lib.stride_tricks.as_strided(
        image, (2, 4, 3, 3, 3), image.strides[:1] + image.strides[1:] + image.strides[1:])
    y = np.einsum("cijkl,ockl->oij", s, kernel)
    return np.maximum(y, 0).reshape(2, 2, 2, 3).max(axis=1)


@case(mat(4, 3), make(lambda r: np.array([0, 2, 1, 2])))
def cross_entropy_with_labels(logits, labels):
    shifted = logits - logits.max(axis=1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -logp[np.arange(4), labels].mean()


@case(mat(3, 3))
def embedding_rows_repeated(table):
    tokens = np.array([0, 2, 2, 1, 0])
    e = table[tokens]
    e[1:] += e[:-1]
    return np.einsum("ti,ti->t", e, np.roll(e, 1, axis=0))


@case(pos(3), vec(4))
def dropout_with_a_fixed_mask(p, x):
    rng = np.random.default_rng(5)
    keep = rng.random(4) < 0.7
    return np.where(keep, x / 0.7, 0.0) @ np.outer(x, p)


@case(vec(4))
def clip_by_norm_in_place(x):
    n = math.sqrt(float(x @ x))
    if n > 0.5:
        x *= 0.5 / n
    return x * np.arange(4)


@case(mat(3, 3))
def triangular_parts_written(a):
    low = np.tril(a)
    low[np.diag_indices(3)] = np.exp(np.diag(a))
    a[np.triu_indices(3, 1)] = 0.0
    a.flat[::4] **= 2
    return low @ low.T, a


@case(vec(3))
def running_out_of_scope_in_nested_functions(x):
    def outer():
        buffer = np.zeros(3)

        def write(i, v):
            buffer[i] = v
            return buffer

        return write

    write = outer()
    for i in range(3):
        last = write(i, x[i] * x[i - 1])
    return last.sum() * write(0, x[0])[0]


@case(vec(4))
def partial_with_out_buffers(x):
    buffer = np.empty(4)
    square = functools.partial(np.multiply, out=buffer)
    y = square(x, x)
    z = np.add(y, 1.0)
    square(y, y)
    return (buffer * z).sum() + (y is buffer)


@case(vec(4), vec(4))
def addcmul_and_lerp_in_place(x, y):
    x += 0.1 * x * y
    x += (y - x) * 0.3
    np.subtract(x, y, out=y)
    np.negative(y, where=y > 0, out=y)
    return x @ y


@case(mat(3, 2))
def squeeze_and_unsqueeze_share(x):
    a = x[None]
    b = np.squeeze(a, 0)
    c = np.expand_dims(b, -1)
    c *= 2
    a[0, 1] += b[0]
    return x * np.swapaxes(c, 0, 1).sum()


@case(vec(4))
def item_and_tolist_values(x):
    a, b, *rest = x.tolist()
    x[0] = 100.0
    return a * b * sum(rest) + x.item(1) * x.item((2,))


@case(vec(4), argnums=0)
def detach_by_copy_of_constants(x):
    c = np.ones(4)
    y = x * c
    c[:] = 5.0
    return (y * c).sum()
