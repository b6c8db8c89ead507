"""How weights begin: functions of a shape, and of a `numpy.random.Generator` or a seed for one.

The fans are the number of inputs and of outputs of a unit: those of a weight of shape (inputs, outputs), as `Linear`
has it, or (outputs, inputs, height, width), as `Conv2d` has it. What needs them raises ValueError for a shape of fewer
than two axes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Rng: TypeAlias = np.random.Generator | int | None
Initializer: TypeAlias = Callable[..., Any]


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """The number of inputs and of outputs of a unit.

    >>> fans((64, 10)), fans((8, 3, 5, 5))
    ((64, 10), (75, 200))

    Raises ValueError for a shape of fewer than two axes.
    """
    if len(shape) < 2:
        raise ValueError(f"a weight of shape {shape} has no inputs and outputs; use uniform, normal or zeros")
    if len(shape) == 2:
        return shape
    pixels = math.prod(shape[2:])
    return shape[1] * pixels, shape[0] * pixels


def initialised(init: Initializer, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    """The weights that an initialiser makes.

    Raises TypeError for what is no initialiser, ValueError for weights of another shape.
    """
    if not callable(init):
        raise TypeError(f"init is a function, such as nn.initializers.he_normal, not {init!r}")
    weights = init(shape, rng)
    if np.shape(weights) != shape:
        raise ValueError(f"init made weights of shape {np.shape(weights)}, not {shape}")
    return weights


def zeros(shape: tuple[int, ...], rng: Rng = None) -> Array:
    """All 0.

    >>> zeros((1, 2))
    array([[0., 0.]])
    """
    return np.zeros(shape)


def uniform(shape: tuple[int, ...], rng: Rng = None, low: float = -1.0, high: float = 1.0) -> Array:
    """Uniform between `low` and `high`, (-1, 1) unless given.

    >>> uniform((2,), rng=0).round(3)
    array([ 0.274, -0.46 ])
    """
    return np.random.default_rng(rng).uniform(low, high, shape)


def normal(shape: tuple[int, ...], rng: Rng = None, mean: float = 0.0, std: float = 1.0) -> Array:
    """Normal with a mean and a standard deviation.

    >>> normal((2,), rng=0).round(3)
    array([ 0.126, -0.132])
    """
    return np.random.default_rng(rng).normal(mean, std, shape)


def default_uniform(shape: tuple[int, ...], rng: Rng = None) -> Array:
    """Uniform within ±1/√inputs: what PyTorch's Linear and Conv2d begin with.

    >>> default_uniform((4, 1), rng=0).ravel().round(3)
    array([ 0.137, -0.23 , -0.459, -0.483])
    """
    limit = 1 / math.sqrt(fans(shape)[0])
    return uniform(shape, rng, -limit, limit)


def xavier_uniform(shape: tuple[int, ...], rng: Rng = None, gain: float = 1.0) -> Array:
    """Uniform with standard deviation gain · √(2 / (inputs + outputs)), for tanh and sigmoid (Glorot & Bengio, 2010).

    >>> xavier_uniform((2, 1), rng=0).round(3)
    array([[ 0.387],
           [-0.651]])
    """
    limit = gain * math.sqrt(6 / sum(fans(shape)))
    return uniform(shape, rng, -limit, limit)


def xavier_normal(shape: tuple[int, ...], rng: Rng = None, gain: float = 1.0) -> Array:
    """Normal with standard deviation gain · √(2 / (inputs + outputs)) (Glorot & Bengio, 2010).

    >>> xavier_normal((2, 1), rng=0).ravel().round(3)
    array([ 0.103, -0.108])
    """
    return normal(shape, rng, 0.0, gain * math.sqrt(2 / sum(fans(shape))))


def he_uniform(shape: tuple[int, ...], rng: Rng = None) -> Array:
    """Uniform with standard deviation √(2 / inputs), for ReLU (He et al., 2015).

    >>> he_uniform((2, 1), rng=0).ravel().round(3)
    array([ 0.474, -0.797])
    """
    limit = math.sqrt(6 / fans(shape)[0])
    return uniform(shape, rng, -limit, limit)


def he_normal(shape: tuple[int, ...], rng: Rng = None) -> Array:
    """Normal with standard deviation √(2 / inputs), for ReLU (He et al., 2015).

    >>> he_normal((2, 1), rng=0).ravel().round(3)
    array([ 0.126, -0.132])
    """
    return normal(shape, rng, 0.0, math.sqrt(2 / fans(shape)[0]))


def orthogonal(shape: tuple[int, ...], rng: Rng = None, gain: float = 1.0) -> Array:
    """A random matrix whose rows or columns, whichever are fewer, are orthogonal and of length `gain`
    (Saxe et al., 2014); axes after the first are taken as one.

    >>> w = orthogonal((2, 3), rng=0)
    >>> bool(np.allclose(w @ w.T, np.eye(2)))
    True
    """
    fans(shape)
    rows, columns = shape[0], math.prod(shape[1:])
    q, r = np.linalg.qr(normal((max(rows, columns), min(rows, columns)), rng))
    q *= np.where(np.diag(r) < 0, -1.0, 1.0)  # or not every orthogonal matrix would be as likely
    return np.ascontiguousarray(gain * (q if rows >= columns else q.T).reshape(shape))
