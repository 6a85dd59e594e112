"""Second derivatives of a share of the programs of this folder."""

from __future__ import annotations

import pytest
import test_interpolate_programs
import test_linalg_programs
import test_ndimage_programs
import test_signal_programs
import test_sparse_linalg_programs
import test_sparse_programs
import test_spatial_programs
from programs import check_second

SHARE = [(test_interpolate_programs, 7), (test_linalg_programs, 7), (test_ndimage_programs, 23), (test_signal_programs, 13),
         (test_spatial_programs, 9), (test_sparse_linalg_programs, 5), (test_sparse_programs, 17)]
CHOSEN = {f"{module.__name__[5:-9]} {name}": program for module, step in SHARE
          for name, program in list(module.PROGRAMS.items())[::step]}


@pytest.mark.parametrize("name", CHOSEN)
def test_second_order(name):
    """Forward over reverse against differences of the gradient."""
    check_second(*CHOSEN[name])
