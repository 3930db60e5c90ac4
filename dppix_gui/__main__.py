"""`python -m dppix_gui [FILE]` opens the window."""

from __future__ import annotations

import sys

from dppix_gui.app import main

if __name__ == "__main__":
    sys.exit(main())
