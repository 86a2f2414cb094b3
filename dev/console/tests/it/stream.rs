//! Server-sent events.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::World;

/// A page that listens.
pub struct Stream {
    response: Response,
    text: String,
    /// What it was told on connecting, by name.
    pub first: Value,
}

impl Stream {
    /// Connects, and reads the first of each kind.
    pub async fn of(world: &World) -> Self {
        let response = world.get("/api/stream").await;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut stream = Self { response, text: String::new(), first: json!({}) };
        for name in ["cleared", "alerts", "weather", "stack", "traffic", "refused"] {
            let (told, data) = stream.event().await;
            assert_eq!(told, name);
            stream.first[name] = data;
        }
        stream
    }

    /// The next event, which must come soon.
    pub async fn event(&mut self) -> (String, Value) {
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

    /// The data of the next event of a name, which must come soon.
    pub async fn next(&mut self, name: &str) -> Value {
        let next = async {
            loop {
                let (told, data) = self.event().await;
                if told == name {
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

/// Ids and whether they are open, in the order they were told.
fn told(alerts: &Value) -> Vec<(u64, bool)> {
    let told = |alert: &Value| (alert["id"].as_u64().unwrap(), alert["open"].as_bool().unwrap());
    alerts.as_array().unwrap().iter().map(told).collect()
}

#[tokio::test]
async fn a_page_is_told_the_whole_state_first() {
    let world = World::new().await;
    let stream = Stream::of(&world).await;
    assert_eq!(stream.first["cleared"], json!({}));
    assert_eq!(stream.first["alerts"], json!([]));
    assert_eq!(stream.first["stack"], json!({"ready": false, "webhook_url": null}));
    assert_eq!(stream.first["refused"], json!([]));

    world.push(&event("a", "Warning")).await;
    world.push(&event("b", "Critical")).await;
    world.push(&event("a", "Warning")).await;
    world.push(&json!({"title_rule": "wrong", "event_status": "Ok"})).await;
    let first = Stream::of(&world).await.first;
    // The one that changed last comes first.
    assert_eq!(told(&first["alerts"]), [(1, true), (2, true)]);
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
        "violations": ["alert_key is required"],
        "weather": false,
    });
    assert_eq!(refused, &wanted);
}

#[tokio::test]
async fn a_page_is_told_what_changes() {
    let world = World::new().await;
    let mut stream = Stream::of(&world).await;
    world.push(&event("a", "Warning")).await;
    assert_eq!(told(&stream.next("alerts").await), [(1, true)]);
    world.push(&event("b", "Warning")).await;
    assert_eq!(told(&stream.next("alerts").await), [(2, true)]);
    world.push(&event("a", "Ok")).await;
    let closed = stream.next("alerts").await;
    assert_eq!(told(&closed), [(1, false)]);
    assert_eq!(closed[0]["closed_at"], closed[0]["updated_at"]);

    // An event that only updates labels is told as well.
    world.push(&event("b", "Warning")).await;
    assert_eq!(stream.next("alerts").await[0]["events"], 2);

    world.weather(json!({"fault": "away"})).await;
    world.push(&event("c", "Warning")).await;
    let refused = stream.next("refused").await;
    let wanted = json!([{
        "at": refused[0]["at"],
        "status": null,
        "title": "<b>c</b> is full",
        "violations": [],
        "weather": true,
    }]);
    assert_eq!(refused, wanted);
}

#[tokio::test]
async fn changes_are_collected() {
    let world = World::new().await;
    let mut stream = Stream::of(&world).await;
    for key in ["a", "b", "a", "c"] {
        world.push(&event(key, "Warning")).await;
    }
    let mut alerts = told(&stream.next("alerts").await);
    // On a machine that is very busy they may come in two.
    while alerts.len() < 3 {
        alerts.splice(0..0, told(&stream.next("alerts").await));
    }
    assert_eq!(alerts, [(3, true), (1, true), (2, true)]);
}

#[tokio::test]
async fn a_page_is_told_to_forget() {
    let world = World::new().await;
    world.push(&event("a", "Warning")).await;
    world.push(&json!({})).await;
    let mut stream = Stream::of(&world).await;
    let answer = world.request(Method::DELETE, "/api/alerts").send().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(stream.next("cleared").await, json!({}));
    assert_eq!(stream.next("alerts").await, json!([]));
    let first = Stream::of(&world).await.first;
    assert_eq!((&first["alerts"], &first["refused"]), (&json!([]), &json!([])));

    // Not the id of an alert that a page may still show.
    world.push(&event("a", "Warning")).await;
    assert_eq!(told(&stream.next("alerts").await), [(2, true)]);
    assert_eq!(world.get("/api/alerts/1").await.status(), 404);

    // The stand-in may be told as well.
    let url = format!("{}/standin/alerts", world.console.standin().base_url());
    world.client.delete(url).send().await.unwrap();
    assert_eq!(stream.next("cleared").await, json!({}));
}

#[tokio::test]
async fn a_page_is_told_of_every_alert() {
    let world = World::new().await;
    for n in 1..=1_000 {
        world.push(&event(&format!("k{n}"), "Warning")).await;
    }
    // Of one that was closed, only that.
    world.push(&event("k2", "Ok")).await;
    let mut stream = Stream::of(&world).await;
    let open = |id: u64| (id, true);
    let first: Vec<_> = (1..=501).rev().filter(|id| *id != 2).map(open).collect();
    assert_eq!(told(&stream.first["alerts"]), first);
    let rest: Vec<_> = [(2, false)].into_iter().chain((502..=1_000).rev().map(open)).collect();
    assert_eq!(told(&stream.next("alerts").await), rest);
    world.push(&event("k1", "Ok")).await;
    assert_eq!(told(&stream.next("alerts").await), [(1, false)]);
}

#[tokio::test]
async fn no_more_than_the_last_refusals_are_kept() {
    let world = World::new().await;
    for n in 0..60 {
        world.push(&json!({"title_rule": format!("t{n}")})).await;
    }
    let first = Stream::of(&world).await.first;
    let titles: Vec<_> = first["refused"].as_array().unwrap().iter().map(|it| it["title"].clone()).collect();
    assert_eq!(titles, (10..60).map(|n| json!(format!("t{n}"))).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_stack_is_told_without_its_token() {
    let world = World::new().await;
    let mut stream = Stream::of(&world).await;
    let url = "http://127.0.0.1:4566/_aws/execute-api/a1/zstack";
    world.told(Method::PUT, "/api/stack", &json!({"webhook_url": url, "token": "t"})).await;
    assert_eq!(stream.next("stack").await, json!({"ready": true, "webhook_url": url}));
    world.told(Method::PUT, "/api/stack", &json!({"webhook_url": null, "token": null})).await;
    assert_eq!(stream.next("stack").await, json!({"ready": false, "webhook_url": null}));
    for url in ["ftp://127.0.0.1/", "http://127.0.0.1/?token=t", "http://u:t@127.0.0.1/", "zstack"] {
        let (status, _) = world.tell(Method::PUT, "/api/stack", &json!({"webhook_url": url, "token": "t"})).await;
        assert_eq!(status, 422, "{url}");
    }
}

#[tokio::test]
async fn traffic_is_counted_by_seconds() {
    let world = World::new().await;
    let mut stream = Stream::of(&world).await;
    world.arrived(1, "", br#"{"ALARM_NAME": "a"}"#).await;
    world.arrived(1, "", br#"[{"ALARM_NAME": "a"}, {"ALARM_NAME": "b"}]"#).await;
    world.arrived(1, "", b"").await;
    world.push(&event("a", "Warning")).await;
    world.push(&event("b", "Warning")).await;
    world.push(&json!({})).await;
    world.told(Method::POST, "/api/queues", &json!({"queued": 7, "dead": 1})).await;

    let sum = |points: &[Value], name: &str| points.iter().map(|point| point[name].as_u64().unwrap()).sum::<u64>();
    let mut points = Vec::new();
    while sum(&points, "queued") == 0 {
        points.extend(stream.next("traffic").await.as_array().unwrap().clone());
    }
    for (name, wanted) in [("arrived", 4), ("delivered", 2), ("refused", 1)] {
        assert_eq!(sum(&points, name), wanted, "{name} {points:?}");
    }
    // A queue stays as long as it was until somebody says something else.
    let next = stream.next("traffic").await[0].clone();
    let wanted = json!({"at": next["at"], "arrived": 0, "delivered": 0, "refused": 0, "queued": 7, "dead": 1});
    assert_eq!(next, wanted);
    let times: Vec<_> = points.iter().chain([&next]).map(|point| point["at"].as_u64().unwrap()).collect();
    assert!(times.windows(2).all(|pair| pair[1] == pair[0] + 1000), "{times:?}");
    assert!(times.iter().all(|at| at % 1000 == 0), "{times:?}");
    // Who comes later gets what is past.
    let first = Stream::of(&world).await.first;
    assert_eq!(sum(first["traffic"].as_array().unwrap(), "delivered"), 2);
}
