//! The standard alert event (`docs/protocols/flashduty.md`, "The standard alert event").

use std::borrow::Cow;

use serde::Serialize;

use super::alert_key::AlertKey;
use super::labels::Labels;
use super::text::shorten;

/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 2_048;
/// The JSON of most events fits into this many bytes.
const USUAL_JSON_SIZE: usize = 2_048;

/// Flashduty's `event_status`: the severity of an open alert, or `Ok`. The order is from the highest severity to `Ok`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Status {
    /// The highest severity.
    Critical,
    /// The middle severity.
    Warning,
    /// The lowest severity.
    Info,
    /// Not a severity: closes the alert.
    Ok,
}

impl Status {
    /// The word in the event's JSON. Flashduty compares it with its case.
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

/// The rule by which Flashduty makes an alert's title (`docs/protocols/flashduty.md`, "The standard alert event").
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct TitleRule(Cow<'static, str>);

impl TitleRule {
    /// The longest title rule, in characters.
    pub(crate) const MAX: usize = 512;

    /// Returns `None` if `rule` has more than [`MAX`](Self::MAX) characters.
    #[must_use]
    pub(crate) fn new(rule: String) -> Option<Self> {
        (rule.chars().count() <= Self::MAX).then_some(Self(rule.into()))
    }
}

impl Default for TitleRule {
    /// `[TPL]${resource} / ${check}`. Flashduty fills this template from labels. It does not read the labels as
    /// templates, so a `$`, `{{` or `[TPL]` in an alarm's name does no harm.
    fn default() -> Self {
        Self("[TPL]${resource} / ${check}".into())
    }
}

/// A standard alert event. It keeps Flashduty's limits.
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
    /// Creates an event. Texts that are too long are cut, and labels beyond the limit are left out: see
    /// [`cut`](Self::cut).
    ///
    /// `ending` becomes the last lines of the description. They are kept if the rest of it must be cut.
    #[must_use]
    pub(crate) fn new(
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
    /// Never: an event consists of strings under string keys, which are always JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::with_capacity(USUAL_JSON_SIZE);
        #[expect(clippy::expect_used, reason = "strings under string keys are JSON, and writing to a Vec cannot fail")]
        serde_json::to_writer(&mut json, self).expect("an event is always JSON");
        json
    }

    /// The severity, or [`Status::Ok`] if the event closes its alert.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// What was cut or left out to keep Flashduty's limits: the names of labels, `description`, and `alert_key` if a
    /// hash replaced the key. At most 50 labels are named; an entry such as `12 more` counts the others.
    #[must_use]
    pub fn cut(&self) -> &[String] {
        &self.cut
    }
}
