//! Alerts open, change, close and open again.

use serde_json::{Value, json};

use crate::{accepted, standin};

fn event(status: &str, title: &str, description: &str, id: &str) -> Value {
    json!({
        "title_rule": title,
        "event_status": status,
        "alert_key": "k",
        "description": description,
        "labels": {"id": id},
    })
}

fn entry(status: &str, title: &str, description: &str) -> Value {
    json!({"status": status, "title": title, "description": description})
}

#[tokio::test]
async fn an_alert_opens_changes_and_closes() {
    let standin = standin().await;
    accepted(&standin, &event("Warning", "[TPL]CPU ${id}", "80%", "1")).await;
    accepted(&standin, &event("Critical", "CPU", "95%", "2")).await;
    let mut wanted = json!({
        "alert_key": "k",
        "title": "CPU",
        "severity": "Critical",
        "open": true,
        "labels": {"id": "2"},
        "description": "95%",
        "history": [entry("Warning", "CPU 1", "80%"), entry("Critical", "CPU", "95%")],
    });
    assert_eq!(json!(standin.alerts()), json!([wanted]));

    accepted(&standin, &event("Ok", "CPU", "20%", "3")).await;
    wanted["open"] = json!(false);
    wanted["labels"]["id"] = json!("3");
    wanted["description"] = json!("20%");
    let history = wanted["history"].as_array_mut().unwrap();
    history.push(entry("Ok", "CPU", "20%"));
    assert_eq!(json!(standin.alerts()), json!([wanted]));
}

#[tokio::test]
async fn a_repeated_event_only_updates_labels() {
    let standin = standin().await;
    let repeated = [
        event("Info", "CPU", "80%", "1"),
        event("Info", "CPU", "80%", "2"),
        event("Info", "CPU", "81%", "3"),
        event("Info", "RAM", "81%", "4"),
        event("Warning", "RAM", "81%", "5"),
        event("Info", "CPU", "80%", "6"),
    ];
    for event in &repeated {
        accepted(&standin, event).await;
    }
    let history = [
        entry("Info", "CPU", "80%"),
        entry("Info", "CPU", "81%"),
        entry("Info", "RAM", "81%"),
        entry("Warning", "RAM", "81%"),
        entry("Info", "CPU", "80%"),
    ];
    let alerts = json!(standin.alerts());
    assert_eq!(alerts[0]["history"], json!(history));
    assert_eq!(alerts[0]["labels"], json!({"id": "6"}));

    accepted(&standin, &event("Info", "CPU", "80%", "7")).await;
    let alerts = json!(standin.alerts());
    assert_eq!(alerts[0]["history"], json!(history));
    assert_eq!(alerts[0]["labels"], json!({"id": "7"}));
}

#[tokio::test]
async fn a_trigger_after_the_close_opens_a_new_alert() {
    let standin = standin().await;
    for (status, description) in [("Warning", "first"), ("Ok", "first over"), ("Info", "second")] {
        accepted(&standin, &event(status, "CPU", description, "1")).await;
    }
    let shown: Vec<_> =
        standin.alerts().into_iter().map(|alert| (alert.alert_key, alert.open, alert.description)).collect();
    let wanted = [(true, "second"), (false, "first over")]
        .map(|(open, description)| ("k".to_owned(), open, description.to_owned()));
    assert_eq!(shown, wanted);
}

#[tokio::test]
async fn an_ok_without_an_open_alert_leaves_no_trace() {
    let standin = standin().await;
    let ok = event("Ok", "CPU", "", "1");
    assert_eq!(accepted(&standin, &ok).await, "k");
    assert_eq!(standin.alerts(), []);

    accepted(&standin, &event("Info", "CPU", "", "1")).await;
    accepted(&standin, &ok).await;
    let closed = standin.alerts();
    accepted(&standin, &event("Ok", "CPU", "again", "2")).await;
    assert_eq!(standin.alerts(), closed);
}

#[tokio::test]
async fn every_event_without_a_key_is_an_alert_of_its_own() {
    let standin = standin().await;
    let event = json!({"title_rule": "CPU", "event_status": "Info"});
    let first = accepted(&standin, &event).await;
    let second = accepted(&standin, &event).await;
    assert_ne!(first, second);
    let keys: Vec<_> = standin.alerts().into_iter().map(|alert| alert.alert_key).collect();
    assert_eq!(keys, [second, first]);
}
