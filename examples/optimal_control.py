"""Swing a pendulum up: Newton's method with Hessian-vector products through a simulation."""

import numpy as np
from scipy.optimize import minimize

import undertow as ut


def simulate(torque, dt=0.1):
    """Angles and angular velocity of a pendulum, by the leapfrog method, written into one array."""
    states = np.empty((len(torque) + 1, 2))
    states[0] = 0.0
    for k in range(len(torque)):
        angle, speed = states[k]
        speed = speed + dt * (torque[k] - np.sin(angle) - 0.1 * speed)
        states[k + 1] = angle + dt * speed, speed
    return states


def cost(torque):
    """End upright and at rest, with little effort."""
    angle, speed = simulate(torque)[-1]
    return 10.0 * (angle - np.pi) ** 2 + 10.0 * speed**2 + 0.05 * np.sum(torque**2)


start = np.zeros(40)
fit = minimize(cost, start, jac=ut.grad(cost), hessp=lambda x, v: ut.hvp(cost, (x,), (v,)), method="trust-ncg")
angle, speed = simulate(fit.x)[-1]
print(f"cost {cost(start):.1f} -> {fit.fun:.3f} in {fit.nit} iterations; "
      f"final angle {angle / np.pi:.3f} pi, speed {speed:.3f}")
assert abs(angle - np.pi) < 0.2
