"""The page: sections by experiment, figures of several results beside each other, words in HTML and numbers in JSON."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from sinkscope.figures.parts.words import plain
from sinkscope.report import bundle, findings, provenance
from sinkscope.report.beside import comparison, one_scale
from sinkscope.report.experiments import figures_of, question_of, title_of
from sinkscope.report.kinds.figure import Figure, Strip
from sinkscope.report.reading import loaded
from sinkscope.report.script_data import script_json
from sinkscope.report.tables import Table, tables_of
from sinkscope.results.loaded import LoadedResult
from sinkscope.results.reading import Result, ResultError
from sinkscope.whole_files import check_place, new_file

ASSETS = Path(__file__).parent / "assets"
SCRIPTS = ("theme.js", "text.js", "tables.js", "plots.js", "legend.js", "strip.js", "download.js", "start.js")


class Panel(NamedTuple):
    id: str
    label: str  # of the result
    figure: Figure | Strip
    json: str


class Section(NamedTuple):
    id: str
    experiment: str
    title: str
    question: str
    results: list[tuple[str, LoadedResult]]  # label, result
    groups: list[list[Panel]]  # a group: the same figure of every result
    without: list[tuple[str, str]]  # label, why it has no figure
    comparisons: list[tuple[str, Table | None, str]]  # label, table, words
    tables: list[tuple[str, Table]]


def write(given: Iterable[Path | str | Result], out: Path) -> Path:
    """Writes the page; see sinkscope.report."""
    if out.suffix not in (".html", ".htm"):
        raise ResultError(f"{out}: expected a name that ends in .html")
    check_place(out)
    text = html(given, out)
    with new_file(out) as file:
        file.write(text.encode())
    return out


def html(given: Iterable[Path | str | Result], out: Path | str) -> str:
    """The page; `out` is where its command says that it went."""
    results = [loaded(one) for one in given]
    if not results:
        raise ResultError("a report needs at least one result")
    script = "".join((ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS)
    script = f'"use strict";\n(() => {{\n{script}}})();\n'
    return template().render(
        title=", ".join(dict.fromkeys(one.model_name for one in results)), sections=sections(results), rows=list(findings.rows(results)),
        verdicts=findings.verdicts(results), provenance=[(label_of(one, results), list(provenance.rows(one)), one) for one in results],
        command=shlex.join(["python", "-m", "sinkscope.report", *(str(one.path) for one in results), "-o", str(out)]),
        label=lambda one: label_of(one, results), style=raw((ASSETS / "page.css").read_text(encoding="utf-8")), script=raw(script),
        policy=bundle.policy(script), packed=raw(bundle.packed()), own_tokens=any(one.experiment == "activations" for one in results))


def template():
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError:
        raise ImportError("a report needs jinja2, which is not installed: pip install 'sinkscope[report]', or 'jinja2>=3.1,<4'") from None
    pages = Environment(loader=FileSystemLoader(ASSETS), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
                        finalize=lambda value: plain(value) if type(value) is str else value)
    return pages.get_template("page.html.jinja")


def raw(text: str):
    """Text of ours that is HTML already."""
    from markupsafe import Markup

    return Markup(text)


def label_of(result: LoadedResult, results: list[LoadedResult]) -> str:
    """Short, and its own: model and file's name, with the folder where another has both."""
    same = [one for one in results if (one.path.name, one.model_name) == (result.path.name, result.model_name)]
    return f"{result.model_name}, {result.path.name if len(same) == 1 else result.path}"



def sections(results: list[LoadedResult]) -> list[Section]:
    """By experiment: the text's own tokens last, others in the order of the summary."""
    of: dict[str, list[LoadedResult]] = {}
    for one in sorted(results, key=findings.order_of):
        of.setdefault(one.experiment, []).append(one)
    return [section(number, experiment, [(label_of(one, results), one) for one in some])
            for number, (experiment, some) in enumerate(of.items())]


def section(number: int, experiment: str, results: list[tuple[str, LoadedResult]]) -> Section:
    (_, first), *others = results
    comparisons = [(label, *comparison(first, one)) for label, one in others]
    tables = [(label, table) for label, one in results for table in tables_of(one)]
    drawn = [(label, list(figures_of(one))) for label, one in results]
    without = [(label, why_none(one)) for (label, one), (_, figures) in zip(results, drawn) if not figures]
    return Section(f"section-{number}", experiment, title_of(experiment), question_of(experiment), results, groups(number, drawn), without,
                   comparisons, tables)


def why_none(result: LoadedResult) -> str:
    return result.results.get("no_trials") or f"no figure is known for results of {result.experiment}"


def groups(number: int, results: list[tuple[str, list[Figure | Strip]]]) -> list[list[Panel]]:
    by_key: dict[str, list[tuple[str, Figure | Strip]]] = {}
    for label, figures in results:
        for figure in figures:
            by_key.setdefault(figure.key, []).append((label, figure))
    found = []
    for at, some in enumerate(by_key.values()):
        scaled = one_scale([figure for _, figure in some])
        found.append([Panel(f"figure-{number}-{at}-{place}", label, figure, raw(script_json(figure.document())))
                      for place, ((label, _), figure) in enumerate(zip(some, scaled))])
    return found
