//! Relays ZStack's alarms to Flashduty: an AWS Lambda function behind API Gateway.
//!
//! # How an alert travels
//!
//! ```text
//! ZStack ── POST /zstack ──▶ API Gateway ──▶ webhook ──▶ relay ─────▶ courier ──▶ Flashduty
//!                                              │           │            ▲
//!                                         who may call?    │ zstack     │ with the secrets of
//!                                              │           │ translate  │ settings (SSM)
//!                                          settings        ▼            │
//!                                                        outbox ──▶ redelivery
//!                                                      (SQS FIFO queue)
//! ```
//!
//! [`webhook`] is the HTTP edge: it checks who calls and says what each outcome answers. [`relay`] is
//! the core: it takes an authenticated body, has [`zstack`] read it and [`translate`] turn it into
//! events, and pushes them through the [`delivery`] with [`flashduty`]'s client. `zstack` and `flashduty`
//! do not know each other; `translate` knows both and does no I/O. [`secrets`] keeps the two secrets.
//! Every way to fail is in [`error`], with the HTTP status it answers.
//!
//! Each request and batch writes one line of [`platform::metrics`], which CloudWatch counts and the template's alarms
//! watch, beside its line in the log.
//!
//! What Flashduty cannot take in time goes into the [`queue`], from where [`redelivery`], a second
//! function, pushes it with the same courier.
//!
//! ZStack tries five times within about five seconds and then forgets a message, so nothing is answered
//! with 2xx before Flashduty confirmed it or a queue has it, and nothing that anybody may have meant as an
//! alarm is thrown away: what cannot be read is pushed as text.
//!
//! # Environment
//!
//! | variable | meaning | default |
//! | --- | --- | --- |
//! | [`FLASHDUTY_PUSH_URL_PARAMETER`](config::FLASHDUTY_PUSH_URL_PARAMETER) | name of the SSM parameter (`SecureString`) with the push URL | required |
//! | [`WEBHOOK_TOKEN_PARAMETER`](config::WEBHOOK_TOKEN_PARAMETER) | name of the SSM parameter (`SecureString`) with the secret that callers must show | required |
//! | [`ALLOW_UNAUTHENTICATED`](config::ALLOW_UNAUTHENTICATED) | `true` lets `WEBHOOK_TOKEN_PARAMETER` be absent | `false` |
//! | [`SETTINGS_TTL_SECONDS`](config::SETTINGS_TTL_SECONDS) | how long values from SSM are kept | `300` |
//! | [`TITLE_RULE`](config::TITLE_RULE) | Flashduty's title rule | `[TPL]${resource} / ${check}` |
//! | [`RETRY_QUEUE_URL`](config::RETRY_QUEUE_URL), [`DEAD_LETTER_QUEUE_URL`](config::DEAD_LETTER_QUEUE_URL) | the SQS FIFO queues; both or neither | no queues |
//! | `SSL_CERT_FILE`, `SSL_CERT_DIR` | certificates to trust, see [`platform::http`] | Mozilla's |
//! | `AWS_REGION`, `AWS_ACCESS_KEY_ID`, … | what Lambda sets, see [`platform::aws`] | |
//! | `AWS_LAMBDA_LOG_LEVEL`, `RUST_LOG` | how much is logged, see [`platform::logging`] | `INFO` |

pub mod config;
pub mod deadline;
pub mod delivery;
pub mod error;
pub mod flashduty;
pub mod platform;
pub mod queue;
pub mod redelivery;
pub mod relay;
pub mod runtime;
pub mod secrets;
pub mod translate;
pub mod webhook;
pub mod zstack;
