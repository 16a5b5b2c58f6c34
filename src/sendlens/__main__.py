"""`python -m sendlens`: the same as the command `sendlens`."""

from sendlens.cli import main

main()
