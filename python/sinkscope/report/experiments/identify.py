"""identify on the page: what every residual below the sink says, the trials, and the other channels that tell token 0 apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sinkscope.figures.parts.colours import ANSWERS as ANSWER_COLOURS
from sinkscope.figures.parts.colours import FIRST, GREY, LATER_SINKS, colour_of, tint, token_colours
from sinkscope.figures.parts.sites import CONDITIONS, QUESTIONS, SIGN_OF, met
from sinkscope.figures.parts.trial_rows import place
from sinkscope.figures.parts.which_trial import headline
from sinkscope.report.kinds.attention import layer_curve
from sinkscope.report.kinds.columns import at_largest, ends, short, span, values
from sinkscope.report.kinds.figure import MUTED, Figure, figure, level_line
from sinkscope.report.kinds.heat_map import heat_map
from sinkscope.report.kinds.points import points
from sinkscope.report.kinds.trials import ROW, over_trials, trial_levels
from sinkscope.results.loaded import LoadedResult
from sinkscope.results.stages import stages_of

TITLE = "What tells the model which token is first"
QUESTION = "What tells the model which token is first? The whole chain, with a verdict."
ANSWERS = {True: "met", False: "not met", "?": "these samples do not tell", None: "not asked"}
LEVEL_OF = {True: 1, "?": 0.5, False: 0, None: None}
SAME = {"yes": "They carry token 0's signal.", "no": "They do not carry token 0's signal.", "in part": "They carry it in part.",
        "open": "These samples do not tell whether they carry it."}
SCALE = [[0, tint(ANSWER_COLOURS[False])], [0.5, tint(GREY)], [1, tint(ANSWER_COLOURS[True])]]


def figures(result: LoadedResult) -> Iterator[Figure]:
    yield baseline(result)
    several = len(result.results["stages"]) > 1
    for number, stage in stages_of(result):
        for one in of_stage(stage):
            yield replace(one, key=f"{one.key}-{number}", title=f"{one.title}, stage {number}") if several else one


def of_stage(stage: LoadedResult) -> Iterator[Figure]:
    found = stage.results
    if found["sites"]:
        yield matrix(stage)
    yield over_trials(stage, trial_levels(stage), token_colours([0, found["self_only"]["token"]]))
    if found["suspects"]:
        yield suspects(stage)
    if found.get("later_sinks", {"carries": []})["carries"]:  # results of earlier versions have none
        yield later_sinks(stage)


def baseline(result: LoadedResult) -> Figure:
    frame = result.frame("sink_baseline")
    traces = [layer_curve(frame.rename(columns={f"mean_attention_{of}": "mean_attention"}), name, colour, dash=dash)
              for of, name, colour, dash in (("first", "to token 0", FIRST, "solid"),
                                             ("ordinary", "to an ordinary token", MUTED, "dot"))]
    row = at_largest(frame, "mean_attention_first")
    says = (f"Token 0 gets most in layer {row['layer']}: {row['mean_attention_first']:.3g}, an ordinary token there "
            f"{row['mean_attention_ordinary']:.3g}. {where(result)} These have no interval.")
    return figure("baseline", "Attention without edits, by layer", says, traces, "layer", "mean attention",
                  y_axis={"rangemode": "tozero"}, height=320)


def where(result: LoadedResult) -> str:
    layers = " and ".join(str(stage["layer"]) for stage in result.results["stages"])
    return f"The sink is read in layer {layers}." if layers else "That is no sink."


def matrix(result: LoadedResult) -> Figure:
    """A column a site, a row a question: of the half that chooses, then of the half that tests."""
    found = result.results
    answers = {one["site"]: met(one) for one in found["candidates"]}
    rows = {text: [site[key] for site in found["sites"]] for key, text in QUESTIONS.items()}
    rows |= {name: [answers.get(site["site"], {}).get(name) for site in found["sites"]] for name in CONDITIONS}
    z = [[LEVEL_OF[cell] for cell in row] for row in rows.values()]
    words = [[ANSWERS[cell] for cell in row] for row in rows.values()]
    signs = [[SIGN_OF.get(cell, cell) for cell in row] for row in rows.values()]
    drawn = heat_map(z, [place(site["site"]) for site in found["sites"]], list(rows), across="residual after", up="", value="answer",
                     high=1, words=words, shown="", xgap=2, ygap=2, showscale=False)
    drawn |= {"colorscale": SCALE, "text": signs, "texttemplate": "%{text}", "textfont": {"size": 14, "color": "#111111"}}
    return figure("conditions", "What every residual below the sink says", headline(found["verdict"]), [drawn], "residual after", "",
                  height=140 + 26 * len(rows), x_axis={"type": "category"}, y_axis={"type": "category", "autorange": "reversed"})


def suspects(result: LoadedResult) -> Figure:
    frame = result.frame("suspects")
    names = [f"dimension {row['dimension']}: {row['reading']}" for row in frame.to_dict("records")]
    words = [f"AUC {row['auc']:.3g}, effect size {short(row['effect_size'])}, p {row['p']:.2g}" for row in frame.to_dict("records")]
    traces = [points(text, values(frame[column]), names, *ends(frame, column), colour=colour, across="", value="change", words=words)
              for column, text, colour in (("written", "written at the later token", colour_of(result.results["self_only"]["token"])),
                                           ("removed", "removed at token 0", FIRST))]
    return figure("suspects", "Other channels that tell token 0 apart", f"{len(frame)} channels, by what writing or removing them does.",
                  traces, "change of attention", "", y_axis={"type": "category", "autorange": "reversed"}, height=160 + ROW * len(names),
                  shapes=[level_line(0, "", along="y")])


def later_sinks(stage: LoadedResult) -> Figure:
    """A row a site: what tokens get that are sinks without being first, as they are and without what token 0 has there."""
    found = stage.results["later_sinks"]
    frame = stage.frame("later_sinks")
    rows = frame.to_dict("records")
    names = [place(row["site"]) for row in rows]
    words = [f"needed: {row['needed']}; {row['random_ended']} of {row['random_moves']} random moves end it; "
             f"{span(row, 'share_of_way')} of the way to token 0's level" for row in rows]
    traces = [points(text, values(frame[column]), names, *ends(frame, column), colour=colour, symbol=symbol, size=size, across="",
                     value="mean attention", words=words)
              for column, text, colour, symbol, size in (  # open marks around full ones: often two are equal
                  ("attention_sinks_unedited", "to them, unedited", LATER_SINKS, "circle-open", 14),
                  ("attention_first_edited", "to token 0, edited", FIRST, "diamond-open", 10),
                  ("attention_others_edited", "to other later tokens, edited", MUTED, "circle", 6),
                  ("attention_sinks_edited", "to them, without what token 0 has there", LATER_SINKS, "circle", 6))]
    ids = ", ".join(f"{one['id']} ({one['count']})" for one in found["ids"])
    says = (f"{found['sinks']} of {found['tokens']} later tokens are sinks without being first; their ids, and how often: {ids}. "
            f"{SAME[found['same_signal']]}")
    return figure("later-sinks", "Sinks that are not first", says, traces, "mean attention", "residual after",
                  y_axis={"type": "category", "autorange": "reversed"}, height=160 + ROW * len(names))
