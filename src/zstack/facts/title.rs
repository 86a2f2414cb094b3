//! The title of a Teams card (`docs/protocols/zstack.md`, "Feishu and Teams").

use super::names::Reported;
use crate::zstack::words::State;

/// `Alarm NAME Resource RESOURCE changes status to STATUS`, or the same in Chinese.
pub(super) struct CardTitle {
    /// The name of the alarm's rule.
    pub(super) rule: String,
    pub(super) status: String,
}

impl CardTitle {
    /// `resource` is the name of the resource, which the title may have behind the rule's name.
    pub(super) fn read(text: &str, resource: &str) -> Option<Self> {
        let forms = [("Alarm ", " changes status to ", " Resource "), ("报警器 ", " 状态改变成 ", " 中资源 ")];
        forms.into_iter().find_map(|(begin, change, of)| {
            let (rule, status) = text.strip_prefix(begin)?.rsplit_once(change)?;
            State::read(status)?;
            let rule = rule.strip_suffix(&format!("{of}{resource}")).unwrap_or(rule);
            Some(Self { rule: rule.to_owned(), status: status.to_owned() })
        })
    }

    pub(super) fn reported(&self) -> Option<Reported> {
        match State::read(&self.status)? {
            State::Ok => Some(Reported::Recovery),
            State::Alarm => Some(Reported::Alarm),
            State::InsufficientData => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cards_title_has_rule_and_state() {
        let read = |text: &str, resource: &str| CardTitle::read(text, resource).map(|it| (it.rule, it.status));
        let expected = |alarm: &str, status: &str| Some((alarm.to_owned(), status.to_owned()));
        assert_eq!(read("Alarm CPU high Resource web 1 changes status to OK", "web 1"), expected("CPU high", "OK"));
        assert_eq!(read("Alarm CPU high changes status to Alarm", ""), expected("CPU high", "Alarm"));
        assert_eq!(read("报警器 磁盘 中资源 库 状态改变成 监控中", "库"), expected("磁盘", "监控中"));
        assert_eq!(read("报警器 磁盘 状态改变成 好", ""), None);
        assert_eq!(read("a title", ""), None);
    }
}
