"""MiniStack, with the one check of its `AUTH=true` that we miss.

MiniStack 1.5 holds `ssm:GetParameters` against the resource `*`, whatever names are asked for, so
that only a policy which allows all parameters would pass. AWS holds it against every name.
"""

import json

from ministack import app
from ministack.core import iam_actions
from ministack.core.iam_evaluator import enforce
from ministack.core.router import extract_access_key_id

extract_resource_arn = iam_actions.extract_resource_arn


def strict_resource_arn(service, method, path, headers, body, params, region, account):
    """The first parameter that the caller may not read; else what MiniStack says."""
    if headers.get("x-amz-target") == "AmazonSSM.GetParameters":
        key = extract_access_key_id(headers, params)
        arns = [
            f"arn:aws:ssm:{region}:{account}:parameter/{name.removeprefix('/')}"
            for name in json.loads(body)["Names"]
        ]
        denied = (arn for arn in arns if enforce(key, "ssm:GetParameters", "ssm", region, resource_arn=arn))
        return next(denied, arns[0])
    return extract_resource_arn(service, method, path, headers, body, params, region, account)


iam_actions.extract_resource_arn = strict_resource_arn
app.main()
