//! The instructions of a start and of a warm alarm, by callgrind. Unlike times, they hardly depend on the load of the
//! machine.

use std::path::{Path, PathBuf};

use rustix::process::Signal;

use crate::process::send_signal;
use crate::world::{World, alarm};
use crate::{progress, send};

/// How many warm alarms are counted.
const WARM: u64 = 50;

/// Prints a table, and leaves callgrind's output in the folders of the binaries.
pub async fn print(world: &World) {
    println!("| instructions | floor | relay alone | relay |\n| --- | ---: | ---: | ---: |");
    let kinds = [("bench-floor", false), ("relay", false), ("relay", true)];
    let mut starts = Vec::new();
    for (name, queues) in kinds {
        starts.push(count(world, name, queues, 1).await);
    }
    println!("| start and first alarm | {} | {} | {} |", starts[0], starts[1], starts[2]);
    let mut warm = Vec::new();
    for ((name, queues), start) in kinds.into_iter().zip(starts).take(2) {
        warm.push((count(world, name, queues, 1 + WARM).await - start) / WARM);
    }
    // With queues it depends on the time how often SQS is asked.
    println!("| warm alarm | {} | {} | |", warm[0], warm[1]);
}

/// The instructions of a process that gets so many alarms.
async fn count(world: &World, name: &'static str, queues: bool, alarms: u64) -> u64 {
    progress(&format!("callgrind: {alarms} alarms to {name}{}", if queues { " with queues" } else { "" }));
    let out = world.binary(name).with_file_name(format!("callgrind.{queues}.{alarms}"));
    let program = callgrind(world, name, &out);
    let mut function = world.run(name, &program, queues, None).await;
    for n in 0..alarms {
        send(&mut function, &alarm(usize::try_from(n).expect("a small number"), 0)).await;
    }
    function.asked_for_work().await;
    // Callgrind writes its output when the process is asked to end.
    send_signal(function.pid(), Signal::TERM);
    let (_, log) = function.ended().await;
    let _ = std::fs::remove_file(program);
    let counted = log.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    counted.unwrap_or_else(|| panic!("this needs valgrind; the log:\n{log}"))
}

/// A program that runs a binary under callgrind.
fn callgrind(world: &World, name: &str, out: &Path) -> PathBuf {
    let run = format!("exec valgrind --tool=callgrind --callgrind-out-file='{}'", out.display());
    world.script(name, "counted", &format!("{run} \"${{0%/*}}/bootstrap\""))
}
