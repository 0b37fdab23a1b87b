#!/usr/bin/env bash
# Draws every figure of the repository again, from the committed JSON alone.
set -euo pipefail
cd "$(dirname "$0")/.."
for result in results/*/*.json; do .venv/bin/python scripts/plot.py "$result" -o "${result%.json}.png" --all; done
.venv/bin/python bench/plot_screening.py bench/results/screening.json -o docs/screening.png
