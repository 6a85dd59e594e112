"""Ports for JAX: vectorised where the program is, `lax.scan` where it is sequential, library functions where they fit."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")


def sum_of_sines(x):
    return jnp.sum(jnp.sin(x))


def parity_branch(x):
    even = jnp.arange(x.shape[0]) % 2 == 0
    return jnp.sum(jnp.where(even, x * x, 3.0 * x))


def matmul(a, b):
    return jnp.sum((a @ b) ** 2)


def insertion_sort(x):
    return jnp.sum(jnp.arange(1, x.shape[0] + 1) * jnp.sort(x))


def lu_in_place(a):
    return jnp.linalg.slogdet(a)[1]


def gauss_seidel(b, sweeps):
    n = b.shape[0]

    def sweep(u, _):
        def row(above, rows):
            old, below, rhs = rows

            def column(left, cells):
                up, down, right, r = cells
                new = 0.25 * (up + down + left + right - r)
                return new, new

            _, inner = lax.scan(column, old[0], (above[1:-1], below[1:-1], old[2:], rhs[1:-1]))
            new = jnp.concatenate([old[:1], inner, old[-1:]])
            return new, new

        _, rows = lax.scan(row, u[0], (u[1:-1], u[2:], b[1:-1]))
        return jnp.concatenate([u[:1], rows, u[-1:]]), None

    u, _ = lax.scan(sweep, jnp.zeros((n, n)), None, length=sweeps)
    return jnp.sum(u ** 2)


def rk4(u0, f, dt, steps):
    def rhs(u):
        return (jnp.roll(u, -1) - jnp.roll(u, 2)) * jnp.roll(u, 1) - u + f

    def step(u, _):
        k1 = rhs(u)
        k2 = rhs(u + 0.5 * dt * k1)
        k3 = rhs(u + 0.5 * dt * k2)
        k4 = rhs(u + dt * k3)
        return u + dt / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4), None

    u, _ = lax.scan(step, u0, None, length=steps)
    return jnp.sum(u * u)


def nbody(x0, v0, m, dt, steps):
    n = m.shape[0]
    apart = 1.0 - jnp.eye(n)

    def step(state, _):
        x, v = state
        d = x[:, None] - x[None]
        d2 = jnp.sum(d * d, -1) + jnp.eye(n)
        mag = apart * dt / (d2 * jnp.sqrt(d2))
        v = v - jnp.einsum("ijk,ij,j->ik", d, mag, m)
        return (x + dt * v, v), None

    (x, v), _ = lax.scan(step, (x0, v0), None, length=steps)
    i, j = jnp.triu_indices(n, 1)
    distance = jnp.sqrt(jnp.sum((x[i] - x[j]) ** 2, -1))
    return 0.5 * jnp.sum(m * jnp.sum(v * v, -1)) - jnp.sum(m[i] * m[j] / distance)


def floyd_warshall(w):
    def step(d, k):
        return jnp.minimum(d, d[:, k][:, None] + d[k][None]), None

    d, _ = lax.scan(step, w, jnp.arange(w.shape[0]))
    return jnp.sum(d)


def scan(x):
    def combine(left, right):
        return left[0] * right[0], left[1] * right[0] + right[1]

    _, y = lax.associative_scan(combine, (jnp.full_like(x, 0.9), x))
    return jnp.sum(y * y)


def logsumexp(x):
    return jax.nn.logsumexp(x)


def fft(re, im):
    z = jnp.fft.fft(re + 1j * im)
    return jnp.sum(jnp.arange(1, re.shape[0] + 1) * (z.real ** 2 + z.imag ** 2))


def euler_ode(x0, v0, k, dt, steps):
    def step(state, _):
        x, v = state
        return (x + dt * v, v - dt * (k * jnp.sin(x) + 0.1 * v)), None

    (x, v), _ = lax.scan(step, (x0, v0), None, length=steps)
    return x * x + v * v


def heat(u, steps):
    def step(v, _):
        return v.at[1:-1].add(0.1 * (v[2:] - 2.0 * v[1:-1] + v[:-2])), None

    v, _ = lax.scan(step, u, None, length=steps)
    return jnp.sum(v * v)


heat_slices = heat


def brusselator(u0, a, b, alpha, dt, steps):
    def step(u, _):
        x, y = u
        def laplacian(z):
            return jnp.roll(z, 1, 0) + jnp.roll(z, -1, 0) + jnp.roll(z, 1, 1) + jnp.roll(z, -1, 1) - 4 * z

        dx = alpha * laplacian(x) + b + x * x * y - (a + 1) * x
        dy = alpha * laplacian(y) + a * x - x * x * y
        return (x + dt * dx, y + dt * dy), None

    (x, y), _ = lax.scan(step, (u0[..., 0], u0[..., 1]), None, length=steps)
    return jnp.sum(x * x) + jnp.sum(y * y)


def prepare_function(f, args, active, constant=()):
    """A call without arguments that computes value and gradient, on data already given to the tool.

    Whole numbers and the arguments numbered in `constant` are part of the program.
    """
    wanted = tuple(k for k, a in enumerate(active) if a)
    fixed = {k: a for k, a in enumerate(args) if isinstance(a, (int, float)) and k not in wanted or k in constant}
    places = [k for k in range(len(args)) if k not in fixed]

    def of_given(*given):
        values = fixed | dict(zip(places, given, strict=True))
        return f(*(values[k] for k in range(len(args))))

    run = jax.jit(jax.value_and_grad(of_given, argnums=tuple(places.index(k) for k in wanted)))
    given = tuple(jnp.asarray(args[k]) for k in places)
    return lambda: jax.block_until_ready(run(*given))


def prepare(name, args, active):
    """The same for a port by name."""
    return prepare_function(globals()[name], args, active)
