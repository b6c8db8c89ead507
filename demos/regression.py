"""A noisy curve fitted in spite of outliers: which loss one minimises decides what they do to it."""

from typing import Any

import numpy as np

import nn


def run(epochs: int = 150) -> dict[str, float]:
    """Print the report; return the distances from the true curve."""
    x, y = samples()
    plane = np.linspace(-1, 1, 65).reshape(-1, 1)
    errors, fitted = {}, {}
    print("80 points of sin(4x) with noise, every eighth of them 3 too high; 1-32-32-1, tanh, Adam:")
    for loss in (nn.mse_loss, nn.huber_loss, nn.l1_loss):
        rng = np.random.default_rng(1)
        net = nn.Sequential(
            nn.Linear(1, 32, rng=rng), nn.Tanh(), nn.Linear(32, 32, rng=rng), nn.Tanh(), nn.Linear(32, 1, rng=rng)
        )
        loader = nn.DataLoader(x, y, batch_size=20, shuffle=True)
        optimizer = nn.Adam(net.parameters(), lr=0.01)
        nn.fit(net, loader, loss, optimizer, epochs, schedule=nn.CosineAnnealingLR(optimizer, T_max=epochs))
        fitted[loss.__name__] = nn.predict(net, plane)[:, 0]
        errors[loss.__name__] = float(np.sqrt(((nn.predict(net, plane) - np.sin(4 * plane)) ** 2).mean()))
        print(f"  {loss.__name__:<12}away from the true curve by {errors[loss.__name__]:.3f}")
    print("The points (o), the curve by the squared error (m) and by Huber's (h):")
    print(picture(x[:, 0], y[:, 0], plane[:, 0], fitted["mse_loss"], fitted["huber_loss"]))
    return errors


def samples() -> tuple[Any, Any]:
    """The points, their noise, and the outliers."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (80, 1))
    y = np.sin(4 * x) + rng.normal(0, 0.1, x.shape)
    y[::8] += 3
    return x, y


def picture(x: Any, y: Any, plane: Any, m: Any, h: Any) -> str:
    """Points and curves as text."""
    ys = np.linspace(4.2, -1.4, 24)
    rows = [[" "] * len(plane) for _ in ys]
    for xs, heights, sign in ((x, y, "o"), (plane, m, "m"), (plane, h, "h")):
        for left, height in zip(xs, heights, strict=True):
            rows[int(abs(ys - height).argmin())][int(abs(plane - left).argmin())] = sign
    return "\n".join("  " + "".join(row).rstrip() for row in rows)
