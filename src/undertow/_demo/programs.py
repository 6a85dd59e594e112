"""Programs of the demo: plain NumPy and SciPy, written as people write them.

Nothing here knows of undertow or of differentiation.  Each loss takes what it is differentiated with respect to as its
first argument and returns a number.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.integrate import solve_ivp
from scipy.linalg import cho_factor, cho_solve

# ---- the 2-D Brusselator: scalar loops, writes in place ------------------------------------------------------------


def brusselator(du, u, alpha):
    """Right-hand side of the Brusselator reaction-diffusion equations on a periodic grid, written into `du`."""
    n = u.shape[0]
    for i in range(n):
        for j in range(n):
            left, right = i - 1, (i + 1) % n
            down, up = j - 1, (j + 1) % n
            a, b = u[i, j, 0], u[i, j, 1]
            reaction = a * a * b
            du[i, j, 0] = (1.0 + reaction - 4.4 * a
                           + alpha * (u[left, j, 0] + u[right, j, 0] + u[i, up, 0] + u[i, down, 0] - 4.0 * a))
            du[i, j, 1] = (3.4 * a - reaction
                           + alpha * (u[left, j, 1] + u[right, j, 1] + u[i, up, 1] + u[i, down, 1] - 4.0 * b))


def brusselator_loss(u0, steps=10, dt=0.01, alpha=2.0):
    """Mean square of the state after `steps` explicit Euler steps, one pair of buffers reused throughout."""
    u = u0.copy()
    du = np.empty_like(u)
    for _ in range(steps):
        brusselator(du, u, alpha)
        u += dt * du
    return np.sum(u * u) / u.size


def brusselator_start(n=16):
    """The usual initial state."""
    x = np.linspace(0.0, 1.0, n)
    u = np.empty((n, n, 2))
    u[:, :, 0] = 22.0 * (x * (1.0 - x))[None, :] ** 1.5
    u[:, :, 1] = 27.0 * (x * (1.0 - x))[:, None] ** 1.5
    return u


# ---- the heat equation: slices of one buffer -----------------------------------------------------------------------


def heat_loss(u0, target, steps=400, r=0.3):
    """Misfit to `target` of a rod's temperature after `steps` steps that overwrite it."""
    u = u0.copy()
    for _ in range(steps):
        u[1:-1] += r * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        u[0] = u[1]
        u[-1] = u[-2]
    return 0.5 * np.sum((u - target) ** 2)


def heat_start(n=256):
    """A sharp hump, and the smooth one it should have become."""
    x = np.linspace(0.0, 1.0, n)
    return np.exp(-200.0 * (x - 0.4) ** 2), 0.4 * np.exp(-40.0 * (x - 0.6) ** 2)


# ---- a Kalman filter: an object that changes itself ----------------------------------------------------------------


class KalmanFilter:
    """Linear filter that keeps its estimate in ``self`` and updates it with each measurement."""

    def __init__(self, transition, observation, process_noise, measurement_noise):
        self.F, self.H = transition, observation
        self.Q, self.R = process_noise, measurement_noise
        self.x = np.zeros(len(transition))
        self.P = 10.0 * np.eye(len(transition))
        self.log_likelihood = 0.0

    def predict(self):
        self.x = self.F @ self.x
        self.P = self.F @ self.P @ self.F.T + self.Q

    def update(self, z):
        innovation = z - self.H @ self.x
        S = self.H @ self.P @ self.H.T + self.R
        gain = self.P @ self.H.T @ np.linalg.inv(S)
        self.x += gain @ innovation
        self.P -= gain @ self.H @ self.P
        self.log_likelihood -= 0.5 * (innovation @ np.linalg.solve(S, innovation)
                                      + np.log(np.linalg.det(S)) + len(z) * np.log(2.0 * np.pi))


def kalman_loss(theta, measurements, dt=0.1):
    """Negative log-likelihood of a track, given the logarithms of four noise levels and two damping rates."""
    damping = np.exp(-dt * theta[4:])
    F = np.eye(4)
    F[:2, 2:] = dt * np.eye(2)
    F[2, 2], F[3, 3] = damping
    H = np.eye(4)[:2]
    noise = np.exp(theta)
    kf = KalmanFilter(F, H, np.diag([0.0, 0.0, noise[0], noise[1]]), np.diag(noise[2:4]))
    for z in measurements:
        kf.predict()
        kf.update(z)
    return -kf.log_likelihood


def kalman_start(steps=100):
    """A noisy spiral."""
    t = np.linspace(0.0, 6.0, steps)
    track = np.stack([t * np.cos(t), t * np.sin(t)], axis=1)
    noise = np.random.default_rng(0).normal(0.0, 0.3, track.shape)
    return np.log([0.1, 0.2, 0.09, 0.12, 0.5, 0.8]), track + noise


# ---- SciPy's own Runge-Kutta method --------------------------------------------------------------------------------


def predator_prey(t, y, p):
    """Right-hand side of the Lotka-Volterra equations."""
    prey, predators = y
    return [p[0] * prey - p[1] * prey * predators, p[3] * prey * predators - p[2] * predators]


def ode_loss(p, times, data):
    """Misfit of the populations that ``scipy.integrate.solve_ivp`` computes, adaptive steps and all."""
    solution = solve_ivp(predator_prey, (times[0], times[-1]), [10.0, 5.0], t_eval=times, args=(p,), rtol=1e-6)
    return np.mean((solution.y - data) ** 2)


def ode_start():
    """Parameters that are a little off, and the data they should explain."""
    times = np.linspace(0.0, 10.0, 40)
    true = np.array([1.1, 0.4, 0.4, 0.1])
    data = solve_ivp(predator_prey, (0.0, 10.0), [10.0, 5.0], t_eval=times, args=(true,), rtol=1e-9).y
    return np.array([1.0, 0.35, 0.45, 0.12]), times, data


# ---- a training loop: weights updated in place ---------------------------------------------------------------------


def training_loss(rates, X, y, hidden=16, epochs=12):
    """Loss of a small network *after* training it by momentum descent, as a function of the training rates."""
    rng = np.random.default_rng(3)
    layers = [(0.5 * rng.normal(size=(X.shape[1], hidden)), np.zeros(hidden)),
              (0.5 * rng.normal(size=(hidden, 1)), np.zeros(1))]
    velocity = [(np.zeros_like(W), np.zeros_like(b)) for W, b in layers]
    history = []
    for rate in rates[:epochs]:
        (W1, b1), (W2, b2) = layers
        hidden_out = np.tanh(X @ W1 + b1)
        error = (hidden_out @ W2 + b2)[:, 0] - y
        history.append(np.mean(error**2))
        back = 2.0 * error[:, None] / len(y)
        back_hidden = (back @ W2.T) * (1.0 - hidden_out**2)
        gradients = [(X.T @ back_hidden, back_hidden.sum(axis=0)), (hidden_out.T @ back, back.sum(axis=0))]
        for layer, speed, gradient in zip(layers, velocity, gradients):
            for parameter, v, g in zip(layer, speed, gradient):
                v *= 0.9
                v -= rate * g
                parameter += v
    return history[-1]


def training_start():
    """A regression problem, and one learning rate an epoch."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(64, 5))
    return np.full(12, 0.05), X, np.sin(X[:, 0]) * X[:, 1] + 0.3 * X[:, 2]


# ---- elimination with row swaps ------------------------------------------------------------------------------------


def lu_solve_in_place(A, b):
    """Solve by LU factorisation with partial pivoting; `A` and `b` are overwritten."""
    n = len(A)
    for k in range(n):
        pivot = k + np.argmax(np.abs(A[k:, k]))
        if pivot != k:
            A[[k, pivot]] = A[[pivot, k]]
            b[[k, pivot]] = b[[pivot, k]]
        for i in range(k + 1, n):
            A[i, k] /= A[k, k]
            A[i, k + 1:] -= A[i, k] * A[k, k + 1:]
            b[i] -= A[i, k] * b[k]
    for k in reversed(range(n)):
        b[k] = (b[k] - A[k, k + 1:] @ b[k + 1:]) / A[k, k]
    return b


def lu_loss(A, b):
    """A quadratic form of the solution of a linear system."""
    x = lu_solve_in_place(A.copy(), b.copy())
    return x @ x + x[0] * x[-1]


def lu_start(n=12):
    """A matrix that needs pivoting."""
    rng = np.random.default_rng(5)
    return rng.normal(size=(n, n)) + 2.0 * np.eye(n)[::-1], rng.normal(size=n)


# ---- adaptive quadrature: recursion and a generator ----------------------------------------------------------------


def pieces(f, a, b, tolerance):
    """Yield the integrals over the pieces that adaptive Simpson quadrature settles on."""
    middle = 0.5 * (a + b)
    whole = (b - a) / 6.0 * (f(a) + 4.0 * f(middle) + f(b))
    left, right = 0.5 * (a + middle), 0.5 * (middle + b)
    halves = (b - a) / 12.0 * (f(a) + 4.0 * f(left) + 2.0 * f(middle) + 4.0 * f(right) + f(b))
    if np.abs(halves - whole) < 15.0 * tolerance:
        yield halves + (halves - whole) / 15.0
    else:
        yield from pieces(f, a, middle, 0.5 * tolerance)
        yield from pieces(f, middle, b, 0.5 * tolerance)


def quadrature_loss(theta):
    """Integral of an oscillating peak whose shape and upper limit are the parameters."""
    def integrand(x):
        return np.exp(-theta[0] * (x - theta[1]) ** 2) * np.cos(theta[2] * x)
    return sum(pieces(integrand, 0.0, theta[3], 1e-9))


def quadrature_start():
    """A narrow peak, four waves wide."""
    return np.array([30.0, 0.7, 9.0, 1.5])


# ---- a Gaussian process: SciPy's linear algebra --------------------------------------------------------------------


def gaussian_process_loss(theta, X, y):
    """Negative log marginal likelihood of Gaussian-process regression with one length scale a dimension."""
    amplitude, noise = np.exp(theta[0]), np.exp(theta[1])
    scaled = X / np.exp(theta[2:])
    distance = ((scaled[:, None, :] - scaled[None, :, :]) ** 2).sum(axis=-1)
    K = amplitude * np.exp(-0.5 * distance)
    K[np.diag_indices_from(K)] += noise
    factor, lower = cho_factor(K, lower=True)
    weights = cho_solve((factor, lower), y)
    return 0.5 * y @ weights + np.log(np.diag(factor)).sum() + 0.5 * len(y) * np.log(2.0 * np.pi)


def gaussian_process_start(n=120):
    """Noisy data of three variables, one of which does not matter."""
    rng = np.random.default_rng(7)
    X = rng.uniform(-2.0, 2.0, size=(n, 3))
    return np.log([1.0, 0.05, 1.0, 1.5, 2.0]), X, np.sin(2.0 * X[:, 0]) + 0.5 * X[:, 1] + 0.1 * rng.normal(size=n)


# ---- bodies that attract each other: dataclasses in a list ----------------------------------------------------------


@dataclass
class Body:
    """A point mass."""

    mass: float
    position: np.ndarray
    velocity: np.ndarray
    force: np.ndarray = field(default_factory=lambda: np.zeros(2))


def advance(bodies, dt):
    """One leapfrog step that moves every body."""
    for body in bodies:
        body.velocity += 0.5 * dt * body.force / body.mass
        body.position += dt * body.velocity
        body.force = np.zeros(2)
    for i, a in enumerate(bodies):
        for b in bodies[:i]:
            away = b.position - a.position
            pull = a.mass * b.mass * away / (away @ away + 0.01) ** 1.5
            a.force += pull
            b.force -= pull
    for body in bodies:
        body.velocity += 0.5 * dt * body.force / body.mass


def orbit_loss(velocities, steps=60, dt=0.02):
    """How far the last body ends from a point, as a function of everybody's initial velocity."""
    places = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.6), (-2.1, 0.3)]
    bodies = [Body(m, np.array(p), v.copy()) for m, p, v in zip((1.0, 0.05, 0.03, 0.02), places, velocities)]
    for _ in range(steps):
        advance(bodies, dt)
    return np.sum((bodies[-1].position - np.array([-1.5, 1.0])) ** 2)


def orbit_start():
    """Nearly circular orbits."""
    return np.array([[0.0, 0.0], [0.0, 1.0], [-0.8, 0.0], [0.1, -0.7]])
