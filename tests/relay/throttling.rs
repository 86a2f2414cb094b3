//! SSM's quota of calls is for all of the account. The relay waits for its turn, and a stranger does not use it up.

use std::sync::Arc;
use std::time::Duration;

use aws_standin::in_time;
use aws_standin::lambda::Function;
use aws_standin::ssm::Fault;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::support::{
    TOKEN, TOKEN_PARAMETER, World, as_variables, assert_no_secret, base64, post, relay, sample, with_credential,
};

/// `GetParameters`, for an account and region, with all its callers.
pub const CALLS_PER_SECOND: u32 = 40;
/// How often ZStack sends a message.
const TRIES: usize = 5;
/// The pause between two tries.
const BETWEEN_TRIES: Duration = Duration::from_secs(1);
/// The pause between two messages. So a thousand are sent within five seconds, and SSM needs 25 for their reads. Without
/// it, two processors are so busy at first that reads time out.
const BETWEEN_MESSAGES: Duration = Duration::from_millis(5);

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
    let throttled = throttled(&world.function.log());
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

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_processes_that_start_at_once_lose_nothing() {
    start_at_once(100).await;
}

/// What many processes needed that started at once.
#[derive(Clone, Copy, Debug)]
pub struct Starts {
    /// ZStack's tries of all messages.
    pub requests: usize,
    /// The most tries of one message.
    pub most_tries: usize,
    /// Calls of SSM.
    pub calls: usize,
    /// Those that SSM throttled.
    pub throttled: usize,
    /// The processes that said of a request that its reads were throttled, beside the line of their start.
    pub told: usize,
    /// How long it took until every process waited for its first request.
    pub started: Duration,
    /// The time from the first request to the last 200.
    pub answered: Duration,
}

/// A storm after a quiet night: Lambda starts a process for each message. Fails if a message is lost, or if a process
/// does not say in one line what was throttled.
///
/// SSM gives nothing to any process until the last one has started. So all of them read it at the same time, whatever
/// the number of processors is.
pub async fn start_at_once(count: usize) -> Starts {
    let world = World::new().await;
    world.ssm.fault(Some(THROTTLED));
    let start = Instant::now();
    let waiting = started(&world, count).await;
    let (started, calls) = (start.elapsed(), world.ssm.calls().len());
    world.ssm.throttle(CALLS_PER_SECOND);
    world.ssm.fault(None);
    let start = Instant::now();
    let mut messages = JoinSet::new();
    for (number, mut function) in waiting.into_iter().enumerate() {
        let event = post(format!(r#"{{"ALARM_NAME": "alarm {number}", "ALARM_UUID": "{number}"}}"#));
        messages.spawn(async move {
            sleep(BETWEEN_MESSAGES * u32::try_from(number).unwrap()).await;
            let mut statuses = Vec::new();
            for attempt in 0..TRIES {
                sleep(BETWEEN_TRIES * u32::from(attempt > 0)).await;
                statuses.push(function.invoke(&event).await["statusCode"].as_u64().unwrap());
                if statuses.last() == Some(&200) {
                    break;
                }
            }
            // All requests begin before a process ends, as in Lambda.
            (statuses, function)
        });
    }
    let ended = messages.join_all().await;
    let answered = start.elapsed();
    let tries: Vec<_> = ended.iter().map(|(statuses, _)| statuses).collect();
    assert!(tries.iter().all(|statuses| statuses.last() == Some(&200)), "{tries:?}");
    assert_eq!(world.flashduty.alerts().len(), count);
    let mut told = 0;
    for (statuses, function) in &ended {
        let log = function.log();
        assert_no_secret(&log);
        let lines = throttled(&log);
        // One for the start, and one for each request whose reads were throttled.
        assert_eq!(lines.first(), Some(&1), "{log}");
        assert!(lines.len() <= 1 + statuses.len(), "{statuses:?} {log}");
        told += usize::from(lines.len() > 1);
    }
    let requests = tries.iter().map(|statuses| statuses.len());
    let starts = Starts {
        requests: requests.clone().sum(),
        most_tries: requests.max().unwrap_or_default(),
        calls: world.ssm.calls().len() - calls,
        throttled: world.ssm.throttled(),
        told,
        started,
        answered,
    };
    assert!(starts.throttled > 0, "no call was throttled");
    world.end();
    starts
}

/// Starts so many processes. Each waits for its first request.
///
/// Only a few start at the same time: on two processors, a thousand would be slower than the timeouts of their reads.
pub async fn started(world: &World, count: usize) -> Vec<Function> {
    const AT_ONCE: usize = 40;
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut starting = JoinSet::new();
    for _ in 0..count {
        let (turns, variables) = (turns.clone(), world.variables().to_vec());
        starting.spawn(async move {
            let _turn = turns.acquire().await.unwrap();
            let mut function = relay(&as_variables(&variables)).await;
            function.asked_for_work().await;
            function
        });
    }
    starting.join_all().await
}

/// What each line of a log about throttling counts.
fn throttled(log: &str) -> Vec<u64> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter_map(|line| line["throttled"].as_u64()).collect()
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
