"""Programs that stand for the compiled routines of `scipy.ndimage`: equal values; and their primitives' rules."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from checks import arguments, check
from differences import richardson
from scipy import ndimage as nd
from scipy.ndimage import _nd_image

from undertow.rules import lookup
from undertow.rules._scipy import ndimage as rules


@pytest.mark.parametrize(("rule", "k"), [*arguments("_scipy.ndimage"), *arguments("_scipy._windows")])
def test_rule_against_differences(rule, k):
    """The pure primitives behind the programs."""
    check(rule, k)


class Programs:
    """Stands for the compiled module, calling our programs."""

    def __getattr__(self, name):
        rule = lookup(getattr(_nd_image, name))
        return rule.pull


def with_programs(f):
    with (mock.patch("scipy.ndimage._filters._nd_image", Programs()),
          mock.patch("scipy.ndimage._interpolation._nd_image", Programs()), ):
        return f()


MODES = ["reflect", "constant", "nearest", "mirror", "wrap", "grid-wrap", "grid-constant"]
IMAGE = np.random.default_rng(0).standard_normal((8, 9))
PLACES = np.random.default_rng(1).uniform(-9.0, 17.0, (2, 40))
FILTERS = {
    "gaussian": lambda x, mode: nd.gaussian_filter(x, 1.3, mode=mode, cval=0.7),
    "correlate": lambda x, mode: nd.correlate(x, np.arange(12.0).reshape(3, 4), mode=mode, cval=0.7, origin=(1, -1)),
    "convolve1d": lambda x, mode: nd.convolve1d(x, np.arange(4.0), mode=mode, cval=0.7, origin=-2),
    "uniform": lambda x, mode: nd.uniform_filter(x, (3, 4), mode=mode, cval=0.7),
    "sobel": lambda x, mode: nd.sobel(x, mode=mode, cval=0.7),
    "laplace": lambda x, mode: nd.laplace(x, mode=mode, cval=0.7),
    "median": lambda x, mode: nd.median_filter(x, (3, 2), mode=mode, cval=0.7),
    "minimum": lambda x, mode: nd.minimum_filter(x, (3, 4), mode=mode, cval=0.7),
    "dilation": lambda x, mode: nd.grey_dilation(x, structure=np.arange(6.0).reshape(2, 3), mode=mode, cval=0.7),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", FILTERS)
def test_filter_program_has_the_same_values(name, mode):
    """Filters for every boundary mode."""
    expected = FILTERS[name](IMAGE, mode)
    np.testing.assert_allclose(with_programs(lambda: FILTERS[name](IMAGE, mode)), expected, atol=1e-13)


RESAMPLERS = {
    "map_coordinates": lambda x, mode, order: nd.map_coordinates(x, PLACES, mode=mode, order=order, cval=0.7),
    "shift": lambda x, mode, order: nd.shift(x, (1.3, -2.6), mode=mode, order=order, cval=0.7),
    "zoom": lambda x, mode, order: nd.zoom(x, 1.7, mode=mode, order=order, cval=0.7),
    "grid_zoom": lambda x, mode, order: nd.zoom(x, 1.7, mode=mode, order=order, cval=0.7, grid_mode=True),
    "affine": lambda x, mode, order: nd.affine_transform(x, [[0.8, 0.3], [-0.2, 1.1]], (0.4, -0.7), mode=mode,
                                                         order=order, cval=0.7),
    "diagonal": lambda x, mode, order: nd.affine_transform(x, [0.8, 1.1], (0.4, -0.7), mode=mode, order=order,
                                                           cval=0.7),
}


@pytest.mark.parametrize("order", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", RESAMPLERS)
@pytest.mark.filterwarnings("ignore:It is recommended to use mode:UserWarning")
def test_resampling_program_has_the_same_values(name, mode, order):
    """Splines of every order and boundary mode."""
    expected = RESAMPLERS[name](IMAGE, mode, order)
    np.testing.assert_allclose(with_programs(lambda: RESAMPLERS[name](IMAGE, mode, order)), expected, atol=1e-11)


def test_basis_is_a_partition_of_unity_and_smooth():
    """The weights sum to one and their slope is that of differences."""
    for order in range(1, 6):
        t = 0.3 if order % 2 else 0.2
        assert sum(rules._basis(np.float64(t), order)) == pytest.approx(1.0)
        for k in range(order + 1):
            slope, _ = richardson(lambda t, k=k: rules._basis(np.float64(t), order)[k], t, 0.05)
            assert np.isfinite(slope)
