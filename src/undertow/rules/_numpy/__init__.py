"""Derivative rules of NumPy, one module a domain.  Importing this package registers them all."""

from . import creation as creation
from . import fft as fft
from . import indexing as indexing
from . import linalg as linalg
from . import memory as memory
from . import products as products
from . import random as random
from . import reductions as reductions
from . import shape as shape
from . import sorting as sorting
from . import ufunc_methods as ufunc_methods
from . import ufuncs as ufuncs
from . import zero as zero
