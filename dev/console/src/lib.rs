//! The local console: a web page that shows what people on call would see in Flashduty. For development only.
//!
//! One process listens on two ports of 127.0.0.1. The first port is the Flashduty [stand-in](flashduty_standin),
//! which receives the relay's pushes. The second port serves the console: the page, and the JSON API behind it.
//!
//! ```text
//! ZStack ──▶ local API ──▶ relay ──▶ stand-in ──▶ alerts, refused pushes ─┐
//!               │                       ▲                                ├─▶ /api/stream ──▶ page
//!               └─▶ /api/arrivals       └────── /api/faults ◀────────────┼── tab "Faults"
//!                                                                        │
//!                  tab "Try a message" ──▶ /api/preview, /api/send ──────┘
//! ```
//!
//! | request | what it does |
//! | --- | --- |
//! | `GET /` and the page's files | serves the page |
//! | `GET /api/stream` | sends the whole state, then every change, as server-sent events |
//! | `GET /api/alerts/{id}` | returns an alert with its history and the ZStack messages behind it |
//! | `DELETE /api/alerts` | deletes all alerts and refused pushes |
//! | `GET /api/samples`, `GET /api/templates` | returns the sample messages and the recommended message templates |
//! | `POST /api/preview` | translates a message without pushing it, and names the source of each field |
//! | `POST /api/send` | sends a message through the local API, as ZStack does |
//! | `PUT /api/faults` | sets which faults the stand-in simulates |
//! | `POST /api/setup` | runs zstack-setup.py against the stand-in of ZStack's API |
//! | `PUT /api/stack` | reports the local API's webhook URL, token and channels, and the stand-in of ZStack's API |
//! | `POST /api/arrivals` | reports a request that the local API received |
//! | `POST /api/queues` | reports the lengths of the retry queue and the dead letter queue |
//!
//! An error is `{"error": {"code", "message"}}`. All times are epoch milliseconds. No answer contains the webhook
//! token or an integration key.

mod api;
mod api_error;
mod faults;
mod guard;
mod json_body;
mod page;
mod preview;
mod recent;
mod refused_pushes;
mod requests;
mod server;
mod setup;
mod state;
mod traffic;
mod url;

pub use server::{Console, Options};
pub use setup::SetupProgram;
