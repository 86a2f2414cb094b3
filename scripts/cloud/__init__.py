"""What a user runs to install the product in an AWS account.

account   the AWS account and region
secrets   `make secrets`: push URL and webhook token, into SSM
deploy    `make deploy`: template.yaml, built and deployed
bundle    `make bundle`: a release that deploys itself
licences  the licences of what is compiled in
build     what deploy and bundle need to build
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""


class Failed(Exception):
    """Something outside this program failed. The message says what to do."""
