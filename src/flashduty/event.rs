//! The standard alert event (`docs/protocols/flashduty.md`, "The standard alert event").

use std::borrow::Cow;

use serde::Serialize;

use super::alert_key::AlertKey;
use super::labels::Labels;
use super::text::shorten;

/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 2_048;
/// Room for most events as JSON, in bytes.
const USUAL_SIZE: usize = 2_048;

/// An event's status: how bad it is, or that it is over. The worst comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Status {
    /// Somebody must get up.
    Critical,
    /// Somebody should look.
    Warning,
    /// Good to know.
    Info,
    /// The alert is over: closes it.
    Ok,
}

impl Status {
    /// The word Flashduty takes, which is case-sensitive.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "Critical",
            Self::Warning => "Warning",
            Self::Info => "Info",
            Self::Ok => "Ok",
        }
    }
}

/// How Flashduty makes an alert's title.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct TitleRule(Cow<'static, str>);

impl TitleRule {
    /// The longest title rule, in characters.
    pub const MAX: usize = 512;

    /// A rule, if it is not too long.
    #[must_use]
    pub fn new(rule: String) -> Option<Self> {
        (rule.chars().count() <= Self::MAX).then_some(Self(rule.into()))
    }
}

impl Default for TitleRule {
    /// `[TPL]${resource} / ${check}`: a template that takes its text from labels, which are never read
    /// as templates themselves, whatever `$`, `{{` or `[TPL]` an alarm's name holds.
    fn default() -> Self {
        Self("[TPL]${resource} / ${check}".into())
    }
}

/// An alert event, within Flashduty's limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    title_rule: TitleRule,
    #[serde(rename = "event_status")]
    status: Status,
    alert_key: AlertKey,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    labels: Labels,
    #[serde(skip)]
    cut: Vec<String>,
}

impl Event {
    /// An event with whatever is too long cut and whatever is too much left out. `ending` are lines at the end of the
    /// description that are kept where the rest of it is cut.
    #[must_use]
    pub fn new(
        title_rule: TitleRule,
        status: Status,
        alert_key: AlertKey,
        description: &str,
        ending: &str,
        mut labels: Labels,
    ) -> Self {
        let mut cut = labels.fit();
        let ending = shorten(ending, MAX_DESCRIPTION / 2);
        let room = if ending.is_empty() { MAX_DESCRIPTION } else { MAX_DESCRIPTION - 1 - ending.chars().count() };
        let description = shorten(description, room);
        if matches!(description, Cow::Owned(_)) {
            cut.push("description".to_owned());
        }
        let mut description = description.into_owned();
        if !ending.is_empty() {
            description.push('\n');
            description.push_str(&ending);
        }
        if alert_key.is_hash() {
            cut.push("alert_key".to_owned());
        }
        Self { title_rule, status, alert_key, description, labels, cut }
    }

    /// The body to push.
    ///
    /// # Panics
    ///
    /// Never: an event is strings under string keys.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::with_capacity(USUAL_SIZE);
        #[expect(clippy::expect_used, reason = "strings under string keys are JSON, and a Vec takes them all")]
        serde_json::to_writer(&mut json, self).expect("an event is always JSON");
        json
    }

    /// The event's status.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// What was cut or left out to keep Flashduty's limits: names of labels, `description`, and `alert_key`
    /// where a hash stands in for it.
    #[must_use]
    pub fn cut(&self) -> &[String] {
        &self.cut
    }
}
