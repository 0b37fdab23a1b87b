import sys

from sinkscope.conversion.convert import main

sys.exit(main())
