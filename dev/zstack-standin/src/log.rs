//! The calls that arrived.

use serde::Serialize;
use serde_json::Value;

/// A call that arrived, accepted or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Logged {
    /// When it arrived, in epoch milliseconds.
    pub at: i64,
    /// ZStack's name of the call; none if there is no such call.
    pub call: Option<String>,
    /// The method, in capitals.
    pub method: String,
    /// The URL's path, as it was sent.
    pub path: String,
    /// The URL's parameters, decoded, as `name=value`.
    pub query: Vec<String>,
    /// The body; passwords are `***`. Text if it is no JSON; null if there is none.
    pub body: Value,
    /// The UUID of the account; none if it is not known.
    pub account: Option<String>,
    /// `OAuth`, `ZStack` or none.
    pub authorization: Option<String>,
    /// The status of the answer; none if there was no answer.
    pub status: Option<u16>,
    /// What a plain answer said.
    pub complaint: Option<String>,
    /// The job of an asynchronous call.
    pub job: Option<String>,
}

/// Masks every password.
pub(crate) fn mask(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if name == "password" && value.is_string() {
                    *value = "***".into();
                } else {
                    mask(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        _ => {}
    }
}
