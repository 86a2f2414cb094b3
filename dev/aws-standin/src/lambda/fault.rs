//! Faults of a function's process.

use std::future::pending;
use std::time::Duration;

use tokio::time::sleep;

use super::signal::signal;

/// What happens to the process, and how long after the invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is killed.
    Kill { after: Duration },
    /// It is stopped, and continues later.
    Freeze { after: Duration, lasts: Duration },
}

impl Fault {
    /// Injects the fault into a process, and never returns.
    pub(super) async fn inject(fault: Option<Self>, pid: u32) {
        match fault {
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
