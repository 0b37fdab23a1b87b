#!/usr/bin/env python3
"""Converts a GGUF file into a Hugging Face folder that sinkscope reads: convert_gguf.py FILE.gguf OUT"""

import sys

from sinkscope.conversion.convert import main

sys.exit(main())
