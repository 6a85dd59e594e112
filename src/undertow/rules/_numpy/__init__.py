"""Derivative rules of NumPy, one module a domain.  Importing this package registers them all."""

from . import indexing as indexing
from . import products as products
from . import reductions as reductions
from . import shape as shape
from . import ufuncs as ufuncs
from . import zero as zero
