"""Where drawings go: a browser, a PNG."""

from __future__ import annotations

import tempfile
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any


def open_in_browser(save: Callable[[Path], Any], suffix: str) -> None:
    """Save a temporary file and open it in a browser; without one, say where the file is."""
    path = Path(tempfile.mkdtemp(prefix="wengert-")) / f"graph{suffix}"
    save(path)
    if not webbrowser.open(path.as_uri()):
        print(f"no browser here; the drawing is in {path}")


def png(svg: str) -> bytes:
    """The picture in pixels, two for each of its own. Raises ImportError without resvg-py."""
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise ImportError('a .png needs resvg-py: pip install "wengert[png]"; .svg needs nothing') from None
    return bytes(svg_to_bytes(svg_string=svg, zoom=2))
