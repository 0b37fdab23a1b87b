#!/usr/bin/env python3
"""Figure of `screen_simulation`: what screening finds, costs and gets right as the ids' spread grows over the noise."""

import argparse
import json
from pathlib import Path

import numpy as np

from sinkscope.figures.parts.colours import SERIES
from sinkscope.figures.parts.style import new, save
from sinkscope.results import ResultError


def panel(axis, rows: list[dict], name, label: str, **settings) -> None:
    """A line a pilot and kind of effects: mean over seeds, with their range."""
    for style, effects in (("-", "normal"), ("--", "t4")):
        for colour, pilot in zip(SERIES, sorted({row["pilot_samples"] for row in rows})):
            chosen = [r for r in rows if r["effects"] == effects and r["pilot_samples"] == pilot]
            ratios = sorted({r["ratio"] for r in chosen})
            values = np.array([[name(r) for r in chosen if r["ratio"] == ratio] for ratio in ratios])
            axis.plot(ratios, values.mean(1), style, color=colour, marker="o", ms=2.5,
                      label=str(pilot) if effects == "normal" else None)
            axis.fill_between(ratios, values.min(1), values.max(1), color=colour, alpha=0.15, lw=0)
    axis.set(xscale="log", xlabel="ids' spread / id × sample noise", ylabel=label, **settings)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("result", type=Path, help="JSON that screen_simulation printed")
    parser.add_argument("-o", "--output", type=Path, required=True, help="figure to write: .png, .pdf or .svg")
    args = parser.parse_args()
    found = json.loads(args.result.read_text())
    figure, axes = new(1, 3, width=7.6, height=2.6)
    panel(axes[0][0], found["rows"], lambda r: (r["recall_top"] + r["recall_bottom"]) / 2,
          f"share of the top and bottom {found['top']} found", title="recall", ylim=(None, 1.005))
    panel(axes[0][1], found["rows"], lambda r: r["token_share"], "tokens, share of a full sweep", title="cost", yscale="log")
    panel(axes[0][2], found["rows"], lambda r: r["sd_ratio"], "standard deviation over the true one", title="corrected spread")
    axes[0][0].legend(title="samples of the pilot", loc="lower right")
    figure.suptitle(f"Screening {found['ids']:,} simulated ids, {found['samples']} samples "
                    "(solid: normal effects; dashed: Student's t, 4 degrees)", fontsize=8)
    try:
        save(figure, args.output)
    except ResultError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
