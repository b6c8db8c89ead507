"""What was generated from the rows of the table, for anybody to read."""

from __future__ import annotations

from collections.abc import Callable

from autograd.formula import Row
from autograd.readers import arrays, floats, methods, nodes, text
from autograd.rows import did_you_mean, find_row
from autograd.value import OPERATORS


def source(name: str, reader: str = "value") -> str:
    """The source that a reader generates for the row called `name`.

    Readers: ``"value"`` (methods and operators of Value), ``"float"`` and ``"array"`` (functions of floats and of
    NumPy arrays), ``"node"`` (the partial derivatives as functions of nodes, for derivatives of derivatives) and
    ``"text"`` (the row for people).

    >>> print(source("tanh"))
    def tanh(self):
        x = self._data
        z = math.tanh(x)
        dx = 1.0 - z * z
        out = new(Value)
        ...

    Raises KeyError for a name that is not in the table, ValueError for a reader that there is not.
    """
    if reader not in READERS:
        raise ValueError(f"no reader {reader!r}; readers are {', '.join(READERS)}{did_you_mean(reader, READERS)}")
    return READERS[reader](find_row(name))


def _methods(row: Row) -> str:
    sources = [methods.method_source(row)]
    if row.name in OPERATORS:
        name = OPERATORS[row.name]
        sources.append(f"# as __{name}__\n{methods.operator_source(row)}")
        if len(row.args) == 2:
            sources.append(f"# as __r{name}__\n{methods.operator_source(row, reflected=True)}")
    return "\n\n".join(sources)


def _functions_of_arrays(row: Row) -> str:
    return f"{arrays.forward_source(row)}\n\n{arrays.evaluate_source(row)}"


def _partials_on_nodes(row: Row) -> str:
    return "\n\n".join(nodes.source(row, index) for index in range(len(row.args)))


def _for_people(row: Row) -> str:
    lines = [text.operation(row), *text.derivatives(row), *(f"at {point}" for point in text.special_points(row))]
    return "".join(f"{line}\n" for line in lines)


READERS: dict[str, Callable[[Row], str]] = {
    "value": _methods,
    "float": floats.source,
    "array": _functions_of_arrays,
    "node": _partials_on_nodes,
    "text": _for_people,
}
