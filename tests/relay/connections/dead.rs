//! Connections that are dead between two requests: nothing that is sent on them arrives, and no error is reported.
//!
//! Lambda freezes a process for minutes. Meanwhile, a NAT gateway or a firewall may forget an idle connection.

use std::time::{Duration, Instant};

use aws_standin::proxy::Proxy;
use flashduty_standin::{Options, Standin};
use serde_json::Value;

use crate::support::journey::Journey;
use crate::support::{KEY, KEY_IN_URL, World, sample};

/// How long an alert may take in spite of one dead connection. A timeout of the SDK takes longer.
const LATE: Duration = Duration::from_millis(900);

/// A proxy in front of the server of an `http://` URL, and its URL.
pub async fn proxy_of(url: &str) -> (Proxy, String) {
    let service = url.strip_prefix("http://").unwrap();
    let proxy = Proxy::to(service.split('/').next().unwrap()).await;
    let through = format!("http://{}", proxy.address());
    (proxy, through)
}

async fn timed(journey: &mut Journey, event: &Value) -> (u64, Duration) {
    let started = Instant::now();
    let (status, _) = journey.send(event).await;
    (status, started.elapsed())
}

#[tokio::test]
async fn a_dead_connection_to_sqs_does_not_queue_an_alert() {
    let mut journey = Journey::new().await;
    let (proxy, through) = proxy_of(journey.sqs.url()).await;
    journey.world.restart_with(&[("AWS_ENDPOINT_URL_SQS", &through)]).await;
    assert_eq!(journey.send(&sample("alarm")).await.0, 200);
    // Then the relay asks SQS again how many messages wait.
    tokio::time::sleep(Duration::from_secs(2)).await;
    proxy.stall();
    let (status, took) = timed(&mut journey, &sample("alarm-recovery")).await;
    assert_eq!((status, journey.queued().len()), (200, 0), "{took:?}");
    assert!(took < LATE, "{took:?}");
    // An alert that must be queued is queued over a new connection.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(timed(&mut journey, &sample("alarm")).await.0, 200);
    journey.world.flashduty.fault(crate::support::journey::busy(), flashduty_standin::Lasts::Next(1));
    proxy.stall();
    let (status, took) = timed(&mut journey, &sample("event-host-disconnected")).await;
    assert_eq!((status, journey.queued().len()), (202, 1), "{took:?}");
    assert!(took < LATE, "{took:?}");
    assert_eq!(journey.sqs.calls("SendMessage").len(), 1);
    journey.end();
}

#[tokio::test]
async fn a_dead_connection_to_ssm_delays_an_alert_by_less_than_a_second() {
    let mut world = World::with(&[("SETTINGS_TTL_SECONDS", "0")]).await;
    let (proxy, through) = proxy_of(&world.ssm_url).await;
    world.restart_with(&[("AWS_ENDPOINT_URL", &through)]).await;
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    proxy.stall();
    let started = Instant::now();
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    assert!(started.elapsed() < LATE, "{:?}", started.elapsed());
    assert!(!world.function.log().contains("could not be read again"), "{}", world.function.log());
    world.end();
}

#[tokio::test]
async fn a_dead_connection_to_flashduty_delays_an_alert_by_less_than_two_seconds() {
    let flashduty = Standin::start(Options { keys: vec![KEY.to_owned()], ..Options::default() }).await.unwrap();
    let push_url = flashduty.push_url("standard", KEY_IN_URL);
    let service = format!("http://{}", push_url.split('/').nth(2).unwrap());
    let (proxy, through) = proxy_of(&service).await;
    let mut world = World::pushing_to(flashduty, &push_url.replace(&service, &through), &[]).await;
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    proxy.stall();
    let started = Instant::now();
    assert_eq!(world.send(&sample("alarm-recovery")).await.0, 200);
    assert!(started.elapsed() < Duration::from_millis(1_500), "{:?}", started.elapsed());
    let line = world.function.request_lines().await.pop().unwrap();
    assert_eq!(line["attempts"], 1, "it does not count as an attempt: {line}");
    world.end();
}
