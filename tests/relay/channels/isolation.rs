//! Random sequences of messages to two channels, and of faults that concern one of them.
//!
//! What the other one delivers does not depend on them: every message to it is pushed at once and answered 200, as if it
//! were alone, and Flashduty gets the same events in the same order.

use std::time::Duration;

use flashduty_standin::{Fault, Lasts};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::chaos::figures::Seed;
use crate::support::journey::{Journey, busy};
use crate::support::{
    KEY, KEY_IN_URL, PUSH_URL_PARAMETER, TOKEN_PARAMETER, alarm, assert_no_secret, post, to_channel, translated,
};

/// Sequences in a round.
const CASES: u32 = 8;
/// Rounds that run at the same time.
const LANES: usize = 4;
const RESOURCES: usize = 3;

/// Where messages go to, and the integration key there.
type Place = (Option<&'static str>, &'static str);

/// The one with faults, and the one that must not notice them.
const PLACES: [(Place, Place); 3] = [
    ((Some("troubled"), "key-of-troubled"), (None, KEY)),
    ((None, KEY), (Some("steady"), "key-of-steady")),
    ((Some("troubled"), "key-of-troubled"), (Some("steady"), "key-of-steady")),
];

#[derive(Clone, Debug)]
enum Step {
    /// ZStack sends a trigger or a recovery of a resource to the channel with faults.
    Troubled(usize, bool),
    /// The same message to the other one.
    Steady(usize, bool),
    /// Flashduty answers every push of the one channel with this fault.
    Down(Fault),
    /// Flashduty is too busy for this many of its pushes.
    Busy(usize),
    /// Flashduty accepts its pushes again.
    Up,
    /// SSM does not give the channel's parameters: they are denied, gone, or useless.
    Locked,
    Gone,
    Useless,
    /// SSM gives them again.
    Found,
    /// Lambda replaces the process by a new one.
    Restart,
    /// Lambda uses another of the running processes.
    Process(usize),
    /// `redeliver` delivers what is queued.
    Drain,
}

fn step() -> impl Strategy<Value = Step> {
    let message = || (0..RESOURCES, any::<bool>());
    // Faults that use up the time of a request make the test slow, so they are rare.
    let fault = prop_oneof![
        6 => Just(busy()),
        3 => Just(Fault::status(400)),
        2 => Just(Fault::status(401)),
        1 => Just(Fault::status(500)),
        1 => Just(Fault::Close),
        1 => Just(Fault::Hang),
    ];
    prop_oneof![
        6 => message().prop_map(|(resource, trigger)| Step::Troubled(resource, trigger)),
        6 => message().prop_map(|(resource, trigger)| Step::Steady(resource, trigger)),
        3 => fault.prop_map(Step::Down),
        2 => (1..4_usize).prop_map(Step::Busy),
        1 => Just(Step::Up),
        1 => Just(Step::Locked),
        1 => Just(Step::Gone),
        1 => Just(Step::Useless),
        1 => Just(Step::Found),
        1 => Just(Step::Restart),
        2 => (0..2_usize).prop_map(Step::Process),
        2 => Just(Step::Drain),
    ]
}

fn message(resource: usize, trigger: bool, n: usize) -> String {
    let (now, before) = if trigger { ("Alarm", "OK") } else { ("OK", "Alarm") };
    alarm(&json!({
        "ALARM_RESOURCE_ID": resource.to_string(), "ALARM_DATA_UUID": format!("data-{n}"),
        "ALARM_CURRENT_STATUS": now, "ALARM_PREVIOUS_STATUS": before,
    }))
}

fn event(place: Place, message: &str) -> Value {
    let event = post(message);
    place.0.map_or_else(|| event.clone(), |channel| to_channel(event.clone(), channel))
}

fn parameters(place: Place) -> [String; 2] {
    [PUSH_URL_PARAMETER, TOKEN_PARAMETER].map(|it| place.0.map_or(it.to_owned(), |channel| format!("{it}/{channel}")))
}

/// Writes a place's push URL to SSM, as it was at the start. A channel has no token of its own.
fn put(journey: &Journey, place: Place) {
    let key = if place.1 == KEY { KEY_IN_URL } else { place.1 };
    journey.world.ssm.put(&parameters(place)[0], &journey.world.flashduty.push_url("standard", key));
}

async fn walk(steps: &[Step], troubled: Place, steady: Place) -> Result<(), TestCaseError> {
    let mut journey = Journey::with("standard", &[("SETTINGS_TTL_SECONDS", "0")]).await;
    journey.world.flashduty.set_keys([KEY, troubled.1, steady.1]);
    put(&journey, troubled);
    put(&journey, steady);
    let mut expected = Vec::new();
    for (n, step) in steps.iter().enumerate() {
        match step {
            Step::Troubled(resource, trigger) => {
                let (status, body) = journey.send(&event(troubled, &message(*resource, *trigger, n))).await;
                prop_assert!([200, 202, 404, 502, 503].contains(&status), "step {n}: {status} {body}");
            }
            Step::Steady(resource, trigger) => {
                let message = message(*resource, *trigger, n);
                let (status, body) = journey.send(&event(steady, &message)).await;
                prop_assert_eq!(status, 200, "step {}: {}", n, &body);
                prop_assert!(body["queued"].is_null(), "step {}: {}", n, &body);
                let mut pushed = translated(message.as_bytes(), &[]).remove(0);
                if let Some(channel) = steady.0 {
                    pushed["labels"]["channel"] = json!(channel);
                }
                expected.push(pushed);
            }
            around => disturb(around, &mut journey, troubled).await,
        }
    }
    journey.world.flashduty.clear_faults();
    journey.world.ssm.unlock();
    put(&journey, troubled);
    // The old process remembers for half a minute that the channel was gone.
    let another = journey.another_redeliver().await;
    let old = std::mem::replace(&mut journey.redeliver, another);
    assert_no_secret(&old.function.log());
    journey.redeliver.drain_to_the_end().await;

    let mut first = Vec::new();
    for push in journey.world.flashduty.received() {
        let event: Value = serde_json::from_slice(&push.body).unwrap();
        let place = if push.key.as_deref() == Some(steady.1) { steady } else { troubled };
        prop_assert_eq!(&event["labels"]["channel"], &json!(place.0), "nothing is pushed to another channel");
        let is_known = |known: &Value| known["labels"]["data_id"] == event["labels"]["data_id"];
        if place == steady && !first.iter().any(is_known) {
            prop_assert_eq!(push.status, Some(200));
            first.push(event);
        }
    }
    prop_assert_eq!(first, expected);
    prop_assert!(journey.dead().iter().all(|letter| letter["MessageBody"]["channel"] == json!(troubled.0)));
    // A process without a request may have logged nothing, and the end of a journey would miss that.
    if !journey.world.function.log().is_empty() {
        journey.end();
    }
    Ok(())
}

/// Executes a step in which ZStack sends nothing.
async fn disturb(step: &Step, journey: &mut Journey, troubled: Place) {
    let (flashduty, ssm) = (&journey.world.flashduty, &journey.world.ssm);
    let parameters = parameters(troubled);
    // Without the stack's token nobody is let in, except where a channel has its own.
    let may_lose = if troubled.0.is_some() { &parameters[..] } else { &parameters[..1] };
    match step {
        Step::Down(fault) => flashduty.fault_of(troubled.1, fault.clone(), Lasts::Standing),
        Step::Busy(pushes) => flashduty.fault_of(troubled.1, busy(), Lasts::Next(*pushes)),
        Step::Up => flashduty.clear_faults_of(troubled.1),
        Step::Locked => may_lose.iter().for_each(|it| ssm.lock(it, "AccessDeniedException")),
        Step::Gone => ssm.remove(&parameters[0]),
        Step::Useless => ssm.put(&parameters[0], "nonsense"),
        Step::Found => {
            ssm.unlock();
            put(journey, troubled);
        }
        Step::Restart => journey.world.restart().await,
        Step::Process(another) => journey.world.take_process(*another).await,
        Step::Drain => {
            journey.redeliver.drain().await;
            journey.sqs.advance(Duration::from_mins(1));
        }
        Step::Troubled(..) | Step::Steady(..) => unreachable!("{step:?} sends a message"),
    }
}

async fn round(seed: u64) {
    let handle = Handle::current();
    let cases = tokio::task::spawn_blocking(move || {
        let config = Config { cases: CASES, max_shrink_iters: 32, failure_persistence: None, ..Config::default() };
        let bytes: Vec<u8> = seed.to_le_bytes().repeat(4);
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let case = (vec(step(), 10..30), proptest::sample::select(PLACES.to_vec()));
        TestRunner::new_with_rng(config, rng)
            .run(&case, |(steps, (troubled, steady))| handle.block_on(walk(&steps, troubled, steady)))
    });
    cases.await.unwrap().unwrap_or_else(|failure| panic!("{failure}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_channel_delivers_does_not_depend_on_the_faults_of_another() {
    let lanes = (0..LANES).map(|_| {
        tokio::spawn(async {
            let seed = Seed::new("isolation");
            round(seed.value()).await;
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.unwrap();
    }
}
