"""The product in an AWS account: the two steps that people get wrong.

account   whose it is, and where
secrets   `make secrets`: push URL and webhook token, into SSM
deploy    `make deploy`: template.yaml, built and deployed
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""


class Failed(Exception):
    """Something outside this program went wrong; the message tells a person what to do."""
