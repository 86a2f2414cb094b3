//! What may happen to a function's process in the midst of its work.

use std::future::pending;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::sleep;

/// What happens, and how long after the request was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// The process is killed.
    Kill { after: Duration },
    /// It stands still for a while.
    Freeze { after: Duration, lasts: Duration },
}

impl Mishap {
    /// Lets it happen to a process, and never returns.
    pub(crate) async fn befall(mishap: Option<Self>, pid: u32) {
        match mishap {
            None => {}
            Some(Self::Kill { after }) => {
                sleep(after).await;
                signal("KILL", pid).await;
            }
            Some(Self::Freeze { after, lasts }) => {
                sleep(after).await;
                signal("STOP", pid).await;
                sleep(lasts).await;
                signal("CONT", pid).await;
            }
        }
        pending::<()>().await;
    }
}

/// Sends a signal to a child of ours; no more than that, where it has just ended. The shell has a `kill` of its own.
pub(crate) async fn signal(name: &str, pid: u32) {
    let mut kill = Command::new("/bin/sh");
    kill.args(["-c", &format!("kill -{name} {pid}")]).stderr(Stdio::null());
    kill.status().await.unwrap();
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use serde_json::json;

    use super::*;
    use crate::in_time;
    use crate::lambda::Function;

    /// A function that never asks for work.
    async fn idle() -> Function {
        Function::start("idle", "/bin/sleep", &[]).await
    }

    #[tokio::test]
    async fn a_process_that_dies_or_is_late_gives_no_answer() {
        let kill = Mishap::Kill { after: Duration::from_millis(50) };
        let freeze = Mishap::Freeze { after: Duration::ZERO, lasts: Duration::from_mins(1) };
        for (mishap, most) in [(Some(kill), 1_000), (Some(freeze), 300), (None, 300)] {
            let mut function = idle().await;
            let start = Instant::now();
            let outcome = function.attempt(&json!({}), in_time(Duration::from_millis(most)), mishap).await;
            assert_eq!(outcome, None, "{mishap:?}");
            assert!(start.elapsed() < Duration::from_secs(5), "{mishap:?}");
            assert!(!function.ended().await.0.success(), "{mishap:?}");
        }
    }
}
