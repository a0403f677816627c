"""A small scene of known geometry, seen by pinhole cameras and drawn by tracing rays.

Three balls, one of them striped, stand on a round chequered floor under one distant lamp, before
white. All sizes are in units of the floor's radius; z points up.

Source: Whitted 1980, An Improved Illumination Model for Shaded Display,
https://doi.org/10.1145/358876.358882 (rays to the eye and to the lamp).
Differs: no mirrors and no glass, so every surface looks the same from all sides.

Letters: s solid bodies (the balls, then the floor).
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

BALLS = (  # centre, radius, red, green, blue
    ((0.1, -0.35, 0.35), 0.35, (0.85, 0.25, 0.2)),
    ((-0.4, 0.3, 0.25), 0.25, (0.2, 0.4, 0.8)),
    ((0.45, 0.35, 0.2), 0.2, (0.95, 0.75, 0.2)),
)
LAMP = (0.48, -0.36, 0.8)  # the direction towards it, of length 1
AMBIENT = 0.35  # of the light that reaches a shadow
NEAR = 1e-4  # nothing nearer is hit, so that a surface does not shade itself


class Rays(NamedTuple):
    """Half-lines: origin + t · direction, t ≥ 0; directions have length 1."""

    origins: Float[Tensor, "*b 3"]
    directions: Float[Tensor, "*b 3"]


class Seen(NamedTuple):
    """What rays meet: its colour, 0 to 1, and how far away it is, infinity where nothing is."""

    colors: Float[Tensor, "*b 3"]
    distances: Float[Tensor, "*b"]


def camera(azimuth: float, elevation: float, *, distance: float = 3.0) -> Float[Tensor, "3 4"]:
    """A camera's right, down and forward as columns, then its place; it looks at the middle.

    Angles in radians. The middle is 0.25 above the floor's centre; from an elevation of π/2, right
    above it, no direction is to the right.
    """
    outward = torch.tensor(
        [
            math.cos(elevation) * math.cos(azimuth),
            math.cos(elevation) * math.sin(azimuth),
            math.sin(elevation),
        ]
    )
    right = torch.tensor([-math.sin(azimuth), math.cos(azimuth), 0.0])
    place = distance * outward + torch.tensor([0.0, 0.0, 0.25])
    return torch.stack([right, torch.linalg.cross(right, outward), -outward, place], 1)


def rays(pose: Float[Tensor, "3 4"], pixels: int, *, width: float = 0.9) -> Rays:
    """The rays through the middles of `pixels` by `pixels` pixels, row by row from the top left.

    `width` is that of the picture at distance 1 from the camera.
    """
    middle = (torch.arange(pixels, device=pose.device) + 0.5) / pixels - 0.5
    down, right = torch.meshgrid(width * middle, width * middle, indexing="ij")
    inside = torch.stack([right, down, torch.ones_like(right)], -1).to(pose)
    directions = normalize(inside @ pose[:, :3].mT, dim=-1)
    return Rays(pose[:, 3].expand_as(directions), directions)


def trace(seeing: Rays) -> Seen:
    """The first surface on each ray, lit by the lamp or in another's shadow; else white."""
    origins, directions = seeing
    distances = _distances(seeing)  # *b s
    nearest, body = distances.min(-1)
    points = origins + nearest.nan_to_num(posinf=0)[..., None] * directions
    lamp = origins.new_tensor(LAMP)
    lit = _distances(Rays(points, lamp.expand_as(points))).amin(-1).isinf()  # dark sides are not
    normals, paint = _surface(points, body)
    colors = paint * (AMBIENT + (1 - AMBIENT) * lit * (normals @ lamp))[..., None]
    return Seen(torch.where(nearest.isinf()[..., None], 1, colors), nearest)


def _distances(seeing: Rays) -> Float[Tensor, "*b s"]:
    """Along each ray to the first point of each body, infinity where it is missed."""
    origins, directions = seeing
    centers = origins.new_tensor([center for center, _, _ in BALLS])
    radii = origins.new_tensor([radius for _, radius, _ in BALLS])
    gap = origins[..., None, :] - centers
    along = (gap * directions[..., None, :]).sum(-1)
    inside = along**2 - gap.square().sum(-1) + radii**2  # below 0 where the ball is missed
    balls = torch.where(inside > 0, -along - inside.clamp(min=0).sqrt(), math.inf)
    floor = -origins[..., 2] / directions[..., 2]
    on_it = origins[..., :2] + floor.nan_to_num()[..., None] * directions[..., :2]
    floor = torch.where(on_it.norm(dim=-1) < 1, floor, math.inf)
    found = torch.cat([balls, floor[..., None]], -1)
    return torch.where(found > NEAR, found, math.inf)


def _surface(points: Float[Tensor, "*b 3"], body: Tensor) -> tuple[Tensor, Tensor]:
    """The normals, of length 1, and the colours of the paint at points of those bodies."""
    centers = points.new_tensor([*(center for center, _, _ in BALLS), (0, 0, 0)])
    floor = body == len(BALLS)
    normals = normalize(points - centers[body], dim=-1)
    normals = torch.where(floor[..., None], points.new_tensor((0, 0, 1)), normals)
    squares = (5 * points[..., :2]).floor().sum(-1) % 2  # a fifth of the floor's radius wide
    grey = 0.35 + 0.55 * squares
    paint = points.new_tensor([*(color for _, _, color in BALLS), (0, 0, 0)])[body]
    paint = torch.where(floor[..., None], grey[..., None], paint)
    striped = (body == 0) & ((20 * points[..., 2]).floor() % 2 == 0)
    return normals, torch.where(striped[..., None], points.new_tensor((0.95, 0.9, 0.85)), paint)
