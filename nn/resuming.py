"""A training in a file, to go on from there; and the way back to what was before it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from autograd.node import Node
from nn import checkpoints
from nn.callbacks import EarlyStopping, History
from nn.data import DataLoader
from nn.module import Module, check_state, put_back, stored
from nn.optimizers import Optimizer
from nn.schedules import Schedule


def restorer(model: Module, optimizer: Optimizer, parts: list[Any]) -> Callable[[], None]:
    """A function that makes everything as it is now."""
    weights, memory = model.state_dict(), optimizer.state_dict()
    drawn = [(generator, generator.bit_generator.state) for generator in checkpoints.generators(model)]
    states = []
    for each in parts:
        try:
            states += copy.deepcopy(_states([each]))
        except Exception:  # a callback of the user's may have no state yet, or one that cannot be copied
            states.append({})

    def undo() -> None:
        put_back(model, weights)
        model.zero_grad()
        optimizer.load_state_dict(memory)
        for generator, state in drawn:
            generator.bit_generator.state = state
        for part, state in zip(parts, states, strict=True):
            if state:
                part.load_state_dict(state)

    return undo


def _remembers(part: Any) -> bool:
    return hasattr(part, "state_dict") and hasattr(part, "load_state_dict")


def _states(parts: list[Any]) -> list[dict[str, Any]]:
    """What data, schedule and callbacks have to remember of a training; {} of those that remember nothing."""
    return [dict(each.state_dict()) if _remembers(each) else {} for each in parts]


def write(path: str | Path, model: Module, optimizer: Optimizer, parts: list[Any], history: History) -> None:
    """Write a training after an epoch; `parts` are its data, schedule and callbacks, which may have states."""
    states = _states(parts)
    arrays: dict[str, Any] = {}
    for i, (each, state) in enumerate(zip(parts, states, strict=True)):
        found = {}
        if isinstance(each, EarlyStopping):
            found = state.pop("weights")
        elif not isinstance(each, (DataLoader, Schedule)):
            found = {name: thing for name, thing in state.items() if isinstance(thing, np.ndarray)}
            for name in found:
                del state[name]
        arrays |= {f"part{i}/{name}": thing for name, thing in found.items()}
    checkpoints.write(path, model, optimizer, arrays, history=history.rows, stopped=history.stopped, parts=states)


def resume(
    path: str | Path, model: Module, optimizer: Optimizer, parts: list[Any], history: History, undo: Callable[[], None]
) -> None:
    """Take a training up where it was written; `undo` is called if a part does not take its state.

    Raises ValueError for a file of another training, before anything is changed.
    """
    arrays, notes = checkpoints.read(path)
    checkpoints.check(path, arrays, notes, model, optimizer)
    rows, stopped, states = (notes.get(name, ()) for name in ("history", "stopped", "parts"))
    if not (_are_dicts(rows) and isinstance(stopped, str) and _are_dicts(states)):
        raise ValueError(f"{path} is no checkpoint of a training: it has no history; nn.load() reads the model alone")
    known = [isinstance(each, (DataLoader, Schedule, EarlyStopping)) or not _remembers(each) for each in parts]
    if len(states) != len(parts) or any(
        is_known and state.keys() != own.keys() - {"weights"}
        for is_known, state, own in zip(known, states, _states(parts), strict=True)
    ):
        raise ValueError(f"{path} is no checkpoint of this training: it had other data, schedule or callbacks")
    for i, (each, state) in enumerate(zip(parts, states, strict=True)):
        found = checkpoints.part(arrays, f"part{i}")
        if isinstance(each, DataLoader):
            checkpoints.check_generators([each.rng], [state["rng"]])
        if isinstance(each, EarlyStopping):
            own = stored(model)
            best = {name: new for name, new in found.items() if isinstance(own.get(name), Node)}
            check_state(model, model.state_dict() | best)
            state["weights"] = found
        else:
            state |= found
    try:
        checkpoints.take_over(arrays, notes, model, optimizer)
        for each, state in zip(parts, states, strict=True):
            if state:
                each.load_state_dict(state)
    except Exception:
        undo()
        raise
    history.rows, history.stopped = rows, stopped


def _are_dicts(things: Any) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(things, list) and all(isinstance(each, dict) for each in things)
