//! The connection to Flashduty, which is opened while SQS is asked whether anything waits.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_standin::sqs::Fault;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::dead::proxy_of;
use super::{BODY, Close, read_request, serve};
use crate::support::journey::Journey;
use crate::support::{KEY_IN_URL, PUSH_URL_PARAMETER, sample};

/// Less than SQS may take to count.
const SOON: Duration = Duration::from_millis(500);

/// What a Flashduty saw: when a connection came, and when the whole request on it was there, if it ever was.
type Seen = Arc<Mutex<Vec<(Instant, Option<Instant>)>>>;

/// A Flashduty that answers one request of each connection, and its push URL.
async fn flashduty(seen: Seen) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let index = {
                let mut seen = seen.lock().unwrap();
                seen.push((Instant::now(), None));
                seen.len() - 1
            };
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                if read_request(&mut stream).await {
                    seen.lock().unwrap()[index].1 = Some(Instant::now());
                    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{BODY}", BODY.len());
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    format!("http://{address}/event/push/alert/standard?integration_key=sample%20key%2F1")
}

#[tokio::test]
async fn flashduty_has_the_event_after_sqs_was_asked_but_the_connection_before() {
    let seen = Seen::default();
    let push_url = flashduty(Arc::clone(&seen)).await;
    let mut journey = Journey::new().await;
    journey.world.ssm.put(PUSH_URL_PARAMETER, &push_url);
    journey.world.restart_with(&[]).await;
    // What the start asked is old by then.
    tokio::time::sleep(SOON).await;
    journey.sqs.fault(Some(Fault::Hang));
    let started = Instant::now();
    assert_eq!(journey.send(&sample("alarm")).await.0, 200);
    let seen = seen.lock().unwrap().clone();
    let [(opened, Some(complete))] = seen[..] else { panic!("one connection, one event: {seen:?}") };
    assert!(opened - started < SOON, "{:?}", opened - started);
    assert!(complete - started > 2 * SOON, "an older event could be delivered in between: {:?}", complete - started);
    journey.end();
}

/// A connection to SQS that opens at the same time is no sign that the one to Flashduty is new.
#[tokio::test]
async fn dead_connections_to_both_delay_an_alert_by_less_than_two_seconds() {
    let mut journey = Journey::new().await;
    let (to_sqs, sqs) = proxy_of(journey.sqs.url()).await;
    let push_url = journey.world.flashduty.push_url("standard", KEY_IN_URL);
    let service = format!("http://{}", push_url.split('/').nth(2).unwrap());
    let (to_flashduty, through) = proxy_of(&service).await;
    journey.world.ssm.put(PUSH_URL_PARAMETER, &push_url.replace(&service, &through));
    journey.world.restart_with(&[("AWS_ENDPOINT_URL_SQS", &sqs)]).await;
    assert_eq!(journey.send(&sample("alarm")).await.0, 200);
    tokio::time::sleep(SOON).await;
    to_sqs.stall();
    to_flashduty.stall();
    let started = Instant::now();
    assert_eq!(journey.send(&sample("event-host-disconnected")).await.0, 200);
    assert!(started.elapsed() < 4 * SOON, "{:?}", started.elapsed());
    let line = journey.world.function.request_lines().await.pop().unwrap();
    assert_eq!((&line["attempts"], journey.queued().len()), (&json!(1), 0), "{line}");
    journey.end();
}

#[tokio::test]
async fn a_connection_that_flashduty_closes_meanwhile_is_replaced() {
    let connections = Arc::default();
    let push_url = serve(Close::InRequest, Arc::clone(&connections)).await;
    let mut journey = Journey::new().await;
    journey.world.ssm.put(PUSH_URL_PARAMETER, &push_url);
    journey.world.restart_with(&[]).await;
    assert_eq!(journey.send(&sample("alarm")).await.0, 200);
    tokio::time::sleep(SOON).await;
    journey.sqs.fault(Some(Fault::Hang));
    assert_eq!(journey.send(&sample("event-host-disconnected")).await.0, 200);
    let line = journey.world.function.request_lines().await.pop().unwrap();
    assert_eq!((&line["attempts"], connections.load(Ordering::Relaxed)), (&json!(1), 2), "{line}");
    journey.end();
}

#[tokio::test]
async fn an_open_connection_is_used() {
    let mut journey = Journey::new().await;
    for name in ["alarm", "event-host-disconnected", "alarm-recovery"] {
        assert_eq!(journey.send(&sample(name)).await.0, 200);
        tokio::time::sleep(SOON).await;
    }
    assert_eq!(journey.world.flashduty.connections(), 1);
    journey.end();
}
