"""`python -m modelcheck` is `modelcheck`: the arguments first, so that help and usage cost next to nothing."""

import sys
from collections import defaultdict

from .arguments import parser_of


def main() -> int:
    """Runs the command line of this process; only what gets past its arguments imports the program."""
    parser_of(defaultdict(lambda: lambda _: 0)).parse_args()
    from .cli import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
