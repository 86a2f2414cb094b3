//! Which requests ZStack sent again, and which only look alike. A repeated message with an id is queued once.

use flashduty_standin::Lasts;
use serde_json::json;

use crate::support::journey::{Journey, busy};
use crate::support::{TOKEN, alarm, post, sample, with_credential};

/// An alarm of this resource, with this `ALARM_DATA_UUID` or without one.
fn message(resource: &str, status: &str, id: Option<&str>) -> String {
    alarm(&json!({"ALARM_RESOURCE_ID": resource, "ALARM_CURRENT_STATUS": status, "ALARM_DATA_UUID": id}))
}

/// Sends these bodies one after another, each with its query string, while Flashduty is busy. Returns how many letters
/// are in the retry queue then.
async fn queued(kind: &str, requests: &[(&str, String)]) -> usize {
    let mut journey = Journey::to(kind).await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    for (query, body) in requests {
        let event = with_credential(post(body.clone()), None, &format!("{query}&token={TOKEN}"));
        assert_eq!(journey.send(&event).await.0, 202, "{body}");
    }
    let queued = journey.queued().len();
    journey.end();
    queued
}

#[tokio::test]
async fn different_messages_are_queued_separately() {
    let list = |items: &[&str]| format!("[{}]", items.join(","));
    let [a, b] = ["a", "b"].map(|resource| message(resource, "Alarm", Some("data-1")));
    let recovery = message("a", "OK", Some("data-2"));
    let look = r#""look!""#;
    for (kind, requests) in [
        ("zstack", vec![("", list(&[look, &a])), ("", list(&[look, &b]))]),
        ("zstack", vec![("", list(&[look, &a])), ("", list(&[look, &recovery]))]),
        ("zstack", vec![("cloud=beijing", a.clone()), ("cloud=shanghai", a.clone())]),
        ("zstack", vec![("zone=1", a.clone()), ("zone=2", a.clone())]),
        ("standard", vec![("cloud=beijing", "disk full".to_owned()), ("cloud=shanghai", "disk full".to_owned())]),
        ("standard", vec![("zone=1", "disk full".to_owned()), ("zone=2", "disk full".to_owned())]),
        ("standard", vec![("", a.clone()), ("", a.replace("VM CPU usage", "another name"))]),
        (
            "standard",
            vec![
                ("", format!(r#"{{"title":"1","sections":[{a}]}}"#)),
                ("", format!(r#"{{"title":"2","sections":[{a}]}}"#)),
            ],
        ),
    ] {
        assert_eq!(queued(kind, &requests).await, requests.len(), "{kind}: {requests:?}");
    }
}

/// A trigger, its recovery and an equal trigger again, within five minutes.
#[tokio::test]
async fn an_equal_alarm_without_an_id_is_queued_again_after_its_recovery() {
    let [trigger, recovery] = ["Alarm", "OK"].map(|status| message("a", status, None));
    for kind in ["standard", "zstack"] {
        for wrap in [|it: &str| it.to_owned(), |it: &str| format!(r#"["look!",{it}]"#)] {
            let requests = [&trigger, &recovery, &trigger].map(|it| ("", wrap(it)));
            // The messages of a list are queued separately.
            let messages = if kind == "standard" && requests[0].1.starts_with('[') { 2 } else { 1 };
            assert_eq!(queued(kind, &requests).await, 3 * messages, "{kind}: {requests:?}");
        }
    }
}

#[tokio::test]
async fn zstacks_five_attempts_are_queued_once() {
    let alarm = message("a", "Alarm", Some("data-1"));
    for kind in ["standard", "zstack"] {
        let tries: [_; 5] = std::array::from_fn(|_| ("cloud=beijing", alarm.clone()));
        assert_eq!(queued(kind, &tries).await, 1, "{kind}");
    }
}

/// A person may have closed its alert since.
#[tokio::test]
async fn a_text_that_comes_again_is_queued_again() {
    let tries: [_; 2] = std::array::from_fn(|_| ("cloud=beijing", "disk full".to_owned()));
    assert_eq!(queued("standard", &tries).await, 2);
}

#[tokio::test]
async fn a_recovery_and_the_next_alarm_do_not_count_as_attempts_of_an_alarm() {
    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    for _ in 0..5 {
        assert_eq!(journey.send(&sample("alarm")).await.0, 202);
    }
    assert_eq!(journey.queued().len(), 1);
    // A recovery is another message, even with the same id. So is the next alarm of the same rule and resource.
    assert_eq!(journey.send(&post(alarm(&json!({"ALARM_CURRENT_STATUS": "OK"})))).await.0, 202);
    assert_eq!(journey.send(&post(alarm(&json!({"ALARM_DATA_UUID": "another"})))).await.0, 202);
    assert_eq!(journey.queued().len(), 3);
    journey.end();
}
