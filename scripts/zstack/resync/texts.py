"""All texts of `zstack-resync.py`, in English and in Chinese."""
# ruff: noqa: RUF001 (Chinese has punctuation of its own)

TEXTS = {
    # What is asked.
    "ask_password": ("Password of {account} in ZStack: ", "ZStack 账户 {account} 的密码："),
    "ask_factor": ("Second factor of {account}: ", "{account} 的双因子认证码："),
    "ask_secret": ("Secret of the access key: ", "AccessKey 的密钥："),
    "ask_token": (
        "Token of the webhook (the password of the endpoint {name} in ZStack): ",
        "webhook 的令牌（ZStack 中通知对象 {name} 的密码）：",
    ),
    "ask_post": (
        "Post {count} message(s)? That takes about {minutes} minute(s). [y/N] ",
        "发送 {count} 条消息吗？大约需要 {minutes} 分钟。[y/N] ",
    ),
    # Options.
    "bad_since": (
        '--since is a time before now: 2h, 90m, 1d12h, 2026-11-28, "2026-11-28 10:00", or with a zone'
        " 2026-11-28T10:00+08:00.",
        '--since 应是现在之前的时间：2h、90m、1d12h、2026-11-28、"2026-11-28 10:00"，'
        "或者带时区 2026-11-28T10:00+08:00。",
    ),
    "bad_url": (
        "--url is not the URL of a webhook, such as https://.../zstack?cloud=beijing.",
        "--url 不是 webhook 的 URL，例如 https://…/zstack?cloud=beijing。",
    ),
    "token_in_url": (
        "A token in an argument can be read by others. Give the name of the endpoint with --endpoint: its URL"
        " is read from ZStack.",
        "参数里的令牌会被其他人看到。请用 --endpoint 指定通知对象的名称，URL 会从 ZStack 读取。",
    ),
    "channel_needs_url": (
        "--channel belongs to --url. The URL of --endpoint is whole.",
        "--channel 只能与 --url 一起用。--endpoint 的 URL 已经是完整的。",
    ),
    "say_yes": (
        "Nobody can be asked here whether to post. Give --yes or --dry-run.",
        "这里无法询问是否发送。请加 --yes 或 --dry-run。",
    ),
    # Endpoints.
    "no_endpoint": (
        "No endpoint in ZStack has exactly this URL. Give the URL that ZStack has, with everything behind the"
        " question mark, or the endpoint's name with --endpoint. The endpoints are: {names}.",
        "ZStack 里没有哪个通知对象的 URL 与它完全相同。请写 ZStack 里的 URL，包括问号后面的全部内容，"
        "或者用 --endpoint 指定通知对象的名称。现有的通知对象：{names}。",
    ),
    "no_such_name": (
        "ZStack has no endpoint {name}. The endpoints are: {names}.",
        "ZStack 里没有通知对象 {name}。现有的通知对象：{names}。",
    ),
    "several": (
        "ZStack has several endpoints {name} with different URLs. Give the URL with --url.",
        "ZStack 里有多个名为 {name} 的通知对象，URL 各不相同。请用 --url 指定。",
    ),
    "none": ("none", "无"),
    "endpoint_disabled": (
        "the endpoint {name} is disabled: ZStack sends nothing to it now",
        "通知对象 {name} 已停用：ZStack 现在不会向它发送任何消息",
    ),
    "no_topic": (
        "The endpoint {name} is on no topic that is enabled. ZStack sends nothing to it, so there is"
        " nothing to post.",
        "通知对象 {name} 不在任何已启用的主题上。ZStack 不会向它发送消息，所以没有可发送的内容。",
    ),
    # What is read.
    "logging_in": ("logging in", "正在登录"),
    "reading": ("reading ZStack's records", "正在读取 ZStack 的记录"),
    "posting": ("{done} of {total}", "{done} / {total}"),
    "waiting": (
        "{why}: the next try is in {seconds} seconds",
        "{why}：{seconds} 秒后重试",
    ),
    "silent": (
        "ZStack did not answer ({why}): it is asked again in {seconds} seconds",
        "ZStack 没有应答（{why}）：{seconds} 秒后再次查询",
    ),
    "read": (
        "{count} records since {since}, the last one of {last} (all times: zone of this machine)",
        "自 {since} 以来有 {count} 条记录，最后一条是 {last}（时间均为本机时区）",
    ),
    "read_none": (
        "There are no records since {since}. The last one is of {last} (all times: zone of this machine).",
        "自 {since} 以来没有记录。最后一条是 {last}（时间均为本机时区）。",
    ),
    "elsewhere": (
        "Left out, because their rules do not send to this endpoint: {count}",
        "规则不发往这个通知对象，不处理：{count} 条",
    ),
    "unreadable": (
        "{count} row(s) of kind {kind} cannot be read, because of {field}. Perhaps this version of ZStack is"
        " not known. What they told is not decided here.",
        "有 {count} 条 {kind} 记录无法读取（{field}）。可能是未知的 ZStack 版本。这里无法判断它们的内容。",
    ),
    "no_names": (
        "ZStack did not tell the names of the resources: {words}. Their UUIDs are posted.",
        "ZStack 没有返回资源名称：{words}。将发送它们的 UUID。",
    ),
    # Tables.
    "time": ("time", "时间"),
    "level": ("level", "级别"),
    "what": ("what", "内容"),
    "resource": ("resource", "资源"),
    "status": ("status", "状态"),
    "remark": ("remark", "说明"),
    "to_post": ("To post: {count}", "要发送：{count} 条"),
    "listed": (
        "Not posted without --all, because ZStack never tells the end of these: {count}",
        "ZStack 不会通知它们结束，不加 --all 就不发送：{count} 条",
    ),
    "undecided": (
        "Cannot be decided. Look at these by hand: {count}",
        "无法判断，请人工处理：{count} 条",
    ),
    "nothing": ("Nothing has to be posted.", "没有要发送的消息。"),
    "dry": ("This was a dry run: nothing was posted.", "这是试运行：没有发送任何消息。"),
    "not_asked": (
        "These are the last states that ZStack told. It cannot be asked what is in alarm now.",
        "这里是 ZStack 最后通知的状态。ZStack 无法查询当前有哪些资源正在报警。",
    ),
    "left": ("Nothing was posted.", "没有发送任何消息。"),
    # Levels.
    "level_emergent": ("Emergent", "紧急"),
    "level_important": ("Important", "严重"),
    "level_normal": ("Normal", "提示"),
    # Remarks.
    "no_recovery": ("recovery notification is off", "未启用报警恢复通知"),
    "too_long": ("a period of 30 minutes or more: no recovery", "持续时间不少于 30 分钟：没有恢复通知"),
    "rule_disabled": ("the alarm is disabled now", "报警器现已停用"),
    "rule_gone": ("the rule was deleted", "规则已删除"),
    "unknown_event": ("an event that is not known", "未知的事件"),
    "no_way_back": ("no event ends it", "没有事件会结束它"),
    "back_not_subscribed": ("the event that ends it is not sent here", "结束它的事件不发往这里"),
    "unknown_status": ("a state that is not known", "未知的状态"),
    "bad_labels": ("its labels cannot be read", "标签无法读取"),
    "forgotten": ("ZStack forgot it: its end never comes", "ZStack 已不再跟踪它，不会通知结束"),
    "restart": ("no end comes if ZStack restarted since", "如果 ZStack 之后重启过，就不会通知结束"),
    "no_resource": ("no resource id: perhaps another alert key", "没有资源 ID：告警的键可能不同"),
    "would_close": ("would also close another alert", "还会关闭另一条告警"),
    "nameless": ("no name in ZStack: perhaps deleted", "ZStack 里没有名称：可能已删除"),
    "not_repeated": ("not repeated since: perhaps over", "之后没有重复：可能已结束"),
    "well": ("the alarm is OK in ZStack: perhaps over", "报警器的状态现在是 OK：可能已结束"),
    "other_device": ("another device of it was in alarm", "同一资源的另一设备曾在报警"),
    "reopens": ("closes two alerts; one opens again", "会关闭两条告警，其中一条随后重新触发"),
    # What came back.
    "refused_row": ("{name}, {resource}: {why}", "{name}，{resource}：{why}"),
    "round": (
        "Meanwhile ZStack told something newer about {count} of these. That is posted.",
        "其间 ZStack 对其中 {count} 条有了新的通知，将发送新的内容。",
    ),
    "restless": (
        "ZStack keeps telling new states of the same alerts. Run this again in some minutes.",
        "ZStack 一直在通知这些告警的新状态。请过几分钟再执行一次。",
    ),
    "done": (
        "{count} posted: {pushed} in Flashduty, {queued} in the retry queue, {refused} refused.",
        "已发送 {count} 条：{pushed} 条已到 Flashduty，{queued} 条在重试队列里，{refused} 条被拒绝。",
    ),
    "stopped": (
        "Stopped after {count} of {total}: {why}",
        "发送了 {count} / {total} 条后停止：{why}",
    ),
    "again": (
        "When the cause is gone, run the same command again. It posts all of them once more, which changes"
        " nothing where the state is right already.",
        "原因消除后，再执行同样的命令。它会重新发送全部消息，状态已经正确的告警不会变化。",
    ),
    "interrupted": ("Interrupted.", "已中断。"),
    "interrupted_after": (
        "Interrupted after {count} of {total}.",
        "发送了 {count} / {total} 条后中断。",
    ),
    "may_be_wrong": (
        "ZStack told this after the posts, and it was not posted. So these may be wrong now: {count}",
        "发送之后 ZStack 又有下列通知，没有再发送，所以这些告警的状态现在可能不对：{count} 条",
    ),
    "not_the_relay": (
        "{host} answered {status}, and that is not the relay's answer",
        "{host} 返回 {status}，而且不是中继的回答",
    ),
    "bad_token": (
        "401: the relay does not accept the token ({why})",
        "401：中继不接受这个令牌（{why}）",
    ),
    "not_allowed": (
        "403: this machine's address is not allowed ({why}). Run this where ZStack runs",
        "403：不允许本机的地址（{why}）。请在 ZStack 所在的机器上执行",
    ),
    "no_channel": ("404: there is no such channel ({why})", "404：没有这个协作空间（{why}）"),
    "all_refused": (
        "{count} messages in a row were refused, the last one with {why}",
        "连续 {count} 条消息被拒绝，最后一条：{why}",
    ),
    "wait_longer": (
        "the webhook wants a pause of {seconds} seconds",
        "webhook 要求暂停 {seconds} 秒",
    ),
    "no_success": (
        "{tries} tries failed, the last one with {why}",
        "尝试了 {tries} 次都失败，最后一次：{why}",
    ),
    "zstack_stopped": (
        "ZStack did not answer as expected, after {count} of {total} were posted.",
        "发送了 {count} / {total} 条后，ZStack 没有正常应答。",
    ),
    "too_old": (
        "This ZStack has no records that can be asked for. They exist since Cloud 4.1.0.",
        "这个 ZStack 没有可查询的记录。Cloud 4.1.0 及以上版本才有。",
    ),
    "mistake": (
        "This is a mistake of zstack-resync.py: {kind} in {file}, line {line}. Please open an issue.",
        "这是 zstack-resync.py 自身的错误：{file} 第 {line} 行，{kind}。请提交 issue。",
    ),
}
