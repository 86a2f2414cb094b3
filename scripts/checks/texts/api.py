"""Calls of the API."""
# ruff: noqa: RUF001 (Chinese has punctuation of its own)

TEXTS = {
    "unreachable": ("{host} cannot be reached: {why}", "连不上 {host}：{why}"),
    "check_way": (
        "Check DNS, the firewall and the proxy (HTTPS_PROXY) of this machine. If the webhook has a domain"
        " of its own, give its URL with --url.",
        "请检查本机的 DNS、防火墙和代理（HTTPS_PROXY）。webhook 有自己的域名时，用 --url 指定它的 URL。",
    ),
    "untrusted": ("the certificate of {host} cannot be verified: {why}", "无法验证 {host} 的证书：{why}"),
    "check_tls": (
        "A proxy with a certificate of its own needs SSL_CERT_FILE, the file of its root certificate. If"
        " the clock of this machine is wrong, correct it.",
        "代理使用自己的证书时，请把 SSL_CERT_FILE 设为它的根证书文件。本机时钟不对时，请校正。",
    ),
    "timed_out": ("no answer within {seconds} seconds", "{seconds} 秒内没有返回"),
    "bad_url": ("--url is not a URL that can be used", "--url 不是可用的 URL"),
    "give_url": (
        "Give the whole URL of the webhook, such as https://alarms.example.com/zstack. http is possible for"
        " this machine only: the token would be readable on the way.",
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
        " WebhookUrl: {url}",
        "这个 URL 属于别的服务，或者 API 的路由没有了。请与堆栈的 WebhookUrl 核对：{url}",
    ),
    "check_429": (
        "API Gateway or Lambda throttles. Wait a minute. If it lasts, somebody may have limited the function"
        " relay (a reserved concurrency of 0 stops it). This command removes the limit:",
        "API Gateway 或 Lambda 限流了。请等一分钟。如果一直这样，可能有人限制了函数 relay（预留并发是 0"
        " 时它不运行）。这条命令取消限制：",
    ),
    "more_429": (
        "If that does not help, the API or the account has reached its limit:"
        " docs/runbook.md#api-gateway-throttles",
        "如果没有用，那么 API 或账号达到了上限：docs/runbook.md#api-gateway-throttles",
    ),
    "check_5xx": (
        "API Gateway got no answer from the function relay. If the last step (errors of the functions) names"
        " an error, remove it. If not, the reserved concurrency of relay may be 0. This command removes"
        " that limit:",
        "API Gateway 没有得到函数 relay 的返回。如果最后一步（函数的错误）写出了错误，请排除它。否则，relay"
        " 的预留并发可能是 0。这条命令取消限制：",
    ),
    "check_3xx": (
        "It redirects, and the token is not sent on. Give the final URL with --url.",
        "它要求重定向，令牌不会跟着发过去。请用 --url 指定最终的 URL。",
    ),
    "check_other": ("Look at what answers at {url}.", "请看看 {url} 上是什么在回答。"),
    "health_ok": ("200: the relay has both secrets", "200：中继已读到推送地址和令牌"),
    "unhealthy": ("503: the relay cannot read its secrets", "503：中继读不到推送地址或令牌"),
    "not_allowed": (
        "403: this machine's address is not in AllowedSourceCidrs, so the relay does not answer it. It says:"
        " {words}",
        "403：本机的地址不在 AllowedSourceCidrs 里，中继拒绝它的调用。中继返回：{words}",
    ),
    "run_elsewhere": (
        "Run this on a machine behind ZStack's address. ZStack itself is not affected, if its address is in"
        " the list.",
        "请在与 ZStack 出口地址相同的机器上执行。只要 ZStack 的地址在列表里，ZStack 就不受影响。",
    ),
    "unknown_answer": (
        "{status}: the relay gave an answer that this program does not know: {words}",
        "{status}：中继返回了本程序不认识的内容：{words}",
    ),
    "same_version": (
        "Take this program from the same release as the stack. If it is the same, please open an issue.",
        "请使用与堆栈同一个版本里的本程序。版本相同时，请提交 issue。",
    ),
    "read_log": ("What the function logged in the last ten minutes:", "函数最近十分钟的日志："),
    "relay_says": ("The log of relay says: {words}", "relay 的日志：{words}"),
    "in_vpc": (
        "The functions run in a VPC (SubnetIds). There they reach SSM only through a NAT gateway or interface"
        " endpoints: docs/deploying.md#functions-in-a-vpc",
        "函数在 VPC 里运行（SubnetIds），只有通过 NAT 网关或接口终端节点才能访问 SSM："
        "docs/deploying.zh-CN.md#vpc-里的函数",
    ),
    "other_key": (
        "The key {key} encrypts {name}, and the relay may not use it: it is not the stack's KmsKeyArn. Deploy"
        " with it:",
        "{name} 用密钥 {key} 加密，而中继无权使用它：它不是堆栈的 KmsKeyArn。请用它部署：",
    ),
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
        "200: Flashduty has {key} (request {request}). The alert opened as Info and was closed at once. If a"
        " route notifies on Info, somebody may get a notification",
        "200：Flashduty 已收到 {key}（请求 {request}）。告警以 Info 开启，并立即关闭。"
        "如果有路由对 Info 也通知，可能有人收到通知",
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
        "Nothing is lost: it is tried again by itself. Look at Flashduty's status, and at what is between"
        " AWS and Flashduty. When the cause is gone, run this again. docs/runbook.md#the-queue-ages",
        "没有丢失：会自动重试。请看 Flashduty 的状态，以及 AWS 与 Flashduty 之间有什么。原因消除后，"
        "再执行一次。"
        "docs/runbook.md#the-queue-ages",
    ),
    "not_accepted": (
        "401: the relay does not accept the token in SSM",
        "401：中继不接受 SSM 里的令牌",
    ),
    "check_url": (
        "The URL in --url may belong to another stack. The WebhookUrl of this stack is {url}",
        "--url 里的 URL 可能属于别的堆栈。这个堆栈的 WebhookUrl 是 {url}",
    ),
    "wait_token": (
        "If the token was changed a moment ago, wait for {seconds} seconds. If not, the function uses"
        " another parameter than the stack says. Have CloudFormation undo that. Read the changes before the"
        " last command:",
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
}
