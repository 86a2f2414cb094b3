//! The relay as a whole: the built binary between stand-ins for Lambda, SSM and Flashduty on real
//! ports.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it is surprised")]

mod answers;
mod catalogue;
mod chaos;
mod connections;
mod edge;
mod field;
mod golden;
mod journeys;
mod lists;
mod logging;
mod metrics;
mod properties;
mod queueing;
mod redelivery;
mod refusals;
mod repeats;
mod secrets;
mod settings;
mod shapes;
mod support;
mod templates;
mod tls;
mod token;
