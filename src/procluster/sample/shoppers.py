"""The behaviours of shoppers, and who shops in which way.

The numbers below are the only calibration. They leave no remainder: at 7.6 rows a ticket the
means that the tutorial publishes for 4,989 and 671 returning customers amount to its 37,902
return rows, so each return here belongs to a customer who bought, and none to NULL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from procluster.sample.tables import COUNTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from procluster.sample.tables import Integers

__all__ = [
    "HABITUAL",
    "OCCASIONAL",
    "REFUNDED",
    "SHOPPERS",
    "Buyers",
    "Shoppers",
    "draw_buyers",
    "draw_evenly",
]


@dataclass(frozen=True)
class Shoppers:
    """A behaviour that many customers share.

    Attributes
    ----------
    customers : int
        How many shop this way.
    mean_customer : int
        Mean of their keys, which were given in order of registration.
    frequency : tuple of float
        Share of them that bring back 0, 1, 2 ... tickets.
    base, scale, power : float
        Beside those tickets a shopper has ``base + scale * E ** power`` others, rounded down, E
        exponential: geometric for power 1, a longer tail above, bell-shaped below.
    whole : float
        Share of the tickets they bring back of which everything comes back.
    reluctance : float
        How much of other rows they keep; see :func:`~procluster.sample.returns.draw_returns`.
    """

    customers: int
    mean_customer: int
    frequency: tuple[float, ...]
    base: float = 0.0
    scale: float = 0.0
    power: float = 1.0
    whole: float = 0.0
    reluctance: float = 0.0


KEEPERS = Shoppers(31_675, 50_855, (1.0,), base=1.0, scale=0.88, power=1.4)
"""Never bring anything back."""

OCCASIONAL = Shoppers(
    4_989, 51_332, frequency=(0.0, 0.9022, 0.0978), scale=1.34, whole=0.2, reluctance=4.3
)
"""Brought back one purchase, seldom two: often the only one they made, often all of it."""

HABITUAL = Shoppers(
    671,
    48_516,
    frequency=(0.0, 0.0, 0.0, 0.34, 0.30, 0.19, 0.10, 0.05, 0.02),
    base=8.6,
    scale=24.0,
    power=0.4,
    reluctance=5.8,
)
"""Come often and bring some of it back again and again."""

REFUNDED = Shoppers(1, 57_044, frequency=(0.0, 1.0), whole=1.0)
"""Paid next to nothing with coupons, then had the price of everything refunded all the same."""

SHOPPERS = (KEEPERS, OCCASIONAL, HABITUAL, REFUNDED)


@dataclass(frozen=True)
class Buyers:
    """One entry a customer who bought something; arrays of shape (COUNTS.buyers,).

    ``kind`` is the place of the behaviour in SHOPPERS, ``frequency`` the number of tickets
    brought back, ``tickets`` the number of all tickets.
    """

    customer: Integers
    kind: Integers
    frequency: Integers
    tickets: Integers


def draw_buyers(rng: np.random.Generator) -> Buyers:
    """Draw who buys, how often, and on how many tickets they bring something back."""
    sizes = [kind.customers for kind in SHOPPERS]
    frequencies, others = [], []
    for kind in SHOPPERS:
        quantile = draw_evenly(rng, kind.customers)
        frequencies.append(np.searchsorted(np.cumsum(kind.frequency), quantile, side="right"))
        exponential = -np.log1p(-draw_evenly(rng, kind.customers))
        others.append(np.floor(kind.base + kind.scale * exponential**kind.power))
    frequency = np.concatenate(frequencies)
    return Buyers(
        customer=draw_keys(rng),
        kind=np.repeat(np.arange(len(SHOPPERS)), sizes),
        frequency=frequency,
        tickets=frequency + np.concatenate(others).astype(np.int64),
    )


def draw_keys(rng: np.random.Generator) -> Integers:
    """Draw the customer keys of all buyers in the order of SHOPPERS, none twice."""
    # The single customer's key comes first, and strata keep the mean key of the 671 where it
    # belongs: drawn freely it would stray by 2 % from seed to seed.
    drawn = [np.array([REFUNDED.mean_customer])]
    free = np.delete(np.arange(1, COUNTS.customers + 1), REFUNDED.mean_customer - 1)
    for kind in (HABITUAL, OCCASIONAL, KEEPERS):
        power = COUNTS.customers / kind.mean_customer - 1
        edges = np.linspace(0.0, 1.0, kind.customers + 1) ** power * len(free)
        chosen = rng.integers(edges[:-1].astype(np.int64), edges[1:].astype(np.int64))
        drawn.append(rng.permutation(free[chosen]))
        free = np.delete(free, chosen)
    return np.concatenate(drawn[::-1])


def draw_evenly(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Draw from [0, 1), one number from each of `size` equal strata, in random order."""
    return rng.permutation((np.arange(size) + rng.random(size)) / size)
