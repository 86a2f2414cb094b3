"""The stack and its two parameters."""
# ruff: noqa: RUF001 (Chinese has punctuation of its own)

TEXTS = {
    # The stack.
    "no_stack": ("there is no stack {stack} in {region}", "{region} 里没有堆栈 {stack}"),
    "find_stack": (
        "If it has another name, give it with --stack. If it is in another region, give it with --region."
        " If it was never deployed:",
        "名称不同时，用 --stack 指定。在其他区域时，用 --region 指定。还没有部署过时：",
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
    "rolling_back": (
        "A deployment failed, and CloudFormation undoes it. Wait for its end, and run this again.",
        "部署失败，CloudFormation 正在回滚。请等它结束，再执行一次。",
    ),
    "deleting": (
        "It is being deleted. If you need it, wait for the end, and deploy it again:",
        "正在删除。如果还需要它，请等删除结束，再重新部署：",
    ),
    "changeset": (
        "There is only a change set that nobody executed. Deploy:",
        "只有一个没有执行的变更集。请部署：",
    ),
    "failed_create": (
        "It cannot be used or upgraded. Remove the cause, delete it, and deploy it again:",
        "它既不能用，也不能升级。请排除原因，删除它，再重新部署：",
    ),
    "failed_delete": (
        "Its deletion did not end. Remove the cause, and delete it again:",
        "删除没有完成。请排除原因，再删除一次：",
    ),
    "failed_halfway": (
        "The last deployment failed and was not rolled back: a part of it is new, and a part is old. Remove"
        " the cause, go back, and deploy again:",
        "上一次部署失败，而且没有回滚：一部分是新的，一部分是旧的。请排除原因，回滚，再部署一次：",
    ),
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
        " CloudFormation undo it. Read the changes before the last command:",
        "它被手工删除或改动过。用同样的模板部署，发现不了这一点。请让 CloudFormation 恢复。"
        "执行最后一条命令之前，请先看变更内容：",
    ),
    "new_cli": (
        "AWS CLIs from before December 2025 do not know --deployment-mode.",
        "2025 年 12 月以前的 AWS CLI 不认识 --deployment-mode。",
    ),
    "own_folder": (
        "Deploy {stack} in {region} from the folder that has its own samconfig.toml. The one here is that of"
        " {saved_stack} in {saved_region}, and a deployment would take its settings.",
        "请在有 {stack}（{region}）自己的 samconfig.toml 的文件夹里部署。这里的 samconfig.toml 属于"
        " {saved_stack}（{saved_region}），部署会采用它的设置。",
    ),
    "change_samconfig": (
        "First change {names} in parameter_overrides of samconfig.toml. Every deployment takes the value"
        " there.",
        "请先在 samconfig.toml 的 parameter_overrides 里修改 {names}。每次部署都采用那里的值。",
    ),
    "without_sam": (
        "With the AWS CLI only, without SAM: the two commands in docs/deploying.md#with-a-release",
        "没有 SAM、只有 AWS CLI 时：docs/deploying.zh-CN.md#用发布版 里的两条命令",
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
    "standard_kind": ("Standard Alert Event", "标准告警事件"),
    "other_kind": (
        "{name}, SecureString, to {host}. The path ends in {ends}, not in /standard or /zstack, so the"
        " integration may be of another kind",
        "{name}，SecureString，发往 {host}。路径以 {ends} 结尾，不是 /standard 或 /zstack，"
        "集成可能是其他类型",
    ),
    "standard_only": (
        "The relay sends what an integration Standard Alert Event accepts. If this is another one, create"
        " such an integration in Flashduty.",
        "中继发送的是“标准告警事件”集成所接受的内容。如果这个集成是其他类型，请在 Flashduty"
        " 里创建“标准告警事件”集成。",
    ),
    "not_a_url": ("the value of {name} is not a URL", "{name} 的值不是 URL"),
    "not_https": ("the value of {name} does not begin with https://", "{name} 的值不以 https:// 开头"),
    "no_key": ("the value of {name} has no integration_key", "{name} 的值里没有 integration_key"),
    "put_push_url": (
        "Copy the push URL from the integration in Flashduty. The command waits for it (paste it, and press"
        " Enter) and does not show it:",
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
    "rotate_token": (
        "Replace it step by step, so that ZStack is not rejected meanwhile:"
        " docs/runbook.md#rotating-the-token",
        "请逐步更换，这样 ZStack 不会在中途被拒绝：docs/runbook.md#rotating-the-token",
    ),
    "token_one_line": ("{name} has several tokens in one line", "{name} 在一行里有多个令牌"),
    "token_lines": ("Put each token on a line of its own.", "请把每个令牌单独放一行。"),
    "put_token": (
        "Store a new token. The command prints it. Set it as the password of every endpoint in ZStack. Until"
        " then, ZStack gets 401.",
        "请保存一个新的令牌。命令会打印它。请把它设为 ZStack 里每个通知对象的密码，"
        "在那之前 ZStack 会得到 401。",
    ),
}
