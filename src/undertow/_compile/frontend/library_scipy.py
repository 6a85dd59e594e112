"""Stand-ins for functions of SciPy, by package and name: SciPy is not imported for them."""

from . import fourier, linear_scipy, signals, special

__all__ = ["SCIPY"]

SCIPY = {"scipy.linalg": linear_scipy.SCIPY, "scipy.fft": fourier.SCIPY, "scipy.special": special.SCIPY,
         "scipy.signal": signals.SIGNAL, "scipy.spatial.distance": signals.DISTANCE}
