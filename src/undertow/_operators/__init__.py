"""The operators that users call: calculus words turned into runs and sweeps."""

from .first import LinearMap, derivative, grad, jacobian, jvp, linearize, stop_gradient, value_and_grad, vjp
from .second import hessian, hvp

__all__ = ["LinearMap", "derivative", "grad", "hessian", "hvp", "jacobian", "jvp", "linearize", "stop_gradient",
           "value_and_grad", "vjp"]
