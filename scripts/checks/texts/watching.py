"""The queues, the alarms, the metrics, and the errors of the functions."""
# ruff: noqa: RUF001 (Chinese has punctuation of its own)

TEXTS = {
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
    "move_dead": (
        "When the cause is gone, have them delivered (AWS CLIs from before July 2023 do not know this"
        " command):",
        "原因消除后，让它们送达（2023 年 7 月以前的 AWS CLI 没有这条命令）：",
    ),
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
    "alarms_ok": ("{count} OK", "{count} 个 OK（正常）"),
    "alarms_alarm": ("{count} ALARM", "{count} 个 ALARM（已触发）"),
    "alarms_no_data": (
        "{count} INSUFFICIENT_DATA (no data yet)",
        "{count} 个 INSUFFICIENT_DATA（还没有数据）",
    ),
    "alarms_on": ("{states}. On: {names}", "{states}。已触发：{names}"),
    "alarm_on": (
        "{name}, since {since} UTC: docs/runbook.md#{short}",
        "{name}，自 {since}（UTC）：docs/runbook.md#{short}",
    ),
    "alarm_ends": (
        "An alarm goes off by itself some minutes after its cause is gone.",
        "原因消除几分钟后，监控报警会自动恢复。",
    ),
    "alarm_young": (
        "{name} may be on until the first check has passed, because the stack or the alarm is new.",
        "{name}：堆栈或这个监控报警是新的，第一次检查通过之前它可能一直触发。",
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
    "alarms_without_action": (
        "tell nobody, because they have no action: {names}",
        "没有设置操作，不会通知任何人：{names}",
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
        " logs:PutLogEvents, or somebody changed its logging. Have CloudFormation undo that. Read the"
        " changes before the last command:",
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
        "Remove the cause (docs/runbook.md#function-failures). This runs redeliver once without an alert,"
        " to see whether it works; then run this program again:",
        "请排除原因（docs/runbook.md#function-failures）。下面的命令让 redeliver 空跑一次，"
        "看看是否正常；然后再执行本程序：",
    ),
    "fix_relay": (
        "Remove the cause (docs/runbook.md#function-failures), and run this program again.",
        "请排除原因（docs/runbook.md#function-failures），然后再执行本程序。",
    ),
}
