"""Neural radiance fields against nerfacc, and the laws of rays that end in fog."""

import math
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import grad
from torch.testing import assert_close

from nexus.data.scene import Rays, Seen
from nexus.vision.nerf_3d import nerf
from nexus.vision.nerf_3d.nerf import Stretch, encode, march, resample, stratified, weights

EAST = Rays(torch.zeros(2, 3), torch.tensor([[1.0, 0, 0], [2, 0, 0]]))


def some(rays):  # directions of any length, and a stretch for each ray
    near, length = torch.rand(2, rays)
    return Rays(*torch.randn(2, rays, 3)), Stretch(near, near + 1 + length)


def octaves(*counts):
    return dict(zip(("place", "view"), (partial(encode, octaves=c) for c in counts), strict=True))


def interpolated(t, w, within, passed):
    edges = torch.cat([within.near[:, None], (t[:, 1:] + t[:, :-1]) / 2, within.far[:, None]], 1)
    chance = w.detach().numpy() + 1e-5
    shares = np.pad((chance / chance.sum(1, keepdims=True)).cumsum(1), [(0, 0), (1, 0)])
    rows = [np.interp(*row) for row in zip(passed, shares, edges, strict=True)]
    return torch.tensor(np.stack(rows))


def small(width=8, places=3):
    net = nerf.RadianceField(width, layers=(3, 2), **octaves(places, 2))
    nn.init.constant_(net.density.bias, 0.5)
    return net


def test_both_passes_match_nerfacc(matches):
    nerfacc, nets = pytest.importorskip("nerfacc"), [small(), small(6, 4)]
    (shoot, within), uniform = some(4), (torch.rand(4, 5), torch.rand(4, 7))
    size, (near, far) = shoot.directions.norm(dim=1, keepdim=True), (x[:, None] for x in within)
    seen = nerf.render(nets[0], nets[1], shoot, within, uniform)
    t = near + (far - near) * (torch.arange(5) + uniform[0]) / 5
    for net, ours in zip(nets, seen, strict=True):

        def field(start, end, _, net=net):  # in true lengths, along directions of length 1
            looking = (shoot.directions / size)[:, None].expand(*start.shape, 3)
            return net(shoot.origins[:, None] + start[..., None] * looking, looking)[::-1]

        lengths = t * size, torch.cat([t[:, 1:], far], 1) * size
        wants, met, _, more = nerfacc.rendering(*lengths, rgb_sigma_fn=field, render_bkgd=1)
        matches(nerfacc.rendering, ours.colors, wants, wrt=[*net.parameters()])
        mean = nerfacc.accumulate_along_rays(more["weights"], lengths[0][..., None])
        mean, dense = mean + (1 - met) * far * size, [*net.before.parameters(), net.density.weight]
        matches(nerfacc.accumulate_along_rays, ours.distances, mean[:, 0], wrt=dense)
        found = interpolated(t, more["weights"], within, (torch.arange(7) + uniform[1]) / 7)
        t = torch.cat([t, found], 1).sort(1).values


def test_parts_match_nerfacc_and_numpy(matches):
    nerfacc, theirs = (pytest.importorskip(name) for name in ("nerfacc", "nerfacc.grid"))
    given = density, length = [torch.rand(4, 7, requires_grad=True) for _ in "dl"]
    t, theirs = length.cumsum(1), theirs._ray_aabb_intersect
    by_density, by_alpha = nerfacc.render_weight_from_density, nerfacc.render_weight_from_alpha
    ours, alpha = weights(density, length), 1 - (-density * length).exp()
    matches(by_density, ours, by_density(t - length, t, density)[0], wrt=given)
    matches(by_alpha, ours, by_alpha(alpha)[0], wrt=given)
    box, (shoot, within) = torch.tensor([[-1.0, -0.5, -0.7, 0.9, 1.1, 1.3]]), some(200)
    shoot = shoot._replace(origins=shoot.origins.requires_grad_())
    *want, hits = (x[:, 0] for x in theirs(*shoot, box, near_plane=0.0))
    both = torch.stack(nerf.crossing(shoot, box[0, :3], box[0, 3:]))
    matches(theirs, both[:, hits], torch.stack(want)[:, hits], wrt=shoot[:1])
    assert 20 < hits.sum() < 180 and (both[0, ~hits] == both[1, ~hits]).all()
    given = stratified(within, torch.rand(200, 5)), torch.rand(200, 5) ** 4, within
    given = *given, torch.rand(200, 11)
    matches(np.interp, resample(*given), interpolated(*given), wrt=None)


def by_squaring(x, count):
    """Equation 4: e^{i π x}, squared again and again; imaginary and real parts."""
    turns = [torch.exp(1j * math.pi * x) ** (2**at) for at in range(count)]
    return torch.stack([part for turn in turns for part in (turn.imag, turn.real)], -1).flatten(-2)


def of_the_paper(weight, place, view):
    """Figure 7: places come in again after three layers, directions after the density."""
    layer = lambda *x: F.linear(torch.cat(x, -1), next(weight), next(weight))  # noqa: E731
    x = layer(layer(layer(layer(place).relu()).relu()).relu(), place).relu()
    x = layer(x).relu()
    density, feature = layer(x).relu(), layer(x)
    return torch.cat([density, layer(layer(feature, view).relu()).sigmoid()], -1)


def test_field_and_encoding_are_what_they_stand_for(transcribed):
    x, d, net = *(torch.randn(4, 3, requires_grad=True) for _ in "xd"), small()
    place, view, (density, colors) = by_squaring(x, 3), by_squaring(d, 2), net(x, d)
    transcribed(by_squaring, encode(x, octaves=3), place, wrt=[x])
    ours, weight = torch.cat([density[:, None], colors], 1), [*net.parameters()]
    wants = of_the_paper(iter(weight), place, view)
    transcribed(of_the_paper, ours, wants, wrt=[x, d, *weight])


@pytest.mark.law("even fog stops 1 - exp(-σ L) of a ray, in however many pieces it is asked")
def test_fog():
    (shoot, within), black = some(3), lambda x, _: (0 * x[..., 0] + 0.7, 0 * x)
    for samples in (1, 2, 30):
        t = stratified(within, torch.rand(3, samples))
        seen, w = march(black, shoot, t, within.far)
        through = (-0.7 * (within.far - t[:, 0]) * shoot.directions.norm(dim=1)).exp()
        assert_close(seen.colors, through[:, None].expand(3, 3))
        assert_close(w.sum(1), 1 - through)


@pytest.mark.law("a wall hides what is behind, order counts, and cutting an even piece does not")
def test_walls():
    t, far = torch.tensor([[0.5, 1.5, 2.5, 3.5], [0.2, 0.7, 1.2, 1.7]]), torch.tensor([4.0, 2.0])
    paint = torch.rand(2, 4, 3, requires_grad=True)
    walls = [lambda x, _, c=c: (1e4 * (x[..., 0] > 1), c) for c in (paint, paint.flip(1))]
    seen, other = (march(wall, EAST, t, far)[0] for wall in walls)
    assert (seen.colors - other.colors).abs().min() > 1e-3
    assert grad(seen.colors.sum(), paint)[0].amax((0, 2)).tolist() == [0, 1, 0, 0]
    assert_close(seen.distances, torch.tensor([1.5, 1.4]))  # the second is twice its t
    more = torch.cat([t, torch.tensor([[2.8], [1.4]])], 1).sort(1).values
    cut = [march(lambda x, _: (x[..., 0].floor(), x.floor()), EAST, y, far)[0] for y in (t, more)]
    assert_close(cut[0].colors, cut[1].colors)


@pytest.mark.law("samples keep to their bins; new ones are as many as weights say, or lie evenly")
def test_samples():
    within, w = Stretch(torch.zeros(2), torch.tensor([1.0, 4.0])), torch.zeros(2, 4)
    w[0, 1], w[0, 3], u = 0.1, 0.3, torch.rand(2, 8000)
    passed = stratified(within, u) / within.far[:, None]
    assert_close(passed * 8000 - torch.arange(8000), u)
    t = stratified(within, torch.full((2, 4), 0.5))
    found = resample(t, w, within, passed)
    counts = torch.stack([x.histc(4, 0, top) for x, top in zip(found, (1, 4), strict=True)])
    assert_close(counts, torch.tensor([[0.0, 2000, 0, 6000], [2000.0] * 4]), atol=1, rtol=0)
    assert_close(resample(t, w, within, torch.eye(2)[[1, 1]]), torch.stack(within, 1))


@pytest.mark.law("density knows no direction; the fine picture trains one network, asked in order")
def test_passes():
    nets, (shoot, within), asked = [small(), small()], some(4), []
    uniform, fine = (torch.rand(4, 5), torch.rand(4, 9)), lambda *x: asked.extend(x) or nets[1](*x)
    coarse, seen = nerf.render(nets[0], fine, shoot, within, uniform)
    slopes = grad(seen.colors.sum(), [*nets[0].parameters()], allow_unused=True)
    assert all(slope is None for slope in slopes) and coarse.colors.requires_grad
    t = ((asked[0] - shoot.origins[:, None]) / shoot.directions[:, None])[..., 0]
    assert t.shape == (4, 14) and t.diff().min() > 0
    (density, colors), (again, others) = (nets[1](asked[0], d) for d in (asked[1], -asked[1]))
    assert torch.equal(density, again) and density.min() >= 0 < (colors - others).abs().max()


@pytest.mark.worked("fog that halves a ray in each piece: 1/2, 1/4 and 1/8 end; and equation 6")
def test_numbers():
    length = torch.tensor([[1.0, 0.5, 2.0]])
    assert_close(weights(math.log(2) / length, length), torch.tensor([[0.5, 0.25, 0.125]]))
    coarse, fine = (Seen(torch.full((2, 3), grey), torch.ones(2)) for grey in (0.5, 0.25))
    assert nerf.loss((coarse, fine), torch.zeros(2, 3)) == 0.3125


def examples():
    (shoot, within), u, box = some(3), torch.rand(3, 5), (torch.zeros(3) - 3, torch.ones(3))
    t, seen, nets = stratified(within, u), Seen(u[:, :3], u[:, 0]), (small(), small())
    field = partial(nerf.RadianceField, 8, layers=(2, 1), **octaves(3, 1))
    calls = [
        *[(nerf.crossing, shoot, *box), (stratified, within, u), (weights, u, t)],
        *[(resample, t, t, within, u), (field, *torch.randn(2, 3, 4, 3))],
        *[(nerf.loss, (seen, seen), t[:, 2:]), (partial(march, nets[0]), shoot, t, within.far)],
        (partial(nerf.render, *nets), shoot, within, (u, u[:, :4])),
        (partial(encode, octaves=4), torch.randn(3, 2, requires_grad=True)),
    ]
    return [(partial(call), tuple(inputs)) for call, *inputs in calls]
