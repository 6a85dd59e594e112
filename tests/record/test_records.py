"""Arrays of records: fields are followed, operations on whole records are followed field by field or refused."""

from __future__ import annotations

import numpy as np
import pytest

import undertow as ut
from undertow._errors import UndertowError

KIND = np.dtype([("p", float), ("q", int)])


@pytest.mark.parametrize("whole", [
    lambda a: a[a["p"] > 0].copy()["p"], lambda a: np.sort(a, order="p")["p"], lambda a: np.concatenate([a, a])["p"],
    lambda a: np.array([a[1].item()[0]]), lambda a: np.frombuffer(a.tobytes(), float)], ids=range(5))
def test_never_silently_constant(whole):
    """A derivative, or a refusal."""

    def f(x):
        a = np.zeros(3, KIND)
        a["p"] = x
        return np.sum(whole(a) ** 2)

    with pytest.raises(UndertowError):
        ut.grad(f)(np.array([0.3, -0.4, 0.9]))
