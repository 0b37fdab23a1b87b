"""Each variant as data: which dimensions, circuits and layers it has."""

from collections.abc import Callable

import numpy as np

from sinkscope.planted.energies import fill_circuit
from sinkscope.planted.layers import circuit_layers, later_layers, stage_layers
from sinkscope.planted.neurons import make_neurons
from sinkscope.planted.plan import DIRECTIONS, OWN_SIGNS, STAGES, TWO_STAGES, VARIANTS, Circuit, Options, Plan
from sinkscope.planted.signs import draw_signs

NOISE_DIMS = 40  # at least; the hidden size is rounded up to a multiple of 16
# Signs' share of the norm, S d / R^4: how far a row's own average shrinks it in the next norm. The base value gives
# the design's energy of 10.2 at S = 24 (hidden 96, R^2 = 45). The variants that compare rows of unlike norm take more
# noise, because saturation would lift other tokens towards the threshold.
SATURATION = {"itself": 0.4, "second-circuit": 0.4, "sample-sign": 0.4, "subspace": 0.4}
ENERGY_WEIGHT = {"itself": 0.1, "second-circuit": 0.5, "sample-sign": 0.1, "subspace": 0.1}  # two stages choose their own
ENERGIES = {"split": 2, "redundant": 2}  # and the rank of a subspace
EXTRA_DIMS = {
    "decoy": ["decoy"], "bystander": ["bystander"], "dormant": ["dormant"], "subspace": ["shortfall"],
    **dict.fromkeys(TWO_STAGES, ["ballast"]),
}  # fmt: skip
# What every embedding of two stages holds in the ballast channel. An MLP reads a normed residual, so it cannot know how
# large the massive activation is that it takes away: all tokens that have one must have the same. It goes with the length
# of the residual before it, of which the ballast is nearly the whole. It stays constant and nothing reads it.
BALLAST, BALLAST_NOISE = 60.0, 8.0  # and the squared length of the noise beside it


def check_options(o: Options) -> None:
    """Raise ValueError for options that cannot be planted."""
    if o.variant not in VARIANTS:
        raise ValueError(f"variant '{o.variant}': expected one of {', '.join(VARIANTS)}")
    if o.remove not in STAGES:
        raise ValueError(f"stage '{o.remove}': expected one of {', '.join(STAGES)}")
    if o.heads % o.kv_heads:
        raise ValueError(f"{o.heads} heads cannot share {o.kv_heads} key heads")
    if o.variant == "second-circuit" and o.kv_heads < 2:
        raise ValueError("second-circuit gives each circuit key heads of its own: expected at least 2, found 1")
    for name, heads in (("average", o.average_heads), ("sink", o.sink_heads)):
        if heads is not None and not set(heads) <= set(range(o.heads)):
            raise ValueError(f"{name} heads {list(heads)}: the model has heads 0 to {o.heads - 1}")
    if o.head_dim < 8 or o.head_dim % 2:
        raise ValueError(f"head_dim {o.head_dim}: expected an even number of at least 8")
    if o.rank not in (2, 3):
        raise ValueError(f"rank {o.rank}: expected 2 or 3")
    if not 2 <= o.support <= NOISE_DIMS:
        raise ValueError(f"support {o.support}: expected 2 to {NOISE_DIMS} channels")
    if o.delimiter is not None and not 0 <= o.delimiter < o.vocab:
        raise ValueError(f"delimiter {o.delimiter}: the model has ids 0 to {o.vocab - 1}")


def circuit_heads(o: Options, index: int, count: int) -> tuple[int, ...]:
    """Query heads in which circuit `index` sinks. Two circuits side by side take the key heads in turn; of two stages the
    first, which is the smaller sink, has the first half of the heads and the second all."""
    group = o.heads // o.kv_heads
    heads = range(o.heads) if o.sink_heads is None else sorted(set(o.sink_heads))
    if o.variant in TWO_STAGES:
        return tuple(heads)[: (len(heads) + 1) // 2 if index == 0 else None]
    return tuple(h for h in heads if (h // group) % count == index)


def make_plan(o: Options, unused: list[int]) -> Plan:
    """The plan of a variant. `unused` are the ids from which the weak ones are drawn."""
    check_options(o)
    energy_layer, massive_layer, sink_from = stage_layers(o)
    later = later_layers(o, sink_from)
    rng = np.random.default_rng(o.seed)
    circuits = 2 if o.variant in ("second-circuit", *TWO_STAGES) else 1
    signed = 1 if o.variant == "two-stage" else circuits  # the others have a signal of their own
    energies = o.rank if o.variant == "subspace" else ENERGIES.get(o.variant, 1)
    extras = EXTRA_DIMS.get(o.variant, [])
    named = 1 + signed * (3 if o.variant == "sample-sign" else 2) * o.signs + circuits * (energies + 2) + len(extras)
    hidden = -(-(named + NOISE_DIMS) // 16) * 16
    dims = iter(int(i) for i in rng.permutation(hidden))

    def take(n: int) -> np.ndarray:
        return np.array([next(dims) for _ in range(n)], dtype=np.int64)

    unused = [i for i in unused if i != o.delimiter]
    if signed * o.weak_ids > len(unused):
        raise ValueError(f"{signed * o.weak_ids} weak ids expected, the text leaves {len(unused)} ids unused")
    weak = rng.permutation(unused)[: signed * o.weak_ids].reshape(signed, o.weak_ids)
    plan = Plan(
        options=o, hidden=hidden, intermediate=2 * o.signs * signed * (2 if o.variant in OWN_SIGNS else 1) + 8,
        constant=next(dims), noise_dims=np.empty(0, dtype=np.int64), norm_squared=norm_squared(o, signed, hidden),
        energy_layer=energy_layer, massive_layer=massive_layer, sink_from=sink_from, circuits=[],
        extras={name: next(dims) for name in extras}, rng=rng, removal_layer=later[0] if later else None,
    )  # fmt: skip
    energy_dims = []
    for i in range(circuits):
        energy_dims.append(take(energies))
        plan.circuits.append(make_circuit(o, i, circuits, o.signs if i < signed else 0, weak[min(i, signed - 1)], take))
    plan.noise_dims = take(hidden - named)
    if o.variant in DIRECTIONS:  # no channel is kept for the energy: its direction lies among the noise
        plan.noise_dims = np.append(plan.noise_dims, energy_dims[0])
    for circuit, own in zip(plan.circuits, energy_dims):
        fill_circuit(plan, circuit, own)
    draw_ids(plan)
    for circuit in plan.circuits:
        circuit.neurons = make_neurons(plan, circuit)
    return plan


def norm_squared(o: Options, signed: int, hidden: int) -> float:
    """R^2, the squared length of every embedding: what SATURATION asks for, or the ballast beside signs and noise."""
    if o.variant in TWO_STAGES:
        return BALLAST**2 + signed * o.signs + 1 + BALLAST_NOISE
    return float(np.sqrt(signed * o.signs * hidden / SATURATION.get(o.variant, 2304 / 2025)))


def make_circuit(o: Options, index: int, count: int, signs: int, weak: np.ndarray, take: Callable[[int], np.ndarray]) -> Circuit:
    """Circuit `index` of `count` with its dimensions, layers and heads; `take` gives dimensions that are free."""
    up, down = (int(d) for d in take(2))
    sign_dims, average_dims = take(signs), take(signs)
    signal_layers, massive_layer, sink_layers = circuit_layers(o, index)
    return Circuit(
        name=("first", "second")[index], sign_dims=sign_dims, average_dims=average_dims,
        own_dims=take(signs) if o.variant == "sample-sign" else sign_dims, up_dim=up, down_dim=down,
        heads=circuit_heads(o, index, count), weak=tuple(sorted(int(w) for w in weak)), signal_layers=signal_layers,
        massive_layer=massive_layer, sink_layers=sink_layers, energy_weight=ENERGY_WEIGHT.get(o.variant, 0.2),
    )  # fmt: skip


def draw_ids(plan: Plan) -> None:
    """Draw what tells the ids apart: the signs of each circuit, and of `sample-sign` the sign of the signal."""
    o = plan.options
    for circuit in plan.circuits:
        circuit.signs = draw_signs(o.vocab, len(circuit.sign_dims), plan.rng) if len(circuit.sign_dims) else np.empty((o.vocab, 0))
        if o.variant == "sample-sign":
            circuit.id_signs = plan.rng.permutation(np.where(np.arange(o.vocab) % 2, -1.0, 1.0))
