//! Jumping clocks. Lambda's deadlines and a letter's times are wall clock times.
//!
//! libfaketime (Debian's package `faketime`) moves the clock of the processes, if it is installed. Without it, only the
//! deadlines are wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use aws_standin::in_time;
use fastrand::Rng;
use flashduty_standin::{Fault, Lasts};
use serde_json::{Value, json};

use super::figures::Figures;
use crate::support::journey::{Journey, busy};
use crate::support::{alarm, post, sample};

/// Alerts of a round.
const ALERTS: usize = 60;
/// How often ZStack sends a message.
const TRIES: usize = 5;

/// A push that takes longer on a reused connection is repeated on a new one.
const PATIENCE: Duration = Duration::from_secs(1);

/// The library's usual places. `LIBFAKETIME` can name another one.
const LIBRARIES: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
];

const SECOND: i64 = 1;
const HOUR: i64 = 3_600;
const YEAR: i64 = 365 * 24 * HOUR;
/// In seconds, forward and back. Forward jumps are shorter than nine days, after which a letter is too old.
const JUMPS: [i64; 14] = [
    SECOND,
    3 * SECOND,
    6 * SECOND,
    20 * SECOND,
    60 * SECOND,
    HOUR,
    24 * HOUR,
    -SECOND,
    -5 * SECOND,
    -60 * SECOND,
    -HOUR,
    -24 * HOUR,
    -YEAR,
    -40 * YEAR,
];

/// The clock of both functions.
struct Clock {
    file: PathBuf,
    library: PathBuf,
}

impl Clock {
    /// A clock with the right time; `None` without libfaketime.
    fn new(seed: u64) -> Option<Self> {
        let named = std::env::var_os("LIBFAKETIME").map(PathBuf::from);
        let library = named.into_iter().chain(LIBRARIES.map(PathBuf::from)).find(|path| path.is_file())?;
        let file = std::env::temp_dir().join(format!("zstack-flashduty-clock-{}-{seed}", std::process::id()));
        let clock = Self { file, library };
        clock.set(0);
        Some(clock)
    }

    /// Sets the clock this many seconds ahead of the right time.
    fn set(&self, seconds: i64) {
        // A rename is atomic: a function never reads half of it.
        let new = self.file.with_extension("new");
        std::fs::write(&new, format!("{seconds:+}")).unwrap();
        std::fs::rename(new, &self.file).unwrap();
    }

    fn variables(&self) -> [(&str, &str); 4] {
        [
            ("LD_PRELOAD", self.library.to_str().unwrap()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.to_str().unwrap()),
            ("FAKETIME_NO_CACHE", "1"),
            // Timers use the monotonic clock, which never jumps.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ]
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_jumps_nor_odd_deadlines_lose_an_alert() {
    super::once("chaos::clocks", round).await;
}

pub async fn round(seed: u64) -> Figures {
    let mut rng = Rng::with_seed(seed);
    let clock = Clock::new(seed);
    if clock.is_none() {
        println!(
            "clocks: libfaketime is not installed (Debian: apt-get install faketime), so only deadlines are wrong"
        );
    }
    let variables = clock.as_ref().map(Clock::variables);
    let mut journey = Journey::with("standard", variables.as_ref().map_or(&[], |variables| &variables[..])).await;
    let mut figures = Figures { rounds: 1, sent: ALERTS as u64, ..Figures::default() };
    if let Some(clock) = &clock {
        clock.set(-40 * YEAR);
        assert_eq!(journey.send(&sample("health")).await.0, 200);
        let line = journey.world.function.request_lines().await.pop().unwrap();
        assert!(line["timestamp"].as_str().unwrap().starts_with("19"), "the clock does not move: {line}");
        clock.set(0);
    }
    let mut ahead = 0;
    // What was answered 200 or 202, by its id. ZStack knows that it did not get the others through: each of their tries had
    // too little time.
    let mut accepted = BTreeSet::new();
    // Alerts that must have been pushed exactly once.
    let mut once = Vec::new();
    for n in 0..ALERTS {
        let id = format!("data-{n}");
        if let Some(clock) = clock.as_ref().filter(|_| rng.bool()) {
            ahead = JUMPS[rng.usize(..JUMPS.len())];
            clock.set(ahead);
            figures.faults += 1;
        }
        let fault = [None, None, Some(busy()), Some(Fault::Cut), Some(Fault::Close)][rng.usize(..5)].clone();
        let is_faultless = fault.is_none();
        if let Some(fault) = fault {
            journey.world.flashduty.fault(fault, Lasts::Next(1));
            figures.faults += 1;
        }
        let event = post(alarm(&json!({"ALARM_RESOURCE_ID": format!("r{n}"), "ALARM_DATA_UUID": id})));
        for is_first in (0..TRIES).map(|n| n == 0) {
            figures.requests += 1;
            let deadline = deadline(&mut rng);
            let ample = is_ample(deadline, ahead);
            let start = Instant::now();
            let (status, body) = journey.world.send_until(&event, deadline).await;
            let took = start.elapsed();
            // An alert that comes while others wait leaves a letter, and is pushed again.
            let has_letter = journey.queued().iter().any(|message| message["MessageBody"].to_string().contains(&id));
            if is_faultless && is_first && ample && status == 200 && took < PATIENCE && !has_letter {
                once.push(id.clone());
            }
            let expected = if ample { &[200, 202][..] } else { &[200, 202, 503, 504] };
            assert!(expected.contains(&status), "{deadline}, {ahead} s ahead: {status} {body}");
            if status < 300 {
                accepted.insert(id);
                break;
            }
        }
        journey.world.flashduty.clear_faults();
        if rng.u8(..4) == 0 {
            journey.world.flashduty.fault(busy(), Lasts::Next(rng.usize(..4)));
            journey.redeliver.drain().await;
            journey.world.flashduty.clear_faults();
            journey.sqs.advance(Duration::from_secs(rng.u64(..1_000)));
        }
    }
    if let Some(clock) = &clock {
        clock.set(0);
    }
    journey.redeliver.drain_to_the_end().await;
    assert_eq!(journey.dead(), Vec::<Value>::new());

    let mut pushed: BTreeMap<String, u64> = BTreeMap::new();
    for push in journey.world.flashduty.received().iter().filter(|push| push.alert_key.is_some()) {
        assert_eq!(push.violations, [""; 0], "{}", push.text());
        let event: Value = serde_json::from_slice(&push.body).unwrap();
        *pushed.entry(event["labels"]["data_id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let lost: Vec<_> = accepted.iter().filter(|id| !pushed.contains_key(*id)).collect();
    assert_eq!(lost, [] as [&String; 0]);
    for id in once {
        assert_eq!(pushed[&id], 1, "{id} was accepted at once, and pushed again");
    }
    figures.pushes = journey.world.flashduty.received().len() as u64;
    journey.end();
    figures
}

/// Whether a deadline leaves enough time by a clock that is this many seconds ahead. A deadline in the past counts as
/// none.
fn is_ample(deadline: u64, ahead: i64) -> bool {
    let left = i128::from(deadline) - i128::from(in_time(Duration::ZERO)) - 1_000 * i128::from(ahead);
    !(1..4_000).contains(&left)
}

/// A random deadline: mostly a normal one, else too near, in the past, or far away.
fn deadline(rng: &mut Rng) -> u64 {
    match rng.u8(..12) {
        0 => 0,
        1 => 1,
        2 => in_time(Duration::ZERO) - rng.u64(1..100_000_000),
        3 => in_time(Duration::from_millis(rng.u64(1..700))),
        4 => in_time(Duration::from_millis(rng.u64(700..3_000))),
        5 => in_time(Duration::from_secs(rng.u64(100..100_000_000))),
        6 => u64::MAX - rng.u64(..2),
        _ => in_time(Duration::from_millis(6_500)),
    }
}
