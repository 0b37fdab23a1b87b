"""An id that is a sink wherever it stands: it is known by its own signs, not by what it saw."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pytest
import torch
from tokenizers import Tokenizer

from sinkscope.planted.plan import Options
from support.planted_cases import of_further_variant
from support.planted_reference import Case
from support.planted_signal import TOKEN, assert_held_by, basis_of, case_of, holders, is_delimiter, layers_of, on

LATER = of_further_variant("later-sink")


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest, planted: Callable) -> Case:
    return case_of(planted(request.param))


@on(LATER)
def test_which_id_it_is(case: Case, request: pytest.FixtureRequest, planted: Callable) -> None:
    m = case.m
    tokenizer = Tokenizer.from_file(str(planted(request.node.callspec.params["case"]).folder / "tokenizer.json"))
    counts = Counter(m.text.tolist())
    marks = [i for i in counts if re.fullmatch(r"[!-/:-@[-`{-~]", tokenizer.decode([i]))]
    assert m.truth["delimiter"]["id"] == max(marks, key=counts.__getitem__)
    assert is_delimiter(m, case.plain.ids)[:, 1:].any(1).float().mean().item() > 0.5  # most samples have one


@on(LATER)
def test_where_the_massive_activation_is(case: Case) -> None:
    m, plain, delimiter = case.m, case.plain, case.m.truth["delimiter"]
    (start,) = layers_of([delimiter["massive_from"]])
    for layer, x in enumerate(plain.residual):
        massive = (x[:, :, delimiter["massive_dims"]].abs() > 100).all(-1)
        held = holders(m, plain.ids, [0]) if layer >= start else torch.zeros_like(massive)
        assert torch.equal(massive, held)
    assert layers_of(delimiter["signal_sites"])[-1] == start - 1
    assert delimiter["massive_dims"] == m.circuits[0]["massive_dims"]


@on(LATER)
def test_its_signs_make_the_sink(case: Case) -> None:
    """Written into another token they make it a sink; a delimiter that holds another id's signs is none."""
    m, plain, delimiter = case.m, case.plain, case.m.truth["delimiter"]
    signs, elsewhere = torch.tensor(delimiter["signs"], dtype=torch.float), ~is_delimiter(m, plain.ids)
    other = plain.ids[elsewhere][0]

    def into(x: torch.Tensor) -> torch.Tensor:
        x[:, TOKEN, delimiter["sign_dims"]] = signs
        return x

    def out_of(x: torch.Tensor) -> torch.Tensor:
        i, token = (~elsewhere).nonzero(as_tuple=True)
        x[i[:, None], token[:, None], torch.tensor(delimiter["sign_dims"])] = embedded[other, delimiter["sign_dims"]]
        return x

    embedded = m.model.model.embed_tokens.weight.detach()
    assert torch.equal(embedded[delimiter["id"], delimiter["sign_dims"]], signs)
    for site in layers_of(delimiter["signal_sites"]):
        assert_held_by(m, m(plain.ids, patches={site: into}), m.circuits[0], holders(m, plain.ids, [0, TOKEN]))
        held = torch.zeros_like(elsewhere)
        held[:, 0] = True  # which keeps its energy, whatever its id
        if site >= m.layers["energy"]:
            assert_held_by(m, m(plain.ids, patches={site: out_of}), m.circuits[0], held)


@on(LATER)
def test_the_energy_is_not_its_signal(case: Case) -> None:
    m, plain, (circuit,) = case.m, case.plain, case.m.circuits
    assert not m.truth["delimiter"]["energy_suffices"]
    basis = basis_of(circuit)

    def no_energy(x: torch.Tensor) -> torch.Tensor:
        return x - x @ basis.T @ basis

    for site in layers_of(circuit["signal_sites"]):
        x = plain.residual[site] @ basis.T
        later = is_delimiter(m, plain.ids)
        later[:, 0] = False
        assert x[later].max().item() < circuit["threshold"]
        assert_held_by(m, m(plain.ids, patches={site: no_energy}), circuit, is_delimiter(m, plain.ids))


def test_a_chosen_id(planted: Callable) -> None:
    case = case_of(planted(Options(seed=51, variant="later-sink", delimiter=259)))
    assert case.m.truth["delimiter"]["id"] == 259
    assert 259 not in case.m.circuits[0]["weak_ids"]
    assert_held_by(case.m, case.plain, case.m.circuits[0], holders(case.m, case.plain.ids, [0]))
