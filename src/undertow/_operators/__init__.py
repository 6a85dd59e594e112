"""The operators that users call: calculus words turned into runs and sweeps."""

from ..rules import _callables
from .explain import Explanation, explain, source
from .first import LinearMap, derivative, grad, jacobian, jvp, linearize, stop_gradient, value_and_grad, vjp
from .second import hessian, hvp
from .solvers import solvers
from .threads import threads

__all__ = ["Explanation", "LinearMap", "derivative", "explain", "grad", "hessian", "hvp", "jacobian", "jvp", "linearize", "solvers", "threads",
           "source", "stop_gradient", "value_and_grad", "vjp"]

_callables.calculus.__dict__.update(vjp=vjp, jacobian=jacobian, grad=grad, jvp=jvp)  # for rules of functions of functions
