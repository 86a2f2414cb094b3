"""How many functions of an account may run at once.

AWS begins a new account with 10, and raises that as it is used or asked for. Here the account of the tests
has 1,000, and every other one 10. Service Quotas grants a request at once; AWS takes days.
"""

import json

from ministack import app
from ministack.core import iam_actions, router
from ministack.core.responses import error_response_json, get_account_id, json_response
from ministack.services import lambda_svc

OURS, NEW = 1000, 10

CONCURRENT_EXECUTIONS = ("lambda", "L-B99A9384")

limits: dict[str, float] = {"000000000000": OURS}

get_account_settings = lambda_svc._get_account_settings


def limited_account_settings():
    """MiniStack's answer, with the limit of the account."""
    status, headers, body = get_account_settings()
    settings, limit = json.loads(body), limits.get(get_account_id(), NEW)
    settings["AccountLimit"].update(ConcurrentExecutions=limit, UnreservedConcurrentExecutions=limit)
    return status, headers, json.dumps(settings).encode()


async def service_quotas(_method, _path, headers, body, _query):
    """The one operation that is needed."""
    operation, asked = headers.get("x-amz-target", "").rpartition(".")[2], json.loads(body)
    if operation != "RequestServiceQuotaIncrease":
        return error_response_json("UnknownOperationException", operation, 400)
    code, account, wanted = asked["QuotaCode"], get_account_id(), asked["DesiredValue"]
    if (asked["ServiceCode"], code) != CONCURRENT_EXECUTIONS:
        return error_response_json("NoSuchResourceException", f"There is no quota {code}.", 400)
    if wanted <= limits.get(account, NEW):
        words = "You must provide a quota value greater than the current quota value"
        return error_response_json("IllegalArgumentException", words, 400)
    limits[account] = int(wanted)
    return json_response({"RequestedQuota": asked | {"Id": "granted", "Status": "APPROVED"}})


def apply():
    """Correct MiniStack."""
    lambda_svc._get_account_settings = limited_account_settings
    router.SERVICE_PATTERNS["servicequotas"] = {"target_prefixes": ["ServiceQuotasV20190624"]}
    iam_actions.SERVICE_TO_IAM_NAMESPACE["servicequotas"] = "servicequotas"
    app.SERVICE_HANDLERS["servicequotas"] = service_quotas
