"""Derivative rules of the standard library's numerical functions.  Importing this package registers them all."""

from . import builtins as builtins
from . import cmath as cmath
from . import math as math
