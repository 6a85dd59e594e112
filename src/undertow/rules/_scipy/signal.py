"""Rules of the compiled leaves of ``scipy.signal``: the recursive filter `lfilter` runs down to.

The adjoint of a causal filter is the same filter run backwards in time.
"""

from __future__ import annotations

import numpy as np
import scipy.signal  # noqa: F401  (its modules set up the compiled one)
from scipy.signal import _sigtools

from .._registry import Refused, pullback
from ..samples import Sample, array

_linear_filter = _sigtools._linear_filter


@pullback(_linear_filter, argnums=(0, 1, 2), cite="Oppenheim and Schafer 2010, section 6.3",
          samples=[Sample((array(3), np.array([1.7, 0.4, -0.2]), array(9), 0)),
                   Sample((array(2), np.array([0.8, 0.3, -0.1]), array(3, 8), 1)),
                   Sample((array(3), np.array([2.0, 0.3]), array(7, 2), 0))])
def _linear_filter_pull(y, y_bar, b, a, x, axis=-1, zi=None, active=(True, True, True)):
    """``a * y = b * x``: with ``u`` the reversed filter ``1/a`` of the cotangent, each tap sees a shifted ``u``."""
    if zi is not None or isinstance(y, tuple):
        raise Refused("lfilter with initial conditions (zi) has no rule yet").error()
    one = np.ones(1, a.dtype)
    u = np.flip(_linear_filter(one, np.conj(a), np.flip(y_bar, axis), axis), axis)
    x_bar = np.flip(_linear_filter(np.conj(b), np.conj(a), np.flip(y_bar, axis), axis), axis) if active[2] else None
    n = x.shape[axis]

    def taps(signal, count, sign):
        source, target = np.moveaxis(np.conj(signal), axis, -1), np.moveaxis(u, axis, -1)
        parts = [np.sum(source[..., :max(n - k, 0)] * target[..., k:]) for k in range(count)]
        return sign * np.stack(parts)

    return taps(x, len(b), 1.0) if active[0] else None, taps(y, len(a), -1.0) if active[1] else None, x_bar
