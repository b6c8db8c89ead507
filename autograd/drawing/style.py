"""How a drawing looks; see `draw` for what the options mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Direction = Literal["LR", "TB"]
Edges = Literal["auto", "local", "flow", "none"]
Color = Literal["kind", "value", "grad"]
Theme = Literal["light", "dark", "auto"]


@dataclass(frozen=True)
class Style:
    """The options of a drawing."""

    direction: Direction = "LR"
    show: Sequence[str] = ("value", "grad")
    edges: Edges = "auto"
    color: Color = "kind"
    precision: int = 4
    title: str = ""
    theme: Theme = "auto"
    all_named: bool = False  # whether values without a name are called v1, v2 …
    live: bool = False  # numbers will change: there is room for any, and every value has a gradient
