//! What a cold start and an alert cost, beside a function that does nothing.
//!
//! `bench FOLDER` runs the binaries in FOLDER, where cargo-lambda puts them: `relay/bootstrap`, `redeliver/bootstrap`
//! and `bench-floor/bootstrap`. Around them are stand-ins for Lambda's Runtime API, SSM, SQS and Flashduty on loopback,
//! the last three over TLS. It prints two tables. `bench FOLDER FILE` also writes the figures into FILE, as JSON.
//! `bench FOLDER --instructions` counts instructions instead.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench prints, and panics if something fails"
)]

mod cgroup;
mod instructions;
mod network;
mod path;
mod process;
mod report;
mod sold;
mod world;

use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use aws_standin::lambda::Function;
use serde_json::{Value, json};

use process::{cpu, peak_memory};
use report::{Row, SoldRow, median};
use world::{CHANNEL_PATH, World, alarm, alarm_to, batch, pushed};

/// How many processes of each kind are started, interleaved.
const STARTS: usize = 40;
/// How many requests a warm process gets.
const REQUESTS: usize = 2_000;
/// How many of these requests a process gets in one turn.
const TURN: usize = 100;
/// How many requests of each size are sent to compare sizes.
const SIZED: usize = 300;
/// How many requests are sent to see whether memory grows.
const BURST: usize = 10_000;
/// How many batches of ten `redeliver` gets. Each takes 1.5 seconds.
const BATCHES: usize = 20;

/// A kind of function, and what it is sent: one column of the table.
struct Kind {
    /// The name of the binary.
    binary: &'static str,
    queues: bool,
    path: &'static str,
}

/// The function that does nothing, the relay without queues, the relay as it is deployed by default, and the same relay
/// when its messages are for a channel.
const KINDS: [Kind; 4] = [
    Kind { binary: "bench-floor", queues: false, path: "/zstack" },
    Kind { binary: "relay", queues: false, path: "/zstack" },
    Kind { binary: "relay", queues: true, path: "/zstack" },
    Kind { binary: "relay", queues: true, path: CHANNEL_PATH },
];
/// The one of `KINDS` that is deployed by default. The goals and the chart are about it.
const DEFAULT: usize = 2;

#[tokio::main]
async fn main() {
    let folder = std::env::args_os().nth(1).map_or_else(|| "target/lambda".into(), PathBuf::from);
    let world = World::start(&folder).await;
    let second = std::env::args_os().nth(2);
    if second.as_ref().is_some_and(|argument| argument == "--instructions") {
        return instructions::print(&world).await;
    }
    let mut rows = Vec::new();
    let (row, stages) = cold(&world).await;
    rows.push(row);
    rows.extend(warm(&world).await);
    rows.extend(growth(&world).await);
    rows.extend(redeliver(&world).await);
    rows.extend(sizes(&world));
    let sold = sold::measure(&world).await;
    report::print(&rows);
    report::print_sold(&sold.rows, sold.left_out.as_deref());
    if let Some(path) = second {
        let rows: Vec<Value> = rows.iter().map(Row::to_json).collect();
        let sold_rows: Vec<Value> = sold.rows.iter().map(SoldRow::to_json).collect();
        let data = json!({
            "cold start": stages, "figures": rows, "first alarm": sold.stages, "as Lambda sells it": sold_rows,
        });
        std::fs::write(path, format!("{data:#}\n")).expect("the file can be written");
    }
}

fn progress(what: &str) {
    let _ = writeln!(std::io::stderr(), "    {what}");
}

async fn send(function: &mut Function, event: &Value) {
    let answer = function.invoke(event).await;
    assert_eq!(answer["statusCode"], 200, "{answer}; the log:\n{}", function.log());
}

/// The time from the start of a process to its first answer, and the median times of the relay's stages.
async fn cold(world: &World) -> (Row, Value) {
    progress(&format!("{STARTS} starts of each"));
    let mut times = KINDS.map(|_| Vec::new());
    let mut stages = ["SSM is asked", "settings are there", "Flashduty has the event", "ZStack is answered"]
        .map(|stage| (stage, Vec::new()));
    for _ in 0..STARTS {
        for (n, kind) in KINDS.iter().enumerate() {
            let mut function = world.function(kind.binary, kind.queues).await;
            function.asked_for_work().await;
            let ready = function.started.elapsed();
            send(&mut function, &alarm_to(kind.path, 0, 0)).await;
            let answered = function.started.elapsed();
            times[n].push(millis(answered));
            if n == DEFAULT {
                let since = |moment: Option<Instant>| moment.map_or(Duration::ZERO, |it| it - function.started);
                let reached = [since(world.ssm.last_call()), ready, since(pushed()), answered];
                stages.iter_mut().zip(reached).for_each(|((_, times), time)| times.push(millis(time)));
            }
        }
    }
    let stages = stages.map(|(stage, times)| json!({"stage": stage, "ms": median(times)}));
    (Row::new("process start to first answer", "ms", times.map(median), Some(3.0)), json!(stages))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Processor time, latency and memory of sequential requests. The kinds take turns, and the figures are medians, because
/// the machine has other work.
async fn warm(world: &World) -> [Row; 3] {
    progress(&format!("{REQUESTS} requests to each"));
    let mut functions = Vec::new();
    for kind in KINDS {
        let mut function = world.function(kind.binary, kind.queues).await;
        for n in 0..TURN {
            send(&mut function, &alarm_to(kind.path, n, 0)).await;
        }
        functions.push(function);
    }
    let (mut each, mut latency) = (KINDS.map(|_| Vec::new()), KINDS.map(|_| Vec::new()));
    for turn in 0..REQUESTS / TURN {
        for (((kind, function), each), latency) in KINDS.iter().zip(&mut functions).zip(&mut each).zip(&mut latency) {
            let before = cpu(function.pid());
            for n in 0..TURN {
                let event = alarm_to(kind.path, turn * TURN + n, 0);
                let start = Instant::now();
                send(function, &event).await;
                latency.push(start.elapsed().as_secs_f64() * 1e6);
            }
            each.push(1e6 * (cpu(function.pid()) - before) / count(TURN));
        }
        world.flashduty.clear();
    }
    let mut memory = KINDS.map(|_| 0.0);
    functions.iter().zip(&mut memory).for_each(|(function, memory)| *memory = peak_memory(function.pid()) / 1024.0);
    [
        Row::new("processor time of a warm alert", "µs", each.map(median), Some(2.0)),
        Row::new("time of a warm alert", "µs", latency.map(median), None),
        Row::new("peak memory", "MiB", memory, Some(2.5)),
    ]
}

/// How the cost grows with the size of a message, and memory with the number of messages.
async fn growth(world: &World) -> [Row; 2] {
    progress(&format!("large messages, and {BURST} alerts"));
    let mut function = world.function("relay", true).await;
    let mut cost = Vec::new();
    for size in [10_000, 100_000] {
        let event = alarm(0, size);
        send(&mut function, &event).await;
        let before = cpu(function.pid());
        for _ in 0..SIZED {
            send(&mut function, &event).await;
        }
        cost.push(1e6 * (cpu(function.pid()) - before) / count(SIZED));
    }
    let mut function = world.function("relay", true).await;
    for n in 0..REQUESTS {
        send(&mut function, &alarm(n, 0)).await;
    }
    let before = peak_memory(function.pid());
    for n in 0..BURST {
        send(&mut function, &alarm(n, 0)).await;
    }
    let after = peak_memory(function.pid());
    world.flashduty.clear();
    [
        Row::one("processor time of 100 KB, in messages of 10 KB", "×", cost[1] / cost[0], 12.0),
        Row::one(&format!("peak memory after {BURST} alerts, in that before"), "×", after / before, 1.1),
    ]
}

/// The processor time of `redeliver` for an alert.
async fn redeliver(world: &World) -> [Row; 2] {
    /// The part of a processor that Lambda gives at 128 MB. At 1,769 MB it is a whole one.
    const SHARE: f64 = 128.0 / 1_769.0;
    /// Flashduty's rate limit, in requests per second.
    const LIMIT: f64 = 1_000.0 / 60.0;
    progress(&format!("{BATCHES} batches of ten for redeliver"));
    let mut function = world.function("redeliver", true).await;
    let deadline = || aws_standin::in_time(Duration::from_mins(1));
    let answer = function.invoke_until(&batch(0), deadline()).await;
    assert_eq!(answer["batchItemFailures"], json!([]));
    let before = cpu(function.pid());
    for n in 1..=BATCHES {
        let answer = function.invoke_until(&batch(n * 10), deadline()).await;
        assert_eq!(answer["batchItemFailures"], json!([]), "{}", function.log());
    }
    let rate = count(BATCHES * 10) / (cpu(function.pid()) - before);
    [
        Row::alone("redeliver: alerts in a second of processor time", "", rate),
        Row::at_least("the same at 128 MB, in Flashduty's limit", "×", rate * SHARE / LIMIT, 10.0),
    ]
}

/// The size of the zip files for Lambda, compressed as those of a bundle.
fn sizes(world: &World) -> [Row; 1] {
    let zipped = |name: &str| {
        let binary = std::fs::read(world.binary(name)).expect("the binary is built");
        let mut zip = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        zip.write_all(&binary).expect("a vector accepts everything");
        let zip = zip.finish().expect("a vector accepts everything");
        count(zip.len()) / 1e6
    };
    let [floor, relay] = ["bench-floor", "relay"].map(zipped);
    [Row::limit("zip", "MB", [floor, relay, relay, relay], 2.5)]
}

#[allow(clippy::cast_precision_loss, reason = "small numbers")]
fn count(number: usize) -> f64 {
    number as f64
}
