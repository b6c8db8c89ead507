"""Blocks of a program as compiled loops: functions that numba compiles."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compiler import numba_modules
from autograd.compiler.blocks import Block, Ints, Operand
from autograd.formula import ZERO
from autograd.readers import numba as spelled
from autograd.readers.generated import source_of

_AXES = "lrk"


class Loops:
    """The compiled forward and backward sweep of blocks: functions of the buffers of values and gradients."""

    def __init__(
        self, blocks: list[Block], places: Ints, constants: NDArray[np.float64], first: int, depends: NDArray[np.bool_]
    ) -> None:
        """`first` is the slot of the first constant."""
        self.places, self.first, self.depends = places, first, depends
        self.indices: list[Ints] = []
        self.index_count = 0
        self.numbers: list[NDArray[np.float64]] = []
        self.number_count = 0
        self.constants = constants
        functions: list[str] = []
        forward = [call for i, block in enumerate(blocks) for call in self._forward(f"f{i}", block, functions)]
        backward = [
            call
            for i, block in reversed(list(enumerate(blocks)))
            for call in self._backward(f"b{i}", block, functions)
        ]  # fmt: skip
        text = "\n\n".join(
            [
                numba_modules.HEAD, *functions,
                _function("loop", "forward", ["v", "c", "ix"], [*forward, "pass"]),
                _function("loop", "backward", ["v", "g", "c", "ix"], [*backward, "pass"]),
            ]
        )  # fmt: skip
        made = numba_modules.module(text + "\n")
        self.c = np.concatenate([*self.numbers, np.zeros(1)])
        self.ix = np.concatenate([*self.indices, np.zeros(1, np.int64)])
        self.forward: Callable[..., None] = made.forward
        self.backward: Callable[..., None] = made.backward

    def _read(self, operand: Operand, name: str, buffer: str) -> tuple[list[str], list[str], str]:
        """Parameters, arguments, and the expression of an operand in the loop variables l, r and k."""
        if operand.kind == 1 and buffer == "v":
            start = self.number_count
            self.numbers.append(self.constants[operand.slots.ravel() - self.first])
            self.number_count += operand.slots.size
            shape = operand.slots.shape
            steps = [shape[1] * shape[2], shape[2], 1]
            index = _index(shape, steps)
            return [name], [f"c[{start}:{self.number_count}]"], f"{name}[{index}]"
        places = self.places[operand.slots]
        steps = []
        is_regular = True
        for axis, length in enumerate(places.shape):
            each = np.diff(places, axis=axis)
            steps.append(int(each.flat[0]) if length > 1 else 0)
            is_regular &= length == 1 or (bool((each == each.flat[0]).all()) and steps[-1] > 0)
        if is_regular:
            low, high = int(places.min()), int(places.max())
            return [name], [f"{buffer}[{low}:{high + 1}]"], f"{name}[{_index(places.shape, steps)}]"
        start = self.index_count
        self.indices.append(places.ravel())
        self.index_count += places.size
        index = _index(places.shape, [places.shape[1] * places.shape[2], places.shape[2], 1])
        return [name, f"{name}_ix"], [buffer, f"ix[{start}:{self.index_count}]"], f"{name}[{name}_ix[{index}]]"

    def _size(self, size: int, parameters: list[str], arguments: list[str]) -> str:
        """The length of an innermost loop. The compiler must not know a small one: it would unroll the loop, and then
        vectorise another one around it, at many times the cost."""
        if not 4 <= size <= 64:
            return str(size)
        parameters.append(f"n{len(parameters)}")
        arguments.append(f"ix[{self.index_count}]")
        self.indices.append(np.array([size]))
        self.index_count += 1
        return parameters[-1]

    def _result(self, block: Block, buffer: str) -> str:
        start = int(self.places[block.slots.flat[0]])
        return f"{buffer}[{start}:{start + block.slots.size}]"

    def _forward(self, name: str, block: Block, functions: list[str]) -> list[str]:
        parameters, arguments = ["z"], [self._result(block, "v")]
        outer, inner = block.slots.shape
        at = f"l * {inner} + r"
        lines: list[str] = []
        if block.row is not None:
            for (operand,), row_name in zip(block.terms, block.row.names, strict=True):
                mine, given, expression = self._read(operand, f"x{len(parameters)}", "v")
                parameters += mine
                arguments += given
                lines.append(f"_{row_name} = {expression}")
            lines += _renamed(spelled.forward(block.row), block.row.names)
            lines.append(f"z[{at}] = _z")
        else:
            lines.append("s = 0.0")
            for i, (pair, length) in enumerate(zip(block.terms, block.lengths, strict=True)):
                expressions = []
                for j, operand in enumerate(pair):
                    mine, given, expression = self._read(operand, f"x{i}_{j}", "v")
                    parameters += mine
                    arguments += given
                    expressions.append(expression)
                size = self._size(length, parameters, arguments)
                lines += _looped("k", size, [f"s = plus(s, {' * '.join(expressions)})"])
            lines.append(f"z[{at}] = s")
        functions.append(_function("kernel", name, parameters, _looped("l", outer, _looped("r", inner, lines))))
        return [f"{name}({', '.join(arguments)})"]

    def _backward(self, name: str, block: Block, functions: list[str]) -> list[str]:
        calls = []
        for i, (pair, length) in enumerate(zip(block.terms, block.lengths, strict=True)):
            for j, operand in enumerate(pair):
                if operand.kind == 1 or not self.depends[operand.slots].any():
                    continue
                if block.row is not None and block.row.named_partials[f"d{block.row.args[i]}"] == ZERO:
                    continue
                calls.append(self._share(f"{name}_{i}_{j}", block, i, j, operand, length, functions))
        return calls

    def _share(
        self, name: str, block: Block, i: int, j: int, operand: Operand, length: int, functions: list[str]
    ) -> str:
        parameters, arguments = ["gz"], [self._result(block, "g")]
        outer, inner = block.slots.shape
        at = f"l * {inner} + r"
        mine, given, target = self._read(operand, "gx", "g")
        parameters += mine
        arguments += given
        if block.row is not None:
            lines = [f"_z = z[{at}]"]
            parameters.append("z")
            arguments.append(self._result(block, "v"))
            for (each,), row_name in zip(block.terms, block.row.names, strict=True):
                mine, given, expression = self._read(each, f"x{len(parameters)}", "v")
                parameters += mine
                arguments += given
                lines.append(f"_{row_name} = {expression}")
            lines += _renamed(spelled.partial(block.row, i), ("z", *block.row.names))
            share = f"gz[{at}] * _d"
            sizes = {"l": outer, "r": inner}
        else:
            lines = []
            share = f"gz[{at}]"
            for each in block.terms[i][:j] + block.terms[i][j + 1 :]:
                mine, given, expression = self._read(each, "y", "v")
                parameters += mine
                arguments += given
                share += f" * {expression}"
            sizes = {"l": outer, "r": inner, "k": length}
        loops = [(letter, size) for letter, size in sizes.items() if size > 1]
        varies = [letter for letter, size in zip(_AXES, operand.slots.shape, strict=True) if size > 1]
        summed = [loop for loop in loops if loop[0] not in varies]
        nest: list[tuple[str, Any]]
        if not loops or loops[-1] in summed:
            # the inner loops that add to one number
            inner = [loop for loop in loops if all(letter not in varies for letter, _ in loops[loops.index(loop) :])]
            body = [*lines, f"s = plus(s, {share})"]
            for letter, size in reversed(inner):
                body = _looped(letter, size, body)
            body = ["s = 0.0", *body, f"{target} = plus({target}, s)"]
            nest = [loop for loop in loops if loop not in inner]
        else:
            # the axis that is vectorised innermost, around it those that are summed, several terms at once
            nest = [*(loop for loop in loops[:-1] if loop[0] in varies), *summed]
            if summed and not lines:
                letter, size = nest.pop()
                count = max(divisor for divisor in range(1, 13) if size % divisor == 0)
                terms = [_shifted(share, letter, count, i) for i in range(count)]
                nest.append((f"{letter}_", size // count))
                share = " + ".join(terms)
            body = [*lines, f"{target} = plus({target}, {share})"]
            letter, size = loops[-1]
            nest.append((letter, self._size(size, parameters, arguments)))
        for letter, size in reversed(nest):
            body = _looped(letter, size, body)
        fixed = [f"{letter} = 0" for letter, size in sizes.items() if size == 1]
        functions.append(_function("kernel", name, parameters, [*fixed, *body]))
        return f"{name}({', '.join(arguments)})"


def _index(shape: tuple[int, ...], steps: list[int]) -> str:
    terms = [
        letter if step == 1 else f"{letter} * {step}"
        for letter, length, step in zip(_AXES, shape, steps, strict=True)
        if length > 1
    ]
    return " + ".join(terms) or "0"


def _renamed(lines: list[tuple[str, str]], names: tuple[str, ...]) -> list[str]:
    """The row's own names behind an underscore, apart from those of the loops."""
    known = {*names, *(target for target, _ in lines)}
    word = re.compile(r"(?<![\w.])([a-zA-Z]\w*)(?![\w(.])")

    def rename(text: str) -> str:
        return word.sub(lambda found: f"_{found[1]}" if found[1] in known else found[1], text)

    return [f"{rename(target)} = {rename(text)}" for target, text in lines]


def _shifted(text: str, letter: str, count: int, i: int) -> str:
    return re.sub(rf"\b{letter}\b", f"({letter}_ * {count} + {i})", text)


def _looped(letter: str, size: int | str, lines: list[str]) -> list[str]:
    if size in (1, "1"):
        return [f"{letter} = 0", *lines]
    return [f"for {letter} in range({size}):", *(f"    {line}" for line in lines)]


def _function(decorator: str, name: str, parameters: list[str], lines: list[str]) -> str:
    return f"@{decorator}\n{source_of(name, parameters, lines)}"
