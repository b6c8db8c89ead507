"""`draw`: a graph as a picture that shows itself."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from autograd.drawing import dot_language
from autograd.drawing.explorer import Page
from autograd.drawing.folding import Fold, bundle, fold
from autograd.drawing.output import open_in_browser, png
from autograd.drawing.scene import Scene
from autograd.drawing.snapshot import Snapshot, snapshot
from autograd.drawing.style import Color, Direction, Edges, Style, Theme
from autograd.drawing.text import tree
from autograd.memory import collector_waits

_LARGEST_SHOWN = 4_000_000  # bytes of SVG that a notebook still shows without delay


class GraphTooLargeError(ValueError):
    """A graph with more values than a picture can show; the message says what to do."""


class Picture:
    """A drawing of a graph as it was when `draw` was called. A notebook shows the picture, a terminal a tree of text.

    `save` writes a file, `to_svg` and `to_dot` return text, `show` opens a browser.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    @cached_property
    def _svg(self) -> str:
        with collector_waits():
            return self._scene.to_svg()

    def to_svg(self) -> str:
        """The picture as the text of an SVG file, the same for the same graph."""
        return self._svg

    def to_dot(self) -> str:
        """The picture in the language of Graphviz, which is not needed for it."""
        return f"digraph {{\n{''.join(self.dot_body())}}}\n"

    def dot_body(self) -> Iterator[str]:
        """The lines between the braces of `to_dot`."""
        scene = self._scene
        return dot_language.body(scene.snapshot, scene.fold, scene.cards, scene.texts, scene.style.direction)

    def save(self, path: str | Path) -> Path:
        """Write a file and return its path. The suffix says what: .svg, .html (as `explore`), .dot, or .png.

        Raises ValueError for another suffix, ImportError for .png without the package that it needs.
        """
        path = Path(path)
        match path.suffix.lower():
            case ".svg":
                path.write_text(self.to_svg(), encoding="utf-8")
            case ".dot" | ".gv":
                path.write_text(self.to_dot(), encoding="utf-8")
            case ".html":
                Page(self._scene.snapshot, self._scene.style).save(path)
            case ".png":
                path.write_bytes(png(self.to_svg()))
            case suffix:
                raise ValueError(
                    f"a picture cannot be saved as {suffix or 'a file without a suffix'}; use .svg, .html, .dot or .png"
                )
        return path

    def show(self) -> None:
        """Open the picture in a browser; without one, say where the file is."""
        open_in_browser(self.save, ".svg")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        text = repr(self)
        try:
            picture = self.to_svg()
        except Exception as error:  # a repr that raises hides the cell's own result
            return {"text/plain": f"{text}\n(no picture: {error})"}
        if len(picture) > _LARGEST_SHOWN:
            return {"text/plain": f"{text}\n(too large to show here; depth=1 makes it smaller, or .save('graph.svg'))"}
        return {"image/svg+xml": picture, "text/plain": text}

    def __repr__(self) -> str:
        return f"{tree(self._scene)}\n({self._scene.summary})"


def draw(
    output: Any,
    *,
    direction: Direction = "LR",
    show: Sequence[str] = ("value", "grad"),
    edges: Edges = "auto",
    color: Color = "kind",
    names: Mapping[str, Any] | None = None,
    depth: int | None = None,
    expand: Callable[[str], bool] | None = None,
    constants: bool = True,
    precision: int = 4,
    title: str | None = "",
    theme: Theme = "auto",
    max_nodes: int | None = 500,
    rankdir: Direction | None = None,
) -> Picture:
    """Draw the graph below a Value, a Tensor or a list of them, as it is now; nothing is computed.

    - `direction`: "LR" from left to right, "TB" from top to bottom
    - `show`: which lines cards have, of "value" and "grad"
    - `edges`: what is written on the wires: "local" derivatives, the "flow" of gradient along them, "none"; "auto"
      writes local derivatives where there are few values
    - `color`: by "kind", "value" or "grad"
    - `names`: names for nodes without a label, such as ``locals()``
    - `depth`: how many levels of modules are open; the others are one box each. ``depth=0`` closes all of them
    - `expand`: which modules are open besides, as a function of their paths, such as ``"layers.0"``
    - `constants`: whether the plain numbers that operations use are drawn
    - `precision`: significant digits
    - `title`: stands above the picture
    - `theme`: "light", "dark", or "auto" for what the reader's system asks for
    - `max_nodes`: beyond so many values modules are closed, with a warning; None for no limit
    - `rankdir`: what Graphviz calls the direction

    >>> from autograd import Value
    >>> x = Value(3.0, label="x")
    >>> y = x * x
    >>> y.backward()
    >>> draw(y)
    v1 = x * x = 9   ∂ 1
    └─ x = 3   ∂ 6
    (2 values, 2 edges, output 9)
    >>> draw(y).save("square.svg")  # doctest: +SKIP

    Raises TypeError for anything but nodes, ValueError for an unknown option, GraphTooLargeError for a graph of more
    than `max_nodes` values that no module makes smaller.
    """
    style = Style(rankdir or direction, show, edges, color, precision, "" if title is None else title, theme)
    for name, number in (("depth", depth), ("max_nodes", max_nodes)):
        if number is not None and (not isinstance(number, int) or number < 0):
            raise ValueError(f"{name}={number!r}: expected how many, 0 or more, or None")
    if expand is not None and not callable(expand):
        raise TypeError(f"expand={expand!r}: expected a function of paths, such as {{'layers.0'}}.__contains__")
    with collector_waits():
        graph = snapshot(output, names)
        folded = _folded(graph, depth, expand, constants, max_nodes)
    return Picture(Scene(graph, folded, style))


def _folded(
    graph: Snapshot, depth: int | None, expand: Callable[[str], bool] | None, constants: bool, most: int | None
) -> Fold:
    opened: set[int] = set()
    for index, group in enumerate(graph.groups):
        if (depth is None and expand is None) or (depth is not None and group.depth <= depth):
            opened.add(index)
        elif expand is not None and expand(group.path or group.kind):
            while index not in opened:  # and what is around it
                opened.add(index)
                index = graph.groups[index].parent
    drawn = graph.drawn(opened.__contains__)
    if most is None or drawn <= most:
        return fold(graph, opened.__contains__, constants)
    deepest = max((graph.groups[index].depth for index in opened), default=0)
    for level in range(deepest - 1, -1, -1):
        fewer = {index for index in opened if graph.groups[index].depth <= level}
        if graph.drawn(fewer.__contains__) <= most:
            _warn(f"depth={level}", drawn, most)
            return fold(graph, fewer.__contains__, constants)
    if len(graph.groups) > 1:
        smallest = bundle(graph, fold(graph, lambda group: False, constants))
        if len(smallest.things) <= most:
            _warn("depth=0, and what belongs to no module is drawn as a few boxes", drawn, most)
            return smallest
    raise GraphTooLargeError(
        f"this graph has {drawn:,} values, and draw() stops at max_nodes={most} so that the picture stays readable. "
        "Draw a part of it, as in draw(hidden_output), make it of nn modules, which are drawn as boxes, or pass "
        "max_nodes=None"
    )


def _warn(what: str, drawn: int, most: int) -> None:
    message = f"{drawn:,} values are more than max_nodes={most}, so modules are drawn closed: {what}"
    warnings.warn(message, UserWarning, stacklevel=4)
