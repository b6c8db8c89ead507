"""Turns printed source into functions whose lines a debugger, a traceback and `autograd.source` can show."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Mapping
from typing import Any


def function_from(source: str, name: str, namespace: Mapping[str, Any]) -> Callable[..., Any]:
    """The function called `name` that the source defines."""
    filename = f"<generated {name}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    scope = dict(namespace)
    exec(compile(source, filename, "exec"), scope)
    function: Callable[..., Any] = scope[name]
    return function
