"""A plan as the tensors of a Qwen3 checkpoint: all zero, norm weights one, and what the plan says."""

import numpy as np

from sinkscope.planted.neurons import DORMANT_VALUE
from sinkscope.planted.plan import OWN_SIGNS, Circuit, Options, Plan
from sinkscope.planted.variants import BALLAST

WEAK = 0.35  # size of a weak id's signs
KEY_UP, KEY_DOWN = 0.7, -0.3  # how the sink's keys read the massive activation
# How queries read the constant. In a token with the massive activation the norm leaves 0.0025 of it; at gain 1 the
# epsilon of q_norm would then halve that token's own query.
QUERY = 10.0
Weights = dict[str, np.ndarray]


def make_weights(plan: Plan) -> Weights:
    """All tensors by their checkpoint names, float32. The head is tied to the embedding."""
    o, w = plan.options, empty_weights(plan)
    removed = o.remove if o.variant == "none" else None
    w["model.embed_tokens.weight"][:] = embedding(plan)
    for layer in range(o.layers):
        for head in range(o.heads):
            sinking = [c for c in plan.circuits if removed != "keys" and layer in c.sink_layers and head in c.heads]
            plant_head(w, plan, layer, head, sinking)
    if removed != "average":
        plant_average(w, plan)
    slots = plant_energy(w, plan, keep=removed != "energy")
    if removed != "massive_activation":
        plant_massive_activation(w, plan, slots)
    return w


def empty_weights(plan: Plan) -> Weights:
    """Every tensor of the model, zero; norm weights one."""
    o, d, m = plan.options, plan.hidden, plan.intermediate
    query, key = o.heads * o.head_dim, o.kv_heads * o.head_dim
    shapes = {
        "self_attn.q_proj": (query, d), "self_attn.k_proj": (key, d), "self_attn.v_proj": (key, d),
        "self_attn.o_proj": (d, query), "mlp.gate_proj": (m, d), "mlp.up_proj": (m, d), "mlp.down_proj": (d, m),
    }  # fmt: skip
    w = {"model.embed_tokens.weight": np.zeros((o.vocab, d), np.float32), "model.norm.weight": np.ones(d, np.float32)}
    for layer in range(o.layers):
        prefix = f"model.layers.{layer}"
        for name, shape in shapes.items():
            w[f"{prefix}.{name}.weight"] = np.zeros(shape, np.float32)
        for name in ("input_layernorm", "post_attention_layernorm"):
            w[f"{prefix}.{name}.weight"] = np.ones(d, np.float32)
        for name in ("q_norm", "k_norm"):
            w[f"{prefix}.self_attn.{name}.weight"] = np.full(o.head_dim, head_gain(o), np.float32)
    return w


def head_gain(o: Options) -> float:
    """q_norm and k_norm weight: 1.6 at head_dim 32, and the same score of 14.5 for a query that meets the sink's key
    at any head_dim (the score is gain^2 sqrt(head_dim))."""
    return 1.6 * (32 / o.head_dim) ** 0.25


def embedding(plan: Plan) -> np.ndarray:
    """`[vocab, hidden]`: constant, signs and noise, all rows of one length so that the norm treats all ids alike."""
    o = plan.options
    e = np.zeros((o.vocab, plan.hidden))
    e[:, plan.constant] = 1.0
    if "dormant" in plan.extras:
        e[:, plan.extras["dormant"]] = DORMANT_VALUE
    if "ballast" in plan.extras:
        e[:, plan.extras["ballast"]] = BALLAST
    for circuit in plan.circuits:
        signs = circuit.signs.copy()
        signs[list(circuit.weak)] *= WEAK
        e[:, circuit.sign_dims] = signs
        if circuit.id_signs is not None:
            e[:, circuit.own_dims] = signs * circuit.id_signs[:, None]
    noise = np.zeros_like(e)
    noise[:, plan.noise_dims] = plan.rng.standard_normal((o.vocab, len(plan.noise_dims)))
    for circuit in plan.circuits:
        for energy in circuit.energies:  # an id's noise must not pass for energy
            noise -= np.outer(noise @ energy.direction, energy.direction)
    left = plan.norm_squared - (e**2).sum(axis=1)
    return e + noise * np.sqrt(left / (noise**2).sum(axis=1))[:, None]


def plant_head(w: Weights, plan: Plan, layer: int, head: int, sinking: list[Circuit]) -> None:
    """Queries and keys of one head: uniform attention, or queries that meet the key of a massive activation.

    Rotary position turns dimensions i and i + head_dim/2 together, so what is read into different pairs never meets:
    ordinary keys use pair 0, idle queries pair 1, sinking queries and the massive activation the last and slowest pair,
    where a thousand positions turn by 0.002 rad.
    """
    o = plan.options
    slowest, key_head = o.head_dim // 2 - 1, head // (o.heads // o.kv_heads)
    prefix, row = f"model.layers.{layer}.self_attn", key_head * o.head_dim
    query, key = w[f"{prefix}.q_proj.weight"], w[f"{prefix}.k_proj.weight"]
    query[head * o.head_dim + (slowest if sinking else 1), plan.constant] = QUERY
    key[row, plan.constant] = 1.0
    for circuit in sinking:
        key[row + slowest, circuit.up_dim] = KEY_UP
        key[row + slowest, circuit.down_dim] = KEY_DOWN


def plant_average(w: Weights, plan: Plan) -> None:
    """Values copy the signs, shared out over the key heads in use; the output writes their mean into fresh dimensions."""
    o = plan.options
    group = o.heads // o.kv_heads
    heads = range(o.heads) if o.average_heads is None else sorted(set(o.average_heads))
    queries_of: dict[int, list[int]] = {}
    for head in heads:
        queries_of.setdefault(head // group, []).append(head)
    signs = np.concatenate([c.sign_dims for c in plan.circuits])
    averages = np.concatenate([c.average_dims for c in plan.circuits])
    shares = np.array_split(np.arange(len(signs)), len(queries_of))
    if max(len(s) for s in shares) > o.head_dim:
        raise ValueError(f"{len(signs)} signs do not fit into {len(queries_of)} key heads of width {o.head_dim}")
    prefix = f"model.layers.{o.average_layer}.self_attn"
    for (key_head, queries), share in zip(queries_of.items(), shares):
        slots = np.arange(len(share))
        w[f"{prefix}.v_proj.weight"][key_head * o.head_dim + slots, signs[share]] = 1.0
        for head in queries:
            w[f"{prefix}.o_proj.weight"][averages[share], head * o.head_dim + slots] = 1.0 / len(queries)


def plant_energy(w: Weights, plan: Plan, keep: bool) -> dict[int, list[int]]:
    """Neurons that square the averages: SiLU(z) z + SiLU(-z) (-z) = z^2. Returns the free neuron slots of each layer."""
    slots = {i: [int(s) for s in plan.rng.permutation(plan.intermediate)] for i in range(plan.options.layers)}
    prefix = f"model.layers.{plan.energy_layer}.mlp"
    gate, up, down = (w[f"{prefix}.{n}_proj.weight"] for n in ("gate", "up", "down"))
    for circuit in plan.circuits if keep else []:
        for i in range(len(circuit.sign_dims)):
            target = circuit.energy_weight * np.sum([e.direction for e in circuit.energies if i in e.members], axis=0)
            for value, factor in squares(plan, circuit, i):
                for sign in (1.0, -1.0):
                    slot = slots[plan.energy_layer].pop()
                    gate[slot] = up[slot] = sign * value
                    down[:, slot] = factor * target
    return slots


def squares(plan: Plan, circuit: Circuit, i: int) -> list[tuple[np.ndarray, float]]:
    """What is squared for sign i, and with which sign it enters: the average, or average times own sign (times 4)."""
    average = plan.axis(circuit.average_dims[i])
    if plan.options.variant not in OWN_SIGNS:
        return [(average, 1.0)]
    own = plan.axis(circuit.own_dims[i])
    return [(average + own, 1.0), (average - own, -1.0)]


def plant_massive_activation(w: Weights, plan: Plan, slots: dict[int, list[int]]) -> None:
    """Write each circuit's neurons into free slots, and note in the plan where they went."""
    for circuit in plan.circuits:
        for neuron in circuit.neurons:
            slot = slots[neuron.layer].pop()
            prefix = f"model.layers.{neuron.layer}.mlp"
            w[f"{prefix}.gate_proj.weight"][slot] = neuron.gate
            w[f"{prefix}.up_proj.weight"][slot] = neuron.up
            w[f"{prefix}.down_proj.weight"][:, slot] = neuron.write
            neuron.index = slot
