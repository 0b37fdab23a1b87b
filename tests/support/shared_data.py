"""Where Qwen3's tokenizer and the texts are, which are no part of a clone."""

import os
from pathlib import Path

from sinkscope import ROOT

SHARED_DATA = Path(os.environ.get("SINKSCOPE_SHARED_DATA", ROOT.parent / "shared/data"))
