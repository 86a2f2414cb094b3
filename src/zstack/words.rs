//! ZStack's words for levels, states and operators (`docs/protocols/zstack.md`, "Words").
//!
//! The plain JSON has ZStack's ids. A message template prints the server's words, Chinese or English. Case does not
//! matter, nor does white space around a word.

/// ZStack's *emergency level*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// `Emergent`, 紧急
    Emergent,
    /// `Important`, in the English console *Major*, 严重
    Important,
    /// `Normal`, in the English console *Info*, 提示
    Normal,
    /// `Recovery`: an event whose subscription sets no level of its own
    Recovery,
}

impl Level {
    /// None if `text` is not a word for a level.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        Some(match text.trim().to_ascii_lowercase().as_str() {
            "emergent" | "紧急" | "緊急" => Self::Emergent,
            "important" | "major" | "严重" | "嚴重" => Self::Important,
            "normal" | "info" | "提示" => Self::Normal,
            "recovery" => Self::Recovery,
            _ => return None,
        })
    }

    /// ZStack's id, as in the plain JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Emergent => "Emergent",
            Self::Important => "Important",
            Self::Normal => "Normal",
            Self::Recovery => "Recovery",
        }
    }
}

/// The state of a resource alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// `OK`, 监控中, and words that people write into recovery templates
    Ok,
    /// `Alarm`, 已触发
    Alarm,
    /// `InsufficientData`, 数据不足
    InsufficientData,
}

impl State {
    /// None if `text` is not a word for a state.
    #[must_use]
    pub(crate) fn read(text: &str) -> Option<Self> {
        Some(match text.trim().to_ascii_lowercase().as_str() {
            "ok" | "监控中" | "監控中" | "recovered" | "resolved" | "normal" | "已恢复" | "恢复" | "恢复正常"
            | "正常" | "已恢復" | "恢復" | "恢復正常" => Self::Ok,
            "alarm" | "已触发" | "已觸發" => Self::Alarm,
            "insufficientdata" | "数据不足" | "數據不足" => Self::InsufficientData,
            _ => return None,
        })
    }

    /// ZStack's id, as in the plain JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "Alarm",
            Self::InsufficientData => "InsufficientData",
        }
    }
}

/// The comparison of an alarm's value with its threshold for which the alarm triggers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `GreaterThan`, 大于
    Greater,
    /// `GreaterThanOrEqualTo`, 大于等于
    GreaterOrEqual,
    /// `LessThan`, 小于
    Less,
    /// `LessThanOrEqualTo`, 小于等于
    LessOrEqual,
}

impl Operator {
    /// None if `text` is not a word or symbol for an operator.
    #[must_use]
    pub(crate) fn read(text: &str) -> Option<Self> {
        Some(match text.trim().to_ascii_lowercase().as_str() {
            "greaterthan" | "大于" | "大於" | ">" => Self::Greater,
            "greaterthanorequalto" | "大于等于" | "大於等於" | ">=" => Self::GreaterOrEqual,
            "lessthan" | "小于" | "小於" | "<" => Self::Less,
            "lessthanorequalto" | "小于等于" | "小於等於" | "<=" => Self::LessOrEqual,
            _ => return None,
        })
    }

    #[must_use]
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
        }
    }

    /// The operator that is true exactly if this one is false.
    #[must_use]
    pub(super) fn reverse(self) -> Self {
        match self {
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
        }
    }
}
