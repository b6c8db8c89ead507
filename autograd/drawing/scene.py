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
            gradient = item.gradient
            if not isinstance(gradient, float):
                return ""
            partial = gradient * partial if gradient and partial else 0.0
        return brief(partial, _WIRE_DIGITS)

    def _legend(self) -> svg.Legend:
        kinds = {card.kind for card in self.cards}
        present = [kind for kind in ("leaf", "parameter", "constant", "operation", "module", "output") if kind in kinds]
        legend = svg.Legend(present, list(self.numbers()), remarks=list(self.remarks()))
        if self.style.color != "kind":
            meaning = "value" if self.style.color == "value" else "gradient"
            if self.style.color == "grad" and self._has_norms:
                meaning += ", of a module ‖∂‖"
            legend.kinds, legend.steps = [], self.scale.steps
            legend.scale = self.scale.words(meaning, 2)
        return legend

    @property
    def _has_norms(self) -> bool:
        norms = (self.snapshot.norms[thing.group] for thing in self.fold.things if thing.group >= 0)
        return "grad" in self.style.show and any(norm is not None for norm in norms)

    def numbers(self) -> Iterator[tuple[str, str, str]]:
        """The kinds of numbers on cards and wires: style, sample and meaning."""
        gradient = 1.0 if self.style.live else self.snapshot.items[self.snapshot.outputs[0]].gradient
        is_whole = len(self.snapshot.outputs) == 1 and gradient == 1.0  # else it is that of something further on
        meaning = f"gradient of {faces.short(self._output())}" if is_whole else "gradient"
        if "grad" in self.style.show and (self.style.live or self.snapshot.has_gradients):
            yield "grad", "∂", meaning
        if self._has_norms:
            yield "grad", "‖∂‖", "norm of a module's parameters' gradient"
        if any(self.texts):
            yield "local", "0.5", "local derivative" if self.edges == "local" else "what flows back along the wire"

    def remarks(self) -> Iterator[str]:
        """What the legend says besides."""
        items = [self.snapshot.items[thing.item] for thing in self.fold.things if thing.item >= 0]
        if any(isinstance(item.value, Summary) and item.value.shape for item in items):
            yield "arrays: mean in [least, greatest]"
        if "grad" in self.style.show and not self.style.live:
            if not self.snapshot.has_gradients:
                yield "no gradients yet: call .backward() first"
                return
            bare = [item for item in items if item.gradient is None and item.kind != "constant"]
            # a walk leaves its gradient on all that it reaches, but for operations on arrays
            unkept = [item.kind == "operation" and isinstance(item.value, Summary) for item in bare]
            reasons = ["backward() has not been here"] if not all(unkept) else []
            reasons += ["not kept, see backward(retain_grads=True)"] if any(unkept) else []
            if reasons:
                yield f"∂ –: {', or '.join(reasons)}"

    def _output(self) -> str:
        index = self.snapshot.outputs[0]
        unnamed = self.snapshot.names()[index] if self.style.all_named else "the output"
        return self.snapshot.items[index].name or unnamed


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
