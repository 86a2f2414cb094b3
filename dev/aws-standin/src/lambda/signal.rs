//! Signals to a function's process.

use std::process::Stdio;

use tokio::process::Command;

/// Sends a signal to one of our child processes. Does nothing if it has just ended. `kill` is built into the shell.
pub(super) async fn signal(name: &str, pid: u32) {
    let mut kill = Command::new("/bin/sh");
    kill.args(["-c", &format!("kill -{name} {pid}")]).stderr(Stdio::null());
    kill.status().await.unwrap();
}
