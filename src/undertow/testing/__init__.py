"""What a derivative and a rule must satisfy, as checks that raise `AssertionError`."""

from ._check import check_grads, check_rule

__all__ = ["check_grads", "check_rule"]
