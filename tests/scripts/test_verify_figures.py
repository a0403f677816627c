"""What a block drew: as SVG if that is small, else as WebP of the same size."""

import base64
import io
import re

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from scripts.verify.figures import LIMIT, collect

matplotlib.use("Agg")


def drawn(points):
    figure, axes = plt.subplots(figsize=(3.4, 2))
    axes.plot(*torch.rand(2, points), ".")
    figure.suptitle("Points")
    (found,) = collect("a")
    return found


def test_a_figure_with_too_much_in_it_becomes_a_picture_as_large_as_the_drawing_was():
    few, many = drawn(10), drawn(5000)
    assert few.svg and not few.webp and len(few.svg) < LIMIT
    assert many.webp and not many.svg and len(many.webp) < 4 / 3 * LIMIT + 4
    assert many.width == pytest.approx(few.width, abs=8)
    assert many.height == pytest.approx(few.height, abs=8)


def test_a_picture_in_a_drawing_is_stored_without_loss_and_smaller():
    figure, axes = plt.subplots(figsize=(2, 2))
    levels = 85 * torch.randint(4, (20, 30))  # 0, 85, 170, 255
    axes.imshow(levels.numpy(), cmap="gray", vmin=0, vmax=255, interpolation="none")
    figure.suptitle("Noise")
    (found,) = collect("a")
    (stored,) = re.findall(r"data:image/webp;base64,([^\"]+)", found.svg or "")
    assert "image/png" not in (found.svg or "")
    picture = Image.open(io.BytesIO(base64.b64decode(stored)))
    shown = torch.tensor(np.asarray(picture.convert("L"))).long()
    assert torch.equal(shown, levels) or torch.equal(shown.flipud(), levels)
