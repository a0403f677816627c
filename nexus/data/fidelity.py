"""How like real digits made ones are: a Fréchet distance in features learned from real ones.

Source: Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash
Equilibrium, https://arxiv.org/abs/1706.08500, equation 6.
Differs: the features are 32 hidden units of a classifier of 8 by 8 digits, not 2048 of Inception's,
so that values compare with each other and with no published FID.

Letters: b c numbers of pictures, d features.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from nexus.data.digits import digits
from nexus.fit import fit


def digit_features() -> nn.Module:
    """What turns pictures, -1 for no ink to 1, into features: "b 8 8" to "b 32"; always the same.

    The last hidden layer of a classifier trained on the digits to learn from, in under a second.
    """
    train, _ = digits()
    seen = 2 * train.images - 1
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layers = nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU()
        hidden = nn.Sequential(*layers)
        classify = nn.Sequential(hidden, nn.Linear(32, 10))
        optimizer = torch.optim.AdamW(classify.parameters(), lr=5e-3)
        fit(lambda: F.cross_entropy(classify(seen), train.labels), optimizer, steps=200)
    return hidden.requires_grad_(False)


def frechet_distance(a: Float[Tensor, "b d"], b: Float[Tensor, "c d"]) -> Float[Tensor, ""]:
    """‖μ_a - μ_b‖² + tr(Σ_a + Σ_b - 2 (Σ_a Σ_b)^½), of means and covariances of features.

    The squared Wasserstein distance of two normal distributions with these; worked in float64,
    since large traces nearly cancel. It has no gradient where covariances are singular.
    """
    (mean_a, cov_a), (mean_b, cov_b) = ((f.mean(0), f.T.cov()) for f in (a.double(), b.double()))
    root = torch.linalg.eigvals(cov_a @ cov_b).real.clamp(min=0).sqrt().sum()
    return ((mean_a - mean_b).square().sum() + (cov_a + cov_b).trace() - 2 * root).to(a)
