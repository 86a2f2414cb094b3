//! Attacks on the built functions from outside.
//!
//! Each attack has rounds. A test runs one or a few, and `make chaos` runs them for minutes. Each round has a seed, which
//! it prints if it fails. The same seed makes the same decisions, but their timing depends on the machine.

#![allow(clippy::print_stdout, reason = "seeds and figures are for a person")]

mod access;
mod bodies;
mod clocks;
mod faults;
pub mod figures;
mod quota;

use std::time::{Duration, Instant};

use figures::{Figures, Row, Seed, table};

use crate::journeys;

/// Runs rounds of an attack until this time, at least one.
async fn rounds<F, Fut>(filter: &'static str, until: Instant, round: F) -> Figures
where
    F: Fn(u64) -> Fut,
    Fut: Future<Output = Figures>,
{
    let mut all = Figures::default();
    loop {
        let seed = Seed::new(filter);
        all += round(seed.value()).await;
        if Instant::now() >= until {
            return all;
        }
    }
}

/// Runs one round.
async fn once<F, Fut>(filter: &'static str, round: F)
where
    F: Fn(u64) -> Fut,
    Fut: Future<Output = Figures>,
{
    rounds(filter, Instant::now(), round).await;
}

/// Runs all attacks at the same time, some of them several times, for `CHAOS_MINUTES`. Before that, many processes start
/// at once: they need the whole machine.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it takes minutes: make chaos"]
async fn all_for_minutes() {
    let mut rows = vec![Row::start("many starts", "starts", quota::starts())];
    rows[0].ended().await;
    let minutes: f64 = std::env::var("CHAOS_MINUTES").map_or(5.0, |minutes| minutes.parse().unwrap());
    let until = Instant::now() + Duration::from_secs_f64(minutes * 60.0);
    for _ in 0..2 {
        rows.push(Row::start("faults, kills, freezes", "alerts", rounds("chaos::faults", until, faults::round)));
    }
    for _ in 0..4 {
        rows.push(Row::start("mutated bodies", "bodies", rounds("chaos::bodies", until, bodies::round)));
    }
    rows.push(Row::start("access", "attempts", rounds("chaos::access", until, access::round)));
    for _ in 0..3 {
        rows.push(Row::start("order", "alerts", rounds("journeys", until, journeys::round)));
    }
    rows.push(Row::start("clocks", "alerts", rounds("chaos::clocks", until, clocks::round)));
    rows.push(Row::start("wrong tokens", "tokens", quota::flood()));
    let (shown, failed) = table(rows).await;
    println!("\n{shown}");
    assert!(!failed, "an attack succeeded: its seed is above");
}
