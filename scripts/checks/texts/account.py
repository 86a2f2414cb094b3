"""The AWS command line and its errors, the account, the clock."""
# ruff: noqa: RUF001 (Chinese has punctuation of its own)

TEXTS = {
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
    "no_profile": ("the profile in {where} does not exist", "{where} 里的配置文件（profile）不存在"),
    "no_network": ("AWS cannot be reached: {words}", "连不上 AWS：{words}"),
    "check_network": (
        "Check the name of the region, DNS, and the proxy (HTTPS_PROXY). A proxy with a certificate of its"
        " own needs AWS_CA_BUNDLE.",
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
    "check_aws": (
        "Check the region, and AWS's status page (https://health.aws.amazon.com). Wait a minute, and run this"
        " again. If it stays, please open an issue with these words.",
        "请检查区域和 AWS 的状态页（https://health.aws.amazon.com）。等一分钟，再执行一次。如果还是这样，"
        "请提交 issue，并附上这段话。",
    ),
    # The account, the clock.
    "concurrency_ok": ("{limit}", "{limit}"),
    "concurrency_low": (
        "{limit}, shared by all functions of the account: in a storm of alarms, some may be lost",
        "{limit}，由账号的所有函数共用：报警很多时可能会丢失一些",
    ),
    "stopped": (
        "{limit}, but a reserved concurrency of 0 stops {functions}",
        "{limit}，但 {functions} 的预留并发是 0，不会运行",
    ),
    "allow_to_run": (
        "Without relay no alert is accepted. Without redeliver no queued alert is delivered. Unless somebody"
        " stopped it on purpose, take the limit away:",
        "relay 不运行，报警就不会被接收；redeliver 不运行，队列里的报警就不会送达。"
        "如果不是有意停止的，请取消限制：",
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
}
