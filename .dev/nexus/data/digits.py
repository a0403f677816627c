"""Handwritten digits, 8 by 8 pixels: 1,797 real pictures that come with the package.

Source: Alpaydin and Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine Learning
Repository, https://doi.org/10.24432/C50P49; licence in digits.LICENSE.txt beside this file.
Differs: the repository's test set only (13 writers), split once more into the first 1,437 to
learn from and the last 360 to test on, in the order in which they were collected.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

TRAINING = 1437
INK = 16  # what a pixel counts at most


class Digits(NamedTuple):
    """Pictures, 0 for paper to 1 for ink, and the digit that each shows."""

    images: Float[Tensor, "n 8 8"]
    labels: Int[Tensor, " n"]


def digits() -> tuple[Digits, Digits]:
    """The pictures to learn from and those to test on."""
    with np.load(Path(__file__).with_name("digits.npz")) as stored:
        images = torch.as_tensor(stored["images"]).to(torch.get_default_dtype()) / INK
        labels = torch.as_tensor(stored["labels"]).long()
    return Digits(images[:TRAINING], labels[:TRAINING]), Digits(
        images[TRAINING:], labels[TRAINING:]
    )
