"""Who may do what.

- MiniStack checks `ssm:GetParameters` against the resource `*`, so that only a policy for all parameters
  allows it. AWS checks it against every requested name.
- For a parameter that a KMS key of one's own encrypts, AWS also checks `kms:Decrypt`. MiniStack does
  not.
- MiniStack checks SQS's batch operations against actions of their own. AWS has no such actions: a policy that
  allows the single operation allows the batch.
- MiniStack checks no right for Lambda's GetAccountSettings, and takes a call about one event source mapping
  for a call about all of them.
- The template's queues refuse requests without TLS. MiniStack has no TLS here, because the functions would
  have to trust its certificate. So every request counts as one with TLS.
"""

import json
import re
from contextvars import ContextVar

from ministack import app
from ministack.core import iam_actions
from ministack.core.iam_evaluator import enforce, pin_request_origin
from ministack.core.responses import error_response_json
from ministack.core.router import extract_access_key_id
from ministack.services import ssm

undecryptable: ContextVar[bool] = ContextVar("undecryptable", default=False)
"""Whether the caller of this request may not use the key of a parameter that it asks for."""

MAPPING = {
    "GET": "lambda:GetEventSourceMapping",
    "PUT": "lambda:UpdateEventSourceMapping",
    "DELETE": "lambda:DeleteEventSourceMapping",
}

extract_resource_arn = iam_actions.extract_resource_arn


def strict_resource_arn(service, method, path, headers, body, params, region, account):
    """The first parameter that the caller may not read; for other calls MiniStack's own answer."""
    if headers.get("x-amz-target") != "AmazonSSM.GetParameters":
        return extract_resource_arn(service, method, path, headers, body, params, region, account)
    key, asked = extract_access_key_id(headers, params), json.loads(body)
    arns = {it: f"arn:aws:ssm:{region}:{account}:parameter/{it.removeprefix('/')}" for it in asked["Names"]}
    undecryptable.set(
        bool(asked.get("WithDecryption"))
        and any(not may_decrypt(key, ssm._parameters.get(it), arn, region) for it, arn in arns.items())
    )
    denied = (it for it in arns.values() if enforce(key, "ssm:GetParameters", "ssm", region, resource_arn=it))
    return next(denied, next(iter(arns.values())))


def may_decrypt(access_key, parameter, arn, region):
    """Whether the caller may decrypt a parameter. Everybody may use the key of SSM itself."""
    key = (parameter or {}).get("KeyId") or "alias/aws/ssm"
    if key.startswith("alias/aws/"):
        return True
    context = {
        "kms:ViaService": f"ssm.{region}.amazonaws.com",
        "kms:EncryptionContext:PARAMETER_ARN": arn,
    }
    return not enforce(access_key, "kms:Decrypt", "kms", region, resource_arn=key, service_context=context)


get_parameters = ssm._get_parameters


def decrypted_parameters(data):
    """MiniStack's answer, if the caller may decrypt it."""
    if not undecryptable.get():
        return get_parameters(data)
    words = (
        "The ciphertext refers to a customer master key that does not exist, does not exist in this region,"
    )
    return error_response_json("AccessDeniedException", f"{words} or you are not allowed to access.", 400)


extract_iam_action = iam_actions.extract_iam_action


def strict_iam_action(service, method, path, *request):
    """MiniStack's action; for a batch operation of SQS, the action of the single one."""
    if service == "lambda" and path.endswith("/account-settings"):
        return "lambda:GetAccountSettings"
    if service == "lambda" and re.fullmatch(r"/[\d-]+/event-source-mappings/[^/]+/?", path):
        return MAPPING[method]
    action = extract_iam_action(service, method, path, *request)
    return action.removesuffix("Batch") if service == "sqs" and action else action


def apply():
    """Correct MiniStack."""
    iam_actions.extract_iam_action = strict_iam_action
    iam_actions.extract_resource_arn = strict_resource_arn
    ssm._get_parameters = decrypted_parameters
    app.pin_request_origin = lambda source_ip, _secure: pin_request_origin(source_ip, True)
