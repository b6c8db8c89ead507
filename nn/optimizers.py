"""Optimisers: what a training step makes of the gradients. They change their parameters in place.

Names, arguments and numbers are PyTorch's; a parameter that no gradient has reached is left as it is. With
``fused=True`` the steps on Tensors are compiled by numba, each to one loop over a parameter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from autograd import Tensor, Value
from autograd.node import UNTOUCHED, Node
from autograd.ops.shape import data_of
from autograd.plain import kind_of
from autograd.quiet import hush, unhush
from nn import updates
from nn.checks import check_not_negative, check_shares
from nn.module import Module, clear

_LARGE = 10_000  # entries, from which on a parameter is stepped by itself: copying would take longer than it saves
_PART = 20_000  # entries that are stepped at a time: more would leave the processor's cache from one line to the next
_Places = list[tuple[slice, tuple[int, ...]]]


class _Group(NamedTuple):
    """Parameters that are stepped together: their positions, where in a vector the entries of each stand and in what
    shape, and such vectors of what is remembered of them; for one parameter alone that is not fused, arrays of its
    shape or numbers. Then the function that steps them, of the optimiser, the group and all gradients; None where the
    optimiser does so by its rule."""

    positions: list[int]
    places: _Places
    memory: dict[str, Any]
    change: Callable[[Any, Any, list[Any]], None] | None


class Optimizer:
    """What all optimisers share: the parameters, the learning rate, which may be changed between steps, and what is
    remembered of each parameter from step to step.

    `weight_decay` times the parameter is added to its gradient, but not at the positions in `undecayed`. `fused` steps
    Tensors by loops that numba compiles: to the same numbers, and the faster the larger they are.

    An optimiser of one's own says in `change` what to subtract, and names in `remembers` what it remembers of each
    parameter, such as ``remembers = ("velocity",)``: numbers in its shape, 0 at first, which are part of the state.

    >>> from autograd import Value
    >>> class Signs(Optimizer):
    ...     def change(self, gradient, memory, step):
    ...         return self.lr * np.sign(gradient)
    >>> x = Value(3.0)
    >>> (x * x).backward()
    >>> Signs([x], lr=0.5).step()
    >>> x.data
    2.5

    Raises TypeError for anything but parameters, ValueError if there are none, if one comes twice or is read-only, or
    for a negative learning rate or weight decay, ImportError for `fused` without numba.
    """

    # What to subtract, as lines of arithmetic (see nn.updates) on the gradient, what is remembered, and `numbers`.
    rule = ""
    names: tuple[str, ...] = ()  # of the numbers
    remembers: tuple[str, ...] = ()
    # Whether `change`, in the class that says so, minds each entry by itself, changes its memory in place, and returns
    # memory["scratch"]. Then it is given large arrays part by part, and many small parameters at once, their entries in
    # one vector, if they are of these kinds.
    entrywise = False
    together: tuple[type, ...] = (Value, Tensor)
    shrinks = False  # whether weight decay makes the parameters themselves smaller, rather than adds to their gradients
    # The first learning rate that schedules gave, and the one before it; None when one of them has stepped.
    scheduled: tuple[float, float] | None = None

    def __init__(self, params: Iterable[Any], lr: float, weight_decay: float = 0.0, *, fused: bool = False) -> None:
        self.params = checked_parameters(params)
        check_not_negative(**{"the learning rate": lr, "the weight decay": weight_decay})
        if lr == math.inf:
            raise ValueError("the learning rate must be 0 or more, not inf")
        for i, parameter in enumerate(self.params):
            if isinstance(parameter, Tensor) and not parameter.data.flags.writeable:
                raise ValueError(f"the array of parameter {i} is read-only: no step can change it; copy it")
        self.lr, self.weight_decay = lr, weight_decay
        self.undecayed: Collection[int] = frozenset()
        self.steps = [0] * len(self.params)
        definer = next(each for each in type(self).__mro__ if "change" in vars(each))
        by_rule = definer is Optimizer and bool(self.rule)
        entrywise = by_rule or vars(definer).get("entrywise", False)
        self.fused = bool(fused)
        if fused and definer is not Optimizer:
            raise ValueError(f"{type(self).__name__} has a change() of its own, which cannot be fused")
        together = self.together if entrywise else ()
        groups = _positions(self.params, together, Tensor if fused else ())
        self._groups = [self._group(positions, entrywise, by_rule) for positions in groups]
        self._prepare()

    def _prepare(self) -> None:
        """Derive what `step` needs at hand from the rule and the groups."""
        self._alone = [(each.positions[0], [*each.memory.values()]) for each in self._groups if each.change is None]
        self._others = [(_with_parts(each), each) for each in self._groups if each.change is not None]
        if self.rule:
            self._update = updates.by_arrays(self.rule, self.remembers, self.names)
        if self.fused:
            dtypes = {parameter.dtype for parameter in self.params if isinstance(parameter, Tensor)}
            self._loop = updates.by_entries(self.rule, self.remembers, self.names, tuple(sorted(dtypes, key=str)))

    def __getstate__(self) -> dict[str, Any]:
        derived = ("_alone", "_others", "_update", "_loop")
        return {name: each for name, each in vars(self).items() if name not in derived}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._prepare()

    def _group(self, positions: list[int], entrywise: bool, by_rule: bool) -> _Group:
        shapes = [self.params[i].shape for i in positions]
        ends = list(accumulate(map(math.prod, shapes), initial=0))
        first = self.params[positions[0]]
        fused = self.fused and isinstance(first, Tensor)
        shape, dtype = shapes[0] if len(shapes) == 1 and not fused else ends[-1], first.dtype
        # scratch is to write to, as asking for new memory takes longer than the arithmetic
        memory = {name: np.zeros(shape, dtype) for name in (*self.remembers, "scratch")}
        change: Any = _change_fused if fused else _change_several
        if len(positions) == 1 and not fused:
            change = _change_in_parts if entrywise and ends[-1] > _PART else None if by_rule else _change_one
        return _Group(positions, list(zip(map(slice, ends, ends[1:]), shapes, strict=False)), memory, change)

    def __repr__(self) -> str:
        hidden = {"names", "remembers", "scheduled", *(() if self.fused else ("fused",))}
        told = {name: each for name, each in vars(self).items() if name not in hidden}
        numbers = [f"{name}={each}" for name, each in told.items() if isinstance(each, (int, float, tuple))]
        return f"{type(self).__name__}({len(self.params)} parameters, {', '.join(numbers)})"

    def zero_grad(self) -> None:
        """Clear the gradient of every parameter."""
        clear(self.params)

    def step(self) -> None:
        """Change every parameter by its gradient."""
        params, steps, step = self.params, self.steps, 0
        gradients: list[Any] = []
        for parameter in params:
            gradient, data = parameter.grad, parameter.data
            if type(gradient) is not np.ndarray or gradient.shape != data.shape or gradient.dtype is not data.dtype:
                gradient = self._gradient(len(gradients))
            gradients.append(gradient)
        token = hush()
        try:
            if self.weight_decay:
                self._decay(gradients)
            for change, group in self._others:  # first, as they may refuse a parameter
                change(self, group, gradients)
            for i, memory in self._alone:  # as most are, so it is written out
                if (gradient := gradients[i]) is not None:
                    if step != steps[i] + 1:
                        step = steps[i] + 1
                        numbers = self.numbers(step)
                    steps[i] = step
                    params[i].data -= self._update(gradient, memory, numbers)
        finally:
            unhush(token)

    def _gradient(self, i: int) -> Any:
        """The gradient of a parameter, a float or an array; None if there is none."""
        parameter, gradient = self.params[i], self.params[i].grad
        if gradient is None or gradient is UNTOUCHED or type(gradient) is float is type(parameter.data):
            return None if gradient is UNTOUCHED else gradient
        gradient = data_of(gradient)
        shape, kind = np.shape(gradient), np.asarray(gradient).dtype.kind
        if shape != parameter.shape or kind not in "fiub":
            raise ValueError(
                f"the gradient of parameter {i}, of shape {parameter.shape}, is of shape {shape} and dtype "
                f"{np.asarray(gradient).dtype}; nothing was changed"
            )
        return gradient if isinstance(parameter, Value) else np.asarray(gradient, parameter.dtype)

    def _decay(self, gradients: list[Any]) -> None:
        """Add the parameters' decay to their gradients, or shrink them, where they have a gradient."""
        for group in self._groups:
            dtype = group.memory["scratch"].dtype
            for i, (_, shape) in zip(group.positions, group.places, strict=True):
                parameter = self.params[i]
                if gradients[i] is not None and (
                    parameter.shape != shape or (group.change is _change_fused and parameter.dtype != dtype)
                ):
                    raise _was_replaced(i, shape, dtype, parameter.data)
        for i, (parameter, gradient) in enumerate(zip(self.params, gradients, strict=True)):
            if gradient is None or i in self.undecayed:
                continue
            if self.shrinks:
                parameter.data *= 1 - self.lr * self.weight_decay
            else:
                gradients[i] = gradient + self.weight_decay * parameter.data

    def change(self, gradient: Any, memory: dict[str, Any], step: int) -> Any:
        """What to subtract from a parameter: of its gradient, a float or an array that must not be changed, of what is
        remembered of it, and of the number of this step, from 1."""
        if not self.rule:
            raise NotImplementedError(f"{type(self).__name__} does not say in `change` what to subtract")
        remembered = [memory[name] for name in self.remembers]
        return self._update(gradient, [*remembered, memory["scratch"]], self.numbers(step))

    def numbers(self, step: int) -> tuple[float, ...]:
        """The numbers of the rule, for the number of this step, from 1."""
        return ()

    def state_dict(self) -> dict[str, Any]:
        """What the next step depends on besides parameters and gradients, as numbers and arrays by name, and the kind
        of optimiser, a name in bytes."""
        kind = np.array([*self._kind().encode()], np.uint8)
        state: dict[str, Any] = {"kind": kind, "lr": np.array(self.lr), "steps": np.array(self.steps)}
        for group in self._groups:
            for name in self.remembers:
                for i, part in zip(group.positions, _parts(group.places, group.memory[name]), strict=True):
                    state[f"{name}.{i}"] = np.array(part)
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict()` of an optimiser of the same kind and parameters gave.

        Raises ValueError if it was another, before anything is changed.
        """
        self.check_state(state)
        self.lr = float(state["lr"])
        self.steps = np.asarray(state["steps"]).astype(int).tolist()
        for group in self._groups:
            for name in self.remembers:
                vector = np.zeros_like(group.memory["scratch"])
                for i, part in zip(group.positions, _parts(group.places, vector), strict=True):
                    part[...] = state[f"{name}.{i}"]
                group.memory[name] = vector
        self._prepare()

    def _kind(self) -> str:
        momentum = "nesterov momentum" if getattr(self, "nesterov", False) else "momentum"
        return f"{type(self).__name__}{f' with {momentum}' if 'velocity' in self.remembers else ''}"

    def check_state(self, state: Mapping[str, Any]) -> None:
        """Raise ValueError if a state is not one of this optimiser's."""
        own = self.state_dict()
        kind = type(self).__name__
        is_one = isinstance(state, Mapping) and own.keys() == state.keys() | {"kind"}  # which older states lack
        if isinstance(state, Mapping) and "kind" in state:
            other = np.asarray(state["kind"]).tobytes().decode(errors="replace")
            if other != self._kind():
                raise ValueError(f"the state is one of {other}, and not one of this {self._kind()}")
        given = {name: np.asarray(each) for name, each in state.items()} if is_one else {}
        if (
            not is_one
            or any(each.dtype.kind not in "fiub" for each in given.values())
            or given["steps"].shape != (len(self.params),)
            or (given["steps"].astype(np.uint64) != given["steps"]).any()
            or not 0 <= float(given["lr"]) < math.inf
        ):
            raise ValueError(f"the state is not one of this {kind} of {len(self.params)} parameters")
        for i, parameter in enumerate(self.params):
            for name in self.remembers:
                shape = np.shape(state[f"{name}.{i}"])
                if shape not in ((), np.shape(parameter.data)):
                    raise ValueError(f"{name}.{i} of {kind} has shape {shape}, not {np.shape(parameter.data)}")


class SGD(Optimizer):
    """Gradient descent: ``parameter -= lr * gradient``; with momentum the gradients add up to a velocity, each step
    keeping that share of it; `nesterov` looks one step ahead (Sutskever et al., 2013).

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> optimizer = SGD([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 6)
    2.4

    Raises ValueError for a negative momentum, and for `nesterov` without momentum.
    """

    rule = "change = gradient * lr"
    names: tuple[str, ...] = ("lr",)
    together = (Value,)  # of arrays there is too little to do: putting them together would take longer

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, momentum: float = 0.0, *, weight_decay: float = 0.0,
        nesterov: bool = False, fused: bool = False,
    ) -> None:  # fmt: skip
        if not momentum >= 0 or (nesterov and momentum == 0):
            raise ValueError(f"the momentum must be 0 or more, and more than 0 for nesterov, not {momentum!r}")
        self.momentum, self.nesterov = momentum, nesterov
        if momentum:
            ahead = "(velocity * momentum + gradient)" if nesterov else "velocity"
            self.rule = f"velocity *= momentum\nvelocity += gradient\nchange = {ahead} * lr"
            self.names, self.remembers = ("lr", "momentum"), ("velocity",)
        super().__init__(params, lr, weight_decay, fused=fused)

    def numbers(self, step: int) -> tuple[float, ...]:
        """The learning rate, and the momentum if there was any from the beginning."""
        if not (self.momentum or self.nesterov or self.remembers):
            return (self.lr,)
        if self.nesterov != ("momentum +" in self.rule):
            raise ValueError("`nesterov` was another one when this SGD was made; make a new one")
        return _with_momentum(self, self.lr)


class Adagrad(Optimizer):
    """Steps that shrink with the sum of the squares of all gradients so far (Duchi et al., 2011).

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> optimizer = Adagrad([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 6)
    2.9

    Raises ValueError for a negative number.
    """

    rule = """
squares += gradient * gradient
change = gradient / (sqrt(squares) + eps) * rate
"""
    names: tuple[str, ...] = ("rate", "eps")
    remembers: tuple[str, ...] = ("squares",)

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-2, *, lr_decay: float = 0.0, weight_decay: float = 0.0,
        eps: float = 1e-10, fused: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(params, lr, weight_decay, fused=fused)
        check_not_negative(lr_decay=lr_decay, eps=eps)
        self.lr_decay, self.eps = lr_decay, eps

    def numbers(self, step: int) -> tuple[float, ...]:
        """The rate, which decays, and what keeps it from a division by zero."""
        return self.lr / (1 + (step - 1) * self.lr_decay), self.eps


class RMSprop(Optimizer):
    """Steps scaled by the running size of the gradients (Tieleman & Hinton, 2012).

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> optimizer = RMSprop([x], lr=0.1, alpha=0.75)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 6)
    2.8

    Raises ValueError for a negative number, and for `alpha` outside [0, 1).
    """

    rule = """
squares *= alpha
squares += rest * gradient * gradient
change = gradient / (sqrt(squares) + eps) * lr
"""
    names: tuple[str, ...] = ("lr", "alpha", "rest", "eps")
    remembers: tuple[str, ...] = ("squares",)

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8, *,
        weight_decay: float = 0.0, momentum: float = 0.0, fused: bool = False,
    ) -> None:  # fmt: skip
        check_shares(alpha=alpha)
        check_not_negative(eps=eps, momentum=momentum)
        self.alpha, self.eps, self.momentum = alpha, eps, momentum
        if momentum:
            *lines, change = self.rule.strip().splitlines()
            scaled = change.removeprefix("change = ").removesuffix(" * lr")
            lines += ["velocity *= momentum", f"velocity += {scaled}", "change = velocity * lr"]
            self.rule = "\n".join(lines)
            self.names, self.remembers = (*self.names, "momentum"), ("squares", "velocity")
        super().__init__(params, lr, weight_decay, fused=fused)

    def numbers(self, step: int) -> tuple[float, ...]:
        """The learning rate, what older squares count and what this one, what keeps from a division by zero, and the
        momentum if there was any from the beginning."""
        return _with_momentum(self, self.lr, self.alpha, 1 - self.alpha, self.eps)


class Adam(Optimizer):
    """Adam: steps of about `lr` whatever the size of the gradient (Kingma & Ba, 2015, algorithm 1).

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> optimizer = Adam([x], lr=0.1)
    >>> (1e-3 * x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 6)
    2.9

    Raises ValueError for a negative number, and for betas outside [0, 1).
    """

    rule = """
sums *= beta1
sums += gradient
squares *= beta2
squares += gradient * gradient
change = sums / (sqrt(squares) + eps) * rate
"""
    names: tuple[str, ...] = ("rate", "beta1", "beta2", "eps")
    # of the gradients and of their squares, every older one counting by beta less
    remembers: tuple[str, ...] = ("sums", "squares")

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8, *,
        weight_decay: float = 0.0, fused: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(params, lr, weight_decay, fused=fused)
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise TypeError(f"betas must be a pair of numbers, not {betas!r}")
        check_shares(beta1=betas[0], beta2=betas[1])
        check_not_negative(eps=eps)
        self.betas, self.eps = betas, eps

    def numbers(self, step: int) -> tuple[float, ...]:
        """The paper's means without bias are ``sums * (1 - beta1) / (1 - beta1**step)``, and the same of the squares:
        these factors are put into the learning rate and into eps, which saves passes over the arrays."""
        beta1, beta2 = self.betas
        weight1, weight2 = (1 - beta1) / (1 - beta1**step), math.sqrt((1 - beta2) / (1 - beta2**step))
        return self.lr * weight1 / weight2, beta1, beta2, self.eps / weight2


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameters themselves (Loshchilov & Hutter, 2019).

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> optimizer = AdamW([x], lr=0.1, weight_decay=0.5)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 6)
    2.75

    Raises ValueError for a negative number, and for betas outside [0, 1).
    """

    shrinks = True

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8, *,
        weight_decay: float = 1e-2, fused: bool = False,
    ) -> None:  # fmt: skip
        check_not_negative(weight_decay=weight_decay)
        super().__init__(params, lr, betas, eps, weight_decay=weight_decay, fused=fused)


def _with_momentum(optimizer: SGD | RMSprop, *numbers: float) -> tuple[float, ...]:
    if "velocity" in optimizer.remembers:
        return *numbers, optimizer.momentum
    if optimizer.momentum:
        kind = type(optimizer).__name__
        raise ValueError(f"this {kind} was made without momentum and keeps no velocity; make a {kind} with momentum")
    return numbers


def _change_one(optimizer: Optimizer, group: _Group, gradients: list[Any]) -> None:
    """Step a parameter alone."""
    i = group.positions[0]
    if gradients[i] is not None:
        optimizer.steps[i] = step = optimizer.steps[i] + 1
        optimizer.params[i].data -= optimizer.change(gradients[i], group.memory, step)


def _change_in_parts(optimizer: Optimizer, group: _Group, gradients: list[Any]) -> None:
    """Step a large array part by part."""
    i, memory = group.positions[0], group.memory
    if gradients[i] is None:
        return
    optimizer.steps[i] = step = optimizer.steps[i] + 1
    data, gradient = optimizer.params[i].data, np.asarray(gradients[i])
    rows = max(1, _PART * len(data) // data.size)
    for start in range(0, len(data), rows):
        part = slice(start, start + rows)
        changing = data[part]
        remembered = {name: each[part] for name, each in memory.items()}
        remembered["scratch"] = memory["scratch"][: len(changing)]
        changing -= optimizer.change(gradient[part], remembered, step)
    optimizer.params[i].data = data


def _change_fused(optimizer: Optimizer, group: _Group, gradients: list[Any]) -> None:
    """Step arrays by a compiled loop, several in one call."""
    params, steps, (*vectors, scratch) = optimizer.params, optimizer.steps, group.memory.values()
    dtype, nothing = scratch.dtype, (0, scratch[:0], scratch[:0])
    arguments: dict[int, list[Any]] = {}  # of the loop, by the numbers of the steps
    copies = []
    for i, (place, shape) in zip(group.positions, group.places, strict=True):
        gradient, data = gradients[i], params[i].data
        if gradient is None:
            continue
        if data.shape != shape or data.dtype != dtype:  # the loop would read and write beside its arrays
            raise _was_replaced(i, shape, dtype, data)
        if not data.flags.c_contiguous:
            copies.append((data, data.copy("C")))
            data = copies[-1][1]
        arguments.setdefault(steps[i] + 1, []).extend((place.start, data.ravel(), gradient.ravel()))
    for step, each in arguments.items():
        numbers = [dtype.type(number) for number in optimizer.numbers(step)]
        each += nothing * (-(len(each) // 3) % updates.AT_ONCE)
        for first in range(0, len(each), 3 * updates.AT_ONCE):
            optimizer._loop(*each[first : first + 3 * updates.AT_ONCE], *vectors, *numbers)
    for data, copy in copies:
        data[...] = copy
    for i in group.positions:
        if gradients[i] is not None:
            steps[i] += 1
            params[i].data = params[i].data


def _change_several(optimizer: Optimizer, group: _Group, gradients: list[Any], scratch: Any, parts: list[Any]) -> None:
    """Step parameters as one vector, unless some have had a gradient more often than others. Of arrays the `parts` of
    the scratch vector are their changes, if that is what the rule returns."""
    positions, places, memory, _ = group
    params, steps = optimizer.params, optimizer.steps
    step, given = steps[positions[0]] + 1, []
    for i in positions:
        gradient = gradients[i]
        if gradient is None or steps[i] != step - 1:
            _change_each(optimizer, group, gradients)
            return
        given.append(gradient)
    if isinstance(params[positions[0]], Value):
        parts = optimizer.change(np.array(given), memory, step).tolist()
    else:
        for i, gradient, (_, shape) in zip(positions, given, places, strict=True):
            if gradient.shape != shape:
                raise _was_replaced(i, shape, memory["scratch"].dtype, params[i].data)
        change = optimizer.change(np.concatenate(given, axis=None), memory, step)
        if change is not scratch:  # but what is remembered, say
            parts = _parts(places, change)
    for i, part in zip(positions, parts, strict=True):
        steps[i] = step
        params[i].data -= part


def _with_parts(group: _Group) -> Any:
    """The function that steps a group; if it is the one that steps several, with the scratch vector and its parts."""
    change: Any = group.change
    if change is not _change_several:
        return change
    scratch = group.memory["scratch"]
    return partial(change, scratch=scratch, parts=_parts(group.places, scratch))


def _change_each(optimizer: Optimizer, group: _Group, gradients: list[Any]) -> None:
    """Step parameters that share vectors one by one."""
    remembered = [_parts(group.places, each) for each in group.memory.values()]
    for i, place, *parts in zip(group.positions, group.places, *remembered, strict=True):
        alone = _Group([i], [place], dict(zip(group.memory, parts, strict=True)), _change_one)
        _change_one(optimizer, alone, gradients)


def _was_replaced(i: int, shape: tuple[int, ...], dtype: Any, data: Any) -> ValueError:
    return ValueError(
        f"parameter {i} had shape {shape} and dtype {dtype} when this optimiser was made, and now {data.shape} and "
        f"{data.dtype}; make a new optimiser"
    )


def _parts(places: _Places, vector: Any) -> list[Any]:
    """A vector cut into views, each of a parameter's shape; what is no vector as it is."""
    if len(places) == 1 and (not isinstance(vector, np.ndarray) or vector.size != math.prod(places[0][1])):
        return [vector]
    return [vector.reshape(-1)[place].reshape(shape) for place, shape in places]


def _positions(params: Sequence[Any], together: tuple[type, ...], fused: type | tuple[()]) -> list[list[int]]:
    """The positions of the parameters in groups to be stepped together, each of one kind and dtype: small ones of some
    kinds, and all of those that are fused."""
    groups: dict[Any, list[int]] = {}
    for i, parameter in enumerate(params):
        is_shared = isinstance(parameter, fused) or (parameter.size < _LARGE and isinstance(parameter, together))
        groups.setdefault((type(parameter), parameter.dtype) if is_shared else i, []).append(i)
    return list(groups.values())


def checked_parameters(params: Iterable[Any]) -> list[Any]:
    """The parameters as a list. Raises TypeError for anything but leaves, ValueError for none or one twice."""
    if not isinstance(params, Iterable) or isinstance(params, (Node, Module)):
        raise TypeError(f"expected a list of parameters, not {kind_of(params)}; write model.parameters()")
    params = list(params)
    if not params:
        raise ValueError("no parameters to train; a generator can be read only once, so pass model.parameters()")
    for parameter in params:
        if not isinstance(parameter, Node) or parameter.op is not None:
            what = "the result of an operation" if isinstance(parameter, Node) else kind_of(parameter)
            raise TypeError(f"a parameter is a leaf such as Value(0.5), not {what}; pass model.parameters()")
    if len(set(map(id, params))) < len(params):
        raise ValueError("a parameter comes twice in the list, and would be changed twice in a step")
    return params
