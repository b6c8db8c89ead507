"""How long gradients are, and how they are cut to a bound before a step. Names and numbers are PyTorch's."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd import Value
from autograd.node import UNTOUCHED
from autograd.ops.shape import data_of
from autograd.quiet import hush, unhush
from nn.checks import check_not_negative
from nn.optimizers import checked_parameters

_TINY = 1e-30  # a sum of squares, from which on it is right in single precision too


def clip_grad_norm(parameters: Iterable[Any], max_norm: float) -> float:
    """Scale the gradients down together so that their Euclidean length is at most `max_norm`; returns what it was.

    >>> from autograd import Value
    >>> x, y = Value(3.0), Value(4.0)
    >>> (x * x / 2 + y * y / 2).backward()
    >>> clip_grad_norm([x, y], 1.0), round(x.grad, 4), round(y.grad, 4)
    (5.0, 0.6, 0.8)

    Raises ValueError for a negative or missing bound.
    """
    parameters = checked_parameters(parameters)
    check_not_negative(max_norm=max_norm)
    norm = gradient_norm(parameters)
    token = hush()
    try:
        for parameter in parameters if norm > max_norm else ():
            if parameter.grad is not None and parameter.grad is not UNTOUCHED:
                _put(parameter, parameter.grad * (max_norm / (norm + 1e-6)))  # as PyTorch has it
    finally:
        unhush(token)
    return norm


def clip_grad_value(parameters: Iterable[Any], clip_value: float) -> None:
    """Put every entry of the gradients between ``-clip_value`` and `clip_value`.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> (x * x).backward()
    >>> clip_grad_value([x], 1.0)
    >>> x.grad
    1.0

    Raises ValueError for a negative or missing bound.
    """
    parameters = checked_parameters(parameters)
    check_not_negative(clip_value=clip_value)
    for parameter in parameters:
        if parameter.grad is not None and parameter.grad is not UNTOUCHED:
            _put(parameter, np.clip(parameter.grad, -clip_value, clip_value))


def _put(parameter: Any, gradient: Any) -> None:
    """Set a gradient of the kind that a walk sets: of a 0-d result NumPy makes a number."""
    is_plain = isinstance(gradient, np.generic)
    parameter.grad = (float if isinstance(parameter, Value) else np.asarray)(gradient) if is_plain else gradient


def gradient_norm(parameters: Iterable[Any]) -> float:
    """The Euclidean length of all gradients together; nan or inf if an entry of one is."""
    gradients: list[Any] = []
    for parameter in parameters:
        gradient = parameter.grad
        if gradient is not None:
            gradients.append(gradient if type(gradient) is np.ndarray else data_of(gradient))
    token = hush()
    try:
        total = float(sum([np.vdot(each, each) for each in gradients]))
        if _TINY < total < math.inf:
            return math.sqrt(total)
        # the squares may have left the floats
        rows = [np.ravel(each).astype(np.float64) for each in gradients]
        largest = max([float(np.abs(row).max(initial=0.0)) for row in rows], default=0.0)
        if largest == 0 or not math.isfinite(largest):
            return math.sqrt(total) if total == total else total
        return largest * math.hypot(*(float(np.linalg.norm(row / largest)) for row in rows))
    finally:
        unhush(token)
