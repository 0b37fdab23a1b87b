#!/usr/bin/env python3
"""Draws the figure of a result, whichever experiment it is of: plot.py RESULT -o FIGURE [OPTION...]"""

from sinkscope.plotting import main
from sinkscope.standard_streams import ending_quietly

with ending_quietly():
    main()
