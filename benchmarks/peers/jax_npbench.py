"""The NPBench-like kernels for JAX: `lax.scan` where they are sequential, whole arrays and library calls elsewhere.

A port returns a number, or the arrays that the kernel writes. What the program makes sequential only by how it is
written (`syrk`, `covariance`, `cholesky`) is one library call here.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")


def _repeat(step, state, times):
    return lax.scan(lambda s, _: (step(s), None), state, None, length=times)[0]


# ---- stencils
def jacobi_1d(A, B, TSTEPS):
    def step(state):
        A, B = state
        B = B.at[1:-1].set(0.33333 * (A[:-2] + A[1:-1] + A[2:]))
        return A.at[1:-1].set(0.33333 * (B[:-2] + B[1:-1] + B[2:])), B

    return _repeat(step, (A, B), TSTEPS - 1)


def jacobi_2d(A, B, TSTEPS):
    def half(A, B):
        return B.at[1:-1, 1:-1].set(0.2 * (A[1:-1, 1:-1] + A[1:-1, :-2] + A[1:-1, 2:] + A[2:, 1:-1] + A[:-2, 1:-1]))

    def step(state):
        A, B = state
        B = half(A, B)
        return half(B, A), B

    return _repeat(step, (A, B), TSTEPS - 1)


def heat_3d(A, B, TSTEPS):
    def half(A, B):
        c = A[1:-1, 1:-1, 1:-1]
        return B.at[1:-1, 1:-1, 1:-1].set(
            0.125 * (A[2:, 1:-1, 1:-1] - 2.0 * c + A[:-2, 1:-1, 1:-1])
            + 0.125 * (A[1:-1, 2:, 1:-1] - 2.0 * c + A[1:-1, :-2, 1:-1])
            + 0.125 * (A[1:-1, 1:-1, 2:] - 2.0 * c + A[1:-1, 1:-1, :-2]) + c)

    def step(state):
        A, B = state
        B = half(A, B)
        return half(B, A), B

    return _repeat(step, (A, B), TSTEPS - 1)


def seidel_2d(A, TSTEPS, N):
    decay = np.tril(9.0 ** -(1.0 + np.subtract.outer(np.arange(N - 2), np.arange(N - 2))))  # of the recurrence in a row

    def row(above, rows):
        here, below = rows
        x = here[1:-1] + above[:-2] + above[1:-1] + above[2:] + here[2:] + below[:-2] + below[1:-1] + below[2:]
        new = here.at[1:-1].set(decay @ x.at[0].add(here[0]))
        return new, new

    def step(A):
        rows = lax.scan(row, A[0], (A[1:-1], A[2:]))[1]
        return A.at[1:-1].set(rows)

    return _repeat(step, A, TSTEPS - 1)


def fdtd_2d(ex, ey, hz, _fict_, TMAX):
    def step(state, fict):
        ex, ey, hz = state
        ey = ey.at[0, :].set(fict)
        ey = ey.at[1:, :].add(-0.5 * (hz[1:, :] - hz[:-1, :]))
        ex = ex.at[:, 1:].add(-0.5 * (hz[:, 1:] - hz[:, :-1]))
        hz = hz.at[:-1, :-1].add(-0.7 * (ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1]))
        return (ex, ey, hz), None

    return lax.scan(step, (ex, ey, hz), _fict_[:TMAX])[0]


def _implicit(rhs, a, b):
    """One implicit sweep: each row of the result is one column of the program's work arrays."""
    n = rhs.shape[0]
    c, p = a, np.zeros(n + 1)  # the same for all lines, and without derivative
    for j in range(n):
        p[j + 1] = -c / (a * p[j] + b)

    def forward(q, line):
        r, before = line
        q = (r - a * q) / (a * before + b)
        return q, q

    def backward(v, line):
        q, here = line
        v = here * v + q
        return v, v

    one = jnp.ones(rhs.shape[1])
    q = lax.scan(forward, one, (rhs, p[:-1]))[1]
    return lax.scan(backward, one, (q, p[1:]), reverse=True)[1]


def adi(u, TSTEPS, N):
    dt = 1.0 / TSTEPS
    mul1, mul2 = 2.0 * dt * N * N, 1.0 * dt * N * N
    a, b, d, e = -mul1 / 2.0, 1.0 + mul2, -mul2 / 2.0, 1.0 + mul2
    n = N - 2
    v = jnp.zeros((N, N)).at[0, 1:-1].set(1.0).at[-1, 1:-1].set(1.0)

    def step(state):
        u, v = state
        v = v.at[1:-1, 1:-1].set(_implicit(-d * u[1:-1, :-2] + (1.0 + 2.0 * d) * u[1:-1, 1:-1] - d * u[1:-1, 2:], a, b))
        u = u.at[1:-1, 0].set(1.0).at[1:-1, -1].set(1.0)
        new = _implicit((-a * v[:-2, 1:-1] + (1.0 + 2.0 * a) * v[1:-1, 1:-1] - a * v[2:, 1:-1]).T, d, e)
        return u.at[1:-1, 1:-1].set(new.T), v

    assert n > 0
    return _repeat(step, (u, v), TSTEPS)[0]


def hdiff(in_field, out_field, coeff):
    I, J = out_field.shape[0], out_field.shape[1]
    lap = 4.0 * in_field[1:I + 3, 1:J + 3] - (in_field[2:I + 4, 1:J + 3] + in_field[0:I + 2, 1:J + 3]
                                              + in_field[1:I + 3, 2:J + 4] + in_field[1:I + 3, 0:J + 2])
    res = lap[1:, 1:J + 1] - lap[:-1, 1:J + 1]
    flx = jnp.where((res * (in_field[2:I + 3, 2:J + 2] - in_field[1:I + 2, 2:J + 2])) > 0, 0, res)
    res = lap[1:I + 1, 1:] - lap[1:I + 1, :-1]
    fly = jnp.where((res * (in_field[2:I + 2, 2:J + 3] - in_field[2:I + 2, 1:J + 2])) > 0, 0, res)
    return in_field[2:I + 2, 2:J + 2] - coeff * (flx[1:] - flx[:-1] + fly[:, 1:] - fly[:, :-1])


def vadv(utens_stage, u_stage, wcon, u_pos, utens, unused, dtr_stage):
    planes = functools.partial(jnp.moveaxis, source=2, destination=0)  # the scan runs over the first axis
    ustage, pos, tens, stage, w = map(planes, (u_stage, u_pos, utens, utens_stage, wcon))
    half = 0.25 * (w[:, 1:] + w[:, :-1])
    zero = jnp.zeros_like(half[:1])
    gav, gcv = jnp.concatenate([zero, -half[1:]]), jnp.concatenate([half[1:], zero])
    up, down = jnp.concatenate([ustage[:1], ustage[:-1]]), jnp.concatenate([ustage[1:], ustage[-1:]])
    acol, ccol = 0.5 * gav, 0.5 * gcv
    bcol = dtr_stage - acol - ccol
    dcol = dtr_stage * pos + tens + stage - 0.5 * gav * (up - ustage) - 0.5 * gcv * (down - ustage)

    def forward(state, line):
        c0, d0 = state
        a, b, c, d = line
        divided = 1.0 / (b - c0 * a)
        c, d = c * divided, (d - d0 * a) * divided
        return (c, d), (c, d)

    def backward(x, line):
        c, d = line
        x = d - c * x
        return x, x

    start = (zero[0], zero[0])
    c, d = lax.scan(forward, start, (acol, bcol, ccol, dcol))[1]
    x = lax.scan(backward, zero[0], (c, d), reverse=True)[1]
    return jnp.moveaxis(dtr_stage * (x - pos), 0, 2)


def _rhs(u, v, dx, dy, rho, dt):
    ux, vy = (u[1:-1, 2:] - u[1:-1, :-2]) / (2 * dx), (v[2:, 1:-1] - v[:-2, 1:-1]) / (2 * dy)
    uy, vx = (u[2:, 1:-1] - u[:-2, 1:-1]) / (2 * dy), (v[1:-1, 2:] - v[1:-1, :-2]) / (2 * dx)
    return rho * (1 / dt * (ux + vy) - ux**2 - 2 * (uy * vx) - vy**2)


def cavity_flow(u, v, p, nx, ny, nt, nit, dt, dx, dy, rho, nu):
    s = 2 * (dx**2 + dy**2)

    def pressure(p, b):
        p = p.at[1:-1, 1:-1].set(((p[1:-1, 2:] + p[1:-1, :-2]) * dy**2 + (p[2:, 1:-1] + p[:-2, 1:-1]) * dx**2) / s - b)
        p = p.at[:, -1].set(p[:, -2])
        p = p.at[0, :].set(p[1, :])
        p = p.at[:, 0].set(p[:, 1])
        return p.at[-1, :].set(0)

    def step(state):
        u, v, p = state
        b = dx**2 * dy**2 / s * _rhs(u, v, dx, dy, rho, dt)
        p = _repeat(lambda p: pressure(p, b), p, nit)
        c, d = u[1:-1, 1:-1], v[1:-1, 1:-1]

        def moved(w, gradient):
            m = w[1:-1, 1:-1]
            return (m - c * dt / dx * (m - w[1:-1, :-2]) - d * dt / dy * (m - w[:-2, 1:-1]) - gradient
                    + nu * (dt / dx**2 * (w[1:-1, 2:] - 2 * m + w[1:-1, :-2])
                            + dt / dy**2 * (w[2:, 1:-1] - 2 * m + w[:-2, 1:-1])))

        un = jnp.pad(moved(u, dt / (2 * rho * dx) * (p[1:-1, 2:] - p[1:-1, :-2])), 1).at[-1, :].set(1)
        vn = jnp.pad(moved(v, dt / (2 * rho * dy) * (p[2:, 1:-1] - p[:-2, 1:-1])), 1)
        return un, vn, p

    return _repeat(step, (u, v, p), nt)


def channel_flow(u, v, p, nit, maxsteps, dt, dx, dy, rho, nu, F):
    s = 2 * (dx**2 + dy**2)

    def pressure(pn, b):
        p = pn.at[1:-1, 1:-1].set(((pn[1:-1, 2:] + pn[1:-1, :-2]) * dy**2 + (pn[2:, 1:-1] + pn[:-2, 1:-1]) * dx**2) / s
                                  - dx**2 * dy**2 / s * b[1:-1, 1:-1])
        p = p.at[1:-1, -1].set(((pn[1:-1, 0] + pn[1:-1, -2]) * dy**2 + (pn[2:, -1] + pn[:-2, -1]) * dx**2) / s
                               - dx**2 * dy**2 / s * b[1:-1, -1])
        p = p.at[-1, :].set(p[-2, :])
        return p.at[0, :].set(p[1, :])

    def step(state):
        u, v, p, b, _, count = state
        c = u[1:-1, 1:-1]
        ux = (u[1:-1, 2:] - u[1:-1, :-2]) / (2 * dx)
        b = b.at[1:-1, 1:-1].set(rho * (1 / dt * (ux + (v[2:, 1:-1] - v[:-2, 1:-1]) / (2 * dy)) - ux**2))
        b = b.at[1:-1, -1].set(rho * (1 / dt * ((u[1:-1, 0] - u[1:-1, -2]) / (2 * dx))))
        p = _repeat(lambda p: pressure(p, b), p, nit)
        m = v[1:-1, 1:-1]
        un = (c - c * dt / dx * (c - u[1:-1, :-2]) - dt / (2 * rho * dx) * (p[1:-1, 2:] - p[1:-1, :-2])
              + nu * dt / dx**2 * (u[1:-1, 2:] - 2 * c + u[1:-1, :-2]) + F * dt)
        vn = m - c * dt / dx * (m - v[1:-1, :-2]) - dt / (2 * rho * dy) * (p[2:, 1:-1] - p[:-2, 1:-1])
        un = u.at[1:-1, 1:-1].set(un).at[0, :].set(0).at[-1, :].set(0)
        vn = v.at[1:-1, 1:-1].set(vn).at[0, :].set(0).at[-1, :].set(0)
        return un, vn, p, b, (jnp.sum(un) - jnp.sum(u)) / jnp.sum(un), count + 1

    def perhaps(state):
        return lax.cond(state[4] > .001, step, lambda s: s, state)

    u, v, p, _, _, count = _repeat(perhaps, (u, v, p, jnp.zeros_like(u), 1.0, 0), maxsteps)
    return jnp.sum(u * u) + jnp.sum(v * p) + count


# ---- products
def syrk(A, alpha, beta, C):
    return jnp.tril(beta * C + alpha * (A @ A.T)) + jnp.triu(C, 1)


def gemver(A, alpha, beta, u1, v1, u2, v2, w, x, y, z):
    A = A + jnp.outer(u1, v1) + jnp.outer(u2, v2)
    x = x + beta * (y @ A) + z
    return w + alpha * (A @ x), y


def atax(A, x):
    return jnp.sum(((A @ x) @ A)**2)


def bicg(A, p, r):
    s, q = r @ A, A @ p
    return jnp.sum(s * s) + jnp.sum(q * q)


def mvt(A, x1, x2, y_1, y_2):
    return x1 + A @ y_1, x2 + y_2 @ A


def covariance(data, float_n):
    data = data - jnp.mean(data, axis=0)
    cov = data.T @ data / (float_n - 1.0)
    return jnp.sum(cov * cov)


def correlation(data, float_n):
    mean, stddev = jnp.mean(data, axis=0), jnp.std(data, axis=0)
    stddev = jnp.where(stddev <= 0.1, 1.0, stddev)
    data = (data - mean) / (jnp.sqrt(float_n) * stddev)
    corr = jnp.triu(data.T @ data, 1)
    return 2 * jnp.sum(corr * corr) + data.shape[1]


def go_fast(a):
    return jnp.sum(a + jnp.sum(jnp.tanh(jnp.diagonal(a))))


# ---- factorizations
def cholesky(A):
    lower = jnp.tril(A)
    return jnp.tril(jnp.linalg.cholesky(lower + jnp.tril(A, -1).T, symmetrize_input=False)) + jnp.triu(A, 1)


def lu(A):
    """Without pivoting, as the program does it: one outer product a step."""
    n = A.shape[0]
    places = jnp.arange(n)

    def step(A, k):
        below = jnp.where(places > k, A[:, k] / A[k, k], 0.0)
        right = jnp.where(places > k, A[k], 0.0)
        return (A - jnp.outer(below, right)).at[:, k].set(jnp.where(places > k, below, A[:, k])), None

    return lax.scan(step, A, jnp.arange(n - 1))[0]


def trisolv(L, x, b):
    return jax.scipy.linalg.solve_triangular(L, b, lower=True)


def durbin(r):
    n = r.shape[0]
    places = jnp.arange(n)
    reverse = jnp.concatenate([r[::-1], jnp.zeros(n)])

    def step(state, k):
        y, alpha, beta = state
        beta = beta * (1.0 - alpha * alpha)
        flipped_r = lax.dynamic_slice(reverse, (n - k,), (n,))  # r[k-1], ..., r[0], then zeros
        alpha = -(r[k] + jnp.dot(flipped_r, y)) / beta
        flipped_y = lax.dynamic_slice(jnp.concatenate([y[::-1], jnp.zeros(n)]), (n - k,), (n,))
        return ((y + alpha * flipped_y).at[k].set(alpha), alpha, beta), None

    start = (jnp.zeros(n).at[0].set(-r[0]), -r[0], 1.0)
    assert places.shape == r.shape
    y = lax.scan(step, start, jnp.arange(1, n))[0][0]
    return jnp.sum(y * y)


def gramschmidt(A):
    Q, R = jnp.linalg.qr(A)
    signs = jnp.sign(jnp.diagonal(R))
    Q, R = Q * signs, R * signs[:, None]
    return jnp.sum(Q[:, 0]) + jnp.sum(R * R)


# ---- networks
def _softmax(x):
    return jax.nn.softmax(x, axis=-1)


def softmax(x):
    return jnp.sum(_softmax(x)**2)


def mlp(input, w1, b1, w2, b2, w3, b3):
    x = jax.nn.relu(input @ w1 + b1)
    x = jax.nn.relu(x @ w2 + b2)
    x = _softmax(x @ w3 + b3)
    return jnp.sum(x * x)


def _conv2d(input, weights):
    return lax.conv_general_dilated(input, weights, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def conv2d_bias(input, weights, bias):
    out = _conv2d(input, weights) + bias
    return jnp.sum(out * out)


def _maxpool2d(x):
    n, h, w, c = x.shape
    return jnp.max(x.reshape(n, h // 2, 2, w // 2, 2, c), axis=(2, 4))


def lenet5(input, conv1, conv1bias, conv2, conv2bias, fc1w, fc1b, fc2w, fc2b, fc3w, fc3b, N, C_before_fc1):
    x = _maxpool2d(jax.nn.relu(_conv2d(input, conv1) + conv1bias))
    x = _maxpool2d(jax.nn.relu(_conv2d(x, conv2) + conv2bias))
    x = jnp.reshape(x, (N, C_before_fc1))
    x = jax.nn.relu(x @ fc1w + fc1b)
    x = jax.nn.relu(x @ fc2w + fc2b)
    out = x @ fc3w + fc3b
    return jnp.sum(out * out)


# ---- sciences
def nbody(pos, mass, vel, N, Nt, dt, G, softening):
    def apart(pos):
        return (pos[None] - pos[:, None]).transpose(2, 0, 1)

    def acceleration(pos):
        d = apart(pos)
        inv_r3 = (jnp.sum(d**2, 0) + softening**2) ** -1.5
        return G * ((d * inv_r3) @ mass)[..., 0].T

    def energy(pos, vel):
        square = jnp.sum(apart(pos)**2, 0)
        inv_r = jnp.where(square > 0, 1.0, 0.0) / jnp.sqrt(jnp.where(square > 0, square, 1.0))
        return 0.5 * jnp.sum(mass * vel**2), G * jnp.sum(jnp.triu(-(mass * mass.T) * inv_r, 1))

    vel = vel - jnp.mean(mass * vel, axis=0) / jnp.mean(mass)

    def step(state, _):
        pos, vel, acc = state
        vel = vel + acc * dt / 2.0
        pos = pos + vel * dt
        acc = acceleration(pos)
        vel = vel + acc * dt / 2.0
        return (pos, vel, acc), energy(pos, vel)

    kinetic, potential = lax.scan(step, (pos, vel, acceleration(pos)), None, length=Nt)[1]
    return kinetic[-1] + potential[-1]


def azimint_naive(data, radius, npt):
    edges = jnp.max(radius) * (np.arange(npt + 1) / npt)

    def ring(total, edge):
        mask = (edge[0] <= radius) & (radius < edge[1])
        mean = jnp.sum(jnp.where(mask, data, 0.0)) / jnp.sum(mask)
        return total + mean * mean, None

    return lax.scan(ring, 0.0, (edges[:-1], edges[1:]))[0]


def contour_integral(Ham, NM, NR):
    z = jnp.exp(2j * jnp.pi * jnp.arange(8) / 8)
    T = jnp.einsum("zn,nij->zij", z[:, None] ** (1 - jnp.arange(3)), Ham)
    X = jnp.linalg.solve(T, jnp.ones((8, NR, NM), dtype=T.dtype))
    P0, P1 = jnp.sum(X, 0), jnp.sum(z[:, None, None] * X, 0)
    return jnp.sum(P0.real**2 + P0.imag**2) + jnp.sum(P1.real**2 + P1.imag**2)


def prepare(name, args, active):
    """A call without arguments that computes value and gradient, on data already given to the tool."""
    f = globals()[name]

    def loss(*args):
        out = f(*args)
        if isinstance(out, tuple):
            return sum(jnp.sum(x * x) for x in out)
        return out if out.ndim == 0 else jnp.sum(out * out)

    static = tuple(k for k, a in enumerate(args) if isinstance(a, (int, float)))
    run = jax.jit(jax.value_and_grad(loss, argnums=active), static_argnums=static)
    given = tuple(a if k in static else jnp.asarray(a) for k, a in enumerate(args))
    return lambda: jax.block_until_ready(run(*given))
