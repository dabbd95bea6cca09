"""``python -m boundary``."""

from boundary.cli import main

main()
