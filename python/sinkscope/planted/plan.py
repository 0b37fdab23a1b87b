"""What is planted: options, and the plan of dimensions, neurons and heads that a variant makes of them."""

from dataclasses import dataclass, field

import numpy as np

VARIANTS = (
    *"base itself split redundant later decoy bystander second-circuit rotated dormant backup none".split(),
    "sparse-direction",  # the energy lies along a direction of a few channels
    "sample-sign",  # the signal's sign goes by the first token's id; either sign makes the massive activation
    "subspace",  # several energies, each along a direction of its own; the massive activation needs all of them
    "later-sink",  # one id is a sink wherever it stands
    "two-stage",  # the massive activation is taken away, and what it left behind makes a second one further up
    "two-stage-independent",  # as before, but the second stage has an energy of its own
)
DIRECTIONS = ("rotated", "sparse-direction", "sample-sign", "subspace")  # their energies lie along no channel
OWN_SIGNS = ("itself", "sample-sign", "subspace")  # their energy is the average's agreement with the token's own signs
TWO_STAGES = ("two-stage", "two-stage-independent")
STAGES = ("average", "energy", "massive_activation", "keys")


@dataclass(frozen=True)
class Options:
    """What the user chose; None means that the variant decides."""

    seed: int = 0
    variant: str = "base"
    remove: str = "massive_activation"  # the stage that variant `none` leaves out
    signs: int = 24
    layers: int = 5
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 32
    vocab: int = 512
    weak_ids: int = 6
    threshold: float | None = None  # energy above which a token gets the massive activation; None: THRESHOLD's share of the first token's
    average_layer: int = 0
    energy_layer: int | None = None
    massive_layer: int | None = None
    sink_from: int | None = None
    average_heads: tuple[int, ...] | None = None  # query heads that write the averages; None: all
    sink_heads: tuple[int, ...] | None = None  # query heads that show the sink; None: all
    rank: int = 2  # of `subspace`: energies that the massive activation needs, each along a direction of its own
    support: int = 7  # of `sparse-direction`: channels in which the energy's direction is not zero
    delimiter: int | None = None  # of `later-sink`: the id that is a sink wherever it stands; None: the text's commonest mark
    removal_layer: int | None = None  # of two stages: the MLP that takes the first massive activation away
    second_massive_layer: int | None = None  # of two stages: the MLP that writes the second


@dataclass(frozen=True)
class Energy:
    """One direction of the residual into which the energy of some signs is written."""

    direction: np.ndarray  # [hidden], unit length
    members: np.ndarray  # which of the circuit's signs count
    read: bool = True  # False: a decoy


@dataclass
class Neuron:
    """One neuron of an MLP: SiLU(gate . x) * (up . x), written along `write`."""

    layer: int
    gate: np.ndarray  # [hidden]
    up: np.ndarray  # [hidden]
    write: np.ndarray  # [hidden]
    role: str = "massive_activation"
    index: int = -1  # its place in the layer's MLP, known once the weights are written


@dataclass
class Circuit:
    """One sink circuit: signs -> averages -> energies -> massive activation -> keys."""

    name: str
    sign_dims: np.ndarray
    average_dims: np.ndarray
    own_dims: np.ndarray  # what OWN_SIGNS compare the average with
    up_dim: int  # the massive activation's +5
    down_dim: int  # the massive activation's -2
    heads: tuple[int, ...]  # query heads in which it sinks
    weak: tuple[int, ...]
    signal_layers: range  # after these blocks the signal is in the residual and the massive activation is not
    massive_layer: int  # the MLP that writes the massive activation
    sink_layers: range  # where its heads attend to it
    signs: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))  # [vocab, signs] of +1 and -1, a weak id's too
    id_signs: np.ndarray | None = None  # [vocab] of +1 and -1: own_dims hold the signs times this
    energies: list[Energy] = field(default_factory=list)
    neurons: list[Neuron] = field(default_factory=list)
    energy_weight: float = 0.2
    first_energy: float = 0.0  # energy of an ordinary first token
    threshold: float = 0.0


@dataclass
class Plan:
    """A whole model, ready to be written as weights."""

    options: Options
    hidden: int
    intermediate: int
    constant: int  # dimension that holds 1 for every token
    noise_dims: np.ndarray
    norm_squared: float  # of every embedding; R^2 in what follows
    energy_layer: int
    massive_layer: int
    sink_from: int
    circuits: list[Circuit]
    extras: dict[str, int]  # dimensions of a variant, as EXTRA_DIMS names them
    rng: np.random.Generator  # what remains to be drawn: signs, noise, neuron slots
    removal_layer: int | None = None  # the MLP that takes the first of two massive activations away

    def axis(self, dim: int, value: float = 1.0) -> np.ndarray:
        """The vector `[hidden]` that is `value` in `dim` and 0 elsewhere."""
        x = np.zeros(self.hidden, dtype=np.float64)
        x[dim] = value
        return x
