"""sinkscope.report without a browser: what the file holds, held against the results that it is made of."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from safetensors.numpy import load_file

import sinkscope
from sinkscope import ROOT, ResultError, load
from sinkscope.figures.parts.colours import TOKENS
from sinkscope.figures.parts.words import plain
from sinkscope.report.__main__ import main
from sinkscope.report.bundle import plotly_js, source_hash
from sinkscope.report.experiments import figures_of, module_of
from sinkscope.report.kinds.figure import Figure, Strip
from sinkscope.report.reading import loaded, tokenizer_of
from sinkscope.report.script_data import script_json
from sinkscope.whole_files import sha256
from support import hostile
from support.html_file import HtmlFile
from support.program import QUIET, Program

SMOLLM2 = ROOT / "results/smollm2-135m"
COMMITTED = sorted(ROOT.glob("results/*/*.json")) + sorted(ROOT.glob("models/*/emergence*.json"))
MOST_BYTES = 6e6  # that a page of a 30-layer model may have


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All results of the 30-layer model."""
    return sinkscope.report(sorted(SMOLLM2.glob("*.json")), tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture(scope="module")
def page(whole: Path) -> HtmlFile:
    return HtmlFile(whole.read_text(encoding="utf-8"))


def test_all_of_a_30_layer_model_is_small_enough(whole: Path) -> None:
    assert load(SMOLLM2 / "scan.json").model["n_layers"] == 30
    assert whole.stat().st_size < MOST_BYTES


def test_names_within_the_page_lead_somewhere(page: HtmlFile) -> None:
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    for attribute in ("aria-labelledby", "aria-describedby"):
        assert set(page.values(attribute)) and set(page.values(attribute)) <= set(ids)
    assert {link.removeprefix("#") for link in page.values("href") if link.startswith("#")} <= set(ids)


def test_landmarks_headings_and_names(page: HtmlFile) -> None:
    names = [name for name, _ in page.elements]
    assert [names.count(name) for name in ("header", "nav", "main", "footer", "h1")] == [1] * 5
    levels = [int(name[1]) for name in names if re.fullmatch(r"h\d", name)]
    assert levels[0] == 1 and all(below - above <= 1 for above, below in zip(levels, levels[1:]))
    assert ("html", {"lang": "en"}) in page.elements
    figures = [found for name, found in page.elements if name == "figure"]
    assert len(figures) > 60 and all(found.keys() >= {"aria-labelledby", "aria-describedby"} for found in figures)
    assert all(text.strip() for text in page.texts["p"] if text is not page.texts["p"][1])  # the notice is filled where it is needed


def test_nothing_is_asked_of_a_network(whole: Path, page: HtmlFile) -> None:
    """No address in an attribute, in the style or in the script of ours; the policy forbids what the library might ask for."""
    links = [*page.values("href"), *page.values("src"), *page.values("action")]
    assert all(link.startswith("#") or link == "data:," for link in links)
    assert "url(" not in "".join(page.texts["style"]) and "@import" not in "".join(page.texts["style"])
    script = page.texts["script"][-1]
    addresses = re.findall(r"https?://[^\"']+", script)
    assert set(addresses) == {"http://www.w3.org/2000/svg"} and "fetch(" not in script and "XMLHttpRequest" not in script
    policy = next(found["content"] for _, found in page.elements if "http-equiv" in found)
    assert policy.startswith("default-src 'none'; script-src 'sha256-") and "http" not in policy
    assert source_hash(plotly_js()) in policy and source_hash(script) in policy and "unsafe-eval" not in policy


def test_the_findings_come_first(page: HtmlFile) -> None:
    findings = page.texts["section"][0]
    verdict = load(SMOLLM2 / "identify.json").results["statement"]
    assert verdict in findings and "attention to the first token, layer 23" in findings and "0.792 ± 0.006" in findings
    assert "No result here holds attention by token of a text" in findings


def test_the_end_says_where_it_all_comes_from(page: HtmlFile) -> None:
    provenance, commands = page.texts["section"][-2:]
    for path in sorted(SMOLLM2.glob("*.json")):
        result = load(path)
        for word in (result.model["weights_sha256"], result.data["sha256"] or "", result.document["build"]["git"], str(path)):
            assert word in provenance, word
        assert result.command in commands
    assert "numerics.seed" in provenance and "python -m sinkscope.report" in commands


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_committed_result_has_figures(path: Path) -> None:
    """Each trace and layout is one that Plotly's own schema allows; each has words, and nothing but numbers and text."""
    figures = list(figures_of(load(path)))
    assert figures
    for figure in figures:
        assert figure.title and figure.says and "nan" not in figure.says.lower().split()
        json.loads(script_json(figure.document()), parse_constant=pytest.fail)
        if isinstance(figure, Figure):
            for traces in figure.options.values():
                go.Figure(data=traces, layout=figure.layout)
                assert any(len(trace["x"]) > 0 for trace in traces)
    assert len({figure.key for figure in figures}) == len(figures)


def test_every_experiment_has_a_module() -> None:
    experiments = [folder.name for folder in (ROOT / "experiments").iterdir() if (folder / "schema.json").exists()]
    assert len(experiments) > 15 and all(module_of(name) for name in experiments)


def test_numbers_and_intervals_are_those_of_the_result() -> None:
    result = load(SMOLLM2 / "scan.json")
    figures = {figure.key: figure for figure in figures_of(result)}
    for sink, trace in zip(result.results["sink"], figures["by-layer"].options[""]):
        attention = sink["mean_attention"]
        mean, half = np.array(attention["by_layer"]), np.array(attention["by_layer_ci95"])
        assert trace["name"] == f"token {sink['token']}" and trace["line"]["color"] == TOKENS[sink["token"]]
        assert trace["meta"]["along"] == "y"
        np.testing.assert_array_equal(trace["y"], mean)
        np.testing.assert_allclose(trace["customdata"], np.stack([mean - half, mean + half], axis=1))
        (heads,) = figures["by-head"].options[str(sink["token"])]
        np.testing.assert_array_equal(np.array(heads["z"]).T, attention["by_layer_head"])


def test_levels_of_trials_are_those_of_the_table() -> None:
    result = load(SMOLLM2 / "zero-sweep.json")
    (figure,) = figures_of(result)
    rows = [row for row in result.results["table"] if row["operation"] == "zero" and "mlp" in row["sites"][0]]
    trace = next(one for one in figure.options["MLP output"] if one["name"] == "zero")
    levels = [row["sink"][0]["level"] for row in rows]
    assert trace["y"] == [one["mean"] for one in levels]
    assert trace["customdata"] == [one["ci95"] for one in levels]


def test_intervene_has_a_figure(program: Program, tmp_path: Path) -> None:
    """No result of it is kept: one is made."""
    program.result("intervene", tmp_path / "intervene.json", "--config", "configs/demo/intervene.json", *QUIET)
    result = load(tmp_path / "intervene.json")
    (figure,) = figures_of(result)
    trial = result.results["trials"][0]
    drawn = figure.options["token 0"][0]
    assert (drawn["x"][0], drawn["y"][0]) == (trial["mean_attention"][0]["difference"]["mean"], trial["name"])
    for traces in figure.options.values():
        go.Figure(data=traces, layout=figure.layout)


def test_the_text_s_own_tokens(program: Program, tmp_path: Path) -> None:
    """Values are those of the file, words those of the tokenizer."""
    from tokenizers import Tokenizer

    path = tmp_path / "attention.safetensors"
    program.output("activations", "--model", "models/demo", "--text", "models/demo/text.txt", "--samples", 3, "--length", 24,
                   "--columns", "3,0", "--out", path, *QUIET)
    result = loaded(path)
    (strip,) = figures_of(result)
    assert isinstance(strip, Strip)
    layer = load_file(path)["blocks.2.attn.columns"]  # [sample, head, query, key]
    np.testing.assert_allclose(np.array(strip.values)[:, 2], layer[..., 1], atol=5e-5)  # cut to four decimals
    ids = result.document["ids"][1]
    tokenizer = Tokenizer.from_file(str(ROOT / "models/demo/tokenizer.json"))
    assert "".join(strip.tokens[1]).replace("␣", " ").replace("\\n", "\n") == "".join(tokenizer.decode([one]) for one in ids)


def test_a_relative_tokenizer_is_found_from_the_export_s_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or from one above it, wherever the report is made; another file of that name is not taken."""
    tokenizer = ROOT / "models/demo/tokenizer.json"
    source = {"path": "demo/tokenizer.json", "sha256": sha256(tokenizer)}
    export = tmp_path / "run/out/attention.safetensors"
    for folder in (tmp_path / "run/demo", tmp_path / "elsewhere/demo", export.parent):
        folder.mkdir(parents=True)
    (tmp_path / "elsewhere/demo/tokenizer.json").write_text("{}")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert tokenizer_of(export, source) is None
    (tmp_path / "run/demo/tokenizer.json").write_bytes(tokenizer.read_bytes())
    assert tokenizer_of(export, source) == tmp_path / "run/demo/tokenizer.json"
    assert tokenizer_of(Path("../run/out/attention.safetensors"), source) == tmp_path / "run/demo/tokenizer.json"
    assert tokenizer_of(export, source | {"path": str(tokenizer)}) == tokenizer


def test_an_export_without_the_first_key_is_refused(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "columns.safetensors"
    program.output("activations", "--model", "models/demo", "--text", "models/demo/text.txt", "--samples", 1, "--length", 8,
                   "--columns", "2", "--out", path, *QUIET)
    with pytest.raises(ResultError, match=r"expected attention to key 0 \(--columns 0\), found keys 2"):
        loaded(path)


def test_what_was_not_found_is_said(program: Program, tmp_path: Path) -> None:
    """A random model has no sink, so that magc has no channel; a scan of norms alone has no row in the summary."""
    model, few = tmp_path / "random", ("--tokens", "random", "--samples", 4, "--length", 16, *QUIET)
    program.output("random-model", "--like", "smollm2-135m", "--layers", 2, "--out", model)
    for name, words in {"identify": ("--model", model), "magc": ("--model", model),
                        "scan": ("--model", "models/demo", "--measure", "norms")}.items():
        program.result(name, tmp_path / f"{name}.json", *words, *few)
    page = HtmlFile(sinkscope.report(sorted(tmp_path.glob("*.json")), tmp_path / "report.html").read_text())
    findings, body = page.texts["section"][0], page.texts["body"][0]
    assert "No sink, nothing to explain." in findings and "needs a scan that measured attention (--measure sink)" in findings
    assert "random, magc.json has no figure: no sink: no layer's attention to token 0" in body
    keys = [found["data-key"] for name, found in page.elements if name == "figure"]
    assert sorted(keys) == ["baseline", "norms"]


def of_tokens(folder: Path, name: str, *tokens: int) -> Path:
    """The committed scan, as if these alone had been tracked, in this order."""
    document = json.loads((SMOLLM2 / "scan.json").read_text())
    by_token = {one["token"]: one for one in document["results"]["sink"]}
    document["results"]["sink"] = [by_token[token] for token in tokens]
    (folder / name).write_text(json.dumps(document))
    return folder / name


def test_the_first_token_is_token_0_wherever_it_stands(tmp_path: Path) -> None:
    """Each scan has a row of its own; one that does not track token 0 has none."""
    paths = [of_tokens(tmp_path, "scan.json", 4), of_tokens(tmp_path, "last.json", 8, 0)]
    findings = HtmlFile(sinkscope.report(paths, tmp_path / "report.html").read_text()).texts["section"][0]
    assert findings.count("attention to the first token, layer 23") == 1 and "0.792 ± 0.006" in findings
    assert "needs a scan that tracks token 0, found one that tracks 4" in findings
    by_layer, by_head, _ = list(figures_of(load(paths[1])))[:3]
    assert by_layer.layout["shapes"][0]["label"]["text"] == "uniform, token 0" and by_head.first == "0"


def test_two_results_stand_beside_each_other(tmp_path: Path) -> None:
    """On one scale, each under its own name; what cannot be paired says why."""
    paths = [SMOLLM2 / "scan.json", ROOT / "results/qwen2.5-coder-0.5b/scan.json"]
    text = sinkscope.report(paths, tmp_path / "two.html").read_text()
    page = HtmlFile(text)
    shown = [json.loads(words) for words in page.texts["script"][:-2]]
    by_layer = [one for one in shown if one["title"] == "Mean attention by layer"]
    assert len(by_layer) == 2 and by_layer[0]["layout"]["yaxis"]["range"] == by_layer[1]["layout"]["yaxis"]["range"]
    assert max(max(trace["y"]) for one in by_layer for trace in one["traces"][0]) < by_layer[0]["layout"]["yaxis"]["range"][1]
    assert "cannot be paired by sample: data.text_tokens is 7661 and 7602" in text
    assert "smollm2-135m, scan.json" in text and "qwen2.5-coder-0.5b, scan.json" in text


def test_what_can_be_paired_is_compared(tmp_path: Path) -> None:
    first, second = (load(SMOLLM2 / name) for name in ("self-mask.json", "self-mask.two-stages.json"))
    page = HtmlFile(sinkscope.report([first, second], tmp_path / "two.html").read_text())
    largest = first.compare(second)["difference"].abs().max()
    table = next(words for words in page.texts["table"] if "Paired differences" in words)
    assert f"{largest:.5g}" in table


def test_words_of_results_are_text(tmp_path: Path) -> None:
    paths = hostile.write_all(tmp_path)
    text = sinkscope.report(paths, tmp_path / "report.html").read_text(encoding="utf-8")
    page = HtmlFile(text)
    figures = [found for name, found in page.elements if name == "figure"]
    assert [found for name, found in page.elements if name in ("img", "svg", "b", "i", "a") and found.keys() & {"onerror", "onload"}] == []
    assert [name for name, _ in page.elements].count("script") == len(figures) + 2
    assert all(link.startswith("#") or link == "data:," for link in page.values("href"))
    for words in (hostile.NAME, hostile.WARNING, hostile.COMMAND):
        assert words in page.texts["body"][0] and html.escape(words, quote=False)[:20] in text.replace("&#34;", '"').replace("&#39;", "'")
    documents = page.texts["script"][:-2]
    assert not any(character in one for one in documents for character in "<>&\u2028\u202e")
    assert any(hostile.CONDITION in json.dumps(json.loads(one), ensure_ascii=False) for one in documents)
    assert any(plain(hostile.PIECE) in found for one in documents for found in strings(json.loads(one)))


def strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [found for one in inner for found in strings(one)]


def test_the_same_results_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = (sinkscope.report(SMOLLM2 / "magc.json", "report.html").read_bytes() for _ in range(2))
    assert first == second


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(SMOLLM2 / "scan.json"), "-o", str(tmp_path / "report.html")])
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'report.html'}: ")
    for words, said in (([str(tmp_path / "none.json"), "-o", "x.html"], "none.json: cannot be read"),
                        ([str(SMOLLM2 / "scan.json"), "-o", "x.pdf"], "x.pdf: expected a name that ends in .html"),
                        (["none.json", "-o", str(tmp_path / "none/x.html")], f"there is no folder {tmp_path / 'none'}")):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2 and said in capsys.readouterr().err
