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
    /// The status of the job's answer, once it is done.
    pub job_status: Option<u16>,
}

/// The calls that are kept, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Log {
    calls: Vec<Logged>,
    /// How many were forgotten, so that a call that is still being answered keeps its place.
    forgotten: usize,
}

impl Log {
    /// Returns the place of the call.
    pub(crate) fn push(&mut self, call: Logged) -> usize {
        self.calls.push(call);
        self.forgotten + self.calls.len() - 1
    }

    /// Changes a call, unless it is forgotten.
    pub(crate) fn change(&mut self, place: usize, change: impl FnOnce(&mut Logged)) {
        let found = place.checked_sub(self.forgotten).and_then(|it| self.calls.get_mut(it));
        if let Some(call) = found {
            change(call);
        }
    }

    pub(crate) fn all(&self) -> Vec<Logged> {
        self.calls.clone()
    }

    pub(crate) fn clear(&mut self) {
        self.forgotten += self.calls.len();
        self.calls.clear();
    }
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
