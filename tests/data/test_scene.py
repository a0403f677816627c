"""The scene against points of it that are worked by hand."""

import math
from functools import partial

import pytest
import torch
from torch.testing import assert_close

from nexus.data.scene import BALLS, LAMP, Rays, camera, rays, trace

BRIGHT = 0.35 + 0.65 * 0.8  # where the lamp, 0.8 of its direction upwards, shines on the flat


def below(*place):
    """What stands right below a place."""
    color, distance = trace(Rays(torch.tensor(place), torch.tensor([0.0, 0.0, -1.0])))
    return color, distance.item()


def test_the_lamp_has_length_1():
    assert_close(torch.tensor(LAMP).norm(), torch.tensor(1.0))


def test_a_ball_from_above():
    color, distance = below(0.45, 0.35, 3.0)
    assert_close(distance, 3 - 0.4)
    assert_close(color, BRIGHT * torch.tensor([0.95, 0.75, 0.2]))


@pytest.mark.parametrize("height, paint", [(0.38, (0.85, 0.25, 0.2)), (0.32, (0.95, 0.9, 0.85))])
def test_stripes(height, paint):  # 20 · 0.38 is 7.6, odd; 20 · 0.32 is 6.4, even
    seen = trace(Rays(torch.tensor([3.0, -0.35, height]), torch.tensor([-1.0, 0.0, 0.0])))
    up = (height - 0.35) / 0.35
    shining = torch.tensor([(1 - up**2) ** 0.5, 0.0, up]) @ torch.tensor(LAMP)
    assert_close(seen.colors, (0.35 + 0.65 * shining) * torch.tensor(paint))


def test_a_ball_from_the_side():  # where it is hit its normal is (0, -0.96, 0.28); no stripes
    seen = trace(Rays(torch.tensor([-0.4, -3.0, 0.32]), torch.tensor([0.0, 1.0, 0.0])))
    shining = 0.96 * 0.36 + 0.28 * 0.8
    assert_close(seen.distances, torch.tensor(3.06))
    assert_close(seen.colors, (0.35 + 0.65 * shining) * torch.tensor([0.2, 0.4, 0.8]))


def test_the_floor():
    assert_close(below(0.9, 0.1, 2.0)[0], torch.full((3,), 0.35 * BRIGHT))
    assert_close(below(0.9, -0.1, 2.0)[0], torch.full((3,), 0.9 * BRIGHT))
    assert_close(below(-0.9, 0.3, 2.0), (torch.full((3,), 0.35 * BRIGHT), 2.0))
    assert below(0.9, 0.5, 2.0)[1] == math.inf and below(0.9, 0.5, 2.0)[0].eq(1).all()


def test_a_shadow():
    (x, y, z), *_ = BALLS[1]
    along = z / LAMP[2]  # from its centre away from the lamp, down to the floor
    color, distance = below(x - along * LAMP[0], y - along * LAMP[1], 0.01)
    assert_close(distance, 0.01)
    assert min(abs(color - 0.35 * grey).max() for grey in (0.35, 0.9)) < 1e-9


def test_what_is_hit_lies_on_a_body():
    looking = rays(camera(0.7, 0.4), 40)
    _, distances = trace(looking)
    hit = distances.isfinite()
    points = (looking.origins + distances[..., None] * looking.directions)[hit]
    on = [(points - torch.tensor(c)).norm(dim=-1) - r for c, r, _ in BALLS] + [points[:, 2]]
    off = torch.stack(on).abs()
    assert off.amin(0).max() < 1e-9 and 0.2 < hit.double().mean() < 0.6
    assert all((off[body] < 1e-9).sum() > 5 for body in range(4))


def test_a_camera_looks_at_the_middle():
    pose, looking = camera(0.0, 0.0, distance=2.0), rays(camera(0.7, 0.4), 5)
    assert_close(pose[:, :3], torch.tensor([[0, 0, -1], [1, 0, 0], [0, -1, 0]]).double())
    assert_close(pose[:, 3], torch.tensor([2, 0, 0.25]))
    assert_close(looking.directions.norm(dim=-1), torch.ones(5, 5))
    middle = looking.origins[2, 2] + 3 * looking.directions[2, 2]
    assert_close(middle, torch.tensor([0, 0, 0.25]))
    corner = rays(pose, 4, width=0.8).directions[0, 3]  # top right: up, and to larger y
    assert_close(corner, torch.tensor([-1, 0.3, 0.3]) / 1.18**0.5)


def examples():
    looking = rays(camera(0.7, 1.2), 5, width=0.2)  # all of them meet something
    return [
        (partial(camera, 0.7, 0.4), ()),
        (partial(rays, pixels=5), (camera(0.7, 0.4),)),
        (partial(trace), (looking,)),
    ]
