"""`python -m dppix_engine`: the command line."""

import sys

from dppix_engine.cli import main

if __name__ == "__main__":
    sys.exit(main())
