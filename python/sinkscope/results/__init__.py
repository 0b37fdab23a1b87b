"""Reading what `sinkscope` wrote: `read("scan.json").results["sink"]`. Figures and the summary read results through this alone."""

from sinkscope.results.reading import SCHEMA_VERSION, Result, ResultError, read

__all__ = ["SCHEMA_VERSION", "Result", "ResultError", "read"]
