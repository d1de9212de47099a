"""Fitting of the linear heads, bit for bit the same wherever it runs.

One-against-all squared hinge (an L2 support vector machine in the primal) by accelerated gradient descent (Nesterov
1983, restarted as O'Donoghue and Candes 2015). Only sums in a fixed order, products, quotients and square roots are
used, which IEEE 754 rounds the same everywhere; no exponential, no linear algebra library.
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float64]


def fit(
    values: sparse.csr_matrix, signs: Floats, weight: Floats, scales: Floats, cost: float, steps: int
) -> tuple[Floats, Floats]:
    """Fit weights (features, outputs) and biases (outputs,).

    ``values`` has rows of norm about 1, ``signs`` is +1 or -1 of shape (messages, outputs), ``weight`` (messages,) has
    mean 1, ``scales`` (features, outputs) says how freely each output may use each feature, ``cost`` is C of
    min |w / scale|^2 / 2 + C sum weight * max(0, 1 - sign * score)^2.
    """
    width, outputs = values.shape[1], signs.shape[1]
    scaled = (2.0 * cost) * weight[:, None]
    back = values.T.tocsr()
    point = np.zeros((width + 1, outputs))
    ahead: Floats = point
    rate = 1.0 / (1.0 + 2.0 * cost * _largest(values, back, weight, scales))
    momentum = np.ones(outputs)
    for _ in range(steps):
        short = np.maximum(1.0 - signs * (values @ (scales * ahead[:-1]) + ahead[-1]), 0.0)
        error = -(scaled * signs) * short
        slope = np.empty_like(ahead)
        slope[:-1] = scales * (back @ error) + ahead[:-1]
        slope[-1] = _column_sums(error) + ahead[-1]
        step = ahead - rate * slope
        moved = step - point
        momentum = np.where(_column_sums(slope * moved) > 0, 1.0, momentum)
        following = (1.0 + np.sqrt(1.0 + 4.0 * momentum * momentum)) / 2.0
        ahead = step + (momentum - 1.0) / following * moved
        point, momentum = step, following
    return np.asarray(scales * point[:-1]), np.asarray(point[-1])


def _column_sums(values: Floats) -> Floats:
    """Add up rows one after the other, so that the order never depends on the machine."""
    ones = sparse.csr_matrix(np.ones((1, values.shape[0])))
    sums: Floats = np.asarray(ones @ values)[0]
    return sums


def _largest(values: sparse.csr_matrix, back: sparse.csr_matrix, weight: Floats, scales: Floats) -> Floats:
    """Bound each output's largest eigenvalue of the weighted Gram matrix with the bias column, by 20 power steps."""
    vector = np.ones((values.shape[1] + 1, scales.shape[1]))
    largest = np.ones(scales.shape[1])
    for _ in range(20):
        image = (values @ (scales * vector[:-1]) + vector[-1]) * weight[:, None]
        vector = np.vstack((scales * (back @ image), _column_sums(image)[None, :]))
        largest = np.sqrt(_column_sums(vector * vector))
        vector = vector / largest
    return np.asarray(1.05 * largest)
