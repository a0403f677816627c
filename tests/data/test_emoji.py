"""The captioned pictures: both hands draw the same things, in the order of the captions."""

from functools import partial

import torch

from nexus.data.emoji import emoji


def test_they_are_all_there():
    twemoji, noto = emoji()
    assert twemoji.images.shape == noto.images.shape == (1026, 3, 32, 32)
    assert len(set(twemoji.captions)) == len(twemoji.groups) == 1026
    assert twemoji[1:] == noto[1:] and len(set(twemoji.groups)) == 65
    assert twemoji.images.min() == 0 and noto.images.max() == 1
    assert twemoji.images.dtype == torch.get_default_dtype()


def test_they_are_told_apart_and_upright():
    for drawn, ink in zip(emoji(), (612_046_825, 641_501_872), strict=True):
        assert round((255 * drawn.images).sum().item()) == ink  # Twitter's first
        dark = 1 - drawn.images[drawn.captions.index("crescent moon")].mean(0)
        assert dark[:, 16:].sum() > 2 * dark[:, :16].sum()  # it is open to the upper left
        assert dark[16:].sum() > 2 * dark[:16].sum()


def test_captions_and_pictures_are_in_step():
    for drawn in emoji():
        red, _, blue = drawn.images[drawn.captions.index("tomato")][:, 8:24, 8:24].mean((1, 2))
        assert red > 3 * blue
        red, _, blue = drawn.images[drawn.captions.index("blueberries")][:, 8:24, 8:24].mean((1, 2))
        assert blue > 1.3 * red
        assert drawn.groups[drawn.captions.index("cherry blossom")] == "plant-flower"


def test_two_drawings_of_a_thing_are_alike():
    twemoji, noto = (drawn.images.float().flatten(1) for drawn in emoji())
    first = torch.cdist(noto, twemoji).argmin(1) == torch.arange(1026)
    assert 0.1 < first.double().mean() < 0.9  # two in 1,026 by chance would be 0.2 %


def examples():
    return [(partial(emoji), ())]
