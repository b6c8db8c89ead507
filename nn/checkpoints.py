"""Models in files: NumPy's ``.npz`` without pickle, or ``.safetensors``. Written whole or not at all."""

from __future__ import annotations

import copy
import io
import json
import os
import shutil
import threading
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autograd.plain import kind_of
from autograd.tree import flatten
from nn.module import Module, check_state
from nn.optimizers import Optimizer

_NOTES = "notes.json"


def save(model: Module, path: str | Path, *, optimizer: Optimizer | None = None) -> None:
    """Write the parameters of a model, and the state of its optimiser and of its random generators, to a file.

    The ending tells the format: ``.npz``, or ``.safetensors``, which needs the package of that name. A file that is
    there is replaced, all at once.

    >>> from tempfile import TemporaryDirectory
    >>> from nn import Linear
    >>> line, twin = Linear(2, 1, rng=0), Linear(2, 1)
    >>> with TemporaryDirectory() as folder:
    ...     save(line, f"{folder}/line.npz")
    ...     load(twin, f"{folder}/line.npz")
    >>> twin.weight.tolist() == line.weight.tolist()
    True

    Raises ValueError for another ending, FileNotFoundError if there is no such folder, TypeError for what is no Module.
    """
    _check_module(model)
    write(path, model, optimizer)


def load(model: Module, path: str | Path, *, optimizer: Optimizer | None = None) -> None:
    """Take over what `save` wrote, of a model of the same architecture.

    >>> from tempfile import TemporaryDirectory
    >>> from nn import Linear
    >>> with TemporaryDirectory() as folder:
    ...     save(Linear(2, 1), f"{folder}/line.npz")
    ...     try:
    ...         load(Linear(3, 1), f"{folder}/line.npz")
    ...     except ValueError as error:
    ...         print(str(error).partition("npz: ")[2])
    the state is not one of this Linear, and nothing was loaded: weight has shape (2, 1), not (3, 1)

    Raises FileNotFoundError if there is no such file, ValueError if it is none of these, is cut short, or is of another
    architecture (naming what differs), before anything is changed.
    """
    _check_module(model)
    arrays, notes = read(path)
    check(path, arrays, notes, model, optimizer)
    take_over(arrays, notes, model, optimizer)


def write(
    path: str | Path, model: Module, optimizer: Optimizer | None, arrays: Mapping[str, Any] | None = None, **notes: Any
) -> None:
    """Write a checkpoint with more arrays and notes."""
    path = check_path(path)
    everything = {**model.state_dict(), **(arrays or {})}
    if optimizer is not None:
        everything |= {f"optimizer/{name}": each for name, each in optimizer.state_dict().items()}
    arrays = {name: np.asarray(each) for name, each in everything.items()}
    # safetensors files have the bytes of numbers in one order only, and come back with others than were summed up
    everything = {name: each.astype(each.dtype.newbyteorder("="), copy=False) for name, each in arrays.items()}
    notes["generators"] = [each.bit_generator.state for each in generators(model)]
    notes = json.loads(json.dumps(notes, default=_plain))  # as they will be read
    text = json.dumps({**notes, "crc32": _checksum(everything, notes)})
    if path.suffix == ".npz":
        contents = _npz_bytes(everything, text)
    else:
        contents = _safetensors().save(
            {name: np.array(each, order="C") for name, each in everything.items()}, {_NOTES: text}
        )
    path = path.resolve()  # a link stays one
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def check_path(path: str | Path) -> Path:
    """The path, if a checkpoint may be written there. Raises ValueError for its ending, FileNotFoundError if there is
    no such folder, IsADirectoryError if it is one, ImportError if the package for the format is missing."""
    path = Path(path)
    if path.suffix not in (".npz", ".safetensors"):
        raise ValueError(f"{path}: a checkpoint ends in .npz or .safetensors")
    if path.suffix == ".safetensors":
        _safetensors()
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {path.parent}")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder, and a checkpoint is a file")
    return path


def read(path: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arrays and the notes in a checkpoint. Raises ValueError if it is none, or cut short."""
    path = check_path(path)
    contents = path.read_bytes()
    try:
        if path.suffix == ".npz":
            arrays, notes = _from_npz(contents)
        else:
            size = int.from_bytes(contents[:8], "little")
            head = json.loads(contents[8 : 8 + size])
            arrays = _safetensors().load(contents)
            notes = json.loads(head.get("__metadata__", {}).get(_NOTES, "{}"))
        told = notes.pop("crc32", None)
        if told is None and "checksum" in notes:  # as it was once: of the arrays alone
            told, own = notes["checksum"], _checksum(arrays)
        else:
            own = _checksum(arrays, notes)
        if told not in (None, own):
            raise ValueError("its checksum is another")
    except Exception as error:
        raise ValueError(f"{path} is no checkpoint, or is cut short: {error}") from error
    return arrays, notes


def check(
    path: str | Path, arrays: Mapping[str, Any], notes: Mapping[str, Any], model: Module, optimizer: Optimizer | None
) -> None:
    """Raise ValueError if a checkpoint is not one of this model, and of its optimiser if one is given."""
    try:
        check_state(model, _weights(arrays))
        if optimizer is not None:
            if "optimizer/steps" not in arrays:
                raise ValueError("it holds no optimiser; load() without optimizer=")
            optimizer.check_state(part(arrays, "optimizer"))
        if "generators" in notes:
            check_generators(generators(model), notes["generators"])
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def check_generators(drawn: list[np.random.Generator], states: Any) -> None:
    """Raise ValueError if these are not states of such random generators."""
    if not isinstance(states, list) or len(states) != len(drawn):
        raise ValueError(f"it does not have the states of {len(drawn)} random generators")
    for generator, state in zip(drawn, states, strict=True):
        try:
            copy.deepcopy(generator).bit_generator.state = state
        except Exception as error:
            raise ValueError(f"the state of a random generator does not fit: {error}") from None


def take_over(arrays: Mapping[str, Any], notes: Mapping[str, Any], model: Module, optimizer: Optimizer | None) -> None:
    """Put a checkpoint that was checked into a model and its optimiser."""
    model.load_state_dict(_weights(arrays))
    if optimizer is not None:
        optimizer.load_state_dict(part(arrays, "optimizer"))
    for generator, state in zip(generators(model), notes.get("generators", ()), strict=False):
        generator.bit_generator.state = state


def _weights(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays of the model: their paths begin with an attribute, and those of everything else with a word and /."""
    return {name: each for name, each in arrays.items() if "/" not in name.partition(".")[0]}


def part(arrays: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The arrays whose names begin with a prefix, without it."""
    return {name.removeprefix(f"{prefix}/"): each for name, each in arrays.items() if name.startswith(f"{prefix}/")}


def generators(model: Module) -> list[np.random.Generator]:
    """The random generators in the modules of a model, also in lists and dicts, each once."""
    found = [thing for module in model.modules() for thing in flatten([*vars(module).values()])[0]]
    return list({id(each): each for each in found if isinstance(each, np.random.Generator)}.values())


def _checksum(arrays: Mapping[str, Any], notes: Mapping[str, Any] | None = None) -> str:
    """Of the entries of the arrays, and with the notes of these and of the arrays' names, dtypes and shapes too."""
    heads = {name: [np.asarray(each).dtype.name, np.shape(each)] for name, each in sorted(arrays.items())}
    total = 0 if notes is None else zlib.crc32(json.dumps([notes, heads]).encode())
    for name in heads:
        total = zlib.crc32(np.ascontiguousarray(arrays[name]).tobytes(), total)
    return f"{total:08x}"


def _npz_bytes(arrays: Mapping[str, Any], notes: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, each in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asarray(each), allow_pickle=False)
        archive.writestr(zipfile.ZipInfo(_NOTES), notes)
    return buffer.getvalue()


def _from_npz(contents: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    arrays: dict[str, Any] = {}
    notes: dict[str, Any] = {}
    with zipfile.ZipFile(io.BytesIO(contents)) as archive:
        for name in archive.namelist():
            if name == _NOTES:
                notes = json.loads(archive.read(name))
            else:
                file = io.BytesIO(archive.read(name))  # whole, so that its checksum is verified
                arrays[name.removesuffix(".npy")] = np.lib.format.read_array(file, allow_pickle=False)
    return arrays, notes


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError("checkpoints in this format need safetensors: pip install safetensors") from error
    return safetensors.numpy


def _check_module(model: Any) -> None:
    if not isinstance(model, Module):
        raise TypeError(f"a checkpoint is one of a Module, such as Sequential or MLP, not of {kind_of(model)}")


def _plain(thing: Any) -> Any:
    if not isinstance(thing, (np.ndarray, np.generic)):
        raise TypeError(f"a checkpoint holds numbers, strings, lists, dicts and arrays, not {kind_of(thing)}")
    return thing.tolist()
