"""How a drawing looks; see `draw` for what the options mean."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Direction = Literal["LR", "TB"]
Edges = Literal["auto", "local", "flow", "none"]
Color = Literal["kind", "value", "grad"]
Theme = Literal["light", "dark", "auto"]


@dataclass(frozen=True)
class Style:
    """The options of a drawing. Raises ValueError for an unknown one."""

    direction: Direction = "LR"
    show: Sequence[str] = ("value", "grad")
    edges: Edges = "auto"
    color: Color = "kind"
    precision: int = 4
    title: str = ""
    theme: Theme = "auto"
    all_named: bool = False  # whether values without a name are called v1, v2 …
    live: bool = False  # numbers will change: there is room for any, and every value has a gradient

    def __post_init__(self) -> None:
        if isinstance(self.show, str) or not isinstance(self.show, Collection):
            raise TypeError(f"show={self.show!r}: expected a list, such as ['value', 'grad']")
        for name, given, known in (
            ("direction", [self.direction], get_args(Direction)),
            ("show", self.show, ("value", "grad")),
            ("edges", [self.edges], get_args(Edges)),
            ("color", [self.color], get_args(Color)),
            ("theme", [self.theme], get_args(Theme)),
        ):
            for each in given:
                if each not in known:
                    raise ValueError(f"{name}={each!r}: expected one of {', '.join(map(repr, known))}")
        if not isinstance(self.title, str):
            raise TypeError(f"title={self.title!r}: expected a text")
        if not isinstance(self.precision, int) or self.precision < 1:
            raise ValueError(f"precision={self.precision!r}: expected how many significant digits, 1 or more")
