"""The programs of `benchmarks/record/programs.py` as users of other tools write them.

PyTorch (eager) keeps the programs' writes to slices where autograd allows them; JAX uses ``.at[…]`` updates and
``lax.fori_loop`` or ``scan`` under ``jit``, whose compilation is not measured; autograd has no writes, so its programs build new arrays.
"""

from __future__ import annotations

import numpy as np

STEPS = {"heat": 200, "brusselator": 20}


def torch_programs():
    import torch

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)

    def chain(x, n=1000):
        y = x
        for _ in range(n):
            y = y * x
        return y.sum()

    def heat(u0, r=0.3):
        u = u0
        for _ in range(STEPS["heat"]):
            inner = u[1:-1] + r * (u[2:] - 2.0 * u[1:-1] + u[:-2])
            u = torch.cat((u[:1], inner, u[-1:]))
        return 0.5 * (u * u).sum()

    def laplacian(u):
        return u.roll(1, 0) + u.roll(-1, 0) + u.roll(1, 1) + u.roll(-1, 1) - 4.0 * u

    def brusselator(w, dt=1e-3, alpha=2.0):
        u, v = w[0], w[1]
        for _ in range(STEPS["brusselator"]):
            reaction = u * u * v
            du = 1.0 + reaction - 4.4 * u + alpha * laplacian(u)
            dv = 3.4 * u - reaction + alpha * laplacian(v)
            u, v = u + dt * du, v + dt * dv
        return (u * u).sum() / w.numel() + (v * v).sum() / w.numel()

    def kalman(Q, F, H, zs):
        n, m = F.shape[0], H.shape[0]
        x, P, R, total = torch.zeros(n), torch.eye(n), 0.5 * torch.eye(m), 0.0
        for z in zs:
            x = F @ x
            P = F @ P @ F.T + Q
            y = z - H @ x
            S = H @ P @ H.T + R
            K = torch.linalg.solve(S, H @ P).T
            x = x + K @ y
            P = P - K @ H @ P
            total = total - 0.5 * (y @ torch.linalg.solve(S, y) + torch.log(torch.linalg.det(S)))
        return -total

    def gradient(f):
        def run(x, *rest):
            x = torch.from_numpy(x).clone().requires_grad_()
            value = f(x, *(torch.from_numpy(a) for a in rest))
            value.backward()
            return value.item(), x.grad.numpy()

        return run

    return {k: gradient(f) for k, f in {"chain": chain, "heat": heat, "brusselator": brusselator, "kalman": kalman}.items()}


def jax_programs():
    import jax
    import jax.numpy as jnp
    from jax import lax

    jax.config.update("jax_enable_x64", True)

    def chain(x, n=1000):
        return lax.fori_loop(0, n, lambda _, y: y * x, x).sum()

    def heat(u0, r=0.3):
        def step(u, _):
            return u.at[1:-1].add(r * (u[2:] - 2.0 * u[1:-1] + u[:-2])), None

        u, _ = lax.scan(step, u0, None, STEPS["heat"])
        return 0.5 * jnp.sum(u * u)

    def laplacian(u):
        return jnp.roll(u, 1, 0) + jnp.roll(u, -1, 0) + jnp.roll(u, 1, 1) + jnp.roll(u, -1, 1) - 4.0 * u

    def brusselator(w, dt=1e-3, alpha=2.0):
        def step(w, _):
            u, v = w
            reaction = u * u * v
            du = 1.0 + reaction - 4.4 * u + alpha * laplacian(u)
            dv = 3.4 * u - reaction + alpha * laplacian(v)
            return (u + dt * du, v + dt * dv), None

        (u, v), _ = lax.scan(step, (w[0], w[1]), None, STEPS["brusselator"])
        return (jnp.sum(u * u) + jnp.sum(v * v)) / w.size

    def kalman(Q, F, H, zs):
        n, m = F.shape[0], H.shape[0]
        R = 0.5 * jnp.eye(m)

        def step(state, z):
            x, P = state
            x = F @ x
            P = F @ P @ F.T + Q
            y = z - H @ x
            S = H @ P @ H.T + R
            K = jnp.linalg.solve(S, H @ P).T
            x, P = x + K @ y, P - K @ H @ P
            return (x, P), 0.5 * (y @ jnp.linalg.solve(S, y) + jnp.log(jnp.linalg.det(S)))

        return jnp.sum(lax.scan(step, (jnp.zeros(n), jnp.eye(n)), zs)[1])

    def gradient(f):
        compiled = jax.jit(jax.value_and_grad(f))

        def run(*args):
            value, bar = compiled(*args)
            return float(value), np.asarray(bar)

        return run

    found = {"chain": chain, "heat": heat, "brusselator": brusselator, "kalman": kalman}
    found = {k: gradient(f) for k, f in found.items()}

    def eager(x, n=1000):
        def loop(x):
            y = x
            for _ in range(n):
                y = y * x
            return y.sum()

        value, bar = jax.value_and_grad(loop)(jnp.asarray(x))
        return float(value), np.asarray(bar)

    found["chain, eager"] = eager
    return found


def autograd_programs():
    import autograd.numpy as anp
    from autograd import value_and_grad

    def chain(x, n=1000):
        y = x
        for _ in range(n):
            y = y * x
        return anp.sum(y)

    def heat(u0, r=0.3):
        u = u0
        for _ in range(STEPS["heat"]):
            inner = u[1:-1] + r * (u[2:] - 2.0 * u[1:-1] + u[:-2])
            u = anp.concatenate((u[:1], inner, u[-1:]))
        return 0.5 * anp.sum(u * u)

    def laplacian(u):
        return anp.roll(u, 1, 0) + anp.roll(u, -1, 0) + anp.roll(u, 1, 1) + anp.roll(u, -1, 1) - 4.0 * u

    def brusselator(w, dt=1e-3, alpha=2.0):
        u, v = w[0], w[1]
        for _ in range(STEPS["brusselator"]):
            reaction = u * u * v
            du = 1.0 + reaction - 4.4 * u + alpha * laplacian(u)
            dv = 3.4 * u - reaction + alpha * laplacian(v)
            u, v = u + dt * du, v + dt * dv
        return (anp.sum(u * u) + anp.sum(v * v)) / w.size

    def kalman(Q, F, H, zs):
        n, m = F.shape[0], H.shape[0]
        x, P, R, total = anp.zeros(n), anp.eye(n), 0.5 * anp.eye(m), 0.0
        for z in zs:
            x = anp.dot(F, x)
            P = anp.dot(anp.dot(F, P), F.T) + Q
            y = z - anp.dot(H, x)
            S = anp.dot(anp.dot(H, P), H.T) + R
            K = anp.linalg.solve(S, anp.dot(H, P)).T
            x, P = x + anp.dot(K, y), P - anp.dot(anp.dot(K, H), P)
            total = total - 0.5 * (anp.dot(y, anp.linalg.solve(S, y)) + anp.log(anp.linalg.det(S)))
        return -total

    return {k: value_and_grad(f) for k, f in {"chain": chain, "heat": heat, "brusselator": brusselator,
                                              "kalman": kalman}.items()}


TOOLS = {"PyTorch": torch_programs, "JAX": jax_programs, "autograd": autograd_programs}
