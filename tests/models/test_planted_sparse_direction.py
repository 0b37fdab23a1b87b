"""A direction that lies in a few channels: those channels, all that they hold, make the sink; what they hold across it does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from sinkscope.planted.plan import Options
from support.planted_cases import of_further_variant
from support.planted_reference import Case
from support.planted_signal import TOKEN, assert_held_by, basis_of, case_of, holders, layers_of, level, on, write, written_share

SPARSE = of_further_variant("sparse-direction")


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest, planted: Callable) -> Case:
    return case_of(planted(request.param))


@on(SPARSE)
def test_the_channels_of_the_direction(case: Case) -> None:
    m, plain, (circuit,) = case.m, case.plain, case.m.circuits
    direction = basis_of(circuit)
    weights = direction[0, circuit["support_dims"]].abs()
    assert circuit["support"] == len(weights) == m.truth["options"]["support"]
    assert torch.nonzero(direction[0]).flatten().tolist() == circuit["support_dims"]
    assert weights.min().item() > 0.5 * weights.max().item()
    channels = torch.eye(m.truth["hidden"])[circuit["support_dims"]]
    across = torch.linalg.svd(direction @ channels.T)[2][1:] @ channels
    for site in layers_of(circuit["signal_sites"]):
        rows = plain.residual[site][:, 0]
        assert_held_by(m, m(plain.ids, patches={site: write(channels, rows)}), circuit, holders(m, plain.ids, [0, TOKEN]))
        assert_held_by(m, m(plain.ids, patches={site: level(channels)}), circuit, holders(m, plain.ids, []))
        for basis, inside in ((across, True), (channels, False)):
            run = m(plain.ids, patches={site: write(basis, rows, inside)})
            assert_held_by(m, run, circuit, holders(m, plain.ids, [0]))


def test_another_number_of_channels(planted: Callable) -> None:
    case = case_of(planted(Options(seed=50, variant="sparse-direction", support=3)))
    (circuit,) = case.m.circuits
    assert len(circuit["support_dims"]) == 3
    site = layers_of(circuit["signal_sites"])[0]
    run = case.m(case.plain.ids, patches={site: write(basis_of(circuit), case.plain.residual[site][:, 0])})
    assert written_share(case.m, run, circuit).min().item() > 0.4
