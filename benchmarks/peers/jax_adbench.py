"""Ports for JAX of ADBench's programs, the Kalman filter and the dense network."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from . import jax_ports

CONSTANT = {"hand_objective": (1,)}  # arguments that are part of the program


def _gmm_likelihood(means, alphas, icf, x):
    n, d = x.shape
    rows, columns = np.triu_indices(d, 1)[::-1]
    factors = jnp.zeros((alphas.size, d, d)).at[:, rows, columns].set(icf[:, d:])
    diagonals = jnp.exp(icf[:, :d])
    centred = x[:, None, :] - means[None]
    scaled = diagonals * centred + jnp.einsum("kij,nkj->nki", factors, centred)
    terms = alphas + jnp.sum(icf[:, :d], 1) - 0.5 * jnp.sum(scaled ** 2, 2)
    return jnp.sum(jax.nn.logsumexp(terms, axis=1)) - n * jax.nn.logsumexp(alphas)


def gmm_numpy(means, alphas, icf, x, gamma, m):
    n, d = x.shape
    k = alphas.size
    sum_qs = jnp.sum(icf[:, :d], 1)
    p = d + m + 1
    normaliser = p * d * math.log(gamma / math.sqrt(2)) - (
        0.25 * d * (d - 1) * math.log(math.pi) + sum(math.lgamma(0.5 * p + 0.5 * (1 - j)) for j in range(1, d + 1)))
    prior = jnp.sum(0.5 * gamma * gamma * (jnp.sum(jnp.exp(icf[:, :d]) ** 2, 1) + jnp.sum(icf[:, d:] ** 2, 1))
                    - m * sum_qs) - k * normaliser
    return -n * d * 0.5 * math.log(2 * math.pi) + _gmm_likelihood(means, alphas, icf, x) + prior


def gmm_loops(means, alphas, icf, x, gamma, m):
    return _gmm_likelihood(means, alphas, icf, x)


def _rotate(rotation, point):
    squared = jnp.sum(rotation ** 2)
    nonzero = squared != 0.0
    theta = jnp.sqrt(jnp.where(nonzero, squared, 1.0))
    axis = rotation / theta
    turned = point * jnp.cos(theta) + jnp.cross(axis, point) * jnp.sin(theta) \
        + axis * (jnp.dot(axis, point) * (1.0 - jnp.cos(theta)))
    return jnp.where(nonzero, turned, point + jnp.cross(rotation, point))


def _project(camera, point):
    seen = _rotate(camera[0:3], point - camera[3:6])
    flat = seen[0:2] / seen[2]
    r = jnp.sum(flat ** 2)
    return flat * (1.0 + camera[9] * r + camera[10] * r * r) * camera[6] + camera[7:9]


def ba_objective(cams, X, w, feats, obs):
    errors = w[:, None] * (jax.vmap(_project)(cams[obs[:, 0]], X[obs[:, 1]]) - feats)
    return jnp.sum(errors ** 2) + jnp.sum((1.0 - w ** 2) ** 2)


def lstm_objective(main_params, extra_params, state, sequence):
    layers = state.shape[0] // 2
    weights = main_params[0::2].reshape(layers, 4, -1)
    biases = main_params[1::2].reshape(layers, 4, -1)

    def step(carry, now):
        hidden, cell = carry
        given, wanted = now
        x = given * extra_params[0]
        hs, cs = [], []
        for k in range(layers):
            w, b = weights[k], biases[k]
            forget, ingate = jax.nn.sigmoid(x * w[0] + b[0]), jax.nn.sigmoid(hidden[k] * w[1] + b[1])
            outgate, change = jax.nn.sigmoid(x * w[2] + b[2]), jnp.tanh(hidden[k] * w[3] + b[3])
            cs.append(cell[k] * forget + ingate * change)
            x = outgate * jnp.tanh(cs[-1])
            hs.append(x)
        y = x * extra_params[1] + extra_params[2]
        loss = jnp.sum(wanted * (y - jnp.log(jnp.sum(jnp.exp(y)) + 2)))
        return (jnp.stack(hs), jnp.stack(cs)), loss

    _, losses = lax.scan(step, (state[0::2], state[1::2]), (sequence[:-1], sequence[1:]))
    return -jnp.sum(losses) / sequence[1:].size


def _rotation_about(v):
    n = jnp.sqrt(jnp.sum(v ** 2))
    x, y, z = v / n
    s, c = jnp.sin(n), jnp.cos(n)
    turned = jnp.array([[x * x + (1 - x * x) * c, x * y * (1 - c) - z * s, x * z * (1 - c) + y * s],
                        [x * y * (1 - c) + z * s, y * y + (1 - y * y) * c, y * z * (1 - c) - x * s],
                        [x * z * (1 - c) - y * s, z * y * (1 - c) + x * s, z * z + (1 - z * z) * c]])
    return jnp.where(n < 0.0001, jnp.eye(3), turned)


def _euler(angles):
    (sx, sz, sy), (cx, cz, cy) = jnp.sin(angles), jnp.cos(angles)
    rx = jnp.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    ry = jnp.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    rz = jnp.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return rz @ ry @ rx


def hand_objective(theta, parents, base_relatives, weights, base_positions, points):
    n_bones = base_relatives.shape[0]
    turned = jax.vmap(_euler)(theta[6:6 + 3 * n_bones].reshape(n_bones, 3))
    relatives = base_relatives @ jnp.zeros((n_bones, 4, 4)).at[:, :3, :3].set(turned).at[:, 3, 3].set(1.0)
    transforms = []
    for i in range(n_bones):
        transforms.append(relatives[i] if parents[i] == -1 else transforms[parents[i]] @ relatives[i])
    positions = jnp.einsum("bij,jn,bn->in", jnp.stack(transforms)[:, :3], base_positions, weights)
    moved = _rotation_about(theta[:3]) @ positions + theta[3:6][:, None]
    return jnp.sum((points - moved.T) ** 2)


def _inverse_and_determinant(S):
    if S.shape != (2, 2):
        return jnp.linalg.inv(S), jnp.linalg.det(S)
    det = S[0, 0] * S[1, 1] - S[0, 1] * S[1, 0]  # much faster than a call of LAPACK
    return jnp.array([[S[1, 1], -S[0, 1]], [-S[1, 0], S[0, 0]]]) / det, det


def kalman(theta, F, H, zs):
    Q, R = jnp.diag(jnp.exp(theta)), jnp.eye(2) * theta[0]
    eye = jnp.eye(4)

    def step(carry, z):
        x, P = carry
        x, P = F @ x, F @ P @ F.T + Q
        y = z - H @ x
        inverse, det = _inverse_and_determinant(H @ P @ H.T + R)
        K = P @ H.T @ inverse
        likelihood = -0.5 * (y @ inverse @ y + jnp.log(det) + len(y) * math.log(2 * math.pi))
        return (x + K @ y, (eye - K @ H) @ P), likelihood

    _, terms = lax.scan(step, (jnp.zeros(4), eye), zs)
    return jnp.sum(terms)


def dense_float32(w1, b1, w2, b2, x, labels):
    z = jnp.tanh(x @ w1 + b1) @ w2 + b2
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), labels[:, None], axis=1))


def prepare(name, args, active):
    """A call without arguments that computes value and gradient, on data already given to the tool."""
    return jax_ports.prepare_function(globals()[name], args, active, CONSTANT.get(name, ()))
