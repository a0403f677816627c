"""Neural radiance fields against nerfacc, and the laws of rays that end in fog."""

from functools import partial

import numpy as np
import pytest
import torch
from torch.autograd import grad
from torch.testing import assert_close

from nexus.data.scene import Rays, Seen
from nexus.vision.nerf_3d import nerf
from nexus.vision.nerf_3d.nerf import Stretch, encode, march, resample, stratified, weights


def some(rays):  # directions of any length, and a stretch for each ray
    both = (x.requires_grad_() for x in torch.randn(2, rays, 3))
    return Rays(*both), Stretch(*torch.rand(2, rays).cumsum(0))


def small(width=12, count=3):
    place, view = (partial(encode, octaves=octaves) for octaves in (count, 2))
    return nerf.RadianceField(width, layers=(3, 2), place=place, view=view)


def interpolated(t, w, within, passed):
    edges = torch.cat([within.near[:, None], (t[:, 1:] + t[:, :-1]) / 2, within.far[:, None]], 1)
    shares = np.pad((w.detach().numpy() + 1e-5).cumsum(1), [(0, 0), (1, 0)])
    rows = zip(passed, shares / shares[:, -1:], edges, strict=True)
    return torch.tensor(np.stack([np.interp(*row) for row in rows]))


def test_both_passes_match_nerfacc(matches):
    nerfacc, nets = pytest.importorskip("nerfacc"), (small(), small(14, 4))
    (shoot, within), uniform = some(4), (torch.rand(4, 5), torch.rand(4, 7))
    size, (near, far) = shoot.directions.norm(dim=1, keepdim=True), (x[:, None] for x in within)
    rendering, along = nerfacc.rendering, nerfacc.accumulate_along_rays
    start, looking = shoot.origins[:, None], (shoot.directions / size)[:, None]
    t = near + (far - near) * (torch.arange(5) + uniform[0]) / 5
    for net, ours in zip(nets, nerf.render(*nets, shoot, within, uniform), strict=True):
        lengths = t * size, torch.cat([t[:, 1:], far], 1) * size  # in true lengths
        field = net(start + lengths[0][..., None] * looking, looking.expand(*t.shape, 3))[::-1]
        wants, met, _, more = rendering(*lengths, rgb_sigma_fn=lambda *_, f=field: f, render_bkgd=1)
        matches(rendering, ours.colors, wants, wrt=[*net.parameters(), *shoot])
        mean = along(more["weights"], lengths[0][..., None]) + (1 - met) * far * size
        matches(along, ours.distances, mean[:, 0], wrt=[net.density.bias, *shoot])
        found = interpolated(t, more["weights"], within, (torch.arange(7) + uniform[1]) / 7)
        t = torch.cat([t, found], 1).sort(1).values


def test_parts_match_nerfacc_and_numpy(matches):
    nerfacc, grid = (pytest.importorskip(name) for name in ("nerfacc", "nerfacc.grid"))
    given = density, length = [torch.rand(4, 7, requires_grad=True) for _ in "dl"]
    by_density, by_alpha = nerfacc.render_weight_from_density, nerfacc.render_weight_from_alpha
    ours, alpha, t = weights(*given), 1 - (-density * length).exp(), length.cumsum(1)
    matches(by_density, ours, by_density(t - length, t, density)[0], wrt=given)
    matches(by_alpha, ours, by_alpha(alpha)[0], wrt=given)
    box, (shoot, within) = torch.tensor([[-1.0, -0.5, -0.7, 0.9, 1.1, 1.3]]), some(200)
    *want, hits = (x[:, 0] for x in grid._ray_aabb_intersect(*shoot, box, near_plane=0.0))
    both, wants = torch.stack(nerf.crossing(shoot, *box.view(2, 3))), torch.stack(want)[:, hits]
    matches(grid._ray_aabb_intersect, both[:, hits], wants, wrt=shoot)
    assert 20 < hits.sum() < 180 and (both[0, ~hits] == both[1, ~hits]).all()
    given = stratified(within, torch.rand(200, 5)), torch.rand(200, 5), within, torch.rand(200, 9)
    matches(np.interp, resample(*given), interpolated(*given), wrt=None)


def of_the_paper(weight, x, d):
    """Equation 4 as powers of e^{i π x}; figure 7: places twice, directions after the density."""
    turns = [[torch.exp(1j * np.pi * p) ** 2**at for at in range(n)] for p, n in ((x, 3), (d, 2))]
    both = (torch.view_as_real(torch.stack(turn, -1)).flip(-1).flatten(-3) for turn in turns)
    f = lambda *x: torch.cat(x, -1) @ next(weight).mT + next(weight)  # noqa: E731
    x = f(f(f(f(f(place := next(both)).relu()).relu()).relu(), place).relu()).relu()
    return torch.cat([f(x).relu(), f(f(f(x), next(both)).relu()).sigmoid()], -1)


def test_the_field_is_what_it_stands_for(transcribed):
    x, d, net = *(torch.randn(4, 3, requires_grad=True) for _ in "xd"), small()
    net.density.weight.data *= 4  # so that densities of three in four are cut off at 0
    (density, colors), weight = net(x, d), [*net.parameters()]
    ours, wants = torch.cat([density[:, None], colors], 1), of_the_paper(iter(weight), x, d)
    transcribed(of_the_paper, ours, wants, wrt=[x, d, *weight])


@pytest.mark.law("even fog of any length stops 1 - exp(-σ L), however often it is asked")
@pytest.mark.worked("fog that halves a ray in each piece: 1/2, 1/4 and 1/8 end; and equation 6")
def test_fog():
    length, dark = torch.tensor([[1.0, 0.5, 2.0]]), torch.zeros(2, 3)
    assert_close(weights(np.log(2) / length, length), torch.tensor([[0.5, 0.25, 0.125]]))
    assert nerf.loss((Seen(dark + 0.5, dark[:, 0]), Seen(dark + 0.25, dark[:, 0])), dark) == 0.3125
    assert small().density.bias == 0.1 and small().color[0].out_features == 6
    (shoot, within), black = some(3), lambda x, _: (0 * x[..., 0] + 0.7, 0 * x)
    within.far[2] = within.near[2]  # a ray that misses the box
    for t in (stratified(within, torch.rand(3, samples)) for samples in (1, 2, 30)):
        through = (-0.7 * (within.far - t[:, 0]) * shoot.directions.norm(dim=1)).exp()
        seen = march(black, shoot, t, within.far)[0].colors
        assert_close(seen, through[:, None].expand(3, 3))


@pytest.mark.law("a wall hides what is behind, order counts, and cutting an even piece does not")
def test_walls():
    t, far = torch.tensor([[0.5, 1.5, 2.5, 3.5], [0.2, 0.7, 1.2, 1.7]]), torch.tensor([4.0, 2.0])
    east = Rays(torch.zeros(2, 3), torch.tensor([[1.0, 0, 0], [2, 0, 0]]))
    paint = torch.rand(2, 4, 3, requires_grad=True)
    walls = [lambda x, _, c=c: (1e4 * (x[..., 0] > 1), c) for c in (paint, paint.flip(1))]
    seen, other = (march(wall, east, t, far)[0].colors for wall in walls)
    assert (seen - other).abs().min() > 1e-3
    assert grad(seen.sum(), paint)[0].amax((0, 2)).tolist() == [0, 1, 0, 0]
    more = torch.cat([t, torch.tensor([[2.8], [1.4]])], 1)
    slabs, cut = lambda x, _: (x[..., 0].floor(), x.floor()), more.sort(1).values
    assert_close(*(march(slabs, east, each, far)[0].colors for each in (t, cut)))
    with pytest.raises(ValueError, match="samples are not in order: one piece is -0.7 long"):
        march(slabs, east, more, far)


@pytest.mark.law("samples keep to their bins; new ones are as many as weights say, or lie evenly")
def test_samples():
    within, w = Stretch(torch.zeros(2), torch.tensor([1.0, 4.0])), torch.zeros(2, 4)
    w[0, 1], w[0, 3], u = 0.1, 0.3, torch.rand(2, 8000)
    passed = stratified(within, u) / within.far[:, None]
    assert_close(passed * 8000 - torch.arange(8000), u)
    t = stratified(within, torch.full((2, 4), 0.5))
    found = resample(t, w, within, passed) / within.far[:, None]
    counts = torch.stack([each.histc(4, 0, 1) for each in found])
    assert_close(counts, torch.tensor([[0.0, 2000, 0, 6000], [2000.0] * 4]), atol=1, rtol=0)
    assert_close(resample(t, w, within, torch.eye(2)[[1, 1]]), torch.stack(within, 1))


@pytest.mark.law("density knows no direction; the fine picture trains one network, asked in order")
def test_passes():
    nets, (shoot, within), asked = [small(), small()], some(4), []
    uniform, fine = (torch.rand(4, 5), torch.rand(4, 9)), lambda *x: asked.extend(x) or nets[1](*x)
    coarse, seen = nerf.render(nets[0], fine, shoot, within, uniform)
    slopes = grad(seen.colors.sum(), [*nets[0].parameters()], allow_unused=True)
    assert {*slopes} == {None} and nerf.loss((coarse, seen), shoot.origins).requires_grad
    t = ((asked[0] - shoot.origins[:, None]) / shoot.directions[:, None])[..., 0]
    assert t.shape == (4, 14) and t.diff().min() > 0
    (density, colors), (again, others) = (nets[1](asked[0], d) for d in (asked[1], -asked[1]))
    assert torch.equal(density, again) and density.min() >= 0 < (colors - others).abs().max()


def examples():
    (shoot, within), u, box = some(3), torch.rand(3, 5), (torch.zeros(3) - 3, torch.ones(3))
    t, seen, nets = stratified(within, u), Seen(u[:, :3], u[:, 0]), (small(), small())
    field = partial(nerf.RadianceField, 8, layers=(2, 1), place=nets[0].place, view=nets[0].view)
    calls = [(nerf.crossing, shoot, *box), (stratified, within, u), (weights, u, t)]
    calls += [(resample, t, t, within, u), (field, *torch.randn(2, 3, 4, 3))]
    calls += [(nerf.loss, (seen, seen), t[:, 2:]), (partial(march, nets[0]), shoot, t, within.far)]
    calls += [(partial(nerf.render, *nets), shoot, within, (u, u[:, :4]))]
    calls += [(partial(encode, octaves=4), torch.randn(3, 2, requires_grad=True))]
    return [(partial(call), tuple(inputs)) for call, *inputs in calls]
