"""A memory of transitions that forgets the oldest.

Source: Lin 1992, Self-improving reactive agents based on reinforcement learning, planning and
teaching, https://doi.org/10.1007/BF00992699 (experience replay).
"""

from typing import Generic, TypeVar

import torch
from torch import Generator, Tensor

Batch = TypeVar("Batch", bound=tuple[Tensor, ...])


class ReplayBuffer(Generic[Batch]):
    """A ring of the newest `capacity` transitions; any NamedTuple of tensors with one axis 0.

    The memory is allocated once, when the first batch comes and shows its shapes, where it is.
    """

    def __init__(self, capacity: int):
        self.capacity, self.added = capacity, 0
        self.ring: Batch | None = None

    def __len__(self) -> int:
        return min(self.added, self.capacity)

    def add(self, batch: Batch) -> None:
        """Write a batch over the oldest transitions; its last row counts as the newest."""
        if self.ring is None:
            empty = (x.new_empty(self.capacity, *x.shape[1:]) for x in batch)
            self.ring = type(batch)(*empty)
        rows = len(batch[0])
        kept = min(rows, self.capacity)
        places = torch.arange(self.added + rows - kept, self.added + rows) % self.capacity
        for ring, x in zip(self.ring, batch, strict=True):
            ring[places.to(ring.device)] = x[rows - kept :].detach()
        self.added += rows

    def sample(self, size: int, *, generator: Generator | None = None) -> Batch:
        """`size` transitions, each drawn uniformly from all that are held, with replacement.

        Raises:
            ValueError: nothing was added yet.
        """
        if self.ring is None:
            raise ValueError("nothing to sample: no transition was added")
        device = generator.device if generator is not None else self.ring[0].device
        rows = torch.randint(len(self), (size,), generator=generator, device=device)
        return type(self.ring)(*(x[rows.to(x.device)] for x in self.ring))
