"""For all tests in Python."""

import os
import signal

# `make test` runs these tests. A `make` which a test runs is not a part of it.
for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
    os.environ.pop(name, None)

# A shell ignores Ctrl-C for what it starts in the background, and every program of a test would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
