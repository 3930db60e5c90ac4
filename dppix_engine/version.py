"""The program's version, told once."""

from typing import Final

VERSION: Final = "0.1.0"
