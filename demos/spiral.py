"""Three spirals told apart, and the border between them as a picture."""

from pathlib import Path
from typing import Any

import numpy as np

import nn


def run(seed: int = 0, epochs: int = 150, save: Path | None = None) -> dict[str, Any]:
    """Print the report, save the picture if a folder is given; return the accuracy after every epoch."""
    points, labels = spiral()
    net = network(seed)
    optimizer = nn.Adam(net.parameters())
    loader = nn.DataLoader(points, labels, batch_size=32, shuffle=True, seed=seed)
    history = nn.fit(
        net, loader, nn.cross_entropy, optimizer, epochs, metrics=[nn.accuracy],
        schedule=nn.OneCycleLR(optimizer, max_lr=0.02, total_steps=epochs * len(loader)),
    )  # fmt: skip
    accuracy = nn.accuracy(nn.predict(net, points), labels)
    print(f"300 points on three spirals, 2-64-64-3: {accuracy:.0%} right after {epochs} epochs.")
    print(picture(net, points, labels))
    if save:
        ax = nn.plot_decision_boundary(net, points, labels)
        ax.figure.savefig(save / "spiral.png")
    return {"losses": history["loss"], "accuracy": accuracy}


def spiral() -> tuple[Any, Any]:
    """A hundred points on each of three arms that turn once around, with some noise, and the number of their arm."""
    rng = np.random.default_rng(0)
    radius = np.tile(np.linspace(0.1, 1, 100), 3)
    arm = np.repeat(np.arange(3), 100)
    angle = 4 * radius + arm * (2 * np.pi / 3) + rng.normal(0, 0.1, 300)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), arm


def network(seed: int) -> nn.Sequential:
    """2-64-64-3 with tanh."""
    rng = np.random.default_rng(seed)
    return nn.Sequential(
        nn.Linear(2, 64, rng=rng), nn.Tanh(), nn.Linear(64, 64, rng=rng), nn.Tanh(), nn.Linear(64, 3, rng=rng)
    )


def picture(net: nn.Sequential, points: Any, labels: Any) -> str:
    """The plane as text: a sign for the class of every place, and the points as numbers."""
    xs, ys = np.linspace(-1.1, 1.1, 67), np.linspace(1.1, -1.1, 27)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    rows = np.array(list(" ·+"))[nn.predict(net, grid).argmax(axis=1)].reshape(len(ys), len(xs)).tolist()
    for (x, y), label in zip(points, labels, strict=True):
        rows[int(abs(ys - y).argmin())][int(abs(xs - x).argmin())] = str(label)
    return "\n".join("  " + "".join(row) for row in rows)
