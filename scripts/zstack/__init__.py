"""What `zstack-setup.py` and `zstack-resync.py` share. It needs Python 3.9 and its standard library alone."""
