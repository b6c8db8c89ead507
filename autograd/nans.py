"""Whether a nan may be among gradients, mostly without a look at all their numbers.

A nan comes from the data, or it is born where a zero and an inf meet. Of a birth NumPy tells, as IEEE 754 wants it
(the flag "invalid"). A nan in the data would be in the output too, unless some operation below it can leave one out, as
`where` can, or a broadcast to no element at all. So where the output is finite, no operation leaves out a nan, and none
was born in the walk, there is none. This holds for data that is still what it was when it was used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import isfinite, isnan
from typing import Any

import numpy as np

from autograd.node import Node
from autograd.quiet import born, hush, listen, unhush

_MANY = 30_000  # entries, from which on it takes less time to ask for the least than for its place
_PROBES = (0.0, 1.0, -1.0, 2.0, np.inf, -np.inf, np.nan)


def passes_on(function: Callable[..., Any], count: int) -> bool:
    """Whether an elementwise function of so many arrays has a nan for a result wherever it gets one."""
    operands = np.stack(np.meshgrid(*[_PROBES] * count)).reshape(count, -1)
    token = hush()
    try:
        results = function(*operands)
    finally:
        unhush(token)
    return bool(np.isnan(results[np.isnan(operands).any(axis=0)]).all())


def can_only_be_born(root: Any, gradient: Any) -> bool:
    """Whether a nan in the gradients would be born in the walk, and noticed: the output and its upstream gradient are
    one finite number. This holds as long as the walk meets no operation but those that pass on every nan."""
    data = root._primal
    if not _BIRTHS_ARE_TOLD or type(data) is not np.ndarray or data.ndim or not isfinite(data.item()):
        return False
    upstream = gradient.item() if type(gradient) is np.ndarray else gradient
    return type(upstream) is float and isfinite(upstream)


def _births_are_told() -> bool:
    """Not by every machine: those of browsers have no such flags."""
    token = listen()
    try:
        for size in (1, 64):
            for dtype in (np.float16, np.float32, np.float64):
                zero: Any = np.zeros(size, dtype)
                infinite: Any = np.full(size, np.inf, dtype)
                for operation in (zero.__mul__, infinite.__sub__, zero[0].__mul__, infinite[0].__sub__):
                    before = born[0]
                    operation(infinite)
                    if born[0] is before:
                        return False
    finally:
        unhush(token)
    return True


_BIRTHS_ARE_TOLD = _births_are_told()


def has_nan(gradients: Iterable[Any]) -> bool:
    """Whether a nan is in one of some numbers, arrays and nodes."""
    array = np.ndarray
    for data in gradients:
        if type(data) is not array and isinstance(data, Node):
            data = data.data
        if type(data) is array:
            # the least is a nan if there is one: the quickest question that finds one
            if data.size == 1:
                data = data.item()
            elif data.size > _MANY:
                data = np.minimum.reduce(data, None)
            elif data.size:
                data = data if data.flags.c_contiguous else data.T  # or argmin may make a copy
                data = data.item(data.argmin())
            else:
                continue
        if isnan(data):
            return True
    return False
