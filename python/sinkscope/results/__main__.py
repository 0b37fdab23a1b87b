"""The demo's table: what the experiments found, from their result files alone. summary.py FOLDER"""

import sys
from collections.abc import Iterator
from pathlib import Path

from sinkscope.figures.parts.trial_rows import level, place, unedited
from sinkscope.results.findings import Findings


def rows(found: Findings) -> Iterator[tuple[str, str]]:
    yield f"1 attention to the first token, layer {found.layer}", \
        f"{found.sink:.3f} ± {found.half_width:.3f}, uniform {found.uniform:.3f}; layers above the first third {found.upper:.3f}"
    unmoved, moved, (first, other) = found.condition("baseline")[0], found.condition("first-to-8")[0], found.condition("swap-0-8")
    yield "2 its rotary position moved to 8", f"gets {moved:.3f} where it got {unmoved:.3f}: {moved / unmoved:.2f} times"
    yield "  rotary positions of 0 and 8 swapped", f"token 0 gets {first:.3f}, token 8 gets {other:.3f}"
    ids, scores, own = found.by_id()
    yield f"3 every id first ({len(ids)} ids)", \
        f"mean {sum(scores) / len(scores):.3f}, the samples' own first tokens {own:.3f}; {found.kept_half():.1%} keep half of that"
    for layers in ("0", "0-1"):
        masked, first = found.self_only(4, layers)
        yield f"4 token 4 self-only in layers {layers}" if layers == "0" else f"  in layers {layers}", \
            f"gets {masked:.3f} where the first token gets {first:.3f}: {masked / first:.2f} times"
    spike = found.spike()
    if spike is None:
        yield "massive activation", "no dimension of any MLP's output meets the outlier rule"
    else:
        dimensions = ", ".join(f"{d['dimension']} ({d['mean']:+.0f})" for d in spike["dimensions"][:4])
        yield "massive activation", f"written by the MLP of layer {spike['layer']} into dimensions {dimensions}"


def mean(row: dict, token: int) -> float:
    return level(row, token)["mean"]


def without(sweep: dict, operation: str) -> str:
    """The parts that hold half of the sink or more, else the one that holds most."""
    sink = unedited(sweep)[0][0]
    rows = sorted((row for row in sweep["table"] if row["operation"] == operation and len(row["sites"]) == 1), key=lambda row: mean(row, 0))
    held = [row for row in rows if mean(row, 0) <= 0.5 * sink] or rows[:1]
    return f"{mean(held[0], 0):.3f} of {sink:.3f} without " + ", ".join(place(row["sites"][0]) for row in held)


def trial_rows(found: Findings) -> Iterator[tuple[str, str]]:
    """Of the experiments made of trials, at the layer where they found the sink; every level by its own run's queries."""
    sweep, routes, heads, moves, edits = (found.result(name)["results"] for name in (
        "zero-sweep", "path-split", "head-attribution", "transplant", "intervene"))
    yield f"5 parts zeroed at token 0, sink of layer {sweep['sink_layer']}", without(sweep, "zero")
    yield "  resampled", without(sweep, "resample")
    written = routes["table"][0]["written"]
    row = min((row for row in routes["table"] if row["written"] == written != row["taken_away_at"]), key=lambda row: mean(row, 0))
    yield f"  output of {place(written)} hidden from one reader", \
        f"{mean(row, 0):.3f} of {unedited(routes)[0][0]:.3f} without {row['name'].split(' not through ')[1]}"
    k = heads["tokens"]["tracked"][-1]
    one, every = (max((row for row in heads["table"] if row["at"] == k and (row["head"] == "all") == whole), key=lambda row: mean(row, k))
                  for whole in (False, True))
    yield f"  heads of token {k} as if it saw itself alone", \
        f"layer {one['layer']}, head {one['head']} gives it {mean(one, k):.3f}, all heads of layer {every['layer']} {mean(every, k):.3f}"
    halves = [row for row in moves["table"] if row["to"] == k and mean(row, k) >= 0.5 * mean(row, 0)]
    what = f"  token 0's residual in token {k}'s place"
    if halves:
        yield what, f"after {place(halves[0]['site'])} token {k} gets {mean(halves[0], k):.3f}, token 0 {mean(halves[0], 0):.3f}"
    else:
        yield what, f"gives token {k} less than half of token 0's attention, wherever it is put"
    readings = [trial["mean_attention"][0]["reading"] for trial in edits["trials"]]
    yield f"  {len(readings)} declared edits, on token 0", ", ".join(f"{readings.count(reading)} {reading}" for reading in sorted(set(readings)))


def verdict(found: Findings) -> tuple[str, str]:
    answer = found.result("identify")["results"]["verdict"]
    return "8 what tells which token is first", f"{answer['kind']}: {answer['statement']}"


def halfway(row: dict, k: int) -> bool:
    """Token k gets half of what token 0 gets, or more."""
    return mean(row, k) >= 0.5 * mean(row, 0)


def mark_rows(found: Findings) -> Iterator[tuple[str, str]]:
    """Of the experiments about what marks the first token."""
    statistics, doses, gate, read, trace, patch = (found.result(name)["results"] for name in (
        "stat-match", "mix-dose", "magc", "gate-readout", "channel-trace", "channel-patch"))
    k = statistics["tokens"]["tracked"][1]
    given = [row for row in statistics["table"] if row["at"] == k and row["statistic"] in ("norm", "variance", "mean", "own value")]
    yield f"6 token {k}'s attention output as token 0's", ", ".join(f"{row['statistic']} {mean(row, k):.3f}" for row in given)
    shares = sorted((row["value"], row) for row in doses["table"] if row["part"] == "dose")
    enough = [value for value, row in shares if halfway(row, k)]
    alone = f"gets {mean(shares[-1][1], k):.3f} when it sees itself alone"
    yield f"  token {k} sees more of itself", f"half of token 0's attention from a share of {enough[0]:g} on" if enough else alone
    if gate["table"]:
        copied = next(row for row in gate["table"] if row["operation"] == "copy" and row["at"] == 0)
        yield f"  channel that gates MLP {gate['layer']}", \
            f"{gate['channel']['channel']}: with token {k}'s value there token 0 gets {mean(copied, 0):.3f} of {unedited(gate)[0][0]:.3f}"
    if any(row["of"].startswith("neurons") for row in read["table"]):
        taken = next(row for row in read["table"] if row["of"].startswith("neurons") and row["operation"] == "project_out")
        yield "  what the spike's neurons read, taken away", f"leaves token 0 {mean(taken, 0):.3f} of {unedited(read)[0][0]:.3f}"
    residuals = [(site, site["dimensions"][0]) for site in trace["sites"] if site["site"].endswith("hook_resid_post")]
    site, one = next(((site, one) for site, one in residuals if one["p"] <= 0.05), (None, None))
    if one:
        where = place(site["site"])
        yield "7 first dimension that tells token 0", f"{one['dimension']} after {where}: AUC {one['auc']:.2f}, p {one['p']:.3f}"
    sets = [(site["site"], site["sufficient"][0]) for site in patch["sites"] if site["sufficient"]]
    small = [(site, one) for site, one in sets if one["direction"] is None and len(one["dimensions"]) <= 16]
    told = dict(sets[:1] + small[:1])  # the earliest, and the earliest of few channels
    yield "  smallest set that makes a sink", "; ".join(f"{size(one)} after {place(site)}" for site, one in told.items()) or "none"


def size(carrier: dict) -> str:
    dimensions = carrier["dimensions"]
    if carrier["direction"] is not None:
        return "a direction"
    return "+".join(map(str, dimensions)) if len(dimensions) <= 4 else f"{len(dimensions)} channels"


def main() -> None:
    folder = Path(sys.argv[1])
    found = Findings(folder)
    planted = ": a circuit planted by hand, a test and no evidence" if found.model["planted"] else ""
    print(f"\n{found.model['path']}{planted}; attention in layer {found.layer}, where the sink is strongest")
    for what, value in [*rows(found), *trial_rows(found), *mark_rows(found), verdict(found)]:
        print(f"  {what:<44} {value}")
    print("\nfigures:")
    for figure in sorted(folder.glob("*.png")):
        print(f"  {figure}")


if __name__ == "__main__":
    main()
