"""A graph as an indented tree of text, the output first; a closed module is one line."""

from __future__ import annotations

from collections.abc import Iterator

from autograd.drawing.cards import clean, module_name, summed_up
from autograd.drawing.scene import Scene
from autograd.drawing.snapshot import Snapshot
from autograd.naming import as_operand
from autograd.readers.printer import spell
from autograd.readers.text import TEXT

_MOST_LINES = 30


def tree(scene: Scene) -> str:
    """The tree, each value once; of a large graph the beginning."""
    lines: list[str] = []
    for line in _lines(scene):
        if len(lines) == _MOST_LINES:
            lines.append(f"… ({sum(item.kind != 'constant' for item in scene.snapshot.items)} values in all)")
            break
        lines.append(line)
    return "\n".join(lines)


def equation(snapshot: Snapshot, index: int, names: list[str]) -> str:
    """What was computed, as in ``x * w`` or ``sum(t, axis=0)``."""
    item = snapshot.items[index]
    operands = [
        names[operand] if snapshot.items[operand].kind == "constant" else as_operand(names[operand])
        for operand in item.inputs
    ]
    if item.row is not None:
        return spell((item.row.name, *(("name", operand) for operand in operands)), TEXT)
    return f"{item.op}({', '.join([*operands, item.params] if item.params else operands)})"


def _lines(scene: Scene) -> Iterator[str]:
    snapshot, things = scene.snapshot, scene.fold.things
    names = _names(scene)
    below: list[dict[int, None]] = [{} for _ in things]  # what each thing is made of, in order
    for link in scene.fold.links:
        source = things[link.source]
        if source.item < 0 or snapshot.items[source.item].kind != "constant":
            below[link.target][link.source] = None
    seen: set[int] = set()
    outputs = dict.fromkeys(scene.fold.thing_of[output] for output in snapshot.outputs)
    stack = [(output, "", "") for output in reversed(outputs)]
    while stack:
        number, lead, indent = stack.pop()
        if number in seen and below[number]:
            yield f"{lead}{_name(scene, number, names)}, see above"
            continue
        seen.add(number)
        yield lead + _line(scene, number, names)
        for place, source in reversed(list(enumerate(below[number]))):
            last = place == len(below[number]) - 1
            stack.append((source, indent + ("└─ " if last else "├─ "), indent + ("   " if last else "│  ")))


def _names(scene: Scene) -> list[str]:
    """What each item is called; what was made in a closed module bears the module's name."""
    things = [scene.fold.things[thing] if thing >= 0 else None for thing in scene.fold.thing_of]
    return [
        module_name(scene.snapshot, thing.group) if thing and thing.group >= 0 else name
        for thing, name in zip(things, scene.snapshot.names(), strict=True)
    ]


def _name(scene: Scene, number: int, names: list[str]) -> str:
    thing = scene.fold.things[number]
    return clean(names[thing.item]) if thing.item >= 0 else scene.cards[number].name


def _line(scene: Scene, number: int, names: list[str]) -> str:
    snapshot, precision, index = scene.snapshot, scene.style.precision, scene.fold.things[number].item
    if index < 0:
        texts = ["".join(span.text for span in line) for line in scene.cards[number].lines]
        return ", ".join(texts[:2]) + "".join(f"   {text}" for text in texts[2:])
    item = snapshot.items[index]
    parts = [names[index]]
    if item.inputs:
        parts.append(equation(snapshot, index, names))
    parts.append(summed_up(item.value, precision))
    gradient = (
        f"   ∂ {summed_up(item.gradient, precision)}" if item.gradient is not None and snapshot.has_gradients else ""
    )
    return clean(" = ".join(parts)) + gradient
