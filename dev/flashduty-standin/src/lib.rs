//! A strict local stand-in for Flashduty's push URL, for development and tests.
//!
//! It accepts what Flashduty documents, refuses everything else, shows the alerts that Flashduty would show, and fails
//! on demand. It listens on 127.0.0.1 only.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use flashduty_standin::{Fault, Lasts, Options, Standin};
//!
//! let standin = Standin::start(Options {
//!     keys: vec!["a-key".to_owned()],
//!     ..Options::default()
//! })
//! .await?;
//! standin.fault(Fault::status(503), Lasts::Next(1));
//! // Push to `standin.push_url("standard", "a-key")`, then look:
//! assert_eq!(standin.received()[0].status, Some(503));
//! # Ok(())
//! # }
//! ```
//!
//! # The push endpoint
//!
//! `POST /event/push/alert/{kind}?integration_key=KEY`. The kind `standard` accepts the standard alert event within the
//! limits of [`check`]. The kind `zstack` accepts any JSON value that is not empty, and makes no alert of it. Requests
//! are checked in this order:
//!
//! | wrong | answer |
//! | --- | --- |
//! | path or kind | 404 `RouteNotFound` |
//! | method | 400 `MethodNotAllowed` |
//! | content type | 400 `InvalidContentType` |
//! | integration key | 400 `InvalidParameter` |
//! | too many requests, see [`RateLimit`] | 429 `RequestTooFrequently` |
//! | body | 400 `InvalidParameter`, naming every violated limit |
//!
//! # The control endpoints
//!
//! For programs in other languages. Requests and answers are JSON (`Content-Type: application/json`). These requests are
//! not recorded, and faults do not apply to them.
//!
//! | request | does |
//! | --- | --- |
//! | `GET /standin/health` | 200 `"ok"` when the stand-in is ready |
//! | `GET /standin/alerts` | the list of every [`Alert`], newest first |
//! | `GET /standin/received` | the list of every [`Received`] request, oldest first |
//! | `PUT /standin/keys` | accepts the integration keys of the list `["KEY", …]`, and no others |
//! | `POST /standin/faults` | adds an [`InjectedFault`] |
//! | `DELETE /standin/faults` | removes all faults |
//! | `DELETE /standin/alerts` | forgets every alert and every received request |

mod alert;
mod alerts;
mod answer;
pub mod arguments;
pub mod check;
mod control;
mod fault;
mod flashduty;
mod log;
mod on_push;
mod options;
mod push;
mod rate;
mod received;
mod shared;
mod standin;
mod title;

pub use alert::{Alert, HistoryEntry, Pushed};
pub use alerts::Alerts;
pub use check::EventStatus;
pub use fault::{Fault, InjectedFault, Lasts};
pub use log::log;
pub use on_push::OnPush;
pub use options::Options;
pub use rate::RateLimit;
pub use received::Received;
pub use standin::Standin;
pub use title::{render, title};
