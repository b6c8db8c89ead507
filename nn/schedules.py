"""Learning rates that change in the course of a training. Names, arguments and numbers are PyTorch's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd.ops.shape import data_of
from autograd.plain import kind_of
from nn.checks import check_not_negative, check_whole
from nn.optimizers import Optimizer


class Schedule:
    """Sets the optimiser's learning rate, at once and then at every `step()`, to `rate(count)`.

    Of several that are made before the first step, such as a warm-up and what follows it, all have the same `base`.
    `count` is the number of steps so far. `fit` takes a step after every epoch, or after every batch if `per_batch`.
    A schedule of one's own says in `rate` what the rate is:

    >>> from autograd import Value
    >>> from nn import SGD
    >>> class Halving(Schedule):
    ...     def rate(self, count):
    ...         return self.base / 2**count
    >>> rates(Halving(SGD([Value(1.0)], lr=1.0)), 4)
    [1.0, 0.5, 0.25, 0.125]
    """

    per_batch = False

    def __init__(self, optimizer: Optimizer) -> None:
        now = _checked(optimizer).lr
        made, first = optimizer.scheduled or (now, now)
        self.optimizer, self.base, self.count = optimizer, first if made == now else now, 0
        self._go_to(0)
        if optimizer.lr == self.base:
            optimizer.lr = now  # it may be the first rate of a warm-up
        optimizer.scheduled = optimizer.lr, self.base

    def rate(self, count: int) -> float:
        """The learning rate after so many steps."""
        raise NotImplementedError

    def step(self, loss: float | None = None) -> None:
        """Go on to the next learning rate; only `ReduceLROnPlateau` looks at the loss."""
        self._go_to(self.count + 1)

    def _go_to(self, count: int) -> None:
        rate = self.rate(count)
        if not 0 <= rate < math.inf:
            raise ValueError(f"{type(self).__name__} gives the learning rate {rate} after {count} steps")
        self.count, self.optimizer.lr, self.optimizer.scheduled = count, rate, None

    def state_dict(self) -> dict[str, Any]:
        """What the next steps depend on, as numbers by name."""
        return {name: number for name, number in vars(self).items() if isinstance(number, (int, float))}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict()` of a schedule of the same kind gave; ValueError if it was another."""
        if self.state_dict().keys() != state.keys():
            raise ValueError(f"the state is not one of this {type(self).__name__}")
        vars(self).update(state)


class StepLR(Schedule):
    """The rate times `gamma` after every `step_size` steps.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> optimizer = SGD([Value(1.0)], lr=1.0)
    >>> schedule = StepLR(optimizer, step_size=1)
    >>> schedule.step()
    >>> optimizer.lr
    0.1

    Raises ValueError for a step size below 1.
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        check_whole(step_size=step_size)
        check_not_negative(gamma=gamma)
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    def rate(self, count: int) -> float:
        """A staircase."""
        return self.base * self.gamma ** (count // self.step_size)


class ExponentialLR(Schedule):
    """The rate times `gamma` after every step.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> rates(ExponentialLR(SGD([Value(1.0)], lr=1.0), gamma=0.5), 4)
    [1.0, 0.5, 0.25, 0.125]
    """

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        check_not_negative(gamma=gamma)
        self.gamma = gamma
        super().__init__(optimizer)

    def rate(self, count: int) -> float:
        """A geometric sequence."""
        return self.base * self.gamma**count


class CosineAnnealingLR(Schedule):
    """Half a cosine wave from the first rate down to `eta_min` in `T_max` steps (Loshchilov & Hutter, 2017).

    >>> from autograd import Value
    >>> from nn import SGD
    >>> rates(CosineAnnealingLR(SGD([Value(1.0)], lr=1.0), T_max=4), 5)
    [1.0, 0.8536, 0.5, 0.1464, 0.0]

    Raises ValueError for fewer than one step.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        check_whole(T_max=T_max)
        check_not_negative(eta_min=eta_min)
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer)

    def rate(self, count: int) -> float:
        """Half a wave; further steps go up again."""
        return _cosine(self.base, self.eta_min, count / self.T_max)


class LinearLR(Schedule):
    """A warm-up: from `start_factor` times the rate evenly to `end_factor` times it in `total_iters` steps.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> rates(LinearLR(SGD([Value(1.0)], lr=1.0), start_factor=0.5, total_iters=2), 4)
    [0.5, 0.75, 1.0, 1.0]

    Raises ValueError for fewer than one step.
    """

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5
    ) -> None:
        check_whole(total_iters=total_iters)
        check_not_negative(start_factor=start_factor, end_factor=end_factor)
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer)

    def rate(self, count: int) -> float:
        """A straight line, then level."""
        share = min(count / self.total_iters, 1.0)
        return self.base * (self.start_factor + (self.end_factor - self.start_factor) * share)


class OneCycleLR(Schedule):
    """Up to `max_lr` in the first `pct_start` of the steps and down again, both along half a cosine wave (Smith &
    Topin, 2018): from ``max_lr / div_factor``, to that divided by `final_div_factor`. A step a batch; the momentum
    stays as it is.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> rates(OneCycleLR(SGD([Value(1.0)]), max_lr=1.0, total_steps=10), 10)
    [0.04, 0.52, 1.0, 0.9505, 0.8117, 0.6113, 0.3887, 0.1883, 0.0495, 0.0]

    Raises ValueError for fewer than one step, and for `pct_start` outside (0, 1).
    """

    per_batch = True

    def __init__(
        self, optimizer: Optimizer, max_lr: float, total_steps: int, pct_start: float = 0.3, div_factor: float = 25.0,
        final_div_factor: float = 1e4,
    ) -> None:  # fmt: skip
        check_whole(total_steps=total_steps)
        check_not_negative(max_lr=max_lr, div_factor=div_factor, final_div_factor=final_div_factor)
        if not 0 < pct_start < 1:
            raise ValueError(f"pct_start must be between 0 and 1, not {pct_start!r}")
        if not div_factor or not final_div_factor:
            raise ValueError("div_factor and final_div_factor divide the rate, so they cannot be 0")
        self.max_lr, self.total_steps, self.pct_start = max_lr, total_steps, pct_start
        self.first, self.last = max_lr / div_factor, max_lr / div_factor / final_div_factor
        super().__init__(optimizer)

    def rate(self, count: int) -> float:
        """Up, down, then level."""
        top, end = self.pct_start * self.total_steps - 1, self.total_steps - 1
        if count < top:
            return _cosine(self.first, self.max_lr, count / top)
        return _cosine(self.max_lr, self.last, min((count - top) / (end - top), 1.0))


class ReduceLROnPlateau(Schedule):
    """The rate times `factor` when the loss has not fallen by the share `threshold` for more than `patience` steps.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> optimizer = SGD([Value(1.0)], lr=1.0)
    >>> schedule = ReduceLROnPlateau(optimizer, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     schedule.step(loss)
    >>> optimizer.lr
    0.1

    Raises ValueError for a factor outside (0, 1).
    """

    def __init__(
        self, optimizer: Optimizer, factor: float = 0.1, patience: int = 10, threshold: float = 1e-4,
        min_lr: float = 0.0,
    ) -> None:  # fmt: skip
        if not 0 < factor < 1:
            raise ValueError(f"factor must be between 0 and 1, not {factor!r}")
        check_not_negative(patience=patience, threshold=threshold, min_lr=min_lr)
        self.factor, self.patience, self.threshold, self.min_lr = factor, patience, threshold, min_lr
        self.best, self.waited = math.inf, 0
        self.now = _checked(optimizer).lr
        super().__init__(optimizer)

    def rate(self, count: int) -> float:
        """The rate as it stands."""
        return self.now

    def state_dict(self) -> dict[str, Any]:
        """What the next steps depend on, the rate as it stands among it."""
        self.now = self.optimizer.lr
        return super().state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict()` gave, the rate too."""
        super().load_state_dict(state)
        self.optimizer.lr = self.now

    def step(self, loss: float | None = None) -> None:
        """Look at the loss. Raises ValueError if there is none."""
        if loss is None:
            raise ValueError("ReduceLROnPlateau needs the loss: schedule.step(loss)")
        loss = np.asarray(data_of(loss), float).item()
        self.now = self.optimizer.lr  # another may have set it
        if loss < self.best * (1 - self.threshold):
            self.best, self.waited = loss, 0
        else:
            self.waited += 1
        if self.waited > self.patience:
            self.waited = 0
            lower = max(self.now * self.factor, self.min_lr)
            if self.now - lower > 1e-8:
                self.now = lower
        super().step()


def rates(schedule: Schedule, steps: int) -> list[float]:
    """The learning rates of so many steps, to four digits."""
    found = []
    for _ in range(steps):
        found.append(round(schedule.optimizer.lr, 4))
        schedule.step()
    return found


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def _checked(optimizer: Optimizer) -> Optimizer:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"a schedule sets the learning rate of an optimizer, such as nn.SGD(…), not {kind_of(optimizer)}"
        )
    return optimizer
