"""A chart of a report: every contender's time as a multiple of the baseline's, on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def save(rows: Sequence[dict[str, Any]], path: str) -> None:
    """Save the rows in which a baseline was timed as an SVG, or as what the file's name asks for."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    rows = [row for row in rows if row["baseline"] in row["times"]][::-1]
    names = list(dict.fromkeys(name for row in rows for name in row["times"]))
    figure, axes = plt.subplots(figsize=(9, 1 + 0.4 * len(rows)), layout="constrained")
    for name in names:
        points = [
            (row["times"][name] / row["times"][row["baseline"]], height)
            for height, row in enumerate(rows)
            if name in row["times"]
        ]
        axes.plot(*zip(*points, strict=True), "o", label=name)
    axes.axvline(1.0, color="grey", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows])
    axes.set_xlabel("time as a multiple of the baseline's (left of the line: faster)")
    axes.grid(alpha=0.3)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=4, fontsize="small", frameon=False)
    figure.savefig(path)
