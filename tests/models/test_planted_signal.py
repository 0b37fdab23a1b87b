"""What every planted.json says of its signal as a subspace, checked with transformers: written along the basis from token 0
it makes a sink, across it nothing, taken along it the sink ends; the mean row and the own row do as the truth says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from sinkscope import ROOT
from sinkscope.planted.make import planted_plan
from sinkscope.planted.plan import VARIANTS
from sinkscope.planted.truth import truth
from support.planted_cases import FURTHER_KINDS, SETS, of_further_variant
from support.planted_reference import Case, assert_near, own_row
from support.planted_signal import (
    TOKEN,
    T,
    assert_held_by,
    basis_of,
    case_of,
    holders,
    is_delimiter,
    layers_of,
    level,
    on,
    stage_of,
    write,
    written_share,
)

TEXT = (ROOT / "models/planted/text.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest, planted: Callable) -> Case:
    return case_of(planted(request.param))


def others_written(m, circuit: dict) -> list[dict]:
    """Circuits whose sink follows from this one's signal: the circuit, and a stage that reads it."""
    return m.circuits if m.truth["second_reads_first"] and circuit is m.circuits[0] else [circuit]


def test_the_truth_has_one_shape() -> None:
    for options in (SETS | FURTHER_KINDS).values():
        found = truth(planted_plan(options, TEXT)[0])
        known = truth(planted_plan(SETS["base"], TEXT)[0])
        for part in ("layers", "answers", "options"):
            assert list(found[part]) == list(known[part])
        for part in ("circuits", "stages"):
            assert all(list(one) == list(known[part][0]) for one in found[part])
        assert list(found) == list(known)
    assert {o.variant for o in (SETS | FURTHER_KINDS).values()} == set(VARIANTS)


@on(list(FURTHER_KINDS))
def test_who_holds_the_sink(case: Case) -> None:
    m, plain = case.m, case.plain
    for circuit in m.circuits:
        assert_held_by(m, plain, circuit, holders(m, plain.ids, [0]))
    sinking = {(i, h) for s in m.truth["stages"] for i in s["sink_layers"] for h in s["sink_heads"]}
    uniform = torch.ones(T, T).tril() / torch.arange(1, T + 1)[:, None]
    for i, pattern in enumerate(plain.patterns):
        for h in range(pattern.shape[1]):
            if (i, h) not in sinking:
                assert_near(pattern[:, h], uniform, 1e-5)
    assert sorted({i for i, _ in sinking}) == m.layers["sink"]


@on(list(FURTHER_KINDS))
def test_the_first_tokens_energy(case: Case) -> None:
    m = case.m
    for circuit in m.circuits:
        x = case.plain.residual[layers_of(circuit["signal_sites"])[0]] @ basis_of(circuit).T
        assert_near(x[:, 0].sum(-1).abs(), circuit["first_energy"], 2e-3)
        below = (x[:, 1:].abs() < torch.tensor(circuit["thresholds"])).any(-1)
        assert below.all()


@on(list(FURTHER_KINDS))
def test_writing_along_and_across_the_basis(case: Case) -> None:
    m, plain = case.m, case.plain
    for circuit in m.circuits:
        basis = basis_of(circuit)
        for site in layers_of(circuit["signal_sites"]):
            rows = plain.residual[site][:, 0]
            along = m(plain.ids, patches={site: write(basis, rows)})
            across = m(plain.ids, patches={site: write(basis, rows, inside=False)})
            for other in m.circuits:
                follows = other in others_written(m, circuit)
                assert_held_by(m, along, other, holders(m, plain.ids, [0, TOKEN] if follows else [0]))
            held = holders(m, plain.ids, [0])
            held[:, TOKEN] = is_delimiter(m, plain.ids)[:, 0]  # an id's signs lie across the energy
            assert_held_by(m, across, circuit, held)


@pytest.mark.parametrize("name", ["base", "split", "redundant", "rotated", "second-circuit", "backup"])
def test_the_basis_of_plain_channels_and_sets(name: str, planted: Callable) -> None:
    case = case_of(planted(name))
    m, plain = case.m, case.plain
    for circuit in m.truth["circuits"]:
        basis = basis_of(circuit)
        for site in layers_of(circuit["signal_sites"]):
            run = m(plain.ids, patches={site: write(basis, plain.residual[site][:, 0].mean(0, keepdim=True))})
            assert_held_by(m, run, circuit, holders(m, plain.ids, [0, TOKEN]))
            ended = circuit["removing_one_direction_ends_sink"]
            assert_held_by(m, m(plain.ids, patches={site: level(basis)}), circuit, holders(m, plain.ids, [] if ended else [0]))


@on(list(FURTHER_KINDS))
def test_mean_row_and_own_row(case: Case) -> None:
    m, plain = case.m, case.plain
    for circuit in m.circuits:
        assert circuit["own_row_suffices"]
        for site in layers_of(circuit["signal_sites"]):
            own = plain.residual[site][:, 0]
            for rows, suffices in ((own, True), (own.mean(0, keepdim=True), circuit["mean_row_suffices"])):
                for basis in (basis_of(circuit), torch.eye(m.truth["hidden"])):
                    run = m(plain.ids, patches={site: write(basis, rows)})
                    held = holders(m, plain.ids, [0, TOKEN] if suffices else [0])
                    assert_held_by(m, run, circuit, held)


@on(list(FURTHER_KINDS))
def test_taking_the_signal_from_the_first_token(case: Case) -> None:
    m, plain = case.m, case.plain
    for circuit in m.circuits:
        for site in layers_of(circuit["signal_sites"]):
            run = m(plain.ids, patches={site: level(basis_of(circuit))})
            for other in m.circuits:
                gone = other in others_written(m, circuit)
                assert_held_by(m, run, other, holders(m, plain.ids, [] if gone else [0]))


@on(list(FURTHER_KINDS))
def test_a_token_alone_with_itself(case: Case) -> None:
    m, ids = case.m, case.plain.ids
    run = m(ids, masks={m.layers["average"]: own_row(T, [TOKEN])})
    for circuit in m.circuits:
        assert_held_by(m, run, circuit, holders(m, ids, [0, TOKEN]))


@on(list(FURTHER_KINDS))
def test_weak_ids(case: Case) -> None:
    m, context = case.m, case.plain.ids[1, 1:]
    for circuit in m.circuits:
        ids = torch.cat([torch.tensor(circuit["weak_ids"])[:, None], context.expand(len(circuit["weak_ids"]), -1)], dim=1)
        assert_held_by(m, m(ids), circuit, holders(m, ids, []))


@on(list(FURTHER_KINDS))
def test_massive_activation_and_its_neurons(case: Case) -> None:
    m, plain = case.m, case.plain
    for circuit in m.circuits:
        stage = stage_of(m, circuit)
        out = plain.mlp_out[stage["massive_layer"]]
        assert torch.equal((out[:, :, circuit["massive_dims"]].abs() > 100).all(-1), holders(m, plain.ids, [0]))
        first = plain.residual[stage["massive_layer"]][:, 0].abs()  # the published bar: 100, and 1000 medians
        assert (first[:, circuit["massive_dims"]] / first.median(1, keepdim=True).values).min().item() > 1000
        assert_near(out[:, 0, circuit["massive_dims"][0]] / out[:, 0, circuit["massive_dims"][1]], circuit["massive_ratio"], 1e-4)
        off = circuit["massive_neurons"] + ([m.truth["delimiter"]["neuron"]] if m.truth["delimiter"] else [])
        run = m(plain.ids, silenced=off)
        for other in m.circuits:
            gone = other in others_written(m, circuit)
            assert_held_by(m, run, other, torch.zeros_like(plain.ids, dtype=torch.bool) if gone else holders(m, plain.ids, [0]))


@on(of_further_variant("sparse-direction", "sample-sign", "subspace"))
def test_no_channel_makes_a_sink(case: Case) -> None:
    m, ids = case.m, case.plain.ids[:2]
    (circuit,) = m.circuits
    site, axes = layers_of(circuit["signal_sites"])[0], torch.eye(m.truth["hidden"])
    for dim in range(m.truth["hidden"]):
        run = m(ids, patches={site: write(axes[dim : dim + 1], case.plain.residual[site][:2, 0])})
        assert written_share(m, run, circuit).max().item() < 0.1
