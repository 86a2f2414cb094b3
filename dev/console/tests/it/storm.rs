//! An alert storm is handled fast, and uses limited memory.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::stream::Stream;
use crate::{KEY, TestConsole};

const PUSHES: usize = 10_000;
const CONNECTIONS: usize = 20;

/// An event of about the largest size.
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
async fn ten_thousand_pushes_are_accepted() {
    let console = TestConsole::new().await;
    let mut stream = Stream::open(&console).await;
    // A client that connects and then stops reading.
    let stalled = console.get("/api/stream").await;

    let started = Instant::now();
    let mut pushers = JoinSet::new();
    let url = console.server.standin().push_url("standard", KEY);
    for first in 0..CONNECTIONS {
        let (url, client) = (url.clone(), crate::client());
        pushers.spawn(async move {
            for n in (first..PUSHES).step_by(CONNECTIONS) {
                assert_eq!(client.post(&url).json(&event(n)).send().await.unwrap().status(), 200);
            }
        });
    }
    // The stream sends every alert in time, and exactly once.
    let mut sent = Vec::new();
    while sent.len() < PUSHES {
        let alerts = stream.next("alerts").await;
        let alerts = alerts.as_array().unwrap();
        assert!(alerts.len() <= 500, "{}", alerts.len());
        sent.extend(alerts.iter().map(|alert| alert["id"].as_u64().unwrap()));
    }
    let took = started.elapsed();
    while let Some(pusher) = pushers.join_next().await {
        pusher.unwrap();
    }
    assert!(took < Duration::from_mins(1), "{took:?}");
    sent.sort_unstable();
    assert_eq!(sent, (1..=PUSHES as u64).collect::<Vec<_>>());

    // Only as many as fit into the memory limit are kept.
    let (kept, newest) = console
        .server
        .standin()
        .look(|alerts| (alerts.newest_first().count(), alerts.newest_first().next().map(|alert| alert.id)));
    assert!((1_000..8_000).contains(&kept), "{kept}");
    assert_eq!(newest, Some(PUSHES as u64));
    assert!(console.server.standin().received().len() < PUSHES);
    assert_eq!(console.get("/api/alerts/1").await.status(), 404);
    assert_eq!(console.get("/api/alerts/10000").await.status(), 200);

    // The stalled client receives the state at its connection, and then the newest state instead of a backlog.
    let mut stalled = stalled;
    let mut bytes = 0;
    while let Ok(Ok(Some(chunk))) = timeout(Duration::from_secs(2), stalled.chunk()).await {
        bytes += chunk.len();
        if String::from_utf8_lossy(&chunk).contains("\"id\":10000,") {
            break;
        }
    }
    assert!(bytes < 20_000_000, "{bytes}");
}
