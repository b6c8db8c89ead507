"""NumPy, with an `array` that builds Tensors where its lists hold nodes: ``import autograd.numpy as np``.

NumPy's other functions find the nodes by themselves, so this is all that code written for HIPS autograd needs.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy

from autograd.tensor import array

__all__ = ["array"]

for _name in ("linalg", "random", "fft"):
    sys.modules[f"{__name__}.{_name}"] = getattr(numpy, _name)


def __getattr__(name: str) -> Any:
    return getattr(numpy, name)


def __dir__() -> list[str]:
    return dir(numpy)
