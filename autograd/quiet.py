"""Floating-point warnings of NumPy off for one operation: IEEE results are what this package promises."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

hush: Callable[[], Any]  # warnings off from here on; returns what `unhush` needs
unhush: Callable[[Any], None]  # warnings as they were

try:  # np.errstate keeps its state in this context variable; setting it directly takes a sixth of the time
    from numpy._core.umath import _extobj_contextvar, _make_extobj

    _QUIET = _make_extobj(all="ignore")
    hush = partial(_extobj_contextvar.set, _QUIET)
    unhush = _extobj_contextvar.reset
except ImportError:
    hush = partial(np.seterr, all="ignore")

    def unhush(token: Any) -> None:
        """Warnings as they were."""
        np.seterr(**token)
