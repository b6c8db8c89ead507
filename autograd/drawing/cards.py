"""What is written on a card, and how large that makes it."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from autograd.drawing.folding import Fold, Thing
from autograd.drawing.snapshot import Item, Shown, Snapshot
from autograd.drawing.style import Style
from autograd.naming import brief

CHARACTER = 7.85  # the width of a character of 13 px in a fixed-width font, with a little to spare
LINE = 18.0
SIDE = 10.0  # between text and edge
_LONGEST = 24  # characters of a name
_MORE = 5  # characters of a number besides its digits, as in -0.09809; the side takes one more


class Span(NamedTuple):
    """A stretch of text; `style` is name, alias, value, grad or quiet."""

    text: str
    style: str


@dataclass
class Card:
    """The face of a thing: the operation on the left, lines of text beside it."""

    key: str  # stays the same when other modules are opened or closed
    kind: str  # leaf, parameter, constant, operation, output, module or bundle
    lines: list[list[Span]]
    words: str  # all of it, for a screen reader
    hover: str = ""
    name: str = ""
    op: str = ""
    symbol: str = ""
    operands: int = 0
    copies: int = 1
    number: float | None = None  # what colours it
    room: int = 0  # characters that a number takes at least
    tab: float = field(init=False)  # the width of the operation's part
    width: float = field(init=False)
    height: float = field(init=False)

    def __post_init__(self) -> None:
        widest = max(
            sum(max(columns(text), self.room * (style in ("value", "grad"))) for text, style in line)
            for line in self.lines
        )
        self.tab = max(30.0, columns(self.symbol) * 8.5 + 14) if self.symbol else 0.0
        self.width = float(math.ceil(self.tab + widest * CHARACTER + 2 * SIDE))
        self.height = max(len(self.lines) * LINE + 10, 17.0 * self.operands)


def cards(snapshot: Snapshot, folded: Fold, style: Style) -> list[Card]:
    """A card for each thing."""
    shown = [each for each in style.show if each == "value" or style.live or snapshot.has_gradients]
    names = snapshot.names() if style.all_named else [item.name for item in snapshot.items]
    return [
        _of_item(snapshot, thing, shown, names[thing.item], style)
        if thing.item >= 0
        else _of_module(snapshot, thing, shown, style)
        if thing.group >= 0
        else _of_bundle(snapshot, thing)
        for thing in folded.things
    ]


def columns(text: str) -> int:
    """How many characters of a fixed-width font a text takes.

    >>> columns("abc"), columns("\N{LATIN SMALL LETTER E}\N{COMBINING ACUTE ACCENT}"), columns("오차")
    (3, 1, 4)
    """
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    unseen = sum(unicodedata.combining(char) > 0 or char == "\N{ZERO WIDTH JOINER}" for char in text)
    return len(text) + wide - unseen


def clean(text: str) -> str:
    """Text without what XML cannot take or nobody can see: control characters and broken halves of characters."""
    if text.isprintable():
        return text
    return "".join(
        char
        if char.isprintable() or char == "\N{ZERO WIDTH JOINER}"  # it makes one picture of two
        else " "
        if char.isspace()
        else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )


def short(text: str, longest: int = _LONGEST) -> str:
    """The beginning of a long text.

    >>> short("a" * 30, 10)
    'aaaaaaaaa…'
    """
    text = clean(text[: 10 * longest])
    if columns(text) <= longest:
        return text
    while columns(text) > longest - 1:
        text = text[:-1]
    return f"{text}…"


def name_within(path: str, outer: str) -> str:
    """A path as it reads inside a module.

    >>> name_within("layers.0.neurons.3.w.1", "layers.0.neurons.3")
    'w.1'
    """
    return path[len(outer) + 1 :] if outer and path.startswith(f"{outer}.") else path


def module_name(snapshot: Snapshot, group: int) -> str:
    """A module's name as it reads where it stands."""
    own = snapshot.groups[group]
    name = name_within(own.path, snapshot.groups[own.parent].path) or own.kind
    return f"{name}, call {own.call}" if own.call else name


def summed_up(shown: Shown, precision: int) -> str:
    """A number, or the mean and the range of an array in at most three digits.

    >>> from autograd.drawing.snapshot import Summary
    >>> summed_up(Summary((3,), "float64", -1.0, 0.5, 2.0, 1.0, 1), 4)
    '0.5 in [-1, 2], 1 not finite'
    """
    if isinstance(shown, float):
        return brief(shown, precision)
    precision = min(precision, 3)
    strange = f", {shown.strange} not finite" if shown.strange else ""
    if math.isnan(shown.mean):
        return strange[2:] or "empty"
    if shown.least == shown.greatest:
        several = "all " if math.prod(shown.shape) > 1 and not strange else ""
        return f"{several}{brief(shown.least, precision)}{strange}"
    least, mean, greatest = (brief(each, precision) for each in (shown.least, shown.mean, shown.greatest))
    return f"{mean} in [{least}, {greatest}]{strange}"


def _of_item(snapshot: Snapshot, thing: Thing, show: Sequence[str], name: str, style: Style) -> Card:
    item, precision = snapshot.items[thing.item], style.precision
    is_constant = item.kind == "constant"
    name = "" if is_constant else clean(name_within(name, snapshot.groups[thing.frame].path))
    kind = "output" if thing.item in snapshot.outputs else item.kind
    value, gradient = item.value, item.gradient
    first = [Span(short(name), "name" if item.name else "alias")] if name else []
    lines = [first]
    words = [name or item.symbol or kind]
    hover = [clean(item.name) or kind]
    if item.op:
        hover.append(clean(f"{item.op}({item.params})" if item.params else item.op))
    if "value" in show:
        if isinstance(value, float):
            first += [*([Span(" = ", "quiet")] if name else []), Span(brief(value, precision), "value")]
            hover.append(f"value {value!r}")
        else:
            shape = f"{value.shape} {value.dtype}" if value.shape else value.dtype
            first.append(Span(f" {shape}" if name else shape, "quiet"))
            lines.append([Span(summed_up(value, precision), "value")])
            hover.append(f"{shape}, {summed_up(value, precision)}")
        words.append(f"value {summed_up(value, precision)}")
    if "grad" in show and not is_constant:
        text = "–" if gradient is None else summed_up(gradient, precision)
        lines.append([Span("∂ ", "quiet"), Span(text, "grad")])
        words.append(f"gradient {text}")
        hover.append(f"gradient {gradient!r}" if isinstance(gradient, float) else f"gradient {text}")
    return Card(
        thing.key, kind, [line for line in lines if line] or [[Span(kind, "quiet")]], ", ".join(words),
        "" if style.all_named else "\n".join(hover), clean(item.name), item.op, clean(item.symbol), len(item.inputs),
        number=None if is_constant else _colouring(item, style.color),
        room=precision + _MORE if style.live and not is_constant else 0,
    )  # fmt: skip


def _colouring(item: Item, color: str) -> float | None:
    if color == "value":
        return item.value if isinstance(item.value, float) else item.value.mean
    if color == "grad" and item.gradient is not None:
        return item.gradient if isinstance(item.gradient, float) else item.gradient.size
    return None


def _of_module(snapshot: Snapshot, thing: Thing, show: Sequence[str], style: Style) -> Card:
    group = snapshot.groups[thing.group]
    name, values = module_name(snapshot, thing.group), f"{_thousands(group.members)} values"
    lines = [[Span(short(name), "name")], [Span(values if name == group.kind else f"{group.kind}, {values}", "quiet")]]
    words = [f"module {name}", group.kind, f"{group.members} values"]
    if group.calls > 1:
        lines[0].append(Span(f" ×{group.calls}", "quiet"))
        words.append(f"{group.calls} calls")
    norm = snapshot.norms[thing.group] if "grad" in show else None
    if norm is not None:
        lines.append([Span("‖∂‖ ", "quiet"), Span(brief(norm, style.precision), "grad")])
        words.append(f"norm of its parameters' gradient {brief(norm, style.precision)}")
    return Card(
        thing.key, "module", lines, ", ".join(words), "" if style.all_named else "\n".join(words), name,
        copies=group.calls, number=norm if style.color == "grad" else None,
        room=style.precision + _MORE if style.live else 0,
    )  # fmt: skip


def _of_bundle(snapshot: Snapshot, thing: Thing) -> Card:
    kind = snapshot.items[thing.bundle[0]].kind
    name = f"{_thousands(len(thing.bundle))} {'leaves' if kind == 'leaf' else f'{kind}s'}"
    lines = [[Span(name, "name")]]
    if kind == "operation":
        symbols = Counter(snapshot.items[item].symbol for item in thing.bundle)
        lines.append([Span(short("  ".join(symbol for symbol, _ in symbols.most_common())), "quiet")])
    return Card(thing.key, f"bundle {kind}", lines, name, name, name, copies=len(thing.bundle))


def _thousands(number: int) -> str:
    return f"{number:,}".replace(",", " ")
