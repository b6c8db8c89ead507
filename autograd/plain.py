"""What counts as a plain number, and which arguments are meant."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np


def constant(operand: Any) -> float | None:
    """The operand as a float if it is a real number of any kind, a 0-d array among them, else None."""
    if isinstance(operand, (float, int, np.integer, np.floating, np.bool_, numbers.Real)):
        try:
            return float(operand)
        except OverflowError:  # an int beyond all floats
            return math.inf if operand == abs(operand) else -math.inf
    if isinstance(operand, np.ndarray) and operand.ndim == 0 and operand.dtype.kind in "fiub":
        return float(operand)
    return None


def kind_of(operand: Any) -> str:
    """What an operand is, for an error message."""
    if isinstance(operand, np.ndarray):
        return f"an array of shape {operand.shape} and dtype {operand.dtype}"
    if operand is None:
        return "None"
    name = type(operand).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def positions(argnum: Any, count: int) -> list[int]:
    """The arguments that are meant by `argnum`, a position or a tuple of them, of a function called with `count`.

    Raises TypeError, IndexError or ValueError for what is no position, beyond the arguments, or there twice.
    """
    given = argnum if isinstance(argnum, tuple) else (argnum,)
    for index in given:
        if not isinstance(index, (int, np.integer)):
            raise TypeError(f"argnum is the position of an argument, or a tuple of positions, not {index!r}")
        if not -count <= index < count:
            raise IndexError(f"argnum {index} of a function called with {count} positional arguments")
    found = [int(index) % count for index in given]
    if len(set(found)) < len(found):
        raise ValueError(f"argnum {argnum} names an argument twice")
    return found
