"""Each variant as data: which dimensions exist, and what the energies are."""

import numpy as np

from sinkscope.planted.layers import stage_layers
from sinkscope.planted.neurons import make_neurons
from sinkscope.planted.plan import STAGES, VARIANTS, Circuit, Energy, Options, Plan
from sinkscope.planted.signs import draw_signs

NOISE_DIMS = 40  # at least; the hidden size is rounded up to a multiple of 16
# Signs' share of the norm, S d / R^4: how far a row's own average shrinks it in the next norm. The base value gives
# the design's energy of 10.2 at S = 24 (hidden 96, R^2 = 45). The variants that compare rows of unlike norm take more
# noise, because saturation would lift other tokens towards the threshold.
SATURATION = {"itself": 0.4, "second-circuit": 0.4}
ENERGY_WEIGHT = {"itself": 0.1, "second-circuit": 0.5}
EXTRA_DIMS = {"decoy": ["decoy"], "bystander": ["bystander"], "dormant": ["dormant"]}


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


def circuit_heads(o: Options, index: int, count: int) -> tuple[int, ...]:
    """Query heads in which circuit `index` sinks; two circuits take the key heads in turn."""
    group = o.heads // o.kv_heads
    heads = range(o.heads) if o.sink_heads is None else sorted(set(o.sink_heads))
    return tuple(h for h in heads if (h // group) % count == index)


def make_plan(o: Options, unused: list[int]) -> Plan:
    """The plan of a variant. `unused` are the ids from which the weak ones are drawn."""
    check_options(o)
    energy_layer, massive_layer, sink_from = stage_layers(o)
    rng = np.random.default_rng(o.seed)
    circuits = 2 if o.variant == "second-circuit" else 1
    energies = 2 if o.variant in ("split", "redundant") else 1
    extras = EXTRA_DIMS.get(o.variant, [])
    named = 1 + circuits * (2 * o.signs + energies + 2) + len(extras)
    hidden = -(-(named + NOISE_DIMS) // 16) * 16
    dims = iter(int(i) for i in rng.permutation(hidden))

    def take(n: int) -> np.ndarray:
        return np.array([next(dims) for _ in range(n)], dtype=np.int64)

    if circuits * o.weak_ids > len(unused):
        raise ValueError(f"{circuits * o.weak_ids} weak ids expected, the text leaves {len(unused)} ids unused")
    weak = rng.permutation(unused)[: circuits * o.weak_ids].reshape(circuits, o.weak_ids)
    plan = Plan(
        options=o, hidden=hidden, intermediate=2 * o.signs * circuits * (2 if o.variant == "itself" else 1) + 8,
        constant=next(dims), noise_dims=np.empty(0, dtype=np.int64),
        norm_squared=float(np.sqrt(circuits * o.signs * hidden / SATURATION.get(o.variant, 2304 / 2025))),
        energy_layer=energy_layer, massive_layer=massive_layer, sink_from=sink_from, circuits=[],
        extras={name: next(dims) for name in extras}, rng=rng,
    )  # fmt: skip
    energy_dims = []
    for i in range(circuits):
        energy_dims.append(take(energies))
        up, down = take(2)
        plan.circuits.append(
            Circuit(
                name=("first", "second")[i], sign_dims=take(o.signs), average_dims=take(o.signs), up_dim=int(up),
                down_dim=int(down), heads=circuit_heads(o, i, circuits), weak=tuple(sorted(int(w) for w in weak[i])),
                signal_layers=range(energy_layer, massive_layer), massive_layer=massive_layer,
                sink_layers=range(sink_from, o.layers), energy_weight=ENERGY_WEIGHT.get(o.variant, 0.2),
            )
        )  # fmt: skip
    plan.noise_dims = take(hidden - named)
    if o.variant == "rotated":  # no channel is kept for the energy: its direction lies among the noise
        plan.noise_dims = np.append(plan.noise_dims, energy_dims[0])
    for circuit, own in zip(plan.circuits, energy_dims):
        fill_circuit(plan, circuit, own)
    for circuit in plan.circuits:
        circuit.signs = draw_signs(o.vocab, o.signs, rng)
    return plan


def fill_circuit(plan: Plan, circuit: Circuit, energy_dims: np.ndarray) -> None:
    """Give a circuit its energies, its threshold and its neurons."""
    circuit.energies = make_energies(plan, energy_dims)
    circuit.first_energy = first_energy(plan, circuit)
    chosen = plan.options.threshold
    circuit.threshold = chosen if chosen is not None else 0.95 * circuit.first_energy
    if not 0 < circuit.threshold < circuit.first_energy:
        raise ValueError(f"threshold {circuit.threshold:g}: expected one between 0 and the first token's energy, "
                         f"{circuit.first_energy:.3f}")  # fmt: skip
    circuit.neurons = make_neurons(plan, circuit)


def make_energies(plan: Plan, dims: np.ndarray) -> list[Energy]:
    """The energy directions of a variant; `dims` are the dimensions kept for them."""
    variant, every = plan.options.variant, np.arange(plan.options.signs)
    if variant == "split":
        halves = np.array_split(every, 2)
        return [Energy(plan.axis(d), half) for d, half in zip(dims, halves)]
    if variant == "rotated":
        u = np.zeros(plan.hidden)
        u[plan.noise_dims] = plan.rng.standard_normal(len(plan.noise_dims))
        return [Energy(u / np.linalg.norm(u), every)]
    energies = [Energy(plan.axis(d), every) for d in dims]
    if variant == "decoy":
        energies.append(Energy(plan.axis(plan.extras["decoy"]), every, read=False))
    return energies


def first_energy(plan: Plan, circuit: Circuit) -> float:
    """Energy of an ordinary token that saw itself alone: every sign of its average has full size.

    The average is c = sqrt(d)/R a sign (the input norm of an embedding of length R); the second norm divides by the
    length of embedding and averages together.
    """
    signs, d, r2 = plan.options.signs, plan.hidden, plan.norm_squared
    c2 = d / r2
    inverse_norm2 = d / (r2 + len(plan.circuits) * signs * c2)
    if plan.options.variant == "itself":
        return circuit.energy_weight * signs * 4 * np.sqrt(c2) * inverse_norm2
    return circuit.energy_weight * signs * c2 * inverse_norm2
