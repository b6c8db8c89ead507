"""`autograd.source` for every row and every reader, and the printed table of derivatives."""

import ast
import inspect

import pytest

import autograd
from autograd import Value
from autograd.inspection import READERS
from autograd.readers import arrays, floats, nodes
from autograd.readers.text import derivatives, operation, special_points, table
from autograd.rows import ROWS
from autograd.value import OPERATORS

EVERY_ROW = pytest.mark.parametrize("name", ROWS)


@EVERY_ROW
@pytest.mark.parametrize("reader", READERS)
def test_every_reader_shows_every_row(name, reader):
    text = autograd.source(name, reader)
    assert name in text
    assert text.endswith("\n")
    if reader not in ("javascript", "sympy", "text"):
        defined = [each.name for each in ast.parse(text).body if isinstance(each, ast.FunctionDef)]
        assert len(defined) == text.count("def ") > 0


@EVERY_ROW
def test_what_is_shown_is_what_runs(name):
    row = ROWS[name]
    getattr(Value, name)(*map(Value, [0.5, 0.25, 0.75][: len(row.args)]))  # compiled on first use
    assert autograd.source(name).startswith(inspect.getsource(getattr(Value, name)))
    assert autograd.source(name, "float") == inspect.getsource(floats.evaluate(row))
    assert inspect.getsource(arrays.evaluate(row)) in autograd.source(name, "array")
    for index in range(len(row.args)):
        assert inspect.getsource(arrays.vjp(row, index)) in autograd.source(name, "vjp")
        assert inspect.getsource(nodes.partial(row, index)) in autograd.source(name, "node")


@pytest.mark.parametrize(("name", "operator"), OPERATORS.items())
def test_operators_are_shown_as_they_run(name, operator):
    methods = [f"__{operator}__", *([f"__r{operator}__"] if len(ROWS[name].args) == 2 else [])]
    for method in methods:
        getattr(Value, method)(Value(3.0), *([2.0] if len(ROWS[name].args) == 2 else []))
    shown = [f"# as {method}\n{inspect.getsource(getattr(Value, method))}" for method in methods]
    assert autograd.source(name).endswith("\n\n".join(shown))


def test_operators_are_shown_with_their_reflections():
    assert autograd.source("pow").count("def pow(self, other):") == 3
    assert "# as __rpow__" in autograd.source("pow")
    assert "# as __neg__" in autograd.source("neg")
    assert "__rneg__" not in autograd.source("neg")


def test_expressions_of_sympy():
    assert autograd.source("softsign", "sympy") == "softsign(x) = x/(Abs(x) + 1)\n"


def test_unknown_names_and_readers_get_a_suggestion():
    with pytest.raises(KeyError, match="no row 'tahn'; did you mean 'tanh'"):
        autograd.source("tahn")
    with pytest.raises(ValueError, match=r"no reader 'arrays'; did you mean 'array'.*value, float"):
        autograd.source("mul", "arrays")


@pytest.mark.parametrize(
    ("name", "points"),
    {
        "abs": ["x = 0: dx = 0"],
        "relu": ["x = 0: dx = 0"],
        "hypot": ["x = 0, y = 0: dx = 0, dy = 0"],
        "maximum": ["x = y: dx = 0.5, dy = 0.5"],
        "sqrt": ["x = 0: dx = inf"],
        "mod": ["x = 1, y = 1: dx = 1, dy = -1"],  # dy changes along the kink, so one point on it is shown
        "arctan2": ["x = 0, y = -1: dx = -1, dy = 0", "x = 0, y = 0: dx = 0, dy = 0"],  # no minus before a zero
        "leaky_relu": ["x = 0: dx = 0.01"],
        "hardtanh": ["x = -1: dx = 0", "x = 1: dx = 0"],
        "exp": [],
    }.items(),
)
def test_kinks_and_edges_are_computed(name, points):
    assert special_points(ROWS[name]) == points


def test_kinks_of_more_arguments():
    assert special_points(ROWS["clip"])[:2] == [
        "x = lo: dx = 0.5, dlo = 0.5, dhi = 0",
        "x = hi: dx = 0.5, dlo = 0, dhi = 0.5",
    ]
    assert special_points(ROWS["pow"])[:4] == [
        "x = 0, y = 2: dx = 0, dy = 0",
        "x = 0, y = 1: dx = 1, dy = 0",
        "x = 0, y = 0: dx = 0, dy = 0",
        "x = -2, y = 3: dx = 12, dy = nan",
    ]


@EVERY_ROW
def test_every_kink_and_edge_is_printed(name):
    row = ROWS[name]
    assert len(special_points(row)) >= len(row.edges)
    assert bool(special_points(row)) == bool(row.kink or row.edges)


def test_the_table_shows_every_row_whole():
    header, *lines = table().splitlines()
    ends = [header.index(title) for title in ("partial derivatives", "domain tested", "at kinks and edges")]
    blocks = []  # the lines of each row, cut into columns
    for line in lines:
        cells = [line[start:end].strip() for start, end in zip([0, *ends], [*ends, None], strict=True)]
        if any(line.startswith(f"{name}(") for name in ROWS):
            blocks.append([[cell] for cell in cells])
        elif line.startswith("  "):
            for column, cell in zip(blocks[-1], cells, strict=True):
                column.append(cell)
    shown = [["".join("".join(column).split()) for column in block] for block in blocks]
    expected = [
        [operation(row), "".join(derivatives(row)), row.texts.get("domain", ""), "".join(special_points(row))]
        for row in ROWS.values()
    ]
    assert shown == [["".join(text.split()) for text in texts] for texts in expected]


def test_the_table_is_grouped_and_fits_the_width():
    lines = table().splitlines()
    assert max(map(len, lines)) <= 120
    starts = [line.split("(")[0] for line in lines]
    order = ["arithmetic", "add", "trigonometry", "sin", "hyperbolic functions", "sinh", "activations", "relu"]
    places = [starts.index(each) for each in order]
    assert places == sorted(places)
