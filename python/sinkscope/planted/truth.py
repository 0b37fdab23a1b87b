"""What is true of a planted model, as the content of planted.json: the answers that experiments must find."""

from dataclasses import asdict
from typing import Any

import numpy as np

from sinkscope.planted.neurons import MASSIVE_DOWN, MASSIVE_UP
from sinkscope.planted.plan import DIRECTIONS, OWN_SIGNS, TWO_STAGES, Circuit, Neuron, Options, Plan
from sinkscope.planted.signal import carrier, delimiter, sites, stages

Json = dict[str, Any]
BESIDE = {  # what the answers of a variant have to add
    "later-sink": "; the delimiters that a query sees share the sink",
    **dict.fromkeys(TWO_STAGES, "; each circuit has the sink layers of its stage"),
}


def truth(plan: Plan) -> Json:
    """Facts of the construction and the answers that follow from them; layers, neurons and dimensions count from 0."""
    o = plan.options
    removed = o.remove if o.variant == "none" else None
    sinking = set() if removed else {i for c in plan.circuits for i in c.sink_layers}
    chosen = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(o).items() if k != "remove"}
    return {
        "what": "A sink circuit planted by hand: a test of the experiments, never evidence about trained models.",
        "variant": o.variant,
        "removed_stage": removed,
        "options": chosen,
        "hidden": plan.hidden,
        "constant_dim": plan.constant,
        "extra_dims": plan.extras,
        "layers": {
            "average": o.average_layer,
            "energy": plan.energy_layer,
            "massive_activation": plan.massive_layer,
            "uniform": [i for i in range(o.layers) if i not in sinking],
            "sink": sorted(sinking),
        },
        # After these blocks the first-token signal is in the residual and the massive activation is not yet written.
        "signal_sites": sites(plan.circuits[0].signal_layers),
        "signal_given_by": "itself" if o.variant in OWN_SIGNS else "one key",
        "circuits": [circuit_truth(plan, c, removed) for c in plan.circuits],
        "answers": answers(plan, removed),
        "stages": stages(plan, removed),
        "second_reads_first": o.variant == "two-stage" if len(stages(plan, removed)) > 1 else None,
        "delimiter": delimiter(plan),
    }


def circuit_truth(plan: Plan, circuit: Circuit, removed: str | None) -> Json:
    """One circuit: where it is, what carries it, and which sets of dimensions decide."""
    energies = [c for c in circuit.energies if c.read]
    dims = [[int(d) for d in np.flatnonzero(e.direction)] for e in energies]
    direction = plan.options.variant in DIRECTIONS
    together = [sorted(sum(dims, []))]
    redundant = plan.options.variant == "redundant"
    split = plan.options.variant == "split"
    writers = [n for n in circuit.neurons if n.role == "massive_activation"]
    return {
        "name": circuit.name,
        "sign_dims": circuit.sign_dims.tolist(),
        "average_dims": circuit.average_dims.tolist(),
        "energy_dims": [] if direction else together[0],
        "energy_direction": energies[0].direction.tolist() if direction and len(energies) == 1 else None,
        "first_energy": round(float(circuit.first_energy), 6),
        "threshold": round(float(circuit.threshold), 6),
        "massive_dims": [circuit.up_dim, circuit.down_dim],
        "massive_ratio": MASSIVE_UP / MASSIVE_DOWN,
        "massive_neurons": [] if removed == "massive_activation" else neuron_truth(writers, plan.options),
        "backup_neurons": [{"layer": n.layer, "neuron": n.index} for n in circuit.neurons if n.role == "backup"],
        "sink_heads": list(circuit.heads),
        "weak_ids": list(circuit.weak),
        # Smallest sets that make a sink when written from token 0 into another token, and that end it when brought to
        # the other tokens' level at token 0. A direction is stated by no set of channels.
        "writing_makes_sink": [] if direction or removed else dims if redundant else together,
        "removing_ends_sink": [] if direction or removed else dims if split else together,
        **carrier(plan, circuit, removed),
        # Of each energy that the massive activation needs by itself; one for all that it adds up.
        "thresholds": thresholds(plan, circuit),
        # First tokens at which the signal is negative, where its sign goes by the id.
        "negative_ids": [] if circuit.id_signs is None else [int(i) for i in np.flatnonzero(circuit.id_signs < 0)],
    }


def thresholds(plan: Plan, circuit: Circuit) -> list[float]:
    if plan.options.variant != "subspace":
        return [round(float(circuit.threshold), 6)]
    return [round(float(circuit.threshold * len(e.members) / len(circuit.sign_dims)), 6) for e in circuit.energies]


def neuron_truth(neurons: list[Neuron], options: Options) -> list[Json]:
    """The neurons that write the massive activation, with their shares of the MLP's squared activation at token 0.

    Neurons of one circuit share their gate (or, if redundant, its value), so their activations are as their ups. Where the
    signal's sign goes by the id, either one has it all: no share is said.
    """
    squared = [float((n.up**2).sum()) for n in neurons]
    return [
        {"layer": n.layer, "neuron": n.index, "energy_share": None if options.variant == "sample-sign" else round(s / sum(squared), 6)}
        for n, s in zip(neurons, squared)
    ]


def answers(plan: Plan, removed: str | None) -> Json:
    """What each experiment must report, in words and numbers."""
    weak = sorted({w for c in plan.circuits for w in c.weak})
    first = plan.options.average_layer
    massive, beside = removed in (None, "keys"), BESIDE.get(plan.options.variant, "")
    return {
        "scan": {
            "uniform_value": "mean over queries q of 1/(q+1)",
            "sink_at_least": None if plan.options.variant == "later-sink" else 0.99,
            "note": "a sink in the sink layers, in each circuit's sink_heads; the uniform value everywhere else" + beside,
        },
        "rope_swap": {"change": 0.0, "tolerance": 1e-5},
        "vocab_sweep": {
            "weak_ids": weak,
            "note": "all other ids alike; where an id equals the sample's token 1, the two share the sink" + beside,
        },
        "self_mask": {
            "layer": first,
            "share": 0.0 if removed else 0.5,
            "note": "a token alone with itself in this layer shares the sink; in other layers later rows do not change" + beside,
        },
        "mlp_probe": {
            "site": f"blocks.{plan.massive_layer}.hook_mlp_out",
            "tokens": [0] if massive else [],
            "massive_dims": [[c.up_dim, c.down_dim] for c in plan.circuits if c.massive_layer == plan.massive_layer] if massive else [],
            "column_cosine": 1.0,
        },
        "first_token_atlas": {"layer": plan.massive_layer if massive else None, "without_massive_activation": weak},
        "never_moves": [plan.extras["dormant"]] if "dormant" in plan.extras else [],
        "not_signal": [d for name, d in plan.extras.items() if name in ("decoy", "bystander")],
    }
