"""Tune the noise levels of a Kalman filter by maximum likelihood."""

import numpy as np
from scipy.optimize import minimize

import undertow as ut


class Filter:
    """Constant-velocity filter of one coordinate; keeps its state in `self`."""

    def __init__(self, q, r, dt=0.1):
        self.F = np.array([[1.0, dt], [0.0, 1.0]])
        self.Q = q * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
        self.r = r
        self.x, self.P = np.zeros(2), 10.0 * np.eye(2)

    def step(self, z):
        """Predict, update, and return the log-likelihood of the measurement."""
        self.x = self.F @ self.x
        self.P = self.F @ self.P @ self.F.T + self.Q
        error, variance = z - self.x[0], self.P[0, 0] + self.r
        gain = self.P[:, 0] / variance
        self.x += gain * error
        self.P -= np.outer(gain, self.P[0])
        return -0.5 * (error**2 / variance + np.log(2 * np.pi * variance))


rng = np.random.default_rng(1)
velocity = np.cumsum(np.sqrt(0.5 * 0.1) * rng.normal(size=300))
measurements = np.cumsum(0.1 * velocity) + 0.2 * rng.normal(size=300)


def negative_log_likelihood(theta):
    """Of the whole track; `theta` holds logarithms of the two variances."""
    q, r = np.exp(theta)
    kf = Filter(q, r)
    return -sum(kf.step(z) for z in measurements)


start = np.log([5.0, 1.0])
fit = minimize(ut.value_and_grad(negative_log_likelihood), start, jac=True, method="BFGS")
q, r = np.exp(fit.x)
deviations = np.sqrt(np.diag(np.linalg.inv(ut.hessian(negative_log_likelihood)(fit.x))))
print(f"process noise {q:.3f} (true 0.5), measurement noise {r:.4f} (true 0.04)")
print(f"standard deviations of their logarithms: {deviations.round(3)}")
assert 0.2 < q < 1.2
assert 0.03 < r < 0.055
