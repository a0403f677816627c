"""What a block drew: as SVG if that is small, else as WebP of the same size."""

import matplotlib
import matplotlib.pyplot as plt
import pytest
import torch

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
