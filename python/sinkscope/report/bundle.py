"""The plotting library inside the page, compressed, and the policy that lets nothing else run there.

plotly.js is that of the `plotly` package: the whole of it, since the package holds no smaller one. gzip takes it from 4.8 to 1.5 MB,
2.0 MB as base64, which the browser's own DecompressionStream unpacks.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from functools import cache


@cache
def plotly_js() -> str:
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        raise ImportError("a report needs plotly, which is not installed: pip install 'sinkscope[report]', or 'plotly>=7,<8'") from None
    return get_plotlyjs()


@cache
def packed() -> str:
    """The same bytes each time: gzip writes no date."""
    return base64.b64encode(gzip.compress(plotly_js().encode(), compresslevel=9, mtime=0)).decode()


def source_hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def policy(script: str) -> str:
    """Content-Security-Policy: scripts by their hash alone, no address of anywhere. Plotly sets styles of its own."""
    return (f"default-src 'none'; script-src {source_hash(plotly_js())} {source_hash(script)}; style-src 'unsafe-inline'; "
            "img-src data: blob:; base-uri 'none'; form-action 'none'")
