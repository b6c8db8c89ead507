"""`draw_dot`: the drawing as a `graphviz.Digraph`, for whoever comes from micrograd or wants Graphviz's layout."""

from __future__ import annotations

from typing import Any

import graphviz

from autograd.drawing.picture import draw
from autograd.drawing.style import Direction

_MISSING = (
    "Graphviz's program 'dot' is not installed (apt install graphviz, brew install graphviz, winget install graphviz; "
    "the Python package alone cannot draw). autograd.draw(root) draws without it."
)


class GraphvizNotFoundError(RuntimeError):
    """Graphviz's program is not installed."""

    def __init__(self) -> None:
        super().__init__(_MISSING)


class Digraph(graphviz.Digraph):  # type: ignore[misc]
    """A `graphviz.Digraph` that says in one line that Graphviz's program is missing."""

    def _repr_mimebundle_(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super()._repr_mimebundle_(*args, **kwargs)
        except GraphvizNotFoundError as error:
            return {"text/plain": str(error)}

    def render(self, *args: Any, **kwargs: Any) -> Any:
        """As `graphviz.Digraph.render`. Raises GraphvizNotFoundError without Graphviz's program."""
        try:
            return super().render(*args, **kwargs)
        except graphviz.ExecutableNotFound:
            raise GraphvizNotFoundError from None

    def pipe(self, *args: Any, **kwargs: Any) -> Any:
        """As `graphviz.Digraph.pipe`. Raises GraphvizNotFoundError without Graphviz's program."""
        try:
            return super().pipe(*args, **kwargs)
        except graphviz.ExecutableNotFound:
            raise GraphvizNotFoundError from None


def draw_dot(root: Any, format: str = "svg", rankdir: Direction = "LR") -> Digraph:
    """The graph below a node as a `graphviz.Digraph`, as micrograd's notebooks draw it.

    `format` is the format it is rendered in, `rankdir` "LR" or "TB". Making it needs no program; showing or rendering
    it needs Graphviz's `dot`. `autograd.draw` needs nothing, and draws more.

    >>> from autograd import Value
    >>> graph = draw_dot(Value(2.0, label="x") * 3.0)
    >>> "x = 2" in graph.source
    True

    Raises TypeError for anything but a node, ValueError for another `rankdir` or an unknown format.
    """
    picture = draw(root, direction=rankdir, edges="none", max_nodes=None)
    graph = Digraph(format=format)
    graph.body.extend(picture.dot_body())
    return graph
