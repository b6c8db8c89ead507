"""Turns printed source into functions whose lines a debugger, a traceback and `autograd.source` can show."""

from __future__ import annotations

import linecache
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any


def source_of(name: str, parameters: Iterable[str], lines: Iterable[str]) -> str:
    """The source of a function, given the lines of its body.

    >>> print(source_of("double", ["x"], ["z = x + x", "return z"]))
    def double(x):
        z = x + x
        return z
    <BLANKLINE>
    """
    return f"def {name}({', '.join(parameters)}):\n" + "".join(f"    {line}\n" for line in lines)


def function_from(source: str, name: str, namespace: Mapping[str, Any]) -> Callable[..., Any]:
    """The function called `name` that the source defines."""
    filename = f"<generated {name} {zlib.crc32(source.encode()):08x}>"  # one name may have several sources
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    defined: dict[str, Any] = {}  # apart from the namespace: a row called abs must not hide the abs that it calls
    exec(compile(source, filename, "exec"), dict(namespace), defined)
    function: Callable[..., Any] = defined[name]
    return function
