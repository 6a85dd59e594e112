"""Plain NumPy programs that the benchmarks of the record tier differentiate.

Nothing here knows of a differentiation tool.  Each program takes what it is differentiated with respect to first and
returns a number.
"""

from __future__ import annotations

import numpy as np

# ---- overhead of one operation -------------------------------------------------------------------------------------


def chained_multiplies(x, n=1000):
    """`n` multiplies of a small array by itself, one after the other."""
    y = x
    for _ in range(n):
        y = y * x
    return y.sum()


def float_recurrence(x, n=1000):
    """Four operations between Python floats, `n` times."""
    y = 0.5
    for _ in range(n):
        y = (y * x - 0.25) * 0.5 + x
    return y


# ---- the heat equation: slices of one buffer -----------------------------------------------------------------------


def heat(u0, steps=200, r=0.3):
    """Mean square of a rod's temperature after `steps` steps that overwrite it."""
    u = u0.copy()
    for _ in range(steps):
        u[1:-1] += r * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return 0.5 * np.sum(u * u)


def heat_start(n):
    """A sharp hump."""
    x = np.linspace(0.0, 1.0, n)
    return np.exp(-200.0 * (x - 0.4) ** 2)


# ---- the Brusselator: whole-array expressions, writes into one buffer ----------------------------------------------


def laplacian(u):
    """Five-point Laplacian on a periodic grid."""
    return np.roll(u, 1, 0) + np.roll(u, -1, 0) + np.roll(u, 1, 1) + np.roll(u, -1, 1) - 4.0 * u


def brusselator(state, steps=20, dt=1e-3, alpha=2.0):
    """Mean square after `steps` explicit Euler steps; the state is one array that is overwritten."""
    w = state.copy()
    for _ in range(steps):
        u, v = w[0], w[1]
        reaction = u * u * v
        du = 1.0 + reaction - 4.4 * u + alpha * laplacian(u)
        dv = 3.4 * u - reaction + alpha * laplacian(v)
        w[0] += dt * du
        w[1] += dt * dv
    return np.sum(w * w) / w.size


def brusselator_start(n):
    """The usual initial state."""
    x = np.linspace(0.0, 1.0, n)
    w = np.empty((2, n, n))
    w[0] = 22.0 * (x * (1.0 - x))[None, :] ** 1.5
    w[1] = 27.0 * (x * (1.0 - x))[:, None] ** 1.5
    return w


# ---- a Kalman filter: an object that changes itself ----------------------------------------------------------------


class KalmanFilter:
    """Linear filter that keeps its estimate in ``self`` and updates it with each measurement."""

    def __init__(self, transition, observation, process_noise, measurement_noise):
        self.F, self.H, self.Q, self.R = transition, observation, process_noise, measurement_noise
        self.x = np.zeros(len(transition))
        self.P = np.eye(len(transition))
        self.log_likelihood = 0.0

    def predict(self):
        self.x = self.F @ self.x
        self.P = self.F @ self.P @ self.F.T + self.Q

    def update(self, z):
        y = z - self.H @ self.x
        S = self.H @ self.P @ self.H.T + self.R
        K = np.linalg.solve(S, self.H @ self.P).T
        self.x += K @ y
        self.P -= K @ self.H @ self.P
        self.log_likelihood -= 0.5 * (y @ np.linalg.solve(S, y) + np.log(np.linalg.det(S)))


def kalman(process_noise, transition, observation, measurements):
    """Negative log-likelihood of the measurements."""
    m = len(observation)
    f = KalmanFilter(transition, observation, process_noise, 0.5 * np.eye(m))
    for z in measurements:
        f.predict()
        f.update(z)
    return -f.log_likelihood


def kalman_start(n=4, m=2, steps=100):
    """Process noise, transition, observation, measurements."""
    rng = np.random.default_rng(0)
    A = rng.standard_normal((n, n))
    F = A / (1.1 * np.max(np.abs(np.linalg.eigvals(A))))
    return 0.1 * np.eye(n), F, rng.standard_normal((m, n)), rng.standard_normal((steps, m))


# ---- memory --------------------------------------------------------------------------------------------------------


def fill(x, n):
    """A fresh array, one element after the other, each read once."""
    a = np.zeros(n)
    for i in range(n):
        a[i] = x * i
    return a[n - 1]


def read_in_loop(a, count):
    """Elements of a large array, one after the other."""
    s = 0.0
    for i in range(count):
        s = s + a[i]
    return s
