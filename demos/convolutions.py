"""Handwritten digits read by a small convolutional network."""

from typing import Any

import numpy as np

import nn
from demos.digits import images


def run(epochs: int = 12) -> dict[str, Any]:
    """Print the report; return the accuracy on held-out images after every epoch."""
    train_x, test_x, train_y, test_y = images()
    train_x, test_x = train_x.reshape(-1, 1, 8, 8), test_x.reshape(-1, 1, 8, 8)
    rng = np.random.default_rng(0)
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, rng=rng), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1, rng=rng), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64, 10, rng=rng),
    )  # fmt: skip
    print(net)
    optimizer = nn.Adam(net.parameters())
    loader = nn.DataLoader(train_x, train_y, batch_size=32, shuffle=True)
    history = nn.fit(
        net, loader, nn.cross_entropy, optimizer, epochs, validation=(test_x, test_y), metrics=[nn.accuracy],
        schedule=nn.OneCycleLR(optimizer, max_lr=0.01, total_steps=epochs * len(loader)),
    )  # fmt: skip
    for epoch, row in enumerate(history.rows):
        if epoch % 3 == 2:
            print(f"  epoch {epoch + 1:>2}   loss {row['loss']:.5f}   held out {row['accuracy']:.2%}")
    return {"accuracies": history["accuracy"]}
