"""Fitting of the linear heads."""

import numpy as np
from scipy import sparse

from streamproc.understanding.fitting import fit


def problem():
    """Give rows where feature 0 is in all, others in few, signs of two outputs, weights and scales."""
    rng = np.random.default_rng(5)
    dense = (rng.random((200, 40)) < 0.05).astype(float)
    dense[:, 0] = 1.0
    values = sparse.csr_matrix(dense / np.sqrt(dense.sum(axis=1))[:, None])
    signs = np.where(dense[:, [1, 2]] + dense[:, [3, 3]] > 0, 1.0, -1.0)
    return values, signs, rng.uniform(0.2, 1.8, 200), rng.uniform(0.7, 1.5, (40, 2))


def objective(weights, bias, values, signs, weight, scales, cost):
    """Give what the fit is to make least, by output."""
    short = np.maximum(1.0 - signs * (values @ weights + bias), 0.0)
    size = ((weights / scales) ** 2).sum(axis=0) + bias * bias
    return size / 2 + cost * (weight[:, None] * short * short).sum(axis=0)


def test_a_hundred_steps_are_enough():
    """The objective is within a thousandth of where ten times the steps bring it, for rare features too."""
    for cost in (0.25, 1.0):
        short, long = [objective(*fit(*problem(), cost, steps), *problem(), cost) for steps in (100, 1000)]
        assert np.all(short <= long * 1.001)


def test_no_step_aside_is_better():
    """A step from the solution in any direction makes the objective no less."""
    weights, bias = fit(*problem(), 0.25, 1000)
    least = objective(weights, bias, *problem(), 0.25)
    rng = np.random.default_rng(6)
    for _ in range(20):
        aside = rng.normal(0, 0.01, weights.shape)
        assert np.all(objective(weights + aside, bias, *problem(), 0.25) >= least - 1e-9)


def test_the_same_bits():
    """Two fits of the same problem give the same weights, bit for bit."""
    one, two = fit(*problem(), 0.25, 50), fit(*problem(), 0.25, 50)
    assert one[0].tobytes() == two[0].tobytes()
    assert one[1].tobytes() == two[1].tobytes()
