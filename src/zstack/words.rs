//! ZStack's words for levels and states, as the wire has them and as the console translates them.
//!
//! A message template of the administrator's own brings the console's words, Chinese or English. All
//! of them mean the same, in any case and with white space around (`zstack-webhook.md`, "Translated
//! words").

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
            "emergent" | "紧急" => Self::Emergent,
            "important" | "major" | "严重" => Self::Important,
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
    /// `OK`, 监控中
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
            "ok" | "监控中" => Self::Ok,
            "alarm" | "已触发" => Self::Alarm,
            "insufficientdata" | "数据不足" => Self::InsufficientData,
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
