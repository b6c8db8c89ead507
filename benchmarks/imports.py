"""What `import autograd` adds to importing NumPy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from benchmarks.timing import Case, Figure

_MEASURE = "import numpy, time; t = time.perf_counter(); import autograd; print(time.perf_counter() - t)"


def milliseconds() -> float:
    """The least of several fresh processes."""
    runs = [
        subprocess.run([sys.executable, "-c", _MEASURE], capture_output=True, text=True, check=True) for _ in range(15)
    ]
    return min(float(run.stdout) for run in runs) * 1e3


def cases() -> Iterator[Case | Figure]:
    """Everything measured here."""
    yield Figure("import autograd, after NumPy", milliseconds, "ms", "≤ 30")
