"""vocab-sweep on the page: the sink that each id makes in first place."""

from __future__ import annotations

from collections.abc import Iterator

from sinkscope.figures.parts.colours import FIRST, TEXT
from sinkscope.report.kinds.columns import at_largest, first, values
from sinkscope.report.kinds.figure import Figure, figure, level_line
from sinkscope.report.kinds.points import bars, curve, points
from sinkscope.results.loaded import LoadedResult

TITLE = "Every token id in first place"
QUESTION = "Does every token make the same sink when it is first?"


def figures(result: LoadedResult) -> Iterator[Figure]:
    yield ranks(result)
    yield histogram(result)
    yield kinds(result)
    yield by_layer(result)


def ranks(result: LoadedResult) -> Figure:
    frame = result.frame("ids").sort_values("score", ascending=False, kind="stable")
    words = [f"{row['piece']} (id {row['id']}, {row['kind']})" for row in frame.to_dict("records")]
    low, high = (values(frame[end]) if end in frame else None for end in ("low", "high"))
    traces = [points("ids", list(range(1, len(frame) + 1)), values(frame["score"]), low, high, colour=FIRST, across="rank",
                     value="score", words=words, size=4)]
    best, worst = first(frame), first(frame.tail(1))
    says = (f"{len(frame):,} ids: mean score {result.results['mean']:.3g}; strongest {best['piece']} with {best['score']:.3g}, "
            f"weakest {worst['piece']} with {worst['score']:.3g}.")
    return figure("ranks", "Score by rank", says, traces, "rank", "score: mean attention over layers and heads", height=420,
                  y_axis={"rangemode": "tozero"}, shapes=[level_line(result.results["uniform"], "uniform")])


def histogram(result: LoadedResult) -> Figure:
    frame = result.frame("histogram")
    middle = [(low + high) / 2 for low, high in zip(frame["score_from"], frame["score_to"])]
    says = f"{frame['count'].sum():,.0f} ids in {len(frame)} bins; the fullest has {frame['count'].max():,.0f}."
    return figure("histogram", "How many ids have which score", says, [
        bars("ids", middle, values(frame["count"]), colour=FIRST, across="score", value="ids")], "score", "ids", bargap=0)


def kinds(result: LoadedResult) -> Figure:
    """Median, with quartiles as its bar; the range as ticks."""
    frame = result.frame("score_by_kind").pivot_table(index=["kind", "count"], columns="quantile", values="score", sort=False).reset_index()
    names = [f"{row['kind']} ({row['count']:,.0f})" for row in frame.to_dict("records")]
    quantiles = sorted(column for column in frame.columns if not isinstance(column, str))
    least, lower, middle, upper, most = (values(frame[one]) for one in quantiles)
    trace = points("median, quartiles", middle, names, lower, upper, colour=FIRST, across="kind", value="median score", size=8,
                   ends_are="quartiles")
    ticks = [points(text, some, names, colour=TEXT, across="kind", value=text, symbol="line-ns-open", size=10)
             for text, some in (("least", least), ("most", most))]
    return figure("kinds", "Score by kind of token", f"{len(names)} kinds; bars are quartiles over ids, ticks the range.", [trace, *ticks],
                  "score", "", x_axis={"rangemode": "tozero"}, y_axis={"type": "category", "autorange": "reversed"},
                  height=140 + 28 * len(names))


def by_layer(result: LoadedResult) -> Figure:
    frame = result.frame("score_by_layer")
    low, high = frame["score"] - frame["score_sd"], frame["score"] + frame["score_sd"]
    trace = curve("mean over ids, ± standard deviation", values(frame["layer"]), values(frame["score"]), values(low), values(high),
                  colour=FIRST, across="layer", value="score", ends_are="± standard deviation over ids:")
    row = at_largest(frame, "score")
    return figure("by-layer", "Score by layer", f"Largest in layer {row['layer']}: {row['score']:.3g} ± {row['score_sd']:.2g} over ids.",
                  [trace], "layer", "score", y_axis={"rangemode": "tozero"})
