"""Programs for ``scipy.spatial.transform``: SciPy's array-API source gives the derivative of its compiled backend.

SciPy has each operation on quaternions twice: compiled for NumPy arrays, and in Python for any array library.  The
compiled one gives the values; the Python one is followed.  Conversions from and to rotation vectors are written anew, so
that derivatives exist at the identity too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._callables import active, attach, below, verified
from .._registry import substitute
from ._private import private

_rigid_transform_cy, _rigid_transform_xp, _rotation_cy, _rotation_xp = (private("scipy.spatial.transform." + name) for name in (
    "_rigid_transform_cy", "_rigid_transform_xp", "_rotation_cy", "_rotation_xp"))


def matched(native: Any, found: Any) -> Any:
    """The compiled result with the derivative of the followed one."""
    if isinstance(native, tuple):
        return tuple(matched(n, f) for n, f in zip(native, found))
    if isinstance(native, float) and active(found):
        return verified(native, np.reshape(found, ())[()], "the rotation")
    if native is None or isinstance(native, (bool, int, float)) or not active(found):
        return native
    native = np.asarray(native)  # Cython returns views of memory
    if native.dtype.kind != "f":
        return native
    return verified(native, np.reshape(found, native.shape), "the rotation")


def as_arrays(args: tuple) -> list:
    """Lists and numbers as arrays, as the followed source expects."""
    return [np.asarray(a, float) if isinstance(a, (list, float)) else a for a in args]


def _follow(native: Any, source: Any, convention: str = "") -> None:
    @substitute(native, convention=convention)
    def program(*args, **kwargs):
        result = below(native, *args, **kwargs)
        return matched(result, source(*as_arrays(args), **kwargs))


def from_rotvec(rotvec, degrees=False):
    """Quaternions of rotation vectors, by series near zero."""
    v = np.asarray(rotvec, float)
    v = np.deg2rad(v) if degrees else v
    square = np.sum(v * v, axis=-1, keepdims=True)
    small = square <= 1e-6
    half = 0.5 * np.sqrt(np.where(small, 1.0, square))
    scale = np.where(small, 0.5 - square / 48 + square**2 / 3840, 0.5 * np.sin(half) / half)
    real = np.where(small, 1.0 - square / 8 + square**2 / 384, np.cos(half))
    return np.concatenate([v * scale, real], axis=-1)


def as_rotvec(quat, degrees=False):
    """Rotation vectors of quaternions, by series near the identity."""
    quat = np.where(quat[..., 3:] < 0, -quat, quat)
    v, real = quat[..., :3], quat[..., 3:]
    square = np.sum(v * v, axis=-1, keepdims=True)
    small = square <= 1e-6
    length = np.sqrt(np.where(small, 1.0, square))
    scale = np.where(small, 2.0 + square / 3 + 3 * square**2 / 20, 2.0 * np.arctan2(length, real) / length)
    return np.rad2deg(v * scale) if degrees else v * scale


def magnitude(quat):
    """The angle of rotation; a kink at the identity."""
    return 2.0 * np.arctan2(np.linalg.norm(quat[..., :3], axis=-1), np.abs(quat[..., 3]))


def axial(k):
    """The vectors of skew matrices."""
    return np.stack([k[..., 2, 1], k[..., 0, 2], k[..., 1, 0]], axis=-1)


def hat(v):
    """The skew matrices of vectors."""
    zero = np.zeros(v.shape[:-1])
    x, y, z = v[..., 0], v[..., 1], v[..., 2]
    rows = [np.stack(r, axis=-1) for r in ((zero, -z, y), (z, zero, -x), (-y, x, zero))]
    return np.stack(rows, axis=-2)


def polar(matrix):
    """The nearest orthogonal matrices."""
    u, _, vh = np.linalg.svd(matrix)
    return u @ vh


def nearest_rotation(matrix):
    """For ``M = R H``, ``dR = R hat((tr(H) - H)^-1 axial(R^T dM - dM^T R))``, regular where singular values repeat too."""
    if not active(matrix):
        return polar(matrix)
    nearest = below(nearest_rotation, matrix)
    turned = np.swapaxes(nearest, -1, -2) @ matrix
    stretch = below(symmetric, turned)
    size = np.trace(stretch, axis1=-2, axis2=-1)[..., None, None] * np.eye(3) - stretch
    turn = np.linalg.solve(size, axial(turned - np.swapaxes(turned, -1, -2))[..., None])[..., 0]
    return attach(nearest, nearest @ hat(turn))


def from_matrix(matrix, assume_valid=False):
    """Quaternions of the nearest rotations."""
    matrix = np.asarray(matrix, float)
    return _rotation_xp._from_matrix_orthogonal(matrix if assume_valid else nearest_rotation(matrix))


def symmetric(matrix):
    """The symmetric part."""
    return 0.5 * (matrix + np.swapaxes(matrix, -1, -2))


OWN = {"from_matrix": from_matrix, "from_rotvec": from_rotvec, "as_rotvec": as_rotvec, "magnitude": magnitude}
LOCKED = "in gimbal lock, the third angle is zero"
for _name in ("from_quat", "from_matrix", "_from_matrix_orthogonal", "from_rotvec", "from_euler", "from_davenport",
              "from_mrp", "as_quat", "as_matrix", "as_rotvec", "as_mrp", "inv", "magnitude", "apply", "compose_quat",
              "pow", "mean", "align_vectors", "as_euler", "as_davenport", "setitem", "approx_equal"):
    if hasattr(_rotation_cy, _name):
        _follow(getattr(_rotation_cy, _name), OWN.get(_name) or getattr(_rotation_xp, _name),
                LOCKED if _name in ("as_euler", "as_davenport") else "")
for _name in ("apply", "as_dual_quat", "as_exp_coords", "compose_transforms", "from_dual_quat", "from_exp_coords",
              "from_matrix", "from_rotation", "from_translation", "inv", "mean", "pow", "normalize_dual_quaternion"):
    if hasattr(_rigid_transform_cy, _name) and hasattr(_rigid_transform_xp, _name):
        _follow(getattr(_rigid_transform_cy, _name), getattr(_rigid_transform_xp, _name))
