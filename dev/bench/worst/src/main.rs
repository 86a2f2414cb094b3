//! `worst SECONDS`: measures expensive requests of 128 KiB, and searches for more expensive ones for this long. Fails if
//! one exceeds the limits for time or memory.
//!
//! The search goes by what a request allocates, because that repeats exactly. Only the worst requests are timed.

#![allow(clippy::print_stdout, reason = "its output is for people")]

mod cost;
mod mutate;
mod shapes;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use cost::{Cost, Request};
use mutate::mutated;
use shapes::shapes;

/// The limit for the processor time of a request.
const MOST_TIME: Duration = Duration::from_millis(300);
/// The limit for peak memory, in bytes.
const MOST_MEMORY: u64 = 64 * 1024 * 1024;
/// How many requests the search keeps for new mutations.
const KEPT: usize = 24;
/// How often a request is timed. The shortest time counts, because other programs delay it.
const TRIES: usize = 3;

fn main() -> ExitCode {
    let seconds = std::env::args().nth(1).and_then(|seconds| seconds.parse().ok()).unwrap_or_default();
    println!("    {:44} {:>8} {:>10} {:>10}", "a request of 128 KiB", "ms", "peak MiB", "all MiB");
    let mut too_much = 0;
    let mut kept: Vec<(Cost, Request)> = Vec::new();
    for (name, request) in shapes() {
        let cost = measured(&request);
        too_much += usize::from(report(name, cost));
        kept.push((cost, request));
    }
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut tried = 0_u64;
    while Instant::now() < end {
        let at = fastrand::usize(..kept.len());
        let request = mutated(&kept[at].1, &kept[fastrand::usize(..kept.len())].1);
        let cost = request.cost();
        tried += 1;
        kept.push((cost, request));
        kept.sort_by_key(|(cost, _)| std::cmp::Reverse(cost.allocated.max(4 * cost.peak)));
        kept.truncate(KEPT);
    }
    if tried > 0 {
        let worst = kept.iter().map(|(_, request)| measured(request)).max_by_key(|cost| cost.time);
        let Some(worst) = worst else { return ExitCode::FAILURE };
        too_much += usize::from(report(&format!("the worst of {tried} mutations"), worst));
    }
    if too_much > 0 {
        println!("{too_much} exceed {MOST_TIME:?} or {} MiB", MOST_MEMORY / 1024 / 1024);
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The cost of a request, with the shortest time of several runs.
fn measured(request: &Request) -> Cost {
    let mut cost = request.cost();
    for _ in 1..TRIES {
        cost.time = cost.time.min(request.cost().time);
    }
    cost
}

/// Prints a line, and returns whether the cost exceeds a limit.
fn report(name: &str, cost: Cost) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "only printed")]
    let mib = |bytes: u64| bytes as f64 / 1024.0 / 1024.0;
    let Cost { time, peak, allocated } = cost;
    let ms = time.as_secs_f64() * 1_000.0;
    println!("    {name:44} {ms:8.1} {:10.1} {:10.1}", mib(peak), mib(allocated));
    time > MOST_TIME || peak > MOST_MEMORY
}
