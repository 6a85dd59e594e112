"""Ports for PyTorch: eager, vectorised, in double precision on one thread."""

from __future__ import annotations

import torch

torch.set_num_threads(1)


def sum_of_sines(x):
    return torch.sin(x).sum()


def parity_branch(x):
    even = torch.arange(x.shape[0]) % 2 == 0
    return torch.where(even, x * x, 3.0 * x).sum()


def matmul(a, b):
    return ((a @ b) ** 2).sum()


def insertion_sort(x):
    return (torch.arange(1, x.shape[0] + 1) * torch.sort(x).values).sum()


def lu_in_place(a):
    return torch.linalg.slogdet(a)[1]


def rk4(u0, f, dt, steps):
    def rhs(u):
        return (torch.roll(u, -1) - torch.roll(u, 2)) * torch.roll(u, 1) - u + f

    u = u0
    for _ in range(steps):
        k1 = rhs(u)
        k2 = rhs(u + 0.5 * dt * k1)
        k3 = rhs(u + 0.5 * dt * k2)
        k4 = rhs(u + dt * k3)
        u = u + dt / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return (u * u).sum()


def nbody(x0, v0, m, dt, steps):
    n = m.shape[0]
    eye = torch.eye(n, dtype=x0.dtype)
    x, v = x0, v0
    for _ in range(steps):
        d = x[:, None] - x[None]
        d2 = (d * d).sum(-1) + eye
        mag = (1.0 - eye) * dt / (d2 * torch.sqrt(d2))
        v = v - torch.einsum("ijk,ij,j->ik", d, mag, m)
        x = x + dt * v
    i, j = torch.triu_indices(n, n, 1)
    distance = torch.sqrt(((x[i] - x[j]) ** 2).sum(-1))
    return 0.5 * (m * (v * v).sum(-1)).sum() - (m[i] * m[j] / distance).sum()


def floyd_warshall(w):
    d = w
    for k in range(w.shape[0]):
        d = torch.minimum(d, d[:, k][:, None] + d[k][None])
    return d.sum()


def logsumexp(x):
    return torch.logsumexp(x, 0)


def fft(re, im):
    z = torch.fft.fft(torch.complex(re, im))
    return (torch.arange(1, re.shape[0] + 1) * (z.real ** 2 + z.imag ** 2)).sum()


def heat(u, steps):
    v = u
    for _ in range(steps):
        v = torch.cat([v[:1], v[1:-1] + 0.1 * (v[2:] - 2.0 * v[1:-1] + v[:-2]), v[-1:]])
    return (v * v).sum()


heat_slices = heat


def brusselator(u0, a, b, alpha, dt, steps):
    def laplacian(z):
        return torch.roll(z, 1, 0) + torch.roll(z, -1, 0) + torch.roll(z, 1, 1) + torch.roll(z, -1, 1) - 4 * z

    x, y = u0[..., 0], u0[..., 1]
    for _ in range(steps):
        xxy = x * x * y
        x, y = (x + dt * (alpha * laplacian(x) + b + xxy - (a + 1) * x), y + dt * (alpha * laplacian(y) + a * x - xxy))
    return (x * x).sum() + (y * y).sum()


def prepare_function(f, args, active):
    """A call without arguments that computes value and gradient, on data already given to the tool."""
    given = [torch.tensor(a, dtype=None if hasattr(a, "dtype") else torch.float64, requires_grad=on)
             if on or hasattr(a, "dtype") else a for a, on in zip(args, active, strict=True)]
    wanted = [t for t, on in zip(given, active, strict=True) if on]

    def run():
        value = f(*given)
        return value.detach(), torch.autograd.grad(value, wanted)

    return run


def prepare(name, args, active):
    """The same for a port by name."""
    return prepare_function(globals()[name], args, active)
