//! Random sequences of messages and faults through the whole path.
//!
//! Flashduty must accept every message, and the last message about each resource must be the last that it accepts. So in
//! the end the open alerts are those whose last message was a trigger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_standin::lambda::Fault as ProcessFault;
use aws_standin::sqs::{EventSource, Fault as SqsFault};
use flashduty_standin::{Fault, Lasts};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::chaos::figures::{Figures, Seed};
use crate::support::journey::{Journey, busy};
use crate::support::{alarm, assert_no_secret, post};

/// Sequences in a round.
const CASES: u32 = 6;
/// Rounds that run at the same time.
const LANES: usize = 4;
const RESOURCES: usize = 3;
const PROCESSES: usize = 3;

/// How long another process may not know that a message is queued, beside SQS's lag: a process that asked SQS does not
/// ask again at once. Within this time a trigger may be pushed past the recovery before it, which then closes it. That
/// is documented. A recovery is never lost in this way.
const UNKNOWN: Duration = Duration::from_millis(300);

/// One step of a sequence.
#[derive(Clone, Debug)]
enum Step {
    /// ZStack sends an alarm of this level about a resource.
    Trigger(usize, &'static str),
    /// ZStack sends the recovery of a resource.
    Recovery(usize),
    /// ZStack sends the last message about a resource once more.
    Repeat(usize),
    /// Flashduty answers every push with this fault.
    Down(Fault),
    /// Flashduty is too busy for this many pushes.
    Busy(usize),
    /// Flashduty works again.
    Up,
    /// Lambda replaces the process by a new one.
    Restart,
    /// Lambda uses another of the running processes.
    Process(usize),
    /// SQS denies every call, until ZStack gets an error.
    QueueDown,
    /// SQS counts a message only after so many milliseconds.
    Lag(u64),
    /// `redeliver` delivers what is queued. Flashduty is too busy for the first pushes.
    Drain(usize),
    /// `redeliver` delivers what is queued, and its process is killed after so many milliseconds.
    Die(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let resource = || 0..RESOURCES;
    let level = prop_oneof![Just("Emergent"), Just("Important"), Just("Normal")];
    // Faults that use up the time of a request make the test slow, so they are rare.
    let fault = prop_oneof![
        8 => Just(busy()),
        1 => Just(Fault::status(500)),
        1 => Just(Fault::Close),
        1 => Just(Fault::Cut),
    ];
    prop_oneof![
        5 => (resource(), level).prop_map(|(resource, level)| Step::Trigger(resource, level)),
        5 => resource().prop_map(Step::Recovery),
        2 => resource().prop_map(Step::Repeat),
        1 => fault.prop_map(Step::Down),
        3 => (1..4_usize).prop_map(Step::Busy),
        2 => Just(Step::Up),
        3 => Just(Step::Restart),
        4 => (0..PROCESSES).prop_map(Step::Process),
        1 => Just(Step::QueueDown),
        1 => (0..1_500_u64).prop_map(Step::Lag),
        3 => (0..3_usize).prop_map(Step::Drain),
        1 => (0..300_u64).prop_map(Step::Die),
    ]
}

/// A message of ZStack.
#[derive(Clone)]
struct Message {
    id: String,
    text: String,
    trigger: bool,
}

/// What ZStack sent about each resource.
#[derive(Default)]
struct Sent {
    messages: BTreeMap<usize, Vec<Message>>,
    /// Which process had the last message about a resource, and when.
    had: BTreeMap<usize, (usize, Instant)>,
    /// SQS's lag.
    lag: Duration,
}

impl Sent {
    fn add(&mut self, resource: usize, trigger: bool, level: &str, n: usize) {
        let (now, before) = if trigger { ("Alarm", "OK") } else { ("OK", "Alarm") };
        let id = format!("data-{n}");
        let text = alarm(&json!({
            "ALARM_RESOURCE_ID": resource.to_string(), "ALARM_DATA_UUID": id,
            "ALARM_EMERGENCY_LEVEL": level, "ALARM_CURRENT_STATUS": now, "ALARM_PREVIOUS_STATUS": before,
        }));
        self.messages.entry(resource).or_default().push(Message { id, text, trigger });
    }

    fn last(&self, resource: usize) -> Option<&Message> {
        self.messages.get(&resource)?.last()
    }

    fn open(&self) -> BTreeSet<String> {
        let open = self.messages.keys().filter(|resource| self.last(**resource).is_some_and(|message| message.trigger));
        open.map(ToString::to_string).collect()
    }

    /// Until when a process may not know that a message about a resource is queued.
    fn unknown_to(&self, process: usize, resource: usize) -> Option<Instant> {
        let (by, at) = self.had.get(&resource)?;
        (*by != process).then_some(*at + UNKNOWN + self.lag)
    }
}

/// Counters of a round.
#[derive(Debug, Default)]
struct Count {
    sent: AtomicU64,
    pushes: AtomicU64,
    kills: AtomicU64,
    faults: AtomicU64,
}

fn add(counter: &AtomicU64, more: usize) {
    counter.fetch_add(more as u64, Ordering::Relaxed);
}

async fn walk(steps: &[Step], count: &Count) -> Result<(), TestCaseError> {
    let mut journey = Journey::new().await;
    let mut second = journey.another_redeliver().await;
    let mut sent = Sent::default();
    // A process that was replaced by another is not the same.
    let (mut process, mut generation, mut has_changed) = (0, 0, false);
    for (n, step) in steps.iter().enumerate() {
        let resource = match step {
            Step::Trigger(resource, level) => {
                sent.add(*resource, true, level, n);
                *resource
            }
            Step::Recovery(resource) => {
                sent.add(*resource, false, "Emergent", n);
                *resource
            }
            Step::Repeat(resource) => *resource,
            Step::Restart | Step::Process(_) => {
                journey.sqs.fault(None);
                if let Step::Process(another) = step {
                    process = *another;
                    journey.world.take_process(process).await;
                } else {
                    journey.world.restart().await;
                    generation += PROCESSES;
                }
                has_changed = true;
                continue;
            }
            Step::Lag(millis) => {
                sent.lag = sent.lag.max(Duration::from_millis(*millis));
                journey.sqs.lag(&journey.queue, sent.lag);
                continue;
            }
            other => {
                around(other, &mut journey, &mut second, has_changed, count).await;
                continue;
            }
        };
        let Some(message) = sent.last(resource).cloned() else { continue };
        if let Some(known) = sent.unknown_to(generation + process, resource).filter(|_| message.trigger) {
            tokio::time::sleep_until(known.into()).await;
        }
        let (mut status, mut body) = journey.send(&post(message.text.clone())).await;
        if status == 503 {
            journey.sqs.fault(None);
            (status, body) = journey.send(&post(message.text)).await;
        }
        prop_assert!(status == 200 || status == 202, "step {n}: {status} {body}");
        let is_there = accepted(&journey, resource).contains(&message.id);
        prop_assert!(status == 202 || is_there, "step {n}: {} was answered 200", message.id);
        sent.had.insert(resource, (generation + process, Instant::now()));
        add(&count.sent, 1);
    }
    if sent.messages.is_empty() {
        return Ok(());
    }
    journey.world.flashduty.clear_faults();
    journey.sqs.fault(None);
    journey.redeliver.drain_to_the_end().await;
    journey.world.function.request_lines().await;

    let alerts = journey.world.flashduty.alerts();
    let open = alerts.iter().filter(|alert| alert.open).map(|alert| alert.labels["resource_id"].clone());
    prop_assert_eq!(open.collect::<BTreeSet<_>>(), sent.open());
    prop_assert!(journey.dead().is_empty(), "nothing was refused for good");
    for (resource, messages) in &sent.messages {
        let ids: Vec<&str> = messages.iter().map(|message| message.id.as_str()).collect();
        let accepted = accepted(&journey, *resource);
        let accepted: Vec<&str> = accepted.iter().map(String::as_str).collect();
        let lost: Vec<_> = ids.iter().filter(|id| !accepted.contains(id)).collect();
        prop_assert!(lost.is_empty(), "Flashduty never accepted {:?} of resource {}: {:?}", lost, resource, accepted);
        prop_assert_eq!(accepted.last(), ids.last(), "resource {}: {:?}", resource, &accepted);
    }
    add(&count.pushes, journey.world.flashduty.received().len());
    assert_no_secret(&second.function.log());
    journey.end();
    Ok(())
}

/// Executes a step in which ZStack sends nothing.
async fn around(step: &Step, journey: &mut Journey, second: &mut EventSource, has_changed: bool, count: &Count) {
    match step {
        Step::Down(fault) => journey.world.flashduty.fault(fault.clone(), Lasts::Standing),
        Step::Busy(pushes) => journey.world.flashduty.fault(busy(), Lasts::Next(*pushes)),
        Step::Up => journey.world.flashduty.clear_faults(),
        // The order is not promised if a process does not know of a queued alert and cannot use the queue. It pushes the
        // recovery, which is better than to lose it.
        Step::QueueDown if has_changed && !journey.queued().is_empty() => return,
        Step::QueueDown => journey.sqs.fault(Some(SqsFault::Deny)),
        Step::Drain(pushes) => {
            journey.world.flashduty.fault(busy(), Lasts::Next(*pushes));
            tokio::join!(journey.redeliver.drain(), second.drain());
            journey.sqs.advance(Duration::from_mins(1));
        }
        Step::Die(millis) => {
            let kill = ProcessFault::Kill { after: Duration::from_millis(*millis) };
            if second.poll_with(Some(kill)).await.is_some_and(|batch| batch.died) {
                let dead = std::mem::replace(second, journey.another_redeliver().await);
                assert_no_secret(&dead.function.ended().await.1);
                add(&count.kills, 1);
            }
        }
        other => unreachable!("{other:?} is not around the relay"),
    }
    add(&count.faults, usize::from(!matches!(step, Step::Up | Step::Die(_))));
}

/// The ids of the messages about a resource that Flashduty accepted, in order.
fn accepted(journey: &Journey, resource: usize) -> Vec<String> {
    let pushes = journey.world.flashduty.received().into_iter().filter(|push| push.alert_key.is_some());
    let events = pushes.map(|push| serde_json::from_slice::<Value>(&push.body).unwrap());
    let id = json!(resource.to_string());
    let events = events.filter(|event| event["labels"]["resource_id"] == id);
    events.map(|event| event["labels"]["data_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_alert_ends_in_the_state_of_its_last_message() {
    let lanes = (0..LANES).map(|_| {
        tokio::spawn(async {
            let seed = Seed::new("journeys");
            round(seed.value()).await
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.unwrap();
    }
}

pub async fn round(seed: u64) -> Figures {
    let handle = Handle::current();
    let count = Arc::new(Count::default());
    let counted = Arc::clone(&count);
    let histories = tokio::task::spawn_blocking(move || {
        let config = Config { cases: CASES, max_shrink_iters: 32, failure_persistence: None, ..Config::default() };
        let bytes: Vec<u8> = seed.to_le_bytes().repeat(4);
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let walk = |steps: Vec<Step>| handle.block_on(walk(&steps, &counted));
        TestRunner::new_with_rng(config, rng).run(&vec(step(), 10..30), walk)
    });
    histories.await.unwrap().unwrap_or_else(|failure| panic!("{failure}"));
    let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    Figures {
        rounds: 1,
        sent: load(&count.sent),
        requests: load(&count.sent),
        pushes: load(&count.pushes),
        kills: load(&count.kills),
        faults: load(&count.faults),
        ..Figures::default()
    }
}
