//! Tests of the built binaries, with stand-ins for Lambda, SSM, SQS and Flashduty on real ports.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod answers;
mod catalogue;
mod channels;
mod chaos;
mod connections;
mod documents;
mod edge;
mod field;
mod fresh;
mod golden;
mod journeys;
mod languages;
mod lists;
mod logging;
mod metrics;
mod properties;
mod queueing;
mod redelivery;
mod refusals;
mod repeats;
mod resync;
mod runbook;
mod secrets;
mod selfcheck;
mod settings;
mod shapes;
mod sources;
mod support;
mod templates;
mod throttling;
mod tls;
mod token;
