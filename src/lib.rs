//! Relays ZStack's alarms to Flashduty: two AWS Lambda functions.
//!
//! # How an alert travels
//!
//! ```text
//!  ZStack ── POST /zstack ──▶ webhook ──▶ relay ──────▶ delivery ──▶ Flashduty
//!                             may this     zstack          │  ▲
//!                             caller?      translate       │  │ pushes again
//!                                │                         ▼  │
//!                             secrets                     queue ──▶ redelivery
//!                             (SSM)                  (SQS FIFO queue)
//! ```
//!
//! 1. [`webhook`] is the HTTP edge. It checks who calls, with the token of [`secrets`], and which bodies are admitted.
//! 2. [`relay`] takes the admitted body apart and delivers one message after the other.
//! 3. [`zstack`] reads a message. [`translate`] makes alert events of it; it does no I/O. `zstack` and [`flashduty`] do
//!    not know each other, and `translate` knows both.
//! 4. [`delivery`] pushes the events in order with `flashduty`'s client. Every delivery has one of four ends:
//!    *delivered*, *queued*, *refused* or *failed*.
//! 5. An alert that Flashduty cannot take now waits in the [`queue`]. The second function takes it from there:
//!    [`redelivery`] delivers it through the same `delivery`.
//! 6. The edge answers, logs and counts how the request ended.
//!
//! Between two alerts, EventBridge Scheduler asks the relay to [`check`] this path.
//!
//! ZStack tries a message five times within about five seconds and then forgets it. So the answer is a 2xx only after
//! Flashduty confirmed every alert or the queue has it. Nothing that somebody may have meant as an alarm is thrown away:
//! a message that cannot be read is pushed as text.
//!
//! A [`channel`] is a place in Flashduty with a push URL of its own. It travels with the message: from the path of the URL
//! to the letter in the queue. Whatever one channel's push URL does, the others are not held back.
//!
//! [`error`] has the two kinds of error: a request that is turned away, and a delivery that did not end in Flashduty.
//! [`runtime`] starts both functions, [`config`] reads their environment, [`deadline`] says how long everything may take.
//! [`platform`] has what they need of Lambda, AWS and the network.
//!
//! # Environment
//!
//! | variable | meaning | default |
//! | --- | --- | --- |
//! | [`FLASHDUTY_PUSH_URL_PARAMETER`](config::FLASHDUTY_PUSH_URL_PARAMETER) | name of the SSM parameter (`SecureString`) with the push URL | required |
//! | [`WEBHOOK_TOKEN_PARAMETER`](config::WEBHOOK_TOKEN_PARAMETER) | name of the SSM parameter (`SecureString`) with the secret that callers must show | required |
//! | [`ALLOW_UNAUTHENTICATED`](config::ALLOW_UNAUTHENTICATED) | `true` allows that `WEBHOOK_TOKEN_PARAMETER` is absent | `false` |
//! | [`ALLOWED_SOURCE_CIDRS`](config::ALLOWED_SOURCE_CIDRS) | the networks that callers may come from, see [`sources`] | everybody |
//! | [`SETTINGS_TTL_SECONDS`](config::SETTINGS_TTL_SECONDS) | how long values from SSM are kept | `300` |
//! | [`TITLE_RULE`](config::TITLE_RULE) | Flashduty's title rule | `[TPL]${resource} / ${check}` |
//! | [`LANGUAGE`](config::LANGUAGE) | the [`language`] of alerts and answers: `en` or `zh-CN` | `en` |
//! | [`RETRY_QUEUE_URL`](config::RETRY_QUEUE_URL), [`DEAD_LETTER_QUEUE_URL`](config::DEAD_LETTER_QUEUE_URL) | the SQS FIFO queues; both or neither | no queues |
//! | [`DELIVERIES_PER_MINUTE`](config::DELIVERIES_PER_MINUTE) | how many alerts `redeliver` pushes to one integration in a minute at most | `800` |
//! | `SSL_CERT_FILE`, `SSL_CERT_DIR` | certificates to trust, see [`platform::http`] | Mozilla's |
//! | `AWS_REGION`, `AWS_ACCESS_KEY_ID`, … | set by Lambda, see [`platform::aws`] | |
//! | `AWS_LAMBDA_LOG_LEVEL`, `RUST_LOG` | log level, see [`platform::logging`] | `INFO` |

#![allow(rustdoc::private_intra_doc_links, reason = "to read with `cargo doc --document-private-items`")]

pub mod channel;
pub mod check;
mod clock;
pub mod config;
pub mod deadline;
pub mod delivery;
pub mod error;
pub mod flashduty;
pub mod language;
pub mod platform;
mod queue;
pub mod redelivery;
pub mod relay;
pub mod runtime;
pub mod secrets;
pub mod sources;
pub mod translate;
pub mod webhook;
pub mod zstack;
