"""The layers in which a circuit's stages stand, in the order that it needs them."""

from sinkscope.planted.plan import TWO_STAGES, Options

# MLPs from the energy's to the massive activation's: a bystander and the shortfall of a subspace are written between them.
GAP = {"bystander": 2, "subspace": 2}


def stage_layers(o: Options) -> tuple[int, int, int]:
    """Layers of energy, massive activation and first sink, in the order a circuit needs them."""
    energy = o.energy_layer if o.energy_layer is not None else o.average_layer + (o.variant == "later")
    gap = GAP.get(o.variant, 1)
    massive = o.massive_layer if o.massive_layer is not None else energy + gap
    after = 2 if o.variant == "backup" else 1  # the backup neuron stands one layer later
    sink = o.sink_from if o.sink_from is not None else massive + after
    if not (0 <= o.average_layer <= energy and energy + gap <= massive and massive + after <= sink < o.layers):
        raise ValueError(
            f"layers of average {o.average_layer}, energy {energy}, massive activation {massive}, sink {sink} of {o.layers}: "
            f"expected average <= energy, energy + {gap} <= massive activation, massive activation + {after} <= sink < layers"
        )
    return energy, massive, sink


def later_layers(o: Options, sink: int) -> tuple[int, int] | None:
    """Of two stages: the MLP that takes the first massive activation away, and the one that writes the second.

    `sink` is the first layer of the first sink. By default its sink has two layers, then two have none.
    """
    if o.variant not in TWO_STAGES:
        return None
    removal = o.removal_layer if o.removal_layer is not None else sink + 1
    second = o.second_massive_layer if o.second_massive_layer is not None else removal + 2
    if not (sink <= removal < second < o.layers - 1):
        raise ValueError(
            f"layers of first sink {sink}, removal {removal}, second massive activation {second} of {o.layers}: "
            f"expected first sink <= removal < second massive activation < layers - 1"
        )
    return removal, second


def circuit_layers(o: Options, index: int) -> tuple[range, int, range]:
    """Of circuit `index`: the blocks after which its signal is in the residual and its massive activation is not, the MLP
    that writes the massive activation, and the layers whose heads attend to it."""
    energy, massive, sink = stage_layers(o)
    later = later_layers(o, sink)
    if later is None:
        shortfall = o.variant == "subspace"  # the MLP before the massive activation's reads the subspace
        return range(energy, massive - shortfall), massive, range(sink, o.layers)
    removal, second = later
    if index == 0:
        return range(energy, massive), massive, range(sink, removal + 1)
    reads_first = o.variant == "two-stage"  # a trace, which the first MLP of the first sink writes
    return range(sink if reads_first else energy, second), second, range(second + 1, o.layers)
