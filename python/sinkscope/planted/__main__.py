import sys

from sinkscope.planted.make import main

sys.exit(main())
