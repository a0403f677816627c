"""Grey pictures of 28 by 28 pixels that come with the package: handwritten digits, and clothes.

Source: LeCun, Cortes and Burges, the MNIST database; Xiao et al. 2017, Fashion-MNIST,
https://arxiv.org/abs/1708.07747; licences in pictures.LICENSE.txt beside this file.
Differs: 5,000 and 7,000 of their 70,000 pictures each.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

GARMENTS = (
    "T-shirt",
    "trousers",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "boot",
)
"""What the labels of Fashion-MNIST stand for, in their order."""


class Pictures(NamedTuple):
    """Pictures, 0 for background to 1, and which of ten things each shows."""

    images: Float[Tensor, "n h w"]
    labels: Int[Tensor, " n"]


def mnist() -> tuple[Pictures, Pictures]:
    """4,000 handwritten digits to learn from and 1,000 to test on; all ten equally often."""
    return read("pictures.mnist", training=4000, most=255)


def fashion() -> tuple[Pictures, Pictures]:
    """6,000 pictures of clothes to learn from and 1,000 to test on, of the original's two parts."""
    return read("pictures.fashion", training=6000, most=255)


def read(name: str, *, training: int, most: int) -> tuple[Pictures, Pictures]:
    """The first `training` pictures of a file beside this one and the rest; pixels up to `most`."""
    with np.load(Path(__file__).with_name(f"{name}.npz")) as stored:
        images = torch.as_tensor(stored["images"]).to(torch.get_default_dtype()) / most
        labels = torch.as_tensor(stored["labels"]).long()
    return (
        Pictures(images[:training], labels[:training]),
        Pictures(images[training:], labels[training:]),
    )
