"""gate-readout on the page: how far tokens are along what is read, how samples agree in it, and what its removal does."""

from __future__ import annotations

from collections.abc import Iterator

from sinkscope.figures.parts.colours import FIRST, token_colours
from sinkscope.report.kinds.columns import ends, first, short, span, values
from sinkscope.report.kinds.figure import Figure, axes, figure
from sinkscope.report.kinds.heat_map import grid, heat_map
from sinkscope.report.kinds.points import bars, points
from sinkscope.report.kinds.trials import ROW, over_trials, trial_levels
from sinkscope.results.loaded import LoadedResult

TITLE = "What pattern is read to write the massive activation"
QUESTION = "Along which direction do the neurons of the massive activation read, and is it the signal?"


def figures(result: LoadedResult) -> Iterator[Figure]:
    found = result.results
    if found["read_outs"]:
        yield projections(result)
        yield agreement(result)
        yield components(result)
    if found["gram"] is not None:
        z, across, up = grid(result.frame("gram"), "read_out", "other_read_out", "cosine")
        yield figure("gram", "Cosines of neurons' mean gradients", f"{len(up)} neurons.", [
            heat_map(z, across, up, across="neuron", up="and", value="cosine", low=-1, high=1, cells=True)], "", "",
            x_axis={"type": "category"}, y_axis={"type": "category", "autorange": "reversed"}, height=320)
    if found["trials"]:
        yield over_trials(result, trial_levels(result), token_colours([0, found["token"]]),
                          title="Attention when these directions are taken from token 0, or given to the later one")


def projections(result: LoadedResult) -> Figure:
    frame, options = result.frame("projections"), {}
    for name, some in frame.groupby("read_out", sort=False):
        options[name] = [points("mean over samples", values(some["token"]), values(some["projection"]), *ends(some, "projection"),
                                colour=FIRST, across="token", value="projection",
                                words=[f"standard deviation over samples {short(one)}" for one in some["projection_sd"]])]
    row = first(frame)
    return Figure("projections", "How far along each read-out tokens are",
                  f"{row['read_out']}: token {row['token']} has {span(row, 'projection')} along it.", options, axes("token", "projection"),
                  choice="read-out")


def agreement(result: LoadedResult) -> Figure:
    frame = result.frame("read_outs")
    names = frame["read_out"].tolist()
    traces = [points(label, values(frame[column]), names, colour=colour, across="read-out", value=label, symbol=symbol)
              for column, label, colour, symbol in (("consistency", "consistency over samples", FIRST, "circle"),
                                                    ("auc", "AUC, token 0 against later ones", FIRST, "diamond-open"))]
    says = f"{len(names)} read-outs; consistency {frame['consistency'].min():.3g} to {frame['consistency'].max():.3g}, AUC " \
           f"{frame['auc'].min():.3g} to {frame['auc'].max():.3g}. These have no interval in the result."
    return figure("agreement", "Whether samples share one direction, and whether it tells token 0", says, traces, "value", "",
                  height=130 + ROW * len(names), y_axis={"type": "category", "autorange": "reversed"}, x_axis={"range": [0, 1.05]})


def components(result: LoadedResult) -> Figure:
    frame, options = result.frame("components"), {}
    for name, some in frame.groupby("read_out", sort=False):
        options[name] = [bars("component", [f"channel {one}" for one in some["channel"]], values(some["component"]), colour=FIRST,
                              across="", value="component", words=[f"contribution {short(one)}" for one in some["contribution"]])]
    row = first(frame)
    return Figure("components", "The largest channels of each read-out",
                  f"{row['read_out']}: channel {row['channel']} has the component {row['component']:.3g}.", options,
                  axes("", "component", x_axis={"type": "category"}), choice="read-out", height=340)
