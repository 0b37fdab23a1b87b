"""first-token on the page: norms over the vocabulary by layer, and a map of the ids by what they become."""

from __future__ import annotations

from collections.abc import Iterator

from sinkscope.figures.parts.colours import FIRST, WITHOUT_MASSIVE
from sinkscope.figures.parts.trial_rows import place
from sinkscope.report.kinds.columns import first, short, values
from sinkscope.report.kinds.figure import Figure, figure
from sinkscope.report.kinds.points import bars, curve, points
from sinkscope.results.loaded import LoadedResult

TITLE = "Every token id alone in first place"
QUESTION = "What does every id become when it is first, and which ids get no massive activation?"
QUANTILE_DASH = {0.0: "dot", 0.05: "dash", 0.25: "dashdot", 0.5: "solid", 0.75: "dashdot", 0.95: "dash", 1.0: "dot"}


def figures(result: LoadedResult) -> Iterator[Figure]:
    yield norms(result)
    yield ids(result)
    if "growth_dimensions" in result.frames:
        yield dimensions(result)


def norms(result: LoadedResult) -> Figure:
    frame = result.frame("norm_quantiles")
    traces = [curve(f"quantile {quantile:g}", list(map(place, some["site"])), values(some["norm"]), colour=FIRST,
                    dash=QUANTILE_DASH.get(quantile, "dot"), width=2.4 if quantile == 0.5 else 1.2, marks=False, across="after",
                    value="norm")
              for quantile, some in frame.groupby("quantile")]
    if "without_growth_by_site" in result.frames:
        for (id_, piece), some in result.frame("without_growth_by_site").groupby(["id", "piece"], sort=False):
            if len(traces) < len(QUANTILE_DASH) + 7:
                traces.append(curve(f"{piece} (id {id_})", list(map(place, some["site"])), values(some["norm"]), colour=WITHOUT_MASSIVE,
                                    marks=False, across="after", value="norm", width=1))
    growth = result.results["largest_growth"]
    says = (f"Quantiles over {result.data['samples']:,} ids. The median norm grows {growth['growth']:.3g} times in block "
            f"{growth['layer']}, to {short(growth['median_norm'])}.")
    return figure("norms", "Norm of the residual over ids, by block", says, traces, "after", "norm", height=440,
                  x_axis={"type": "category"}, y_axis={"type": "log"})


def ids(result: LoadedResult) -> Figure:
    """By norm and, where it is measured, the cosine of its key with the mean key; else by id."""
    frame = result.frame("ids")
    found = result.results["without_growth"]
    below = found["norm_below"] if found else 0
    across = "key_cosine" if "key_cosine" in frame and frame["key_cosine"].notna().any() else "id"
    traces = []
    for lacks, label, colour in ((False, "massive activation", FIRST), (True, "without one", WITHOUT_MASSIVE)):
        some = frame[(frame["norm"] < below) == lacks]
        if not some.empty:
            words = [f"{row['piece']} (id {row['id']}, {row['kind']})" for row in some.to_dict("records")]
            traces.append(points(label, values(some["norm"]), values(some[across]), colour=colour, across="norm", value=across, words=words,
                                 size=4))
    says = (f"{len(frame):,} of {result.data['samples']:,} ids; {found['count'] if found else 0} get no massive activation. "
            "A point is an id; its piece is in the hover and the table.")
    last = result.results["largest_growth"]["complete_layer"]
    return figure("ids", f"Ids after block {last}, where the growth is complete", says, traces, "norm of the residual",
                  "cosine with the mean key" if across == "key_cosine" else "id", height=440, x_axis={"type": "log"})


def dimensions(result: LoadedResult) -> Figure:
    frame = result.frame("growth_dimensions")
    row = first(frame)
    says = f"Dimension {row['dimension']} has {row['share']:.0%} of the mean squared norm."
    drawn = bars("share", [f"dimension {one}" for one in frame["dimension"]], values(frame["share"]), colour=FIRST, across="",
                 value="share of the squared norm", words=[f"mean {one:.4g}" for one in frame["mean"]])
    return figure("dimensions", "The dimensions that grow", says, [drawn], "", "share",
        x_axis={"type": "category"}, height=300, bargap=max(0.2, 1 - 0.12 * len(frame)))
