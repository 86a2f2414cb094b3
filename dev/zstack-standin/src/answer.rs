//! The answers of the API.

use serde_json::{Value, json};

use crate::refusal::Refusal;

/// An HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

impl Answer {
    /// JSON as Gson writes it.
    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Self { status, content_type: "application/json;charset=UTF-8", body: gson(value) }
    }

    /// What is wrong with a call, in plain text.
    pub(crate) fn plain(status: u16, text: impl Into<String>) -> Self {
        Self { status, content_type: "text/plain;charset=UTF-8", body: text.into() }
    }

    /// The result of a call, or ZStack's refusal.
    pub(crate) fn result(result: Result<Value, Refusal>) -> Self {
        match result {
            Ok(value) => Self::json(200, &value),
            Err(refusal) => Self::json(503, &json!({"error": refusal.to_json()})),
        }
    }
}

/// Gson's text: null members are left out, and five signs are escaped everywhere.
fn gson(value: &Value) -> String {
    let mut value = value.clone();
    leave_out_null(&mut value);
    let mut text = value.to_string();
    for (sign, escaped) in [("=", "\\u003d"), ("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("'", "\\u0027")] {
        text = text.replace(sign, escaped);
    }
    text
}

fn leave_out_null(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, it| !it.is_null());
            members.values_mut().for_each(leave_out_null);
        }
        Value::Array(items) => items.iter_mut().for_each(leave_out_null),
        _ => {}
    }
}
