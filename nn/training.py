"""`fit`: the training loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import autograd
from autograd import AnomalyError, Tensor, detect_anomaly, no_grad
from autograd.node import Node
from autograd.ops.shape import data_of
from autograd.plain import kind_of
from autograd.tree import flatten
from nn import checkpoints, resuming
from nn.callbacks import History
from nn.checks import check_whole
from nn.data import DataLoader
from nn.gradients import clip_grad_norm, gradient_norm
from nn.module import Module, stored
from nn.optimizers import Optimizer
from nn.prediction import caller, in_use, is_of_values, listed, plain
from nn.schedules import Schedule

Metric = Callable[[Any, Any], float]
_Evaluate = Callable[[Any, Any], Any]


def fit(
    model: Module,
    data: Any,
    loss: Callable[[Any, Any], Any],
    optimizer: Optimizer,
    epochs: int,
    *,
    validation: Any = None,
    metrics: Sequence[Metric] | Mapping[str, Metric] = (),
    callbacks: Sequence[Callable[[Module, History], Any]] = (),
    schedule: Schedule | None = None,
    max_norm: float | None = None,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    jit: bool = False,
) -> History:
    """Train a model: for every batch the loss, its gradients, a step of the optimiser.

    `data` and `validation` are a pair of arrays, inputs and targets, or a `DataLoader` or other collection of batches
    of such pairs. A pair is shuffled, in batches of 32. A model of Values is called row by row.

    `metrics` are functions of outputs and targets, such as `accuracy`. `callbacks` are called after every epoch with
    the model and the history, and stop the training by returning True; one that has them is also told of the beginning
    by `start()` and of the end by `finish(model)`. `max_norm` clips the gradients. `checkpoint` is a file that is
    written after every epoch; with `resume` the training goes on from there, bit for bit as if it had never stopped.
    What a callback's `state_dict()` gives, numbers, strings, lists and arrays by name, goes to its `load_state_dict()`.
    Ctrl-C ends the training and keeps what was learnt. With `jit` the loss is compiled as `autograd.jit` does it, which
    pays after some hundred batches, and differs by rounding, also after a resume; a warning or a JitError tells if it
    cannot be.

    >>> from nn import SGD, Linear, mse_loss
    >>> x = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> line = Linear(1, 1, rng=0)
    >>> history = fit(line, (x, 3 * x + 1), mse_loss, SGD(line.parameters(), lr=0.5), epochs=50)
    >>> round(line.weight.item(), 3), round(line.bias.item(), 3)
    (3.0, 1.0)

    Raises TypeError or ValueError if the optimiser's parameters are not the model's, the schedule is another
    optimiser's, for unusable data, a checkpoint of another training, and whatever model, loss, metrics and callbacks
    raise in the first epoch, all with nothing changed; AnomalyError, which says where it was born, when the loss or a
    gradient becomes nan or inf: the weights are then those before that batch, and the error's `history` tells the rest.
    """
    from tqdm import tqdm  # here, as it takes a quarter of the time in which nn is imported

    _check(model, loss, optimizer, epochs, metrics, callbacks, schedule, checkpoint, resume)
    batches = _batches(data, shuffle=True)
    held_out = None if validation is None else _batches(validation, shuffle=False)
    named = _named(metrics)
    seen = named if held_out is None else {}  # what is measured of the batches as they are trained
    evaluate = _evaluator(model, loss, bool(seen))
    compiled = _compiled(evaluate, model) if jit else evaluate
    history = History()
    for callback in callbacks:
        if hasattr(callback, "start"):
            callback.start()
    parts = [batches, schedule, *callbacks]  # what has a state to go on from
    if isinstance(held_out, DataLoader) and held_out.shuffle:
        parts.append(held_out)
    undo, proven = resuming.restorer(model, optimizer, parts), False
    if resume:
        assert checkpoint is not None
        resuming.resume(checkpoint, model, optimizer, parts, history, undo)
    count = len(batches) if hasattr(batches, "__len__") else None
    try:
        with tqdm(
            total=count and count * epochs, initial=len(history) * (count or 0), disable=None, leave=False
        ) as bar:
            while len(history) < epochs and not history.stopped:
                row = _epoch(model, batches, loss, (evaluate, compiled), optimizer, schedule, max_norm, seen, bar)
                if held_out is not None:
                    row |= _validate(model, held_out, loss, named)
                history.rows.append(row)
                if schedule is not None and not schedule.per_batch:
                    schedule.step(row.get("validation loss", row["loss"]))
                bar.set_postfix({name: f"{number:.4g}" for name, number in row.items()}, refresh=False)
                for callback in callbacks:
                    if callback(model, history):
                        history.stopped = f"stopped by {getattr(callback, '__name__', type(callback).__name__)}"
                proven = True
                if checkpoint is not None:
                    resuming.write(checkpoint, model, optimizer, parts, history)
    except KeyboardInterrupt:
        history.stopped = "interrupted"
    except AnomalyError as error:
        error.history = history  # type: ignore[attr-defined]
        raise
    except Exception as error:
        if not proven:  # what is unusable shows in the first epoch
            undo()
        if isinstance(error, autograd.JitError):
            raise autograd.JitError(f"{error}. Or train without jit=True") from error
        raise
    for callback in callbacks:
        if hasattr(callback, "finish"):
            callback.finish(model)
    return history


def _check(
    model: Any, loss: Any, optimizer: Any, epochs: Any, metrics: Any, callbacks: Any, schedule: Schedule | None,
    checkpoint: str | Path | None, resume: bool,
) -> None:  # fmt: skip
    """Raise TypeError or ValueError for arguments of `fit` with which no training can begin."""
    if not isinstance(model, Module):
        raise TypeError(f"the model must be a Module, such as Sequential or MLP, not {kind_of(model)}")
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"the optimizer must be one, such as nn.Adam(model.parameters()), not {kind_of(optimizer)}")
    for name, several in ("metrics", metrics), ("callbacks", callbacks):
        if not isinstance(several, Collection):
            raise TypeError(f"{name} are a list: write {name}=[{getattr(several, '__name__', '…')}]")
    for each in (loss, *(metrics.values() if isinstance(metrics, Mapping) else metrics), *callbacks):
        if not callable(each) or isinstance(each, type):
            instead = f"; make one of it: {each.__name__}()" if isinstance(each, type) else ""
            raise TypeError(
                f"losses, metrics and callbacks are functions or objects that can be called, not {each!r}{instead}"
            )
    own = set(map(id, model.parameters()))
    strange = sum(id(parameter) not in own for parameter in optimizer.params)
    if strange:
        raise ValueError(
            f"{strange} of the optimiser's {len(optimizer.params)} parameters are not parameters of this "
            f"{type(model).__name__}; make it with model.parameters(), after freezing or unfreezing"
        )
    check_whole(epochs=epochs)
    if not isinstance(schedule, Schedule | None):
        raise TypeError(f"the schedule must be one, such as nn.StepLR(optimizer, 10), not {schedule!r}")
    if schedule is not None and schedule.optimizer is not optimizer:
        raise ValueError(f"the {type(schedule).__name__} is one of another optimiser, and would change nothing")
    if resume and checkpoint is None:
        raise ValueError("resume=True needs the checkpoint to go on from")
    if checkpoint is not None:
        checkpoints.check_path(checkpoint)


def _epoch(
    model: Module, batches: Iterable[Any], loss: Callable[[Any, Any], Any], evaluate: tuple[_Evaluate, _Evaluate],
    optimizer: Optimizer, schedule: Schedule | None, max_norm: float | None, metrics: Mapping[str, Metric], bar: Any,
) -> dict[str, float]:  # fmt: skip
    """Train on every batch; what an epoch was like. What evaluates the loss comes twice, as it is and compiled."""
    model.train()
    buffers = _buffers(model)
    total, rows, norms, seen, usual = 0.0, 0, 0.0, [], 0
    lr = optimizer.lr
    for number, batch in enumerate(batches):
        x, y = _pair(batch)
        size = _rows(x, y)
        usual = usual or size
        before = [buffer.copy() for buffer in buffers]
        optimizer.zero_grad()
        made = evaluate[size == usual](x, y)  # a last batch that is shorter would be compiled for itself
        error, outputs = made if metrics else (made, None)
        _check_loss(error)
        value = norm = error.item()
        if math.isfinite(value):
            error.backward()
            norm = gradient_norm(optimizer.params)
        if not math.isfinite(norm):
            for buffer, old in zip(buffers, before, strict=True):
                buffer[...] = old
            what = f"the loss is {value}" if not math.isfinite(value) else f"the length of the gradient is {norm}"
            _explain(model, loss, x, y, f"batch {number} of the epoch: {what}")
        if max_norm is not None:
            clip_grad_norm(optimizer.params, max_norm)
        optimizer.step()
        if schedule is not None and schedule.per_batch:
            schedule.step()
        total, rows, norms = total + value * size, rows + size, norms + norm
        if metrics:
            seen.append((plain(outputs), np.asarray(y)))
        bar.update()
    if not rows:
        raise ValueError("the data gave no batches; an iterator can be read only once, so pass a DataLoader")
    row = {"loss": total / rows, "gradient norm": norms / (number + 1), "lr": lr}
    return row | _measured(metrics, seen)


def _check_loss(error: Any) -> None:
    """Raise TypeError or ValueError for what is no loss that a model can learn from."""
    if not isinstance(error, Node):
        raise TypeError(f"the loss must be a node computed from the model's output, not {error!r}")
    if error.op is None:
        raise ValueError("nothing leads from the loss back to the model: is this in no_grad(), or was .data taken?")
    if error.size != 1:
        raise ValueError(f"the loss has shape {error.shape}; it must be one number: its mean or its sum")


def _evaluator(model: Module, loss: Callable[[Any, Any], Any], wants_outputs: bool) -> _Evaluate:
    """The loss of a batch, and the outputs where they are wanted."""
    call = caller(model)

    def evaluate(x: Any, y: Any) -> Any:
        outputs = call(x)
        error = loss(outputs, y)
        return (error, outputs) if wants_outputs else error

    return evaluate


def _compiled(evaluate: _Evaluate, model: Module) -> _Evaluate:
    """The same as a compiled function. For a model of Values every number is an input of its own."""
    compiled: _Evaluate = autograd.jit(evaluate)
    if not is_of_values(model):
        return compiled
    return lambda x, y: compiled(listed(x), listed(y) if np.asarray(y).dtype.kind == "f" else y)


def _validate(
    model: Module, batches: Iterable[Any], loss: Callable[[Any, Any], Any], metrics: Mapping[str, Metric]
) -> dict[str, float]:
    total, rows, seen = 0.0, 0, []
    for batch in batches:
        x, y = _pair(batch)
        outputs = in_use(model, x)
        with no_grad():
            total += float(data_of(loss(Tensor(outputs), y))) * _rows(x, y)
        rows += _rows(x, y)
        seen.append((outputs, np.asarray(y)))
    if not rows:
        raise ValueError("the validation data gave no batches; without any leave out validation=")
    return {"validation loss": total / rows, **_measured(metrics, seen)}


def _named(metrics: Iterable[Metric] | Mapping[str, Metric]) -> dict[str, Metric]:
    """The metrics by names of which none is another column's."""
    pairs = metrics.items() if isinstance(metrics, Mapping) else [(getattr(m, "__name__", str(m)), m) for m in metrics]
    named: dict[str, Metric] = {}
    for name, metric in pairs:
        if name in (*named, "loss", "validation loss", "gradient norm", "lr"):
            raise ValueError(f"the history has a column {name!r} already; name the metric, as in metrics={{'f1': f1}}")
        named[name] = metric
    return named


def _measured(metrics: Mapping[str, Metric], seen: list[Any]) -> dict[str, float]:
    if not metrics:
        return {}
    outputs, targets = map(np.concatenate, zip(*seen, strict=True))
    return {name: float(metric(outputs, targets)) for name, metric in metrics.items()}


def _buffers(model: Module) -> list[Any]:
    """What a module changes in being called: the arrays that are no parameters."""
    return [part for part in stored(model).values() if isinstance(part, np.ndarray)]


def _explain(model: Module, loss: Callable[[Any, Any], Any], x: Any, y: Any, where: str) -> None:
    """Raise AnomalyError that says where a nan or inf was born."""
    inputs = [("the inputs", each) for each in flatten(x)[0]]
    for what, data in (*model.named_parameters(), *inputs, ("the targets", y)):
        numbers = np.asarray(data_of(data))
        if numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
            what = what if what.startswith("the ") else f"the parameter {what}"
            raise AnomalyError(
                f"{where}, because there is nan or inf in {what}. The weights are those before this batch"
            )
    kept = [(buffer, buffer.copy()) for buffer in _buffers(model)]
    born = "it was not born in the model and the loss; look at the data"
    try:
        with detect_anomaly():
            loss(caller(model)(x), y).backward()
    except AnomalyError as error:
        born = str(error)
    finally:
        model.zero_grad()
        for buffer, old in kept:
            buffer[...] = old
    raise AnomalyError(f"{where}; {born}. The weights are those before this batch")


def _batches(data: Any, shuffle: bool) -> Any:
    if isinstance(data, (tuple, list)) and len(data) == 2 and all(hasattr(each, "__len__") for each in data):
        first = data[0]
        if not (isinstance(first, tuple) and len(first) == 2):
            return DataLoader(*data, batch_size=32, shuffle=shuffle)
    if not isinstance(data, Iterable) or iter(data) is data:
        raise TypeError(
            f"data is a pair of arrays (inputs, targets), or a collection of such pairs that can be read again and "
            f"again, as a DataLoader, not a {type(data).__name__}"
        )
    return data


def _pair(batch: Any) -> tuple[Any, Any]:
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        raise ValueError(
            f"data is a pair of arrays (inputs, targets), or a collection of such pairs; here is {kind_of(batch)}"
            f"{f' of {len(batch)}' if isinstance(batch, (tuple, list)) else ''} in place of a pair: write (X, y)"
        )
    return batch[0], batch[1]


def _rows(x: Any, y: Any) -> int:
    """The number of rows of a batch: of the targets, as inputs may be several arrays in a tuple or dict; else of the
    first of the inputs."""
    shape = getattr(y, "shape", ())
    if shape:
        return int(shape[0])
    first = x
    while isinstance(first, (tuple, Mapping)) and first:
        first = next(iter(first.values() if isinstance(first, Mapping) else first))
    return len(first if getattr(first, "shape", ()) or isinstance(x, Mapping) else x)
