"""The AWS account and region, chosen by the same environment and files as for the AWS command line."""

import os
from dataclasses import dataclass

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from . import Failed

ADVICE = "Choose the account and region with `aws configure`, or with AWS_PROFILE and AWS_DEFAULT_REGION."


@dataclass(frozen=True)
class Account:
    """An AWS account, and a region."""

    number: str
    region: str

    def __str__(self) -> str:
        return f"{self.region}, account {self.number}"


def current() -> Account:
    """Ask AWS for the current account."""
    # The AWS command line prefers AWS_REGION. boto3 and SAM do not read it.
    if region := os.environ.get("AWS_REGION"):
        os.environ["AWS_DEFAULT_REGION"] = region
    try:
        session = boto3.session.Session()
        if not session.region_name:
            raise Failed(f"There is no AWS region. {ADVICE}")
        number = session.client("sts").get_caller_identity()["Account"]
    except NoCredentialsError:
        raise Failed(f"There are no AWS credentials. {ADVICE}") from None
    except (BotoCoreError, ClientError) as error:
        raise Failed(f"AWS does not accept the credentials: {error}\n{ADVICE}") from None
    return Account(number, session.region_name)
