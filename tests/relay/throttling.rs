//! SSM's quota of calls is for all of the account. The relay waits for its turn, and a stranger does not use it up.

use std::time::Duration;

use aws_standin::in_time;
use aws_standin::ssm::Fault;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::support::{TOKEN, TOKEN_PARAMETER, World, base64, post, relay, sample, with_credential};

/// `GetParameters`, for an account and region, with all its callers.
const CALLS_PER_SECOND: u32 = 40;
/// How often ZStack sends a message.
const TRIES: usize = 5;
/// The pause between two of them.
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

const THROTTLED: Fault = Fault::Error("ThrottlingException");

#[tokio::test]
async fn a_throttled_first_read_is_repeated_until_it_succeeds() {
    let mut world = World::new().await;
    world.ssm.fault(Some(THROTTLED));
    world.restart().await;
    let ssm = world.ssm.clone();
    let quiet = tokio::spawn(async move {
        sleep(Duration::from_secs(9)).await;
        ssm.fault(None);
    });
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    assert!(quiet.is_finished(), "it was throttled all the time before");
    let log = world.function.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let throttled: Vec<_> = lines.filter_map(|line| line["throttled"].as_u64()).collect();
    // The start is not made longer; the request is.
    assert!(throttled.len() == 2 && throttled[0] == 1 && throttled[1] > 1, "{throttled:?}");
    world.end();
}

#[tokio::test]
async fn throttling_that_lasts_is_503_with_advice() {
    let mut world = World::new().await;
    world.ssm.fault(Some(THROTTLED));
    world.restart().await;
    let (status, body) = world.send_until(&sample("alarm"), in_time(Duration::from_secs(12))).await;
    assert_eq!((status, &body["error"]["code"]), (503, &json!("SettingsUnavailable")));
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.contains("higher throughput"), "{message}");
    world.end();
}

/// A storm after a quiet night: Lambda starts a process for each request.
#[tokio::test]
async fn a_hundred_processes_that_start_at_once_lose_nothing() {
    let world = World::new().await;
    world.ssm.throttle(CALLS_PER_SECOND);
    let mut alerts = JoinSet::new();
    for number in 0..100 {
        let variables = world.variables().to_vec();
        alerts.spawn(async move {
            let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let event = post(format!(r#"{{"ALARM_NAME": "alarm {number}", "ALARM_UUID": "{number}"}}"#));
            let mut function = relay(&variables).await;
            let mut statuses = Vec::new();
            for _ in 0..TRIES {
                let status = function.invoke(&event).await["statusCode"].as_u64().unwrap();
                statuses.push(status);
                if status == 200 {
                    break;
                }
                sleep(BETWEEN_TRIES).await;
            }
            statuses
        });
    }
    let statuses = alerts.join_all().await;
    assert!(statuses.iter().all(|tries| tries.last() == Some(&200)), "{statuses:?}");
    assert!(world.ssm.throttled() > 0, "there was a reason to wait");
    assert_eq!(world.flashduty.alerts().len(), 100);
    world.end();
}

/// The pauses are 2, 4, 8 s and so on.
#[tokio::test]
async fn wrong_tokens_make_the_relay_read_ssm_ever_less_often() {
    let mut world = World::new().await;
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    let (calls, started) = (world.ssm.calls().len(), Instant::now());
    let mut reads = Vec::new();
    while started.elapsed() < Duration::from_secs(13) {
        let before = world.ssm.calls().len();
        assert_eq!(world.send(&with_credential(sample("alarm"), None, "token=guess")).await.0, 401);
        if world.ssm.calls().len() > before {
            reads.push(started.elapsed().as_secs());
        }
        sleep(Duration::from_millis(100)).await;
    }
    assert!(world.ssm.calls().len() <= calls + 2, "{reads:?}");
    world.end();
}

/// As the runbook says: both tokens into SSM, wait for `SettingsTtlSeconds`, then the new one into ZStack.
#[tokio::test]
async fn rotating_the_token_costs_no_alert_while_a_stranger_guesses() {
    let mut world = World::with(&[("SETTINGS_TTL_SECONDS", "4")]).await;
    let guess = with_credential(sample("alarm"), None, "token=guess");
    let as_new = with_credential(sample("alarm"), Some(&format!("Basic {}", base64("zstack:new-sample-token"))), "");
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(7) {
        assert_eq!(world.send(&guess).await.0, 401);
        sleep(Duration::from_millis(100)).await;
    }
    world.ssm.put(TOKEN_PARAMETER, &format!("new-sample-token\n{TOKEN}\n"));
    let put = Instant::now();
    while put.elapsed() < Duration::from_secs(4) {
        assert_eq!(world.send(&guess).await.0, 401);
        assert_eq!(world.send(&sample("alarm")).await.0, 200);
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(world.send(&as_new).await.0, 200);
    world.end();
}
