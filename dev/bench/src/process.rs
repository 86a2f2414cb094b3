//! Signals for a process, and what it has used so far, as the kernel counts it.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::sleep;

/// Stops a process.
pub fn freeze(pid: u32) {
    send_signal(pid, Signal::STOP);
}

/// Continues a process that is stopped.
pub fn thaw(pid: u32) {
    send_signal(pid, Signal::CONT);
}

/// Sends a signal to a child process.
pub fn send_signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process's id");
    kill_process(pid, signal).expect("it is a child");
}

/// Waits until a process is stopped.
pub async fn frozen(pid: u32) {
    while !fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs").contains(") T ") {
        sleep(Duration::from_millis(1)).await;
    }
}

/// Processor time of all threads in seconds, user and system.
pub fn cpu(pid: u32) -> f64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("the function runs");
    let spent: u64 = threads
        .filter_map(|thread| {
            let schedstat = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            schedstat.split_whitespace().next()?.parse::<u64>().ok()
        })
        .sum();
    Duration::from_nanos(spent).as_secs_f64()
}

/// The most resident memory so far, in KiB.
pub fn peak_memory(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the function runs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB"));
    peak.and_then(|kib| kib.trim().parse().ok()).expect("Linux has VmHWM")
}
