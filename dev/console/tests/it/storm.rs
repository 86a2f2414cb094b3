//! A storm of pushes: quick, and no more is kept than fits.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::stream::Stream;
use crate::{KEY, World};

const PUSHES: usize = 10_000;
const CONNECTIONS: usize = 20;

/// An event that is about as large as they get.
fn event(n: usize) -> Value {
    let labels: serde_json::Map<_, _> = (0..20).map(|n| (format!("l{n}"), Value::from("v".repeat(200)))).collect();
    json!({
        "title_rule": "t",
        "event_status": "Warning",
        "alert_key": format!("k{n}"),
        "description": "d".repeat(2_000),
        "labels": labels,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_pushes_are_taken() {
    let world = World::new().await;
    let mut stream = Stream::of(&world).await;
    // Somebody who connects and then reads no more.
    let asleep = world.get("/api/stream").await;

    let started = Instant::now();
    let mut pushers = JoinSet::new();
    let url = world.console.standin().push_url("standard", KEY);
    for first in 0..CONNECTIONS {
        let (url, client) = (url.clone(), crate::client());
        pushers.spawn(async move {
            for n in (first..PUSHES).step_by(CONNECTIONS) {
                assert_eq!(client.post(&url).json(&event(n)).send().await.unwrap().status(), 200);
            }
        });
    }
    // Who listens is told of all of them, in time, and of each not much more than once.
    let mut told = Vec::new();
    while told.len() < PUSHES {
        let alerts = stream.next("alerts").await;
        let alerts = alerts.as_array().unwrap();
        assert!(alerts.len() <= 500, "{}", alerts.len());
        told.extend(alerts.iter().map(|alert| alert["id"].as_u64().unwrap()));
    }
    let took = started.elapsed();
    while let Some(pusher) = pushers.join_next().await {
        pusher.unwrap();
    }
    assert!(took < Duration::from_mins(1), "{took:?}");
    told.sort_unstable();
    assert_eq!(told, (1..=PUSHES as u64).collect::<Vec<_>>());

    // What is remembered of them fits.
    let (kept, newest) = world
        .console
        .standin()
        .look(|alerts| (alerts.newest_first().count(), alerts.newest_first().next().map(|alert| alert.id)));
    assert!((1_000..8_000).contains(&kept), "{kept}");
    assert_eq!(newest, Some(PUSHES as u64));
    assert!(world.console.standin().received().len() < PUSHES);
    assert_eq!(world.get("/api/alerts/1").await.status(), 404);
    assert_eq!(world.get("/api/alerts/10000").await.status(), 200);

    // The sleeper finds what was there when it connected, and then the newest state, not a backlog.
    let mut asleep = asleep;
    let mut bytes = 0;
    while let Ok(Ok(Some(chunk))) = timeout(Duration::from_secs(2), asleep.chunk()).await {
        bytes += chunk.len();
        if String::from_utf8_lossy(&chunk).contains("\"id\":10000,") {
            break;
        }
    }
    assert!(bytes < 20_000_000, "{bytes}");
}
