"""Fitting of the linear heads, bit for bit the same wherever it runs.

One-against-all squared hinge (an L2 support vector machine in the primal) by accelerated gradient descent (Nesterov
1983, restarted as O'Donoghue and Candes 2015) in variables scaled by the diagonal of the Hessian's bound (Jacobi), so
that rare features converge as soon as common ones. Only sums in a fixed order, products, quotients and square roots
are used, which IEEE 754 rounds the same everywhere; no exponential, no linear algebra library.
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
    scaled = (2.0 * cost) * weight[:, None]
    back = values.T.tocsr()
    unit = _units(values, scaled, scales)
    inner = scales * unit[:-1]
    rate = 1.0 / _largest(values, back, scaled, inner, unit)
    point = np.zeros((values.shape[1] + 1, signs.shape[1]))
    ahead: Floats = point
    momentum = np.ones(signs.shape[1])
    for _ in range(steps):
        short = np.maximum(1.0 - signs * (values @ (inner * ahead[:-1]) + unit[-1] * ahead[-1]), 0.0)
        error = -(scaled * signs) * short
        slope = unit * unit * ahead
        slope[:-1] += inner * (back @ error)
        slope[-1] += unit[-1] * _column_sums(error)
        step = ahead - rate * slope
        moved = step - point
        momentum = np.where(_column_sums(slope * moved) > 0, 1.0, momentum)
        following = (1.0 + np.sqrt(1.0 + 4.0 * momentum * momentum)) / 2.0
        ahead = step + (momentum - 1.0) / following * moved
        point, momentum = step, following
    return np.asarray(inner * point[:-1]), np.asarray(unit[-1] * point[-1])


def _units(values: sparse.csr_matrix, scaled: Floats, scales: Floats) -> Floats:
    """Give each variable's unit: one over the root of its curvature where every message is short; the bias last."""
    squares = values.copy()
    squares.data = squares.data * squares.data
    curvature = 1.0 + (squares.T.tocsr() @ scaled) * (scales * scales)
    bias = np.full((1, scales.shape[1]), 1.0 + float(_column_sums(scaled)[0]))
    return np.asarray(1.0 / np.sqrt(np.vstack((curvature, bias))))


def _column_sums(values: Floats) -> Floats:
    """Add up rows one after the other, so that the order never depends on the machine."""
    ones = sparse.csr_matrix(np.ones((1, values.shape[0])))
    sums: Floats = np.asarray(ones @ values)[0]
    return sums


def _largest(values: sparse.csr_matrix, back: sparse.csr_matrix, scaled: Floats, inner: Floats, unit: Floats) -> Floats:
    """Bound each output's largest eigenvalue of the Hessian where every message is short, by 20 power steps."""
    vector = np.ones(unit.shape)
    largest = np.ones(unit.shape[1])
    for _ in range(20):
        image = (values @ (inner * vector[:-1]) + unit[-1] * vector[-1]) * scaled
        vector = unit * unit * vector
        vector[:-1] += inner * (back @ image)
        vector[-1] += unit[-1] * _column_sums(image)
        largest = np.sqrt(_column_sums(vector * vector))
        vector = vector / largest
    return np.asarray(1.05 * largest)
