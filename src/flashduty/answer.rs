//! Reads the answer to a push (`docs/protocols/flashduty.md`, "The answer").

use serde_json::Value;

use super::error::{PushError, Said};
use super::push_url::PushUrl;
use super::quote::Quote;
use super::retry::{self, AnswerBody, Verdict};

/// The error codes with which Flashduty rejects the integration key.
const CREDENTIAL_CODES: [&str; 2] = ["Unauthorized", "AccessDenied"];

/// Flashduty's confirmation that it has an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Flashduty's `request_id`; empty if it gave none.
    pub(crate) request_id: Quote,
}

/// Reads an answer. Only a 2xx with Flashduty's confirmation, and without an `error`, counts as delivered. Only
/// Flashduty's own refusal counts as refused. After any other answer the push may be retried.
///
/// Flashduty's own answer is a JSON object with a `request_id` or an `error.code`. A proxy's 403, an ingress' 404 or a
/// firewall's page has neither. It is no decision about the alert.
pub(super) fn read(url: &PushUrl, status: u16, body: &[u8]) -> Result<Receipt, PushError> {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |pointer| answer.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (request_id, code) = (text("/request_id"), text("/error/code"));
    let error = answer.get("error").filter(|error| !error.is_null());
    let answer_body = match error {
        _ if request_id.or(code).is_none() => AnswerBody::NotFlashduty,
        None => AnswerBody::WithoutError,
        Some(_) => AnswerBody::Error(code),
    };
    let request_id = request_id.map(|id| Quote::new(url, id));
    let said = || Said { status, code: code.map(|code| Quote::new(url, code)), message: message_of(url, error) };
    match retry::verdict(status, answer_body) {
        Verdict::Accepted => Ok(Receipt { request_id: request_id.unwrap_or_default() }),
        // Not even a 401 or 403 counts against the integration key here, so SSM is not asked for a new push URL. If there
        // is one, the next regular read finds it.
        Verdict::Retry if answer_body == AnswerBody::NotFlashduty => {
            Err(PushError::Foreign { host: url.host().to_owned(), status })
        }
        Verdict::Retry => Err(PushError::Unavailable(said())),
        Verdict::Refused => Err(PushError::Refused {
            about_credential: matches!(status, 401 | 403)
                || code.is_some_and(|code| CREDENTIAL_CODES.contains(&code))
                || error.is_some_and(|error| error.to_string().contains("integration_key")),
            said: said(),
            request_id,
        }),
    }
}

/// The error's message, or the whole error if it has none.
fn message_of(url: &PushUrl, error: Option<&Value>) -> Option<Quote> {
    match error.map(|error| error.get("message").filter(|message| !message.is_null()).unwrap_or(error))? {
        Value::String(text) => Some(Quote::new(url, text)),
        other => Some(Quote::new(url, &other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::flashduty::quote::MAX_QUOTE;

    const CONFIRMS: &str = r#"{"request_id": "r", "data": {"alert_key": "k"}}"#;
    const REFUSES: &str = r#"{"request_id": "r", "error": {"code": "C", "message": "M"}}"#;

    /// Flashduty's own bodies with an error whose code does not allow a retry.
    const REFUSALS: [&str; 7] = [
        REFUSES,
        r#"{"error": {"code": "InvalidParameter", "message": "M"}}"#,
        r#"{"request_id": "r", "error": {"code": "internalerror"}}"#,
        r#"{"request_id": "r", "error": {"message": "RequestTooFrequently"}}"#,
        r#"{"request_id": "r", "error": {"code": 429}}"#,
        r#"{"request_id": "r", "error": "RequestLocked"}"#,
        r#"{"request_id": "r", "error": {}, "data": {"alert_key": "k"}}"#,
    ];

    /// Bodies that are not Flashduty's.
    const FOREIGN: [&str; 14] = [
        "",
        "<html>403 Forbidden</html>",
        "{}",
        "[]",
        "null",
        r#""RequestLocked""#,
        r#"{"ok": true}"#,
        r#"{"request_id": ""}"#,
        r#"{"request_id": null, "data": {"alert_key": "k"}}"#,
        r#"{"error": "no"}"#,
        r#"{"error": {"code": 403, "message": "integration_key"}}"#,
        r#"{"error": {"code": "", "message": "no"}}"#,
        r#"[{"request_id": "r", "error": {"code": "C"}}]"#,
        r#"{"request_id": "r", "error": {"code": "C"#,
    ];

    fn read(status: u16, body: &str) -> Result<Receipt, PushError> {
        let url = PushUrl::read("https://a.example/standard?integration_key=KEY").unwrap();
        super::read(&url, status, body.as_bytes())
    }

    fn is_refused(status: u16, body: &str) -> bool {
        matches!(read(status, body), Err(PushError::Refused { .. }))
    }

    fn is_later(status: u16, body: &str) -> bool {
        matches!(read(status, body), Err(PushError::Unavailable(_) | PushError::Foreign { .. }))
    }

    #[test]
    fn only_a_confirmation_is_a_receipt() {
        let receipt = Receipt { request_id: Quote::Text("r".into()) };
        for status in 100..=599 {
            assert_eq!(read(status, CONFIRMS).ok(), (200..=299).contains(&status).then(|| receipt.clone()), "{status}");
            for body in REFUSALS.into_iter().chain(FOREIGN) {
                assert!(read(status, body).is_err(), "{status} {body}");
            }
        }
        assert_eq!(read(200, r#"{"request_id": "r"}"#).unwrap(), receipt);
    }

    #[test]
    fn codes_that_allow_a_retry_do_so_under_any_status() {
        for status in 100..=599 {
            for code in ["RequestTooFrequently", "InternalError", "ServiceUnavailable", "RequestLocked"] {
                for body in [
                    format!(r#"{{"request_id": "r", "error": {{"code": "{code}", "message": "M"}}}}"#),
                    format!(r#"{{"error": {{"code": "{code}"}}, "data": {{"alert_key": "k"}}}}"#),
                ] {
                    assert!(is_later(status, &body), "{status} {body}");
                }
            }
        }
    }

    #[test]
    fn flashdutys_own_refusal_is_one_unless_the_status_allows_a_retry() {
        for status in 100..=599 {
            let decides = matches!(status, 200..=299 | 400..=499) && !matches!(status, 408 | 421 | 425 | 429);
            for body in REFUSALS {
                assert_eq!(is_refused(status, body), decides, "{status} {body}");
                assert_eq!(is_later(status, body), !decides, "{status} {body}");
            }
        }
    }

    #[test]
    fn an_answer_that_is_not_flashdutys_decides_nothing() {
        for status in 100..=599 {
            for body in FOREIGN {
                assert!(is_later(status, body), "{status} {body}");
                let error = read(status, body).unwrap_err().to_string();
                assert!(error.contains("something between here and Flashduty answered for a.example"), "{error}");
                assert_eq!(error.contains("redirect"), (300..=399).contains(&status), "{error}");
            }
        }
    }

    #[test]
    fn a_refusal_says_whether_the_credential_is_the_reason() {
        let about = |status, body: &str| match read(status, body).unwrap_err() {
            PushError::Refused { about_credential, .. } => about_credential,
            other => panic!("{other:?}"),
        };
        let key = r#"{"error": {"code": "InvalidParameter", "message": "integration_key is not a valid one"}}"#;
        assert!(about(400, key) && about(200, key) && about(401, REFUSES) && about(403, REFUSES));
        for code in ["Unauthorized", "AccessDenied"] {
            let refuses = REFUSES.replace('C', code);
            assert!(about(200, &refuses) && about(400, &refuses), "{code}");
        }
        assert!(!about(400, REFUSES) && !about(404, REFUSES) && !about(200, REFUSES));
    }

    #[test]
    fn the_key_is_not_passed_on() {
        let echo = r#"{"request_id": "KEY", "error": {"code": "KEY", "message": "no such integration_key: KEY"}}"#;
        for status in [200, 302, 400, 503] {
            let error = read(status, echo).unwrap_err();
            assert!(!format!("{error:?} {error}").contains("KEY"), "{status}");
        }
        assert!(matches!(read(400, echo), Err(PushError::Refused { about_credential: true, .. })));
    }

    /// In any field, and in any way of writing it.
    #[test]
    fn no_part_of_the_key_is_passed_on() {
        let url = PushUrl::read("https://a.example/standard?integration_key=0123456789abcdef").unwrap();
        let beyond = format!("{} 456789abcdef", "x".repeat(MAX_QUOTE));
        for key in ["0123456789abcdef", "56789abc", "…3456789AB…", "%2534567%38%39a", "MTIzNDU2Nzg5", &beyond] {
            let nested = format!("{{\"key\": \"{key}\"}}");
            for body in [
                json!({"request_id": "r", "error": {"code": "C", "message": key}}),
                json!({"request_id": "r", "error": {"code": key, "message": "M"}}),
                json!({"request_id": key, "error": {"code": "C", "message": "M"}}),
                json!({"request_id": "r", "error": {"code": "C", "message": [{"a": key}]}}),
                json!({"request_id": "r", "error": {"code": "C", "message": nested}}),
                json!({"request_id": "r", "error": {"reason": key}}),
                json!({"request_id": "r", "error": key}),
                json!({"request_id": key, "data": {"alert_key": "k"}}),
                json!({"request_id": "r", "data": {"alert_key": key}}),
                json!({"message": key}),
            ] {
                for status in [200, 302, 400, 401, 429, 500] {
                    let read = super::read(&url, status, body.to_string().as_bytes());
                    let said = format!("{read:?} {}", read.as_ref().err().map(ToString::to_string).unwrap_or_default());
                    assert!(!said.contains(key) && !said.contains("56789"), "{status} {body}: {said}");
                }
            }
        }
        let harmless = "no integration_key 3456789 there";
        assert_eq!(Quote::new(&url, harmless).as_str(), harmless);
    }
}
