//! The events of the relay: requests of API Gateway, and the checks that EventBridge Scheduler asks for.

use std::collections::BTreeMap;

use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_http::request::LambdaRequest;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::value::RawValue;

use crate::platform::metrics::CheckMetric;

/// The only member of a check's event. Its value says which check: `{"zstack-flashduty": "self-check"}`.
const MEMBER: &str = "zstack-flashduty";

/// The `version` of an event of an HTTP API or a function URL.
const FORMAT_2: &str = "2.0";

/// The longest text of a check's event, in bytes. API Gateway's events are several times as long.
const MAX_EVENT: usize = 100;

/// A check of the path that alerts take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Silent: nothing is pushed.
    SelfCheck,
    /// Pushes a test alert that closes itself.
    SelfTest,
}

impl Check {
    const ALL: [Self; 2] = [Self::SelfCheck, Self::SelfTest];

    /// The word in events, letters and logs.
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::SelfCheck => "self-check",
            Self::SelfTest => "self-test",
        }
    }

    /// The metric that says whether it passed.
    #[must_use]
    pub(super) fn metric(self) -> CheckMetric {
        match self {
            Self::SelfCheck => CheckMetric::SelfCheck,
            Self::SelfTest => CheckMetric::SelfTest,
        }
    }

    pub(super) fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.as_str() == word)
    }

    /// The check that an event asks for. `None` if it has any other shape.
    ///
    /// A caller of API Gateway cannot make such an event: API Gateway chooses its members, and `requestContext` is
    /// always one of them.
    fn of_event(json: &str) -> Option<Self> {
        if json.len() > MAX_EVENT {
            return None;
        }
        let members: BTreeMap<String, String> = serde_json::from_str(json).ok()?;
        if members.len() == 1 { Self::read(members.get(MEMBER)?) } else { None }
    }
}

/// An event of the relay.
#[derive(Debug)]
pub enum RelayEvent {
    /// EventBridge Scheduler asks for a check.
    Check(Check),
    /// A request that came through API Gateway or a function URL.
    Request(Box<LambdaRequest>),
}

impl<'de> Deserialize<'de> for RelayEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?.get();
        match Check::of_event(json) {
            Some(check) => Ok(Self::Check(check)),
            None => read_request(json).map(|request| Self::Request(Box::new(request))).map_err(D::Error::custom),
        }
    }
}

/// Reads API Gateway's event. `LambdaRequest` tries format 1.0 first, in a copy. Format 2.0, which the template has, is
/// tried before that.
fn read_request(json: &str) -> serde_json::Result<LambdaRequest> {
    match serde_json::from_str::<ApiGatewayV2httpRequest>(json) {
        Ok(request) if request.version.as_deref() == Some(FORMAT_2) => Ok(LambdaRequest::ApiGatewayV2(request)),
        _ => serde_json::from_str(json),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The number of an event's format, and all of the event.
    fn format(request: LambdaRequest) -> (u8, serde_json::Value) {
        match request {
            LambdaRequest::ApiGatewayV1(event) => (1, serde_json::to_value(event).unwrap()),
            LambdaRequest::ApiGatewayV2(event) => (2, serde_json::to_value(event).unwrap()),
            _ => (0, serde_json::Value::Null),
        }
    }

    #[test]
    fn requests_are_read_as_lambda_http_reads_them() {
        let mut formats = BTreeSet::new();
        for sample in std::fs::read_dir("events").unwrap() {
            let json = std::fs::read_to_string(sample.unwrap().path()).unwrap();
            let read = format(read_request(&json).unwrap());
            assert_eq!(read, format(serde_json::from_str(&json).unwrap()));
            formats.insert(read.0);
        }
        assert_eq!(Vec::from_iter(formats), [1, 2]);
        let unknown = r#"{"version": "3.0"}"#;
        let error = serde_json::from_str::<LambdaRequest>(unknown).unwrap_err().to_string();
        assert_eq!(read_request(unknown).unwrap_err().to_string(), error);
    }

    #[test]
    fn only_this_shape_is_a_check() {
        assert_eq!(Check::of_event(r#"{"zstack-flashduty": "self-check"}"#), Some(Check::SelfCheck));
        assert_eq!(Check::of_event("\n{ \"zstack-flashduty\":\t\"self-test\" } "), Some(Check::SelfTest));
        let padded = format!(r#"{{"zstack-flashduty": "self-check"{}}}"#, " ".repeat(MAX_EVENT));
        for other in [
            "",
            "{}",
            "null",
            r#""self-check""#,
            r#"["self-check"]"#,
            r#"{"zstack-flashduty": null}"#,
            r#"{"zstack-flashduty": ""}"#,
            r#"{"zstack-flashduty": "Self-Check"}"#,
            r#"{"zstack-flashduty": "self-check "}"#,
            r#"{"zstack-flashduty": ["self-check"]}"#,
            r#"{"zstack-flashduty": {"self-check": null}}"#,
            r#"{"Zstack-Flashduty": "self-check"}"#,
            r#"{"zstack-flashduty": "self-check", "a": ""}"#,
            r#"{"zstack-flashduty": "self-check", "requestContext": {}}"#,
            r#"{"body": "{\"zstack-flashduty\": \"self-check\"}"}"#,
            r#"[{"zstack-flashduty": "self-check"}]"#,
            r#"{"zstack-flashduty": "self-check"} {}"#,
            &padded,
        ] {
            assert_eq!(Check::of_event(other), None, "{other}");
        }
    }
}
