"""``python -m streamproc`` is the command line."""

import sys

from streamproc.shell.cli import main

sys.exit(main())
