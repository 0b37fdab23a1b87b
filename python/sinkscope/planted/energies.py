"""The energies of each variant: along which directions, of which signs, how large at the first token."""

import numpy as np

from sinkscope.planted.plan import OWN_SIGNS, TWO_STAGES, Circuit, Energy, Plan

STAGE_ENERGY = 4.0  # energy of an ordinary first token of two stages: small beside the ballast, see BALLAST
TRACE = 2.0  # what a first stage's massive activation leaves for a second that reads it
# Share of the first token's energy that is the threshold, 0.95 elsewhere. The closer, the fewer tokens are lifted over all
# thresholds of a subspace at once by fewer directions than it has.
THRESHOLD = {"subspace": 0.975}


def fill_circuit(plan: Plan, circuit: Circuit, energy_dims: np.ndarray) -> None:
    """Give a circuit its energies and its threshold; `energy_dims` are the dimensions kept for the energies."""
    circuit.energies = make_energies(plan, circuit, energy_dims)
    if not len(circuit.sign_dims):
        circuit.first_energy, circuit.threshold = TRACE, TRACE / 2
        return
    if plan.options.variant in TWO_STAGES:
        circuit.energy_weight *= STAGE_ENERGY / first_energy(plan, circuit)
    circuit.first_energy = first_energy(plan, circuit)
    chosen = plan.options.threshold
    circuit.threshold = chosen if chosen is not None else THRESHOLD.get(plan.options.variant, 0.95) * circuit.first_energy
    if not 0 < circuit.threshold < circuit.first_energy:
        raise ValueError(f"threshold {circuit.threshold:g}: expected one between 0 and the first token's energy, "
                         f"{circuit.first_energy:.3f}")  # fmt: skip


def make_energies(plan: Plan, circuit: Circuit, dims: np.ndarray) -> list[Energy]:
    """The energy directions of a variant; `dims` are the dimensions kept for them."""
    variant, every = plan.options.variant, np.arange(len(circuit.sign_dims))
    if variant == "split":
        halves = np.array_split(every, 2)
        return [Energy(plan.axis(d), half) for d, half in zip(dims, halves)]
    if variant in ("rotated", "sample-sign", "subspace"):
        parts = np.array_split(every, len(dims))
        return [Energy(u, part) for u, part in zip(random_directions(plan, len(dims)), parts)]
    if variant == "sparse-direction":
        return [Energy(sparse_direction(plan), every)]
    energies = [Energy(plan.axis(d), every) for d in dims]
    if variant == "decoy":
        energies.append(Energy(plan.axis(plan.extras["decoy"]), every, read=False))
    return energies


def random_directions(plan: Plan, count: int) -> list[np.ndarray]:
    """`count` unit vectors `[hidden]` among the noise channels, each at a right angle to the others."""
    found: list[np.ndarray] = []
    for _ in range(count):
        u = np.zeros(plan.hidden)
        u[plan.noise_dims] = plan.rng.standard_normal(len(plan.noise_dims))
        for earlier in found:
            u -= (u @ earlier) * earlier
        found.append(u / np.linalg.norm(u))
    return found


def sparse_direction(plan: Plan) -> np.ndarray:
    """A unit vector `[hidden]` in `support` of the noise channels, none of whose weights is below half of another."""
    u, n = np.zeros(plan.hidden), plan.options.support
    dims = plan.rng.choice(plan.noise_dims, n, replace=False)
    u[dims] = plan.rng.choice([-1.0, 1.0], n) * plan.rng.uniform(0.5, 1.0, n)
    return u / np.linalg.norm(u)


def first_energy(plan: Plan, circuit: Circuit) -> float:
    """Energy of an ordinary token that saw itself alone: every sign of its average has full size.

    The average is c = sqrt(d)/R a sign (the input norm of an embedding of length R); the second norm divides by the
    length of embedding and averages together. Of several energies it is the sum.
    """
    signs, d, r2 = plan.options.signs, plan.hidden, plan.norm_squared
    c2 = d / r2
    averages = sum(len(c.average_dims) for c in plan.circuits)
    inverse_norm2 = d / (r2 + averages * c2)
    if plan.options.variant in OWN_SIGNS:
        return circuit.energy_weight * signs * 4 * np.sqrt(c2) * inverse_norm2
    return circuit.energy_weight * signs * c2 * inverse_norm2
