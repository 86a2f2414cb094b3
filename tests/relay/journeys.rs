//! Random histories through the whole path: whatever happens on the way, Flashduty's open alerts are in
//! the end those whose last message was a trigger.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_standin::sqs::Fault as SqsFault;
use flashduty_standin::{Fault, Lasts};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::support::journey::{Journey, busy};
use crate::support::{alarm, post};

const CASES: u32 = 24;
const RESOURCES: usize = 3;

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
    /// Lambda takes another process, which remembers nothing.
    Restart,
    /// SQS does not let anybody in, until ZStack hears of it.
    QueueDown,
    /// Lambda hands out what waits, the first pushes of which find Flashduty too busy.
    Drain(usize),
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
        1 => Just(Step::QueueDown),
        3 => (0..3_usize).prop_map(Step::Drain),
    ]
}

/// The last message about each resource, and whether it was a trigger.
#[derive(Default)]
struct Told(BTreeMap<usize, (String, bool)>);

impl Told {
    fn tell(&mut self, resource: usize, trigger: bool, level: &str, n: usize) -> String {
        let (now, before) = if trigger { ("Alarm", "OK") } else { ("OK", "Alarm") };
        let message = alarm(&json!({
            "ALARM_RESOURCE_ID": resource.to_string(), "ALARM_DATA_UUID": format!("data-{n}"),
            "ALARM_EMERGENCY_LEVEL": level, "ALARM_CURRENT_STATUS": now, "ALARM_PREVIOUS_STATUS": before,
        }));
        self.0.insert(resource, (message.clone(), trigger));
        message
    }

    fn open(&self) -> BTreeSet<String> {
        let open = self.0.iter().filter(|(_, (_, trigger))| *trigger);
        open.map(|(resource, _)| resource.to_string()).collect()
    }
}

async fn walk(steps: &[Step]) -> Result<(), TestCaseError> {
    let mut journey = Journey::new().await;
    let mut told = Told::default();
    let mut restarted = false;
    // One message at least, so that something is logged.
    let first = Step::Trigger(0, "Emergent");
    for (n, step) in std::iter::once(&first).chain(steps).enumerate() {
        let message = match step {
            Step::Trigger(resource, level) => told.tell(*resource, true, level, n),
            Step::Recovery(resource) => told.tell(*resource, false, "Emergent", n),
            Step::Repeat(resource) => match told.0.get(resource) {
                Some((message, _)) => message.clone(),
                None => continue,
            },
            Step::Down(fault) => {
                journey.world.flashduty.fault(fault.clone(), Lasts::Standing);
                continue;
            }
            Step::Stumble(pushes) => {
                journey.world.flashduty.fault(busy(), Lasts::Next(*pushes));
                continue;
            }
            Step::Restart => {
                journey.sqs.fault(None);
                journey.world.restart().await;
                restarted = true;
                continue;
            }
            Step::QueueDown => {
                // Not promised: that a process which did not queue an alert knows of it, and the queue takes
                // no more. Its recovery is pushed then, which is better than to lose it.
                if !restarted {
                    journey.sqs.fault(Some(SqsFault::Deny));
                }
                continue;
            }
            Step::Up => {
                journey.world.flashduty.clear_faults();
                continue;
            }
            Step::Drain(pushes) => {
                journey.world.flashduty.fault(busy(), Lasts::Next(*pushes));
                journey.redeliver.drain().await;
                journey.sqs.advance(Duration::from_mins(1));
                continue;
            }
        };
        let (mut status, mut body) = journey.send(&post(message.clone())).await;
        if status == 503 {
            journey.sqs.fault(None);
            (status, body) = journey.send(&post(message)).await;
        }
        prop_assert!(status == 200 || status == 202, "step {n}: {status} {body}");
    }
    journey.world.flashduty.clear_faults();
    journey.sqs.fault(None);
    journey.redeliver.drain_to_the_end().await;

    let alerts = journey.world.flashduty.alerts();
    let open = alerts.iter().filter(|alert| alert.open).map(|alert| alert.labels["resource_id"].clone());
    prop_assert_eq!(open.collect::<BTreeSet<_>>(), told.open());
    prop_assert!(journey.dead().is_empty(), "nothing was refused for good");
    journey.end();
    Ok(())
}

#[test]
fn the_open_alerts_are_those_whose_last_message_was_a_trigger() {
    let runtime = Runtime::new().unwrap();
    let config = Config { cases: CASES, max_shrink_iters: 32, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&vec(step(), 10..30), |steps| runtime.block_on(walk(&steps)));
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
