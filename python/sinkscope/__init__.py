"""Python side of sinkscope: reads results, draws figures, plants and trains the models that the program is tested on."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]  # the repository, since setup.sh installs the package in place
