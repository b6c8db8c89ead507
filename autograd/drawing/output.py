"""Where drawings go: a browser, a PNG."""

from __future__ import annotations

import re
import tempfile
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

_MOST_PIXELS = 100_000_000  # of four bytes each


def open_in_browser(save: Callable[[Path], Any], suffix: str) -> None:
    """Save a temporary file and open it in a browser; without one, say where the file is."""
    path = Path(tempfile.mkdtemp(prefix="wengert-")) / f"graph{suffix}"
    save(path)
    if not webbrowser.open(path.as_uri()):
        print(f"no browser here; the drawing is in {path}")


def png(svg: str) -> bytes:
    """The picture in pixels, two for each of its own, or one where it is large.

    Raises ImportError without resvg-py, ValueError for more pixels than a computer wants to hold.
    """
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise ImportError('a .png needs resvg-py: pip install "wengert[png]"; .svg needs nothing') from None
    found = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg)
    assert found is not None
    width, height = map(float, found.groups())
    zoom = next((zoom for zoom in (2, 1) if width * height * zoom**2 <= _MOST_PIXELS), None)
    if zoom is None:
        raise ValueError(
            f"a .png of {width:,.0f} x {height:,.0f} pixels is too large; save an .svg, or draw less: depth=1 closes "
            "modules, and draw(part) draws a part"
        )
    return bytes(svg_to_bytes(svg_string=svg, zoom=zoom))
