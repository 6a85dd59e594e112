"""ADBench's programs, a Kalman filter made of objects, and a dense network: the sizes in which they are measured."""

from __future__ import annotations

import numpy as np
from kernels import adbench, networks, objects


def _programs():
    rng = np.random.default_rng(0)

    def f32(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    dense = (0.05 * f32(784, 256), np.zeros(256, np.float32), 0.1 * f32(256, 10), np.zeros(10, np.float32),
             rng.random((128, 784)).astype(np.float32), rng.integers(0, 10, 128))
    mixture = (True, True, True, False, False, False)
    return {
        "GMM 10/5": (adbench.gmm_numpy, adbench._gmm_args(rng, 1000, 10, 5), mixture),
        "GMM 10/5 loops": (adbench.gmm_loops, adbench._gmm_args(rng, 1000, 10, 5), mixture),
        "GMM 20/25": (adbench.gmm_numpy, adbench._gmm_args(rng, 1000, 20, 25), mixture),
        "GMM 20/25 loops": (adbench.gmm_loops, adbench._gmm_args(rng, 1000, 20, 25), mixture),
        "BA": (adbench.ba_objective, adbench._ba_args(rng, 60), (True, True, True, False, False)),
        "LSTM": (adbench.lstm_objective, adbench._lstm_args(rng, 200), (True, True, False, False)),
        "HAND": (adbench.hand_objective, adbench._hand_args(rng, 200), (True,) + (False,) * 5),
        "Kalman object": (objects.kalman, objects._kalman_args(rng, 200), (True, False, False, False)),
        "dense float32": (networks.dense_float32, dense, (True,) * 4 + (False,) * 2),
    }


PROGRAMS = _programs()
