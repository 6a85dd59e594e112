"""Programs built from classes and closures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from . import kernel


class KalmanFilter:
    def __init__(self, F, H, Q, R, x, P):
        self.F, self.H, self.Q, self.R = F, H, Q, R
        self.x = x
        self.P = P
        self.loglik = 0.0

    def predict(self):
        self.x = self.F @ self.x
        self.P = self.F @ self.P @ self.F.T + self.Q

    def update(self, z):
        y = z - self.H @ self.x
        S = self.H @ self.P @ self.H.T + self.R
        Sinv = np.linalg.inv(S)
        K = self.P @ self.H.T @ Sinv
        self.x = self.x + K @ y
        self.P = (np.eye(self.P.shape[0]) - K @ self.H) @ self.P
        self.loglik += -0.5 * (y @ Sinv @ y + np.log(np.linalg.det(S)) + len(y) * np.log(2 * np.pi))


def _kalman_args(r, n):
    F = np.eye(4) + 0.1 * np.eye(4, k=2)
    H = np.eye(2, 4)
    return np.array([0.1, 0.2, 0.05, 0.3]), F, H, r.standard_normal((n, 2))


@kernel(_kalman_args, small=4, large=200)
def kalman(theta, F, H, zs):
    kf = KalmanFilter(F, H, np.diag(np.exp(theta)), np.eye(2) * theta[0], np.zeros(4), np.eye(4))
    for z in zs:
        kf.predict()
        kf.update(z)
    return kf.loglik


class Body:
    def __init__(self, m, x, v):
        self.m = m
        self.x = x
        self.v = v

    def kinetic(self):
        return 0.5 * self.m * (self.v[0]**2 + self.v[1]**2)


class System:
    def __init__(self, bodies):
        self.bodies = bodies

    def step(self, dt):
        for a in self.bodies:
            force = np.zeros(2)
            for b in self.bodies:
                if a is not b:
                    d = b.x - a.x
                    r = np.sqrt(np.dot(d, d) + 0.01)
                    force += a.m * b.m * d / r**3
            a.v = a.v + dt * force / a.m
        for a in self.bodies:
            a.x = a.x + dt * a.v

    def energy(self):
        return sum(b.kinetic() for b in self.bodies)


@kernel(lambda r, n: (r.random((3, 5)), n), small=4, large=100)
def nbody_classes(state, steps):
    bodies = [Body(state[i, 0], state[i, 1:3].copy(), state[i, 3:5].copy()) for i in range(3)]
    system = System(bodies)
    for _ in range(steps):
        system.step(0.01)
    return system.energy()


@dataclass
class Spring:
    k: float
    rest: float = 1.0
    damping: float = 0.1

    def force(self, d, v):
        return -self.k * (d - self.rest) - self.damping * v


@kernel(lambda r, n: (r.random(3), n), small=10, large=1000)
def springs(p, steps):
    s = Spring(p[0], damping=p[1])
    x, v = p[2], 0.0
    for _ in range(steps):
        f = s.force(x, v)
        v += 0.01 * f
        x += 0.01 * v
    return x * x + v


class State(NamedTuple):
    x: float
    y: float
    t: float


def rk4(f, y, t, h):
    k1 = f(t, y)
    k2 = f(t + h / 2, y + h / 2 * k1)
    k3 = f(t + h / 2, y + h / 2 * k2)
    k4 = f(t + h, y + h * k3)
    return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


@kernel(lambda r, n: (np.array([1.1, 0.4, 0.1, 0.4]), n), small=6, large=300)
def lotka_volterra_rk4(p, steps):
    a, b, c, d = p

    def f(t, y):
        return np.array([a * y[0] - b * y[0] * y[1], c * y[0] * y[1] - d * y[1]])

    y = np.array([1.0, 0.5])
    t = 0.0
    for _ in range(steps):
        y = rk4(f, y, t, 0.05)
        t += 0.05
    return np.sum(y**2)


@kernel(lambda r, n: (r.random(3), n), small=6, large=500)
def namedtuple_steps(p, steps):
    s = State(p[0], p[1], 0.0)
    for _ in range(steps):
        s = State(s.x + 0.1 * s.y, s.y - 0.1 * math.sin(s.x) * p[2], s.t + 0.1)
    s = s._replace(t=s.t * 2)
    return s.x**2 + s.y * s.t


@kernel(lambda r, n: (r.random(n), "tanh", None), small=6, large=1000)
def flags(x, mode, scale):
    if scale is None:
        scale = 2.0
    total = 0.0
    for v in x:
        if mode == "relu":
            total += max(v, 0.0)
        elif mode in ("tanh", "th"):
            total += math.tanh(scale * v)
        else:
            raise ValueError(f"unknown mode {mode}")
    return total


class Layer:
    def __init__(self, w, b, activation=np.tanh):
        self.w, self.b, self.activation = w, b, activation

    def __call__(self, x):
        return self.activation(self.w @ x + self.b)


class Network:
    def __init__(self, layers):
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


@kernel(lambda r, n: (r.standard_normal((3, n, n)), r.standard_normal((3, n)), r.standard_normal(n)), small=4, large=32)
def network_objects(ws, bs, x):
    net = Network([Layer(ws[0], bs[0]), Layer(ws[1], bs[1]), Layer(ws[2], bs[2], activation=lambda v: v)])
    return np.sum(net.forward(x)**2)


@kernel(lambda r, n: (r.random(n),), small=6, large=400)
def stack_machine(x):
    stack = []
    for v in x:
        stack.append(v * v)
        if len(stack) > 2:
            b = stack.pop()
            a = stack.pop()
            stack.append(a + math.sin(b))
    return sum(stack)
