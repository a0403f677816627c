"""The Vision Transformer: a picture as a sequence of patches, read by a plain encoder.

Source: Dosovitskiy et al. 2020, An Image is Worth 16x16 Words, https://arxiv.org/abs/2010.11929,
section 3.1, equations 1-4.
Differs: no dropout.

Letters: b batch, k channels, h w height and width in pixels, n patches and one class token, d
model width.
"""

from collections.abc import Iterable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nexus.attention.multi_head_attention import MultiHeadAttention
from nexus.nn import masks
from nexus.nn.backbone import Block
from nexus.nn.patches import to_patches


class Embedding(nn.Module):
    """z_0 = [x_class; x_1 E; ...; x_n E] + E_pos (equation 1).

    For pictures of `pixels` by `pixels` in `channels` channels, cut into patches of `patch`.
    """

    def __init__(self, dim: int, *, pixels: int, patch: int, channels: int):
        super().__init__()
        self.patch = patch
        self.project = nn.Linear(channels * patch**2, dim)
        self.first = nn.Parameter(torch.randn(dim) * 0.02)  # x_class
        self.place = nn.Parameter(torch.randn(1 + (pixels // patch) ** 2, dim) * 0.02)

    def forward(self, images: Float[Tensor, "b k h w"]) -> Float[Tensor, "b n d"]:
        patches = self.project(to_patches(images, self.patch))
        first = self.first.expand(len(images), 1, -1)
        return torch.cat([first, patches], 1) + self.place


def encoder_block(dim: int, *, heads: int, hidden: int) -> Block:
    """Equations 2 and 3: attention among all tokens, then two layers with GELU between them."""
    mixer = MultiHeadAttention(dim, heads=heads, mask=masks.full)
    ffn = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim))
    return Block(mixer, ffn, partial(nn.LayerNorm, dim, eps=1e-6))


class VisionTransformer(nn.Module):
    """Pictures in, what `head` makes of the class token out."""

    def __init__(
        self, embed: nn.Module, blocks: Iterable[nn.Module], norm: nn.Module, head: nn.Module
    ):
        super().__init__()
        self.embed, self.norm, self.head = embed, norm, head
        self.blocks = nn.Sequential(*blocks)

    def features(self, images: Float[Tensor, "b k h w"]) -> Float[Tensor, "b d"]:
        """y = LN(z_L^0), equation 4."""
        return self.norm(self.blocks(self.embed(images))[:, 0])

    def forward(self, images: Float[Tensor, "b k h w"]) -> Float[Tensor, "b classes"]:
        return self.head(self.features(images))
