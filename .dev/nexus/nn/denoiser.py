"""The network of the small image experiments: a picture and a time in, a picture out.

Letters: b batch, h w height and width in pixels, c channels, e numbers that stand for the time.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class TimeWaves(nn.Module):
    """A time in [0, 1] as sines and cosines of `waves` frequencies, 1 to 1000 radians."""

    frequency: Tensor

    def __init__(self, waves: int):
        super().__init__()
        self.register_buffer("frequency", 1000 ** torch.linspace(0, 1, waves))

    def forward(self, t: Float[Tensor, " b"]) -> Float[Tensor, "b e"]:
        angle = t[:, None] * self.frequency
        return torch.cat([angle.sin(), angle.cos()], dim=1)


class TimedBlock(nn.Module):
    """x + conv(silu(conv(norm(x) · (1 + scale) + shift))); scale and shift come from the time."""

    def __init__(self, width: int, waves: int):
        super().__init__()
        self.norm = nn.GroupNorm(4, width, affine=False)
        self.modulate = nn.Linear(2 * waves, 2 * width)
        self.before, self.after = (nn.Conv2d(width, width, 3, padding=1) for _ in "ba")

    def forward(
        self, x: Float[Tensor, "b c h w"], time: Float[Tensor, "b e"]
    ) -> Float[Tensor, "b c h w"]:
        scale, shift = self.modulate(time)[:, :, None, None].chunk(2, dim=1)
        timed = self.norm(x) * (1 + scale) + shift
        return x + self.after(nn.functional.silu(self.before(timed)))


class Denoiser(nn.Module):
    """`depth` residual blocks of 3 × 3 convolutions, `width` channels; each is told t.

    For grey pictures of `size` by `size` pixels, each of which has a learned place. It starts as
    the zero function, so that the first loss is what it costs to know nothing.

    Raises:
        ValueError: `width` is not a multiple of 4, the number of groups in a norm.
    """

    def __init__(self, size: int, *, width: int = 24, depth: int = 3, waves: int = 32):
        super().__init__()
        if width % 4:
            raise ValueError(f"width={width} is not a multiple of 4")
        self.time = TimeWaves(waves)
        self.read = nn.Conv2d(1, width, 3, padding=1)
        self.place = nn.Parameter(torch.zeros(width, size, size))
        self.blocks = nn.ModuleList(TimedBlock(width, waves) for _ in range(depth))
        self.write = nn.Conv2d(width, 1, 3, padding=1)
        nn.init.zeros_(self.write.weight)
        nn.init.zeros_(self.write.bias)  # type: ignore[arg-type]

    def forward(self, x: Float[Tensor, "b h w"], t: Float[Tensor, " b"]) -> Float[Tensor, "b h w"]:
        time, features = self.time(t), self.read(x[:, None]) + self.place
        for block in self.blocks:
            features = block(features, time)
        return self.write(features)[:, 0]
