"""channel-trace on the page: from which block part on a dimension tells token 0 from others, and what it holds at each token."""

from __future__ import annotations

from collections.abc import Iterator

from sinkscope.figures.channel_trace import name, shown
from sinkscope.figures.parts.colours import FIRST, RANDOM, SELF_ONLY, UNEDITED
from sinkscope.report.kinds.columns import short, values
from sinkscope.report.kinds.figure import Figure, axes, figure
from sinkscope.report.kinds.points import bars, points
from sinkscope.results.loaded import LoadedResult

TITLE = "Which dimensions tell the first token from tokens 1 to 8"
QUESTION = "Which dimensions tell the first token from others, and where?"
SHOWN = 4  # dimensions of a site


def figures(result: LoadedResult) -> Iterator[Figure]:
    frame = result.frame("channels")
    frame = frame[frame.groupby("site", sort=False).cumcount() < SHOWN]
    yield by_site(result, frame)
    yield means(result)


def by_site(result: LoadedResult, frame) -> Figure:
    """The dimensions that rank first by effect size, and the largest AUC of chance."""
    places, ranks = [name(site) for site in frame["site"]], frame.groupby("site", sort=False).cumcount()
    frame = frame.assign(place=places, first=(ranks == 0).to_numpy())
    traces = []
    for first, label, symbol in ((True, "ranks first", "circle"), (False, f"second to {SHOWN}th", "circle-open")):
        some = frame[frame["first"] == first]
        words = [f"dimension {row['dimension']}, effect size {short(row['effect_size_tested'])}, p {row['p']:.2g}, "
                 f"AUC self-only {short(row['auc_self_only'])}" for row in some.to_dict("records")]
        traces.append(points(label, some["place"].tolist(), values(some["auc"]), colour=FIRST, across="site", value="AUC", words=words,
                             symbol=symbol, mode="lines+markers" if first else "markers"))
    chance = result.frame("sites")
    traces.append(points("largest by chance, 95 %", [name(site) for site in chance["site"]], values(chance["largest_auc_by_chance_p95"]),
                         colour=RANDOM, across="site", value="AUC", mode="lines", dash="dash"))
    certain = frame[frame["first"] & (frame["p"] <= 0.05)].to_dict("records")
    says = (f"First site where a dimension tells token 0 with p ≤ 0.05: {certain[0]['place']}, dimension {certain[0]['dimension']}, "
            f"AUC {certain[0]['auc']:.3g}." if certain else "No dimension tells token 0 with p ≤ 0.05.")
    return figure("by-site", "AUC of the dimensions that rank first, by site", says, traces, "", "AUC", height=420,
                  x_axis={"type": "category"})


def means(result: LoadedResult) -> Figure:
    """An option a dimension of the printed figure, where it first tells."""
    frame, options = result.frame("channel_means"), {}
    for site, one in shown(result.results["sites"], None):
        some = frame[(frame["site"] == site["site"]) & (frame["dimension"] == one["dimension"])]
        options[f"dimension {one['dimension']}, {name(site['site'])}"] = [
            bars("unedited", values(some["token"]), values(some["mean"]), colour=UNEDITED, across="token", value="mean"),
            bars("every token self-only", values(some["token"]), values(some["mean_self_only"]), colour=SELF_ONLY, across="token",
                 value="mean")]
    return Figure("means", "What the dimension holds at each token", "Mean over samples; no interval in the result.", options,
                  axes("token", "mean", barmode="group"), choice="of", height=340)
