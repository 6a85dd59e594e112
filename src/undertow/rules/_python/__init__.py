"""Derivative rules of the standard library's numerical functions.  Importing this package registers them all."""

from . import builtins as builtins, cmath as cmath, math as math
