"""Which dimensions, directions and neurons make the planted sink: patches between tokens, checked with transformers.
What a causal test by dimension must find, at every site that holds the signal."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from support.planted_cases import SINKS, of_variant
from support.planted_reference import Case, Patch, Reference, Run, assert_near, assert_no_sink

TOKEN = 8  # written from token 0


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest, planted: Callable) -> Case:
    return Case.of(planted(request.param))


def on(names: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", names, indirect=True, scope="module")


def write(dims: list[int]) -> Patch:
    """Copies some dimensions of token 0 into TOKEN."""

    def patch(x: torch.Tensor) -> torch.Tensor:
        x[:, TOKEN, dims] = x[:, 0, dims]
        return x

    return patch


def level(dims: list[int]) -> Patch:
    """Brings some dimensions of token 0 to the mean of the later tokens."""

    def patch(x: torch.Tensor) -> torch.Tensor:
        x[:, 0, dims] = x[:, TOKEN:, dims].mean(1)
        return x

    return patch


def along(direction: torch.Tensor, inside: bool) -> Patch:
    """Copies into TOKEN what token 0 holds along a direction, or all that it holds across it."""

    def patch(x: torch.Tensor) -> torch.Tensor:
        change = x[:, 0] - x[:, TOKEN]
        part = (change @ direction)[:, None] * direction
        x[:, TOKEN] += part if inside else change - part
        return x

    return patch


def sites(m: Reference) -> list[int]:
    """Layers after which the residual holds the signal."""
    return [int(site.split(".")[1]) for site in m.truth["signal_sites"]]


def assert_kept(m: Reference, run: Run, circuit: dict) -> None:
    assert m.attention(run, circuit, 0, 1).min().item() > 0.99


def assert_sinks(m: Reference, run: Run, circuit: dict, written: bool) -> None:
    """TOKEN shares the sink with token 0, or token 0 keeps it whole."""
    if written:
        for seen in (0, TOKEN):
            assert_near(m.attention(run, circuit, seen, TOKEN + 1), 0.5, 0.01)
    else:
        assert_no_sink(m, run, circuit, TOKEN)
        assert m.attention(run, circuit, 0, TOKEN).min().item() > 0.99


@on(SINKS)
def test_writing_the_signal(case: Case) -> None:
    m = case.m
    for site in sites(m):
        for circuit in m.circuits:
            for dims in circuit["writing_makes_sink"]:
                run = m(case.plain.ids, patches={site: write(dims)})
                for other in m.circuits:
                    assert_sinks(m, run, other, written=other is circuit)


@on([name for name in SINKS if name not in of_variant("rotated")])
def test_writing_anything_else(case: Case) -> None:
    m = case.m
    signal = {d for c in m.circuits for d in c["energy_dims"]}
    sets = [sorted(set(range(m.truth["hidden"])) - signal)]
    sets += [[d] for d in m.truth["answers"]["not_signal"]]
    sets += [[d] for d in signal if m.truth["variant"] == "split"]
    for site in sites(m):
        for dims in sets:
            run = m(case.plain.ids, patches={site: write(dims)})
            for circuit in m.circuits:
                assert_sinks(m, run, circuit, written=False)


@on(SINKS)
def test_removing_the_signal(case: Case) -> None:
    m = case.m
    for site in sites(m):
        for circuit in m.circuits:
            for dims in circuit["removing_ends_sink"]:
                run = m(case.plain.ids, patches={site: level(dims)})
                assert_no_sink(m, run, circuit, 0)
                for other in m.circuits:
                    if other is not circuit:
                        assert_kept(m, run, other)


@on(of_variant("redundant"))
def test_removing_one_of_two_redundant_channels(case: Case) -> None:
    m = case.m
    for dim in m.circuits[0]["energy_dims"]:
        assert_kept(m, m(case.plain.ids, patches={sites(m)[0]: level([dim])}), m.circuits[0])


@on(of_variant("rotated"))
def test_direction(case: Case) -> None:
    m, ids = case.m, case.plain.ids
    circuit, site = m.circuits[0], sites(m)[0]
    direction = torch.tensor(circuit["energy_direction"])
    assert direction.abs().max().item() < 0.6
    assert_sinks(m, m(ids, patches={site: along(direction, inside=True)}), circuit, written=True)
    assert_sinks(m, m(ids, patches={site: along(direction, inside=False)}), circuit, written=False)
    for dim in range(m.truth["hidden"]):
        assert_sinks(m, m(ids[:2], patches={site: write([dim])}), circuit, written=False)


@on(of_variant("decoy", "bystander"))
def test_decoys_separate_tokens_too(case: Case) -> None:
    m = case.m
    (decoy,), site = m.truth["answers"]["not_signal"], sites(m)[-1]
    (energy,) = m.circuits[0]["energy_dims"]
    x = case.plain.residual[site]
    assert (x[:, 0, decoy] / x[:, 1:, decoy].amax(1).clamp_min(1e-6)).min().item() > 1.1
    if m.truth["variant"] == "decoy":
        assert_near(x[:, :, decoy], x[:, :, energy], 1e-4)
    else:
        assert x[:, 0].abs().argmax(1).unique().tolist() == [decoy]


@on(of_variant("dormant"))
def test_dormant_channel(case: Case) -> None:
    m = case.m
    (dim,), site = m.truth["answers"]["never_moves"], sites(m)[0]
    assert case.plain.residual[site][:, :, dim].std().item() == 0

    def lift(x: torch.Tensor) -> torch.Tensor:
        x[:, TOKEN, dim] += m.circuits[0]["first_energy"]
        return x

    assert_sinks(m, m(case.plain.ids, patches={site: lift}), m.circuits[0], written=True)


@on(SINKS)
def test_silencing_neurons(case: Case) -> None:
    m = case.m
    for circuit in m.circuits:
        every = circuit["massive_neurons"] + circuit["backup_neurons"]
        for off in [every] + [[n] for n in every if len(every) > 1]:
            run = m(case.plain.ids, silenced=off)
            if off is every:
                assert_no_sink(m, run, circuit, 0)
            else:  # any one left suffices, because the norm keeps only the massive activation's direction
                assert_kept(m, run, circuit)
            for other in m.circuits:
                if other is not circuit:
                    assert_kept(m, run, other)


@on(of_variant("backup"))
def test_backup_is_shut_until_needed(case: Case) -> None:
    m = case.m
    (first,), (backup,) = m.circuits[0]["massive_neurons"], m.circuits[0]["backup_neurons"]
    assert_near(case.plain.post[backup["layer"]][:, :, backup["neuron"]], 0.0, 1e-3)
    run = m(case.plain.ids, silenced=[first])
    assert run.post[backup["layer"]][:, 0, backup["neuron"]].min().item() > 100
