"""Functions of NumPy that are made of others: on nodes each of those finds its own rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.composed import arrays, curves, statistics
from autograd.ops.primitive import taking_lists


def _in_numpy(name: str) -> Any:
    """The function of that name; None in a NumPy that does not have it."""
    place: Any = np
    for part in name.split("."):
        place = getattr(place, part, None)
    return place


_RULES = arrays.RULES | curves.RULES | statistics.RULES
for _name, _rule in _RULES.items():
    _rule.__qualname__ = f"np.{_name}"  # as Python calls it where arguments do not fit
COMPOSED = {_in_numpy(name): taking_lists(rule) for name, rule in _RULES.items() if _in_numpy(name)}
