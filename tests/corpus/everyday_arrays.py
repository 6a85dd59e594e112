"""Ordinary array programs: linear algebra, complex numbers, transforms, images, networks, tables."""

import cmath
import math

import numpy as np

from ._case import Corpus, cvec, int_vec, make, mat, pos, vec

case = Corpus(__name__)


# ---- complex numbers -------------------------------------------------------------------------------------------------
@case(1.0, 0.2, 0.3)
def impedance_of_a_circuit(r, inductance, capacity):
    total = 0.0
    for k in range(1, 20):
        w = 0.3 * k
        z = r + 1j * w * inductance + 1 / (1j * w * capacity)
        total += abs(z) + math.atan2(z.imag, z.real)
    return total


@case(0.3, 0.2)
def escape_of_the_mandelbrot_iteration(x, y):
    z = c = complex(x, y)
    n = 0
    while abs(z) < 2.0 and n < 12:
        z = z * z + c
        n += 1
    return abs(z) ** 2 + n


@case(vec(8), 0.4)
def spin_in_a_rotating_field(phase, omega):
    up, down = 1.0 + 0j, 0.0 + 0j
    for p in phase:
        c, s = math.cos(omega / 2), math.sin(omega / 2)
        up, down = c * up - 1j * cmath.exp(-1j * p) * s * down, -1j * cmath.exp(1j * p) * s * up + c * down
    return abs(down) ** 2


@case(vec(8), 0.1)
def split_step_schroedinger(potential, dt):
    n = len(potential)
    x = np.linspace(-1, 1, n)
    psi = np.exp(-(x**2) * 4) * np.exp(1j * 2 * x)
    k = 2 * np.pi * np.fft.fftfreq(n, 0.3)
    for _ in range(3):
        psi = np.exp(-0.5j * dt * potential) * psi
        psi = np.fft.ifft(np.exp(-0.5j * dt * k**2) * np.fft.fft(psi))
        psi = np.exp(-0.5j * dt * potential) * psi
    return np.sum(x * np.abs(psi) ** 2)


@case(cvec(6), cvec(6))
def complex_overlap(a, b):
    return np.abs(np.vdot(a, b)) ** 2 / (np.vdot(a, a).real * np.vdot(b, b).real)


@case(vec(8))
def fourier_transform_by_loops(x):
    n = len(x)
    power = 0.0
    for k in range(n):
        total = 0j
        for t in range(n):
            total += x[t] * np.exp(-2j * np.pi * k * t / n)
        power += (k + 1) * abs(total) ** 2
    return power / n


@case(vec(4), 0.3)
def transfer_matrices(eps, wavelength):
    m = np.eye(2, dtype=complex)
    for e in eps:
        n = np.sqrt(2.0 + e)
        d = 2 * np.pi * n * 0.2 / (wavelength + 1)
        layer = np.array([[np.cos(d), 1j * np.sin(d) / n], [1j * n * np.sin(d), np.cos(d)]])
        m = m @ layer
    r = (m[0, 0] + m[0, 1] - m[1, 0] - m[1, 1]) / (m[0, 0] + m[0, 1] + m[1, 0] + m[1, 1])
    return np.abs(r) ** 2


@case(vec(3), vec(3))
def two_level_hamiltonian_evolution(h, n):
    sx, sy, sz = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1.0, -1.0])
    ham = h[0] * sx + h[1] * sy + h[2] * sz
    rho = 0.5 * (np.eye(2) + 0.3 * sz)
    for _ in range(5):
        rho = rho - 0.05j * (ham @ rho - rho @ ham)
    return np.trace(rho @ sx).real


@case(vec(10))
def power_spectrum_of_a_signal(x):
    window = np.hanning(len(x))
    spectrum = np.abs(np.fft.rfft(x * window)) ** 2
    f = np.fft.rfftfreq(len(x), 0.1)
    return np.sum(f * spectrum) / np.sum(spectrum)


@case(pos(3), 2.0)
def rational_response_of_poles(poles, w):
    s = 1j * w
    h = 1.0
    for p in poles:
        h = h * p / (s + p)
    return 20 * np.log10(np.abs(h)) + np.angle(h)


# ---- linear algebra --------------------------------------------------------------------------------------------------
@case(vec(6), pos(6), 0.5)
def gaussian_process_prediction(x, y, scale):
    k = np.exp(-0.5 * (x[:, None] - x[None, :]) ** 2 / scale**2) + 0.1 * np.eye(len(x))
    chol = np.linalg.cholesky(k)
    alpha = np.linalg.solve(chol.T, np.linalg.solve(chol, y))
    return -0.5 * y @ alpha - np.log(np.diag(chol)).sum() - 0.5 * len(x) * np.log(2 * np.pi)


@case(mat(4, 4))
def eigenvalues_of_a_symmetric_matrix(a):
    s = a + a.T + np.diag(np.arange(4.0) * 3)
    w, v = np.linalg.eigh(s)
    return w[0] * w[-1] + np.sum(w**2) + (v[:, 0] ** 2).max()


@case(mat(5, 3))
def principal_components(x):
    x = x - x.mean(axis=0)
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    return s[0] / s.sum()


@case(mat(5, 3), vec(5))
def least_squares_by_qr(a, b):
    q, r = np.linalg.qr(a)
    x = np.linalg.solve(r, q.T @ b)
    return x.sum() + np.abs(np.linalg.det(r))


@case(mat(3, 3), vec(3))
def rigid_body_rotation(w, v):
    skew = np.array([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])
    theta = np.linalg.norm(v)
    rot = np.eye(3) + np.sin(theta) / theta * skew + (1 - np.cos(theta)) / theta**2 * skew @ skew
    return np.trace(rot @ w) + np.cross(v, rot @ w[0])[1]


@case(mat(4, 4), vec(4))
def truss_stiffness_assembly(a, load):
    n = len(load)
    K = np.zeros((n, n))
    elements = [(0, 1), (1, 2), (2, 3), (0, 2)]
    for e, (i, j) in enumerate(elements):
        k = 1.0 + a[e, 0] ** 2
        idx = [i, j]
        K[np.ix_(idx, idx)] += k * np.array([[1.0, -1.0], [-1.0, 1.0]])
    K[np.diag_indices(n)] += 1.0
    u = np.linalg.solve(K, load)
    return load @ u


@case(pos(6))
def tridiagonal_eigenvalue_by_power_iteration(d):
    n = len(d)
    A = np.diag(d) + np.diag(np.ones(n - 1), 1) + np.diag(np.ones(n - 1), -1)
    v = np.ones(n) / np.sqrt(n)
    for _ in range(10):
        v = A @ v
        v /= np.linalg.norm(v)
    return v @ A @ v


@case(mat(3, 4, 2), mat(2, 4))
def contractions_by_einsum(a, b):
    c = np.einsum("ijk,kj->i", a, b)
    d = np.tensordot(a, b, axes=([2], [0]))
    return c.sum() + np.einsum("ijj->i", d[:, :4, :]).sum()


@case(vec(4), vec(4))
def quaternion_rotation(q, p):
    def multiply(a, b):
        w1, x1, y1, z1 = a
        w2, x2, y2, z2 = b
        return np.array([w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2, w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2,
                         w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2, w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2])

    q = q / np.linalg.norm(q)
    conj = q * np.array([1, -1, -1, -1])
    return multiply(multiply(q, p), conj)[1:].sum()


# ---- images, signals, tables -----------------------------------------------------------------------------------------
@case(mat(7, 7), mat(3, 3))
def image_filter_by_loops(image, kernel):
    h, w = image.shape
    padded = np.pad(image, 1)
    out = np.zeros((h, w))
    for i in range(h):
        for j in range(w):
            out[i, j] = np.sum(padded[i:i + 3, j:j + 3] * kernel)
    return np.mean(np.clip(out, -1.0, 1.0) ** 2)


@case(mat(6, 6))
def sobel_edges_and_threshold(image):
    gx = image[2:, 1:-1] - image[:-2, 1:-1]
    gy = image[1:-1, 2:] - image[1:-1, :-2]
    mag = np.sqrt(gx**2 + gy**2 + 1e-9)
    mask = mag > 0.5
    return mag[mask].sum() + 0.1 * mask.sum()


@case(mat(6, 6), 0.1)
def total_variation_denoising(noisy, lam):
    u = noisy.copy()
    for _ in range(4):
        dx = np.diff(u, axis=1, append=u[:, -1:])
        dy = np.diff(u, axis=0, append=u[-1:, :])
        norm = np.sqrt(dx**2 + dy**2 + 1e-3)
        px, py = dx / norm, dy / norm
        div = px - np.roll(px, 1, axis=1) + py - np.roll(py, 1, axis=0)
        u += 0.1 * (noisy - u + lam * div)
    return np.sum((u - noisy) ** 2)


@case(mat(5, 5), 0.37, 1.2)
def bilinear_interpolation(table, x, y):
    total = 0.0
    for k in range(4):
        px, py = x + 0.7 * k, y + 0.3 * k
        i, j = int(px), int(math.floor(py))
        fx, fy = px - i, py - j
        total += ((1 - fx) * (1 - fy) * table[i, j] + fx * (1 - fy) * table[i + 1, j]
                  + (1 - fx) * fy * table[i, j + 1] + fx * fy * table[i + 1, j + 1])
    return total


@case(vec(8), make(lambda rng: np.sort(rng.uniform(0, 1, 5))))
def linear_interpolation_in_tables(values, where):
    grid = np.linspace(0, 1, len(values))
    inner = np.interp(where, grid, values)
    k = np.searchsorted(grid, where) - 1
    k = np.clip(k, 0, len(grid) - 2)
    t = (where - grid[k]) / (grid[k + 1] - grid[k])
    return inner.sum() + np.sum((1 - t) * values[k] ** 2 + t * values[k + 1])


@case(vec(10), int_vec(0, 2, 1, 0, 1, 2, 2, 0, 1, 0))
def group_means(x, label):
    total = np.zeros(3)
    count = np.zeros(3)
    np.add.at(total, label, x)
    for g in label:
        count[g] += 1
    means = total / count
    return np.sum((x - means[label]) ** 2)


@case(mat(8, 2), mat(3, 2))
def soft_k_means(points, centres):
    for _ in range(3):
        d = ((points[:, None, :] - centres[None, :, :]) ** 2).sum(-1)
        w = np.exp(-d + d.min(axis=1, keepdims=True))
        w /= w.sum(axis=1, keepdims=True)
        centres = (w.T @ points) / w.sum(axis=0)[:, np.newaxis]
    return np.sum(centres**2)


@case(vec(12))
def moving_average_and_peaks(x):
    smooth = np.convolve(x, np.ones(3) / 3, mode="same")
    peaks = [smooth[i] for i in range(1, len(x) - 1) if smooth[i] > smooth[i - 1] and smooth[i] > smooth[i + 1]]
    return sum(peaks) + np.percentile(x, 30) + np.median(x)


@case(vec(9))
def ranks_and_sorted_gaps(x):
    order = np.argsort(x)
    s = x[order]
    gaps = np.diff(s)
    return np.sum(gaps[gaps > 0.1] ** 2) + s[-1] - s[0] + np.unique(x).sum()


@case(mat(4, 6), 0.2)
def upsampling_and_blocks(a, t):
    big = np.repeat(np.tile(a, (2, 1)), 2, axis=1)
    blocks = big.reshape(2, 4, 6, 2).mean(axis=3)
    left = np.concatenate([blocks[0], t * blocks[1]], axis=0)
    return np.sum(np.hstack([left, left[:, ::-1]]) ** 3) + np.vstack((a, a[:1])).sum()


@case(vec(7), 0.5)
def masked_updates(x, t):
    y = x.copy()
    y[x > 0] *= t
    y[x <= 0] = x[x <= 0] ** 2
    np.minimum(y, 0.8, out=y)
    outer = np.subtract.outer(y, y)
    return np.sum(np.tril(outer) ** 2) + y[np.nonzero(x > 0)].sum()


@case(pos(3, 4))
def normalised_table(a):
    p = a / a.sum(axis=1, keepdims=True)
    marginal = p.sum(0) / p.sum()
    joint = np.outer(p.sum(1), marginal)
    return np.sum(p * np.log(p / joint)) + np.max(a, axis=0).sum() + a.std(axis=1, ddof=1).mean() + np.ptp(a)


# ---- networks --------------------------------------------------------------------------------------------------------
def softmax(z):
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


@case([mat(4, 6), mat(6, 3)], [vec(6), vec(3)], mat(5, 4), int_vec(0, 2, 1, 1, 0))
def two_layer_network(weights, biases, x, labels):
    h = x
    for k, (w, b) in enumerate(zip(weights, biases)):
        h = h @ w + b
        if k < len(weights) - 1:
            h = np.maximum(h, 0)
    p = softmax(h)
    loss = -np.log(p[np.arange(len(labels)), labels]).mean()
    return loss + 1e-3 * sum((w**2).sum() for w in weights)


class Dense:
    def __init__(self, w, b, activation=None):
        self.w, self.b, self.activation = w, b, activation

    def __call__(self, x):
        z = x @ self.w + self.b
        return z if self.activation is None else self.activation(z)


class Network:
    def __init__(self, layers):
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


@case(mat(3, 5), vec(5), mat(5, 2), mat(4, 3))
def network_of_layer_objects(w1, b1, w2, x):
    net = Network([Dense(w1, b1, np.tanh), Dense(w2, np.zeros(2), lambda z: 1 / (1 + np.exp(-z)))])
    y = net.forward(x)
    return np.mean((y - 0.5) ** 2)


@case(mat(4, 3), mat(4, 4), vec(4), mat(5, 3))
def recurrent_network_with_outputs(wx, wh, b, xs):
    h = np.zeros(4)
    outputs = []
    for x in xs:
        h = np.tanh(wx @ x + wh @ h + b)
        outputs.append(h)
    out = np.stack(outputs)
    return (out[-1] ** 2).sum() + out.mean()


@case(mat(2, 6, 6), mat(3, 2, 3, 3))
def convolution_layer_with_pooling(x, w):
    c_out, c_in, kh, kw = w.shape
    n = x.shape[1] - kh + 1
    out = np.zeros((c_out, n, n))
    for i in range(n):
        for j in range(n):
            out[:, i, j] = np.tensordot(w, x[:, i:i + kh, j:j + kw], axes=3)
    pooled = out.reshape(c_out, n // 2, 2, n // 2, 2).max(axis=(2, 4))
    return np.log1p(np.exp(pooled)).sum()


@case(mat(4, 3), mat(3, 3), mat(3, 3), mat(3, 3))
def attention_head(x, wq, wk, wv):
    q, k, v = x @ wq, x @ wk, x @ wv
    scores = q @ k.T / np.sqrt(k.shape[-1])
    scores = np.where(np.tril(np.ones_like(scores)) > 0, scores, -1e9)
    return (softmax(scores) @ v).sum()


@case(mat(4, 3), vec(3), vec(3))
def layer_normalisation(x, gamma, beta):
    mu = x.mean(axis=-1, keepdims=True)
    var = x.var(axis=-1, keepdims=True)
    y = gamma * (x - mu) / np.sqrt(var + 1e-5) + beta
    return np.sum(0.5 * y * (1 + np.tanh(0.79788 * (y + 0.044715 * y**3))))


# ---- text and bookkeeping beside the numbers -------------------------------------------------------------------------
@case(vec(5), 0.1)
def progress_is_reported(x, rate, verbose=False):
    log = []
    for k in range(6):
        x = x - rate * np.sin(x)
        if verbose:
            print(f"step {k}: {x.sum():.3f}")
        log.append(f"{k}")
    name = "run-%d" % len(log)
    assert name.startswith("run"), name
    return np.dot(x, x)


@case(vec(4), "cubic")
def kernel_chosen_by_name(x, kind):
    kernels = {"gauss": lambda r: np.exp(-(r**2)), "cubic": lambda r: np.abs(r) ** 3}
    if kind not in kernels:
        raise ValueError(f"unknown kernel {kind!r}")
    phi = kernels[kind]
    return sum(phi(xi - xj) for xi in x for xj in x)


@case(vec(6))
def checks_at_the_entrance(x):
    x = np.asarray(x, dtype=float)
    if x.ndim != 1:
        raise ValueError("x must be a vector")
    if not np.all(np.isfinite(x)):
        raise ValueError("x must be finite")
    n = x.size
    result = {}
    result["mean"] = x.mean()
    result["rms"] = np.sqrt((x**2).sum() / n)
    return result["mean"] + result["rms"]


@case(vec(6), 0.4)
def generator_of_time_steps(x, dt):
    def times(n):
        t = 0.0
        for _ in range(n):
            yield t
            t += dt

    total = 0.0
    for t in times(5):
        total += np.sum(np.cos(t * x))
    return total


@case(0.3, 4)
def recursive_legendre(x, n):
    def p(k):
        return 1.0 if k == 0 else x if k == 1 else ((2 * k - 1) * x * p(k - 1) - (k - 1) * p(k - 2)) / k

    return p(n)


@case(vec(8))
def recursive_fast_fourier_transform(x):
    def fft(x):
        n = len(x)
        if n == 1:
            return x
        even, odd = fft(x[::2]), fft(x[1::2])
        t = np.exp(-2j * np.pi * np.arange(n // 2) / n) * odd
        return np.concatenate([even + t, even - t])

    return np.sum(np.arange(8) * np.abs(fft(x + 0j)) ** 2)


@case(2.0, 3.0)
def try_a_method_and_fall_back(a, b):
    try:
        root = math.sqrt(a - b)
    except ValueError:
        root = -math.sqrt(b - a)
    return root * a
