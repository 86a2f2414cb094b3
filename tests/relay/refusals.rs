//! The relay's answer if Flashduty refuses an alert, fails or does not answer, and there are no queues.

use std::time::{Duration, Instant};

use aws_standin::in_time;
use flashduty_standin::{Fault, Lasts, Options, Standin};
use serde_json::Value;

use crate::support::{World, code, sample};

/// The message of an answer's error.
fn message(body: &Value) -> &str {
    body["error"]["message"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_refusal_is_502_with_flashdutys_reason() {
    let mut world = World::new().await;
    for (status, reason) in
        [(400, "InvalidParameter"), (404, "RouteNotFound"), (403, "AccessDenied"), (200, "NoLicense")]
    {
        let fault = Fault::Refuse {
            status,
            code: Some(reason.to_owned()),
            message: Some("因为".to_owned()),
            retry_after: None,
        };
        world.flashduty.fault(fault, Lasts::Next(1));
        let (answered, body) = world.send(&sample("alarm")).await;
        assert_eq!((answered, code(&body)), (502, "FlashdutyRefused"), "{status}");
        assert_eq!(body["error"]["flashduty"]["code"], reason);
        assert_eq!(body["error"]["flashduty"]["message"], "因为");
        assert_eq!(body["error"]["flashduty"]["status"], status);
        assert!(message(&body).contains(reason) && message(&body).contains("因为"), "{body}");
    }
    // If Flashduty repeats the credential, the relay's answer does not contain it.
    world.flashduty.fault(Fault::Echo, Lasts::Next(1));
    let (status, body) = world.send(&sample("alarm")).await;
    assert_eq!(status, 502);
    assert!(message(&body).contains("withheld"), "{body}");
    world.end();
}

#[tokio::test]
async fn a_temporary_failure_is_retried() {
    let mut world = World::new().await;
    for fault in temporary() {
        world.flashduty.fault(fault.clone(), Lasts::Next(2));
        assert_eq!(world.send(&sample("alarm")).await.0, 200, "{fault:?}");
    }
    let lines = world.function.request_lines().await;
    assert!(lines.iter().all(|line| line["attempts"].as_u64().unwrap() >= 2), "{lines:?}");
    world.end();
}

#[tokio::test]
async fn a_lasting_failure_is_503() {
    let mut world = World::new().await;
    assert_eq!(world.send(&sample("alarm")).await.0, 200, "the function runs");
    let page = Fault::Garbage { status: 403, body: "<html>".to_owned() };
    for fault in [Fault::status(429), Fault::status(500), page, Fault::Close, Fault::Cut] {
        world.flashduty.fault(fault.clone(), Lasts::Standing);
        let (status, body) = world.send_until(&sample("alarm"), in_time(Duration::from_millis(1_500))).await;
        assert_eq!(status, 503, "{fault:?} {body}");
        assert!(message(&body).contains("Flashduty"), "{body}");
        world.flashduty.clear_faults();
    }
    // When Flashduty works again, alerts are delivered.
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    let lines = world.function.request_lines().await;
    let (first, last) = (1, lines.len() - 1);
    assert!(lines[first..last].iter().all(|line| line["level"] == "ERROR" && line["status"] == 503), "{lines:?}");
    assert!(lines[first..last].iter().all(|line| line["attempts"].as_u64().unwrap() > 1), "{lines:?}");
    world.end();
}

/// Faults that may be temporary.
fn temporary() -> Vec<Fault> {
    let refuse = |status, code: Option<&str>| Fault::Refuse {
        status,
        code: code.map(str::to_owned),
        message: None,
        retry_after: None,
    };
    let page = |status| Fault::Garbage { status, body: "<html>nobody from Flashduty</html>".to_owned() };
    vec![
        refuse(429, None),
        refuse(500, None),
        // The code decides, whatever the status.
        refuse(200, Some("RequestTooFrequently")),
        refuse(400, Some("RequestTooFrequently")),
        refuse(302, Some("InternalError")),
        refuse(403, Some("ServiceUnavailable")),
        refuse(409, Some("RequestLocked")),
        // These are about the request, not about the event.
        refuse(408, Some("InvalidParameter")),
        refuse(421, Some("InvalidParameter")),
        refuse(425, Some("InvalidParameter")),
        // With these statuses the code does not count.
        refuse(302, Some("InvalidParameter")),
        refuse(503, Some("InvalidParameter")),
        // A proxy, a firewall, an ingress.
        page(200),
        page(302),
        page(403),
        page(404),
        Fault::Garbage { status: 413, body: String::new() },
        Fault::Garbage { status: 502, body: String::new() },
        Fault::Close,
        Fault::Cut,
    ]
}

/// A 401 or 403 of a proxy says nothing about the key in the push URL.
#[tokio::test]
async fn a_401_or_403_of_a_proxy_does_not_make_the_relay_read_ssm_again() {
    let mut world = World::new().await;
    assert_eq!(world.send(&sample("alarm")).await.0, 200, "the function runs");
    for status in [401, 403] {
        let body = r#"{"message": "integration_key is not a valid one"}"#.to_owned();
        world.flashduty.fault(Fault::Garbage { status, body }, Lasts::Standing);
        let (answered, body) = world.send_until(&sample("alarm"), in_time(Duration::from_millis(1_500))).await;
        assert_eq!((answered, code(&body)), (503, "FlashdutyUnavailable"), "{status}");
        assert!(message(&body).contains("something between here and Flashduty answered"), "{body}");
        assert!(message(&body).contains(&status.to_string()), "{body}");
        world.flashduty.clear_faults();
        assert_eq!(world.ssm.calls().len(), 1, "{status}");
    }
    world.end();
}

#[tokio::test]
async fn retry_after_is_respected() {
    let mut world = World::new().await;
    assert_eq!(world.send(&sample("alarm")).await.0, 200, "the function runs");
    let busy =
        |seconds: &str| Fault::Refuse { status: 429, code: None, message: None, retry_after: Some(seconds.to_owned()) };
    world.flashduty.fault(busy("2"), Lasts::Next(1));
    let started = Instant::now();
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());
    // A pause that does not fit into the request's time is not waited for.
    world.flashduty.fault(busy("3600"), Lasts::Next(1));
    let started = Instant::now();
    assert_eq!(world.send(&sample("alarm")).await.0, 503);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    world.end();
}

#[tokio::test]
async fn an_unreachable_flashduty_is_503() {
    let gone = Standin::start(Options::default()).await.unwrap();
    let url = gone.push_url("standard", "sample%20key%2F1");
    gone.shutdown().await;
    let flashduty = Standin::start(Options::default()).await.unwrap();
    let mut world = World::pushing_to(flashduty, &url, &[]).await;
    assert_eq!(world.send(&sample("health")).await.0, 200, "the function runs");
    let (status, body) = world.send_until(&sample("alarm"), in_time(Duration::from_secs(2))).await;
    assert_eq!((status, code(&body)), (503, "FlashdutyUnreachable"), "{body}");
    assert!(message(&body).contains("127.0.0.1") && message(&body).contains("refused"), "{body}");
    world.end();
}

#[tokio::test]
async fn no_time_left_is_504() {
    let mut world = World::new().await;
    assert_eq!(world.send(&sample("alarm")).await.0, 200, "the function runs");
    world.flashduty.fault(Fault::Hang, Lasts::Standing);
    let deadline = in_time(Duration::from_secs(2));
    let (status, body) = world.send_until(&sample("list-of-alarms"), deadline).await;
    assert_eq!((status, code(&body)), (504, "NoTimeLeft"));
    assert!(in_time(Duration::ZERO) < deadline, "the answer is in time for Lambda");
    assert_eq!(body["alerts"].as_array().unwrap().len(), 2, "both are in the answer");
    world.flashduty.clear_faults();
    // A deadline in the past is no deadline.
    assert_eq!(world.send_until(&sample("alarm"), 1).await.0, 200);
    world.end();
}
