"""`explore`: a graph as one page that plays the chain rule, without a server and without the network."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from autograd.drawing import svg
from autograd.drawing.cards import clean, module_name, name_within, short, summed_up
from autograd.drawing.colours import COLOURS, SCALE
from autograd.drawing.folding import fold
from autograd.drawing.output import open_in_browser
from autograd.drawing.scene import Scene
from autograd.drawing.snapshot import Item, Snapshot, snapshot
from autograd.drawing.style import Direction, Style, Theme
from autograd.drawing.text import tree
from autograd.formula import LEAVES, Formula, Row, parts, substitute
from autograd.naming import as_operand, brief
from autograd.readers import javascript
from autograd.readers.printer import spell
from autograd.readers.text import TEXT, holds

_MOST = 5_000  # values in a page
_READABLE = (1900.0, 1150.0)  # the size of what the page opens with, if modules can be closed
_FEW = 60  # cards up to which local derivatives are written on the wires
_ALL = 10_000  # cards in all views of a page together; modules beyond that open with their whole level


class Page:
    """A page that plays the chain rule on a graph as it was when `explore` was called.

    `save` writes the file, `to_html` returns its text, `show` opens a browser. A notebook shows the page itself.
    """

    def __init__(self, graph: Snapshot, style: Style) -> None:
        values = sum(item.kind != "constant" for item in graph.items)
        if values > _MOST:
            raise ValueError(
                f"explore() takes up to {_MOST:,} values, and this graph has {values:,}; explore a part of it, as in "
                "explore(hidden_output), or draw(output, depth=1)"
            )
        if len(graph.outputs) > 1:
            raise ValueError("explore() starts from one output; add them up, or explore them one by one")
        self._graph, self._style = graph, style

    @cached_property
    def _html(self) -> str:
        graph, is_live = self._graph, _is_live(self._graph)
        if is_live:  # the page finds the gradients itself
            items = [replace(item, gradient=None if item.kind == "constant" else 0.0) for item in graph.items]
            graph = replace(graph, items=items)
        style = replace(self._style, show=("value", "grad"), color="kind", all_named=True, live=is_live)
        output = graph.items[graph.outputs[0]].name
        title = style.title or (f"How {output} changes" if output else "The chain rule")
        rows = {item.row.name: item.row for item in graph.items if item.row is not None}
        light, dark = (_variables(mode) for mode in (0, 1))
        parts = {
            "title": escape(clean(title)),
            "summary": escape(Scene(graph, fold(graph, lambda group: True), style).summary),
            "css": _asset("page.css").replace("{{light}}", light).replace("{{dark}}", dark),
            "drawing-style": svg.style_of_page(".drawing", "html.dark .drawing"),
            "graph": _json(_described(graph, style, rows)),
            "rows": _functions(rows if is_live else {}),
            "script": _asset("page.js"),
        }
        return re.sub(r"\{\{([a-z-]+)\}\}", lambda found: parts[found[1]], _asset("page.html"))

    def to_html(self) -> str:
        """The page as text: one file that needs no other."""
        return self._html

    def save(self, path: str | Path) -> Path:
        """Write the page to an .html file and return its path."""
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"a page is saved as .html, not as {path.suffix or 'a file without a suffix'}")
        path.write_text(self.to_html(), encoding="utf-8")
        return path

    def show(self) -> None:
        """Open the page in a browser; without one, say where the file is."""
        open_in_browser(self.save, ".html")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        text = repr(self)
        try:
            page = escape(self.to_html(), quote=True)
        except Exception as error:  # a repr that raises hides the cell's own result
            return {"text/plain": f"{text}\n(no page: {error})"}
        frame = (
            f'<iframe sandbox="allow-scripts allow-downloads" srcdoc="{page}" title="explorer" '
            'style="width:100%;height:720px;border:1px solid #8888;border-radius:8px"></iframe>'
        )
        return {"text/html": frame, "text/plain": text}

    def __repr__(self) -> str:
        whole = Scene(self._graph, fold(self._graph, lambda group: True), self._style)
        return f"{tree(whole)}\n(a page: .save('explore.html') or .show())"


def explore(
    output: Any,
    *,
    direction: Direction = "LR",
    names: Mapping[str, Any] | None = None,
    precision: int = 4,
    title: str = "",
    theme: Theme = "auto",
) -> Page:
    """A page on the graph below one Value or Tensor: it plays the forward pass operation by operation and the backward
    pass edge by edge, in words and numbers, and where all values are floats its leaves can be changed.

    The page is one file of its own; nothing is loaded from anywhere. `names` are names for nodes without a label, such
    as ``locals()``; see `draw` for the other options.

    >>> from autograd import Value
    >>> x = Value(2.0, label="x")
    >>> page = explore(x * x + 1)
    >>> page.save("explore.html")  # doctest: +SKIP

    Raises TypeError for anything but a node, ValueError for more than 5 000 values or more than one output.
    """
    return Page(snapshot(output, names), Style(direction, precision=precision, title=title, theme=theme))


def _functions(rows: Mapping[str, Row]) -> str:
    """The rows as functions in JavaScript, in an object ROWS."""
    sources = "".join(javascript.source(row) for row in rows.values())
    return f"const ROWS = (() => {{\n{javascript.PRELUDE}{sources}return {{ {', '.join(rows)} }};\n}})();"


def _is_live(graph: Snapshot) -> bool:
    """Whether the page can compute everything itself: rows of the table on floats, and nothing else."""
    return all(
        isinstance(item.value, float)
        and (item.kind != "operation" or (item.row is not None and len(item.partials) > 0))
        for item in graph.items
    )


def _described(graph: Snapshot, style: Style, rows: Mapping[str, Row]) -> dict[str, Any]:
    """What the page knows. Short keys, because there are many: see the page's script for their meaning."""
    names = graph.names()
    labels = _labels(graph, names)
    scenes = dict(_scenes(graph, style))
    levels = [name for name in scenes if name.startswith("depth")]
    readable = (
        name
        for name in levels
        if scenes[name].layout.width <= _READABLE[0] and scenes[name].layout.height <= _READABLE[1]
    )
    cards = {
        card.key: svg.card_svg(card)
        for scene in scenes.values()
        for card in scene.cards
    }  # fmt: skip
    return {
        "precision": style.precision,
        "live": style.live,
        "theme": style.theme,
        "output": graph.outputs[0],
        "scale": len(SCALE),
        "items": [
            _item(item, name, label, style) | _local_derivatives(graph, index, labels, style.precision)
            for index, (item, name, label) in enumerate(zip(graph.items, names, labels, strict=True))
        ],
        "groups": [
            {"n": module_name(graph, index) if index else "", "f": each.path, "p": each.parent, "k": each.kind,
             "c": each.calls, "m": each.members}
            for index, each in enumerate(graph.groups)
        ],
        "infix": {name: row.symbol for name, row in rows.items() if name in TEXT.infix},
        "cards": cards,
        "views": [_view(name, scene) for name, scene in scenes.items()],
        "start": list(scenes).index(next(readable, levels[-1])),
    }  # fmt: skip


def _labels(graph: Snapshot, names: list[str]) -> list[str]:
    """What the page's sentences call each item: as its card does, where no other item is called so."""
    within = [
        short(name_within(name, graph.groups[item.group].path)) for item, name in zip(graph.items, names, strict=True)
    ]
    shared = Counter(within)
    return [name if shared[label] > 1 else label for name, label in zip(names, within, strict=True)]


def _item(item: Item, name: str, label: str, style: Style) -> dict[str, Any]:
    described: dict[str, Any] = {
        "n": clean(name), "l": clean(label), "k": item.kind, "g": item.group, "i": item.inputs,
    }  # fmt: skip
    if item.kind == "operation":
        described |= {"o": item.op, "s": item.symbol, "q": clean(item.params)}
    if isinstance(item.value, float):
        described["v"] = item.value if math.isfinite(item.value) else str(item.value)
    else:
        described |= {"v": 0, "t": summed_up(item.value, style.precision), "c": _finite(item.value.mean)}
        described["h"] = f"{item.value.shape} {item.value.dtype}"
    if not style.live and item.gradient is not None:
        size = item.gradient if isinstance(item.gradient, float) else item.gradient.size
        described |= {"d": summed_up(item.gradient, style.precision), "e": _finite(size)}
    return described


def _local_derivatives(graph: Snapshot, index: int, labels: list[str], precision: int) -> dict[str, list[str]]:
    """The table's formulas for the derivatives of an item, in the names that the page's sentences use."""
    item = graph.items[index]
    if item.row is None:
        return {}
    known: dict[str, Formula] = {"z": ("name", as_operand(labels[index]))}
    is_constant = [graph.items[operand].kind == "constant" for operand in item.inputs]
    for argument, operand, fixed in zip(item.row.names, item.inputs, is_constant, strict=True):
        value = graph.items[operand].value
        is_number = fixed and isinstance(value, float)
        known[argument] = ("number", value) if is_number else ("name", as_operand(labels[operand]))
    target = replace(TEXT, number=lambda number: brief(number, precision))
    formulas = [
        "" if fixed or partial is None else clean(spell(_decided(substitute(partial, known)), target))
        for partial, fixed in zip(item.row.partials, is_constant, strict=False)  # parameters have no partials
    ]
    return {"p": formulas}


def _decided(formula: Formula) -> Formula:
    """Of a `where` whose condition is about numbers alone only the branch that is taken."""
    if formula[0] in LEAVES:
        return formula
    if formula[0] == "where" and all(part[0] != "name" for part in parts(formula[1])):
        return _decided(formula[2 if holds(formula[1], {}) else 3])
    return (formula[0], *map(_decided, formula[1:]))


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _scenes(graph: Snapshot, style: Style) -> Iterator[tuple[str, Scene]]:
    """Everything that the page can show, by name: levels of open modules, the most open first, then single ones."""
    deepest = max(group.depth for group in graph.groups)
    left = _ALL
    chosen: list[tuple[str, set[int]]] = []
    for depth in range(deepest, -1, -1):
        chosen.append((f"depth {depth}", {index for index, group in enumerate(graph.groups) if group.depth <= depth}))
    for index in range(1, len(graph.groups)):
        around, each = set(), index
        while each:
            around.add(each)
            each = graph.groups[each].parent
        chosen.append((f"open {index}", around))
    for name, opened in chosen:
        if name.startswith("open") and graph.drawn(opened.__contains__) > left:
            continue
        folded = fold(graph, opened.__contains__)
        left -= len(folded.things)
        with_texts = style.live and len(folded.things) <= _FEW
        yield name, Scene(graph, folded, replace(style, edges="local" if with_texts else "none"))


def _view(name: str, scene: Scene) -> dict[str, Any]:
    layout, things = scene.layout, scene.fold.things
    down = scene.style.direction == "TB"
    deepest = max(group.depth for group in scene.snapshot.groups)
    return {
        "id": name,
        "name": _level_name(name, deepest),
        "width": round(layout.width, 1),
        "height": round(layout.height, 1),
        "cards": [
            [card.key, round(x, 1), round(y, 1)] for card, (x, y) in zip(scene.cards, layout.corners, strict=True)
        ],
        "numbers": list(scene.numbers()),
        "remarks": list(scene.remarks()),
        "frames": [[svg.frame_svg(frame), svg.title_svg(frame)] for frame in layout.frames],
        "wires": [
            [
                things[link.source].key, things[link.target].key, link.edges, svg.path(points, down),
                svg.tip(points[-1], down), svg.wire_text(text, points[-1], down, link.place) if text else "",
            ]
            for link, points, text in zip(scene.fold.links, layout.points, scene.texts, strict=True)
        ],
    }  # fmt: skip


def _level_name(name: str, deepest: int) -> str | None:
    """What the page calls a level of open modules."""
    kind, _, level = name.partition(" ")
    if kind != "depth":
        return None
    return {"0": "all closed", "1": "1 level open", str(deepest): "all open"}.get(level, f"{level} levels open")


def _json(described: dict[str, Any]) -> str:
    """JSON that can stand inside a script element."""
    text = json.dumps(described, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def _variables(mode: int) -> str:
    colours = {**COLOURS, **{f"s{step}": pair for step, pair in enumerate(SCALE)}}
    return " ".join(f"--{name}: {pair[mode]};" for name, pair in colours.items())


def _asset(name: str) -> str:
    return files("autograd.drawing").joinpath("page", name).read_text(encoding="utf-8")
