"""The tables of docs/python.md, from the code: python -m sinkscope.frames"""

from __future__ import annotations

from pkgutil import iter_modules

import sinkscope.frames as frames
from sinkscope.frames.columns import ABOUT, COLUMNS, SUFFIXES
from sinkscope.frames.parts.attention import attention_frames
from sinkscope.frames.parts.trials import TRIAL_FRAMES


def experiments() -> list[str]:
    """That have a module, sorted."""
    names = (module.name for module in iter_modules(frames.__path__))
    return [name.replace("_", "-") for name in sorted(names) if not name.startswith("__") and frames.of_experiment(name)]


def frames_table() -> str:
    rows = ["| results of | frame | what a row is |", "|---|---|---|"]
    attention = {name: frame.about for name, frame in attention_frames(lambda _: iter(())).items()}
    trials = {name: frame.about for name, frame in TRIAL_FRAMES.items()}
    rows += [f"| all but first-token and emergence | `{name}` | {frame.about} |" for name, frame in frames.SHARED.items()]
    rows += [f"| scan, rope-swap, self-mask, vocab-sweep | `{name}` | {about} |" for name, about in attention.items()]
    rows += [f"| every experiment made of trials | `{name}` | {about} |" for name, about in trials.items()]
    for experiment in experiments():
        for name, frame in frames.of_experiment(experiment).items():
            if frame.about not in (attention.get(name), trials.get(name)):
                rows.append(f"| {experiment} | `{name}` | {frame.about} |")
    return "\n".join(rows)


def columns_table() -> str:
    rows = ["| column | type | meaning |", "|---|---|---|"]
    rows += [f"| `{name}` | {kind} | {meaning} |" for name, (kind, meaning) in COLUMNS.items()]
    rows += [f"| `about_…` | by its values | {ABOUT[1]} |"]
    rows += [f"| `…{suffix}` | {kind} | {meaning} |" for suffix, (kind, meaning) in SUFFIXES.items()]
    return "\n".join(rows)


if __name__ == "__main__":
    print(frames_table(), columns_table(), sep="\n\n")
