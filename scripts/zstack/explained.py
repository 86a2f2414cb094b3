"""Words for what goes wrong between a program and ZStack's API, and what to do about it."""
# ruff: noqa: RUF001 (Chinese has punctuation of its own)

from __future__ import annotations

from terminal import Terminal

from .api import Api, Refused, Unreachable

TEXTS = {
    "no_answer": (
        "Nobody is there to type it: set {variable}, or give a file with {option}.",
        "没有终端可以输入。请设置 {variable}，或用 {option} 指定文件。",
    ),
    "set_variable": (
        "Nobody is there to type it: set {variable}.",
        "没有终端可以输入。请设置 {variable}。",
    ),
    "bad_secret_file": ("The file of {option} cannot be read: {why}", "无法读取 {option} 的文件：{why}"),
    "bad_address": (
        "This is not the address of a ZStack API. Give a management node, such as 192.0.2.20 or"
        " http://192.0.2.20:8080/zstack/v1.",
        "这不是 ZStack API 的地址。请写管理节点，例如 192.0.2.20 或 http://192.0.2.20:8080/zstack/v1。",
    ),
    "ca_without_https": (
        "--ca-file is of use only with https://, and the address has none. Give it as https://...",
        "--ca-file 只对 https:// 有用，而地址里没有。请写成 https://…",
    ),
    "bad_key_id": (
        "--access-key is the id of an access key: ASCII characters without blanks and colons.",
        "--access-key 是 AccessKey 的 ID：ASCII 字符，不含空格和冒号。",
    ),
    "plain_http": (
        "{host} is asked over plain HTTP: whoever listens on the way can log in like you. Stay in the"
        " management network.",
        "访问 {host} 用的是明文 HTTP：途中监听的人能像您一样登录。请在管理网络里使用。",
    ),
    "no_connection": ("ZStack ({host}) cannot be reached: {why}", "连不上 ZStack（{host}）：{why}"),
    "check_connection": (
        "Check address, port (8080 by default) and firewall. No proxy is used.",
        "请检查地址、端口（默认 8080）和防火墙。不使用代理。",
    ),
    "bad_certificate": (
        "the certificate of {host} cannot be verified: {why}",
        "无法验证 {host} 的证书：{why}",
    ),
    "give_ca_file": (
        "If it is signed by a CA of your own, give the CA's certificate with --ca-file.",
        "证书由您自己的 CA 签发时，请用 --ca-file 指定该 CA 的证书。",
    ),
    "not_zstack": (
        "what answers at {host} is not ZStack's API, or a version that is not known: {why}",
        "{host} 上应答的不是 ZStack 的 API，或者是未知的版本：{why}",
    ),
    "check_not_zstack": (
        "The console has another port (5000). The API has 8080, and its path is /zstack/v1.",
        "控制台用的是另一个端口（5000）。API 的端口是 8080，路径是 /zstack/v1。",
    ),
    "answer_lost": (
        "the connection to ZStack ended before the answer: {why}",
        "连接在 ZStack 返回结果之前断开：{why}",
    ),
    "not_finished": (
        "ZStack has accepted the call, and did not finish it within {why}",
        "ZStack 已接受调用，但在 {why} 内没有完成",
    ),
    "maybe": (
        "It may still happen. Look in the console, or ask for the result within three hours:",
        "它仍可能完成。请在控制台里查看，或者在三小时内查询结果：",
    ),
    "maybe_hidden": (
        "It may still happen. Look in the console.",
        "它仍可能完成。请在控制台里查看。",
    ),
    "refused": ("ZStack refuses: {words}", "ZStack 拒绝：{words}"),
    "wrong_password": (
        "ZStack does not accept account and password",
        "ZStack 不接受这个账户名和密码",
    ),
    "check_password": (
        "Give the account with --account (admin by default). Several failures can lock an account.",
        "请用 --account 指定账户（默认 admin）。多次失败可能会锁定账户。",
    ),
    "captcha": (
        "ZStack wants a captcha, because of failed log-ins",
        "登录失败次数过多，ZStack 要求验证码",
    ),
    "clear_captcha": (
        "Log in once in the console. After that, run this again.",
        "请先在控制台登录一次，然后再执行。",
    ),
    "locked": ("the account is locked", "账户已被锁定"),
    "unlock": (
        "Wait, or have the console's login control unlock it. Then run this again.",
        "请等待，或者在控制台的登录控制里解锁，然后再执行。",
    ),
    "change_password": ("ZStack wants a new password for this account", "ZStack 要求修改该账户的密码"),
    "change_it": ("Change it in the console.", "请在控制台里修改。"),
    "session_over": ("the session has ended", "会话已结束"),
    "log_in_again": (
        "Run this again: it goes on where it stopped. If somebody else logs in as the same account, ZStack"
        " may end this session (global setting enable.unique.session).",
        "请再执行一次，它会从停下的地方继续。有人用同一账户登录时，ZStack 可能结束这个会话"
        "（全局设置 enable.unique.session）。",
    ),
    "too_many_sessions": ("the account has too many sessions", "该账户的会话太多"),
    "wait_sessions": (
        "Sessions end after two hours without a call. Log out where you can.",
        "会话在两小时没有调用后结束。请注销不用的会话。",
    ),
    "no_permission": ("the account has no permission: {words}", "该账户没有权限：{words}"),
    "use_admin": (
        "Preset rules belong to admin. Log in as admin.",
        "预置规则属于 admin。请用 admin 登录。",
    ),
    "quota": ("a quota is used up: {words}", "配额已用完：{words}"),
    "raise_quota": (
        "Use admin, which has no quota, or have it raised.",
        "请用 admin（没有配额限制），或者提高配额。",
    ),
    "bad_key": ("ZStack does not accept the access key: {words}", "ZStack 不接受这个 AccessKey：{words}"),
    "check_key": (
        "Check id, secret and state of the key. ZStack compares the time with its own local time, and allows"
        " 15 minutes: if its time zone is another one than here, give it with --zone, such as +08:00.",
        "请检查 AccessKey 的 ID、密钥和状态。ZStack 用自己的本地时间核对，允许 15 分钟误差："
        "它的时区与本机不同时，请用 --zone 指定，例如 +08:00。",
    ),
    "too_fast": ("ZStack limits the rate of calls", "ZStack 限制了调用频率"),
    "later": ("Wait a minute, and run this again.", "请等一分钟，再执行一次。"),
}
"""In English and in Chinese. A program adds them to its own texts."""

KNOWN = {
    "ID.1000": ("wrong_password", "check_password"),
    "ID.1001": ("session_over", "log_in_again"),
    "ID.1002": ("no_permission", "use_admin"),
    "ID.1003": ("quota", "raise_quota"),
    "ID.1006": ("too_many_sessions", "wait_sessions"),
    "LOGIN_CONTROL.1000": ("change_password", "change_it"),
    "LOGIN_CONTROL.1002": ("locked", "unlock"),
    "LOGIN_CONTROL.1003": ("captcha", "clear_captcha"),
    "LOGIN_CONTROL.1005": ("captcha", "clear_captcha"),
}
"""By ZStack's code: what it means, and what to do."""


def words(terminal: Terminal, error: Refused) -> str:
    """What ZStack said, with its code."""
    said = terminal.words(error.reason or error.description)
    return " ".join(it for it in (error.code or str(error.status), said) if it)


def explained(terminal: Terminal, error: Refused | Unreachable, api: Api) -> tuple[str, list[str]]:
    """What happened, and what to do. A command begins with four blanks."""
    say = terminal.say
    if isinstance(error, Refused):
        said = words(terminal, error)
        if error.code in KNOWN:
            what, advice = KNOWN[error.code]
            return say(what, words=said), [say(advice)]
        if error.status == 403 and not error.code and api.by_key:
            return say("bad_key", words=said), [say("check_key")]
        if error.status == 429:
            return say("too_fast"), [say("later")]
        return say("refused", words=said), []
    why = terminal.words(error.why or "404")
    what, advice = {
        "connect": ("no_connection", ["check_connection"]),
        "tls": ("bad_certificate", ["give_ca_file"]),
        "foreign": ("not_zstack", ["check_not_zstack"]),
        "lost": ("answer_lost", []),
        "unfinished": ("not_finished", []),
    }[error.kind]
    lines = [say(it) for it in advice]
    if error.maybe and error.job:
        lines += [say("maybe"), f"    curl -s {api.root}/api-jobs/{error.job}"]
    elif error.maybe:
        lines.append(say("maybe_hidden"))
    return say(what, host=f"{api.host}:{api.port}", why=why), lines
