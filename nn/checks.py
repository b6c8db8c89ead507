"""Arguments out of range are refused, with an error that names them."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.plain import constant


def check_not_negative(**numbers: float) -> None:
    """Raise ValueError for a negative number or nan, TypeError for what is no number."""
    for name, number in numbers.items():
        if isinstance(number, (str, bytes)) or constant(number) is None:
            raise TypeError(f"{name} must be a number, not {number!r}")
        if not number >= 0:
            raise ValueError(f"{name} must be 0 or more, not {number!r}")


def check_shares(**numbers: float) -> None:
    """Raise ValueError for a number outside [0, 1), TypeError for what is no number."""
    check_not_negative(**numbers)
    for name, number in numbers.items():
        if not number < 1:
            raise ValueError(f"{name} must be at least 0 and less than 1, not {number!r}")


def check_whole(**numbers: Any) -> None:
    """Raise ValueError unless the numbers are whole and at least 1; True is no number here."""
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < 1:
            raise ValueError(f"{name}={number!r} must be a whole number of at least 1")
