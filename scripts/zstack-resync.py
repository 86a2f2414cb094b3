#!/usr/bin/env python3
"""After an outage: post to the webhook what ZStack told meanwhile, so that ZStack and Flashduty agree again.

It needs Python 3.9, its standard library, and the folder `zstack` and `terminal.py` beside it. It reads from
ZStack and changes nothing there. docs/resync.md explains it.
"""

import sys

from zstack.resync.program import main

if __name__ == "__main__":
    sys.exit(main())
