"""channel-patch on the page: what each set of dimensions does when it is written, and when it is removed, by site and dose."""

from __future__ import annotations

from collections.abc import Iterator

from sinkscope.figures.parts.colours import colour_of
from sinkscope.figures.parts.trial_rows import place
from sinkscope.report.kinds.columns import short
from sinkscope.report.kinds.figure import Figure, axes
from sinkscope.report.kinds.heat_map import grid, heat_map
from sinkscope.report.kinds.trials import held_against, level_points, strongest, trial_levels
from sinkscope.results.loaded import LoadedResult

TITLE = "Dimensions that make a sink, and that end it"
QUESTION = "Which dimensions make a sink when moved, and which end it when removed?"


def figures(result: LoadedResult) -> Iterator[Figure]:
    frame = trial_levels(result)
    later = result.results["tokens"]["tracked"][1]
    yield grids(result, frame, later)
    if frame["about_dose"].nunique() > 2:
        yield doses(result, frame, later)


def grids(result: LoadedResult, frame, later: int) -> Figure:
    """A row a site, a column a set; at dose 1."""
    full = frame[frame["about_dose"].abs() == 1]
    full = full.assign(after=full["about_site"].map(place))
    top, options = max(full["level"].max(), full["mean_attention_unedited"].max()), {}
    for role, at, token in (("writing", later, later), ("writing", later, 0), ("removal", 0, 0)):
        some = full[(full["role"] == role) & (full["token"] == token)]
        some = some[some["about_dose"] == 1] if (some["about_dose"] == 1).any() else some
        if some.empty:
            continue
        z, sets, sites = grid(some, "after", "about_of", "level")
        said, _, _ = text_grid(some, sites, sets)
        options[f"{'written at' if role == 'writing' else 'removed at'} token {at}: attention to token {token}"] = [
            heat_map(z, sets, sites, across="set", up="after", value="attention", high=top, words=said, cells=True)]
    return Figure("sites", "Attention by site and set of dimensions, dose 1", strongest(full[full["role"] == "writing"], later), options,
                  axes("", "residual after", y_axis={"type": "category", "autorange": "reversed"}, x_axis={"type": "category"}),
                  choice="edit", height=150 + 30 * len(result.results["sites"]))


def text_grid(frame, sites: list, sets: list) -> tuple[list[list[str]], list, list]:
    said = {(row["after"], row["about_of"]): f"95 % interval {short(row['low'])} to {short(row['high'])}; {row['words']}"
            for row in frame.to_dict("records")}
    return [[said.get((site, one), "no such set") for one in sets] for site in sites], sets, sites


def doses(result: LoadedResult, frame, later: int) -> Figure:
    colours, options = {token: colour_of(token) for token in (later, 0)}, {}
    for (site, of, role), some in frame.groupby(["about_site", "about_of", "role"], sort=False):
        if some["about_dose"].nunique() < 3:
            continue
        some = some.sort_values("about_dose")
        options[f"{of} after {place(site)}, {role}"] = held_against([
            level_points(rows, rows["about_dose"].tolist(), f"to token {token}", colour, "dose", mode="lines+markers")
            for token, colour in colours.items() if not (rows := some[some["token"] == token]).empty], frame, colours)
    return Figure("doses", "Attention over the dose", "Dose 1 is the other token's mean level.", options,
                  axes("dose", f"attention in layer {result.results['sink_layer']}", y_axis={"rangemode": "tozero"}),
                  choice="moved")
