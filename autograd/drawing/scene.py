"""A fold of a snapshot as it will be seen: faces of cards, texts on wires, and where all of it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from autograd.drawing import cards as faces
from autograd.drawing import svg
from autograd.drawing.colours import Scale, scale
from autograd.drawing.folding import Fold, Link
from autograd.drawing.layout import Layout, arrange
from autograd.drawing.snapshot import Snapshot, Summary
from autograd.drawing.style import Edges, Style
from autograd.naming import brief

_FEW = 30  # up to so many values something is written on the wires unless asked otherwise
_WIRE_DIGITS = 3
_WIDEST = 6  # characters on a wire whose number will change


@dataclass(frozen=True)
class Scene:
    """What is drawn of a snapshot, and how."""

    snapshot: Snapshot
    fold: Fold
    style: Style

    @cached_property
    def cards(self) -> list[faces.Card]:
        """A card for each thing."""
        return faces.cards(self.snapshot, self.fold, self.style)

    @cached_property
    def edges(self) -> Edges:
        """What is written on the wires."""
        if self.style.edges != "auto":
            return self.style.edges
        return "local" if sum(thing.item >= 0 for thing in self.fold.things) <= _FEW else "none"

    @cached_property
    def texts(self) -> list[str]:
        """A text for each link; '' for none."""
        return [self._on_wire(link) for link in self.fold.links]

    @cached_property
    def layout(self) -> Layout:
        """Where everything stands."""
        texts = [text and text.ljust(_WIDEST) for text in self.texts] if self.style.live else self.texts
        return arrange(self.snapshot, self.fold, self.cards, self.style.direction, texts)

    @cached_property
    def scale(self) -> Scale:
        """The scale of the colours."""
        return scale([card.number for card in self.cards])

    @property
    def summary(self) -> str:
        """The drawing in one sentence."""
        items = self.snapshot.items
        values = sum(item.kind != "constant" for item in items)
        edges = sum(items[operand].kind != "constant" for item in items for operand in item.inputs)
        outputs = ", ".join(
            (f"{faces.short(items[index].name)} = " if items[index].name else "")
            + faces.summed_up(items[index].value, self.style.precision)
            for index in self.snapshot.outputs
        )
        return f"{_count(values, 'value')}, {_count(edges, 'edge')}, output {outputs}"

    def to_svg(self) -> str:
        """The drawing as SVG."""
        colored = self.style.color != "kind"
        return svg.svg(
            self.layout,
            self.cards,
            self.texts,
            [link.place for link in self.fold.links],
            [self.scale.step(card.number) if colored else None for card in self.cards],
            self._legend(),
            down=self.style.direction == "TB",
            heading=self.style.title,
            title=self.style.title or f"Graph of {faces.short(self._output())}",
            summary=self.summary,
            theme=self.style.theme,
        )

    def _on_wire(self, link: Link) -> str:
        if self.edges == "none" or link.place < 0:
            return ""
        (index, place), *_ = link.edges
        item = self.snapshot.items[index]
        partial = item.partials[place] if item.partials else None
        if partial is None:
            return ""
        if self.edges == "flow":
            gradient = item.gradient if isinstance(item.gradient, float) else 0.0
            partial = gradient * partial if gradient and partial else 0.0
        return brief(partial, _WIRE_DIGITS)

    def _legend(self) -> svg.Legend:
        kinds = {card.kind for card in self.cards}
        present = [kind for kind in ("leaf", "parameter", "constant", "operation", "module", "output") if kind in kinds]
        first = self.snapshot.items[self.snapshot.outputs[0]]
        is_whole = len(self.snapshot.outputs) == 1 and first.gradient == 1.0  # else it is that of something further on
        meaning = f"gradient of {faces.short(self._output())}" if is_whole else "gradient"
        numbers = [("grad", meaning)] if "grad" in self.style.show and self.snapshot.has_gradients else []
        if any(self.texts):
            meaning = "local derivative" if self.edges == "local" else "what flows back along the wire"
            numbers.append(("local", meaning))
        legend = svg.Legend(present, numbers)
        if self.style.color != "kind":
            meaning = "value" if self.style.color == "value" else "gradient"
            legend.kinds, legend.negative = [], self.scale.negative
            legend.scale = self.scale.words(meaning, 2)
        legend.remark = ", ".join(self._remarks())
        return legend

    def _remarks(self) -> Iterator[str]:
        items = [self.snapshot.items[thing.item] for thing in self.fold.things if thing.item >= 0]
        if any(isinstance(item.value, Summary) and item.value.shape for item in items):
            yield "arrays: mean in [least, greatest]"
        if "grad" in self.style.show:
            if not self.snapshot.has_gradients:
                yield "no gradients yet: call .backward() first"
            elif any(item.gradient is None and item.kind == "operation" for item in items):
                yield "∂ –: not kept, see backward(retain_grads=True)"

    def _output(self) -> str:
        return self.snapshot.items[self.snapshot.outputs[0]].name or "the output"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
