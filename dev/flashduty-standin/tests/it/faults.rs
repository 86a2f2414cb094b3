//! Injected faults.

use std::time::{Duration, Instant};

use flashduty_standin::{Fault, InjectedFault, Lasts, Options, RateLimit, Standin};
use reqwest::header::RETRY_AFTER;
use serde_json::{Value, json};

use crate::{KEY, accepted, client, error, push_to, refusal, standin};

fn event() -> Value {
    json!({"title_rule": "CPU", "event_status": "Info", "alert_key": "k"})
}

/// Pushes an event, and returns the status and the body, or the client's error.
async fn push(standin: &Standin) -> reqwest::Result<(u16, String)> {
    let request = client().post(standin.push_url("standard", KEY));
    let answer = request.json(&event()).send().await?;
    Ok((answer.status().as_u16(), answer.text().await?))
}

/// The status of every received request.
fn statuses(standin: &Standin) -> Vec<Option<u16>> {
    standin.received().iter().map(|request| request.status).collect()
}

#[tokio::test]
async fn queued_faults_apply_before_the_standing_one() {
    let standin = standin().await;
    standin.fault(Fault::status(503), Lasts::Standing);
    standin.fault(Fault::status(500), Lasts::Next(2));
    standin.fault(Fault::status(429), Lasts::Next(1));
    for status in [500, 500, 429, 503, 503] {
        assert_eq!(push(&standin).await.unwrap().0, status);
    }
    assert_eq!(standin.received()[4].fault, Some(Fault::status(503)));
    assert_eq!(standin.alerts(), []);

    standin.fault(Fault::Hang, Lasts::Next(1));
    standin.clear_faults();
    accepted(&standin, &event()).await;
}

#[tokio::test]
async fn a_fault_may_concern_some_alerts_only() {
    let standin = standin().await;
    let inject = |status, lasts, keys: &[&str]| {
        let alert_keys = keys.iter().map(|key| (*key).to_owned()).collect();
        standin.inject(InjectedFault { fault: Fault::status(status), lasts, alert_keys, integration_keys: Vec::new() });
    };
    let push = async |key: &str| {
        let event = json!({"title_rule": "CPU", "event_status": "Info", "alert_key": key});
        push_to(&standin, "standard", &event).await.status().as_u16()
    };
    inject(500, Lasts::Standing, &["a", "b"]);
    inject(429, Lasts::Next(1), &["a"]);
    for (key, status) in [("c", 200), ("b", 500), ("a", 429), ("a", 500), ("b", 500), ("c", 200)] {
        assert_eq!(push(key).await, status, "{key}");
    }

    // The newest that concerns the push applies.
    inject(503, Lasts::Standing, &["b"]);
    inject(501, Lasts::Standing, &["a", "b"]);
    for (key, status) in [("a", 501), ("b", 501), ("c", 200)] {
        assert_eq!(push(key).await, status, "{key}");
    }
    inject(400, Lasts::Standing, &[]);
    assert_eq!(push("c").await, 400);
    standin.clear_faults();
    assert_eq!(push("a").await, 200);
}

#[tokio::test]
async fn a_fault_may_concern_one_integration_key_only() {
    let standin = standin().await;
    standin.set_keys([KEY, "other"]);
    let push = async |key: &str| {
        let request = client().post(standin.push_url("standard", key));
        request.json(&event()).send().await.unwrap().status().as_u16()
    };
    standin.fault_of("other", Fault::status(503), Lasts::Standing);
    standin.fault_of("other", Fault::status(500), Lasts::Next(1));
    for (key, status) in [(KEY, 200), ("other", 500), ("other", 503), (KEY, 200)] {
        assert_eq!(push(key).await, status, "{key}");
    }
    standin.fault_of(KEY, Fault::status(429), Lasts::Standing);
    standin.clear_faults_of("other");
    assert_eq!((push(KEY).await, push("other").await), (429, 200));
}

#[tokio::test]
async fn refusals_have_flashdutys_shape() {
    let standin = standin().await;
    for (status, code) in [
        (200, "InvalidParameter"),
        (400, "InvalidParameter"),
        (401, "Unauthorized"),
        (403, "AccessDenied"),
        (404, "RouteNotFound"),
        (429, "RequestTooFrequently"),
        (500, "InternalError"),
        (503, "InternalError"),
    ] {
        standin.fault(Fault::status(status), Lasts::Next(1));
        let answer = push_to(&standin, "standard", &event()).await;
        assert_eq!(answer.headers().get(RETRY_AFTER), None);
        assert_eq!(refusal(answer).await, (status, error(code, "injected fault")));
    }

    // Flashduty calls the status informational: every code may have every status.
    for code in ["RequestTooFrequently", "InternalError", "ServiceUnavailable", "RequestLocked", "NoLicense"] {
        for status in [200, 202, 302, 400, 403, 409, 503] {
            let fault = Fault::Refuse { status, code: Some(code.to_owned()), message: None, retry_after: None };
            standin.fault(fault, Lasts::Next(1));
            let answer = push_to(&standin, "standard", &event()).await;
            assert_eq!(refusal(answer).await, (status, error(code, "injected fault")));
        }
    }

    let fault = Fault::Refuse {
        status: 400,
        code: Some("NoLicense".to_owned()),
        message: Some("pay".to_owned()),
        retry_after: Some("2".to_owned()),
    };
    standin.fault(fault, Lasts::Next(1));
    let answer = push_to(&standin, "standard", &event()).await;
    assert_eq!(answer.headers()[RETRY_AFTER], "2");
    assert_eq!(refusal(answer).await, (400, error("NoLicense", "pay")));
    assert_eq!(standin.alerts(), []);
}

#[tokio::test]
async fn an_echo_repeats_the_whole_url() {
    let standin = standin().await;
    standin.fault(Fault::Echo, Lasts::Next(1));
    let answer = push_to(&standin, "standard", &event()).await;
    let message = format!("cannot process {}", standin.push_url("standard", KEY));
    assert_eq!(refusal(answer).await, (400, error("InvalidParameter", &message)));
}

#[tokio::test]
async fn garbage_is_answered_unchanged() {
    let standin = standin().await;
    let body = "<html>坏了".to_owned();
    let fault = Fault::Garbage { status: 202, body: body.clone() };
    standin.fault(fault, Lasts::Next(1));
    assert_eq!(push(&standin).await.unwrap(), (202, body));
    assert_eq!(standin.alerts(), []);
}

#[tokio::test]
async fn a_fault_that_is_not_valid_http_is_reported() {
    let standin = standin().await;
    standin.fault(Fault::status(7), Lasts::Next(1));
    let wanted = "the stand-in cannot answer like this: invalid status code".to_owned();
    assert_eq!(push(&standin).await.unwrap(), (500, wanted));
}

#[tokio::test]
async fn a_late_answer_is_late_but_the_push_is_accepted() {
    let standin = standin().await;
    standin.fault(Fault::Delay { millis: 300 }, Lasts::Next(1));
    let start = Instant::now();
    assert_eq!(push(&standin).await.unwrap().0, 200);
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert_eq!(standin.alerts().len(), 1);
}

#[tokio::test]
async fn a_cut_answer_breaks_off_but_the_push_is_accepted() {
    let standin = standin().await;
    standin.fault(Fault::Cut, Lasts::Next(1));
    let mut answer = push_to(&standin, "standard", &event()).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.chunk().await.unwrap().is_some());
    assert!(answer.chunk().await.is_err());
    assert_eq!(statuses(&standin), [Some(200)]);
    assert_eq!(standin.alerts().len(), 1);
}

#[tokio::test]
async fn a_closed_connection_is_no_answer() {
    let standin = standin().await;
    standin.fault(Fault::Close, Lasts::Next(1));
    let error = push(&standin).await.unwrap_err();
    assert!(error.is_request() && !error.is_connect(), "{error:?}");
    assert_eq!(statuses(&standin), [None]);
    assert_eq!(standin.alerts(), []);
}

#[tokio::test]
async fn a_hanging_push_is_never_answered() {
    let standin = standin().await;
    standin.fault(Fault::Hang, Lasts::Next(1));
    let request = client().post(standin.push_url("standard", KEY));
    let hanging = tokio::spawn(request.json(&event()).send());
    while standin.received().is_empty() {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!hanging.is_finished());
    assert_eq!(statuses(&standin), [None]);
    assert_eq!(standin.alerts(), []);
}

#[tokio::test]
async fn a_stand_in_that_was_shut_down_refuses_connections_until_another_one_starts() {
    let first = standin().await;
    first.fault(Fault::Hang, Lasts::Next(1));
    let (base_url, url) = (first.base_url(), first.push_url("standard", KEY));
    let client = client();
    let push = || client.post(&url).json(&event()).send();
    let hanging = tokio::spawn(push());
    while first.received().is_empty() {
        tokio::task::yield_now().await;
    }
    first.shutdown().await;
    let closed = tokio::time::timeout(Duration::from_secs(5), hanging);
    assert!(closed.await.unwrap().unwrap().is_err());
    assert!(push().await.unwrap_err().is_connect());

    let options = Options {
        port: base_url.rsplit_once(':').unwrap().1.parse().unwrap(),
        keys: vec![KEY.to_owned()],
        ..Options::default()
    };
    let second = Standin::start(options).await.unwrap();
    assert_eq!(push().await.unwrap().status(), 200);
    assert_eq!(second.connections(), 1);
}

#[tokio::test]
async fn dropping_it_stops_it() {
    let standin = standin().await;
    let url = standin.push_url("standard", KEY);
    drop(standin);
    let stopped = async {
        while client().post(&url).send().await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), stopped).await.unwrap();
}

#[tokio::test]
async fn connections_are_counted() {
    let standin = standin().await;
    for connections in 1..=3 {
        push(&standin).await.unwrap();
        assert_eq!(standin.connections(), connections);
    }
}

#[tokio::test]
async fn a_fault_does_not_hide_what_is_wrong_with_an_event() {
    let standin = standin().await;
    let event = json!({"event_status": "Ok"});
    for fault in [Fault::status(503), Fault::Echo, Fault::Garbage { status: 502, body: "<html>".to_owned() }] {
        standin.fault(fault, Lasts::Next(1));
        push_to(&standin, "standard", &event).await;
    }
    standin.set_rate_limit(Some(RateLimit { per_minute: 0, ..RateLimit::default() }));
    push_to(&standin, "standard", &event).await;
    let broken = ["title_rule is required", "alert_key is required"].map(str::to_owned);
    for request in standin.received() {
        assert!(request.violations.ends_with(&broken), "{request:?}");
    }
    // A valid event has no violations.
    standin.set_rate_limit(None);
    standin.fault(Fault::status(503), Lasts::Next(1));
    push(&standin).await.unwrap();
    assert!(standin.received().pop().unwrap().violations.is_empty());
}
