"""Neural radiance fields: a scene as a network, seen by adding up colours along rays.

Source: Mildenhall et al. 2020, NeRF: Representing Scenes as Neural Radiance Fields for View
Synthesis, https://arxiv.org/abs/2003.08934, sections 3 to 5 (equations 2 to 6), appendix A.
Differs: the loss is a mean, not a sum; density begins as thin fog, as 0 all over has no gradient.
Where the paper says nothing: the last sample reaches to the end of the ray, behind which all is
white; new samples fall, at stratified fractions, into bins that end halfway between the first.

Letters: b rays, n samples a ray, m more samples, p numbers, e encoded numbers.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from nexus.data.scene import Rays, Seen

Samples = Float[Tensor, "b n"]
Many = Float[Tensor, "b m"]
Vectors = Float[Tensor, "*b 3"]
Encoding = Callable[[Vectors], Float[Tensor, "*b e"]]
Field = Callable[[Vectors, Vectors], tuple[Float[Tensor, "*b"], Vectors]]
RARE = 1e-5  # added to each weight, so that a ray that meets nothing is sampled evenly


class Stretch(NamedTuple):
    """The part of each ray that is looked at, in lengths of its direction."""

    near: Float[Tensor, " b"]
    far: Float[Tensor, " b"]


def encode(x: Float[Tensor, "*b p"], *, octaves: int) -> Float[Tensor, "*b e"]:
    """sin(2^l π x), cos(2^l π x) for l = 0 … octaves - 1, number by number (equation 4).

    x and x + 2 become the same, so x should be within [-1, 1]. x itself is left out.
    """
    angle = math.pi * x[..., None] * 2.0 ** torch.arange(octaves, device=x.device)
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(-3)


def crossing(rays: Rays, low: Float[Tensor, "3"], high: Float[Tensor, "3"]) -> Stretch:
    """Where rays are within a box; of no length where they miss it (appendix A)."""
    sides = (torch.stack([low, high])[:, None] - rays.origins) / rays.directions  # 2 b 3
    near = sides.amin(0).amax(1).clamp(min=0)
    return Stretch(near, sides.amax(0).amin(1).maximum(near))


def stratified(within: Stretch, uniform: Samples) -> Samples:
    """t_i = near + (i - 1 + u_i) / n · (far - near), one in each of n bins (equation 2).

    u is uniform on [0, 1); 1/2 gives the middles of the bins.
    """
    steps = torch.arange(uniform.shape[1], device=uniform.device)
    near, far = (end[:, None] for end in within)
    return near + (steps + uniform) / len(steps) * (far - near)


def weights(density: Samples, length: Samples) -> Samples:
    """w_i = T_i (1 - exp(-σ_i δ_i)), T_i = exp(-Σ_{j<i} σ_j δ_j): where a ray ends (equation 5)."""
    thickness = density * length
    before = F.pad(thickness, (1, -1)).cumsum(1)
    return (-before).exp() * -torch.expm1(-thickness)


def march(field: Field, rays: Rays, t: Samples, far: Float[Tensor, " b"]) -> tuple[Seen, Samples]:
    """What rays see of a field at rising t, before white (equation 3), and the weights.

    t is in lengths of a direction. The distance is the mean of where a ray ends, at most at `far`.

    Raises:
        ValueError: t is not in order.
    """
    points = rays.origins[:, None] + t[..., None] * rays.directions[:, None]
    size = rays.directions.norm(dim=1, keepdim=True)
    density, colors = field(points, (rays.directions / size)[:, None].expand_as(points))
    length = torch.cat([t, far[:, None]], 1).diff(dim=1) * size
    if (length < 0).any():
        raise ValueError(f"samples are not in order: one piece is {length.min():.3g} long")
    w = weights(density, length)
    through = 1 - w.sum(1)
    seen = torch.einsum("bn,bnc->bc", w, colors) + through[:, None]
    return Seen(seen, ((w * t).sum(1) + through * far) * size[:, 0]), w


def resample(t: Samples, w: Samples, within: Stretch, passed: Many) -> Many:
    """Where that share of a ray's weight has passed: inverse transform sampling (section 5.2).

    The weight of a sample is spread evenly over its bin. It is taken as given: no gradient.
    """
    middles = (t[:, 1:] + t[:, :-1]) / 2
    edges = torch.cat([within.near[:, None], middles, within.far[:, None]], 1)
    shares = F.pad((w.detach() + RARE).cumsum(1), (1, 0))
    shares = shares / shares[:, -1:]
    bins = torch.searchsorted(shares, passed, right=True).clamp(max=t.shape[1])
    low, left = shares.gather(1, bins - 1), edges.gather(1, bins - 1)
    high, right = shares.gather(1, bins), edges.gather(1, bins)
    return left + (passed - low) / (high - low) * (right - left)


def render(
    coarse: Field, fine: Field, rays: Rays, within: Stretch, uniform: tuple[Samples, Many]
) -> tuple[Seen, Seen]:
    """What both fields show: coarse of n samples, fine of these and m more (section 5.2).

    `uniform` are numbers in [0, 1): random to train, 1/2 for pictures.
    """
    t = stratified(within, uniform[0])
    seen, w = march(coarse, rays, t, within.far)
    whole = Stretch(torch.zeros_like(within.near), torch.ones_like(within.near))
    more = resample(t, w, within, stratified(whole, uniform[1]))
    return seen, march(fine, rays, torch.cat([t, more], 1).sort(1).values, within.far)[0]


def loss(seen: tuple[Seen, Seen], colors: Float[Tensor, "b 3"]) -> Float[Tensor, ""]:
    """The mean squared errors of both renderings, added (equation 6)."""
    return F.mse_loss(seen[0].colors, colors) + F.mse_loss(seen[1].colors, colors)


class RadianceField(nn.Module):
    """σ ≥ 0 from the position alone, colour from position and direction (section 3, figure 7).

    `layers` stand before and after the encoded position comes in again, 5 and 3 of width 256 there.
    """

    def __init__(self, width: int, *, layers: tuple[int, int], place: Encoding, view: Encoding):
        super().__init__()
        self.place, self.view = place, view
        places, views = (len(part(torch.zeros(3))) for part in (place, view))
        before, after = ([width] * count for count in layers)
        self.before, self.after = _relu(places, *before), _relu(width + places, *after)
        self.density, self.feature = nn.Linear(width, 1), nn.Linear(width, width)
        nn.init.constant_(self.density.bias, 0.1)
        self.color = _relu(width + views, width // 2).append(nn.Linear(width // 2, 3))

    def forward(self, points: Vectors, directions: Vectors) -> tuple[Float[Tensor, "*b"], Vectors]:
        place = self.place(points)
        features = self.after(torch.cat([self.before(place), place], -1))
        seen = torch.cat([self.feature(features), self.view(directions)], -1)
        return self.density(features)[..., 0].relu(), self.color(seen).sigmoid()


def _relu(*widths: int) -> nn.Sequential:
    pairs = zip(widths, widths[1:], strict=False)
    return nn.Sequential(*(part for a, b in pairs for part in (nn.Linear(a, b), nn.ReLU())))
