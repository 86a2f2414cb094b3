//! Strict local stand-ins for the AWS services around the functions, for tests and benches: Lambda's Runtime API and
//! event source, SSM Parameter Store, and SQS FIFO queues.
//!
//! They speak the real protocols on ports of 127.0.0.1. They have the calls that the functions make, and refuse every
//! other.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failure of the test")]
#![allow(
    missing_docs,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "only tests and benches use this crate"
)]

mod deadline;
pub mod lambda;
pub mod proxy;
mod serve;
pub mod sqs;
pub mod ssm;
pub mod tls;

pub use deadline::in_time;
