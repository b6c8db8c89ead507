"""MNIST from files: CSV, IDX and npz, validated before use.

The IDX format: two zero bytes, one for the type (8 is unsigned bytes), one for the number of axes; the sides of the
array as big-endian 32-bit numbers; the numbers (http://yann.lecun.com/exdb/mnist/).
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]

_IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
_BOM = b"\xef\xbb\xbf"  # which some programs put before their text
_CSV = ("mnist_train.csv", "mnist_test.csv")
_NPZ = ("x_train", "y_train", "x_test", "y_test")


def read_mnist(path: str | Path) -> tuple[Bytes, Bytes, Bytes, Bytes]:
    """Images to learn from and their labels, images to test with and theirs: bytes, (images, height, width) and
    (images,).

    `path` is an ``.npz`` file with x_train, y_train, x_test, y_test, or a directory with the four IDX files or with
    mnist_train.csv and mnist_test.csv, each of them also as ``.gz``.

    >>> from tempfile import TemporaryDirectory
    >>> images, labels = np.zeros((3, 28, 28), np.uint8), np.array([7, 2, 1], np.uint8)
    >>> with TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/mnist.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    ...     train_x, train_y, test_x, test_y = read_mnist(f"{folder}/mnist.npz")
    >>> train_x.shape, train_y
    ((3, 28, 28), array([7, 2, 1], dtype=uint8))

    Raises FileNotFoundError if they are not there, ValueError for files that are cut short, of another format, or
    whose numbers are none of images and labels from 0 to 9.
    """
    path = Path(path)
    if not path.is_dir():
        return read_npz(path)
    csv = [_find(path, name) for name in _CSV]
    if csv[0] and csv[1]:
        return (*read_csv(csv[0]), *read_csv(csv[1]))
    idx = [_find(path, name) for name in _IDX]
    if None in idx:
        raise FileNotFoundError(f"{path} holds neither {' and '.join(_CSV)} nor {', '.join(_IDX)}, with .gz or without")
    train_x, train_y, test_x, test_y = (read_idx(each) for each in idx if each)
    _check(idx[0], train_x, idx[1], train_y)
    _check(idx[2], test_x, idx[3], test_y)
    _check_sizes(path, train_x, test_x)
    return train_x, train_y, test_x, test_y


def read_csv(path: str | Path) -> tuple[Bytes, Bytes]:
    """Images and labels from lines of a label and 784 pixels from 0 to 255; a line of names may come first.

    Raises ValueError for lines that are anything else, naming the line.
    """
    text = _contents(path).removeprefix(_BOM).decode("ascii", "replace")
    lines = {number: line for number, line in enumerate(text.splitlines(), 1) if line.strip()}
    if lines and lines[next(iter(lines))].startswith("label"):
        del lines[next(iter(lines))]
    if not lines:
        raise ValueError(f"{path} holds no images")
    try:
        table = _table(list(lines.values()))
    except ValueError:
        for number, line in lines.items():
            try:
                _table([line])
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: {error}") from None
        raise
    outside = np.flatnonzero(((table < 0) | (table > 255)).any(axis=1))
    if len(outside):
        raise ValueError(f"{path}, line {[*lines][outside[0]]}: pixels go from 0 to 255")
    images, labels = table[:, 1:].astype(np.uint8).reshape(-1, 28, 28), table[:, 0].astype(np.uint8)
    _check(path, images, path, labels)
    return images, labels


def _table(lines: list[str]) -> NDArray[np.int16]:
    table = np.loadtxt(lines, dtype=np.int16, delimiter=",", comments=None, ndmin=2)
    if table.shape[1] != 785:
        raise ValueError(f"a line holds a label and 784 pixels, 785 numbers, not {table.shape[1]}")
    return table


def read_idx(path: str | Path) -> Bytes:
    """The array of bytes in an IDX file, gzipped or not.

    Raises ValueError for another format or type, or another length than its head says.
    """
    contents = _contents(path)
    if len(contents) < 4 or contents[:3] != b"\0\0\x08" or not 1 <= contents[3] <= 4:
        raise ValueError(f"{path} is no IDX file of bytes: it begins with {contents[:4]!r}")
    start = 4 + 4 * contents[3]
    shape = tuple(np.frombuffer(contents[4:start], ">u4").tolist()) if len(contents) >= start else ()
    count = int(np.prod(shape, dtype=object)) if shape else -1
    if len(contents) != start + count:
        raise ValueError(
            f"{path} is cut short or too long: {len(contents)} bytes, but a head that announces shape {shape}"
        )
    return np.frombuffer(contents, np.uint8, offset=start).reshape(shape)


def read_npz(path: str | Path) -> tuple[Bytes, Bytes, Bytes, Bytes]:
    """The arrays x_train, y_train, x_test and y_test of bytes.

    Raises ValueError for a file that is cut short, lacks one of them, or holds anything else under their names.
    """
    arrays: list[Any] = []
    try:
        contents = Path(path).read_bytes()
        if not zipfile.is_zipfile(io.BytesIO(contents)):
            raise ValueError("it is no .npz archive; of IDX or CSV files give the folder")
        archive = np.load(io.BytesIO(contents), allow_pickle=False)
        missing = [name for name in _NPZ if name not in archive.files]
        if missing:
            raise ValueError(f"{', '.join(missing)} not found in it")
        arrays = [archive[name] for name in _NPZ]
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path} does not hold MNIST, or is cut short: {error}") from None
    for name, array in zip(_NPZ, arrays, strict=True):
        if array.dtype != np.uint8:
            raise ValueError(f"{path}: {name} must hold bytes, not {array.dtype}")
    for images, labels in (arrays[:2], arrays[2:]):
        _check(path, images, path, labels)
    _check_sizes(path, arrays[0], arrays[2])
    return arrays[0], arrays[1], arrays[2], arrays[3]


def _find(directory: Path, name: str) -> Path | None:
    return next((path for path in (directory / name, directory / f"{name}.gz") if path.exists()), None)


def _contents(path: str | Path) -> bytes:
    contents = Path(path).read_bytes()
    if contents[:2] != b"\x1f\x8b":
        return contents
    try:
        return gzip.decompress(contents)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path} is cut short: {error}") from None


def _check_sizes(path: Path | str, train: Bytes, test: Bytes) -> None:
    if train.shape[1:] != test.shape[1:]:
        raise ValueError(
            f"{path}: images of {train.shape[1:]} pixels to learn from, but of {test.shape[1:]} to test with"
        )


def _check(path: Any, images: Bytes, labels_path: Any, labels: Bytes) -> None:
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels) or not len(images):
        raise ValueError(
            f"{path}: images of shape {images.shape} and labels of shape {labels.shape} do not belong together"
        )
    if labels.max() > 9:
        raise ValueError(f"{labels_path}: labels go from 0 to 9, not to {labels.max()}")
