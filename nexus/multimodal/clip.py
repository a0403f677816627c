"""CLIP: two encoders, one of pictures and one of texts, that agree on which belongs to which.

Source: Radford et al. 2021, Learning Transferable Visual Models From Natural Language Supervision,
https://arxiv.org/abs/2103.00020, sections 2.3 (Figure 3), 2.4, 2.5 and 3.1.4; QuickGELU, four
times the width in a feed-forward layer, and `ensemble` as in the released code and notebook.
Differs: attention has no biases and the patches have one, as in the page on ViT; weights start as
PyTorch's, not with the released code's deviations; no ResNet (any module that gives features may
be the picture encoder).

Letters: b batch, n tokens, i pictures, t texts, e width of the shared space, d width of an encoder.
"""

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from nexus.attention.multi_head_attention import MultiHeadAttention
from nexus.nn.backbone import Block

LARGEST = 100.0
"""By no more than this are cosines ever multiplied (section 2.5)."""


def similarity(
    images: Float[Tensor, "i e"], texts: Float[Tensor, "t e"], log_scale: Float[Tensor, ""]
) -> Float[Tensor, "i t"]:
    """Logits e^s cos(image, text), of any number of pictures and texts (Figure 3)."""
    return log_scale.exp() * normalize(images, dim=1) @ normalize(texts, dim=1).mT


def symmetric_loss(logits: Float[Tensor, "i t"]) -> Float[Tensor, ""]:
    """Cross-entropy of each picture's text and of each text's picture, averaged; in nats.

    Row and column j belong together (Figure 3). Who knows nothing pays log of the batch size.

    Raises:
        ValueError: there are more pictures than texts, or fewer.
    """
    if logits.shape[0] != logits.shape[1]:
        raise ValueError(f"{len(logits)} pictures and {logits.shape[1]} texts are not pairs")
    pair = torch.arange(len(logits), device=logits.device)
    return (cross_entropy(logits, pair) + cross_entropy(logits.mT, pair)) / 2


def ensemble(texts: Float[Tensor, "classes prompts e"]) -> Float[Tensor, "classes e"]:
    """One text a class out of several: the mean direction of its prompts (section 3.1.4).

    Each prompt counts alike, whatever its length; so it is as cheap as one prompt.
    """
    return normalize(normalize(texts, dim=2).mean(1), dim=1)


class QuickGELU(nn.Module):
    """x σ(1.702 x), which stands for GELU in the released weights; the two differ by up to 0.02."""

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        return x * torch.sigmoid(1.702 * x)


def encoder_block(dim: int, *, heads: int, mask: Callable[[Tensor, Tensor], Tensor]) -> Block:
    """A layer of either encoder: `masks.full` for pictures, `masks.causal` for texts."""
    ffn = nn.Sequential(nn.Linear(dim, 4 * dim), QuickGELU(), nn.Linear(4 * dim, dim))
    return Block(MultiHeadAttention(dim, heads=heads, mask=mask), ffn, partial(nn.LayerNorm, dim))


class TextEncoder(nn.Module):
    """Token ids in, one vector a text out: the last layer at the end token (section 2.4).

    `embed(ids, index)` gets the places too. With causal blocks nothing after the first `end`, so
    no padding, makes a difference.
    """

    def __init__(
        self,
        embed: nn.Module,
        blocks: Iterable[nn.Module],
        norm: nn.Module,
        head: nn.Module,
        *,
        end: int,
    ):
        super().__init__()
        self.embed, self.norm, self.head, self.end = embed, norm, head, end
        self.blocks: Any = nn.Sequential(*blocks)

    def forward(self, ids: Int[Tensor, "b n"]) -> Float[Tensor, "b e"]:
        """The text features, of any length.

        Raises:
            ValueError: a text has no end, as one cut short would not.
        """
        ends = ids == self.end
        if not (ended := ends.any(1)).all():
            raise ValueError(f"text {int((~ended).nonzero()[0])} has no end token {self.end}")
        x = self.blocks(self.embed(ids, torch.arange(ids.shape[1], device=ids.device)))
        last = x[torch.arange(len(ids), device=ids.device), ends.int().argmax(1)]  # b d
        return self.head(self.norm(last))


class CLIP(nn.Module):
    """Pictures and texts in, their logits out; each encoder ends in a linear map to e numbers.

    The scale of the cosines is learned as its logarithm, from 1 / 0.07 on (sections 2.3 and 2.5).
    """

    def __init__(self, vision: nn.Module, text: nn.Module):
        super().__init__()
        self.vision, self.text = vision, text
        self.log_scale = nn.Parameter(torch.tensor(-math.log(0.07)))

    def forward(
        self, images: Float[Tensor, "i k h w"], ids: Int[Tensor, "t n"]
    ) -> Float[Tensor, "i t"]:
        return similarity(self.vision(images), self.text(ids), self.log_scale)

    def clip_scale_(self) -> None:
        """After each step: a scale above 100 becomes 100, from where its gradient still leads."""
        with torch.no_grad():
            self.log_scale.clamp_(max=math.log(LARGEST))
