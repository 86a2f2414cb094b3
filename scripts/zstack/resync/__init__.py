"""`zstack-resync.py`: what ZStack told during an outage is posted to the webhook again."""
