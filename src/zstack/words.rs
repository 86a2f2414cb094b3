//! ZStack's words for levels, states and operators, as the wire has them and as the console translates them.
//!
//! A message template of the administrator's own brings the server's words, Chinese or English. All of
//! them mean the same, in any case and with white space around (`docs/protocols/zstack.md`, "Words").

/// How bad ZStack says it is: the *emergency level*.
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
    /// The level that `text` names, if it names one.
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

    /// The wire's own word.
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
    /// `OK`, 监控中, and what people write into recovery templates
    Ok,
    /// `Alarm`, 已触发
    Alarm,
    /// `InsufficientData`, 数据不足
    InsufficientData,
}

impl State {
    /// The state that `text` names, if it names one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        Some(match text.trim().to_ascii_lowercase().as_str() {
            "ok" | "监控中" | "監控中" | "recovered" | "resolved" | "normal" | "已恢复" | "恢复" | "恢复正常"
            | "正常" | "已恢復" | "恢復" | "恢復正常" => Self::Ok,
            "alarm" | "已触发" | "已觸發" => Self::Alarm,
            "insufficientdata" | "数据不足" | "數據不足" => Self::InsufficientData,
            _ => return None,
        })
    }

    /// The wire's own word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "Alarm",
            Self::InsufficientData => "InsufficientData",
        }
    }
}

/// How an alarm's value compares with its threshold when it triggers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
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
    /// The operator that `text` names, if it names one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        Some(match text.trim().to_ascii_lowercase().as_str() {
            "greaterthan" | "大于" | "大於" | ">" => Self::Greater,
            "greaterthanorequalto" | "大于等于" | "大於等於" | ">=" => Self::GreaterOrEqual,
            "lessthan" | "小于" | "小於" | "<" => Self::Less,
            "lessthanorequalto" | "小于等于" | "小於等於" | "<=" => Self::LessOrEqual,
            _ => return None,
        })
    }

    /// Its symbol.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
        }
    }

    /// The operator that holds exactly where this one does not.
    #[must_use]
    pub fn reverse(self) -> Self {
        match self {
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
        }
    }
}
