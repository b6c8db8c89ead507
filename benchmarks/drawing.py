"""How long the picture of a graph of scalars takes, from the snapshot to the SVG."""

from __future__ import annotations

import time
from collections.abc import Iterator

from autograd import draw
from benchmarks.timing import Case, Figure
from nn import MLP


def seconds(samples: int, depth: int | None = None) -> float:
    """The least of five drawings of what an MLP 2-16-16-1 makes of so many samples, with modules open to a depth."""
    model = MLP(2, [16, 16, 1], rng=0)
    total = sum(model([0.01 * i, 0.5]) for i in range(samples))
    times = []
    for _ in range(5):
        start = time.perf_counter()
        draw(total, depth=depth, max_nodes=None).to_svg()
        times.append(time.perf_counter() - start)
    return min(times)


def cases() -> Iterator[Case | Figure]:
    """Everything measured here."""
    yield Figure("drawing 1 011 values", lambda: seconds(1), "s", "≤ 1")
    yield Figure("drawing 5 722 values", lambda: seconds(8), "s", "≤ 5")
    yield Figure("drawing 101 288 values, closed by module", lambda: seconds(150, depth=0), "s", "≤ 1")
