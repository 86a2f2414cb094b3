#!/usr/bin/env python3
"""`make doctor`, or `python3 doctor.py` in an unpacked release: walk the path of an alert.

It prints a line for each step, and what to do about a step that failed. The exit status is 0 if none failed.

It needs Python 3.9, terminal.py beside it, and the AWS command line (`aws`, version 1 or 2). Account and
region are those of the AWS command line. It changes nothing, but it sends one test message, which opens
nothing in Flashduty.
"""
# ruff: noqa: RUF001 (Chinese has punctuation of its own)

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import shlex
import shutil
import ssl
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NoReturn
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qsl, urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from terminal import FAILED, NONE, NOTE, OK, Terminal, language_of

HERE = Path(__file__).resolve().parent

DEFAULT_STACK = "zstack-flashduty"

OLDEST_CLI = (1, 16)
"""Older versions of the AWS command line lack operations or options that are used here."""

LEAST_CONCURRENCY = 100
"""Of the account, as in scripts/cloud/deploy.py."""

SHORTEST_TOKEN = 16
"""The functions log a warning about shorter tokens (src/secrets/token.rs)."""

CLOCK_REFUSED, CLOCK_DOUBTFUL = 300, 60
"""Seconds. AWS refuses a signature whose time is five minutes off."""

HEALTH_PATIENCE = 15
"""Seconds. After a repair, a process keeps its state for ten seconds."""

METRICS_PATIENCE = 180
"""Seconds."""

API_TIMEOUT = 35
"""Seconds. API Gateway answers after 30 seconds at most."""

TEST_MESSAGE = (
    '"{\\n    \\"product\\": \\"zstack\\",\\n    \\"service\\": \\"zstack\\",\\n'
    '    \\"metric\\": \\"ZStack::CPU\\",\\n'
    '    \\"alertLevel\\": 1,\\n    \\"alertTime\\": \\"1111\\",\\n    \\"dimensions\\": \\"aaa\\",\\n'
    '    \\"message\\": \\"CPU >= 100\\",\\n    \\"dataSource\\": \\"zstack\\"\\n}"'
)
"""ZStack's, as in events/test-message.json. The relay closes its alert in the same moment."""

TEXTS = {
    # The names of the steps, in their order.
    "account": ("account and region", "账号和区域"),
    "stack": ("stack", "堆栈"),
    "push_url": ("push URL", "推送地址"),
    "token": ("webhook token", "webhook 令牌"),
    "health": ("health check", "健康检查"),
    "rejection": ("wrong token", "错误的令牌"),
    "message": ("test message", "测试消息"),
    "source": ("event source", "事件源映射"),
    "dead_letters": ("dead letter queue", "死信队列"),
    "retries": ("retry queue", "重试队列"),
    "alarms": ("alarms", "监控报警"),
    "subscriber": ("subscriber of the alarms", "监控报警的订阅者"),
    "concurrency": ("concurrency of the account", "账号的并发数"),
    "clock": ("clock", "时钟"),
    "metrics": ("metrics", "指标"),
    "errors": ("errors of the functions", "函数的错误"),
    # What they need from an earlier one.
    "skipped": ("skipped: needs {need}", "跳过：需要先通过“{need}”"),
    # The end.
    "all_well": ("Everything works.", "一切正常。"),
    "all_well_but": (
        "Everything works. Look at what is marked {mark}: {count}.",
        "一切正常。标有 {mark} 的有 {count} 处，请看一下。",
    ),
    "failed": (
        "{failed} of {total} steps failed. Begin with the first: {first}.",
        "{total} 步中有 {failed} 步没有通过。请从第一处开始：{first}。",
    ),
    "interrupted": ("Interrupted.", "已中断。"),
    "mistake": (
        "This is a mistake of doctor.py: {kind} in line {line}. Please open an issue.",
        "这是 doctor.py 自身的错误：第 {line} 行，{kind}。请提交 issue。",
    ),
    # The AWS command line and its errors.
    "no_cli": ("the AWS CLI is missing", "没有 AWS CLI"),
    "install_cli": (
        "Install it, version 2: https://aws.amazon.com/cli/",
        "请安装版本 2：https://aws.amazon.com/cli/",
    ),
    "cli_broken": ("the AWS CLI does not run: {words}", "AWS CLI 无法运行：{words}"),
    "cli_old": ("the AWS CLI {version} is too old", "AWS CLI {version} 太旧"),
    "cli_slow": ("the AWS CLI did not answer in time", "AWS CLI 没有及时返回"),
    "no_region": ("there is no region", "没有设置区域"),
    "set_region": (
        "Choose the region of the stack, here for example us-east-1:",
        "请选择堆栈所在的区域，这里以 us-east-1 为例：",
    ),
    "account_ok": (
        "{region}, account {account}, {who}; AWS CLI {version}",
        "{region}，账号 {account}，{who}；AWS CLI {version}",
    ),
    "no_credentials": ("there are no AWS credentials", "没有 AWS 凭证"),
    "set_credentials": (
        "Set them with `aws configure`, or choose a profile with AWS_PROFILE.",
        "请用 `aws configure` 设置，或用 AWS_PROFILE 选择配置文件。",
    ),
    "expired": ("the AWS credentials have expired", "AWS 凭证已过期"),
    "renew": (
        "Get new ones: `aws sso login`, or the way in which you got these.",
        "请重新获取：`aws sso login`，或者用您当初获取它们的方式。",
    ),
    "bad_credentials": ("AWS does not accept the credentials", "AWS 不接受这些凭证"),
    "no_profile": ("the profile in AWS_PROFILE does not exist", "AWS_PROFILE 里的配置文件不存在"),
    "no_network": ("AWS cannot be reached: {words}", "连不上 AWS：{words}"),
    "check_network": (
        "Check the name of the region, DNS, and the proxy (HTTPS_PROXY). A proxy with a certificate of"
        " its own needs"
        " AWS_CA_BUNDLE.",
        "请检查区域名称、DNS 和代理（HTTPS_PROXY）。代理使用自己的证书时，需要设置 AWS_CA_BUNDLE。",
    ),
    "aws_clock": (
        "AWS refuses the signature, because the clock of this machine is wrong",
        "AWS 拒绝了签名，因为本机的时钟不对",
    ),
    "denied": ("you lack the right {right}, so this is not known", "您没有权限 {right}，所以无从得知"),
    "ask_right": (
        "Ask whoever administers the AWS account for {right}, and run this again.",
        "请向 AWS 账号的管理员申请 {right}，然后再执行一次。",
    ),
    "throttled": ("AWS throttles the calls of this account", "AWS 限制了这个账号的调用频率"),
    "again": ("Wait a minute, and run this again.", "请等一分钟，再执行一次。"),
    "aws_error": ("AWS answered: {words}", "AWS 返回：{words}"),
    # The stack.
    "no_stack": ("there is no stack {stack} in {region}", "{region} 里没有堆栈 {stack}"),
    "find_stack": (
        "If it has another name, give it with --stack. If it is in another region, set"
        " AWS_DEFAULT_REGION. If it was"
        " never deployed:",
        "名称不同时，用 --stack 指定。在其他区域时，设置 AWS_DEFAULT_REGION。还没有部署过时：",
    ),
    "other_stack": (
        "{stack} is another stack: it has no WebhookUrl",
        "{stack} 是别的堆栈：它没有 WebhookUrl",
    ),
    "give_stack": ("Give the name of the right one with --stack.", "请用 --stack 指定正确的名称。"),
    "state": ("{stack}, {state}", "{stack}，{state}"),
    "state_why": ("{stack}, {state}; {resource}: {why}", "{stack}，{state}；{resource}：{why}"),
    "in_progress": (
        "A deployment is running. Wait for its end, and run this again.",
        "正在部署。请等它结束，再执行一次。",
    ),
    "changeset": (
        "There is only a change set that nobody executed. Deploy:",
        "只有一个没有执行的变更集。请部署：",
    ),
    "failed_create": (
        "It cannot be used or upgraded. Remove the cause, delete it, and deploy it again:",
        "它既不能用，也不能升级。请排除原因，删除它，再重新部署：",
    ),
    "failed_delete": ("Its deletion did not end. Delete it again:", "删除没有完成。请再删除一次："),
    "failed_update": (
        "The last deployment failed, and the version before it runs. Remove the cause, and deploy again:",
        "上一次部署失败，正在运行的是之前的版本。请排除原因，再部署一次：",
    ),
    "failed_rollback": (
        "The last deployment failed, and going back failed as well. Remove the cause, then:",
        "上一次部署失败，回滚也失败了。请排除原因，然后：",
    ),
    "restore": (
        "It was deleted or changed by hand. A deployment of the same template does not see that. Have"
        " CloudFormation undo it. This needs a current AWS CLI. Read the changes before the last command:",
        "它被手工删除或改动过。用同样的模板部署，发现不了这一点。请让 CloudFormation 恢复。"
        "这需要较新的 AWS CLI。执行最后一条命令之前，请先看变更内容：",
    ),
    # The two parameters.
    "parameter_missing": ("there is no SSM parameter {name} in {region}", "{region} 里没有 SSM 参数 {name}"),
    "parameter_plain": (
        "{name} is of type {type}, and not encrypted",
        "{name} 的类型是 {type}，没有加密",
    ),
    "delete_first": (
        "Everybody who may read parameters can read it. Delete it, and store it as SecureString:",
        "凡是能读参数的人都能看到它。请删除它，再以 SecureString 保存：",
    ),
    "push_url_ok": (
        "{name}, SecureString, to {host}, integration of kind {kind}",
        "{name}，SecureString，发往 {host}，集成类型为 {kind}",
    ),
    "not_a_url": ("the value of {name} is not a URL", "{name} 的值不是 URL"),
    "not_https": ("the value of {name} does not begin with https://", "{name} 的值不以 https:// 开头"),
    "no_key": ("the value of {name} has no integration_key", "{name} 的值里没有 integration_key"),
    "put_push_url": (
        "Copy the push URL from the integration in Flashduty. The command waits for it (paste it, and"
        " press Enter) and"
        " does not show it:",
        "请在 Flashduty 的集成里复制推送地址。命令会等您粘贴并按回车，不会显示出来：",
    ),
    "token_ok": ("{name}, SecureString, {count} token(s)", "{name}，SecureString，共 {count} 个令牌"),
    "token_empty": ("the value of {name} is empty", "{name} 的值是空的"),
    "token_not_ascii": (
        "the value of {name} has characters that ZStack cannot send",
        "{name} 的值里有 ZStack 发不出的字符",
    ),
    "token_short": (
        "{name} has a token of fewer than {least} characters, which is easy to guess",
        "{name} 里有少于 {least} 个字符的令牌，容易被猜中",
    ),
    "token_one_line": ("{name} has several tokens in one line", "{name} 在一行里有多个令牌"),
    "token_lines": ("Put each token on a line of its own.", "请把每个令牌单独放一行。"),
    "put_token": (
        "Store a new token. The command prints it: it is the password of the endpoint in ZStack.",
        "请保存一个新的令牌。命令会打印它：它就是 ZStack 里通知对象的密码。",
    ),
    # Calls of the API.
    "unreachable": ("{host} cannot be reached: {why}", "连不上 {host}：{why}"),
    "check_way": (
        "Check DNS, the firewall and the proxy (HTTPS_PROXY) of this machine. If the webhook has a"
        " domain of its own,"
        " give its URL with --url.",
        "请检查本机的 DNS、防火墙和代理（HTTPS_PROXY）。webhook 有自己的域名时，用 --url 指定它的 URL。",
    ),
    "untrusted": ("the certificate of {host} cannot be verified: {why}", "无法验证 {host} 的证书：{why}"),
    "check_tls": (
        "A proxy with a certificate of its own needs SSL_CERT_FILE, the file of its root certificate."
        " If the clock of"
        " this machine is wrong, correct it.",
        "代理使用自己的证书时，请把 SSL_CERT_FILE 设为它的根证书文件。本机时钟不对时，请校正。",
    ),
    "timed_out": ("no answer within {seconds} seconds", "{seconds} 秒内没有返回"),
    "bad_url": ("--url is not a URL that can be used", "--url 不是可用的 URL"),
    "give_url": (
        "Give the whole URL of the webhook, such as https://alarms.example.com/zstack. http is possible"
        " for this"
        " machine only: the token would be readable on the way.",
        "请写完整的 webhook URL，例如 https://alarms.example.com/zstack。http 只能用于本机，"
        "否则令牌在途中会被看到。",
    ),
    "foreign": (
        "{status}, and the answer is not the relay's: {words}",
        "{status}，而且不是中继返回的内容：{words}",
    ),
    "check_403": (
        "API Gateway or something before it refuses. In AWS China the account needs a valid ICP filing"
        " for the region.",
        "API Gateway 或者它前面的某处拒绝了请求。在 AWS 中国区，账号在该区域需要有效的 ICP 备案。",
    ),
    "check_404": (
        "The URL belongs to something else, or the API has lost its routes. Compare it with the stack's"
        " WebhookUrl:"
        " {url}",
        "这个 URL 属于别的服务，或者 API 的路由没有了。请与堆栈的 WebhookUrl 核对：{url}",
    ),
    "check_429": (
        "API Gateway or Lambda throttles. Wait a minute. If it lasts: docs/runbook.md#api-gateway-throttles",
        "API Gateway 或 Lambda 限流了。请等一分钟。如果一直这样：docs/runbook.md#api-gateway-throttles",
    ),
    "check_5xx": (
        "API Gateway got no answer from the function. Look at the last step (errors of the functions),"
        " and whether"
        " the reserved concurrency of the function is 0.",
        "API Gateway 没有得到函数的返回。请看最后一步（函数的错误），以及函数的预留并发是不是 0。",
    ),
    "check_3xx": (
        "It redirects, and the token is not sent on. Give the final URL with --url.",
        "它要求重定向，令牌不会跟着发过去。请用 --url 指定最终的 URL。",
    ),
    "check_other": ("Look at what answers at {url}.", "请看看 {url} 上是什么在回答。"),
    "health_ok": ("200: the relay has both secrets", "200：中继已读到两个机密"),
    "unhealthy": ("503: the relay cannot read both secrets", "503：中继没有读到两个机密"),
    "relay_says": ("The log of relay says: {words}", "relay 的日志：{words}"),
    "check_role": (
        "If both parameters above are right, the role of the function lacks ssm:GetParameters, or"
        " kms:Decrypt for a key of your own (KmsKeyArn). A deployment of the same template does not see"
        " what was changed by hand. Have CloudFormation undo it. Read the changes before the last command:",
        "如果上面两个参数都对，那么函数的角色缺少 ssm:GetParameters，或者对自己的密钥（KmsKeyArn）缺少"
        " kms:Decrypt。用同样的模板部署，发现不了手工的改动。请让 CloudFormation 恢复。"
        "执行最后一条命令之前，请先看变更内容：",
    ),
    "rejection_ok": (
        "401, as it must be (it counts as one of the 5 requests that raise the alarm unauthorized)",
        "401，正应如此（触发 unauthorized 监控报警需要 5 个请求，这算其中一个）",
    ),
    "open_door": (
        "{status}: a wrong token is accepted, so everybody who knows the URL can call people",
        "{status}：错误的令牌也被接受，凡是知道 URL 的人都能呼叫您的值班人员",
    ),
    "close_door": (
        "Somebody set ALLOW_UNAUTHENTICATED, or removed WEBHOOK_TOKEN_PARAMETER. Undo that, or have"
        " CloudFormation undo it. Read the changes before the last command:",
        "有人设置了 ALLOW_UNAUTHENTICATED，或者删掉了 WEBHOOK_TOKEN_PARAMETER。请改回去，"
        "或者让 CloudFormation 恢复。执行最后一条命令之前，请先看变更内容：",
    ),
    "relay_error": ("{status} {code}: {words}", "{status} {code}：{words}"),
    "see_answers": ("docs/answers.md says what to do.", "怎么办，见 docs/answers.zh-CN.md。"),
    "delivered": (
        "200: Flashduty has {key} (request {request}). It was sent closed: it opens nothing and calls nobody",
        "200：Flashduty 已收到 {key}（请求 {request}）。它发出时已关闭：不会产生未关闭的告警，"
        "也不会呼叫任何人",
    ),
    "passed_on": (
        "200: Flashduty has it (request {request}). The integration is of kind ZStack, which gets"
        " ZStack's own message",
        "200：Flashduty 已收到（请求 {request}）。集成类型是 ZStack，收到的是 ZStack 的原始消息",
    ),
    "queued": (
        "202: it waits in the retry queue, because Flashduty did not accept it in time",
        "202：Flashduty 没有及时收下，消息在重试队列里等待",
    ),
    "check_queued": (
        "Nothing is lost: it is tried again by itself. Look at Flashduty's status, and at what is"
        " between AWS and"
        " Flashduty. When the cause is gone, run this again. docs/runbook.md#the-queue-ages",
        "没有丢失：会自动重试。请看 Flashduty 的状态，以及 AWS 与 Flashduty 之间有什么。原因消除后，"
        "再执行一次。"
        "docs/runbook.md#the-queue-ages",
    ),
    "not_accepted": (
        "401: the relay does not accept the token in SSM",
        "401：中继不接受 SSM 里的令牌",
    ),
    "wait_token": (
        "If the token was changed a moment ago, wait for {seconds} seconds. If not, the function uses another"
        " parameter than the stack says. Have CloudFormation undo that. Read the changes before the last"
        " command:",
        "如果令牌刚改过，请等 {seconds} 秒。否则，函数用的参数与堆栈的不同。请让 CloudFormation 恢复。"
        "执行最后一条命令之前，请先看变更内容：",
    ),
    "refused": (
        "502: Flashduty refuses it: {code}: {words} (request {request})",
        "502：Flashduty 拒绝了它：{code}：{words}（请求 {request}）",
    ),
    "check_key": (
        "The key in the push URL is wrong or was revoked.",
        "推送地址里的密钥不对，或已被吊销。",
    ),
    "check_subscription": (
        "The Flashduty account has no subscription for on-call. Solve this in Flashduty.",
        "Flashduty 账号没有订阅 On-call。请在 Flashduty 里解决。",
    ),
    "check_refusal": (
        "These are Flashduty's own words. Look at the integration in Flashduty.",
        "这是 Flashduty 的原话。请看 Flashduty 里的集成。",
    ),
    "test_is_dead": (
        "The test message is in the dead letter queue now: see below.",
        "这条测试消息现在在死信队列里：见下面。",
    ),
    # The queues.
    "no_queues": ("the stack has no queues (RetryQueue=disabled)", "堆栈没有队列（RetryQueue=disabled）"),
    "source_ok": ("Enabled", "Enabled（已启用）"),
    "source_state": ("{state}: {why}", "{state}：{why}"),
    "source_off": (
        "{state}: redeliver does not run, and queued alerts are not delivered",
        "{state}：redeliver 不运行，队列里的报警不会送达",
    ),
    "enable_source": ("Enable it:", "请启用它："),
    "gone": ("{what} does not exist any more", "{what} 已不存在"),
    "dead_ok": ("empty", "空"),
    "dead": ("{count} message(s) that nobody got", "{count} 条消息没有送达任何人"),
    "read_dead": (
        "SQS deletes them after 14 days. First read why (docs/runbook.md#dead-letters):",
        "SQS 在 14 天后删除它们。请先看原因（docs/runbook.md#dead-letters）：",
    ),
    "move_dead": ("When the cause is gone, have them delivered:", "原因消除后，让它们送达："),
    "drop_dead": (
        "Or delete all of them, if none of them matters any more, such as test messages:",
        "如果都不再需要（例如测试消息），也可以全部删除：",
    ),
    "waiting": (
        "{count} message(s) wait or are being tried",
        "{count} 条消息在等待或正在尝试",
    ),
    "explain_waiting": (
        "They are tried again by themselves for nine days. If they do not get fewer:"
        " docs/runbook.md#the-queue-ages",
        "它们会自动重试九天。如果一直不减少：docs/runbook.md#the-queue-ages",
    ),
    # Alarms.
    "alarms_ok": ("{count}, none is on", "共 {count} 个，都没有触发"),
    "alarms_on": ("on: {names}", "已触发：{names}"),
    "alarm_on": (
        "{name}, since {since} UTC: docs/runbook.md#{short}",
        "{name}，自 {since}（UTC）：docs/runbook.md#{short}",
    ),
    "alarm_ends": (
        "An alarm goes off by itself some minutes after its cause is gone.",
        "原因消除几分钟后，监控报警会自动恢复。",
    ),
    "alarm_young": (
        "{name} may be on until the first check has passed, because the stack is new.",
        "{name}：堆栈是新的，第一次检查通过之前它可能一直触发。",
    ),
    "alarm_heartbeat": (
        "{name} ends by itself: the test message counts as an alert.",
        "{name} 会自动恢复：测试消息算作一条报警。",
    ),
    "alarms_gone": ("deleted by hand: {names}", "被手工删除：{names}"),
    "alarms_mute": (
        "tell nobody, because their actions are disabled: {names}",
        "操作被禁用，不会通知任何人：{names}",
    ),
    "enable_actions": ("Enable them:", "请启用："),
    "subscribed": ("{count} confirmed ({protocols})", "{count} 个已确认（{protocols}）"),
    "unconfirmed": (
        "nobody has confirmed yet, so the alarms reach nobody ({protocols})",
        "还没有人确认，监控报警谁也收不到（{protocols}）",
    ),
    "confirm": (
        "Open the message from AWS (for email: look into the spam folder, too), and confirm it.",
        "请打开 AWS 发来的消息并确认（如果是邮件，垃圾邮件里也看看）。",
    ),
    "nobody": ("nobody is subscribed, so the alarms reach nobody", "没有人订阅，监控报警谁也收不到"),
    "subscribe": (
        "Subscribe somebody, here with an example address, and confirm the message from AWS:",
        "请添加订阅（这里的地址是示例），并确认 AWS 发来的消息：",
    ),
    # The account, the clock.
    "concurrency_ok": ("{limit}", "{limit}"),
    "concurrency_low": (
        "{limit}, shared by all functions of the account: in a storm of alarms, some may be lost",
        "{limit}，由账号的所有函数共用：报警很多时可能会丢失一些",
    ),
    "raise_concurrency": (
        "Ask AWS for at least {least}: Service Quotas > AWS Lambda > Concurrent executions, or:",
        "请向 AWS 申请至少 {least}：Service Quotas > AWS Lambda > Concurrent executions，或者：",
    ),
    "clock_ok": (
        "this machine is {seconds} s off. ZStack's clock does not matter here: it signs nothing",
        "本机相差 {seconds} 秒。这里与 ZStack 的时钟无关：它不签名",
    ),
    "clock_off": (
        "this machine is {seconds} s {way} the API's clock. AWS refuses signatures that are 300 s off",
        "本机比 API 的时钟{way} {seconds} 秒。相差 300 秒时，AWS 拒绝签名",
    ),
    "ahead": ("ahead of", "快"),
    "behind": ("behind", "慢"),
    "no_date": ("the answer had no date, so this is not known", "返回里没有时间，所以无从得知"),
    "set_clock": (
        "It is the clock of this machine that matters, for aws, sam and make. Switch on its time"
        " synchronisation:",
        "要紧的是本机的时钟：aws、sam 和 make 都用它。请打开时间同步：",
    ),
    # Metrics and errors.
    "not_waited": ("not waited for (--no-wait)", "没有等待（--no-wait）"),
    "metrics_wait": (
        "waiting for the metrics of the test message, up to three minutes: {seconds} s",
        "等待测试消息的指标，最多三分钟：{seconds} 秒",
    ),
    "metrics_ok": (
        "those of the test message arrived in CloudWatch after {seconds} s",
        "测试消息的指标在 {seconds} 秒后到达 CloudWatch",
    ),
    "metrics_late": (
        "those of the test message did not arrive in CloudWatch within {seconds} s, so the alarms may"
        " be blind",
        "测试消息的指标在 {seconds} 秒内没有到达 CloudWatch，监控报警可能看不到问题",
    ),
    "log_level": (
        "The log level of {function} is {level}, and Lambda drops the lines with the metrics. Set it"
        " back to INFO:",
        "{function} 的日志级别是 {level}，Lambda 会丢掉带指标的行。请改回 INFO：",
    ),
    "check_metrics": (
        "CloudWatch may be late: run this again in a few minutes. If it stays, the role of {function} lacks"
        " logs:PutLogEvents, or somebody changed its logging. Have CloudFormation undo that. Read the changes"
        " before the last command:",
        "CloudWatch 可能有延迟：请几分钟后再执行一次。如果还是这样，{function} 的角色缺少 logs:PutLogEvents，"
        "或者有人改了它的日志设置。请让 CloudFormation 恢复。执行最后一条命令之前，请先看变更内容：",
    ),
    "errors_ok": ("none in the last hour", "最近一小时没有"),
    "errors_past": (
        "in the last hour: {errors}. The runs after it succeeded",
        "最近一小时：{errors}。之后的运行都成功了",
    ),
    "errors_now": ("the last runs failed: {errors}", "最近的运行失败：{errors}"),
    "of_runs": (
        "{function}, {count} run(s) failed, the last at {at} UTC",
        "{function}，{count} 次运行失败，最后一次在 {at}（UTC）",
    ),
    "of_lines": (
        "{function}, {count} line(s) of level ERROR, the last at {at} UTC",
        "{function}，{count} 行 ERROR 级别的日志，最后一行在 {at}（UTC）",
    ),
    "last_line": ("{function} says: {words}", "{function} 的日志：{words}"),
    "fix_errors": (
        "Remove the cause (docs/runbook.md#function-failures). This runs redeliver once without an"
        " alert, to see"
        " whether it works; then run this program again:",
        "请排除原因（docs/runbook.md#function-failures）。下面的命令让 redeliver 空跑一次，"
        "看看是否正常；然后再执行本程序：",
    ),
    "fix_relay": (
        "Remove the cause (docs/runbook.md#function-failures), and run this program again.",
        "请排除原因（docs/runbook.md#function-failures），然后再执行本程序。",
    ),
}
"""Every text in English and in Chinese. English is ASCII, so that every terminal shows it."""


@dataclass
class Finding:
    """What a step found. Advice is words; a command in it begins with four blanks."""

    mark: str
    text: str
    advice: list[str] = field(default_factory=list)


class Failure(Exception):
    """A step failed."""

    def __init__(self, text: str, *advice: str):
        super().__init__(text)
        self.finding = Finding(FAILED, text, [it for it in advice if it])


class AwsError(Exception):
    """The AWS command line failed."""

    def __init__(self, status: int, words: str, service: str, operation: str):
        super().__init__(words)
        self.status, self.words = status, words
        found = re.search(r"An error occurred \(([\w.]+)\)[^:]*: ?(.*)", words, re.DOTALL)
        self.code, self.message = (found[1], found[2]) if found else ("", words)
        named = re.search(r"not authorized to perform:? ([a-z0-9-]+:\w+)", words)
        derived = f"{service}:" + "".join(it.capitalize() for it in operation.split("-"))
        self.right = named[1] if named else derived


class Doctor:
    """What is known so far. The steps are its methods; each later one uses what an earlier one found."""

    def __init__(
        self, terminal: Terminal, stack: str, url: str | None, wait: bool, channel: str | None = None
    ):
        self.terminal, self.stack_name, self.wait, self.channel = terminal, stack, wait, channel
        self.given_url = url
        self.say = terminal.say
        self.aws_program: str | None = None
        self.version = self.region = ""
        self.known: set[str] = set()
        """Steps that gave what others need."""
        self.parameters: dict[str, str] = {}
        self.outputs: dict[str, str] = {}
        self.resources: dict[str, str] = {}
        self.alarm_names: list[str] = []
        self.created = 0.0
        self.zstack_kind = False
        self.tokens: list[str] = []
        self.skew: float | None = None
        """Seconds by which this machine is ahead, by the answer that took the shortest time."""
        self.fastest = float("inf")
        self.sent = 0.0
        self.received_before: float | None = None
        self.delivered = False

    # The AWS command line.

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run the AWS command line. No argument of it is ever a secret: `ps` shows them."""
        environment = dict(os.environ)
        # Version 2 would open a pager or ask.
        environment.update(AWS_PAGER="", AWS_CLI_AUTO_PROMPT="off", PYTHONIOENCODING="utf-8")
        environment.setdefault("AWS_MAX_ATTEMPTS", "3")
        if self.region:
            environment.update(AWS_REGION=self.region, AWS_DEFAULT_REGION=self.region)
        command = [self.aws_program, *arguments]
        no_input = subprocess.DEVNULL
        try:
            return subprocess.run(command, stdin=no_input, capture_output=True, env=environment, timeout=120)
        except subprocess.TimeoutExpired:
            # Its message would have the arguments, and its cause the output.
            raise Failure(self.say("cli_slow"), self.say("check_network")) from None
        except OSError as error:
            raise Failure(self.say("cli_broken", words=error.strerror), self.say("install_cli")) from None

    def aws(self, service: str, operation: str, *options: str, **parameters: Any) -> Any:
        """Call AWS, and return the JSON of the answer.

        Parameters are given as JSON, because version 1 fetches values that begin with https://.
        """
        given = ["--cli-input-json", json.dumps(parameters)] if parameters else []
        endpoint = os.environ.get("AWS_ENDPOINT_URL_SQS") or os.environ.get("AWS_ENDPOINT_URL")
        if service == "sqs" and endpoint:
            # Version 1 does not read these variables for SQS in some regions.
            given += ["--endpoint-url", endpoint]
        limits = ["--cli-connect-timeout", "10", "--cli-read-timeout", "30"]
        ended = self.run(service, operation, *given, *options, *limits, "--output", "json")
        if ended.returncode != 0:
            raise AwsError(ended.returncode, text_of(ended.stderr), service, operation)
        text = text_of(ended.stdout)
        return json.loads(text) if text else {}

    def explained(self, error: AwsError) -> Finding:
        """An error of the AWS command line in our words."""
        say, words, code = self.say, error.words, error.code
        if re.search(r"Signature (expired|not yet current)|RequestTimeTooSkewed", words):
            return Finding(FAILED, say("aws_clock"), [say("set_clock"), SET_CLOCK])
        if code in ("ExpiredToken", "ExpiredTokenException", "RequestExpired") or re.search(
            r"(token|session|credential|sso)[^\n]*(expired|otherwise invalid)", words, re.IGNORECASE
        ):
            return Finding(FAILED, say("expired"), [say("renew")])
        if "ciphertext refers to" in words:
            error.right = "kms:Decrypt"
        if code in DENIALS or "ciphertext refers to" in words:
            right = error.right
            return Finding(FAILED, say("denied", right=right), [say("ask_right", right=right)])
        if code in BAD_CREDENTIALS:
            return Finding(FAILED, say("bad_credentials"), [say("set_credentials")])
        if "Unable to locate credentials" in words or "NoCredentials" in words:
            return Finding(FAILED, say("no_credentials"), [say("set_credentials")])
        if re.search(r"config profile .* could not be found", words):
            return Finding(FAILED, say("no_profile"), [say("set_credentials")])
        if "must specify a region" in words:
            return Finding(FAILED, say("no_region"), [say("set_region"), SET_REGION])
        if re.search(r"throttl|rate exceeded|TooManyRequests", code + words, re.IGNORECASE):
            return Finding(FAILED, say("throttled"), [say("again")])
        if error.status in (2, 252) and re.search(r"Invalid choice|Unknown options|unrecognized", words):
            return Finding(FAILED, say("cli_old", version=self.version), [say("install_cli")])
        if not code and re.search(r"connect|timeout|timed out|SSL|proxy|endpoint", words, re.IGNORECASE):
            shown = self.terminal.words(words)
            return Finding(FAILED, say("no_network", words=shown), [say("check_network")])
        return Finding(FAILED, say("aws_error", words=self.terminal.words(words)))

    def find_region(self) -> str:
        """The region of the AWS command line, version 2; empty if there is none."""
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            if os.environ.get(name):
                return os.environ[name]
        asked = self.run("configure", "get", "region")
        # It also ends with 1 if there is none, and then says nothing.
        if said := text_of(asked.stderr):
            raise AwsError(asked.returncode, said, "configure", "get")
        return text_of(asked.stdout) or configured("region")

    # Commands that the advice names.

    def command(self, *words: str) -> str:
        """A command for a shell."""
        return "    " + " ".join(shlex.quote(word) for word in words)

    def deploy(self) -> str:
        """The command that deploys the stack again, in the unpacked release or in the checkout."""
        if (HERE / "template.yaml").exists():
            return self.command("sam", "deploy", "--stack-name", self.stack_name)
        return self.command("make", "deploy", f"STACK={self.stack_name}")

    def restore(self) -> list[str]:
        """The commands that undo changes by hand. A deployment of the same template changes nothing."""
        at = ("--stack-name", self.stack_name, "--change-set-name", "undo-changes-by-hand")
        kept = [f"ParameterKey={name},UsePreviousValue=true" for name in sorted(self.parameters)]
        create = ("create-change-set", *at, "--use-previous-template", "--deployment-mode", "REVERT_DRIFT")
        create += ("--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", "--parameters", *kept)
        wait = ("wait", "change-set-create-complete", *at)
        steps = (create, wait, ("describe-change-set", *at), ("execute-change-set", *at))
        return [self.command("aws", "cloudformation", *step) for step in steps]

    def put(self, name: str, value: str) -> str:
        """A pipe that stores the value of a shell variable. Neither `ps` nor the shell's history shows it."""
        key = self.parameters.get("KmsKeyArn", "")
        return (
            f'printf %s "${value}" | aws ssm put-parameter --name {shlex.quote(name)} --type SecureString'
            f"{' --key-id ' + key if key else ''} --overwrite --value file:///dev/stdin"
        )

    def put_push_url(self) -> str:
        """The command that stores a push URL."""
        return f"    read -rs url; {self.put(self.push_url_parameter(), 'url')}"

    def put_token(self) -> str:
        """The command that stores a new token."""
        put = self.put(self.token_parameter(), "token")
        return f'    token=$(openssl rand -hex 24); {put}; echo "$token"'

    # Account and stack.

    def account(self) -> Finding:
        """The AWS command line, region and credentials."""
        self.aws_program = shutil.which("aws")
        if not self.aws_program:
            raise Failure(self.say("no_cli"), self.say("install_cli"))
        ended = self.run("--version")
        # Old versions write it to stderr.
        shown = text_of(ended.stdout) or text_of(ended.stderr)
        found = re.search(r"aws-cli/((\d+)\.(\d+)[\w.]*)", shown)
        if ended.returncode != 0 or not found:
            last = shown.splitlines()[-1] if shown else ended.returncode
            raise Failure(self.say("cli_broken", words=self.terminal.words(last)), self.say("install_cli"))
        self.version = found[1]
        if (int(found[2]), int(found[3])) < OLDEST_CLI:
            raise Failure(self.say("cli_old", version=self.version), self.say("install_cli"))
        self.region = self.find_region()
        if not self.region:
            raise Failure(self.say("no_region"), self.say("set_region"), SET_REGION)
        caller = self.aws("sts", "get-caller-identity")
        self.known.add("account")
        who = caller["Arn"].rpartition(":")[2]
        return Finding(
            OK,
            self.say(
                "account_ok", region=self.region, account=caller["Account"], who=who, version=self.version
            ),
        )

    def stack(self) -> Finding:
        """The stack, its state, and what is in it."""
        say, name = self.say, self.stack_name
        try:
            [found] = self.aws("cloudformation", "describe-stacks", StackName=name)["Stacks"]
        except AwsError as error:
            if "does not exist" not in error.words:
                raise
            raise Failure(
                say("no_stack", stack=name, region=self.region), say("find_stack"), self.deploy()
            ) from None
        state = found["StackStatus"]
        self.created = seconds(found.get("CreationTime"))
        self.parameters = {
            it["ParameterKey"]: it.get("ParameterValue", "") for it in found.get("Parameters", [])
        }
        self.outputs = {it["OutputKey"]: it["OutputValue"] for it in found.get("Outputs", [])}
        resources = self.aws("cloudformation", "describe-stack-resources", StackName=name)["StackResources"]
        self.resources = {
            it["LogicalResourceId"]: it["PhysicalResourceId"]
            for it in resources
            if it.get("PhysicalResourceId")
        }
        alarms = [it for it in resources if it["ResourceType"] == "AWS::CloudWatch::Alarm"]
        self.alarm_names = sorted(it["PhysicalResourceId"] for it in alarms if it.get("PhysicalResourceId"))
        usable = {"WebhookUrl"} <= self.outputs.keys() and "Relay" in self.resources
        delete = self.command("aws", "cloudformation", "delete-stack", "--stack-name", name)
        gone = self.command("aws", "cloudformation", "wait", "stack-delete-complete", "--stack-name", name)
        if usable and not state.startswith(("DELETE", "ROLLBACK", "CREATE_FAILED")):
            self.known.add("stack")
        if state in (
            "CREATE_COMPLETE",
            "UPDATE_COMPLETE",
            "IMPORT_COMPLETE",
            "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        ):
            if not usable:
                raise Failure(say("other_stack", stack=name), say("give_stack"))
            return Finding(OK, say("state", stack=name, state=state))
        text = say("state", stack=name, state=state)
        if state == "REVIEW_IN_PROGRESS":
            raise Failure(text, say("changeset"), self.deploy())
        if state.endswith("IN_PROGRESS"):
            raise Failure(text, say("in_progress"))
        why = self.why_failed()
        if why:
            text = say("state_why", stack=name, state=state, resource=why[0], why=self.terminal.words(why[1]))
        if state == "DELETE_FAILED":
            raise Failure(text, say("failed_delete"), delete)
        if state in ("UPDATE_ROLLBACK_FAILED", "IMPORT_ROLLBACK_FAILED"):
            go_on = ("aws", "cloudformation", "continue-update-rollback", "--stack-name", name)
            raise Failure(text, say("failed_rollback"), self.command(*go_on))
        if state in ("UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED", "IMPORT_ROLLBACK_COMPLETE"):
            raise Failure(text, say("failed_update"), self.deploy())
        raise Failure(text, say("failed_create"), delete, gone, self.deploy())

    def why_failed(self) -> tuple[str, str] | None:
        """The first resource of the last deployment that failed, and why."""
        with suppress(AwsError, KeyError):
            # Newest first. A deployment begins with an event of the stack itself.
            failed = None
            options = ("--max-items", "200")
            for it in self.aws(
                "cloudformation", "describe-stack-events", *options, StackName=self.stack_name
            )["StackEvents"]:
                if it["ResourceStatus"].endswith("_FAILED"):
                    failed = (it["LogicalResourceId"], it.get("ResourceStatusReason", ""))
                starts = it["ResourceStatus"] in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
                if failed and starts and it["LogicalResourceId"] == self.stack_name:
                    break
            return failed
        return None

    # The two secrets.

    def push_url_parameter(self) -> str:
        """The name of the parameter with the push URL."""
        name = self.parameters["PushUrlParameter"]
        return f"{name}/{self.channel}" if self.channel else name

    def token_parameter(self) -> str:
        """The name of the parameter with the token. A channel's own token opens it, if there is one."""
        name = self.parameters["WebhookTokenParameter"]
        own = f"{name}/{self.channel}"
        if self.channel and self.aws("ssm", "get-parameters", Names=[own])["Parameters"]:
            return own
        return name

    def parameter(self, name: str, put: list[str]) -> str:
        """The value of a SecureString. `put` is the advice that stores it."""
        # Not GetParameter: whoever deploys has the right for GetParameters.
        answer = self.aws("ssm", "get-parameters", Names=[name], WithDecryption=True)
        if not answer["Parameters"]:
            raise Failure(self.say("parameter_missing", name=name, region=self.region), *put)
        [found] = answer["Parameters"]
        value = found["Value"]
        self.terminal.secrets |= {it for it in (value, *value.split()) if len(it) >= 4}
        if found["Type"] != "SecureString":
            delete = self.command("aws", "ssm", "delete-parameter", "--name", name)
            raise Failure(
                self.say("parameter_plain", name=name, type=found["Type"]),
                self.say("delete_first"),
                delete,
                *put,
            )
        return value

    def push_url(self) -> Finding:
        """The parameter with the push URL, by the rules of src/flashduty/push_url.rs."""
        name = self.push_url_parameter()
        put = [self.say("put_push_url"), self.put_push_url()]
        value = self.parameter(name, put).strip()
        try:
            url = urlsplit(value)
            host = url.hostname or ""
        except ValueError:
            host = ""
        if not host or len(value.split()) != 1:
            raise Failure(self.say("not_a_url", name=name), *put)
        if url.scheme != "https" and not (url.scheme == "http" and loopback(host)):
            raise Failure(self.say("not_https", name=name), *put)
        keys = {text for parameter, text in parse_qsl(url.query) if parameter == "integration_key"}
        if not keys or any("…" in key for key in keys):
            raise Failure(self.say("no_key", name=name), *put)
        self.terminal.secrets |= keys
        self.zstack_kind = url.path.rstrip("/").endswith("/zstack")
        self.known.add("push_url")
        kind = "ZStack" if self.zstack_kind else "Standard Alert Event"
        return Finding(OK, self.say("push_url_ok", name=name, host=host, kind=kind))

    def token(self) -> Finding:
        """The parameter with the token, by the rules of src/secrets/token.rs."""
        name = self.token_parameter()
        put = [self.say("put_token"), self.put_token()]
        lines = [line.strip() for line in re.split(r"[\r\n]", self.parameter(name, put))]
        lines = [line for line in lines if line]
        if not lines:
            raise Failure(self.say("token_empty", name=name), *put)
        if not all(re.fullmatch(r"[!-~ \t]+", line) for line in lines):
            raise Failure(self.say("token_not_ascii", name=name), *put)
        self.tokens = lines
        self.terminal.secrets |= {basic(line) for line in lines}
        self.known.add("token")
        if any(len(line) < SHORTEST_TOKEN for line in lines):
            return Finding(NOTE, self.say("token_short", name=name, least=SHORTEST_TOKEN), put)
        several = (line.split() for line in lines)
        if any(len(words) > 1 and min(map(len, words)) >= SHORTEST_TOKEN for words in several):
            return Finding(NOTE, self.say("token_one_line", name=name), [self.say("token_lines")])
        return Finding(OK, self.say("token_ok", name=name, count=len(lines)))

    # Calls of the API.

    def url(self, path: str | None = None) -> str:
        """The webhook's URL, or that of another path beside it. Never with a query: it might hold a token."""
        whole = self.given_url or self.outputs["WebhookUrl"]
        try:
            url = urlsplit(whole.strip())
            host, _ = url.hostname or "", url.port
        except ValueError:
            host = ""
        if not host or not (url.scheme == "https" or (url.scheme == "http" and loopback(host))):
            raise Failure(self.say("bad_url"), self.say("give_url"))
        at = url.path.rstrip("/")
        if path:
            at = at.rpartition("/")[0] + path
        elif self.channel:
            at = f"{at}/{self.channel}"
        # Without a name and password that somebody put into it.
        return urlunsplit((url.scheme, url.netloc.rpartition("@")[2], at, "", ""))

    def call(self, url: str, token: str | None = None) -> Answer:
        """GET the URL; with a token, POST the test message to it as ZStack does."""
        body = None if token is None else TEST_MESSAGE.encode()
        request = Request(url, body, {"User-Agent": "zstack-flashduty-doctor"})
        if token is not None:
            request.add_header("Content-Type", "application/json;charset=UTF-8")
            request.add_unredirected_header("Authorization", f"Basic {basic(token)}")
        host = urlsplit(url).netloc
        before = time.time()
        try:
            with opened(request) as response:
                status, headers, read = response.status, response.headers, response.read(1 << 20)
        except URLError as error:
            why = getattr(error.reason, "strerror", None) or error.reason
            if isinstance(error.reason, ssl.SSLError):
                why = getattr(error.reason, "verify_message", "") or why
                untrusted = self.say("untrusted", host=host, why=self.terminal.words(why))
                raise Failure(untrusted, self.say("check_tls")) from None
            raise self.unreachable(host, error.reason, why) from None
        except (OSError, HTTPException, ValueError) as error:
            raise self.unreachable(host, error, getattr(error, "strerror", None) or error) from None
        took = time.time() - before
        # A fast answer says more: the date is that of its end.
        if took < self.fastest:
            with suppress(TypeError, ValueError):
                # The date has whole seconds.
                self.skew = before + took - parsedate_to_datetime(headers["Date"]).timestamp() - 0.5
                self.fastest = took
        return Answer(url, status, read.decode("utf-8", "replace"))

    def unreachable(self, host: str, error: Any, why: Any) -> Failure:
        """No answer came."""
        if isinstance(error, TimeoutError) or "timed out" in str(error):
            why = self.say("timed_out", seconds=API_TIMEOUT)
        return Failure(
            self.say("unreachable", host=host, why=self.terminal.words(why)), self.say("check_way")
        )

    def foreign(self, answer: Answer) -> Failure:
        """The answer is not the relay's."""
        text = self.say("foreign", status=answer.status, words=self.terminal.words(answer.text, 120) or "-")
        kind = {403: "check_403", 404: "check_404", 429: "check_429"}.get(answer.status)
        if not kind:
            kind = {3: "check_3xx", 5: "check_5xx"}.get(answer.status // 100, "check_other")
        url = self.outputs["WebhookUrl"] if kind == "check_404" else answer.url
        return Failure(text, self.say(kind, url=url))

    def relay_error(self, answer: Answer) -> Failure:
        """An error of the relay, in its own words."""
        error = answer.json.get("error") or {}
        words = self.terminal.words(error.get("message", ""))
        text = self.say("relay_error", status=answer.status, code=error.get("code"), words=words)
        return Failure(text, self.say("see_answers"))

    def health(self) -> Finding:
        """`GET /health`."""
        url, deadline = self.url("/health"), time.monotonic() + HEALTH_PATIENCE
        answer = self.call(url)
        if not answer.is_relays:
            raise self.foreign(answer)
        self.known.add("health")
        while answer.status == 503 and answer.is_relays and time.monotonic() < deadline:
            time.sleep(2)
            answer = self.call(url)
        if answer.status == 200:
            return Finding(OK, self.say("health_ok"))
        if answer.json.get("error"):
            raise self.relay_error(answer)
        if answer.status != 503:
            raise self.foreign(answer)
        raise Failure(self.say("unhealthy"), self.last_words(), self.say("check_role"), *self.restore())

    def rejection(self) -> Finding:
        """A wrong token."""
        answer = self.call(self.url(), "wrong-" + secrets.token_hex(16))
        if not answer.is_relays:
            raise self.foreign(answer)
        if answer.status == 401:
            return Finding(OK, self.say("rejection_ok"))
        if answer.json.get("alerts"):
            raise Failure(
                self.say("open_door", status=answer.status), self.say("close_door"), *self.restore()
            )
        raise self.relay_error(answer)

    def message(self) -> Finding:
        """The test message, with the right token."""
        began = time.time()
        if self.wait:
            with suppress(AwsError, Failure):
                self.received_before = self.received(began)
        answer = self.call(self.url(), self.tokens[0])
        if not answer.is_relays:
            raise self.foreign(answer)
        alerts = answer.json.get("alerts") or []
        if alerts:
            self.sent = began
            self.known.add("message")
        error = answer.json.get("error") or {}
        requests = ", ".join(
            str(it["flashduty_request_id"]) for it in alerts if it.get("flashduty_request_id")
        )
        if answer.status == 200 and requests:
            self.delivered = True
            key = "passed_on" if self.zstack_kind else "delivered"
            return Finding(
                OK, self.say(key, key=alerts[0].get("alert_key"), request=self.terminal.words(requests))
            )
        if answer.status == 202:
            raise Failure(self.say("queued"), self.last_words(), self.say("check_queued"))
        if answer.status == 401:
            ttl = self.parameters.get("SettingsTtlSeconds", "300")
            raise Failure(self.say("not_accepted"), self.say("wait_token", seconds=ttl), *self.restore())
        if error.get("flashduty"):
            raise self.refused(error["flashduty"])
        if error:
            raise self.relay_error(answer)
        raise self.foreign(answer)

    def refused(self, refusal: dict[str, Any]) -> Failure:
        """Flashduty's own refusal."""
        code, words = str(refusal.get("code")), self.terminal.words(refusal.get("message", ""))
        text = self.say("refused", code=code, words=words, request=refusal.get("request_id", "-"))
        if "integration_key" in str(refusal.get("message")) or code in ("Unauthorized", "AccessDenied"):
            advice = [self.say("check_key"), self.say("put_push_url"), self.put_push_url()]
        elif code in ("ResourceNotFound", "NoLicense"):
            advice = [self.say("check_subscription")]
        else:
            advice = [self.say("check_refusal")]
        return Failure(text, *advice, self.say("test_is_dead") if "DeadLetters" in self.resources else "")

    # The queues.

    def source(self) -> Finding:
        """The event source of redeliver."""
        if "RetryQueueUrl" not in self.outputs:
            return Finding(NONE, self.say("no_queues"))
        uuid = self.resources.get("RedeliverSource", "-")
        try:
            found = self.aws("lambda", "get-event-source-mapping", UUID=uuid)
        except AwsError as error:
            if error.code != "ResourceNotFoundException":
                raise
            raise Failure(self.say("gone", what=uuid), self.say("restore"), *self.restore()) from None
        state, last = found["State"], found.get("LastProcessingResult") or ""
        if state in ("Disabled", "Disabling"):
            enable = ("aws", "lambda", "update-event-source-mapping", "--uuid", uuid, "--enabled")
            raise Failure(
                self.say("source_off", state=state), self.say("enable_source"), self.command(*enable)
            )
        if "PROBLEM" in last:
            raise Failure(
                self.say("source_state", state=state, why=self.terminal.words(last)), self.say("fix_relay")
            )
        if state != "Enabled":
            return Finding(NOTE, state, [self.say("again")])
        return Finding(OK, self.say("source_ok"))

    def count(self, output: str) -> int:
        """How many messages a queue holds."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        try:
            found = self.aws(
                "sqs", "get-queue-attributes", QueueUrl=self.outputs[output], AttributeNames=names
            )["Attributes"]
        except AwsError as error:
            if "NonExistentQueue" not in error.code and "QueueDoesNotExist" not in error.code:
                raise
            what = self.outputs[output]
            raise Failure(self.say("gone", what=what), self.say("restore"), *self.restore()) from None
        return sum(int(found[name]) for name in names)

    def dead_letters(self) -> Finding:
        """The dead letter queue."""
        if "DeadLetterQueueUrl" not in self.outputs:
            return Finding(NONE, self.say("no_queues"))
        count = self.count("DeadLetterQueueUrl")
        if not count:
            return Finding(OK, self.say("dead_ok"))
        url = self.outputs["DeadLetterQueueUrl"]
        # With a timeout of 0 it hides none of them.
        read = ["receive-message", "--queue-url", url, "--max-number-of-messages", "10"]
        read += ["--visibility-timeout", "0"]
        read += ["--message-attribute-names", "Reason", "--output", "text"]
        read += ["--query", "Messages[].[MessageAttributes.Reason.StringValue, Body]"]
        move = ["start-message-move-task", "--source-arn", self.outputs["DeadLetterQueueArn"]]
        move += ["--destination-arn", self.outputs["RetryQueueArn"]]
        raise Failure(
            self.say("dead", count=count),
            *(self.say("read_dead"), self.command("aws", "sqs", *read)),
            *(self.say("move_dead"), self.command("aws", "sqs", *move)),
            *(self.say("drop_dead"), self.command("aws", "sqs", "purge-queue", "--queue-url", url)),
        )

    def retries(self) -> Finding:
        """The retry queue. What waits there is not lost."""
        if "RetryQueueUrl" not in self.outputs:
            return Finding(NONE, self.say("no_queues"))
        count = self.count("RetryQueueUrl")
        if not count:
            return Finding(OK, self.say("dead_ok"))
        return Finding(NOTE, self.say("waiting", count=count), [self.say("explain_waiting")])

    # Alarms.

    def alarms(self) -> Finding:
        """The alarms of the stack."""
        say = self.say
        found = self.aws("cloudwatch", "describe-alarms", AlarmNames=self.alarm_names)["MetricAlarms"]
        gone = sorted(set(self.alarm_names) - {it["AlarmName"] for it in found})
        if gone:
            raise Failure(say("alarms_gone", names=", ".join(gone)), say("restore"), *self.restore())
        on = [it for it in found if it["StateValue"] == "ALARM"]
        expected = {it["AlarmName"]: self.expected(it["AlarmName"]) for it in on}
        notes = [note for note in expected.values() if note]
        wrong = [it for it in on if not expected[it["AlarmName"]]]
        if wrong:
            lines = []
            for it in wrong:
                since = utc(seconds(it.get("StateUpdatedTimestamp")), "%Y-%m-%d %H:%M")
                name = it["AlarmName"]
                lines.append(say("alarm_on", name=name, short=self.short(name), since=since))
            names = ", ".join(it["AlarmName"] for it in wrong)
            raise Failure(say("alarms_on", names=names), *lines, *notes, say("alarm_ends"))
        mute = [it["AlarmName"] for it in found if not it.get("ActionsEnabled", True)]
        if mute:
            enable = self.command("aws", "cloudwatch", "enable-alarm-actions", "--alarm-names", *mute)
            raise Failure(say("alarms_mute", names=", ".join(mute)), say("enable_actions"), enable)
        if notes:
            return Finding(NOTE, say("alarms_on", names=", ".join(expected)), notes)
        return Finding(OK, say("alarms_ok", count=len(found)))

    def short(self, alarm: str) -> str:
        """The name of an alarm without that of the stack: its heading in docs/runbook.md."""
        return alarm[len(self.stack_name) + 1 :] if alarm.startswith(self.stack_name + "-") else alarm

    def expected(self, alarm: str) -> str | None:
        """Why it is no failure that this alarm is on; None if it is one."""
        short, age = self.short(alarm), time.time() - self.created
        if short == "heartbeat" and self.delivered:
            return self.say("alarm_heartbeat", name=alarm)
        minutes = {
            "self-check": 2 * int(self.parameters.get("SelfCheckMinutes") or 0) + 5,
            "self-test": 120 * int(self.parameters.get("SelfTestHours") or 0) + 5,
        }
        young = self.created and age < 60 * minutes.get(short, 0)
        return self.say("alarm_young", name=alarm) if young else None

    def subscriber(self) -> Finding:
        """Who hears the alarms."""
        say, topic = self.say, self.outputs["AlarmTopicArn"]
        try:
            listed = self.aws("sns", "list-subscriptions-by-topic", TopicArn=topic)["Subscriptions"]
        except AwsError as error:
            if error.code not in ("NotFound", "NotFoundException"):
                raise
            raise Failure(say("gone", what=topic), say("restore"), *self.restore()) from None
        confirmed = [it["Protocol"] for it in listed if it["SubscriptionArn"].startswith("arn:")]
        pending = [it["Protocol"] for it in listed if it["SubscriptionArn"] == "PendingConfirmation"]
        if confirmed:
            protocols = ", ".join(sorted(set(confirmed)))
            return Finding(OK, say("subscribed", count=len(confirmed), protocols=protocols))
        if pending:
            protocols = ", ".join(sorted(set(pending)))
            raise Failure(say("unconfirmed", protocols=protocols), say("confirm"))
        subscribe = ("aws", "sns", "subscribe", "--topic-arn", topic, "--protocol", "email")
        subscribe += ("--notification-endpoint", "ops@example.com")
        raise Failure(say("nobody"), say("subscribe"), self.command(*subscribe))

    # The account, this machine.

    def concurrency(self) -> Finding:
        """How many functions of the account may run at once."""
        limit = self.aws("lambda", "get-account-settings")["AccountLimit"]["ConcurrentExecutions"]
        if limit >= LEAST_CONCURRENCY:
            return Finding(OK, self.say("concurrency_ok", limit=limit))
        # The code is that of "Concurrent executions".
        ask = ("aws", "service-quotas", "request-service-quota-increase", "--service-code", "lambda")
        ask += ("--quota-code", "L-B99A9384", "--desired-value", "1000")
        advice = self.say("raise_concurrency", least=LEAST_CONCURRENCY)
        raise Failure(self.say("concurrency_low", limit=limit), advice, self.command(*ask))

    def clock(self) -> Finding:
        """The clock of this machine, compared with the date of the API's answer."""
        if self.skew is None:
            return Finding(NOTE, self.say("no_date"))
        off = round(abs(self.skew))
        if off < CLOCK_DOUBTFUL:
            return Finding(OK, self.say("clock_ok", seconds=off))
        text = self.say("clock_off", seconds=off, way=self.say("ahead" if self.skew > 0 else "behind"))
        advice = [self.say("set_clock"), SET_CLOCK]
        if off < CLOCK_REFUSED:
            return Finding(NOTE, text, advice)
        raise Failure(text, *advice)

    # Metrics and logs.

    def points(
        self, namespace: str, metric: str, dimension: str, function: str, since: float
    ) -> dict[float, float]:
        """The sums of a metric by minute, since the minute of a time."""
        answer = self.aws(
            "cloudwatch",
            "get-metric-statistics",
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": dimension, "Value": function}],
            StartTime=utc(since // 60 * 60),
            EndTime=utc(time.time() + 60),
            Period=60,
            Statistics=["Sum"],
        )
        return {seconds(it["Timestamp"]): it["Sum"] for it in answer["Datapoints"]}

    def received(self, since: float) -> float:
        """How many alerts the relay counted since the minute of a time."""
        metric = ("zstack-flashduty", "Received", "Function")
        return sum(self.points(*metric, self.resources["Relay"], since).values())

    def metrics(self) -> Finding:
        """Those of the test message arrived in CloudWatch."""
        if not self.wait:
            return Finding(NONE, self.say("not_waited"))
        deadline = self.sent + METRICS_PATIENCE
        if not self.terminal.moving:
            self.terminal.line("  " + self.say("metrics_wait", seconds=METRICS_PATIENCE))
        while True:
            if self.received(self.sent) > (self.received_before or 0):
                return Finding(OK, self.say("metrics_ok", seconds=round(time.time() - self.sent)))
            left = deadline - time.time()
            if left <= 0:
                break
            again = time.time() + min(10, left)
            while time.time() < again:
                self.terminal.progress(
                    self.say("metrics_wait", seconds=max(0, round(deadline - time.time())))
                )
                time.sleep(1)
        return self.metrics_late()

    def metrics_late(self) -> NoReturn:
        """Why they did not arrive, as far as that can be seen."""
        function, advice = self.resources["Relay"], []
        with suppress(AwsError):
            logging = self.aws("lambda", "get-function-configuration", FunctionName=function).get(
                "LoggingConfig", {}
            )
            level = logging.get("ApplicationLogLevel", "INFO")
            if level not in ("TRACE", "DEBUG", "INFO"):
                right = f"LogFormat=JSON,ApplicationLogLevel=INFO,LogGroup={logging.get('LogGroup')}"
                set_level = ("aws", "lambda", "update-function-configuration", "--function-name", function)
                set_level += ("--logging-config", right)
                advice = [self.say("log_level", function=function, level=level), self.command(*set_level)]
        advice = advice or [self.say("check_metrics", function=function), *self.restore()]
        raise Failure(self.say("metrics_late", seconds=METRICS_PATIENCE), *advice)

    def lines(self, logical_id: str, since: float, *levels: str) -> list[tuple[float, str]]:
        """The times and messages of a function's log lines of these levels, oldest first."""
        pattern = " || ".join(f'($.level = "{level}")' for level in levels)
        answer = self.aws(
            *("logs", "filter-log-events", "--max-items", "500"),
            logGroupName=self.resources[logical_id],
            startTime=int(since * 1000),
            filterPattern=f"{{ {pattern} }}",
        )
        found = []
        for event in answer.get("events", []):
            with suppress(ValueError, AttributeError):
                said = json.loads(event["message"])
                if said.get("level") not in levels:
                    continue
                found.append(
                    (event["timestamp"] / 1000, said.get("message") or said.get("errorMessage") or "")
                )
        return sorted(found)

    def last_words(self) -> str:
        """What the relay logged last about a trouble, as advice; empty if it cannot be seen."""
        with suppress(AwsError, Failure, KeyError):
            for _ in range(3):
                found = self.lines("RelayLogs", time.time() - 120, "ERROR", "WARN")
                # Our own wrong token is no trouble.
                found = [words for _, words in found if "webhook token is wrong" not in words]
                if found:
                    return self.say("relay_says", words=self.terminal.words(found[-1]))
                # Lines take a few seconds to arrive.
                time.sleep(1)
        return ""

    def errors(self) -> Finding:
        """Runs that failed in the last hour, and the last lines of level ERROR."""
        hour, now, past, words = time.time() - 3600, {}, {}, {}
        for logical_id in ("Relay", "Redeliver"):
            if logical_id not in self.resources:
                continue
            function, name = self.resources[logical_id], logical_id.lower()
            metric = ("AWS/Lambda", "Errors", "FunctionName", function, hour)
            failed = {at: count for at, count in self.points(*metric).items() if count}
            runs = self.points("AWS/Lambda", "Invocations", "FunctionName", function, hour) if failed else {}
            if failed:
                last = max(failed)
                text = self.say(
                    "of_runs", function=name, count=int(sum(failed.values())), at=utc(last, "%H:%M")
                )
                # In the newest minute with a run, every run failed.
                all_failed = max(runs, default=last) == last and runs.get(last, 0) <= failed[last]
                (now if all_failed else past)[logical_id] = text
            try:
                said = self.lines(f"{logical_id}Logs", hour, "ERROR")
            except AwsError as error:
                if error.code != "ResourceNotFoundException":
                    raise
                group = self.resources[f"{logical_id}Logs"]
                raise Failure(self.say("gone", what=group), self.say("restore"), *self.restore()) from None
            if said:
                at, message = said[-1]
                words[logical_id] = self.say("last_line", function=name, words=self.terminal.words(message))
                if not failed:
                    past[logical_id] = self.say(
                        "of_lines", function=name, count=len(said), at=utc(at, "%H:%M")
                    )
        if now:
            advice = [words[it] for it in now if it in words]
            if "Redeliver" in now:
                run = f"aws lambda invoke --function-name {self.resources['Redeliver']}"
                run = f"{run} --payload fileb://empty.json /dev/stdout"
                advice += [self.say("fix_errors"), f"    echo '{{\"Records\": []}}' > empty.json; {run}"]
            else:
                advice.append(self.say("fix_relay"))
            raise Failure(self.say("errors_now", errors="; ".join(now.values())), *advice)
        if past:
            text = self.say("errors_past", errors="; ".join(past.values()))
            return Finding(NOTE, text, list(words.values()))
        return Finding(OK, self.say("errors_ok"))


@dataclass
class Answer:
    """The answer to a call of the API."""

    url: str
    status: int
    text: str

    @property
    def json(self) -> Any:
        """The body; empty if it is not a JSON object."""
        with suppress(ValueError):
            found = json.loads(self.text)
            if isinstance(found, dict):
                return found
        return {}

    @property
    def is_relays(self) -> bool:
        """Whether the relay wrote it. API Gateway's own answers have only a message."""
        return "request_id" in self.json


class NoRedirect(HTTPRedirectHandler):
    """The token goes to nobody else."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


def opened(request: Request) -> Any:
    """The response to a request. An error status is no exception."""
    try:
        return build_opener(NoRedirect).open(request, timeout=API_TIMEOUT)
    except HTTPError as error:
        return error


SET_REGION = "    export AWS_DEFAULT_REGION=us-east-1"
SET_CLOCK = "    sudo timedatectl set-ntp true"

DENIALS = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException"}
DENIALS |= {"UnauthorizedOperation", "NotAuthorized"}
BAD_CREDENTIALS = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "AuthFailure",
    "SignatureDoesNotMatch",
}
BAD_CREDENTIALS |= {"InvalidSignatureException", "IncompleteSignature", "InvalidAccessKeyId"}


def text_of(output: bytes) -> str:
    """The output of a program."""
    return output.decode("utf-8", "replace").strip()


def loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def basic(token: str) -> str:
    """A token as ZStack sends it."""
    return b64encode(f"zstack:{token}".encode()).decode()


def seconds(timestamp: Any) -> float:
    """A time of the AWS command line in seconds since 1970. Version 1 passes on what the service writes."""
    if timestamp is None or timestamp == "":
        return 0.0
    try:
        return float(timestamp)
    except ValueError:
        # Python 3.9 does not read the Z, and reads three or six digits only.
        text = re.sub(r"\.\d+", "", timestamp.replace("Z", "+00:00"))
        return datetime.fromisoformat(text).timestamp()


def utc(at: float, form: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    """A time in UTC."""
    return datetime.fromtimestamp(at, timezone.utc).strftime(form)


STEPS = (
    ("account", ()),
    ("stack", ("account",)),
    ("push_url", ("stack",)),
    ("token", ("stack",)),
    ("health", ("stack",)),
    ("rejection", ("health",)),
    ("message", ("health", "push_url", "token")),
    ("source", ("stack",)),
    ("dead_letters", ("stack",)),
    ("retries", ("stack",)),
    ("alarms", ("stack",)),
    ("subscriber", ("stack",)),
    ("concurrency", ("account",)),
    ("clock", ("health",)),
    ("metrics", ("message",)),
    ("errors", ("stack",)),
)
"""Every step, and the steps without which it cannot run."""


TOGETHER = ("source", "dead_letters", "retries", "alarms", "subscriber", "concurrency")
"""Steps that only ask AWS. They are taken at the same time, because the AWS command line starts slowly."""


def found(doctor: Doctor, name: str) -> Finding:
    """What a step found, be it good or bad."""
    needs = dict(STEPS)[name]
    missing = next((need for need in needs if need not in doctor.known), None)
    if missing:
        return Finding(NONE, doctor.say("skipped", need=doctor.say(missing)))
    try:
        return getattr(doctor, name)()
    except Failure as failure:
        return failure.finding
    except AwsError as error:
        return doctor.explained(error)


def findings(doctor: Doctor) -> Iterator[tuple[str, Finding]]:
    """Take all steps in their order."""
    begun = {}
    with ThreadPoolExecutor(4) as pool:
        for name, _ in STEPS:
            doctor.terminal.progress(doctor.say(name))
            if name in TOGETHER and not begun:
                begun = {it: pool.submit(found, doctor, it) for it in TOGETHER}
            yield name, begun[name].result() if name in begun else found(doctor, name)


def walk(doctor: Doctor) -> int:
    """Take all steps, and print what each found. The result is the exit status."""
    terminal, say = doctor.terminal, doctor.say
    failed, notes = [], 0
    colon = "：" if terminal.zh else ": "
    for name, finding in findings(doctor):
        terminal.line(f"{terminal.mark(finding.mark)} {say(name)}{colon}{finding.text}")
        for advice in finding.advice:
            terminal.line(f"  {advice}")
        failed += [name] if finding.mark == FAILED else []
        notes += finding.mark == NOTE
    terminal.line()
    if failed:
        terminal.line(say("failed", failed=len(failed), total=len(STEPS), first=say(failed[0])))
    elif notes:
        terminal.line(say("all_well_but", mark=terminal.mark(NOTE), count=notes))
    else:
        terminal.line(say("all_well"))
    return 1 if failed else 0


def configured(key: str) -> str:
    """A setting in samconfig.toml, beside this file or one folder up; empty if there is none."""
    for folder in (HERE, HERE.parent):
        with suppress(OSError, UnicodeError):
            text = (folder / "samconfig.toml").read_text(encoding="utf-8")
            # `sam deploy --guided` writes its answers into the section of deploy, which wins.
            for section in ("deploy", "global"):
                part = re.search(rf"(?ms)^\[default\.{section}\.parameters\]\s*$(.*?)(?=^\[|\Z)", text)
                found = part and re.search(rf"""(?m)^\s*{key}\s*=\s*["']([^"']+)["']""", part[1])
                if found:
                    return found[1]
    return ""


def channel(name: str) -> str:
    """The name of a channel, by the rule of src/channel.rs."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
        raise argparse.ArgumentTypeError("1 to 64 letters, digits, _ . -")
    return name


def main() -> int:
    """Run it; the exit status is 0 if no step failed."""
    parser = argparse.ArgumentParser(description="Walk the path of an alert, and say where it ends.")
    parser.add_argument("--stack", help="name of the stack (samconfig.toml's)")
    parser.add_argument("--url", help="URL of the webhook, if it is not the stack's WebhookUrl")
    parser.add_argument(
        "--channel", type=channel, help="name of a channel, to look at its parameters and URL"
    )
    parser.add_argument("--no-wait", action="store_true", help="do not wait for the metrics")
    parser.add_argument("--language", choices=("en", "zh"), help="that of the terminal by default (LANG)")
    options = parser.parse_args()
    terminal = Terminal(TEXTS, options.language or language_of(os.environ))
    doctor = Doctor(
        terminal,
        options.stack or configured("stack_name") or DEFAULT_STACK,
        options.url,
        not options.no_wait,
        options.channel,
    )
    try:
        return walk(doctor)
    except KeyboardInterrupt:
        terminal.line(terminal.say("interrupted"))
        return 130
    except BrokenPipeError:
        os._exit(1)
    except Exception as error:
        # A traceback could show a secret.
        at = error.__traceback__
        while at.tb_next and at.tb_next.tb_frame.f_code.co_filename == __file__:
            at = at.tb_next
        terminal.line(terminal.say("mistake", kind=type(error).__name__, line=at.tb_lineno))
        return 1


if __name__ == "__main__":
    sys.exit(main())
