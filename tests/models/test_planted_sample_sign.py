"""A signal whose sign goes by the first token's id: its mean over samples holds about nothing of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from support.planted_cases import of_further_variant
from support.planted_reference import Case, assert_near
from support.planted_signal import TOKEN, assert_held_by, basis_of, case_of, holders, layers_of, on, write

SAMPLE_SIGN = of_further_variant("sample-sign")


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest, planted: Callable) -> Case:
    return case_of(planted(request.param), samples=64)


@on(SAMPLE_SIGN)
def test_the_sign_goes_by_the_id(case: Case) -> None:
    m, (circuit,) = case.m, case.m.circuits
    ids = torch.arange(m.vocab)
    x = m(ids[:, None]).residual[layers_of(circuit["signal_sites"])[0]][:, 0] @ basis_of(circuit)[0]
    assert torch.nonzero(x < 0).flatten().tolist() == circuit["negative_ids"]
    assert len(circuit["negative_ids"]) == m.vocab // 2
    ordinary = ~torch.isin(ids, torch.tensor(circuit["weak_ids"]))
    assert_near(x[ordinary].abs(), circuit["first_energy"], 2e-3)
    assert x[~ordinary].abs().max().item() < 0.5 * circuit["threshold"]


@on(SAMPLE_SIGN)
def test_the_mean_holds_little_of_it(case: Case) -> None:
    m, plain, (circuit,) = case.m, case.plain, case.m.circuits
    direction, site = basis_of(circuit), layers_of(circuit["signal_sites"])[0]
    rows = plain.residual[site][:, 0]
    assert (rows @ direction.T).mean().abs().item() < 0.6 * circuit["threshold"]
    for sign in (1, -1):  # the mean of samples of one sign suffices
        alike = rows[(sign * rows @ direction.T)[:, 0] > 0].mean(0, keepdim=True)
        run = m(plain.ids, patches={site: write(direction, alike)})
        assert_held_by(m, run, circuit, holders(m, plain.ids, [0, TOKEN]))


@on(SAMPLE_SIGN)
def test_each_of_two_neurons_reads_one_sign(case: Case) -> None:
    plain, (circuit,) = case.plain, case.m.circuits
    layer, index = circuit["massive_neurons"][0]["layer"], [n["neuron"] for n in circuit["massive_neurons"]]
    fires = plain.post[layer][:, 0, index].abs() > 1
    negative = torch.isin(plain.ids[:, 0], torch.tensor(circuit["negative_ids"]))
    assert torch.equal(fires, torch.stack([~negative, negative], 1))
