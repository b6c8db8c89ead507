"""Memory: Python's garbage collector, which waits while a graph is recorded or drawn, and what the C library keeps.

The C library of Linux (glibc) gives the free end of the heap back to the system, and then asks for it again, page by
page. For the arrays of a graph, all freed at once and made anew in the next step, that takes longer than the
arithmetic: of a step of a small convolutional network two thirds. How much it keeps follows the largest block that the
process has freed so far, if that had less than 32 MB (mallopt(3), M_MMAP_THRESHOLD). So here is one.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

_BYTES = 2**25 - 2**16


def keep_freed() -> None:
    """Keep up to 64 MB of free memory from now on. Elsewhere than on Linux nothing changes."""
    np.empty(_BYTES, np.uint8)  # nobody writes to it, so that it costs no memory


@contextmanager
def collector_waits() -> Iterator[None]:
    """No search for garbage inside: there is none, and to look at a large graph again and again takes long."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
