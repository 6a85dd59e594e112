"""Command line: ``python -m undertow demo``."""

from __future__ import annotations

import argparse
import sys


def main() -> int:
    """Run what the command line asks for; the result is the exit status."""
    parser = argparse.ArgumentParser(prog="python -m undertow", description="Derivatives of unmodified NumPy programs.")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="differentiate real programs, check and time each, draw a picture")
    demo.add_argument("--only", default="", metavar="WORD", help="run the programs whose title contains WORD")
    demo.add_argument("--picture", default="undertow-demo.png", metavar="FILE", help="where to draw (%(default)s)")
    demo.add_argument("--no-picture", dest="picture", action="store_const", const=None, help="draw nothing")
    arguments = parser.parse_args()

    from ._demo import main as run_demo
    return run_demo(arguments.only, arguments.picture)


if __name__ == "__main__":
    sys.exit(main())
