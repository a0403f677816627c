"""Masked autoencoders: an encoder sees a quarter of a picture, a decoder fills in the rest.

Source: He et al. 2021, Masked Autoencoders Are Scalable Vision Learners,
https://arxiv.org/abs/2111.06377, section 3 and appendix A.1.
Differs: the number of visible patches is given, not a ratio; no biases in attention, as in ViT;
weights start as PyTorch's layers do, not by Xavier. Of the places the paper says "sine-cosine";
their layout, the class token's 0 and the unbiased variance are those of the authors' code.

Letters: b batch, k channels, h w height and width in pixels, n patches, v visible patches,
m tokens that the encoder reads, p numbers in a patch, d width of the encoder or the decoder.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor, nn

from nexus.nn.patches import to_patches
from nexus.vision.vision_transformers.vit import Embedding, VisionTransformer


class Shuffle(NamedTuple):
    """Which patches of each picture stay, and the way back."""

    kept: Int[Tensor, "b v"]  # the visible patches, in the shuffled order
    restore: Int[Tensor, "b n"]  # where each patch stands in the shuffled order
    mask: Bool[Tensor, "b n"]  # True for a patch that is removed


def shuffle(noise: Float[Tensor, "b n"], visible: int) -> Shuffle:
    """Sort the patches of each picture by noise of its own; the first `visible` stay.

    Raises:
        ValueError: nothing would be visible, or nothing masked.
    """
    if not 0 < visible < noise.shape[1]:
        raise ValueError(f"visible={visible} of {noise.shape[1]} patches is none or all")
    order = noise.argsort(1)
    restore = order.argsort(1)
    return Shuffle(order[:, :visible], restore, restore >= visible)


def places(rows: int, columns: int, dim: int) -> Float[Tensor, "m d"]:
    """Fixed places: 0 for the class token, then [sin xω, cos xω, sin yω, cos yω] row by row.

    x counts columns and y rows from 0; ω_i = 10000^(-4 i / dim), i = 0 … dim / 4 - 1.

    Raises:
        ValueError: `dim` is not a multiple of 4.
    """
    if dim % 4:
        raise ValueError(f"dim={dim} is not a multiple of 4")
    omega = 10000 ** -(torch.arange(0, dim, 4) / dim)
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    angles = [each.flatten()[:, None] * omega for each in (x, y)]
    grid = torch.cat([wave(a) for a in angles for wave in (torch.sin, torch.cos)], 1)
    return nn.functional.pad(grid, (0, 0, 1, 0))


def embedding(dim: int, *, pixels: int, patch: int, channels: int) -> Embedding:
    """ViT's embedding of square pictures, with fixed places in place of learned ones."""
    embed = Embedding(dim, pixels=pixels, patch=patch, channels=channels)
    side = pixels // patch
    embed.place = nn.Parameter(places(side, side, dim), requires_grad=False)
    return embed


class Decoder(nn.Module):
    """Guesses all patches, in `grid` rows and columns and each of `numbers`, from codes of a few.

    `code` is the encoder's width, `dim` that of the decoder and its `blocks`.
    """

    def __init__(
        self,
        dim: int,
        blocks: Iterable[nn.Module],
        *,
        code: int,
        grid: tuple[int, int],
        numbers: int,
    ):
        super().__init__()
        self.embed, self.blocks = nn.Linear(code, dim), nn.Sequential(*blocks)
        self.norm, self.predict = nn.LayerNorm(dim, eps=1e-6), nn.Linear(dim, numbers)
        self.mask = nn.Parameter(torch.randn(dim) * 0.02)
        self.place = nn.Parameter(places(*grid, dim), requires_grad=False)

    def forward(
        self, code: Float[Tensor, "b m d"], restore: Int[Tensor, "b n"]
    ) -> Float[Tensor, "b n p"]:
        x = self.embed(code)
        hidden = self.mask.expand(len(x), restore.shape[1] + 1 - x.shape[1], -1)
        patches = torch.cat([x[:, 1:], hidden], 1).take_along_dim(restore[..., None], 1)
        x = torch.cat([x[:, :1], patches], 1) + self.place
        return self.predict(self.norm(self.blocks(x)))[:, 1:]


class MAE(nn.Module):
    """`encoder`, a ViT whose head is unused, reads `visible` patches; `decoder` guesses all."""

    def __init__(self, encoder: VisionTransformer, decoder: nn.Module, *, visible: int):
        super().__init__()
        self.encoder: Any = encoder
        self.decoder: Any = decoder
        self.visible = visible

    def encode(
        self, images: Float[Tensor, "b k h w"], kept: Int[Tensor, "b v"]
    ) -> Float[Tensor, "b m d"]:
        """The code of the class token and of the patches `kept`, in that order."""
        x = self.encoder.embed(images)
        x = torch.cat([x[:, :1], x[:, 1:].take_along_dim(kept[..., None], 1)], 1)
        return self.encoder.norm(self.encoder.blocks(x))

    def forward(
        self, images: Float[Tensor, "b k h w"], noise: Float[Tensor, "b n"]
    ) -> tuple[Float[Tensor, "b n p"], Bool[Tensor, "b n"]]:
        """A guess of every patch, and which of them were masked."""
        kept, restore, mask = shuffle(noise, self.visible)
        return self.decoder(self.encode(images, kept), restore), mask


def normalized(patches: Float[Tensor, "b n p"]) -> Float[Tensor, "b n p"]:
    """(x - mean) / √(variance + 1e-6), over the numbers of a patch; better in the paper."""
    variance, mean = torch.var_mean(patches, 2, keepdim=True)
    return (patches - mean) / (variance + 1e-6).sqrt()


def masked_mse(
    guess: Float[Tensor, "b n p"], target: Float[Tensor, "b n p"], mask: Bool[Tensor, "b n"]
) -> Float[Tensor, ""]:
    """The mean squared error over masked patches; visible ones do not count."""
    return (guess - target)[mask].square().mean()


def pretraining_loss(
    model: MAE,
    images: Float[Tensor, "b k h w"],
    *,
    target: Callable[[Tensor], Tensor] = lambda patches: patches,
    generator: Generator | None = None,
) -> Float[Tensor, ""]:
    """One step's loss, each picture with a mask of its own; `target` may be `normalized`."""
    patches = to_patches(images, model.encoder.embed.patch)
    size, like = patches.shape[:2], {"dtype": images.dtype, "device": images.device}
    guess, mask = model(images, torch.rand(size, generator=generator, **like))
    return masked_mse(guess, target(patches), mask)
