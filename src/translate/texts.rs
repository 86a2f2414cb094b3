//! Every text of an alert, in both languages. Texts of the message stand in them as they came.

use crate::flashduty::Status;
use crate::language::Language;
use crate::zstack::{Broken, Entry, JsonError, MAX_MESSAGES, Unreadable};

/// A text in the language. Both texts show the same values.
macro_rules! text {
    ($language:ident, $english:literal, $chinese:literal) => {
        match $language {
            Language::English => format!($english),
            Language::Chinese => format!($chinese),
        }
    };
}

/// The name of a line in a description.
#[derive(Clone, Copy, Debug)]
pub(super) enum Line {
    Metric,
    CurrentValue,
    Resource,
    Cluster,
    Error,
}

/// The first lines and the notes of descriptions, and the values of the label `check` that are the relay's own.
impl Language {
    fn of(self, english: &'static str, chinese: &'static str) -> &'static str {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }

    /// `NAME: VALUE`, with a name of the message's own.
    pub(super) fn named(self, name: &str, value: &str) -> String {
        match self {
            Self::English => format!("{name}: {value}"),
            // ZStack's own name of this label is the same word.
            Self::Chinese if name.eq_ignore_ascii_case("Error") => self.line(Line::Error, value),
            Self::Chinese => format!("{name}：{value}"),
        }
    }

    pub(super) fn line(self, line: Line, value: &str) -> String {
        match line {
            Line::Metric => text!(self, "Metric: {value}", "指标：{value}"),
            Line::CurrentValue => text!(self, "Current value: {value}", "当前值：{value}"),
            Line::Resource => text!(self, "Resource: {value}", "资源：{value}"),
            Line::Cluster => text!(self, "Cluster: {value}", "所属集群：{value}"),
            Line::Error => text!(self, "Error: {value}", "错误：{value}"),
        }
    }

    /// A resource with more about it.
    pub(super) fn resource_with(self, resource: &str, details: &str) -> String {
        text!(self, "Resource: {resource} ({details})", "资源：{resource}（{details}）")
    }

    /// The condition of an alarm. `held` is how long it must hold; empty if that is not known.
    pub(super) fn condition(self, condition: &str, held: &str) -> String {
        if held.is_empty() {
            return text!(self, "Condition: {condition}", "触发条件：{condition}");
        }
        match (self, held.strip_suffix('s').filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))) {
            (Self::Chinese, Some(seconds)) => format!("触发条件：{condition}，持续 {seconds} 秒"),
            _ => text!(self, "Condition: {condition} for {held}", "触发条件：{condition}，持续 {held}"),
        }
    }

    pub(super) fn triggered(self, check: &str) -> String {
        text!(self, "{check} triggered", "{check} 已触发")
    }

    pub(super) fn recovered(self, check: &str) -> String {
        text!(self, "{check} recovered", "{check} 已恢复")
    }

    pub(super) fn no_data(self, check: &str) -> String {
        text!(self, "{check}: no data, so ZStack cannot tell how it is", "{check} 数据不足：ZStack 无法判断当前状态")
    }

    /// The `check` of an alarm that names nothing.
    pub(super) fn alarm(self) -> &'static str {
        self.of("Alarm", "报警")
    }

    /// The `check` of an event without a name.
    pub(super) fn event(self) -> &'static str {
        self.of("Event", "事件")
    }

    /// The name of an event as `check`. In English it is ZStack's id, which routes may match.
    pub(super) fn event_check<'a>(self, id: &'a str, entry: Option<&'static Entry>) -> &'a str {
        match (self, entry) {
            (Self::Chinese, Some(entry)) => entry.chinese,
            _ => id,
        }
    }

    /// The name of an event in a description: for people, and with ZStack's id.
    pub(super) fn event_name(self, id: &str, entry: Option<&'static Entry>) -> String {
        match (self, entry) {
            (Self::English, Some(Entry { english, .. })) if !english.is_empty() => format!("{id} ({english})"),
            (Self::English, _) => with_words(id),
            (Self::Chinese, Some(entry)) => format!("{}（{id}）", entry.chinese),
            (Self::Chinese, None) => id.to_owned(),
        }
    }

    /// The end of a problem by another event.
    pub(super) fn over_by(self, check: &str, event: &str) -> String {
        text!(self, "{check} is over: {event}", "{check} 已恢复：{event}")
    }

    /// The end of a problem by the value of a label.
    pub(super) fn over_by_label(self, check: &str, label: &str, value: &str) -> String {
        text!(self, "{check} is over: {label} is {value}", "{check} 已恢复：{label} 为 {value}")
    }

    pub(super) fn over_without_error(self, check: &str) -> String {
        text!(self, "{check} is over: it came without an error", "{check} 已恢复：此消息不含错误")
    }

    /// The end of the alert of a step.
    pub(super) fn step(self) -> &'static str {
        self.of(
            "A step on the way: neither trouble nor its end. It closes by itself.",
            "这只是中间步骤，既不是故障，也不是恢复。此告警会自动关闭。",
        )
    }

    pub(super) fn unknown_state(self, state: &str) -> String {
        text!(
            self,
            "State: {state} (not a state of ZStack's; taken for Alarm)",
            "状态：{state}（不是 ZStack 的状态，按已触发处理）"
        )
    }

    pub(super) fn unknown_level(self, level: &str) -> String {
        text!(
            self,
            "Level: {level} (not a level of ZStack's; shown as Warning)",
            "级别：{level}（不是 ZStack 的级别，按 Warning 显示）"
        )
    }

    /// The note for an event that never ends.
    pub(super) fn never_over(self) -> &'static str {
        self.of(
            "ZStack never says when this is over: close it by hand, or let the auto-close of Flashduty's channel do it.",
            "ZStack 不会通知此故障何时结束：请手动关闭，或由 Flashduty 协作空间的自动关闭来关闭。",
        )
    }

    /// The note for a message without labels if they would distinguish two problems.
    pub(super) fn not_told_apart(self) -> &'static str {
        self.of(
            "This message has no event labels, so two of these problems on one resource are one alert.",
            "此消息没有事件标签，因此同一资源上的两个此类故障是同一条告警。",
        )
    }

    /// The note for a message without labels if one of them would hold the state.
    pub(super) fn state_not_told(self) -> &'static str {
        self.of(
            "This message has no event labels, so nothing tells whether this is trouble or its end.",
            "此消息没有事件标签，因此无法判断这是故障还是恢复。",
        )
    }

    /// The note for a message that was read although its JSON is broken.
    pub(super) fn broken(self, broken: &Broken) -> String {
        match (self, broken) {
            (Self::English, place) => {
                format!("The message template breaks its JSON {place}; the values were found by their names.")
            }
            (Self::Chinese, Broken::In(name)) => {
                format!("消息模板的 JSON 在 {name} 处损坏；各个值是按名称找到的。")
            }
            (Self::Chinese, Broken::At(JsonError { line, column, .. })) => {
                format!("消息模板的 JSON 在第 {line} 行第 {column} 列损坏；各个值是按名称找到的。")
            }
        }
    }

    /// The first line of a message that cannot be read.
    pub(super) fn unreadable(self, why: &Unreadable) -> String {
        let why = match (self, why) {
            (Self::English, why) => {
                return format!("A message from ZStack that could not be read as an alarm or an event ({why}):");
            }
            (Self::Chinese, Unreadable::PlainText) => "纯文本".to_owned(),
            (Self::Chinese, Unreadable::BrokenJson(JsonError { line, column, .. })) => {
                format!("JSON 在第 {line} 行第 {column} 列损坏")
            }
            (Self::Chinese, Unreadable::ListWithoutMessages) => "JSON 列表里没有报警，也没有事件".to_owned(),
            (Self::Chinese, Unreadable::NoFields) => "JSON 里没有报警或事件的字段".to_owned(),
        };
        format!("收到 ZStack 的一条消息，无法解析为报警或事件（{why}）：")
    }

    /// What separates the items of a line.
    pub(super) fn comma(self) -> &'static str {
        self.of(", ", "，")
    }

    /// The `check` of a message without text.
    pub(super) fn no_text(self) -> &'static str {
        self.of("Message without text", "没有文本的消息")
    }

    /// The `check` of a list of messages.
    pub(super) fn messages(self, count: usize) -> String {
        text!(self, "{count} messages in one request", "一个请求里的 {count} 条消息")
    }

    /// The first line of a list of messages.
    pub(super) fn not_taken_apart(self, count: usize) -> String {
        text!(
            self,
            "{count} messages came in one list that is not taken apart: of one request {MAX_MESSAGES} are read one by \
             one. Send fewer at once.",
            "{count} 条消息在同一个列表里，没有逐条处理：一个请求最多逐条处理 {MAX_MESSAGES} 条。请减少每次发送的数量。"
        )
    }

    /// The line of one message in a list.
    pub(super) fn of_list(self, status: Status, title: &str) -> String {
        let status = status.as_str();
        text!(self, "{status}: {title}", "{status}：{title}")
    }

    /// The note for recoveries in a list.
    pub(super) fn recoveries_in_list(self, count: usize) -> String {
        text!(
            self,
            "{count} of them are recoveries, which close nothing here: close their alerts by hand.",
            "其中 {count} 条是恢复，在这里不会关闭任何告警：请手动关闭对应的告警。"
        )
    }

    /// The `check` of ZStack's test message.
    pub(super) fn test(self) -> &'static str {
        self.of("Test message", "测试消息")
    }

    pub(super) fn test_opens(self) -> &'static str {
        self.of(
            "This is ZStack's test message: alarms get from ZStack to Flashduty. There is nothing to do.",
            "这是 ZStack 的测试消息：报警可以从 ZStack 送达 Flashduty。无需处理。",
        )
    }

    pub(super) fn test_closes(self) -> &'static str {
        self.of("The test message's alert closes by itself.", "测试消息的告警会自动关闭。")
    }

    /// The `check` of the relay's own self-test.
    pub(super) fn self_test(self) -> &'static str {
        self.of("Self-test", "自测")
    }

    pub(super) fn self_test_opens(self) -> &'static str {
        self.of(
            "This is zstack-flashduty's self-test: alerts get from the relay to Flashduty. There is nothing to do.",
            "这是 zstack-flashduty 的自测：告警可以从中继送达 Flashduty。无需处理。",
        )
    }

    pub(super) fn self_test_closes(self) -> &'static str {
        self.of("The self-test's alert closes by itself.", "自测的告警会自动关闭。")
    }
}

/// An event's id with its words: `VRouterPaused (VRouter Paused)`. Abbreviations stay whole, and so do `VRouter` and
/// `VCenter`. An id that is one word stays alone.
fn with_words(id: &str) -> String {
    let mut text = String::with_capacity(2 * id.len() + 16);
    text.push_str(id);
    text.push_str(" (");
    let mut capitals = 0;
    let mut before = ' ';
    let mut letters = id.chars().peekable();
    while let Some(letter) = letters.next() {
        let ends_abbreviation = capitals > 1 && letters.peek().is_some_and(char::is_ascii_lowercase);
        let follows_word = before.is_ascii_lowercase() || before.is_ascii_digit();
        if letter.is_ascii_uppercase() && (follows_word || ends_abbreviation) {
            text.push(' ');
        }
        capitals = if letter.is_ascii_uppercase() { capitals + 1 } else { 0 };
        before = letter;
        text.push(letter);
    }
    if text.len() == 2 * id.len() + " (".len() {
        text.truncate(id.len());
    } else {
        text.push(')');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_followed_by_its_words() {
        for (id, words) in [
            ("HostOnFire", "Host On Fire"),
            ("VMHAProcess", "VMHA Process"),
            ("VMStartScheduler", "VM Start Scheduler"),
            ("VRouterPaused", "VRouter Paused"),
            ("IAM2ProjecRetire", "IAM2 Projec Retire"),
            ("YunshanNSPInforEvents", "Yunshan NSP Infor Events"),
        ] {
            assert_eq!(with_words(id), format!("{id} ({words})"));
        }
        for id in ["主机Down", "fire", "Fire", "HOT", "a fire", ""] {
            assert_eq!(with_words(id), id);
        }
    }
}
