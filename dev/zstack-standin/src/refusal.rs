//! What ZStack itself refuses: always 503, and never "try later".

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A refusal by ZStack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// `SYS.1007` and others.
    pub code: String,
    /// Why, in words.
    #[serde(default)]
    pub details: String,
    /// The reason behind it. ZStack often hides the useful words there.
    #[serde(default)]
    pub cause: Option<Box<Refusal>>,
}

impl Refusal {
    /// A refusal without a cause.
    pub(crate) fn new(code: &str, details: impl Into<String>) -> Self {
        Self { code: code.to_owned(), details: details.into(), cause: None }
    }

    /// `SYS.1007`: an argument is wrong.
    pub(crate) fn argument(details: impl Into<String>) -> Self {
        Self::new("SYS.1007", details)
    }

    /// `SYS.1003`: there is no such thing.
    pub(crate) fn missing(what: &str, uuid: &str) -> Self {
        Self::new("SYS.1003", format!("no {what} has the uuid {uuid}"))
    }

    /// `SYS.1000`. The code of a double key is not known: inferred.
    pub(crate) fn double_key(details: impl Into<String>) -> Self {
        let cause = Self::new("SYS.1000", details);
        Self { cause: Some(Box::new(cause)), ..Self::new("SYS.1000", "a database operation failed") }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "code": self.code,
            "description": description(&self.code),
            "details": self.details,
            "cause": self.cause.as_ref().map(|it| it.to_json()),
        })
    }
}

/// The words are the stand-in's own: only the codes are known.
fn description(code: &str) -> &'static str {
    match code {
        "ID.1000" => "Authentication failed",
        "ID.1001" => "Invalid session",
        "ID.1002" => "Permission denied",
        "ID.1003" => "Quota exceeded",
        "ID.1006" => "Too many sessions",
        "SYS.1001" => "Timeout",
        "SYS.1003" => "Resource not found",
        "SYS.1006" => "Operation refused",
        "SYS.1007" => "Invalid argument",
        _ => "Internal error",
    }
}
