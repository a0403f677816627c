"""Pictures with captions that come with the package: 1,026 emoji, each drawn by two hands.

Source: Twemoji 16.0.1 and Noto Emoji 2.048; licences in emoji.LICENSE.txt beside this file.
Differs: no people, flags or symbols; 32 by 32 pixels, on white.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor


class Captioned(NamedTuple):
    """Pictures in red, green and blue, 0 to 1, with what each shows, and its group in Unicode."""

    images: Float[Tensor, "n 3 32 32"]
    captions: list[str]  # "cherry blossom"
    groups: list[str]  # "plant-flower"


def emoji() -> tuple[Captioned, Captioned]:
    """Twitter's drawings and Google's, of the same things in the same order."""
    with np.load(Path(__file__).with_name("emoji.npz")) as stored:
        captions, groups = stored["captions"].tolist(), stored["groups"].tolist()
        drawn = [torch.as_tensor(stored[hand]).movedim(-1, 1) for hand in ("twemoji", "noto")]
    twemoji, noto = (images.to(torch.get_default_dtype()) / 255 for images in drawn)
    return Captioned(twemoji, captions, groups), Captioned(noto, captions, groups)
