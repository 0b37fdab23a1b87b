"""What carries a planted signal, as parts of planted.json: the subspace, what suffices, the stages, the delimiter."""

from typing import Any

import numpy as np

from sinkscope.planted.plan import Circuit, Plan

Json = dict[str, Any]


def sites(layers: range) -> list[str]:
    """The residual after each of these blocks."""
    return [f"blocks.{i}.hook_resid_post" for i in layers]


def basis(plan: Plan, circuit: Circuit) -> np.ndarray:
    """`[rank, hidden]`, orthonormal: a smallest subspace that makes a sink when it is written from token 0.

    A gate that reads a sum needs the sum alone; of redundant energies the first is given.
    """
    directions = np.array([e.direction for e in circuit.energies if e.read])
    if plan.options.variant == "split":
        return directions.sum(0, keepdims=True) / np.sqrt(len(directions))
    return directions[:1] if plan.options.variant == "redundant" else directions


def carrier(plan: Plan, circuit: Circuit, removed: str | None) -> Json:
    """The circuit's signal at its signal sites, as a subspace of the residual, and what of token 0 suffices elsewhere."""
    found = np.empty((0, plan.hidden)) if removed else basis(plan, circuit)
    support = sorted(int(d) for d in np.flatnonzero(np.abs(found).sum(0)))
    acts = not removed
    return {
        "signal_sites": sites(circuit.signal_layers),
        "rank": len(found),
        "support": len(support),
        "support_dims": support,
        "basis": found.tolist(),
        # Written from token 0 into another token: one direction of the basis, token 0's mean over samples, its own row.
        "one_direction_suffices": acts and len(found) == 1,
        "mean_row_suffices": acts and plan.options.variant != "sample-sign",
        "own_row_suffices": acts,
        # Taken from token 0: any one direction of the basis. Redundant energies stand in for each other.
        "removing_one_direction_ends_sink": acts and plan.options.variant != "redundant",
        # A channel that carries the signal from the signal sites to the massive activation: what is there is 0 at token 0.
        "handed_on": handed_on(plan, circuit),
    }


def handed_on(plan: Plan, circuit: Circuit) -> list[Json]:
    if plan.options.variant != "subspace":
        return []
    return [{"sites": sites(range(circuit.signal_layers.stop, circuit.massive_layer)), "dims": [plan.extras["shortfall"]]}]


def stages(plan: Plan, removed: str | None) -> list[Json]:
    """The intervals of layers that have a sink, from below: circuits side by side make one stage."""
    found: list[Json] = []
    for layers in [] if removed else sorted({c.sink_layers for c in plan.circuits}, key=lambda r: r.start):
        circuits = [c for c in plan.circuits if c.sink_layers == layers]
        last = layers.stop == plan.options.layers
        found.append({
            "circuits": [c.name for c in circuits],
            "sink_layers": list(layers),
            "sink_heads": sorted(h for c in circuits for h in c.heads),
            "signal_sites": sites(circuits[0].signal_layers),
            "signal_dims": sorted({int(d) for c in circuits for e in c.energies if e.read for d in np.flatnonzero(e.direction)}),
            "massive_layer": circuits[0].massive_layer,
            "massive_dims": [[c.up_dim, c.down_dim] for c in circuits],
            "removal_layer": None if last else plan.removal_layer,
        })  # fmt: skip
    return found


def delimiter(plan: Plan) -> Json | None:
    """The id that is a sink wherever it stands. What marks it is what it is, not what it saw."""
    if plan.options.variant != "later-sink":
        return None
    (circuit,) = plan.circuits
    (neuron,) = (n for n in circuit.neurons if n.role == "delimiter")
    return {
        "id": plan.options.delimiter,
        "massive_from": f"blocks.{neuron.layer}.hook_resid_post",
        "massive_dims": [circuit.up_dim, circuit.down_dim],
        "neuron": {"layer": neuron.layer, "neuron": neuron.index},
        "signal": "identity",
        "signal_sites": sites(range(neuron.layer)),
        "sign_dims": circuit.sign_dims.tolist(),
        "signs": [int(s) for s in circuit.signs[plan.options.delimiter]],
        "energy_suffices": False,
    }
