"""undertow: derivatives of the Python people already have.

``import undertow as ut``, then ``ut.grad(f)(x)`` for any Python function `f` of numbers and arrays.
"""

from . import rules as rules, testing as testing
from ._errors import (
    ActiveStoreError as ActiveStoreError,
    AliasingError as AliasingError,
    ArgumentError as ArgumentError,
    ForeignCallError as ForeignCallError,
    InternalError as InternalError,
    MissingSourceError as MissingSourceError,
    RefusedRuleError as RefusedRuleError,
    ReinterpretationError as ReinterpretationError,
    RuleError as RuleError,
    StaleError as StaleError,
    UndertowError as UndertowError,
    UnsupportedError as UnsupportedError,
)
from ._operators import (
    Explanation as Explanation,
    LinearMap as LinearMap,
    derivative as derivative,
    explain as explain,
    grad as grad,
    hessian as hessian,
    hvp as hvp,
    jacobian as jacobian,
    jvp as jvp,
    linearize as linearize,
    solvers as solvers,
    source as source,
    stop_gradient as stop_gradient,
    threads as threads,
    value_and_grad as value_and_grad,
    vjp as vjp,
)
from .testing import check_grads as check_grads

__version__ = "0.1.0"

__all__ = [
    "grad", "value_and_grad", "vjp", "jvp", "linearize", "jacobian", "hessian", "hvp", "derivative", "solvers",
    "stop_gradient", "threads", "explain", "source", "Explanation", "check_grads", "LinearMap", "rules", "testing",
    "UndertowError", "ActiveStoreError", "AliasingError", "ArgumentError", "ForeignCallError", "InternalError",
    "MissingSourceError", "RefusedRuleError", "ReinterpretationError", "RuleError", "StaleError", "UnsupportedError",
]
