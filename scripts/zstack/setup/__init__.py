"""`zstack-setup.py`: reading, the plan, the steps, the undo file, and the words."""
