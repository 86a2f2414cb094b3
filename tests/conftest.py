"""For all tests in Python."""

import os

# `make test` runs these tests. A `make` which a test runs is not a part of it.
for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
    os.environ.pop(name, None)
