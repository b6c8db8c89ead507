"""Writes a drawing as SVG: no fonts, scripts or links of anyone else, the same bytes for the same graph."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from autograd.drawing.cards import LINE, SIDE, Card, Span, clean, columns
from autograd.drawing.colours import COLOURS, SCALE
from autograd.drawing.layout import TEXT, Frame, Layout, Point, plate
from autograd.drawing.style import Theme

_MARGIN = 20.0
_SANS = 'Helvetica, Arial, "DejaVu Sans", sans-serif'
_MONO = 'ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", "Liberation Mono", monospace'


@dataclass
class Legend:
    """What is explained below a drawing: kinds of cards, kinds of numbers, the colours' ends, and remarks."""

    kinds: Sequence[str]
    numbers: Sequence[tuple[str, str, str]] = ()  # style, sample and meaning
    scale: tuple[str, str] | None = None  # before and behind the bar
    steps: Sequence[int] = ()  # the colours in the bar
    remarks: Sequence[str] = ()


def svg(
    layout: Layout,
    cards: Sequence[Card],
    texts: Sequence[str],
    places: Sequence[int],
    shades: Sequence[int | None],
    legend: Legend,
    *,
    down: bool,
    title: str,
    heading: str,
    summary: str,
    theme: Theme,
) -> str:
    """The whole drawing. `texts` stand on the wires, which are operands number `places` of their cards; `shades` are
    steps of the colour scale for the cards.

    `title` names the drawing for screen readers, `heading` stands above it.
    """
    top = _MARGIN + (26.0 if heading else 0.0)
    keys, keys_width, keys_height = _legend(legend, max(layout.width, 420.0))
    width = max(layout.width, keys_width, _width_of(heading)) + 2 * _MARGIN
    height = top + layout.height + 18 + keys_height + 12
    shift = (width - 2 * _MARGIN - layout.width) / 2
    body = [f'<rect class="paper" width="{_n(width)}" height="{_n(height)}" rx="10"/>']
    if heading:
        body.append(f'<text class="heading" x="{_n(_MARGIN)}" y="{_n(_MARGIN + 10)}">{_text(heading)}</text>')
    body.append(f'<g transform="translate({_n(_MARGIN + shift)},{_n(top)})">')
    body += map(frame_svg, layout.frames)
    body += (wire_svg(points, down) for points in layout.points)
    body += map(title_svg, layout.frames)
    body += (card_svg(card, corner, shade) for card, corner, shade in zip(cards, layout.corners, shades, strict=True))
    body += (
        wire_text(text, points[-1], down, place)
        for text, points, place in zip(texts, layout.points, places, strict=True)
        if text
    )
    body.append("</g>")
    body.append(f'<g transform="translate({_n(_MARGIN)},{_n(top + layout.height + 18)})">{keys}</g>')
    drawn = "\n".join(body)
    name = f"w{hashlib.sha256((theme + _text(title) + drawn).encode()).hexdigest()[:8]}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{name}" viewBox="0 0 {_n(width)} {_n(height)}" '
        f'width="{_n(width)}" height="{_n(height)}" role="graphics-document document" '
        f'aria-labelledby="{name}-title {name}-desc" xml:space="preserve">\n'
        f'<title id="{name}-title">{_text(title)}</title>\n<desc id="{name}-desc">{_text(summary)}</desc>\n'
        f"<style>{style(f'.{name}', theme, legend.scale is not None)}</style>\n{drawn}\n</svg>\n"
    )


def _width_of(heading: str) -> float:
    return columns(heading) * 9.5 + 9.0 * sum(map(heading.count, "MWmw@%"))


def style(root: str, theme: Theme, with_scale: bool) -> str:
    """The style sheet of a drawing: literal colours, which every renderer knows, and dark ones in a media query."""
    light, dark = (_colours(root, mode) + (_scale(root, mode) if with_scale else []) for mode in (0, 1))
    if theme == "auto":
        return "\n".join([*_shapes(root), *light, "@media (prefers-color-scheme:dark){", *dark, "}"])
    return "\n".join([*_shapes(root), *(light if theme == "light" else dark)])


def style_of_page(root: str, dark_root: str) -> str:
    """The same with dark colours below another selector."""
    light, dark = (_colours(at, mode) + _scale(at, mode) for mode, at in enumerate((root, dark_root)))
    return "\n".join([*_shapes(root), *light, *dark])


def _shapes(root: str) -> list[str]:
    return [
        f"{root}{{font-family:{_MONO};font-size:13px}}",
        f"{root} .heading{{font-family:{_SANS};font-size:16px;font-weight:600}}",
        f"{root} .title text{{font-family:{_SANS};font-size:12px}}",
        f"{root} .name{{font-weight:700}}",
        f"{root} .wire path{{fill:none;stroke-width:1.4}}",
        f"{root} .wire .tip{{stroke:none}}",
        f"{root} .local text{{font-size:10.5px;text-anchor:middle}}",
        f"{root} .local rect{{stroke-width:.8}}",
        f"{root} .card rect,{root} .edge{{stroke-width:1.2}}",
        f"{root} .edge{{fill:none}}",
        f"{root} .symbol{{font-family:{_SANS};font-weight:600;text-anchor:middle}}",
        f"{root} .constant rect,{root} .bundle rect{{stroke-dasharray:4 3}}",
        f"{root} .legend{{font-family:{_SANS};font-size:11.5px}}",
    ]


def _colours(root: str, mode: int) -> list[str]:
    c = {name: pair[mode] for name, pair in COLOURS.items()}
    fills = {
        ".paper": "paper", "text": "ink", ".quiet": "quiet", ".heading": "ink", ".grad": "grad",
        ".local": "local", ".local text": "local", ".wire .tip": "wire", ".tab": "tab", ".symbol": "tab-ink",
        ".output .tab": "output-tab", ".output .symbol": "output-ink",
    }  # fmt: skip
    rules = [f"{root} {selector}{{fill:{c[colour]}}}" for selector, colour in fills.items()]
    rules.append(f"{root} .wire path{{stroke:{c['wire']}}}")
    rules.append(f"{root} .odd rect{{fill:{c['frame']}}}")
    rules.append(f"{root} .even rect{{fill:{c['frame-even']}}}")
    rules.append(f"{root} .frame rect{{stroke:{c['frame-edge']}}}")
    rules.append(f"{root} .local rect{{fill:{c['operation']};stroke:{c['local-edge']}}}")
    for kind in ("leaf", "parameter", "constant", "operation", "output", "module"):
        rules.append(f"{root} .{kind} rect{{fill:{c[kind]};stroke:{c[f'{kind}-edge']}}}")
        rules.append(f"{root} .{kind} .edge{{stroke:{c[f'{kind}-edge']}}}")
    return rules


def _scale(root: str, mode: int) -> list[str]:
    rules = [f"{root} .s{step} .face{{fill:{pair[mode]}}}" for step, pair in enumerate(SCALE)]
    return [*rules, f"{root} .shaded .grad,{root} .shaded .quiet{{fill:{COLOURS['ink'][mode]}}}"]


def card_svg(card: Card, corner: Point | None = None, shade: int | None = None) -> str:
    """A card; without a corner its place is left open."""
    place = "" if corner is None else f' transform="translate({_n(corner[0])},{_n(corner[1])})"'
    shaded = "" if shade is None else f" shaded s{shade}"
    name = f' data-name="{_text(card.name)}"' if card.name else ""
    op = f' data-op="{_text(card.op)}"' if card.op else ""
    width, height = _n(card.width), _n(card.height)
    parts = [
        f'<g class="card {card.kind}{shaded}" data-key="{card.key}"{name}{op}{place} role="graphics-symbol img" '
        f'aria-label="{_text(card.words)}">'
    ]
    if card.hover:
        parts.append(f"<title>{_text(card.hover)}</title>")
    for behind in (6, 3) if card.copies > 1 else ():
        parts.append(f'<rect x="{behind}" y="{behind}" width="{width}" height="{height}" rx="8"/>')
    parts.append(f'<rect class="face" width="{width}" height="{height}" rx="8"/>')
    if card.symbol:
        tab = card.tab
        parts.append(
            f'<path class="tab" d="M8,.6H{_n(tab)}V{_n(card.height - 0.6)}H8A7.4,7.4 0 0 1 .6,{_n(card.height - 8)}V8'
            f'A7.4,7.4 0 0 1 8,.6Z"/>'
        )
        size = 16 if len(card.symbol) <= 2 else 12
        place = f'x="{_n(tab / 2)}" y="{_n(card.height / 2 + size * 0.35)}"'
        parts.append(f'<text class="symbol" font-size="{size}" {place}>{_text(card.symbol)}</text>')
        parts.append(  # above the tab
            f'<path class="edge" d="M8,0H{_n(card.width - 8)}a8,8 0 0 1 8,8V{_n(card.height - 8)}a8,8 0 0 1 -8,8H8'
            f'a8,8 0 0 1 -8,-8V8a8,8 0 0 1 8,-8Z"/>'
        )
    y = (card.height - len(card.lines) * LINE) / 2 + 13
    for line in card.lines:
        parts.append(f'<text x="{_n(card.tab + SIDE)}" y="{_n(y)}">{"".join(map(_span, line))}</text>')
        y += LINE
    parts.append("</g>")
    return "".join(parts)


def frame_svg(frame: Frame) -> str:
    """An open module, without its title."""
    return (
        f'<g class="frame {_parity(frame)}" data-key="g{frame.group}" '
        f'transform="translate({_n(frame.x)},{_n(frame.y)})">'
        f'<rect width="{_n(frame.width)}" height="{_n(frame.height)}" rx="12"/></g>'
    )


def title_svg(frame: Frame) -> str:
    """The title of an open module, on a plate of its own, as wires may come in behind it."""
    text, width = plate(frame.title, frame.kind, frame.calls)
    return (
        f'<g class="title {_parity(frame)}" transform="translate({_n(frame.x + frame.plate)},{_n(frame.y)})">'
        f'<rect x="9" y="5" width="{_n(min(width, frame.width - 12))}" height="18" rx="5"/>'
        f'<text x="14" y="18"><tspan class="name">{_text(frame.title)}</tspan>'
        f'{f"""<tspan class="quiet">  {_text(text)}</tspan>""" if text else ""}</text></g>'
    )


def _parity(frame: Frame) -> str:
    return "odd" if frame.depth % 2 else "even"


def wire_svg(points: Sequence[Point], down: bool) -> str:
    """A wire with its tip."""
    return f'<g class="wire"><path d="{path(points, down)}"/><path class="tip" d="{tip(points[-1], down)}"/></g>'


def tip(end: Point, down: bool) -> str:
    """The arrow at the end of a wire."""
    x, y = end
    if down:
        return f"M{_n(x - 3.4)},{_n(y - 7)}L{_n(x)},{_n(y)}L{_n(x + 3.4)},{_n(y - 7)}Z"
    return f"M{_n(x - 7)},{_n(y - 3.4)}L{_n(x)},{_n(y)}L{_n(x - 7)},{_n(y + 3.4)}Z"


def path(points: Sequence[Point], down: bool) -> str:
    """The way of a wire, up to its tip: it bends between two points that differ across the flow."""
    commands = [f"M{_n(points[0][0])},{_n(points[0][1])}"]
    end = len(points) - 1
    for index, ((x0, y0), (x1, y1)) in enumerate(pairwise(points), 1):
        if index == end and not down:
            x1 -= 4
        elif index == end:
            y1 -= 4
        if (x0, y0) == (x1, y1):
            continue
        if abs(x1 - x0 if down else y1 - y0) < 0.05:
            commands.append(f"L{_n(x1)},{_n(y1)}")
        elif down:
            middle = (y0 + y1) / 2
            commands.append(f"C{_n(x0)},{_n(middle)} {_n(x1)},{_n(middle)} {_n(x1)},{_n(y1)}")
        else:
            middle = (x0 + x1) / 2
            commands.append(f"C{_n(middle)},{_n(y0)} {_n(middle)},{_n(y1)} {_n(x1)},{_n(y1)}")
    return "".join(commands)


def wire_text(text: str, end: Point, down: bool, place: int) -> str:
    """The text on a wire, just before its tip. Side by side every other operand's stands higher than its neighbours."""
    width = columns(text) * TEXT + 8
    x, y = (end[0], end[1] - 19 - 17 * (place % 2)) if down else (end[0] - 12 - width / 2, end[1])
    return (
        f'<g class="local" transform="translate({_n(x)},{_n(y)})"><rect x="{_n(-width / 2)}" y="-7.5" '
        f'width="{_n(width)}" height="15" rx="7.5"/><text y="3.6">{_text(text)}</text></g>'
    )


def _legend(legend: Legend, room: float) -> tuple[str, float, float]:
    """The explanation below, its width and height."""
    entries: list[tuple[str, float]] = []
    for kind in legend.kinds:
        swatch = f'<g class="card {kind}"><rect class="face" y="-9" width="16" height="11" rx="3"/></g>'
        entries.append((f'{swatch}<text x="22" y="0">{kind}</text>', 22 + len(kind) * 5.8))
    for name, sample, meaning in legend.numbers:
        text = f'<text y="0"><tspan class="{name}" font-weight="700">{sample}</tspan> {_text(meaning)}</text>'
        entries.append((text, (len(sample) + columns(meaning) + 1) * 5.6))
    if legend.scale:
        before, behind = legend.scale
        start = columns(before) * 6.0 + 8
        bar = "".join(
            f'<g class="s{step}"><rect class="face" x="{_n(start + 9 * place)}" y="-10" width="9.2" height="12"/></g>'
            for place, step in enumerate(legend.steps)
        )
        end = start + 9 * len(legend.steps) + 8
        words = f'<text y="0">{_text(before)}</text><text x="{_n(end)}" y="0">{_text(behind)}</text>'
        entries.append((bar + words, end + columns(behind) * 5.6))
    for remark in legend.remarks:
        entries.append((f'<text class="quiet" y="0">{_text(remark)}</text>', columns(remark) * 6.2))
    parts, x, y, widest = [], 0.0, 10.0, 0.0
    for text, width in entries:
        if x and x + width > room:
            x, y = 0.0, y + 20
        parts.append(f'<g transform="translate({_n(x)},{_n(y)})">{text}</g>')
        widest = max(widest, x + width)
        x += width + 20
    return f'<g class="legend">{"".join(parts)}</g>', widest, y + 6 if entries else 0.0


def _span(span: Span) -> str:
    return f'<tspan class="{span.style}">{_text(span.text)}</tspan>'


def _text(text: str) -> str:
    return escape("\n".join(map(clean, text.split("\n"))))


def _n(number: float) -> str:
    """A coordinate in a tenth of a pixel."""
    text = f"{number + 0.0:.1f}"
    return text[:-2] if text.endswith(".0") else text
