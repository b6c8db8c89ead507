"""Generated source as a module of numba functions, written to a file so that numba keeps what it compiles for the next
process."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from pathlib import Path
from types import ModuleType

# What adds up many numbers, and nothing else, may do so in another order, so that it can be vectorised: elsewhere that
# would lose nan and inf, as in (x + t) - t. So would leave to mind no signs of zeros: with that the compiler looks into
# what is added up, and finds that x - x is 0. Products and sums stay apart, as in NumPy: fused they take as long.
HEAD = '''"""Generated loops."""
import math
from math import inf, nan, pi

import numpy as np
from numba import njit

options = {"error_model": "numpy", "cache": True, "nogil": True}
inner = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
loop = njit(**options)
kernel = njit(**inner, **options)


@njit(fastmath={"reassoc"}, **inner, **options)
def plus(total, x):
    return total + x
'''
HOT = 200  # after so many runs a program is compiled to loops, if numba is there


def module(text: str) -> ModuleType:
    """The module of that source, from the directory of kernels."""
    name = f"wengert_kernels_{hashlib.sha256(text.encode()).hexdigest()[:24]}"
    if name in sys.modules:
        return sys.modules[name]
    path = directory() / f"{name}.py"
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
            file.write(text)
        Path(file.name).replace(path)  # whole, or not at all: another process may do the same
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    sys.modules[name] = made
    return made


def directory() -> Path:
    """Where compiled loops are kept: $WENGERT_CACHE, else wengert/ in the user's cache directory."""
    given = os.environ.get("WENGERT_CACHE")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(base) / "wengert"


def has_numba() -> bool:
    """Whether numba is installed."""
    return importlib.util.find_spec("numba") is not None
