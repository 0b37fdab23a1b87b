"""Two sinks one after the other: the first massive activation is gone before the second comes, which reads it or does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from sinkscope.planted.plan import TWO_STAGES
from support.planted_cases import of_further_variant
from support.planted_reference import Case
from support.planted_signal import TOKEN, assert_held_by, basis_of, case_of, holders, layers_of, level, on, sink_patterns, write

STAGES = of_further_variant(*TWO_STAGES)


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest, planted: Callable) -> Case:
    return case_of(planted(request.param))


def channels(case: Case, dims: list[int]) -> torch.Tensor:
    return torch.eye(case.m.truth["hidden"])[dims]


@on(STAGES)
def test_the_stages_by_layer(case: Case) -> None:
    m, (first, second) = case.m, case.m.truth["stages"]
    between = set(range(first["sink_layers"][-1] + 1, second["sink_layers"][0]))
    assert between and between <= set(m.layers["uniform"])
    assert first["removal_layer"] == first["sink_layers"][-1]
    assert second["removal_layer"] is None
    assert not set(sum(first["massive_dims"], [])) & set(sum(second["massive_dims"], []))
    sizes = [case.plain.patterns[stage["sink_layers"][0]][:, :, 1:, 0].mean().item() for stage in (first, second)]
    assert sizes[0] < 0.7 * sizes[1]


@on(STAGES)
def test_the_first_massive_activation_goes(case: Case) -> None:
    """At token 0, and at a token that it was made in by a write, whose residual has not the same length."""
    m, plain, (first, second) = case.m, case.plain, case.m.truth["stages"]
    circuit, dims = m.circuits[0], first["massive_dims"][0]
    site = layers_of(circuit["signal_sites"])[0]
    own = plain.residual[site][:, 0]
    for basis in (basis_of(circuit), torch.eye(m.truth["hidden"])):
        run = m(plain.ids, patches={site: write(basis, own.mean(0, keepdim=True))})
        for token in (0, TOKEN):
            held = [run.residual[i][:, token].norm(dim=1).max().item() for i in range(len(run.residual))]
            before, massive, after = held[first["massive_layer"] - 1], held[first["massive_layer"]], held[first["removal_layer"]]
            assert massive > 10 * before
            assert after < 1.2 * before
            left = run.residual[second["massive_layer"] - 1][:, token, dims].abs().max().item()
            assert left < 0.05 * massive


@on(STAGES)
def test_whether_the_second_reads_the_first(case: Case) -> None:
    """Without the first massive activation from the block that writes it, the second sink ends or stays."""
    m, plain, (first, _) = case.m, case.plain, case.m.truth["stages"]
    run = m(plain.ids, patches={first["massive_layer"]: level(channels(case, first["massive_dims"][0]))})
    assert_held_by(m, run, m.circuits[0], holders(m, plain.ids, []))
    reads = m.truth["second_reads_first"]
    assert reads == (m.truth["variant"] == "two-stage")
    assert_held_by(m, run, m.circuits[1], holders(m, plain.ids, [] if reads else [0]))


@on(of_further_variant("two-stage"))
def test_the_trace(case: Case) -> None:
    """It is written while the first massive activation is there, and is in no other token."""
    m, plain, (first, second) = case.m, case.plain, case.m.truth["stages"]
    (trace,) = second["signal_dims"]
    written = layers_of(second["signal_sites"])[0]
    assert written in first["sink_layers"]
    assert plain.residual[written - 1][:, :, trace].abs().max().item() == 0.0
    assert (plain.residual[written][:, 0, trace] - m.circuits[1]["first_energy"]).abs().max().item() < 1e-3
    assert plain.residual[written][:, 1:, trace].abs().max().item() < 1e-3


@on(of_further_variant("two-stage-independent"))
def test_each_stage_without_the_other(case: Case) -> None:
    m, plain = case.m, case.plain
    for circuit, other in (m.circuits, m.circuits[::-1]):
        run = m(plain.ids, silenced=circuit["massive_neurons"])
        assert_held_by(m, run, circuit, holders(m, plain.ids, []))
        assert torch.equal(sink_patterns(m, run, other) > 0.9, sink_patterns(m, plain, other) > 0.9)
