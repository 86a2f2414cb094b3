//! SSM's quota of calls: a thousand processes that start at once, and a hundred to which a stranger sends wrong tokens.
//!
//! Each is one round of minutes. It has no seed, because it makes no random decisions.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::figures::Figures;
use crate::support::{World, assert_no_secret, sample, with_credential};
use crate::throttling::{CALLS_PER_SECOND, start_at_once, started};

const STARTS: usize = 1_000;

/// The processes that the wrong tokens reach.
const FLOODED: usize = 100;
/// Each process gets a wrong token this often.
const BETWEEN_TOKENS: Duration = Duration::from_millis(500);
/// The pauses between two reads are short at first.
const FIRST_MINUTE: Duration = Duration::from_mins(1);
/// How long the calls of SSM are counted after that. It is longer than the pause in force then, about 64 seconds, so
/// that each process reads at least once.
const COUNTED: Duration = Duration::from_secs(75);
/// Calls of SSM by all processes together must be fewer.
const MOST_A_SECOND: f64 = 5.0;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it needs gigabytes: make chaos"]
async fn a_thousand_processes_that_start_at_once_lose_nothing() {
    starts().await;
}

pub async fn starts() -> Figures {
    let starts = start_at_once(STARTS).await;
    println!(
        "{STARTS} processes waited after {:.0} s. All were answered 200 {:.0} s later, after {} tries at most. \
         {} of {} calls of SSM were throttled, which {} processes told in one line for a request.",
        starts.started.as_secs_f64(),
        starts.answered.as_secs_f64(),
        starts.most_tries,
        starts.throttled,
        starts.calls,
        starts.told,
    );
    assert!(starts.told > 0, "no process told that its request had to wait");
    Figures {
        rounds: 1,
        sent: count(STARTS),
        requests: count(starts.requests),
        pushes: count(STARTS),
        faults: count(starts.throttled),
        ..Figures::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it takes minutes: make chaos"]
async fn a_flood_of_wrong_tokens_leaves_the_quota_to_others() {
    flood().await;
}

pub async fn flood() -> Figures {
    let world = World::new().await;
    world.ssm.throttle(CALLS_PER_SECOND);
    let processes = started(&world, FLOODED).await;
    let start = Instant::now();
    let (counted_from, end) = (start + FIRST_MINUTE, start + FIRST_MINUTE + COUNTED);
    let mut flooded = JoinSet::new();
    for mut process in processes {
        flooded.spawn(async move {
            let right = sample("alarm");
            let wrong = with_credential(right.clone(), None, "token=guess");
            let mut tokens = 0;
            while Instant::now() < end {
                assert_eq!(process.invoke(&wrong).await["statusCode"], 401);
                tokens += 1;
                sleep(BETWEEN_TOKENS).await;
            }
            assert_eq!(process.invoke(&right).await["statusCode"], 200);
            assert_no_secret(&process.log());
            tokens
        });
    }
    sleep_until(counted_from).await;
    let (first, mut busiest) = (world.ssm.calls().len(), 0);
    let mut before = first;
    while Instant::now() < end {
        sleep(Duration::from_secs(1)).await;
        let calls = world.ssm.calls().len();
        busiest = busiest.max(calls - before);
        before = calls;
    }
    let reads = before - first;
    let tokens: u64 = flooded.join_all().await.into_iter().sum();
    let a_second = f64::from(u32::try_from(reads).unwrap()) / COUNTED.as_secs_f64();
    println!(
        "{FLOODED} processes got {tokens} wrong tokens. They called SSM {first} times in the first minute, and then \
         {a_second:.1} times a second, {busiest} times in the busiest second. {} calls were throttled.",
        world.ssm.throttled(),
    );
    assert!(reads >= FLOODED, "each process reads SSM again");
    assert!(a_second < MOST_A_SECOND, "{a_second} calls of SSM a second");
    let figures = Figures {
        rounds: 1,
        sent: tokens,
        requests: tokens + count(FLOODED),
        pushes: count(world.flashduty.received().len()),
        faults: count(world.ssm.throttled()),
        ..Figures::default()
    };
    world.end();
    figures
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap()
}
