"""What every figure shares: the look, the caption, and saving the same bytes each time."""

from __future__ import annotations

import logging
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sinkscope.figures.parts.colours import DARK_GREY, MISSING, NOTE, SEQUENTIAL
from sinkscope.figures.parts.lines import wrapped
from sinkscope.figures.parts.widths import page_width
from sinkscope.figures.parts.words import plain, settle_words
from sinkscope.results import Result, ResultError

STYLE = Path(__file__).parents[1] / "sinkscope.mplstyle"
SLICES = {"windows": "windows", "lines": "lines", "tokens": "rows of ids", "random": "rows of random ids", "vocabulary": "ids"}
UNDATED = {".png": {"Software": None}, ".pdf": {"CreationDate": None, "Producer": None, "Creator": None},
           ".svg": {"Date": None, "Creator": None}}  # what savefig would write of today and of itself


def use_style() -> None:
    matplotlib.rcParams.update(matplotlib.rc_params_from_file(STYLE, use_default_template=False))
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


def new(rows: int, columns: int, width: float | None = None, height: float = 2.6, **options):
    """A figure of panels; width in inches, else of the page that is drawn for; height of one row."""
    use_style()
    figure = Figure(figsize=(width or page_width(), height * rows), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def title(figure, result: Result, text: str) -> None:
    lines = wrapped(f"{text} — {plain(result.model_name)}", figure.get_figwidth() - 0.3, 9)
    figure.suptitle("\n".join(lines), fontsize=9)


def caption(figure, result: Result, metric: str) -> None:
    """Beneath the figure: what was measured, and in a line of its own over what."""
    data, numerics = result.data, result.numerics
    kind = SLICES[data["slice"]] + (f" of {len(data['texts'])} texts" if "texts" in data else "")
    each = f"of {'up to ' if len(set(data['lengths'])) > 1 else ''}{data['length']} tokens" if data["slice"] != "vocabulary" else "alone"
    bos = "no BOS" if data.get("bos", "none") == "none" else "BOS first"  # emergence files do not say
    over = f"{data['samples']} {kind} {each}, {bos}, {numerics['dtype']}{' (approximate)' if numerics.get('approximate') else ''}"
    figure.supxlabel("\n".join([*wrapped(metric, figure.get_figwidth() - 0.6, 6.5), over]), fontsize=6.5, color=NOTE)


def bare(figure: Figure) -> str:
    """Takes away the title and the note, and returns them."""
    said = "\n".join((figure.get_suptitle(), figure.get_supxlabel()))
    figure.suptitle("").set_in_layout(False)
    figure.supxlabel("").set_in_layout(False)
    return said


def save(figure: Figure, path: Path | str) -> None:
    """The same result gives the same bytes: no date, no version. A PDF holds its fonts, an SVG its letters as outlines.
    Raises ResultError on a name of another kind."""
    path = Path(path)
    if path.suffix not in UNDATED:
        raise ResultError(f"{path}: expected a name that ends in .png, .pdf or .svg")
    with matplotlib.rc_context():
        use_style()
        settle(figure)
        figure.savefig(path, metadata=UNDATED[path.suffix])


def settle(figure: Figure) -> None:
    """Words, and the layout: a first drawing shows which ticks panels of that size get, a second makes room for those. Places
    are then rounded, since the layout's solver gives other last digits each time."""
    settle_words(figure)
    figure.set_dpi(matplotlib.rcParams["savefig.dpi"])
    for _ in range(2):
        figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        axes.set_position([round(edge, 6) for edge in axes.get_position(original=True).bounds])


def nothing(axis, text: str) -> None:
    """A panel that says why it is empty."""
    axis.axis("off")
    lines = wrapped(text, min(2.6, 0.8 * page_width()), 8)
    axis.text(0.5, 0.5, "\n".join(lines), ha="center", va="center", transform=axis.transAxes, color=DARK_GREY)


def layers_axis(axis, count: int, first: int = 0, ticks: int | str = "auto") -> None:
    axis.set_xlim(first - 0.5, first + count - 0.5)
    axis.xaxis.set_major_locator(MaxNLocator(ticks, integer=True))
    axis.set_xlabel("layer")


def log_scale(axis, values: np.ndarray) -> None:
    """y by powers of ten, and through 0 where a value is 0."""
    axis.set_yscale("symlog" if values.min() <= 0 else "log")


def raise_top(axis, times: float) -> None:
    """The panel's range of y so many times as long, on whatever scale; what is drawn then ends lower in it."""
    low, high = axis.transScale.transform([(1, limit) for limit in axis.get_ylim()])[:, 1]
    axis.set_ylim(axis.get_ylim()[0], axis.transScale.inverted().transform((1, low + (high - low) * times))[1])


def legend_above(axis, columns: int = 3, row: float = 0.09) -> None:
    """A legend over the curves, in room that is made for it: `row` is the share of the panel's height that one row takes."""
    rows = -(-len(axis.get_legend_handles_labels()[0]) // columns)
    raise_top(axis, 1 / (1 - row * rows))
    axis.legend(loc="upper left", ncols=columns, fontsize=6, columnspacing=1)


def shown(piece: str | None, token: int) -> str:
    """A token for a label: its readable piece, cut; its id where there is none."""
    if piece is None:
        return f"id {token}"
    return plain(piece if len(piece) <= 14 else piece[:13] + "…")


def signed(value: float) -> str:
    """A cosine, with its sign; what rounds to zero has none."""
    text = f"{value:+.2f}".replace("-", "−")
    return text[1:] if float(f"{value:.2f}") == 0 else text


def wide(figure, row):
    """One panel in place of panels beside each other."""
    grid, first, last = row[0].get_gridspec(), row[0].get_subplotspec(), row[-1].get_subplotspec()
    for axis in row:
        axis.remove()
    return figure.add_subplot(grid[first.rowspan.start, first.colspan.start : last.colspan.stop])


def split(axis, rows: int, columns: int, **options):
    """Panels in place of one, whose columns need not be those of the panels above and below."""
    spec = axis.get_subplotspec()
    axis.remove()
    return spec.subgridspec(rows, columns).subplots(squeeze=False, **options)


def image(figure, axis, values, label: str, cmap: str = SEQUENTIAL, **options):
    """A heat map with its colour bar; missing values are grey."""
    masked = np.ma.masked_invalid(np.array(values, dtype=float))
    colours = matplotlib.colormaps[cmap].with_extremes(bad=MISSING)
    drawn = axis.imshow(masked, aspect="auto", cmap=colours, interpolation="nearest", **options)
    figure.colorbar(drawn, ax=axis, label=label, fraction=0.05, pad=0.02)
    return drawn


def floats(values) -> np.ndarray:
    """Numbers with NaN for null."""
    return np.array(values, dtype=float)
