"""Contenders timed in turn, so that a machine that changes its speed changes it for all of them."""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple


class Fresh(NamedTuple):
    """Work that is timed in a process of its own, with Python's default garbage collection: the median of its runs."""

    setup: str
    statement: str
    calls: int = 1

    def seconds(self) -> float:
        """Seconds a call in a new process, which stays on one core, after a run to warm up."""
        program = (
            "import os, statistics, timeit; "
            "hasattr(os, 'sched_setaffinity') and os.sched_setaffinity(0, {max(os.sched_getaffinity(0))}); "
            f"runs = timeit.repeat({self.statement!r}, {'import gc; gc.enable(); ' + self.setup!r}, "
            f"number={self.calls}, repeat=6); print(statistics.median(runs[1:]) / {self.calls})"
        )
        return float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)


Contenders = Mapping[str, Callable[[], object] | Fresh]


@dataclass
class Case:
    """Something that several contenders do; the ratio is the first one's time to the baseline's."""

    name: str
    contenders: Contenders
    baseline: str
    bar: str
    calls: int = 1
    rounds: int = 15
    speedup: bool = False  # whether the ratio is told the other way round: so many times faster than the baseline
    missing: list[str] = field(default_factory=list)


@dataclass
class Figure:
    """A number of its own, with its unit."""

    name: str
    measure: Callable[[], float]
    unit: str
    bar: str


class Row(NamedTuple):
    """A line of the report."""

    name: str
    measured: str
    spread: str
    bar: str
    times: dict[str, float]  # microseconds, the least of the rounds
    baseline: str = ""


def run(case: Case | Figure) -> Row:
    """Measure a case and put it in words."""
    if isinstance(case, Figure):
        return Row(case.name, f"{case.measure():.3g} {case.unit}", "", case.bar, {})
    times = interleaved(case.contenders, case.rounds, case.calls)
    least = {name: min(each) * 1e6 for name, each in times.items()}
    mine = next(iter(case.contenders))
    if case.baseline not in times:
        return Row(case.name, f"{case.baseline} is missing", "", case.bar, least)
    pairs = zip(times[mine], times[case.baseline], strict=True)
    ratios = [theirs / ours if case.speedup else ours / theirs for ours, theirs in pairs]
    what = f"faster than {case.baseline}" if case.speedup else f"of {case.baseline}"
    return Row(
        case.name, f"{statistics.median(ratios):.2f} × {what}", f"{min(ratios):.2f}-{max(ratios):.2f}", case.bar, least,
        case.baseline,
    )  # fmt: skip


def interleaved(contenders: Contenders, rounds: int, calls: int) -> dict[str, list[float]]:
    """Seconds a call of every contender, one entry a round; the first round warms up and does not count.

    Each starts on a heap just collected: one contender's garbage must not be another's work.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds + 1):
        for name, work in contenders.items():
            if isinstance(work, Fresh):
                times[name].append(work.seconds())
                continue
            gc.collect()
            start = time.perf_counter()
            for _ in range(calls):
                work()
            times[name].append((time.perf_counter() - start) / calls)
    return {name: each[1:] for name, each in times.items()}


def all_rows(cases: Iterator[Case | Figure], peer: str | None = None) -> Iterator[Row]:
    """The report line by line, as it is measured; with a peer only what it does too, compared with it."""
    return map(run, cases if peer is None else against(peer, cases))


def against(peer: str, cases: Iterator[Case | Figure]) -> Iterator[Case]:
    """The cases in which a contender has the peer's name, with the first contender and this one alone."""
    for case in cases:
        if isinstance(case, Case):
            mine, *others = case.contenders
            for name in others:
                if peer.lower() in name.lower():
                    both = {each: case.contenders[each] for each in (mine, name)}
                    yield replace(case, contenders=both, baseline=name, bar="")
