//! A stand-in for SQS FIFO queues, and Lambda's event source mapping behind them. It has the calls that the functions
//! make, and refuses every other.
//!
//! The modules use each other in this order: `event_source`, `server`, `account`, then `call` and `queue`, then
//! `refusal`.

mod account;
mod call;
mod event_source;
mod queue;
mod refusal;
mod server;

pub use event_source::{Batch, EventSource, VISIBILITY_TIMEOUT};
pub use queue::{DEDUPLICATION_INTERVAL, Message};
pub use server::{Fault, Sqs};
