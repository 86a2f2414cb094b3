//! What Flashduty answers (`flashduty-push.md`, "The answer").

use serde_json::Value;

use super::push_url::PushUrl;
use super::retry::{self, Verdict};
use super::text::shorten;
use crate::error::Error;

/// How much of the far side's words is passed on, in characters.
const MAX_QUOTE: usize = 300;

/// Flashduty's word that it has an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Flashduty's id of the request.
    pub request_id: String,
    /// The key it files the alert under.
    pub alert_key: String,
}

/// Reads an answer. Delivered is only what a 2xx confirms as Flashduty does, without an `error`.
pub(super) fn read(url: &PushUrl, status: u16, body: &[u8]) -> Result<Receipt, Error> {
    let answer: Option<Value> = serde_json::from_slice(body).ok().filter(Value::is_object);
    let quote = |pointer: &str| match answer.as_ref().and_then(|answer| answer.pointer(pointer)) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(quote(url, text)),
        Some(other) => Some(quote(url, &other.to_string())),
    };
    let error = answer.as_ref().and_then(|answer| answer.get("error")).filter(|error| !error.is_null());
    let code = || quote("/error/code").unwrap_or_else(|| format!("HTTP status {status}"));
    let message =
        || quote("/error/message").or_else(|| quote("/error")).unwrap_or_else(|| "no reason given".to_owned());

    let not_flashduty =
        || Error::Unavailable { what: format!("HTTP status {status} with an answer that is not Flashduty's") };

    match retry::verdict(status) {
        Verdict::Taken if answer.is_none() => Err(not_flashduty()),
        Verdict::Taken if error.is_none() => {
            let receipt = Receipt {
                request_id: quote("/request_id").unwrap_or_default(),
                alert_key: quote("/data/alert_key").unwrap_or_default(),
            };
            // Somebody else's JSON confirms nothing.
            if receipt.request_id.is_empty() && receipt.alert_key.is_empty() {
                Err(not_flashduty())
            } else {
                Ok(receipt)
            }
        }
        Verdict::Later => Err(Error::Unavailable { what: format!("{}: {}", code(), message()) }),
        Verdict::Taken | Verdict::Refused => Err(Error::Refused {
            about_credential: matches!(status, 401 | 403)
                || error.is_some_and(|error| error.to_string().contains("integration_key")),
            status,
            code: code(),
            message: message(),
            request_id: quote("/request_id"),
        }),
    }
}

/// Words of the far side, unless they repeat the credential.
pub(super) fn quote(url: &PushUrl, text: &str) -> String {
    if url.is_told_by(text) {
        return "(withheld, since it repeats the integration key)".to_owned();
    }
    shorten(text, MAX_QUOTE).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> Result<Receipt, Error> {
        let url = PushUrl::read("https://a.example/standard?integration_key=KEY").unwrap();
        super::read(&url, status, body.as_bytes())
    }

    const OK: &str = r#"{"request_id": "r", "data": {"alert_key": "k"}}"#;
    const ERROR: &str = r#"{"request_id": "r", "error": {"code": "C", "message": "M"}}"#;

    #[test]
    fn only_a_confirmation_is_a_receipt() {
        let receipt = Receipt { request_id: "r".into(), alert_key: "k".into() };
        for status in 100..=599 {
            assert_eq!(read(status, OK).ok(), (200..=299).contains(&status).then(|| receipt.clone()), "{status}");
            assert!(read(status, ERROR).is_err(), "{status}");
            assert!(read(status, "<html>").is_err(), "{status}");
            assert!(read(status, "").is_err(), "{status}");
            for json in ["{}", "[]", r#"{"ok": true}"#, r#"{"request_id": ""}"#, r#"{"data": {}}"#] {
                assert!(read(status, json).is_err(), "{status} {json}");
            }
            assert!(read(status, r#"{"error": "no"}"#).is_err(), "{status}");
        }
    }

    #[test]
    fn overload_and_breakage_may_pass() {
        for status in 100..=599 {
            let expected = status == 429 || status >= 500;
            assert_eq!(read(status, ERROR).unwrap_err().try_again(), expected, "{status}");
        }
        assert!(read(200, "<html>").unwrap_err().try_again());
    }

    #[test]
    fn a_refusal_says_whether_the_credential_is_the_reason() {
        let about = |status, body| match read(status, body).unwrap_err() {
            Error::Refused { about_credential, .. } => about_credential,
            other => panic!("{other:?}"),
        };
        let key = r#"{"error": {"code": "InvalidParameter", "message": "integration_key is not a valid one"}}"#;
        assert!(about(400, key) && about(401, "") && about(403, ERROR));
        assert!(!about(400, ERROR) && !about(404, ERROR) && !about(200, ERROR));
    }

    #[test]
    fn the_key_is_not_passed_on() {
        let echo = r#"{"request_id": "KEY", "error": {"code": "KEY", "message": "no such integration_key: KEY"}}"#;
        let error = read(400, echo).unwrap_err();
        assert!(!format!("{error:?} {error}").contains("KEY"));
        assert!(matches!(error, Error::Refused { about_credential: true, .. }));
    }
}
