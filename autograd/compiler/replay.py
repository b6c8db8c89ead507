"""A plan as two generated Python functions: the operations line by line, and the chain rule from the last to the first.

The forward function hands on what the backward one reads, so that every call keeps its own, whatever was called in
between, and random numbers stay what they were. Only where a zero must win over an inf is anything computed again: what
the compiled loops had no need to store.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd import backward
from autograd.compiler import numba_modules
from autograd.compiler.chains import Call, Chain, chained, compiled, multiplies, new_array
from autograd.compiler.plan import Plan, Step
from autograd.formula import Row
from autograd.nans import has_nan
from autograd.quiet import hush, unhush
from autograd.readers.generated import function_from, source_of

# these hand back new arrays
_PRODUCTS = ("affine", "matmul")
_KEPT = re.compile(r"\b[velk]\d+\b")  # names of what may be handed on from the forward function


class _Code(NamedTuple):
    """What runs a plan."""

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    kept: tuple[str, ...]  # the names of what the first hands on to the second
    unsure: list[int]  # inputs whose gradients may be nan though the compiled loops have found nothing strange
    doubtful: list[int]  # those whose gradients may share memory


class Replay:
    """Runs a plan."""

    name = "as straight-line NumPy"

    def __init__(self, plan: Plan, wanted: Sequence[bool]) -> None:
        self.plan = plan
        self.namespace: dict[str, Any] = {
            "ndarray": np.ndarray, "add": np.add, "dot": np.dot, "empty": np.empty, "zeros": np.zeros,
            "asarray": np.asarray, "float32": np.float32,
            "fitted": backward.fitted,
        }  # fmt: skip
        results = {step.result for step in plan.steps}
        self.constants = {f"v{i}": each for i, each in enumerate(plan.constants, plan.count) if i not in results}
        self.namespace |= self.constants
        self.units: Sequence[Step | Chain] = plan.steps
        self.runs = 0
        depends = plan.depends(wanted)
        self.steps = [step for step in plan.steps if depends[step.result]]
        self.depends = depends
        reached = {slot for step in self.steps for slot, _, _ in step.rules}
        self.checked = [slot for slot in range(plan.count) if slot in reached]  # where a nan would show
        self.doubtful = [
            slot for slot in range(plan.count)
            if slot in plan.outputs
            or any(slot == each and step.name not in _PRODUCTS for step in self.steps for each, _, _ in step.rules)
        ]  # fmt: skip
        self.code = self._generated([])
        self.careful: dict[tuple[str, ...], Callable[..., Any]] = {}

    def compile(self) -> None:
        """From here on compiled loops do the work where one elementwise operation follows another."""
        units = chained(self.plan)
        chains = [unit for unit in units if isinstance(unit, Chain)]
        if chains and numba_modules.has_numba():
            self.units = units
            self.code = self._generated([row for chain in chains for row in chain.rows()])
            self.name += f", {len(chains)} chains of them as compiled loops"

    def gathered(self, numbers: list[Any]) -> _Call:
        """The inputs of one call, to which its results will be added."""
        return _Call(numbers)

    def forward(self, call: _Call) -> Sequence[Any] | None:
        """The outputs; None if a guard has another answer than was recorded."""
        self.runs += 1
        if self.runs == numba_modules.HOT:
            self.compile()
        token = hush()
        try:
            code = call.code = self.code  # another thread may compile the plan
            results = code.forward(*call.inputs)
        finally:
            unhush(token)
        if results is None:
            return None
        outputs: list[Any]
        call.kept, outputs, call.effects, call.is_strange = results
        return outputs

    def backward(self, call: _Call, upstream: Sequence[Any]) -> list[Any]:
        """The gradients of the inputs, for an upstream gradient of each output, as new arrays; 0.0 where none flows."""
        code = call.code
        doubtful = code.doubtful
        token = hush()
        try:
            shares: list[Any]
            shares, is_strange = code.backward(*call.kept, *upstream)
            checked = self.checked if is_strange or call.is_strange else code.unsure
            if checked and has_nan([shares[slot] for slot in checked]):
                if code.kept not in self.careful:
                    self.careful[code.kept] = self._careful(code.kept)
                shares, _ = self.careful[code.kept](*call.kept, *upstream)
                doubtful = self.doubtful
        finally:
            unhush(token)
        if doubtful:
            taken = set(map(id, upstream))
            for slot in doubtful:
                share = shares[slot]
                if isinstance(share, np.ndarray) and (share.base is not None or id(share) in taken):
                    shares[slot] = share.copy()  # gradients never share memory
                taken.add(id(share))
        return shares

    def _generated(self, rows: Sequence[Row]) -> _Code:
        """The functions forward and back, whose loops consist of these rows of the table."""
        loops: list[Call] = []
        lines, unsure = self._backward_lines("usual", self.units, loops)
        kept = self._kept(lines)
        forward = self._forward_source(kept, loops)
        if loops:
            self.namespace |= compiled(loops, rows)
        return _Code(
            function_from(forward, "forward", self.namespace),
            function_from(self._backward_source(kept, lines), "backward", self.namespace),
            kept,
            [slot for slot in self.checked if slot in unsure],
            [slot for slot in self.doubtful if slot in unsure],
        )

    def _careful(self, kept: Sequence[str]) -> Callable[..., Any]:
        """The backward function in which a zero wins, given what the forward one has kept: it computes anew what else
        its rules read."""
        again = [_computed(step) for step in self.steps if f"v{step.result}" not in kept]
        lines, _ = self._backward_lines("careful", self.plan.steps, [])
        return function_from(self._backward_source(kept, [*again, *lines]), "backward", self.namespace)

    def _kept(self, lines: Sequence[str]) -> tuple[str, ...]:
        """The names of what a backward function of these lines asks for, and what has to be there to compute anything
        anew: all but the results inside chains."""
        needed = {slot for step in self.steps for slot in (step.result, *step.operands)}
        needed -= {step.result for step in self.steps} & self._chained()
        read = _KEPT.findall("\n".join(lines))
        return tuple(sorted({f"v{slot}" for slot in needed}.union(read).difference(self.constants)))

    def _chained(self) -> set[int]:
        """The results of all steps of chains."""
        return {step.result for unit in self.units if isinstance(unit, Chain) for step in unit.steps}

    def _forward_source(self, kept: Sequence[str], loops: list[Call]) -> str:
        """The source of the function that computes the results; the compiled loops it needs are added to a list."""
        lines = []
        first_loop = len(loops)
        dying = self._dying(kept)
        for unit in self.units:
            steps = unit.steps if isinstance(unit, Chain) else [unit]
            self.namespace |= {f"f{step.result}": step.call for step in steps}
            dead = [slot for step in steps for slot in dying.get(step.result, ())]
            if isinstance(unit, Chain):
                last = steps[-1]
                self.namespace[f"labels{last.result}"] = last.params.get("labels")
                own = {step.result for step in steps}
                loops.append(unit.forward(f"forward{len(loops)}", own.difference(dead)))
                lines += loops[-1].lines
            else:
                lines.append(_computed(unit))
            lines += [f"v{slot} = None" for slot in dead]
        views = self._views(kept)
        outputs = ", ".join(f"v{slot}{'.copy()' if slot in views else ''}" for slot in self.plan.outputs)
        for i, (compare, left, right, answer) in enumerate(self.plan.guards):
            self.namespace[f"c{i}"] = compare
            lines.append(f"if {'not ' * answer}c{i}(v{left}, v{right}): return None")
        handed_on = "".join(f"{name}, " for name in kept)
        lines.append(f"return ({handed_on}), [{outputs}], ({_names(self.plan.effects)}), {_any(loops[first_loop:])}")
        return source_of("forward", [f"v{i}" for i in range(self.plan.count)], lines)

    def _backward_source(self, kept: Sequence[str], lines: Sequence[str]) -> str:
        return source_of("backward", [*kept, *(f"u{i}" for i in range(len(self.plan.outputs)))], lines)

    def _backward_lines(
        self, rules: str, units: Sequence[Step | Chain], loops: list[Call]
    ) -> tuple[list[str], set[int]]:
        """The body of the function that computes the gradients, with the usual rules or those for zeros, and the slots
        whose gradients are not all new arrays in which the compiled loops would have seen what is strange."""
        sums: dict[int, bool] = {}  # slots with a gradient, and whether it is a new array that can be added to in place
        lines: list[str] = []
        unsure: set[int] = set()

        def give(slot: int, text: str, is_sure: bool = False) -> None:
            if not is_sure:
                unsure.add(slot)
            if slot not in sums:
                lines.append(f"g{slot} = {text}")
            else:
                lines.append(f"add(g{slot}, {text}, g{slot})" if sums[slot] else f"g{slot} = g{slot} + {text}")
            sums[slot] = slot in sums and self._is_array(slot) and self.plan.shape(slot) != ()

        for i, slot in enumerate(self.plan.outputs):
            if self.depends[slot]:
                give(slot, f"u{i}")
        for unit in reversed(units):
            step = unit.steps[0] if isinstance(unit, Chain) else unit
            if isinstance(unit, Chain):
                upstream = [each.result for each in unit.steps if each.result in sums]
                if not upstream:
                    continue
                loop = unit.backward(f"backward{len(loops)}", upstream, self.depends)
                loops.append(loop)
                lines += [*loop.lines, *(f"g{slot} = None" for slot in upstream)]
                for slot, name in loop.gradients.items():
                    if slot == step.result:  # of the product alone: what came from outside is in it
                        lines.append(f"g{slot} = {name}")
                    else:
                        give(slot, name, True)
            if step.result not in (loop.gradients if isinstance(unit, Chain) else sums):
                continue
            for i, (slot, usual, careful) in enumerate(step.rules):
                if not self.depends[slot] or (isinstance(unit, Chain) and step.places[i] == 2):  # the bias is done
                    continue
                if isinstance(unit, Chain):
                    give(slot, self._product(step, step.places[i], lines, True), True)
                    continue
                if rules == "usual" and step.places[i] < 2 and multiplies(self.plan, step):
                    give(slot, self._product(step, step.places[i], lines, False))
                    continue
                name = f"{rules}{step.result}_{i}"
                self.namespace[name] = usual if rules == "usual" else careful
                like = self.plan.likes[slot]
                assert like is not None
                self.namespace[f"like{slot}"] = like
                given = _names(step.operands)
                if step.keeps and rules == "usual":
                    given = (
                        f"{_names(step.operands[: step.keeps])}*k{step.result}, {_names(step.operands[step.keeps :])}"
                    )
                lines.append(f"s = {name}(g{step.result}, v{step.result}, {given})")
                test = f"type(s) is not ndarray or s.shape != {like.shape} or s.dtype is not like{slot}.dtype"
                lines.append(f"if {test}:\n        s = fitted(like{slot}, s)")
                give(slot, "s")
            lines.append(f"g{step.result} = None")
        result = ", ".join(self._gradient(slot) if slot in sums else "0.0" for slot in range(self.plan.count))
        return [*lines, f"return [{result}], {_any(loops)}"], unsure

    def _product(self, step: Step, place: int, lines: list[str], is_compiled: bool) -> str:
        """The share of the inputs or the weights of an `affine`. Where it is nan and the step starts a chain, the loops
        have met what is strange: in the upstream gradient, or in the result, which shows what is in its operands."""
        x, w, _ = step.operands
        if place == 0:
            return f"dot(g{step.result}, v{w}.T)"
        is_row, is_matrix = math.prod(self.plan.shape(step.result)[:-1]) == 1, len(self.plan.shape(x)) == 2
        if is_compiled and is_row:
            at = "[0]" if is_matrix else ""
            lines += [f"h{w} = {new_array(self.plan, w)}", f"outer(v{x}{at}, g{step.result}{at}, h{w})"]
            return f"h{w}"
        left, right = ("v{}.T", "g{}") if is_matrix else ("v{}[:, None]", "g{}[None]")
        return f"dot({left.format(x)}, {right.format(step.result)})"

    def _gradient(self, slot: int) -> str:
        """The gradient of an input as it is returned: sums of 0-d arrays are numbers."""
        return f"asarray(g{slot})" if self._is_array(slot) and not self.plan.shape(slot) else f"g{slot}"

    def _is_array(self, slot: int) -> bool:
        like = self.plan.likes[slot]
        return like is not None and like.priority == 2

    def _views(self, kept: Sequence[str]) -> set[int]:
        """The outputs that may be views of, or the same as, what the caller or the backward function holds."""
        outputs = self.plan.outputs
        new = {step.result for step in self.plan.steps if step.row is not None} | self._chained()
        return {
            slot for slot in outputs
            if self._is_array(slot) and (slot not in new or f"v{slot}" in kept or outputs.count(slot) > 1)
        }  # fmt: skip

    def _dying(self, kept: Sequence[str]) -> dict[int, list[int]]:
        """The results that nobody needs any more after the step that has the given result: their memory is free for
        the next ones."""
        last = {slot: step.result for step in self.plan.steps for slot in (*step.operands, step.result)}
        guarded = [slot for _, *sides, _ in self.plan.guards for slot in sides]
        dying: dict[int, list[int]] = {}
        for step in self.plan.steps:
            if f"v{step.result}" not in kept and step.result not in (*self.plan.outputs, *self.plan.effects, *guarded):
                dying.setdefault(last[step.result], []).append(step.result)
        return dying


class _Call:
    """The inputs of one call, and what its gradient needs."""

    __slots__ = ("code", "effects", "inputs", "is_strange", "kept")

    def __init__(self, inputs: list[Any]) -> None:
        self.inputs = inputs
        self.is_strange: Any = True  # whether something is not finite, as far as the compiled loops have seen
        self.kept: tuple[Any, ...] = ()
        self.effects: tuple[Any, ...] = ()  # the data by which arrays outside are to be changed
        self.code: Any = None  # what has run it


def _computed(step: Step) -> str:
    """A line that computes the result of a step, and what it keeps for its rules."""
    also = f", k{step.result}" if step.keeps else ""
    return f"v{step.result}{also} = f{step.result}({_names(step.operands)})"


def _any(loops: Sequence[Call]) -> str:
    """Whether one of some loops has written what is not finite; True without any."""
    return " or ".join(loop.found for loop in loops) or "True"


def _names(slots: Sequence[int]) -> str:
    return "".join(f"v{slot}, " for slot in slots)
