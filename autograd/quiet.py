"""Floating-point warnings of NumPy off for one operation: IEEE results are what this package promises."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

hush: Callable[[], Any]  # warnings off from here on; returns what `unhush` needs
listen: Callable[[], Any]  # the same, and `born` tells from here on, where NumPy can
unhush: Callable[[Any], None]  # warnings as they were

# another object each time NumPy tells that a nan is born: of a zero and an inf, or outside a function's domain. A count
# could be lost where threads tell at the same time.
born = [object()]


def _tell(kind: str, flag: int) -> None:
    born[0] = object()


try:  # np.errstate keeps its state in this context variable; setting it directly takes a sixth of the time
    from numpy._core.umath import _extobj_contextvar, _make_extobj

    _QUIET = _make_extobj(all="ignore")
    _LISTENING = _make_extobj(all="ignore", invalid="call", call=_tell)
    hush = partial(_extobj_contextvar.set, _QUIET)
    listen = partial(_extobj_contextvar.set, _LISTENING)
    unhush = _extobj_contextvar.reset
except ImportError:
    hush = listen = partial(np.seterr, all="ignore")

    def unhush(token: Any) -> None:
        """Warnings as they were."""
        np.seterr(**token)
