"""What `zstack-setup.py` prints, in English and in Chinese. The words are those of ZStack's console."""
# ruff: noqa: RUF001 (Chinese has punctuation of its own)

from __future__ import annotations

from .. import explained

TEXTS = {
    **explained.TEXTS,
    # Before the plan.
    "zstack": ("ZStack {version}, {root}", "ZStack {version}，{root}"),
    "unknown_version": ("of an unknown version", "未知版本"),
    "ask_password": ("Password of {account}: ", "{account} 的密码："),
    "ask_secret": ("Secret of the access key: ", "AccessKey 的密钥："),
    "ask_second": ("Code of the second factor: ", "双因子认证码："),
    "ask_token": ("Webhook token (the endpoint's password): ", "Webhook 令牌（通知对象的密码）："),
    "not_admin": (
        "This account is not admin. It sees its own rules only, and may not change preset rules.",
        "这个账户不是 admin：它只能看到自己的规则，也不能修改预置规则。",
    ),
    "read_endpoints": ("reading the endpoints", "正在读取通知对象"),
    "read_alarms": ("reading the alarms", "正在读取资源报警器"),
    "read_events": ("reading the event alarms", "正在读取事件报警器"),
    "read_templates": ("reading the message templates", "正在读取消息模板"),
    "testing": ("ZStack sends its test message", "ZStack 正在发送测试消息"),
    "was_read": (
        "Alarms: {alarms}, event alarms: {events}, endpoints for webhooks: {endpoints}.",
        "资源报警器 {alarms} 个，事件报警器 {events} 个，Webhook 通知对象 {endpoints} 个。",
    ),
    # The URL.
    "no_url": (
        "There is no URL of the webhook. Give the stack's WebhookUrl with --url.",
        "没有 webhook 的 URL。请用 --url 指定堆栈的 WebhookUrl。",
    ),
    "stack_unknown": (
        "The AWS CLI does not tell the WebhookUrl of the stack {stack}: {words}",
        "AWS CLI 查不到堆栈 {stack} 的 WebhookUrl：{words}",
    ),
    "give_url": (
        "Give it with --url, or the stack's name with --stack.",
        "请用 --url 指定它，或用 --stack 指定堆栈名称。",
    ),
    "bad_url": (
        "--url is not a URL that ZStack accepts. It begins with https://, and has no user name.",
        "--url 不是 ZStack 接受的 URL。它应以 https:// 开头，不带用户名。",
    ),
    "long_url": (
        "The URL has more than {most} characters, and ZStack accepts no more.",
        "URL 超过 {most} 个字符，ZStack 不接受。",
    ),
    "token_in_url": (
        "The URL has a token in it, which every administrator could read. Leave it out: it becomes the"
        " password of the endpoint.",
        "URL 里有令牌，每个管理员都能看到。请去掉它：令牌会作为通知对象的密码。",
    ),
    "cloud_twice": (
        "The URL names a cloud already. Give it in the URL or with --cloud.",
        "URL 里已经有 cloud。请只在 URL 里写，或只用 --cloud。",
    ),
    "bad_channel": (
        "A channel's name has 1 to 64 characters: letters, digits, _, . and -",
        "协作空间的名称有 1 到 64 个字符：字母、数字、_、. 和 -",
    ),
    "bad_user": (
        "--user is 1 to 128 characters without a colon. Without a user name, ZStack sends no password with"
        " its test message.",
        "--user 是 1 到 128 个字符，不含冒号。没有用户名时，ZStack 的测试消息不带密码。",
    ),
    "no_such_rule": (
        "No alarm and no event alarm has this name: {names}. Nothing was changed. In --only and --except, *"
        " stands for anything.",
        "没有叫这个名称的资源报警器或事件报警器：{names}。没有作任何修改。"
        "--only 和 --except 里，* 代表任意内容。",
    ),
    "bad_token": (
        "The token must be one line of 1 to 512 ASCII characters without blanks.",
        "令牌应当是一行，1 到 512 个 ASCII 字符，不含空格。",
    ),
    "bad_file": ("{path} cannot be read: {why}", "无法读取 {path}：{why}"),
    "token_works": (
        "ZStack sent its test message with this token, and the relay accepted it.",
        "ZStack 用这个令牌发送了测试消息，中继已接受。",
    ),
    "token_not_tested": (
        "This version of ZStack cannot try the token.",
        "这个版本的 ZStack 不能试这个令牌。",
    ),
    "token_rejected": (
        "The relay rejects this token (401). Nothing was changed.",
        "中继拒绝了这个令牌（401）。没有作任何修改。",
    ),
    "check_token": (
        "The token is the value of the stack's SSM parameter, without quotation marks. A channel can have one"
        " of its own.",
        "令牌是堆栈的 SSM 参数的值，不带引号。协作空间可以有自己的令牌。",
    ),
    "url_fails": (
        "ZStack does not reach the relay at {url}. Nothing was changed. ZStack says: {words}",
        "ZStack 访问不到中继 {url}。没有作任何修改。ZStack 返回：{words}",
    ),
    "endpoint_fails": (
        "The endpoint {name} has this URL, and ZStack's test message fails. Nothing was changed. ZStack says:"
        " {words}",
        "通知对象 {name} 用的就是这个 URL，但 ZStack 的测试消息失败。没有作任何修改。ZStack 返回：{words}",
    ),
    "several_of_name": (
        "Several endpoints have the name {name}, and this program made none of them: {urls}",
        "有多个名为 {name} 的通知对象，都不是本程序创建的：{urls}",
    ),
    "another_name": (
        "Give another name with --endpoint, or rename in the console those that are not yours.",
        "请用 --endpoint 换一个名称，或者在控制台里给不属于您的通知对象改名。",
    ),
    "check_way": (
        "Check the way from ZStack's management node to the relay: DNS, firewall, URL. docs/answers.md"
        " explains the relay's answers.",
        "请检查从 ZStack 管理节点到中继的通路：DNS、防火墙、URL。中继返回的内容见 docs/answers.zh-CN.md。",
    ),
    "give_new_password": (
        "If only the password is wrong, run this with --new-password.",
        "只是密码不对时，请加上 --new-password。",
    ),
    # The plan.
    "plan": ("The plan:", "计划："),
    "nothing": ("Nothing to do.", "无需修改。"),
    "look": ("Know this:", "请留意："),
    "create_endpoint": (
        "Create the endpoint {name}: {url}, user name {user}.",
        "创建通知对象 {name}：{url}，用户名 {user}。",
    ),
    "enable_endpoint": ("Enable the endpoint {name}.", "启用通知对象 {name}。"),
    "create_topic": ("Create the topic {name}.", "创建主题 {name}。"),
    "enable_topic": ("Enable the topic {name}.", "启用主题 {name}。"),
    "subscribe": (
        "Subscribe the endpoint {endpoint_name} to the topic {name}.",
        "让通知对象 {endpoint_name} 订阅主题 {name}。",
    ),
    "subscribe_system": (
        "Subscribe the endpoint {endpoint_name} to the topic system-alarm. It then gets all preset"
        " rules, also"
        " those that an upgrade adds.",
        "让通知对象 {endpoint_name} 订阅主题 system-alarm。它会接收所有预置规则，包括升级时新增的。",
    ),
    "unsubscribe": (
        "Unsubscribe the old endpoint {endpoint_name} ({url}) from the topic {name}: {why}. It is not"
        " deleted.",
        "让旧的通知对象 {endpoint_name}（{url}）退订主题 {name}：{why}。不会删除它。",
    ),
    "url_differs": ("its URL differs", "它的 URL 不同"),
    "user_differs": ("its user name differs", "它的用户名不同"),
    "password_differs": ("it is replaced because of its password", "因为密码而被替换"),
    "alarm_action": (
        "Add the topic {topic_name} to these alarms ({count}): {names}",
        "给 {count} 个资源报警器加上主题 {topic_name}：{names}",
    ),
    "recovery": (
        "Switch on recovery notification in these alarms ({count}): {names}",
        "打开 {count} 个资源报警器的“报警恢复通知”：{names}",
    ),
    "event_action": (
        "Add the topic {topic_name} to these event alarms ({count}): {names}",
        "给 {count} 个事件报警器加上主题 {topic_name}：{names}",
    ),
    "subscribe_event": (
        "Create the event alarm {name} ({namespace}), which ends {problem}.",
        "创建事件报警器 {name}（{namespace}），它结束 {problem}。",
    ),
    "and_more": ("and {count} more (--verbose shows all)", "另外 {count} 个（--verbose 全部显示）"),
    "how_long": (
        "Changes: {count}, {time}.",
        "共 {count} 处修改，{time}。",
    ),
    "second": ("about 1 second", "约 1 秒"),
    "seconds": ("about {count} seconds", "约 {count} 秒"),
    "minutes": ("about {count} minutes", "约 {count} 分钟"),
    "told_again": (
        "Choose a quiet hour: for each alarm whose recovery notification changes, ZStack notifies again"
        " whatever"
        " is in alarm, also by mail and to all other endpoints.",
        "请选择业务低峰时段：每个修改了“报警恢复通知”的报警器，正在报警的都会再通知一遍，"
        "邮件和其他通知对象也会收到。",
    ),
    "dry_run": ("This was a dry run. Nothing was changed.", "这是试运行。没有作任何修改。"),
    "ask": ("Do it? [y/N] ", "执行吗？[y/N] "),
    "not_done": ("Nothing was changed.", "没有作任何修改。"),
    # Notes.
    "password_unknown": (
        "This version of ZStack cannot test the endpoint {name}, so a wrong password is not seen."
        " --new-password"
        " replaces it.",
        "这个版本的 ZStack 不能测试通知对象 {name}，所以发现不了错误的密码。--new-password 会替换它。",
    ),
    "not_tested": (
        "This version of ZStack cannot send a test message. Wait for the next alarm, and look at Flashduty.",
        "这个版本的 ZStack 不能发送测试消息。请等下一次报警，再看 Flashduty。",
    ),
    "ping": (
        "ZStack shows the endpoint {name} as not connected, because it does not answer a ping. That does not"
        " matter. The test message counts.",
        "ZStack 把通知对象 {name} 显示为未连接，因为它不响应 ping。这没有关系，以测试消息为准。",
    ),
    "percent": (
        "The URL has a % in it, which ZStack encodes again. Write Chinese characters directly.",
        "URL 里有 %，ZStack 会再编码一次。中文请直接写。",
    ),
    "system_topic_has_all": (
        "The endpoint is subscribed to system-alarm, so it gets all preset rules. --only and --except do not"
        " change that.",
        "通知对象订阅了 system-alarm，所以会接收所有预置规则。--only 和 --except 对此不起作用。",
    ),
    "other_endpoints": (
        "Other endpoints lead to the same URL. A rule that uses both sends twice. Remove them in the console:"
        " {names}",
        "还有别的通知对象指向同一个 URL。两个都用的规则会发送两次。请在控制台里去掉：{names}",
    ),
    "shared_topic": (
        "These endpoints are on the topic {name} too, and get everything that is sent to it. --own-topic"
        " avoids that: {names}",
        "这些通知对象也订阅了主题 {name}，会收到发到它上面的一切。用 --own-topic 可以避免：{names}",
    ),
    "shared_topic_stays": (
        "These endpoints are on the topic {name} too, and get everything that is sent to it. --own-topic"
        " does not change that, because the topic is already in use: {names}",
        "这些通知对象也订阅了主题 {name}，会收到发到它上面的一切。"
        "这个主题已在使用，--own-topic 对此不起作用：{names}",
    ),
    "double_path": (
        "These rules lead to the endpoint over two topics, and send everything twice. Remove one of the"
        " two in"
        " the console: {names}",
        "这些规则经过两个主题到达通知对象，每条消息发送两次。请在控制台里去掉其中一个：{names}",
    ),
    "event_twice": (
        "Several event alarms of the same event send to the endpoint, so it comes several times: {names}",
        "同一事件有多个事件报警器发送到通知对象，消息会重复：{names}",
    ),
    "disabled_ways_back": (
        "These event alarms end a problem, and are disabled. Enable them in the console, or the alerts stay"
        " open: {names}",
        "这些事件报警器用来结束故障，但已停用。请在控制台里启用，否则告警一直开着：{names}",
    ),
    "disabled_events": (
        "These event alarms are disabled, and send nothing: {names}",
        "这些事件报警器已停用，什么也不发送：{names}",
    ),
    "disabled_alarms": (
        "These alarms are disabled, and send nothing: {names}",
        "这些资源报警器已停用，什么也不发送：{names}",
    ),
    "no_way_back": (
        "This version of ZStack does not know the event that ends these. Somebody has to close the alerts:"
        " {names}",
        "这个版本的 ZStack 没有结束这些事件的事件，告警要由人来关闭：{names}",
    ),
    "way_back_left_out": (
        "--except leaves out the event that ends these. Somebody has to close the alerts: {names}",
        "--except 排除了结束这些事件的事件，告警要由人来关闭：{names}",
    ),
    "narrowed": (
        "These event alarms are limited by labels, and no event alarm gets the event that ends them. Create"
        " it in the console, with labels that fit, or the alerts stay open: {names}",
        "这些事件报警器用标签限定了范围，但没有事件报警器接收结束它们的事件。请在控制台里创建，标签与之对应，"
        "否则告警一直开着：{names}",
    ),
    "disabled_topic": (
        "The endpoint is also on the topic {name}, which is disabled and sends nothing. The topic {main} is"
        " used instead. Leave {name} disabled, or everything comes twice.",
        "通知对象还订阅了已停用的主题 {name}，它什么也不发送。改用主题 {main}。"
        "请不要启用 {name}，否则消息会重复。",
    ),
    "long_period": (
        "The duration of these alarms is 30 minutes or more, and ZStack never sends their recovery. Make it"
        " shorter in the console: {names}",
        "这些资源报警器的持续时间是 30 分钟或更长，ZStack 从不发送它们的恢复。请在控制台里改短：{names}",
    ),
    "no_recovery_field": (
        "This version of ZStack does not tell whether recovery notification is on. Switch it on in the"
        " console.",
        "这个版本的 ZStack 不说明“报警恢复通知”是否打开。请在控制台里打开。",
    ),
    "template": (
        "The message template {name} is the default for webhooks, so all webhooks get its text instead of"
        " ZStack's own. docs/zstack.md says which templates the relay understands.",
        "消息模板 {name} 是 Webhook 的默认模板，所有 Webhook 收到的是它的内容，而不是 ZStack 原来的。"
        "中继看得懂哪些模板，见 docs/zstack.zh-CN.md。",
    ),
    "template_swallows": (
        "The message template {name} is the default for webhooks, and has no recovery text: ZStack sends no"
        " recovery. Switch it off as default, or fill in its recovery text, in the console.",
        "消息模板 {name} 是 Webhook 的默认模板，但没有恢复消息文本：ZStack 不发送恢复。"
        "请在控制台里取消默认，或填写恢复消息文本。",
    ),
    # Doing it.
    "undo_file": ("Undo file: {path}", "撤销文件：{path}"),
    "undo_impossible": (
        "The undo file {path} cannot be written: {why}. Nothing more was changed.",
        "无法写入撤销文件 {path}：{why}。没有再作修改。",
    ),
    "progress": ("{done} of {count}: {name}", "{done}/{count}：{name}"),
    "progress_line": ("  {done} of {count}", "  {done}/{count}"),
    "takes_long": ("{name}: ZStack works on it for {seconds} s", "{name}：ZStack 已处理 {seconds} 秒"),
    "did_create_endpoint": ("endpoint {name} created", "已创建通知对象 {name}"),
    "did_enable_endpoint": ("endpoint {name} enabled", "已启用通知对象 {name}"),
    "did_create_topic": ("topic {name} created", "已创建主题 {name}"),
    "did_enable_topic": ("topic {name} enabled", "已启用主题 {name}"),
    "did_subscribe": ("{endpoint_name} subscribed to the topic {name}", "{endpoint_name} 已订阅主题 {name}"),
    "did_unsubscribe": (
        "old endpoint {endpoint_name} unsubscribed from the topic {name}",
        "旧的通知对象 {endpoint_name} 已退订主题 {name}",
    ),
    "did_alarm_action": ("topic added to alarms: {count}", "已给 {count} 个资源报警器加上主题"),
    "did_recovery": (
        "recovery notification switched on in alarms: {count}",
        "已打开 {count} 个资源报警器的“报警恢复通知”",
    ),
    "did_event_action": ("topic added to event alarms: {count}", "已给 {count} 个事件报警器加上主题"),
    "did_subscribe_event": ("event alarm {name} created", "已创建事件报警器 {name}"),
    "already": (
        "made by somebody else in the meantime: {count}",
        "有 {count} 处修改在此期间已由别人完成",
    ),
    "gone": ("rules that were deleted in the meantime: {count}", "有 {count} 条规则在此期间已被删除"),
    "step_not_kept": (
        "ZStack answered that it is done, and it is not: this version may not know the setting",
        "ZStack 返回成功，但没有生效：这个版本可能没有这项设置",
    ),
    "stopped": (
        "Stopped after {done} of {count} changes. Run this again when the cause is gone: it goes on"
        " from here.",
        "已在完成 {count} 处修改中的 {done} 处之后停止。排除原因后请再执行一次，它会从这里继续。",
    ),
    "by_hand": ("By hand: {how}", "手动操作：{how}"),
    "hand_create_endpoint": (
        "in the console, create an endpoint of type Webhook with this URL, user name {user}, and the token as"
        " password.",
        "在控制台（平台运维 → 云平台监控 → 通知对象）创建类型为 Webhook 的通知对象，"
        "填这个 URL、用户名 {user}，密码填令牌。",
    ),
    "hand_enable_endpoint": (
        "in the console, enable the endpoint {name}.",
        "在控制台里启用通知对象 {name}。",
    ),
    "hand_create_topic": (
        "in the console, create the endpoint: it makes its topic.",
        "在控制台里创建通知对象，主题会随之创建。",
    ),
    "hand_enable_topic": (
        "the console has no button for it. Ask ZStack's support, or run this again.",
        "控制台里没有这个按钮。请联系 ZStack 支持，或再执行一次。",
    ),
    "hand_subscribe": (
        "in the console, add the endpoint {endpoint_name} to each alarm and each event alarm.",
        "在控制台里，把通知对象 {endpoint_name} 加到每个资源报警器和事件报警器上。",
    ),
    "hand_unsubscribe": (
        "in the console, remove the old endpoint {endpoint_name} from the alarms, or disable it.",
        "在控制台里，从各报警器去掉旧的通知对象 {endpoint_name}，或停用它。",
    ),
    "hand_alarm_action": (
        "in the console, edit each of these alarms, and add the endpoint.",
        "在控制台里编辑这些资源报警器，加上通知对象。",
    ),
    "hand_recovery": (
        "in the console, edit each of these alarms, and switch on recovery notification.",
        "在控制台里编辑这些资源报警器，打开“报警恢复通知”。",
    ),
    "hand_event_action": (
        "in the console, edit each of these event alarms, and add the endpoint.",
        "在控制台里编辑这些事件报警器，加上通知对象。",
    ),
    "hand_subscribe_event": (
        "in the console, create an event alarm for the event {name} with level Info, and add the endpoint.",
        "在控制台里为事件 {name} 创建事件报警器，级别选“提示”，加上通知对象。",
    ),
    "refused_some": (
        "ZStack refuses to change rules with unusual UUIDs (SYS.1003; {count}): {names}",
        "有 {count} 条规则的 UUID 不规范，ZStack 拒绝修改（SYS.1003）：{names}",
    ),
    # The end.
    "left": ("still to do: {step}", "还没有完成：{step}"),
    "test_works": ("test message: ZStack got back: {words}", "测试消息：ZStack 收到的返回：{words}"),
    "test_fails": (
        "test message: ZStack could not deliver it: {words}",
        "测试消息：ZStack 无法送达：{words}",
    ),
    "nothing_came": ("(an empty answer)", "（返回为空）"),
    "take_back": ("To take this back:", "撤销这些修改："),
    "all_done": ("Everything is set up.", "全部设置完毕。"),
    "done_but": (
        "Set up, but for what is marked {mark} above.",
        "已设置，上面标有 {mark} 的除外。",
    ),
    # Undo.
    "undo_plan": ("What is taken back, the last change first:", "将撤销（从最后一处修改开始）："),
    "undo_nothing": ("Nothing is left to take back in {path}.", "{path} 里没有可以撤销的了。"),
    "undo_bad": (
        "{path} is not an undo file of this program (line {line}).",
        "{path} 不是本程序的撤销文件（第 {line} 行）。",
    ),
    "undo_elsewhere": (
        "The undo file was written at {there}, and this is {here}. That is right only if both are the same"
        " ZStack.",
        "撤销文件是在 {there} 写的，而这里是 {here}。只有两者是同一个 ZStack 时才对。",
    ),
    "undo_elsewhere_yes": (
        "The undo file was written at {there}, and this is {here}. Nothing was changed. If both are the same"
        " ZStack, run this without --yes.",
        "撤销文件是在 {there} 写的，而这里是 {here}。没有作任何修改。"
        "如果两者是同一个 ZStack，请去掉 --yes 再执行。",
    ),
    "losing": (
        "These endpoints are on the same topic, and no longer get what is removed from it: {names}",
        "这些通知对象订阅了同一个主题，不再收到从它去掉的规则：{names}",
    ),
    "kept": (
        "Not done, because others use it ({names}): {step} Remove them, and run this again.",
        "没有撤销，因为还有别的在使用（{names}）：{step}请先去掉它们，再执行一次。",
    ),
    "undo_create_endpoint": ("Delete the endpoint {name}.", "删除通知对象 {name}。"),
    "undo_enable_endpoint": ("Disable the endpoint {name}.", "停用通知对象 {name}。"),
    "undo_create_topic": ("Delete the topic {name}.", "删除主题 {name}。"),
    "undo_enable_topic": ("Disable the topic {name}.", "停用主题 {name}。"),
    "undo_subscribe": (
        "Unsubscribe the endpoint {endpoint_name} from the topic {name}.",
        "让通知对象 {endpoint_name} 退订主题 {name}。",
    ),
    "undo_unsubscribe": (
        "Subscribe the old endpoint {endpoint_name} to the topic {name} again.",
        "让旧的通知对象 {endpoint_name} 重新订阅主题 {name}。",
    ),
    "undo_alarm_action": (
        "Remove the topic from these alarms ({count}): {names}",
        "从 {count} 个资源报警器去掉主题：{names}",
    ),
    "undo_recovery": (
        "Switch off recovery notification in these alarms ({count}): {names}",
        "关闭 {count} 个资源报警器的“报警恢复通知”：{names}",
    ),
    "undo_event_action": (
        "Remove the topic from these event alarms ({count}): {names}",
        "从 {count} 个事件报警器去掉主题：{names}",
    ),
    "undo_subscribe_event": ("Delete the event alarm {name}.", "删除事件报警器 {name}。"),
    "taken_back": ("changes taken back: {count}", "已撤销 {count} 处修改"),
    "was_not": (
        "changes that were not there any more: {count}",
        "有 {count} 处修改已经不在了",
    ),
    "undo_stopped": (
        "Stopped after {done} of {count}. Run the same command again when the cause is gone.",
        "已在撤销 {count} 处中的 {done} 处之后停止。排除原因后请再执行同样的命令。",
    ),
    "interrupted": ("Interrupted. Run this again: it goes on from here.", "已中断。再执行一次会从这里继续。"),
    "mistake": (
        "This is a mistake of zstack-setup.py: {kind} in {file}, line {line}. Please open an issue.",
        "这是 zstack-setup.py 自身的错误：{file} 第 {line} 行，{kind}。请提交 issue。",
    ),
}
