//! Random histories through the whole path: whatever happens on the way, Flashduty hears of an alert in the order in
//! which ZStack told it, and its open alerts are in the end those whose last message was a trigger.

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

/// Histories of a round.
const CASES: u32 = 6;
/// Rounds at the same time.
const LANES: usize = 4;
const RESOURCES: usize = 3;
const PROCESSES: usize = 3;

/// How long after an alert was queued another process may not know of it yet: it asked SQS just before, and takes a
/// queue that was empty to be empty for two seconds.
const UNKNOWN: Duration = Duration::from_millis(2_100);

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    /// ZStack finds a resource in trouble of this level.
    Trigger(usize, &'static str),
    /// It finds it well again.
    Recovery(usize),
    /// It sends the last message about a resource once more.
    Repeat(usize),
    /// Flashduty meets every push with this.
    Down(Fault),
    /// It is too busy for the next pushes.
    Stumble(usize),
    Up,
    /// Lambda takes a new process, which remembers nothing.
    Restart,
    /// Lambda takes another process of those that run.
    Process(usize),
    /// SQS does not let anybody in, until ZStack hears of it.
    QueueDown,
    /// Lambda hands out what waits, the first pushes of which find Flashduty too busy.
    Drain(usize),
    /// The same, and the process is killed over it.
    Die(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let resource = || 0..RESOURCES;
    let level = prop_oneof![Just("Emergent"), Just("Important"), Just("Normal")];
    // What makes use of the whole budget is rare: it takes its time.
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
        3 => (1..4_usize).prop_map(Step::Stumble),
        2 => Just(Step::Up),
        3 => Just(Step::Restart),
        4 => (0..PROCESSES).prop_map(Step::Process),
        1 => Just(Step::QueueDown),
        3 => (0..3_usize).prop_map(Step::Drain),
        1 => (0..300_u64).prop_map(Step::Die),
    ]
}

/// A message as ZStack tells it.
#[derive(Clone)]
struct Message {
    id: String,
    text: String,
    trigger: bool,
}

/// What ZStack told of each resource.
#[derive(Default)]
struct Told {
    messages: BTreeMap<usize, Vec<Message>>,
    /// Where the last message about a resource was queued, and when.
    queued: BTreeMap<usize, (usize, Instant)>,
    /// When each process was started.
    started: BTreeMap<usize, Instant>,
}

impl Told {
    fn tell(&mut self, resource: usize, trigger: bool, level: &str, n: usize) {
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

    /// Until when a process may not know that a message about a resource waits.
    fn unknown_to(&self, process: usize, resource: usize) -> Option<Instant> {
        let (by, at) = self.queued.get(&resource)?;
        // A new process asks SQS first.
        let is_new = self.started.get(&process).is_some_and(|started| started > at);
        (*by != process && !is_new).then_some(*at + UNKNOWN)
    }
}

/// What a history counts.
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
    let mut told = Told { started: [(0, Instant::now())].into(), ..Told::default() };
    let (mut process, mut has_changed) = (0, false);
    for (n, step) in steps.iter().enumerate() {
        let resource = match step {
            Step::Trigger(resource, level) => {
                told.tell(*resource, true, level, n);
                *resource
            }
            Step::Recovery(resource) => {
                told.tell(*resource, false, "Emergent", n);
                *resource
            }
            Step::Repeat(resource) => *resource,
            Step::Restart | Step::Process(_) => {
                journey.sqs.fault(None);
                if let Step::Process(another) = step {
                    process = *another;
                    journey.world.take_process(process).await;
                    told.started.entry(process).or_insert_with(Instant::now);
                } else {
                    journey.world.restart().await;
                    told.started.insert(process, Instant::now());
                }
                has_changed = true;
                continue;
            }
            other => {
                around(other, &mut journey, &mut second, has_changed, count).await;
                continue;
            }
        };
        let Some(message) = told.last(resource).cloned() else { continue };
        if let Some(known) = told.unknown_to(process, resource) {
            tokio::time::sleep_until(known.into()).await;
        }
        let (mut status, mut body) = journey.send(&post(message.text.clone())).await;
        if status == 503 {
            journey.sqs.fault(None);
            (status, body) = journey.send(&post(message.text)).await;
        }
        prop_assert!(status == 200 || status == 202, "step {n}: {status} {body}");
        if status == 202 {
            told.queued.insert(resource, (process, Instant::now()));
        }
        add(&count.sent, 1);
    }
    if told.messages.is_empty() {
        return Ok(());
    }
    journey.world.flashduty.clear_faults();
    journey.sqs.fault(None);
    journey.redeliver.drain_to_the_end().await;
    journey.world.function.request_lines().await;

    let alerts = journey.world.flashduty.alerts();
    let open = alerts.iter().filter(|alert| alert.open).map(|alert| alert.labels["resource_id"].clone());
    prop_assert_eq!(open.collect::<BTreeSet<_>>(), told.open());
    prop_assert!(journey.dead().is_empty(), "nothing was refused for good");
    for (resource, messages) in &told.messages {
        let told: Vec<&str> = messages.iter().map(|message| message.id.as_str()).collect();
        let heard = heard(&journey, *resource);
        let mut first: Vec<&str> = Vec::new();
        for id in &heard {
            if !first.contains(&id.as_str()) {
                first.push(id);
            }
        }
        prop_assert_eq!(&first, &told, "the order in which Flashduty heard of resource {}: {:?}", resource, &heard);
        prop_assert_eq!(heard.last().map(String::as_str), told.last().copied(), "resource {}", resource);
    }
    add(&count.pushes, journey.world.flashduty.received().len());
    assert_no_secret(&second.function.log());
    journey.end();
    Ok(())
}

/// What happens around the relay.
async fn around(step: &Step, journey: &mut Journey, second: &mut EventSource, has_changed: bool, count: &Count) {
    match step {
        Step::Down(fault) => journey.world.flashduty.fault(fault.clone(), Lasts::Standing),
        Step::Stumble(pushes) => journey.world.flashduty.fault(busy(), Lasts::Next(*pushes)),
        Step::Up => journey.world.flashduty.clear_faults(),
        // Not promised: that a process which did not queue an alert knows of it, and the queue takes no more. Its
        // recovery is pushed then, which is better than to lose it.
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

/// The ids of the messages about a resource that Flashduty took, in order.
fn heard(journey: &Journey, resource: usize) -> Vec<String> {
    let pushes = journey.world.flashduty.received().into_iter().filter(|push| push.alert_key.is_some());
    let events = pushes.map(|push| serde_json::from_slice::<Value>(&push.body).unwrap());
    let id = json!(resource.to_string());
    let events = events.filter(|event| event["labels"]["resource_id"] == id);
    events.map(|event| event["labels"]["data_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_message_overtakes_one_before_it() {
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
