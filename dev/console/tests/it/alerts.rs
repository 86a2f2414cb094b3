//! Tests of an alert with its history.

use serde_json::{Value, json};
use zstack_flashduty::translate::Context;

use crate::{TestConsole, error, read, sample, sample_with};

fn event(status: &str, description: &str, labels: &Value) -> Value {
    json!({
        "title_rule": "[TPL]${resource}",
        "event_status": status,
        "alert_key": "k",
        "description": description,
        "labels": labels,
    })
}

fn change(field: &str, before: &Value, after: &Value) -> Value {
    json!({"field": field, "before": before, "after": after})
}

#[tokio::test]
async fn a_history_says_what_changed() {
    let console = TestConsole::new().await;
    let events = [
        event("Warning", "80%", &json!({"resource": "web-01", "id": "1", "old": "x"})),
        event("Warning", "80%", &json!({"resource": "web-01", "id": "2", "old": "x"})),
        event("Warning", "80%", &json!({"resource": "web-01", "id": "3", "old": "x"})),
        event("Critical", "95%", &json!({"resource": "web-02", "id": "4", "new": "y"})),
        event("Ok", "", &json!({"resource": "web-02", "id": "4", "new": "y"})),
    ];
    for event in &events {
        assert_eq!(console.push(event).await, Some(200));
    }
    let alert = console.alert(1).await;
    let history = alert["history"].as_array().unwrap();
    let times: Vec<_> =
        history.iter().flat_map(|entry| [&entry["at"], &entry["last_at"]]).map(|at| at.as_u64().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    let entry = |at: usize, last: usize, title: &str, changed: Value| {
        let mut entry = json!({
            "at": times[2 * at],
            "last_at": times[2 * at + 1],
            "status": events[last]["event_status"],
            "title": title,
            "description": events[last]["description"],
            "labels": events[last]["labels"],
            "changed": changed,
            "event": events[last],
            "message": null,
            "cut": [],
        });
        entry["repeats"] = json!(if at == 0 { 2 } else { 0 });
        entry
    };
    let worse = json!([
        change("event_status", &json!("Warning"), &json!("Critical")),
        change("title", &json!("web-01"), &json!("web-02")),
        change("description", &json!("80%"), &json!("95%")),
        change("labels.id", &json!("3"), &json!("4")),
        change("labels.new", &json!(null), &json!("y")),
        change("labels.old", &json!("x"), &json!(null)),
        change("labels.resource", &json!("web-01"), &json!("web-02")),
    ]);
    let over = json!([
        change("event_status", &json!("Critical"), &json!("Ok")),
        change("description", &json!("95%"), &json!(null)),
    ]);
    let wanted = json!({
        "id": 1,
        "alert_key": "k",
        "title": "web-02",
        "severity": "Critical",
        "open": false,
        "resource": "web-02",
        "channel": null,
        "opened_at": times[0],
        "updated_at": times[5],
        "closed_at": times[5],
        "events": 5,
        "forgotten": 0,
        "history": [entry(0, 2, "web-01", json!([])), entry(1, 3, "web-02", worse), entry(2, 4, "web-02", over)],
    });
    assert_eq!(alert, wanted);
}

#[tokio::test]
async fn a_history_says_how_many_entries_are_no_longer_kept() {
    let console = TestConsole::new().await;
    for n in 0..150 {
        assert_eq!(console.push(&event("Warning", &format!("{n}{}", "d".repeat(2_000)), &json!({}))).await, Some(200));
    }
    let alert = console.alert(1).await;
    let history = alert["history"].as_array().unwrap();
    let forgotten = alert["forgotten"].as_u64().unwrap();
    assert_eq!((forgotten > 0, forgotten + history.len() as u64, &alert["events"]), (true, 150, &json!(150)));
    // The first entry has no changes, because the entry before it is no longer kept.
    assert_eq!((&history[0]["changed"], history[1]["changed"].as_array().unwrap().len()), (&json!([]), 1));
}

#[tokio::test]
async fn an_alarm_and_its_recovery_are_one_alert() {
    let console = TestConsole::new().await;
    console.push_translated(sample("alarm").as_bytes(), &Context::default()).await;
    console
        .push_translated(sample_with("alarm", &json!({"ALARM_DATA_UUID": "2"})).as_bytes(), &Context::default())
        .await;
    console.push_translated(sample("alarm-recovery").as_bytes(), &Context::default()).await;
    let alert = console.alert(1).await;
    assert_eq!((&alert["open"], &alert["events"], &alert["severity"]), (&json!(false), &json!(3), &json!("Critical")));
    let history = alert["history"].as_array().unwrap();
    assert_eq!(history.len(), 2);
    assert_eq!((&history[0]["repeats"], &history[0]["labels"]["data_id"]), (&json!(1), &json!("2")));
    assert_eq!(history[1]["changed"][0], change("event_status", &json!("Critical"), &json!("Ok")));
}

#[tokio::test]
async fn an_unknown_alert_is_not_found() {
    let console = TestConsole::new().await;
    for id in ["1", "0", "-1", "one", "99999999999999999999999"] {
        assert_eq!(error("NoAlert", read(console.get(&format!("/api/alerts/{id}")).await).await), 404, "{id}");
    }
}

#[tokio::test]
async fn markup_is_text() {
    let console = TestConsole::new().await;
    let name = r#"<img src=x onerror="alert(1)"> </script> & 'quoted'"#;
    let message = sample_with("alarm", &json!({"ALARM_RESOURCE_NAME": name}));
    console.push_translated(message.as_bytes(), &Context::default()).await;
    let answer = console.get("/api/alerts/1").await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    let alert: Value = answer.json().await.unwrap();
    assert_eq!(alert["resource"], name);
    assert_eq!(alert["title"], format!("{name} / VM CPU usage"));
    assert_eq!(alert["history"][0]["event"]["labels"]["resource"], name);
}

#[tokio::test]
async fn an_event_is_shown_in_the_order_it_was_pushed() {
    let console = TestConsole::new().await;
    console.push_translated(sample("alarm").as_bytes(), &Context::default()).await;
    let text = console.get("/api/alerts/1").await.text().await.unwrap();
    assert!(
        text.contains(r#""event":{"title_rule":"[TPL]${resource} / ${check}","event_status":"Critical","#),
        "{text}"
    );
}
