//! Strict local stand-ins for what AWS puts around the functions, for tests and benches: Lambda's Runtime
//! API and event source, SSM Parameter Store, SQS FIFO queues. They speak the real protocols on real ports
//! of 127.0.0.1, know the calls that the functions make, and refuse every other.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it is surprised")]
#![allow(
    missing_docs,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "nobody else uses it"
)]

pub mod event_source;
pub mod lambda;
pub mod mishap;
pub mod queue;
pub mod sqs;
mod sqs_account;
mod sqs_call;
pub mod ssm;
pub mod tls;
pub mod wire;

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use tokio::net::TcpListener;

/// Serves on a free port until the test ends.
pub async fn serve(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

/// A deadline so far away, in epoch milliseconds.
pub fn in_time(from_now: Duration) -> u64 {
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + from_now;
    u64::try_from(deadline.as_millis()).unwrap()
}
