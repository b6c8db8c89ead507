"""Graphs of Values as formulas: sympy expressions and LaTeX (with the optional dependency sympy)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from autograd.backward import reachable
from autograd.naming import unique_names
from autograd.node import Node
from autograd.plain import constant, kind_of
from autograd.readers import sympy as reader
from autograd.value import Value

# sympy works by recursion, and the deeper an expression the slower.
_LONGEST, _DEEPEST = 1_000, 50  # operations in a formula without definitions, and how many inside one another
_LONGEST_PART, _DEEPEST_PART = 100, 20  # the same for a definition
_MOST_PRINTED = 5_000  # operations in a block of LaTeX
_FLAT = ({"add", "sub"}, {"mul", "div", "neg"})  # among themselves these do not nest in sympy
_PLAIN = re.compile(r"[^\W\d_][^\W_]*(_[^\W_]+)*")  # letters, and subscripts that are not empty
_ESCAPED = {
    **{character: f"\\{character}" for character in "{}%&#_$"},
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def to_sympy(node: Value, *, shared: bool = False) -> Any:
    """The formula by which a Value was computed, as a sympy expression of its leaves.

    Leaves become symbols by their labels; those without one are called x1, x2 … in the order of creation, and of two
    leaves with the same label the younger is called ``label_2``. (A leaf that is no part of a formula and has no
    label, as a constant gradient, is its number.) Whole constants become Integers, others Floats. A gradient from
    ``backward(create_graph=True)`` has a formula too; where an operation has branches, it is that of the branch taken.

    What is used more than once is written out each time, up to 1 000 operations. With ``shared=True`` the result is
    ``(definitions, expression)``, as sympy's `cse` has it: what is used more than once, or nested deeply, is defined
    once, as a pair of a symbol (its label, or t1, t2 …) and an expression.

    >>> w, x, b = Value(0.5, label="w"), Value(2.0, label="x"), Value(-1.0, label="b")
    >>> z = (w * x + b).tanh()
    >>> to_sympy(z)
    tanh(b + w*x)
    >>> z.backward(create_graph=True)
    >>> to_sympy(w.grad, shared=True)
    ([(t1, tanh(b + w*x))], x*(1 - t1**2))

    Raises TypeError for anything but a Value or a number, ValueError where a formula would be too long to write out,
    ImportError without sympy.
    """
    [(definitions, expression)], _ = _formulas([node], shared)
    return (definitions, expression) if shared else expression


def latex(node: Value) -> str:
    r"""The formula by which a Value was computed, in LaTeX's mathematical mode.

    What is used more than once is printed once, below the formula; then all of it is an ``aligned`` block.

    >>> x = Value(2.0, label="x_1")
    >>> print(latex(x * x / 3))
    \frac{x_{1}^{2}}{3}
    >>> s = x.sigmoid()
    >>> print(latex(s * (1 - s)))
    \begin{aligned}
    & t_{1} \left(1 - t_{1}\right) \\
    \text{where}\quad & t_{1} = \frac{1}{1 + e^{- x_{1}}}
    \end{aligned}

    Raises what `to_sympy` raises, and ValueError for more than 5 000 operations.
    """
    return latex_together([node])[0]


def latex_together(nodes: Sequence[Any]) -> list[str]:
    """The formula of each node as `latex` prints it, in names that mean the same in all of them."""
    for node in nodes:
        count = sum(each.op is not None for each in reachable([node])) if isinstance(node, Value) else 0
        if count > _MOST_PRINTED:
            raise ValueError(
                f"this formula has {count:,} operations; latex() prints up to {_MOST_PRINTED:,}, as nobody reads so "
                "many pages. Print a node further down, or take to_sympy(node, shared=True)"
            )
    formulas, names = _formulas(nodes, shared=True)
    printed = partial(reader.load().latex, symbol_names=_typeset(names))
    texts = []
    for definitions, expression in formulas:
        text = printed(expression)
        if definitions:
            equations = [f"& {printed(symbol)} = {printed(part)}" for symbol, part in definitions]
            lines = [f"& {text}", rf"\text{{where}}\quad {equations[0]}", *equations[1:]]
            text = "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"
        texts.append(text)
    return texts


def _typeset(names: Mapping[Any, str]) -> dict[Any, str]:
    """How the symbol of each name is printed, no two alike: as sympy does, else letter by letter, labels first.

    To sympy ``x1`` and ``x_1`` are the same, ``xabs`` is the absolute value of x, and ``e`` and ``pi`` are numbers.
    """
    sympy = reader.load()
    taken = {"e", r"\pi"}
    symbols = {}
    for node in sorted(names, key=lambda node: not node.label):
        symbol = sympy.Symbol(names[node])
        text = sympy.latex(symbol) if _PLAIN.fullmatch(symbol.name) else ""
        look = text.replace(" ", "")  # x_{1 2} is no different from x_{12}
        symbols[symbol] = text if text and "|" not in text and look not in taken else _text(symbol.name)
        taken.add(look)
    return symbols


def _text(name: str) -> str:
    """A name letter by letter, as 'layer 1.w', upright and with nothing in it that LaTeX would obey."""
    return rf"\text{{{''.join(_ESCAPED.get(character, character) for character in name)}}}"


def _formulas(roots: Sequence[Any], shared: bool) -> tuple[list[tuple[list[Any], Any]], Mapping[Any, str]]:
    """The definitions and the expression of each root, and the names of nodes, which are the same in all of them."""
    sympy = reader.load()
    graphs = []
    for root in roots:
        nodes = _graph(root)
        if not shared:
            _check_length(nodes)
        graphs.append((root, nodes, _parts(nodes) if shared else set()))
    names = unique_names([n for _, nodes, named in graphs for n in nodes if n.op is None or n in named], stem="t")
    formulas = []
    for root, nodes, named in graphs:
        written: dict[Any, Any] = {}
        definitions = []
        for each in nodes:
            if each.op is None:
                written[each] = sympy.Symbol(names[each])
                continue
            operands = [written[o] if isinstance(o, Value) else reader.number(o) for o in each.inputs]
            written[each] = reader.apply(each.op, operands)
            if each in named:
                symbol = sympy.Symbol(names[each])
                definitions.append((symbol, reader.tidy(written[each])))
                written[each] = symbol
        number = _number(root)
        formulas.append((definitions, reader.tidy(written[root]) if number is None else reader.number(number)))
    return formulas, names


def _number(root: Any) -> float | None:
    """What is a number, or a leaf without a label, which is no part of a formula."""
    return root.data if isinstance(root, Value) and root.op is None and not root.label else constant(root)


def _graph(node: Any) -> list[Any]:
    """The Values a formula is made of, operands first; none for a number."""
    if _number(node) is not None:
        return []
    if not isinstance(node, Value):
        hint = "; pick an element: t[0].to_value()" if isinstance(node, Node) else ""
        raise TypeError(f"to_sympy() and latex() are for Values, not {kind_of(node)}{hint}")
    nodes: list[Any] = reachable([node])[::-1]
    for each in nodes:
        if not isinstance(each, Value):
            raise TypeError(f"to_sympy() and latex() are for graphs of Values; this one holds {kind_of(each)}")
        if getattr(each.op, "joint_rule", None) is not None:
            raise TypeError(f"{each.op.name} keeps no formula; run a compiled function under jit.disabled()")
    return nodes


def _check_length(nodes: list[Any]) -> None:
    """Raise ValueError if the last of the nodes is not to be written out in one formula."""
    measures: dict[Any, tuple[int, int]] = {}
    size = depth = 0
    for node in nodes:
        size, depth = _measure(node, measures)
        measures[node] = min(size, _LONGEST + 1), depth
    if size > _LONGEST or depth > _DEEPEST:
        raise ValueError(
            f"written out, this formula has more than {_LONGEST} operations or {_DEEPEST} inside one another; "
            + reader.WAY_OUT
        )


def _parts(nodes: list[Any]) -> set[Any]:
    """The nodes that get a definition: those used more than once, cases, and what would make a formula too long."""
    uses: Counter[Any] = Counter()
    for node in nodes:
        for operand, times in _operands(node):
            uses[operand] += times
    measures: dict[Any, tuple[int, int]] = {}
    parts = set()
    for node in nodes:
        size, depth = measures[node] = _measure(node, measures)
        too_much = size > _LONGEST_PART or depth > _DEEPEST_PART
        if node.op is not None and (uses[node] > 1 or too_much or reader.weight(node.op).has_cases):
            parts.add(node)
            measures[node] = 0, 0
    return parts.difference(nodes[-1:])


def _operands(node: Any) -> Iterator[tuple[Value, int]]:
    """The operands that are nodes, and how many times each is written."""
    if node.op is not None:
        for operand, times in zip(node.inputs, reader.weight(node.op).times, strict=True):
            if isinstance(operand, Value):
                yield operand, times


def _measure(node: Any, measures: Mapping[Any, tuple[int, int]]) -> tuple[int, int]:
    """How many operations a node's formula has, and how many at most are inside one another."""
    if node.op is None:
        return 0, 0
    size = depth = own = reader.weight(node.op).operations
    for operand, times in _operands(node):
        more, deeper = measures[operand]
        size += times * more
        is_flat = operand.op is not None and any({node.op.name, operand.op.name} <= flat for flat in _FLAT)
        depth = max(depth, deeper + (0 if is_flat else own))
    return size, depth
