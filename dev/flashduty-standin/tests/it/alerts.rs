//! How events open, change and close alerts.

use flashduty_standin::{Alert, Options, Standin};
use serde_json::{Value, json};

use crate::{KEY, accepted, client, standin};

fn event(status: &str, title: &str, description: &str, id: &str) -> Value {
    json!({
        "title_rule": title,
        "event_status": status,
        "alert_key": "k",
        "description": description,
        "labels": {"id": id},
    })
}

/// The history's entry of an event that was repeated this many times.
fn entry(event: &Value, title: &str, repeats: u64) -> Value {
    json!({
        "status": event["event_status"],
        "title": title,
        "description": event["description"],
        "labels": event["labels"],
        "repeats": repeats,
        "event": event,
    })
}

/// An alert as JSON without its times. The times are checked here.
#[track_caller]
fn without_times(alert: &Alert) -> Value {
    let times: Vec<_> = alert.history.iter().flat_map(|entry| [entry.at, entry.last_at]).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!(times[0] > 1_700_000_000_000, "{times:?}");
    assert_eq!(alert.opened_at, times[0]);
    assert_eq!(alert.updated_at, times[times.len() - 1]);
    assert_eq!(alert.closed_at, (!alert.open).then_some(alert.updated_at));
    let mut alert = json!(alert);
    for name in ["opened_at", "updated_at", "closed_at"] {
        alert.as_object_mut().unwrap().remove(name).unwrap();
    }
    for entry in alert["history"].as_array_mut().unwrap() {
        for name in ["at", "last_at"] {
            entry.as_object_mut().unwrap().remove(name).unwrap();
        }
    }
    alert
}

/// The history of the newest alert.
fn history(standin: &Standin) -> Value {
    without_times(&standin.alerts()[0])["history"].take()
}

#[tokio::test]
async fn an_alert_opens_changes_and_closes() {
    let standin = standin().await;
    let opens = event("Warning", "[TPL]CPU ${id}", "80%", "1");
    let changes = event("Critical", "CPU", "95%", "2");
    accepted(&standin, &opens).await;
    accepted(&standin, &changes).await;
    let mut wanted = json!({
        "id": 1,
        "alert_key": "k",
        "title": "CPU",
        "severity": "Critical",
        "open": true,
        "labels": {"id": "2"},
        "description": "95%",
        "events": 2,
        "history": [entry(&opens, "CPU 1", 0), entry(&changes, "CPU", 0)],
        "forgotten": 0,
    });
    assert_eq!(standin.alerts().iter().map(without_times).collect::<Vec<_>>(), [wanted.clone()]);

    // The new label is added, and the labels of the problem are kept.
    let mut closes = event("Ok", "CPU", "20%", "3");
    closes["labels"]["delayed"] = json!("12m");
    accepted(&standin, &closes).await;
    wanted["open"] = json!(false);
    wanted["labels"]["delayed"] = json!("12m");
    wanted["description"] = json!("20%");
    wanted["events"] = json!(3);
    wanted["history"].as_array_mut().unwrap().push(entry(&closes, "CPU", 0));
    assert_eq!(standin.alerts().iter().map(without_times).collect::<Vec<_>>(), [wanted]);
}

#[tokio::test]
async fn a_repeated_event_only_updates_labels() {
    let standin = standin().await;
    let pushed = [
        event("Info", "CPU", "80%", "1"),
        event("Info", "CPU", "80%", "2"),
        event("Info", "CPU", "81%", "3"),
        event("Info", "RAM", "81%", "4"),
        event("Warning", "RAM", "81%", "5"),
        event("Info", "CPU", "80%", "6"),
        event("Info", "CPU", "80%", "7"),
        event("Info", "CPU", "80%", "8"),
    ];
    for event in &pushed[..6] {
        accepted(&standin, event).await;
    }
    let mut wanted = json!([
        entry(&pushed[1], "CPU", 1),
        entry(&pushed[2], "CPU", 0),
        entry(&pushed[3], "RAM", 0),
        entry(&pushed[4], "RAM", 0),
        entry(&pushed[5], "CPU", 0),
    ]);
    assert_eq!(history(&standin), wanted);

    for event in &pushed[6..] {
        accepted(&standin, event).await;
    }
    wanted[4] = entry(&pushed[7], "CPU", 2);
    assert_eq!(history(&standin), wanted);
    let [alert] = &standin.alerts()[..] else { panic!("not one alert") };
    assert_eq!((alert.events, &alert.labels["id"]), (8, &"8".to_owned()));
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

/// A stand-in that keeps about this many bytes.
async fn with_memory(memory: usize) -> Standin {
    let options = Options { keys: vec![KEY.to_owned()], rate_limit: None, memory: Some(memory), ..Options::default() };
    Standin::start(options).await.unwrap()
}

/// The keys of all alerts, the last opened first.
fn keys(standin: &Standin) -> Vec<String> {
    standin.look(|alerts| alerts.newest_first().map(|alert| alert.alert_key.clone()).collect())
}

fn keyed(key: &str, status: &str, description: &str) -> Value {
    json!({"title_rule": "t", "event_status": status, "alert_key": key, "description": description})
}

#[tokio::test]
async fn alerts_over_the_memory_limit_are_dropped_closed_ones_first() {
    // About four events.
    let standin = with_memory(4_000).await;
    for (key, status) in [("a", "Info"), ("b", "Info"), ("b", "Ok"), ("c", "Info")] {
        accepted(&standin, &keyed(key, status, status)).await;
    }
    assert_eq!(keys(&standin), ["c", "b", "a"]);
    for (key, wanted) in [("d", ["d", "c", "b", "a"]), ("e", ["e", "d", "c", "a"]), ("f", ["f", "e", "d", "c"])] {
        accepted(&standin, &keyed(key, "Info", "Info")).await;
        assert_eq!(keys(&standin), wanted);
    }
    // The seven requests are limited as well.
    assert!((2..5).contains(&standin.received().len()), "{}", standin.received().len());
    // The alert was dropped, so this closes nothing.
    accepted(&standin, &keyed("a", "Ok", "Ok")).await;
    assert_eq!(keys(&standin), ["f", "e", "d", "c"]);
}

#[tokio::test]
async fn an_alert_that_changes_often_displaces_no_other() {
    let standin = with_memory(400_000).await;
    accepted(&standin, &keyed("quiet", "Info", "")).await;
    let client = client();
    for n in 0..300 {
        let event = keyed("loud", "Warning", &n.to_string());
        client.post(standin.push_url("standard", KEY)).json(&event).send().await.unwrap();
    }
    let alerts = standin.alerts();
    assert_eq!(keys(&standin), ["loud", "quiet"]);
    assert_eq!(alerts[0].events, 300);
    assert_eq!(alerts[0].history.last().unwrap().description, "299");
    assert!((2..10).contains(&alerts[0].history.len()), "{}", alerts[0].history.len());
    // The number of dropped entries is shown.
    assert_eq!(alerts[0].forgotten, 300 - alerts[0].history.len());
    assert_eq!(alerts[1].forgotten, 0);
}

#[tokio::test]
async fn changes_are_numbered() {
    let standin = standin().await;
    for key in ["a", "b", "a", "c"] {
        accepted(&standin, &keyed(key, "Info", "")).await;
    }
    accepted(&standin, &keyed("nobody", "Ok", "")).await;
    let changed_after = |change| {
        let changed = |alerts: &flashduty_standin::Alerts| {
            alerts.changed_after(change).map(|(change, alert)| (change, alert.alert_key.clone())).collect::<Vec<_>>()
        };
        standin.look(changed)
    };
    let all = [(2, "b"), (3, "a"), (4, "c")].map(|(change, key)| (change, key.to_owned()));
    assert_eq!(changed_after(0), all);
    assert_eq!(changed_after(3), all[2..]);
    assert_eq!(changed_after(4), []);

    standin.clear();
    let looked = standin.look(|alerts| (alerts.cleared(), alerts.last_change(), alerts.get(1).is_none()));
    assert_eq!(looked, (1, 4, true));
    accepted(&standin, &keyed("a", "Info", "")).await;
    assert_eq!(changed_after(4), [(5, "a".to_owned())]);
    assert_eq!(standin.look(|alerts| alerts.get(4).map(|alert| alert.alert_key.clone())), Some("a".to_owned()));
}
