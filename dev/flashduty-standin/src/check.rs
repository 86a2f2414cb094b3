//! The standard alert event and every limit Flashduty documents for it.
//!
//! All lengths are in characters, not bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The longest `title_rule`.
pub const TITLE_RULE_MAX: usize = 512;
/// The longest `alert_key`.
pub const ALERT_KEY_MAX: usize = 255;
/// The longest `description`.
pub const DESCRIPTION_MAX: usize = 2048;
/// The most labels of one event.
pub const LABELS_MAX: usize = 50;
/// The longest name of a label.
pub const LABEL_NAME_MAX: usize = 128;
/// The longest value of a label.
pub const LABEL_VALUE_MAX: usize = 2048;

/// The field `event_status`: the severity, or `Ok` when the problem is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventStatus {
    /// The highest severity.
    Critical,
    /// The severity in between.
    Warning,
    /// The lowest severity.
    Info,
    /// Closes the alert.
    Ok,
}

impl EventStatus {
    /// The status as Flashduty writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "Critical",
            Self::Warning => "Warning",
            Self::Info => "Info",
            Self::Ok => "Ok",
        }
    }

    /// Reads a status as Flashduty writes it, case-sensitively.
    fn read(text: &str) -> Option<Self> {
        match text {
            "Critical" => Some(Self::Critical),
            "Warning" => Some(Self::Warning),
            "Info" => Some(Self::Info),
            "Ok" => Some(Self::Ok),
            _ => None,
        }
    }
}

/// A standard alert event within all limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The rule of the title, as [`render`](crate::render) reads it.
    pub title_rule: String,
    /// The status.
    pub status: EventStatus,
    /// The alert that it belongs to. Always present if the status is `Ok`.
    pub alert_key: Option<String>,
    /// Empty if the event has none.
    pub description: String,
    /// Names and values.
    pub labels: BTreeMap<String, String>,
}

/// Reads the body of a push to a `standard` integration. An empty text counts as missing.
///
/// # Errors
///
/// Everything that is wrong with the body. Each entry names the field and its limit.
pub fn check(body: &[u8]) -> Result<Event, Vec<String>> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
        return Err(vec!["the body is not a JSON object".to_owned()]);
    };
    let mut check = Check { fields, violations: Vec::new() };
    check.require("title_rule");
    let title_rule = check.text("title_rule", TITLE_RULE_MAX);
    let status = check.event_status();
    if status == Some(EventStatus::Ok) {
        check.require("alert_key");
    }
    let alert_key = check.text("alert_key", ALERT_KEY_MAX);
    let description = check.text("description", DESCRIPTION_MAX);
    let labels = check.labels();
    check.fields.remove("images");
    check.nothing_else();

    match (title_rule, status) {
        (Some(title_rule), Some(status)) if check.violations.is_empty() => {
            Ok(Event { title_rule, status, alert_key, description: description.unwrap_or_default(), labels })
        }
        _ => Err(check.violations),
    }
}

/// An event while it is read: the fields that are still to read, and what was wrong with the others.
struct Check {
    fields: Map<String, Value>,
    violations: Vec<String>,
}

impl Check {
    fn require(&mut self, field: &str) {
        if self.fields.get(field).is_none_or(|value| value == "") {
            self.violations.push(format!("{field} is required"));
        }
    }

    fn text(&mut self, field: &str, max: usize) -> Option<String> {
        let value = self.fields.remove(field)?;
        self.short_text(field, value, max).filter(|text| !text.is_empty())
    }

    fn event_status(&mut self) -> Option<EventStatus> {
        let status = self.fields.remove("event_status").and_then(|value| EventStatus::read(value.as_str()?));
        if status.is_none() {
            self.violations.push("event_status must be Critical, Warning, Info or Ok".to_owned());
        }
        status
    }

    fn labels(&mut self) -> BTreeMap<String, String> {
        let labels = match self.fields.remove("labels") {
            None => return BTreeMap::new(),
            Some(Value::Object(labels)) => labels,
            Some(_) => {
                self.violations.push("labels must be an object".to_owned());
                return BTreeMap::new();
            }
        };
        if labels.len() > LABELS_MAX {
            self.violations.push(format!("labels are {}, at most {LABELS_MAX} are allowed", labels.len()));
        }
        let mut read = BTreeMap::new();
        for (name, value) in labels {
            self.label_name(&name);
            if let Some(value) = self.short_text(&format!("labels[{name:?}]"), value, LABEL_VALUE_MAX) {
                read.insert(name, value);
            }
        }
        read
    }

    fn label_name(&mut self, name: &str) {
        let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !starts_well || name.contains(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            self.violations.push(format!("labels: the name {name:?} does not match [a-zA-Z_][a-zA-Z0-9_]*"));
        }
        self.at_most(&format!("labels: the name {name:?}"), name, LABEL_NAME_MAX);
    }

    fn short_text(&mut self, field: &str, value: Value, max: usize) -> Option<String> {
        let Value::String(text) = value else {
            self.violations.push(format!("{field} must be a string"));
            return None;
        };
        self.at_most(field, &text, max);
        Some(text)
    }

    fn at_most(&mut self, what: &str, text: &str, max: usize) {
        let length = text.chars().count();
        if length > max {
            self.violations.push(format!("{what} has {length} characters, at most {max} are allowed"));
        }
    }

    fn nothing_else(&mut self) {
        for field in self.fields.keys() {
            self.violations.push(format!("{field:?} is not a known field"));
        }
    }
}
