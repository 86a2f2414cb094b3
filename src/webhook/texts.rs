//! What an answer says of an error. In English these are the error's own words, which the log has as well.
//!
//! Words of Flashduty, AWS and the network stand in the Chinese texts as they came.

use crate::error::{DeliveryError, Rejection};
use crate::flashduty::{InvalidPushUrl, PushError};
use crate::language::Language;
use crate::secrets::SecretError;

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
            format!("告警既没有推送成功，也没有进入队列：{}；队列：{queue}", error_in_chinese(why))
        }
        DeliveryError::NoDeadLetter { why, queue } => {
            format!("已放弃（{}），但没有进入死信队列：{queue}", error_in_chinese(why))
        }
        DeliveryError::Expired { tried_for, last: None } => format!("已重试 {tried_for}"),
        DeliveryError::Expired { tried_for, last: Some(last) } => {
            format!("已重试 {tried_for}：{}", error_in_chinese(last))
        }
        DeliveryError::InvalidLetter(why) => format!("队列里的消息无法读取：{why}"),
    }
}

fn push_in_chinese(error: &PushError) -> String {
    match error {
        PushError::Refused { status, code, message, .. } => {
            let advice = match (*status, code.as_str()) {
                (_, "ResourceNotFound" | "NoLicense") => "请检查 Flashduty 账号的订阅",
                (404, _) | (_, "RouteNotFound") => "推送地址的路径不正确：请从集成里重新复制",
                (413, _) => "消息对它来说太大",
                _ => "如果推送地址或其中的密钥变了，请把新的写入 SSM 参数",
            };
            format!("Flashduty 拒绝了告警：{code}: {message}；{advice}")
        }
        PushError::Unavailable { what, .. } => format!(
            "Flashduty 无法接收告警：{what}；如果持续出现，请检查 Flashduty 的状态、推送地址，以及途中的代理和防火墙"
        ),
        PushError::Unreachable { host, what } => {
            format!("无法连接 Flashduty（{host}）：{what}；如果持续出现，请检查推送地址的主机和函数到互联网的网络")
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
        SecretError::InvalidToken { name, .. } => {
            format!("SSM 参数 {name} 的值为空，或含有 ZStack 无法发送的字符：请写入一个随机的令牌")
        }
        SecretError::Denied { names } => format!(
            "SSM 拒绝读取 {names}：请允许函数的角色对它们执行 ssm:GetParameters（参数有自己的密钥时，还有 kms:Decrypt）"
        ),
        SecretError::Throttled { names } => format!(
            "SSM 对此账号限流，没有给出 {names}：请在 Parameter Store 的设置里打开更高的吞吐量，或找出还有什么在频繁调用它"
        ),
        SecretError::Refused { names, code } => format!("SSM 拒绝读取 {names}：{code}；详情见函数的日志"),
        SecretError::Unreadable { names } => format!("SSM 对 {names} 的答复无法读取：{CHECK_THE_WAY}"),
        SecretError::Timeout { names } => format!("SSM 没有及时答复 {names}：{CHECK_THE_WAY}"),
        SecretError::Unreachable { names } => format!("无法连接 SSM 来读取 {names}：{CHECK_THE_WAY}"),
        SecretError::NotCalled { names } => format!("无法调用 SSM 来读取 {names}；详情见函数的日志"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{Channel, InvalidChannel};
    use crate::deadline::NoTimeLeft;

    /// Whether a text has no two English words in a row.
    fn is_chinese(text: &str) -> bool {
        let is_word = |word: &&str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_sentence = |(one, other)| is_word(&one) && is_word(&other);
        !text.split(' ').zip(text.split(' ').skip(1)).any(is_sentence)
    }

    #[test]
    fn every_error_has_a_chinese_text_with_the_same_facts() {
        let name = || "/zf/token".to_owned();
        let secrets = [
            SecretError::Missing { name: name() },
            SecretError::InvalidPushUrl { name: name(), why: InvalidPushUrl::NotAUrl },
            SecretError::InvalidPushUrl { name: name(), why: InvalidPushUrl::NotHttps },
            SecretError::InvalidPushUrl { name: name(), why: InvalidPushUrl::NoKey },
            SecretError::Denied { names: name() },
            SecretError::Throttled { names: name() },
            SecretError::Refused { names: name(), code: "InternalServerError".to_owned() },
            SecretError::Unreadable { names: name() },
            SecretError::Timeout { names: name() },
            SecretError::Unreachable { names: name() },
            SecretError::NotCalled { names: name() },
        ];
        let rejections = [
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
        let refused = |status, code: &str| {
            let (code, message) = (code.to_owned(), "no".to_owned());
            PushError::Refused { status, code, message, request_id: None, about_credential: false }
        };
        let errors = [
            DeliveryError::KeyRefused,
            DeliveryError::OtherIntegration,
            DeliveryError::SameAlertWaits,
            DeliveryError::OlderLetterWaits,
            DeliveryError::Expired { tried_for: "9d".to_owned(), last: Some(Box::new(DeliveryError::KeyRefused)) },
            refused(400, "InvalidParameter").into(),
            refused(400, "NoLicense").into(),
            refused(404, "404").into(),
            refused(413, "413").into(),
            PushError::Unavailable { what: "HTTP 502".to_owned(), advice: "look at its status" }.into(),
            PushError::Unreachable { host: "api.example.com".to_owned(), what: "timeout".to_owned() }.into(),
            PushError::NoTimeLeft(NoTimeLeft).into(),
        ];
        let secrets = secrets.map(|error| Rejection::from(crate::secrets::SecretErrors::from(error)));
        let pairs =
            rejections.iter().chain(&secrets).map(|it| Language::ALL.map(|language| of_rejection(it, language)));
        let pairs = pairs.chain(errors.iter().map(|it| Language::ALL.map(|language| of_error(it, language))));
        for [english, chinese] in pairs {
            assert!(english.is_ascii() || english.contains('…'), "{english}");
            assert!(is_chinese(&chinese) && !is_chinese(&english), "{chinese} / {english}");
            for fact in [
                "203.0.113.10",
                "AllowedSourceCidrs",
                "/zf/push-url/database",
                "/zf/token",
                "131073",
                "131072",
                "70000",
                "65536",
                "PUT",
                "9d",
                "NoLicense",
                "HTTP 502",
                "example",
            ] {
                assert_eq!(english.contains(fact), chinese.contains(fact), "{fact}: {chinese} / {english}");
            }
        }
    }
}
