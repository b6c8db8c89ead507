"""A graph in Graphviz's language; nothing of Graphviz is needed to write it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autograd.drawing.cards import Card, clean, module_name
from autograd.drawing.colours import COLOURS
from autograd.drawing.folding import Fold
from autograd.drawing.snapshot import Snapshot


def body(
    snapshot: Snapshot, folded: Fold, cards: Sequence[Card], texts: Sequence[str], direction: str
) -> Iterator[str]:
    """What stands between the braces, line by line."""
    yield f'\tgraph [rankdir={direction} fontname="Helvetica" style=rounded color={_colour("frame-edge")}]\n'
    yield '\tnode [shape=box style="rounded,filled" fontname="Helvetica"]\n'
    yield f"\tedge [color={_colour('wire')} fontcolor={_colour('local')} fontname=Helvetica fontsize=10]\n"
    yield from _inside(snapshot, folded, cards)
    for link, text in zip(folded.links, texts, strict=True):
        label = f" [label={_quoted(text)}]" if text else ""
        yield f"\t{cards[link.source].key} -> {cards[link.target].key}{label}\n"


def _inside(snapshot: Snapshot, folded: Fold, cards: Sequence[Card]) -> Iterator[str]:
    """The cards, those of an open module in a cluster of their own."""
    open_frames: list[int] = []
    standing: dict[int, list[Card]] = {}
    for thing, card in zip(folded.things, cards, strict=True):
        standing.setdefault(thing.frame, []).append(card)
    for frame in [0, *folded.frames]:
        while open_frames and open_frames[-1] != snapshot.groups[frame].parent:
            open_frames.pop()
            yield "\t}\n"
        if frame:
            open_frames.append(frame)
            yield f"\tsubgraph cluster_g{frame} {{\n\tlabel={_quoted(module_name(snapshot, frame))}\n"
        for card in standing.get(frame, ()):
            yield f"\t{card.key} [{_attributes(card)}]\n"
    yield "\t}\n" * len(open_frames)


def _attributes(card: Card) -> str:
    lines = ["".join(span.text for span in line) for line in card.lines]
    if card.symbol:
        lines[0] = f"{card.symbol}  {lines[0]}"
    kind = card.kind.split()[-1]
    style = ' style="rounded,filled,dashed"' if kind == "constant" else ""
    return (
        f"label={_quoted(chr(10).join(lines))} fillcolor={_colour(kind)} color={_colour(f'{kind}-edge')} "
        f"tooltip={_quoted(card.hover)}{style}"
    )


def _colour(name: str) -> str:
    return f'"{COLOURS[name][0]}"'


def _quoted(text: str) -> str:
    lines = (clean(line).replace("\\", "\\\\").replace('"', '\\"') for line in text.split("\n"))
    return '"' + "\\n".join(lines) + '"'
