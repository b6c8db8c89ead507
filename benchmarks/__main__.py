"""``python -m benchmarks``: every figure beside its peers. ``python -m benchmarks scalars tensors`` runs some."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

SUITES = ("scalars", "tensors", "jit", "training", "imports", "drawing")
PEERS = ("numpy", "micrograd", "torch", "jax", "numba", "scikit-learn")
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL")}
ONE_THREAD["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def main() -> None:
    """Run the suites, each in a process of its own with one BLAS thread, and print a Markdown table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="suite", help=f"of {', '.join(SUITES)}; all unless given")
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of a table")
    parser.add_argument("--peer", metavar="NAME", help="only what this peer does too, compared with it")
    parser.add_argument("--chart", metavar="FILE.svg", help="save the times as a chart")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = [suite for suite in options.suites if suite not in SUITES]
    if unknown:
        parser.error(f"unknown suite {unknown[0]!r}; there are {', '.join(SUITES)}")
    if options.here:
        for suite in options.suites:
            _measure(suite, options.peer)
        return
    if not options.json:
        print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {_versions()}\n")
        print("| work | measured | spread | bar | least time |\n|---|---|---|---|---|", flush=True)
    rows: list[dict[str, Any]] = []
    for suite in options.suites or SUITES:
        command = [sys.executable, "-m", "benchmarks", "--here", suite]
        command += ["--peer", options.peer] if options.peer else []
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | ONE_THREAD) as process:
            for line in process.stdout or ():
                rows.append(json.loads(line))
                print(line.strip() if options.json else _markdown(rows[-1]), flush=True)
        if process.returncode:
            sys.exit(process.returncode)
    if options.chart:
        from benchmarks.chart import save

        save(rows, options.chart)


def _measure(suite: str, peer: str | None) -> None:
    from benchmarks.timing import all_rows

    for row in all_rows(importlib.import_module(f"benchmarks.{suite}").cases(), peer):
        print(json.dumps({"suite": suite, **row._asdict()}), flush=True)


def _markdown(row: dict[str, object]) -> str:
    times = row["times"]
    assert isinstance(times, dict)
    least = ", ".join(f"{name} {time:,.4g} µs" for name, time in times.items())
    return f"| {row['name']} | {row['measured']} | {row['spread']} | {row['bar']} | {least} |"


def _versions() -> str:
    found = []
    for peer in PEERS:
        try:
            found.append(f"{peer} {version(peer)}")
        except PackageNotFoundError:
            found.append(f"{peer} missing")
    return ", ".join(found)


if __name__ == "__main__":
    main()
