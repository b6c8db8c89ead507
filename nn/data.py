"""`DataLoader`: arrays batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nn.checks import check_whole
from nn.initializers import Rng


class DataLoader:
    """Batches of rows of some arrays of the same length, in the same order on every run.

    Every iteration is one epoch. With `shuffle` each has another order, drawn from `seed`, a `numpy.random.Generator`
    or a seed for one; with `drop_last` a last batch that is not full is left out.

    >>> loader = DataLoader(np.arange(5.0), np.arange(5), batch_size=2)
    >>> [targets.tolist() for inputs, targets in loader]
    [[0, 1], [2, 3], [4]]

    Raises ValueError for no data, arrays of different lengths, a batch size below 1, nan or inf among the data, and
    TypeError for what is no array of numbers.
    """

    def __init__(
        self, *arrays: Any, batch_size: int = 32, shuffle: bool = False, seed: Rng = 0, drop_last: bool = False
    ) -> None:
        self.arrays = [_checked(index, array) for index, array in enumerate(arrays)]
        lengths = [len(array) for array in self.arrays]
        if not lengths or min(lengths) == 0:
            raise ValueError(f"DataLoader() of nothing: the arrays have {lengths} rows")
        if len(set(lengths)) > 1:
            raise ValueError(f"the arrays have {' and '.join(map(str, lengths))} rows; they must have the same number")
        check_whole(batch_size=batch_size)
        self.rows, self.batch_size = lengths[0], int(batch_size)
        if drop_last and self.rows < batch_size:
            raise ValueError(f"drop_last leaves nothing of {self.rows} rows in batches of {batch_size}")
        self.shuffle, self.drop_last = shuffle, drop_last
        self.rng = np.random.default_rng(seed)

    def state_dict(self) -> dict[str, Any]:
        """What the next orders depend on: the state of the random generator."""
        return {"rng": self.rng.bit_generator.state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict()` gave."""
        self.rng.bit_generator.state = state["rng"]

    def __len__(self) -> int:
        """The number of batches."""
        return self.rows // self.batch_size if self.drop_last else -(-self.rows // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        order = self.rng.permutation(self.rows) if self.shuffle else None
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            batch: Any = slice(start, start + self.batch_size)
            if order is not None:
                batch = order[batch]
            # copies: what a model does to its inputs is not to reach the data
            yield tuple([array[batch].copy() if order is None else array.take(batch, 0) for array in self.arrays])


def _checked(index: int, array: Any) -> Any:
    masked = np.ma.is_masked(array)
    try:
        array = np.asarray(array)
    except ValueError as error:
        raise ValueError(f"array {index} is ragged: all rows need the same length ({error})") from None
    if masked:
        raise ValueError(f"array {index} has masked entries: fill them or leave their rows out first")
    if array.dtype.kind not in "fiub" or array.ndim == 0:
        raise TypeError(f"array {index} must hold rows of numbers, not {array.dtype} of shape {array.shape}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        place = np.argwhere(~np.isfinite(array))[0].tolist()
        raise ValueError(f"array {index} holds {array[tuple(place)]} at {place}: clean the data first")
    return array
