"""Functions of NumPy that are made of others: on nodes each of those finds its own rule.

They are reached by their names in NumPy alone; what is a function of `autograd` too is a ``@function`` in `ops`.
"""

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


_DEFINITIONS = arrays.DEFINITIONS | curves.DEFINITIONS | statistics.DEFINITIONS
for _name, _definition in _DEFINITIONS.items():
    _definition.__qualname__ = f"np.{_name}"  # as Python calls it where arguments do not fit
COMPOSED = {_in_numpy(name): taking_lists(each) for name, each in _DEFINITIONS.items() if _in_numpy(name)}
