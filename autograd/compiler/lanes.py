"""Blocks of a program computed with NumPy: a block is one operation on views of one buffer of numbers.

The reverse sweep goes through the blocks backwards, with a second buffer for the gradients. Products of the chain rule
are plain there; only if a gradient comes out nan, the interpreter walks once more, for which a zero wins against inf.
"""

from __future__ import annotations

import struct
import threading
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compiler import kernels, numba_modules
from autograd.compiler.blocks import Block, Ints, Operand, find_blocks
from autograd.compiler.executors import Interpreter
from autograd.compiler.program import COMPARE, Program
from autograd.compiler.tracing import JitWarning
from autograd.formula import ZERO
from autograd.nans import has_nan
from autograd.quiet import hush, unhush
from autograd.readers import arrays, numba

Floats = NDArray[np.float64]
Step = Callable[[], None]


class Lanes:
    """Runs a program block by block."""

    def __init__(self, program: Program, wanted: Sequence[bool]) -> None:
        """Raises TooNarrow if there are no blocks worth it."""
        self.program = program
        self.interpreter = Interpreter(program, wanted)
        blocks = find_blocks(program)
        self.name = f"as {len(blocks)} operations on arrays"
        layout = _Layout(program, blocks)
        self.values = np.zeros(layout.size)
        self.gradients = np.zeros(layout.size)
        self.values[layout.places[program.count : program.first]] = program.constants
        self.inputs = layout.places[: program.count]
        self.outputs = layout.places[program.outputs]
        self.packer = struct.Struct(f"{program.count}d")
        self.output_places: list[int] = self.outputs.tolist()
        self.guards = [
            (COMPARE[name], layout.places[left], layout.places[right], answers)
            for name, left, right, answers in program.guards
        ]
        compiler = _Compiler(layout, self.values, self.gradients, self.interpreter.depends)
        self.forward_steps = [step for block in blocks for step in compiler.forward(block)]
        compiler.mark(self.outputs)
        backward = [step for block in reversed(blocks) for step in compiler.backward(block)]
        compiler.mark(self.inputs)
        self.cleared = np.flatnonzero(compiler.cleared)
        self.backward_steps = backward
        self.loops: kernels.Loops | None = None
        self.blocks, self.places, self.runs = blocks, layout.places, 0
        self.last: Any = None
        self.lock = threading.Lock()

    def gathered(self, numbers: list[float]) -> Floats:
        """The inputs as an array."""
        return np.frombuffer(self.packer.pack(*numbers))  # the quickest way to make an array of many floats

    def forward(self, inputs: Any) -> Sequence[float] | None:
        """The outputs; None if a guard has another answer than was recorded."""
        with self.lock:
            self._run(inputs)
            values = self.values
            for compare, left, right, answers in self.guards:
                if not np.array_equal(compare(values[left], values[right]), answers):
                    return None
            return [values.item(place) for place in self.output_places]

    def backward(self, inputs: Any, upstream: Sequence[float]) -> Sequence[float]:
        """The gradients of the inputs, for an upstream gradient of each output."""
        with self.lock:
            if self.last is not inputs:
                self._run(inputs)
            gradients = self.gradients
            if self.loops is not None:
                gradients.fill(0.0)
                self._start(upstream)
                self.loops.backward(self.values, gradients, self.loops.c, self.loops.ix)
            else:
                gradients[self.cleared] = 0.0
                self._start(upstream)
                token = hush()
                try:
                    for step in self.backward_steps:
                        step()
                finally:
                    unhush(token)
            found = gradients[self.inputs]
        if not has_nan([found]):
            shares: list[float] = found.tolist()
            return shares
        return self.interpreter.backward(inputs, upstream)

    def _start(self, upstream: Sequence[float]) -> None:
        for place, gradient in zip(self.output_places, upstream, strict=True):
            self.gradients[place] += gradient

    def _run(self, inputs: Any) -> None:
        self.last = None
        self.values[self.inputs] = inputs
        self.runs += 1
        if self.runs == numba_modules.HOT:
            if not numba_modules.has_numba():
                _tell_that_numba_is_missing()
            elif self.can_compile():
                self.compile()
        if self.loops is not None:
            self.loops.forward(self.values, self.loops.c, self.loops.ix)
        else:
            token = hush()
            try:
                for step in self.forward_steps:
                    step()
            finally:
                unhush(token)
        self.last = inputs

    def can_compile(self) -> bool:
        """Whether compiled loops would give the same numbers."""
        return all(block.row is None or numba.can_spell(block.row) for block in self.blocks)

    def compile(self) -> None:
        """From here on compiled loops do the work."""
        program = self.program
        self.loops = kernels.Loops(
            self.blocks, self.places, program.constants, program.count, self.interpreter.depends
        )  # fmt: skip
        self.name += ", as compiled loops"


class _Layout:
    """The place of every slot in the buffers. What a block reads together stands together where that is possible."""

    def __init__(self, program: Program, blocks: list[Block]) -> None:
        operands = [operand for block in blocks for pair in block.terms for operand in pair]
        inputs = [operand.slots.ravel() for operand in operands if operand.kind == 0]
        order = np.concatenate([*inputs, np.arange(program.count)])
        order = np.concatenate(
            [order[np.sort(np.unique(order, return_index=True)[1])], *(block.slots.ravel() for block in blocks)]
        )
        order = np.concatenate(
            [order, np.arange(program.count, program.first)]
        )  # constants that are compared or returned
        self.places = np.full(program.size, -1, np.int64)  # what is nothing but a term of a sum has none
        self.places[order] = np.arange(len(order))
        self.size = len(order)
        self.constants = program.constants
        self.count = program.count


class _Compiler:
    """Makes steps of blocks."""

    def __init__(self, layout: _Layout, values: Floats, gradients: Floats, depends: NDArray[np.bool_]) -> None:
        self.layout, self.values, self.gradients, self.depends = layout, values, gradients, depends
        self.written = np.zeros(len(values), bool)  # which gradients have something in them at this point of the sweep
        self.cleared = np.zeros(len(values), bool)  # which have to be set to 0 before it
        self.known: dict[int, Any] = {}  # the arrays of operands

    def mark(self, places: Ints) -> None:
        """These gradients are read or added to: those not written so far have to start at 0."""
        self.cleared[places[~self.written[places]]] = True
        self.written[places] = True

    def read(self, operand: Operand) -> tuple[Floats, Step | None]:
        """The numbers of an operand as an array, and the step that fetches them where it is not a view."""
        if operand.kind == 1:
            return self.layout.constants[operand.slots - self.layout.count], None
        places = self.layout.places[operand.slots]
        view = _view(self.values, places)
        if view is not None:
            return view, None
        fetched = np.empty(places.shape)
        values = self.values

        def fetch() -> None:
            np.take(values, places, out=fetched, mode="clip")

        return fetched, fetch

    def forward(self, block: Block) -> list[Step]:
        """The steps that compute a block."""
        steps: list[Step] = []
        out = _view(self.values, self.layout.places[block.slots])
        assert out is not None
        operands = []
        for pair in block.terms:
            mine = []
            for operand in pair:
                array, fetch = self.read(operand)
                if fetch is not None:
                    steps.append(fetch)
                mine.append(array)
            operands.append(tuple(mine))
        self.known[id(block)] = operands
        if block.row is not None:
            steps.append(_elementwise(block, [array[..., 0] for (array,) in operands], out))
        else:
            for i, (arrays_, length) in enumerate(zip(operands, block.lengths, strict=True)):
                steps.append(_term(arrays_, length, out, i > 0))
        return steps

    def backward(self, block: Block) -> list[Step]:
        """The steps that carry the gradients of a block to its operands."""
        places = self.layout.places[block.slots]
        if not self.depends[block.slots].any():
            return []
        self.mark(places.ravel())
        g, z = _view(self.gradients, places), _view(self.values, places)
        operands = self.known[id(block)]
        steps: list[Step] = []
        for i, (pair, arrays_, length) in enumerate(zip(block.terms, operands, block.lengths, strict=True)):
            for j, operand in enumerate(pair):
                if operand.kind == 1 or not self.depends[operand.slots].any():
                    continue
                if block.row is not None:
                    if block.row.named_partials[f"d{block.row.args[i]}"] == ZERO:
                        continue
                    share = _vjp_share(block, i, g, z, [array[..., 0] for (array,) in operands], operand.slots.shape)
                else:
                    share = _term_share(g, arrays_, j, length, operand.slots.shape)
                steps.append(self.accumulated(share, operand))
        return steps

    def accumulated(self, share: Callable[[], Floats], operand: Operand) -> Step:
        """The step that adds a share to the gradients of an operand."""
        places = self.layout.places[operand.slots]
        gradients, shape = self.gradients, places.shape
        view = _view(gradients, places)
        is_unique = len(np.unique(places)) == places.size
        if is_unique and not self.written[places].any():
            self.written[places] = True
            if view is not None:
                return lambda: view.__setitem__(..., share())

            def put() -> None:
                gradients[places] = share()

            return put
        self.mark(places.ravel())
        if is_unique and view is not None:
            return lambda: _add(view, share())

        def add() -> None:
            np.add.at(gradients, places, np.broadcast_to(share(), shape))

        return add


def _add(view: Floats, share: Any) -> None:
    np.add(view, share, out=view)


def _view(buffer: Floats, places: Ints) -> Any:
    """The numbers at these places as a view of the buffer, or None if they stand irregularly."""
    strides = []
    for axis, length in enumerate(places.shape):
        steps = np.diff(places, axis=axis)
        if length > 1 and (steps != steps.flat[0]).any():
            return None
        strides.append(int(steps.flat[0]) if length > 1 else 0)
    start = int(places.flat[0])
    return np.lib.stride_tricks.as_strided(buffer[start:], places.shape, [8 * stride for stride in strides])


def _elementwise(block: Block, operands: list[Floats], out: Floats) -> Step:
    assert block.row is not None
    function = arrays.forward(block.row)
    if isinstance(function, np.ufunc) and out.shape == np.broadcast_shapes(*(each.shape for each in operands)):

        def call() -> None:
            function(*operands, out=out)

        return call

    def compute() -> None:
        out[...] = function(*operands)

    return compute


def _vjp_share(block: Block, i: int, g: Any, z: Any, operands: list[Floats], shape: Any) -> Callable[[], Floats]:
    assert block.row is not None
    vjp = arrays.vjp(block.row, i)
    axes = tuple(axis for axis in range(2) if shape[axis] == 1 < g.shape[axis])

    def share() -> Floats:
        found: Floats = vjp(g, z, *operands)
        if axes:
            found = np.add.reduce(found, axes, keepdims=True)
        return found[..., None]

    return share


def _letters(array: Any) -> str:
    return "".join(letter for letter, length in zip("lrk", array.shape, strict=False) if length > 1)


def _term(operands: tuple[Floats, ...], length: int, out: Floats, is_added: bool) -> Step:
    """Add a kind of terms of a sum to the result, or set the result to it."""
    computed = _contracted([_pick(each) for each in operands], [_letters(each) for each in operands], "lr")
    letters = "".join(letter for letter in "lr" if any(letter in _letters(each) for each in operands))
    scale = 1 if any("k" in _letters(each) for each in operands) else length
    index = tuple(slice(None) if letter in letters else None for letter in "lr")

    def step() -> None:
        found = computed()
        if scale != 1:
            found = found * scale
        if is_added:
            np.add(out, found[index], out=out)
        else:
            out[...] = found[index]

    return step


def _term_share(g: Any, operands: tuple[Floats, ...], j: int, length: int, shape: Any) -> Callable[[], Floats]:
    """What a kind of terms hands back to one of its two factors, or to the number that it is."""
    wanted = "".join(letter for letter, size in zip("lrk", shape, strict=True) if size > 1)
    others = [each for i, each in enumerate(operands) if i != j]
    names = [_letters(g), *(_letters(each) for each in others)]
    computed = _contracted([_pick(g), *map(_pick, others)], names, wanted)
    present = "".join(letter for letter in wanted if any(letter in name for name in names))
    index = tuple(slice(None) if letter in present else None for letter in "lrk")
    scale = 1 if "k" in wanted or any("k" in name for name in names) else length

    def share() -> Floats:
        found = computed()
        if scale != 1:
            found = found * scale
        return np.asarray(found)[index]

    return share


def _pick(array: Any) -> Any:
    """Without the axes of length 1, as a view."""
    return array[(*(slice(None) if length > 1 else 0 for length in array.shape), ...)]


def _contracted(factors: list[Any], names: list[str], wanted: str) -> Callable[[], Any]:
    """The product of one or two arrays whose axes have names, summed over the axes that are not wanted."""
    wanted = "".join(letter for letter in wanted if any(letter in name for name in names))
    if len(factors) == 1:
        (x,), (name,) = factors, names
        axes = tuple(i for i, letter in enumerate(name) if letter not in wanted)
        return (lambda: np.add.reduce(x, axes)) if axes else (lambda: x)
    (x, y), (left, right) = factors, names
    if (left == right == wanted or not left or not right) and len(wanted) == max(len(left), len(right)):
        return lambda: np.multiply(x, y)
    summed = [letter for letter in left if letter in right and letter not in wanted]
    if (
        len(summed) == 1
        and all(letter in wanted or letter == summed[0] for letter in left + right)
        and not (set(left) & set(right) & set(wanted))
    ):
        (k,) = summed
        # with the summed axis last in x and first in y, this is a matrix product
        x = np.moveaxis(x, left.index(k), -1)
        y = np.moveaxis(y, right.index(k), 0)
        order = left.replace(k, "") + right.replace(k, "")
        if order == wanted:
            return lambda: np.matmul(x, y)
        return lambda: np.matmul(x, y).T
    expression = f"{left},{right}->{wanted}"
    return lambda: np.einsum(expression, x, y)


@cache
def _tell_that_numba_is_missing() -> None:
    """Say so, once."""
    warnings.warn(
        "jit runs scalar code on NumPy; with numba it would be several times faster: pip install wengert[jit]",
        JitWarning,
        stacklevel=8,
    )
