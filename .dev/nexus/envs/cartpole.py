"""CartPole: a cart on a rail, pushed left or right, keeps a pole from falling.

Source: Barto, Sutton and Anderson 1983, Neuronlike adaptive elements that can solve difficult
learning control problems, https://doi.org/10.1109/TSMC.1983.6313077, appendix; constants,
integration and limits are those of CartPole-v1 in gymnasium.
Differs: no friction, as in gymnasium; a step beyond the end of an episode still earns 1.

Letters: b copies.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor

GRAVITY = 9.8  # m/s²
CART, POLE = 1.0, 0.1  # kg
HALF_LENGTH = 0.5  # m, from the joint to the pole's centre of mass
FORCE = 10.0  # N, to the right for action 1, to the left for action 0
SECONDS = 0.02  # a step
RAIL = 2.4  # m either way
TILT = math.radians(12)  # either way
SPREAD = 0.05  # all four numbers start uniform in ± this


class CartPoleState(NamedTuple):
    """Where the cart is and how the pole stands: m, m/s, rad from upright, rad/s."""

    position: Float[Tensor, " b"]
    velocity: Float[Tensor, " b"]
    angle: Float[Tensor, " b"]
    spin: Float[Tensor, " b"]


class CartPole:
    """CartPole-v1: reward 1 a step until the pole tilts by 12° or the cart is 2.4 m away."""

    actions = 2
    limit = 500

    def start(self, copies: int, *, generator: Generator | None = None) -> CartPoleState:
        """Nearly upright, nearly at rest, near the middle."""
        device = generator.device if generator is not None else None
        draws = torch.rand(4, copies, generator=generator, device=device)
        return CartPoleState(*((2 * draws - 1) * SPREAD).unbind(0))

    def observe(self, state: CartPoleState) -> Float[Tensor, "b 4"]:
        """All four numbers."""
        return torch.stack(state, dim=1)

    def step(
        self, state: CartPoleState, action: Int[Tensor, " b"]
    ) -> tuple[CartPoleState, Float[Tensor, " b"], Bool[Tensor, " b"]]:
        """One explicit Euler step: all four move by the rates that held before it."""
        x, v, angle, spin = state
        sin, cos, mass = angle.sin(), angle.cos(), CART + POLE
        push = FORCE * (2 * action - 1)
        thrust = (push + POLE * HALF_LENGTH * spin**2 * sin) / mass
        twist = (GRAVITY * sin - cos * thrust) / (HALF_LENGTH * (4 / 3 - POLE * cos**2 / mass))
        thrust = thrust - POLE * HALF_LENGTH * twist * cos / mass
        state = CartPoleState(
            x + SECONDS * v, v + SECONDS * thrust, angle + SECONDS * spin, spin + SECONDS * twist
        )
        lost = (state.position.abs() > RAIL) | (state.angle.abs() > TILT)
        return state, torch.ones_like(x), lost
