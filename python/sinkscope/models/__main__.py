import sys

from sinkscope.models.get import main

sys.exit(main())
