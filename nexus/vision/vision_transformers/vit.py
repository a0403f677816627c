"""The Vision Transformer: a picture as a sequence of patches, read by a plain encoder.

Source: Dosovitskiy et al. 2020, An Image is Worth 16x16 Words, https://arxiv.org/abs/2010.11929,
sections 3.1 (equations 1-4) and 3.2, appendices A (equation 6) and D.8. Rollout: Abnar and
Zuidema 2020, https://arxiv.org/abs/2005.00928, section 3.
Differs: no dropout. How places are resampled the paper does not say; here it is bicubic.

Letters: b batch, k channels, h w height and width in pixels, n tokens (the class token, then the
patches row by row), m tokens at another resolution, r heads, d model width.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nexus.attention.multi_head_attention import MultiHeadAttention, attention
from nexus.nn import masks
from nexus.nn.backbone import Block
from nexus.nn.patches import to_patches


def resample(place: Float[Tensor, "n d"], *, rows: int, columns: int) -> Float[Tensor, "m d"]:
    """Position embeddings for `rows` by `columns` patches, of those for a square (section 3.2).

    Bicubic, over the same picture: the new patches share the area of the old ones. The class
    token, which stands first, keeps its own.

    Raises:
        ValueError: the patches do not make a square.
    """
    side = round((len(place) - 1) ** 0.5)
    if side**2 != len(place) - 1:
        raise ValueError(f"{len(place)} places are not one and a square")
    if (rows, columns) == (side, side):
        return place
    grid = place[1:].unflatten(0, (1, side, side)).movedim(3, 1)  # 1 d side side
    grid = nn.functional.interpolate(grid, (rows, columns), mode="bicubic")
    return torch.cat([place[:1], grid[0].flatten(1).mT])


class Embedding(nn.Module):
    """z_0 = [x_class; x_1 E; ...; x_n E] + E_pos (equation 1).

    Trained on pictures of `pixels` by `pixels` in `channels` channels, cut into patches of `patch`;
    pictures of another size get places by `resample`.

    Raises:
        ValueError: `pixels` is not a multiple of `patch`.
    """

    def __init__(self, dim: int, *, pixels: int, patch: int, channels: int):
        super().__init__()
        if pixels % patch:
            raise ValueError(f"pixels={pixels} is not a multiple of patch={patch}")
        self.patch = patch
        self.project = nn.Linear(channels * patch**2, dim)
        self.first = nn.Parameter(torch.randn(dim) * 0.02)  # x_class
        self.place = nn.Parameter(torch.randn(1 + (pixels // patch) ** 2, dim) * 0.02)

    def forward(self, images: Float[Tensor, "b k h w"]) -> Float[Tensor, "b n d"]:
        patches = self.project(to_patches(images, self.patch))
        first = self.first.expand(len(images), 1, -1)
        rows, columns = (side // self.patch for side in images.shape[2:])
        return torch.cat([first, patches], 1) + resample(self.place, rows=rows, columns=columns)


def encoder_block(dim: int, *, heads: int, hidden: int) -> Block:
    """Equations 2 and 3: attention among all tokens, then two layers with GELU between them."""
    mixer = MultiHeadAttention(dim, heads=heads, mask=masks.full)
    ffn = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim))
    return Block(mixer, ffn, partial(nn.LayerNorm, dim, eps=1e-6))


def attention_weights(
    mixer: MultiHeadAttention, x: Float[Tensor, "b n d"]
) -> Float[Tensor, "b r n n"]:
    """A = softmax(q kᵀ / √c) for heads of width c (equation 6); a row is what a token reads."""
    split = (mixer.heads, -1)
    q, k = (project(x).unflatten(2, split).movedim(2, 1) for project in (mixer.to_q, mixer.to_k))
    index = torch.arange(x.shape[1], device=x.device)
    return attention(q, k, x.new_ones(len(index)).diag(), mixer.mask(index, index))


class VisionTransformer(nn.Module):
    """Pictures in, what `head` makes of the class token out; `blocks` from `encoder_block`."""

    def __init__(
        self, embed: nn.Module, blocks: Iterable[nn.Module], norm: nn.Module, head: nn.Module
    ):
        super().__init__()
        self.embed: Any = embed
        self.blocks: Any = nn.Sequential(*blocks)
        self.norm, self.head = norm, head

    def features(self, images: Float[Tensor, "b k h w"]) -> Float[Tensor, "b d"]:
        """y = LN(z_L^0), equation 4."""
        return self.norm(self.blocks(self.embed(images))[:, 0])

    def forward(self, images: Float[Tensor, "b k h w"]) -> Float[Tensor, "b classes"]:
        return self.head(self.features(images))

    def attention(self, images: Float[Tensor, "b k h w"]) -> Float[Tensor, "layers b r n n"]:
        """The weights of all layers, first to last."""
        x, weights = self.embed(images), []
        for block in self.blocks:
            weights.append(attention_weights(block.mixer, block.norm_mixer(x)))
            x = block(x)
        return torch.stack(weights)


def rollout(weights: Float[Tensor, "layers *b r n n"]) -> Float[Tensor, "*b n n"]:
    """Ã_l = ½ (A_l + 1) Ã_{l-1}, A_l the mean over heads and Ã_0 = 1: how layers mix the input.

    A row says how much of each input token is in an output token, if values and feed-forward
    layers are left out of account; it sums to 1.
    """
    mixing = weights.new_ones(weights.shape[-1]).diag()
    total = mixing
    for layer in weights.mean(-3):
        total = (layer + mixing) / 2 @ total
    return total
