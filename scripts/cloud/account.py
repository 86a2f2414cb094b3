"""The AWS account that the environment means: region, profile and keys as for the AWS command line."""

import os
from dataclasses import dataclass

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from . import Failed

ADVICE = "`aws configure`, or AWS_PROFILE and AWS_DEFAULT_REGION, say which account and region are meant."


@dataclass(frozen=True)
class Account:
    """An account and a region of it."""

    number: str
    region: str

    def __str__(self) -> str:
        return f"{self.region}, account {self.number}"


def current() -> Account:
    """The account, asked."""
    # The AWS command line reads AWS_REGION first; boto3 and SAM do not read it.
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
        raise Failed(f"AWS does not take the credentials: {error}\n{ADVICE}") from None
    return Account(number, session.region_name)
