"""Arrays whose memory is used again: what is large the operating system takes back as soon as it is free, and to get
it once more takes longer than to fill it."""

from __future__ import annotations

import math
from collections.abc import Callable
from sys import getrefcount
from typing import Any

import numpy as np

_LARGE = 16_384  # elements


def is_large(shape: tuple[int, ...]) -> bool:
    """Whether it pays to keep an array of this shape."""
    return math.prod(shape) >= _LARGE


def spare(shape: tuple[int, ...]) -> Callable[[], Any]:
    """A function that hands out an array of floats: the last one again, once nobody else holds it."""
    kept: list[Any] = []

    def take() -> Any:
        try:
            array = kept.pop()  # in one go, so that two threads never look at the same
        except IndexError:
            array = np.empty(shape)
        if getrefcount(array) > _ALONE:
            array = np.empty(shape)
        kept.append(array)
        return array

    return take


def _references() -> int:
    array = np.empty(0)
    return getrefcount(array)


_ALONE = _references()  # what `getrefcount` says of an array that one variable holds
