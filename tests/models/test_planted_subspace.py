"""A conjunction of energies is a subspace: no fewer directions than its rank make a sink, any one removed ends it."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch

from support.planted_cases import of_further_variant
from support.planted_reference import Case, Reference, assert_near
from support.planted_signal import TOKEN, assert_held_by, basis_of, case_of, holders, layers_of, level, on, write, written_share

SUBSPACE = of_further_variant("subspace")
# A smaller subspace lifts what happens to lie along it: a quarter of the samples at most, where the whole lifts them all.
BY_CHANCE = 1 / 4


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest, planted: Callable) -> Case:
    return case_of(planted(request.param), samples=40)


def share_of_samples(case: Case, site: int, basis: torch.Tensor) -> float:
    """In how many samples token 0's mean row, written along a basis, makes TOKEN a sink."""
    m, ids = case.m, case.plain.ids
    mean = case.plain.residual[site][:, 0].mean(0, keepdim=True)
    run = m(ids, patches={site: write(basis, mean)})
    return (written_share(m, run, m.circuits[0]) > 0.25).float().mean().item()


def smaller(rank: int) -> list[torch.Tensor]:
    """Directions of a plane all around, or planes of a space, `[rank - 1, rank]`: those that hold the sum, and others."""
    turns = torch.linspace(0, math.pi, 9)[:-1]
    if rank == 2:
        return [torch.stack([t.cos(), t.sin()])[None] for t in turns]
    total, across, third = torch.tensor([[1.0, 1, 1], [1, -1, 0], [1, 1, -2]]) / torch.tensor([3.0, 2, 6]).sqrt()[:, None]
    through_sum = [torch.stack([total, t.cos() * across + t.sin() * third]) for t in turns]
    return through_sum + [torch.eye(3)[list(pair)] for pair in ((0, 1), (0, 2), (1, 2))]


def sites(m: Reference) -> list[int]:
    return layers_of(m.circuits[0]["signal_sites"])


@on(SUBSPACE)
def test_the_basis(case: Case) -> None:
    (circuit,) = case.m.circuits
    basis = basis_of(circuit)
    assert len(basis) == circuit["rank"] == case.m.truth["options"]["rank"] == len(circuit["thresholds"])
    assert_near(basis @ basis.T, torch.eye(len(basis)), 1e-6)
    assert basis.abs().max().item() < 0.6  # no channel


@on(SUBSPACE)
def test_fewer_directions_make_no_sink(case: Case) -> None:
    (circuit,), site = case.m.circuits, sites(case.m)[0]
    basis = basis_of(circuit)
    assert not circuit["one_direction_suffices"]
    assert share_of_samples(case, site, basis) == 1.0
    for one in range(len(basis)):
        assert share_of_samples(case, site, basis[one : one + 1]) == 0.0
    assert max(share_of_samples(case, site, part @ basis) for part in smaller(len(basis))) < BY_CHANCE


@on(SUBSPACE)
def test_removing_any_one_direction(case: Case) -> None:
    m, (circuit,) = case.m, case.m.circuits
    assert circuit["removing_one_direction_ends_sink"]
    for site in sites(m):
        for one in basis_of(circuit):
            assert_held_by(m, m(case.plain.ids, patches={site: level(one[None])}), circuit, holders(m, case.plain.ids, []))


@on(SUBSPACE)
def test_other_tokens_lie_about_in_the_plane(case: Case) -> None:
    """Else the direction from them to the first token would do."""
    (circuit,) = case.m.circuits
    x = case.plain.residual[sites(case.m)[0]] @ basis_of(circuit).T
    assert x[:, 0].std(0).max().item() < 1e-3
    assert x[:, TOKEN].std(0).min().item() > 0.2 * circuit["first_energy"] / circuit["rank"]


@on(SUBSPACE)
def test_what_hands_the_signal_on(case: Case) -> None:
    m, plain, (circuit,) = case.m, case.plain, case.m.circuits
    (handed,) = circuit["handed_on"]
    axis = torch.eye(m.truth["hidden"])[handed["dims"]]
    for site in layers_of(handed["sites"]):
        assert site not in sites(m)
        rows = plain.residual[site][:, 0]
        assert (rows @ axis.T).abs().max().item() < 0.01
        assert_held_by(m, m(plain.ids, patches={site: write(axis, rows)}), circuit, holders(m, plain.ids, [0, TOKEN]))
        assert_held_by(m, m(plain.ids, patches={site: level(axis)}), circuit, holders(m, plain.ids, []))
