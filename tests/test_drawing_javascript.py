"""The rows of the table in JavaScript, as a page computes them: against Python to 1e-12, for all rows at random and at
special points, in Node.js or in Chromium."""

import itertools
import json
import math
import random
import shutil
import subprocess

import pytest

import autograd
from autograd.readers import floats, javascript
from autograd.rows import ROWS

SPECIAL = [
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 1.5, 2.5, -2.5, 3.0, 0.46875, 4.0001, 27.5, 30.0, -30.0, 710.0, -745.0,
    1e-9, -1e-9, 1e-300, 1e5, -1e5, 1e18, -1e18, 1e308, math.inf, -math.inf, math.nan,
]  # fmt: skip


def points(row):
    rng = random.Random(row.name)
    count = len(row.names)
    spread = lambda: rng.choice([rng.gauss(0, 1), rng.gauss(0, 10), rng.uniform(-1, 1), rng.gauss(0, 100)])  # noqa: E731
    found = [tuple(spread() for _ in range(count)) for _ in range(200)]
    if count < 3:
        found += itertools.product(SPECIAL, repeat=count)
    else:
        found += [tuple(rng.choice(SPECIAL) for _ in range(count)) for _ in range(500)]
    # the array reader, which steps in where math raises, has nan for (-inf)**0.5 from NumPy on some processors
    return [point for point in found if not (row.name == "pow" and point[0] == -math.inf)]


def program(rows):
    """JavaScript that compares every row with what Python found and leaves a list of the differences."""
    texts = lambda numbers: [repr(float(each)) for each in numbers]  # noqa: E731
    cases = [(row.name, [(texts(point), texts(floats.evaluate(row)(*point))) for point in points(row)]) for row in rows]
    return f"""
const ROWS = (() => {{ {javascript.PRELUDE} {"".join(map(javascript.source, rows))}
  return {{ {", ".join(row.name for row in rows)} }}; }})();
const number = (text) => ({{ inf: Infinity, "-inf": -Infinity, nan: NaN }}[text] ?? Number(text));
const close = (a, b) => Object.is(a, b) || a === b
  || Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b)) || Math.abs(a - b) < 1e-300;
const differences = [];
let compared = 0;
for (const [name, points] of {json.dumps(cases)}) for (const [operands, expected] of points) {{
  const found = ROWS[name](...operands.map(number));
  expected.forEach((each, place) => {{
    compared += 1;
    if (close(number(each), found[place])) return;
    differences.push(`${{name}}(${{operands}})[${{place}}]: ${{found[place]}}, not ${{each}}`);
  }});
}}
"""


def run(script):
    """What a program leaves: how many numbers it compared, and the differences."""
    if shutil.which("node"):
        script += "console.log(JSON.stringify([compared, differences]));"
        done = subprocess.run(["node", "-"], input=script, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    browser = pytest.importorskip("playwright.sync_api", reason="neither Node.js nor Playwright is installed")
    chromium = shutil.which("chromium") or pytest.skip("neither Node.js nor Chromium is installed")
    with browser.sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"]).new_page()
        return page.evaluate(f"() => {{ {script} return [compared, differences]; }}")


def test_every_row_computes_what_python_computes():
    compared, differences = run(program(list(ROWS.values())))
    assert compared > 50_000
    assert differences == []


def test_a_wrong_row_is_noticed(monkeypatch):
    right = javascript.source
    monkeypatch.setattr(javascript, "source", lambda row: right(row).replace("1 - z * z", "1 - 1.0000000001 * z * z"))
    _, differences = run(program([ROWS["tanh"]]))
    assert differences


@pytest.mark.parametrize("name", ROWS)
def test_the_source_is_what_autograd_source_shows(name):
    assert autograd.source(name, "javascript") == javascript.source(ROWS[name])
    assert autograd.source(name, "javascript").startswith(f"function {name}(")


def test_a_number_decides_as_in_python():
    assert "c !== 0" in javascript.source(ROWS["where"])  # JavaScript takes nan for false, Python for true


def test_two_signs_in_a_row_are_no_decrement():
    for row in ROWS.values():
        assert "--" not in javascript.source(row)
