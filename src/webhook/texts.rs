//! What an answer says of an error. In English these are the error's own words, which the log has as well.
//!
//! Words of Flashduty and of the network stand in the Chinese texts as they came, in quotation marks. Error codes are names.

use std::borrow::Cow;

use crate::error::{DeliveryError, Rejection};
use crate::flashduty::{InvalidPushUrl, NoAnswer, PushError, Quote, Remedy, Said, is_redirect};
use crate::language::Language;
use crate::queue::{QueueError, QueueFailure};
use crate::secrets::{InvalidToken, ParameterNames, SecretError};

pub(super) fn of_rejection(rejection: &Rejection, language: Language) -> String {
    match language {
        Language::English => rejection.to_string(),
        Language::Chinese => rejection_in_chinese(rejection),
    }
}

pub(super) fn of_error(error: &DeliveryError, language: Language) -> String {
    match language {
        Language::English => error.to_string(),
        Language::Chinese => error_in_chinese(error),
    }
}

/// A text of somebody else's, or that it is withheld.
pub(super) fn quote(quote: &Quote, language: Language) -> &str {
    match (language, quote) {
        (Language::Chinese, Quote::Withheld) => "（已隐去：其中有集成密钥或密钥的一部分）",
        _ => quote.as_str(),
    }
}

/// Flashduty's error code, or the HTTP status if it gave none.
pub(super) fn code(said: &Said, language: Language) -> Cow<'_, str> {
    match (&said.code, language) {
        (Some(code), _) => quote(code, language).into(),
        (None, Language::English) => format!("HTTP status {}", said.status).into(),
        (None, Language::Chinese) => format!("HTTP 状态码 {}", said.status).into(),
    }
}

/// Flashduty's message.
pub(super) fn message(said: &Said, language: Language) -> &str {
    match (&said.message, language) {
        (Some(message), _) => quote(message, language),
        (None, Language::English) => Said::NO_MESSAGE,
        (None, Language::Chinese) => "没有说明原因",
    }
}

fn rejection_in_chinese(rejection: &Rejection) -> String {
    match rejection {
        Rejection::EmptyBody => "请求没有请求体；ZStack 的 Webhook 会在请求体里发送一条消息".to_owned(),
        Rejection::InvalidBase64 => "请求体不是事件所说的 base64；请检查是什么在调用此函数".to_owned(),
        Rejection::BodyTooLarge { bytes, limit } => {
            format!("请求体有 {bytes} 字节，上限是 {limit} 字节；请在 ZStack 里缩短消息模板")
        }
        Rejection::UrlTooLong { bytes, limit } => {
            format!("URL 在主机名之后有 {bytes} 字节，上限是 {limit} 字节；请在 ZStack 里缩短通知对象的 URL")
        }
        Rejection::MethodNotAllowed { method } => format!("请用 POST 发送报警；这次是 {method}"),
        Rejection::Unauthorized { shown } => {
            let what = if *shown { "Webhook 令牌不正确" } else { "没有发送 Webhook 令牌" };
            format!(
                "{what}；请在 ZStack 控制台里把通知对象的密码设为 Webhook 令牌（用户名任意），\
                 或在它的 URL 后面加上 ?token=…"
            )
        }
        Rejection::SourceNotAllowed { address } => format!(
            "不允许来自{}的调用；如果这是 ZStack，请把它的地址加入 AllowedSourceCidrs",
            address.as_ref().map_or("未知地址".to_owned(), |address| format!(" {address} "))
        ),
        Rejection::InvalidChannel(_) => "协作空间的名称有 1 到 64 个字符，只能是字母、数字、_、. 和 -；\
                                         请在 ZStack 里更正通知对象 URL 的末尾"
            .to_owned(),
        Rejection::UnknownChannel { channel, parameter } => format!(
            "没有协作空间 {channel}：请创建 SSM 参数 {parameter}（SecureString），写入它的推送地址，等待半分钟；\
             或在 ZStack 里更正通知对象 URL 的末尾"
        ),
        Rejection::SecretsUnavailable(errors) => errors.0.iter().map(secret_in_chinese).collect::<Vec<_>>().join("；"),
        Rejection::NoTimeLeft(_) => NO_TIME_LEFT.to_owned(),
    }
}

const NO_TIME_LEFT: &str = "在 Flashduty 收到告警之前时间已用完；如果持续出现，请延长函数的超时时间";

fn error_in_chinese(error: &DeliveryError) -> String {
    match error {
        DeliveryError::NoPushUrl(why) => secret_in_chinese(why),
        DeliveryError::KeyRefused => {
            "Flashduty 拒绝了推送地址里的密钥，而 SSM 没有说明是否有新的推送地址：原因见函数的日志".to_owned()
        }
        DeliveryError::OtherIntegration => "SSM 里已经是另一种集成的推送地址：下一次尝试会使用它".to_owned(),
        DeliveryError::Push(error) => push_in_chinese(error),
        DeliveryError::SameAlertWaits => "此告警更早的一个事件还在重试队列里".to_owned(),
        DeliveryError::OlderLetterWaits => {
            "Flashduty 已收到此告警，但重试队列里还有它更早的一条消息，而队列不接受更新的：更早的那条会最后送达"
                .to_owned()
        }
        DeliveryError::NotQueued { why, queue } => {
            format!("告警既没有推送成功，也没有进入队列：{}；{}", error_in_chinese(why), queue_in_chinese(queue))
        }
        // Only `redeliver` has these, and it answers nobody.
        DeliveryError::NoDeadLetter { .. } | DeliveryError::Expired { .. } | DeliveryError::InvalidLetter(_) => {
            error.to_string()
        }
    }
}

fn queue_in_chinese(QueueError { queue, what }: &QueueError) -> String {
    match what {
        QueueFailure::Refused(Some(code)) => format!("SQS 队列 {queue} 拒绝了请求：{code}"),
        QueueFailure::Refused(None) => format!("SQS 队列 {queue} 拒绝了请求，没有给出错误代码"),
        QueueFailure::Unreachable(cause) => format!("无法连接 SQS 队列 {queue}：{}", quoted(cause)),
        QueueFailure::Timeout => format!("SQS 队列 {queue} 没有及时答复"),
        QueueFailure::RefusedSome => format!("SQS 队列 {queue} 拒绝了其中一部分"),
        QueueFailure::NotCalled => format!("无法调用 SQS 队列 {queue}"),
        QueueFailure::Unreadable => format!("无法调用 SQS 队列 {queue}，或它的答复无法读取"),
    }
}

/// Words of somebody else.
fn quoted(text: &str) -> String {
    format!("“{text}”")
}

fn said_in_chinese(said: &Said) -> String {
    let code = code(said, Language::Chinese);
    match &said.message {
        Some(Quote::Text(text)) => format!("{code}：{}", quoted(text)),
        _ => format!("{code}：{}", message(said, Language::Chinese)),
    }
}

fn push_in_chinese(error: &PushError) -> String {
    match error {
        PushError::Refused { said, .. } => {
            let advice = match said.remedy() {
                Remedy::Subscription => "请检查 Flashduty 账号的订阅",
                Remedy::Path => "推送地址的路径不正确：请从集成里重新复制",
                Remedy::Shorter => "消息对它来说太大",
                Remedy::Key => "如果推送地址或其中的密钥变了，请把新的写入 SSM 参数",
            };
            format!("Flashduty 拒绝了告警：{}；{advice}", said_in_chinese(said))
        }
        PushError::Unavailable(said) => format!(
            "Flashduty 无法接收告警：{}；如果持续出现，请检查 Flashduty 的状态和推送地址的主机",
            said_in_chinese(said)
        ),
        PushError::Foreign { host, status } => {
            let what = if is_redirect(*status) {
                "这是重定向，函数不会跟随，否则会把密钥发给另一台服务器；如果持续出现，请从集成里重新复制推送地址，\
                 并检查途中是否有代理"
            } else {
                "内容不是 Flashduty 的；如果持续出现，请检查途中的代理和防火墙，以及推送地址的主机"
            };
            format!("Flashduty 无法接收告警：途中有别的程序代替 {host} 作了答复，HTTP 状态码是 {status}，{what}")
        }
        PushError::Unreachable { host, why } => {
            let why = match why {
                NoAnswer::Within(limit) => format!("{:.1} 秒内没有答复", limit.as_secs_f64()),
                NoAnswer::Failed(Quote::Text(text)) => quoted(text),
                NoAnswer::Failed(withheld) => quote(withheld, Language::Chinese).to_owned(),
            };
            format!("无法连接 Flashduty（{host}）：{why}；如果持续出现，请检查推送地址的主机和函数到互联网的网络")
        }
        PushError::NoTimeLeft(_) => NO_TIME_LEFT.to_owned(),
    }
}

fn secret_in_chinese(error: &SecretError) -> String {
    const CHECK_THE_WAY: &str = "请检查函数到 SSM 的网络（VPC 终端节点、NAT）";
    match error {
        SecretError::Missing { name } => {
            format!("SSM 参数 {name} 在此区域不存在：请创建它（SecureString），或更正它的名称")
        }
        SecretError::InvalidPushUrl { name, why } => {
            let why = match why {
                InvalidPushUrl::NotAUrl => "不是 URL",
                InvalidPushUrl::NotHttps => "不以 https:// 开头",
                InvalidPushUrl::NoKey => "没有 integration_key",
            };
            format!("SSM 参数 {name} 的值{why}：请写入 Flashduty 集成的推送地址")
        }
        SecretError::InvalidToken { name, why } => {
            let why = match why {
                InvalidToken::Empty => "为空",
                InvalidToken::NotAscii => "含有可见 ASCII 字符和空格以外的字符，ZStack 无法发送",
            };
            format!("SSM 参数 {name} 的值{why}：请写入一个随机的令牌")
        }
        SecretError::Denied { names } => format!(
            "SSM 拒绝读取 {}：请允许函数的角色对它们执行 ssm:GetParameters（参数有自己的密钥时，还有 kms:Decrypt）",
            all(names)
        ),
        SecretError::Throttled { names } => format!(
            "SSM 对此账号限流，没有给出 {}：请在 Parameter Store 的设置里打开更高的吞吐量，或找出还有什么在频繁调用它",
            all(names)
        ),
        SecretError::Refused { names, code: Some(code) } => {
            format!("SSM 拒绝读取 {}：{code}；详情见函数的日志", all(names))
        }
        SecretError::Refused { names, code: None } => {
            format!("SSM 拒绝读取 {}，没有给出错误代码；详情见函数的日志", all(names))
        }
        SecretError::Unreadable { names } => format!("SSM 对 {} 的答复无法读取：{CHECK_THE_WAY}", all(names)),
        SecretError::Timeout { names } => format!("SSM 没有及时答复 {}：{CHECK_THE_WAY}", all(names)),
        SecretError::Unreachable { names } => format!("无法连接 SSM 来读取 {}：{CHECK_THE_WAY}", all(names)),
        SecretError::NotCalled { names } => format!("无法调用 SSM 来读取 {}；详情见函数的日志", all(names)),
    }
}

fn all(names: &ParameterNames) -> String {
    names.0.join(" 和 ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::channel::{Channel, InvalidChannel};
    use crate::deadline::NoTimeLeft;

    /// What Chinese texts write in Latin letters: names.
    const NAMES: [&str; 13] = [
        "ASCII",
        "Flashduty",
        "HTTP",
        "NAT",
        "POST",
        "SQS",
        "SSM",
        "SecureString",
        "URL",
        "VPC",
        "Webhook",
        "ZStack",
        "base64",
    ];

    /// Facts that a text has in both languages: of the errors below, and what is to be typed.
    const FACTS: [&str; 25] = [
        "?token=…",
        "AllowedSourceCidrs",
        "Parameter Store",
        "https://",
        "integration_key",
        "kms:Decrypt",
        "ssm:GetParameters",
        "/zf/push-url/database",
        "/zf/push-url",
        "/zf/token",
        "203.0.113.10",
        "131073",
        "131072",
        "70000",
        "65536",
        "PUT",
        "database",
        "api.example.com",
        "zf-retry.fifo",
        "InternalServerError",
        "NoLicense",
        "AccessDenied",
        "502",
        "3.0",
        "no such integration: dns error",
    ];

    fn name() -> String {
        "/zf/token".to_owned()
    }

    fn both() -> ParameterNames {
        ParameterNames(vec!["/zf/push-url".to_owned(), name()])
    }

    fn secret_errors() -> Vec<SecretError> {
        let invalid_urls = [InvalidPushUrl::NotAUrl, InvalidPushUrl::NotHttps, InvalidPushUrl::NoKey];
        let invalid_tokens = [InvalidToken::Empty, InvalidToken::NotAscii];
        let urls = invalid_urls.map(|why| SecretError::InvalidPushUrl { name: name(), why });
        let tokens = invalid_tokens.map(|why| SecretError::InvalidToken { name: name(), why });
        let others = [
            SecretError::Missing { name: name() },
            SecretError::Denied { names: both() },
            SecretError::Throttled { names: both() },
            SecretError::Refused { names: both(), code: Some("InternalServerError".to_owned()) },
            SecretError::Refused { names: both(), code: None },
            SecretError::Unreadable { names: both() },
            SecretError::Timeout { names: both() },
            SecretError::Unreachable { names: both() },
            SecretError::NotCalled { names: both() },
        ];
        urls.into_iter().chain(tokens).chain(others).collect()
    }

    fn rejections() -> Vec<Rejection> {
        let all = [
            Rejection::EmptyBody,
            Rejection::InvalidBase64,
            Rejection::BodyTooLarge { bytes: 131_073, limit: 131_072 },
            Rejection::UrlTooLong { bytes: 70_000, limit: 65_536 },
            Rejection::MethodNotAllowed { method: "PUT".to_owned() },
            Rejection::Unauthorized { shown: true },
            Rejection::Unauthorized { shown: false },
            Rejection::SourceNotAllowed { address: Some("203.0.113.10".to_owned()) },
            Rejection::SourceNotAllowed { address: None },
            Rejection::InvalidChannel(InvalidChannel),
            Rejection::UnknownChannel {
                channel: Channel::read("database").unwrap(),
                parameter: "/zf/push-url/database".to_owned(),
            },
            Rejection::NoTimeLeft(NoTimeLeft),
        ];
        let secrets = secret_errors().into_iter().map(|error| crate::secrets::SecretErrors::from(error).into());
        all.into_iter().chain(secrets).collect()
    }

    fn push_errors() -> Vec<PushError> {
        let quote = |text: &str| Some(Quote::Text(text.to_owned()));
        let said = |status, code: Option<&str>, message| Said { status, code: code.and_then(quote), message };
        let refused = |said| PushError::Refused { said, request_id: None, about_credential: false };
        let unreachable = |why| PushError::Unreachable { host: "api.example.com".to_owned(), why };
        vec![
            refused(said(400, Some("AccessDenied"), quote("no such integration: dns error"))),
            refused(said(400, Some("NoLicense"), Some(Quote::Withheld))),
            refused(said(404, None, None)),
            refused(Said { status: 413, code: Some(Quote::Withheld), message: None }),
            PushError::Unavailable(said(502, None, None)),
            PushError::Foreign { host: "api.example.com".to_owned(), status: 502 },
            PushError::Foreign { host: "api.example.com".to_owned(), status: 302 },
            unreachable(NoAnswer::Within(Duration::from_secs(3))),
            unreachable(NoAnswer::Failed(Quote::Text("no such integration: dns error".to_owned()))),
            unreachable(NoAnswer::Failed(Quote::Withheld)),
            PushError::NoTimeLeft(NoTimeLeft),
        ]
    }

    fn delivery_errors() -> Vec<DeliveryError> {
        let queue = |what| QueueError { queue: "zf-retry.fifo".to_owned(), what };
        let failures = [
            QueueFailure::Refused(Some("AccessDenied".to_owned())),
            QueueFailure::Refused(None),
            QueueFailure::Unreachable("no such integration: dns error".to_owned()),
            QueueFailure::Timeout,
            QueueFailure::RefusedSome,
            QueueFailure::NotCalled,
            QueueFailure::Unreadable,
        ];
        let why = || Box::new(DeliveryError::SameAlertWaits);
        let not_queued = failures.map(|what| DeliveryError::NotQueued { why: why(), queue: queue(what) });
        let others = [DeliveryError::KeyRefused, DeliveryError::OtherIntegration, DeliveryError::OlderLetterWaits];
        let pushes = push_errors().into_iter().map(DeliveryError::from);
        let secrets = secret_errors().into_iter().map(DeliveryError::from);
        not_queued.into_iter().chain(others).chain(pushes).chain(secrets).collect()
    }

    /// The runs of Latin letters and digits that are neither names nor facts.
    fn english_words(chinese: &str) -> Vec<String> {
        let text = FACTS.iter().fold(chinese.to_owned(), |text, fact| text.replace(fact, " "));
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        let is_word = |word: &&str| word.bytes().any(|byte| byte.is_ascii_alphabetic()) && !NAMES.contains(word);
        words.filter(is_word).map(str::to_owned).collect()
    }

    #[test]
    fn every_error_has_a_text_in_each_language_with_the_same_facts() {
        let rejections = rejections().into_iter().map(|it| Language::ALL.map(|language| of_rejection(&it, language)));
        let errors = delivery_errors().into_iter().map(|it| Language::ALL.map(|language| of_error(&it, language)));
        for [english, chinese] in rejections.chain(errors) {
            assert!(english.chars().all(|c| c.is_ascii() || c == '…'), "{english}");
            assert!(english_words(&chinese).is_empty(), "{:?}: {chinese}", english_words(&chinese));
            assert!(chinese.chars().filter(|c| !c.is_ascii()).count() > 8, "{chinese}");
            for fact in FACTS {
                assert_eq!(english.contains(fact), chinese.contains(fact), "{fact}: {chinese} / {english}");
            }
        }
    }

    #[test]
    fn words_of_others_stand_as_they_came() {
        let error = DeliveryError::from(push_errors().swap_remove(0));
        let chinese = of_error(&error, Language::Chinese);
        assert!(
            chinese.starts_with("Flashduty 拒绝了告警：AccessDenied：“no such integration: dns error”；"),
            "{chinese}"
        );
    }
}
