"""The colours of a drawing, and which of them a number gets. Every colour has a light and a dark version."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from autograd.naming import brief

COLOURS = {
    "paper": ("#fbfcfe", "#0f1420"),
    "ink": ("#1b2433", "#e8edf6"),
    "quiet": ("#566174", "#9aa8bc"),
    "grad": ("#b1420a", "#ffab66"),
    "local": ("#6b2fd6", "#c6adff"), "local-edge": ("#cdbcf0", "#55478a"),
    "wire": ("#8895a9", "#6c7c92"),
    "frame": ("#f2f4fc", "#151b2a"), "frame-even": ("#fbfcff", "#101626"), "frame-edge": ("#c9cfe6", "#333d5a"),
    "leaf": ("#e4f3fe", "#0f2b45"), "leaf-edge": ("#6db7ea", "#33729f"),
    "parameter": ("#fff3d3", "#332a10"), "parameter-edge": ("#e0b646", "#8d7225"),
    "constant": ("#f5f7fa", "#161c28"), "constant-edge": ("#93a0b3", "#5f6d82"),
    "operation": ("#ffffff", "#1a2131"), "operation-edge": ("#c3ccda", "#3d4a61"),
    "tab": ("#eceffe", "#262f52"), "tab-ink": ("#3f3bc4", "#b0bbff"),
    "output": ("#e4f9e9", "#0f2e1c"), "output-edge": ("#4fb573", "#2f8f55"),
    "output-tab": ("#c8f0d3", "#18472b"), "output-ink": ("#14612f", "#8df0b0"),
    "module": ("#f1eeff", "#231e40"), "module-edge": ("#a596ee", "#6455b8"),
}  # fmt: skip

_STEPS = 10  # on either side of nought
_DECADES = 3  # numbers that differ by more than this are coloured by their order of magnitude
_NEGATIVE = ("#4f9cdd", "#14558f")  # blue and orange, which the colour-blind tell apart
_NOUGHT = ("#f6f7f9", "#1f252e")
_POSITIVE = ("#ea8a35", "#984e0d")


class Scale(NamedTuple):
    """How numbers become steps of the colours, and what the legend says of it."""

    most: float  # the largest magnitude
    least: float  # the smallest but nought; equal to `most` where magnitudes count as they are
    negative: bool

    @property
    def steps(self) -> Sequence[int]:
        """The colours that numbers can get."""
        return range(0 if self.negative else _STEPS, len(SCALE) if self.most else _STEPS + 1)

    @property
    def by_magnitude(self) -> bool:
        """Whether equal steps are equal ratios."""
        return self.least < self.most

    def step(self, number: float | None) -> int | None:
        """The index of a colour; None for no number."""
        if number is None or math.isnan(number):
            return None
        size = abs(number)
        if not size or not self.most:
            return _STEPS
        if math.isinf(size):
            part = 1.0
        elif self.by_magnitude:
            part = (math.log(size) - math.log(self.least)) / (math.log(self.most) - math.log(self.least))
        else:
            part = size / self.most
        away = min(max(math.ceil(part * _STEPS - 1e-9), 1), _STEPS)
        return _STEPS + away if number > 0 else _STEPS - away

    def words(self, meaning: str, precision: int) -> tuple[str, str]:
        """What stands before and behind the bar of colours."""
        if not self.most:
            return "", f"{meaning} 0, or not a number"
        high = brief(self.most, precision)
        low = f"-{high}" if self.negative else brief(self.least, precision) if self.by_magnitude else "0"
        return low, f"{high}  {meaning}{', by order of magnitude' if self.by_magnitude else ''}"


def scale(numbers: Sequence[float | None]) -> Scale:
    """The scale that fits the numbers."""
    known = [abs(each) for each in numbers if each and not math.isnan(each)]
    sizes = [each for each in known if math.isfinite(each)] or known
    most, least = max(sizes, default=0.0), min(sizes, default=0.0)
    far = bool(sizes) and math.log10(most) - math.log10(least) > _DECADES
    return Scale(most, least if far else most, any(each is not None and each < 0 for each in numbers))


def _mixed(colour: str, other: str, part: float) -> str:
    """A colour with so much of another in it."""
    pairs = ((int(colour[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(own + (its - own) * part):02x}" for own, its in pairs)


# from the most negative over nought to the most positive; in light, in dark
SCALE = tuple(
    tuple(
        _mixed(nought, negative if step < 0 else positive, abs(step) / _STEPS)
        for negative, nought, positive in zip(_NEGATIVE, _NOUGHT, _POSITIVE, strict=True)
    )
    for step in range(-_STEPS, _STEPS + 1)
)
