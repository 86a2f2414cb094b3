//! What a process has used so far, as the kernel counts it.

use std::fs;
use std::time::Duration;

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
