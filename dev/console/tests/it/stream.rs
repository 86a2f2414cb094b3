//! Tests of the server-sent events.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{TestConsole, error, sample, to_channel};

/// An open stream.
pub(crate) struct Stream {
    response: Response,
    text: String,
    /// The first event of each name.
    pub(crate) first: Value,
}

impl Stream {
    /// Connects, and reads the first event of each name.
    pub(crate) async fn open(console: &TestConsole) -> Self {
        let response = console.get("/api/stream").await;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut stream = Self { response, text: String::new(), first: json!({}) };
        for name in ["cleared", "alerts", "faults", "stack", "setup", "traffic", "refused"] {
            let (received, data) = stream.event().await;
            assert_eq!(received, name);
            stream.first[name] = data;
        }
        stream
    }

    /// The next event: its name and its data.
    pub(crate) async fn event(&mut self) -> (String, Value) {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let line = |prefix: &str| event.lines().find_map(|line| line.strip_prefix(prefix));
                match line("event: ").zip(line("data: ")) {
                    Some((name, data)) => return (name.to_owned(), serde_json::from_str(data).unwrap()),
                    // A comment that keeps the connection open.
                    None => continue,
                }
            }
            let chunk = self.response.chunk().await.unwrap().unwrap();
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The data of the next event with a name. Panics if it takes longer than 20 seconds.
    pub(crate) async fn next(&mut self, name: &str) -> Value {
        let next = async {
            loop {
                let (received, data) = self.event().await;
                if received == name {
                    return data;
                }
            }
        };
        timeout(Duration::from_secs(20), next).await.unwrap()
    }
}

fn event(key: &str, status: &str) -> Value {
    json!({
        "title_rule": "[TPL]${resource} is full",
        "event_status": status,
        "alert_key": key,
        "labels": {"resource": format!("<b>{key}</b>")},
    })
}

/// The id of each alert, and whether it is open.
fn ids(alerts: &Value) -> Vec<(u64, bool)> {
    let id = |alert: &Value| (alert["id"].as_u64().unwrap(), alert["open"].as_bool().unwrap());
    alerts.as_array().unwrap().iter().map(id).collect()
}

#[tokio::test]
async fn a_stream_starts_with_the_whole_state() {
    let console = TestConsole::new().await;
    let stream = Stream::open(&console).await;
    assert_eq!(stream.first["cleared"], json!({}));
    assert_eq!(stream.first["alerts"], json!([]));
    assert_eq!(stream.first["stack"], json!({"ready": false, "webhook_url": null, "channels": []}));
    assert_eq!(stream.first["refused"], json!([]));

    console.push(&event("a", "Warning")).await;
    console.push(&event("b", "Critical")).await;
    console.push(&event("a", "Warning")).await;
    console.push(&json!({"title_rule": "wrong", "event_status": "Ok"})).await;
    let first = Stream::open(&console).await.first;
    // The alert that changed last comes first.
    assert_eq!(ids(&first["alerts"]), [(1, true), (2, true)]);
    let alert = &first["alerts"][0];
    let (opened_at, updated_at) = (&alert["opened_at"], &alert["updated_at"]);
    assert!(updated_at.as_u64().unwrap() >= opened_at.as_u64().unwrap());
    let wanted = json!({
        "id": 1,
        "alert_key": "a",
        "title": "<b>a</b> is full",
        "severity": "Warning",
        "open": true,
        "resource": "<b>a</b>",
        "channel": null,
        "opened_at": opened_at,
        "updated_at": updated_at,
        "closed_at": null,
        "events": 2,
    });
    assert_eq!(alert, &wanted);
    let refused = &first["refused"][0];
    let wanted = json!({
        "at": refused["at"],
        "status": 400,
        "title": "wrong",
        "channel": null,
        "violations": ["alert_key is required"],
        "fault": false,
    });
    assert_eq!(refused, &wanted);
}

#[tokio::test]
async fn a_stream_sends_changes() {
    let console = TestConsole::new().await;
    let mut stream = Stream::open(&console).await;
    console.push(&event("a", "Warning")).await;
    assert_eq!(ids(&stream.next("alerts").await), [(1, true)]);
    console.push(&event("b", "Warning")).await;
    assert_eq!(ids(&stream.next("alerts").await), [(2, true)]);
    console.push(&event("a", "Ok")).await;
    let closed = stream.next("alerts").await;
    assert_eq!(ids(&closed), [(1, false)]);
    assert_eq!(closed[0]["closed_at"], closed[0]["updated_at"]);

    // An event that only updates labels is a change too.
    console.push(&event("b", "Warning")).await;
    assert_eq!(stream.next("alerts").await[0]["events"], 2);

    console.set_faults(json!({"fault": "unavailable"})).await;
    console.push(&event("c", "Warning")).await;
    let refused = stream.next("refused").await;
    let wanted = json!([{
        "at": refused[0]["at"],
        "status": null,
        "title": "<b>c</b> is full",
        "channel": null,
        "violations": [],
        "fault": true,
    }]);
    assert_eq!(refused, wanted);
}

#[tokio::test]
async fn changes_are_sent_together() {
    let console = TestConsole::new().await;
    let mut stream = Stream::open(&console).await;
    for key in ["a", "b", "a", "c"] {
        console.push(&event(key, "Warning")).await;
    }
    let mut alerts = ids(&stream.next("alerts").await);
    // On a busy machine they may come in two events.
    while alerts.len() < 3 {
        alerts.splice(0..0, ids(&stream.next("alerts").await));
    }
    assert_eq!(alerts, [(3, true), (1, true), (2, true)]);
}

#[tokio::test]
async fn a_stream_sends_that_the_alerts_were_deleted() {
    let console = TestConsole::new().await;
    console.push(&event("a", "Warning")).await;
    console.push(&json!({})).await;
    let mut stream = Stream::open(&console).await;
    let answer = console.request(Method::DELETE, "/api/alerts").send().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(stream.next("cleared").await, json!({}));
    assert_eq!(stream.next("alerts").await, json!([]));
    let first = Stream::open(&console).await.first;
    assert_eq!((&first["alerts"], &first["refused"]), (&json!([]), &json!([])));

    // A new alert does not get the id of an alert that a page may still show.
    console.push(&event("a", "Warning")).await;
    assert_eq!(ids(&stream.next("alerts").await), [(2, true)]);
    assert_eq!(console.get("/api/alerts/1").await.status(), 404);

    // Deleting the alerts at the stand-in has the same effect.
    let url = format!("{}/standin/alerts", console.server.standin().base_url());
    console.client.delete(url).send().await.unwrap();
    assert_eq!(stream.next("cleared").await, json!({}));
}

#[tokio::test]
async fn a_stream_sends_every_alert() {
    let console = TestConsole::new().await;
    for n in 1..=1_000 {
        console.push(&event(&format!("k{n}"), "Warning")).await;
    }
    // An alert that was closed is sent once, as closed.
    console.push(&event("k2", "Ok")).await;
    let mut stream = Stream::open(&console).await;
    let open = |id: u64| (id, true);
    let first: Vec<_> = (1..=501).rev().filter(|id| *id != 2).map(open).collect();
    assert_eq!(ids(&stream.first["alerts"]), first);
    let rest: Vec<_> = [(2, false)].into_iter().chain((502..=1_000).rev().map(open)).collect();
    assert_eq!(ids(&stream.next("alerts").await), rest);
    console.push(&event("k1", "Ok")).await;
    assert_eq!(ids(&stream.next("alerts").await), [(1, false)]);
}

#[tokio::test]
async fn only_the_last_refused_pushes_are_kept() {
    let console = TestConsole::new().await;
    for n in 0..60 {
        console.push(&json!({"title_rule": format!("t{n}")})).await;
    }
    let first = Stream::open(&console).await.first;
    let titles: Vec<_> = first["refused"].as_array().unwrap().iter().map(|it| it["title"].clone()).collect();
    assert_eq!(titles, (10..60).map(|n| json!(format!("t{n}"))).collect::<Vec<_>>());
}

#[tokio::test]
async fn alerts_and_refused_pushes_name_their_channel() {
    let console = TestConsole::new().await;
    let mut stream = Stream::open(&console).await;
    console.push_translated(sample("alarm").as_bytes(), &to_channel("database")).await;
    assert_eq!(stream.next("alerts").await[0]["channel"], "database");
    console.set_faults(json!({"fault": "refuse"})).await;
    let labels = json!({"channel": "database"});
    console.push(&json!({"title_rule": "t", "event_status": "Info", "alert_key": "k", "labels": labels})).await;
    assert_eq!(stream.next("refused").await[0]["channel"], "database");
}

#[tokio::test]
async fn the_stack_is_sent_with_the_names_of_its_channels() {
    let console = TestConsole::new().await;
    let mut stream = Stream::open(&console).await;
    let url = "http://127.0.0.1:4566/_aws/execute-api/a1/zstack";
    console.report_stack(url).await;
    let wanted = json!({"ready": true, "webhook_url": url, "channels": ["database"]});
    assert_eq!(stream.next("stack").await, wanted);
    for channel in [json!({"name": "a/b", "integration_key": "k"}), json!({"name": "a"}), json!("a")] {
        let stack = json!({"webhook_url": url, "token": "t", "channels": [channel]});
        assert_eq!(error("InvalidRequest", console.send(Method::PUT, "/api/stack", &stack).await), 422, "{stack}");
    }
}

#[tokio::test]
async fn the_stack_is_sent_without_its_token() {
    let console = TestConsole::new().await;
    let mut stream = Stream::open(&console).await;
    let url = "http://127.0.0.1:4566/_aws/execute-api/a1/zstack";
    console.send_ok(Method::PUT, "/api/stack", &json!({"webhook_url": url, "token": "t"})).await;
    assert_eq!(stream.next("stack").await, json!({"ready": true, "webhook_url": url, "channels": []}));
    console.send_ok(Method::PUT, "/api/stack", &json!({"webhook_url": null, "token": null})).await;
    assert_eq!(stream.next("stack").await, json!({"ready": false, "webhook_url": null, "channels": []}));
    for url in ["ftp://127.0.0.1/", "http://127.0.0.1/?token=t", "http://u:t@127.0.0.1/", "zstack"] {
        let (status, _) = console.send(Method::PUT, "/api/stack", &json!({"webhook_url": url, "token": "t"})).await;
        assert_eq!(status, 422, "{url}");
    }
}

#[tokio::test]
async fn traffic_is_counted_per_second() {
    let console = TestConsole::new().await;
    let mut stream = Stream::open(&console).await;
    console.report_arrival(1, "", br#"{"ALARM_NAME": "a"}"#).await;
    console.report_arrival(1, "", br#"[{"ALARM_NAME": "a"}, {"ALARM_NAME": "b"}]"#).await;
    console.report_arrival(1, "", b"").await;
    console.push(&event("a", "Warning")).await;
    console.push(&event("b", "Warning")).await;
    console.push(&json!({})).await;
    console.send_ok(Method::POST, "/api/queues", &json!({"queued": 7, "dead": 1})).await;

    let sum = |points: &[Value], name: &str| points.iter().map(|point| point[name].as_u64().unwrap()).sum::<u64>();
    let mut points = Vec::new();
    while sum(&points, "queued") == 0 {
        points.extend(stream.next("traffic").await.as_array().unwrap().clone());
    }
    for (name, wanted) in [("arrived", 4), ("delivered", 2), ("refused", 1)] {
        assert_eq!(sum(&points, name), wanted, "{name} {points:?}");
    }
    // A queue keeps its length until another length is reported.
    let next = stream.next("traffic").await[0].clone();
    let wanted = json!({"at": next["at"], "arrived": 0, "delivered": 0, "refused": 0, "queued": 7, "dead": 1});
    assert_eq!(next, wanted);
    let times: Vec<_> = points.iter().chain([&next]).map(|point| point["at"].as_u64().unwrap()).collect();
    assert!(times.windows(2).all(|pair| pair[1] == pair[0] + 1000), "{times:?}");
    assert!(times.iter().all(|at| at % 1000 == 0), "{times:?}");
    // A later stream starts with the past seconds.
    let first = Stream::open(&console).await.first;
    assert_eq!(sum(first["traffic"].as_array().unwrap(), "delivered"), 2);
}
