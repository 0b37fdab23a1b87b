"""identify's tensors beside a trimmed result: without those of channel sets that a test refuted. Their bases are rows of 0 and 1, of
hundreds of channels megabytes, and the result names the channels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.numpy import save

from sinkscope.whole_files import new_file


def stays(stage: dict[str, Any], signal: dict[str, Any]) -> bool:
    """One of the stage's `signals`."""
    candidate = stage["candidates"][signal["candidate"]]
    return not candidate["refuted"] or signal["set"] is None or candidate["sufficient"][signal["set"]]["directions"]


def kept(results: dict[str, Any]) -> dict[str, Any]:
    return results | {"stages": [stage | {"signals": [one for one in stage["signals"] if stays(stage, one)]}
                                 for stage in results["stages"]]}


def write_kept(source: Path, results: dict[str, Any], target: Path) -> None:
    """The file beside a result, without the tensors that `kept` names no more. Nothing where there is none."""
    if not source.exists():
        return
    gone = {one[part]["tensor"] for stage in results["stages"] for one in stage["signals"] if not stays(stage, one)
            for part in ("basis", "first", "ordinary")}
    with safe_open(source, "np") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys() if name not in gone}
        metadata = file.metadata()
    metadata["signals"] = json.dumps([one for one in json.loads(metadata["signals"]) if one["basis"]["tensor"] not in gone])
    with new_file(target) as file:
        file.write(save(tensors, metadata))
