"""The names of the steps, what stands in place of a finding, and the end."""
# ruff: noqa: RUF001 (Chinese has punctuation of its own)

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
    "bug": (
        "a bug in doctor.py: {kind} in {file}, line {line}",
        "doctor.py 自身的错误：{file} 第 {line} 行，{kind}",
    ),
    "report": (
        "Please open an issue with the line above. It has no secret in it.",
        "请提交 issue，并附上上面这一行。其中没有机密。",
    ),
    "mistake": (
        "This is a bug in doctor.py: {kind} in {file}, line {line}. Please open an issue.",
        "这是 doctor.py 自身的错误：{file} 第 {line} 行，{kind}。请提交 issue。",
    ),
}
