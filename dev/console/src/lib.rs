//! The local console: what people on call would see, for development.
//!
//! One process with two listeners on 127.0.0.1. One is the Flashduty [stand-in](flashduty_standin), where
//! the relay pushes; the other is the console, a page and the JSON behind it:
//!
//! ```text
//! ZStack ──▶ local API ──▶ relay ──▶ stand-in ──▶ alerts, refusals ─┐
//!               │                       ▲                          ├─▶ /api/stream ──▶ the page
//!               └─ /api/arrivals        └────── /api/weather ◀──────┼── its switches
//!                                                                  │
//!               "Try a message" ──▶ /api/preview, /api/send ───────┘
//! ```
//!
//! | request | does |
//! | --- | --- |
//! | `GET /` and the page's files | the page |
//! | `GET /api/stream` | server-sent events: everything that changes |
//! | `GET /api/alerts/{id}` | an alert with its history, and the messages it was made of |
//! | `DELETE /api/alerts` | forgets alerts and refusals |
//! | `GET /api/samples`, `GET /api/templates` | messages to try, and the recommended templates |
//! | `POST /api/preview` | what a message becomes, and where each field of it comes from |
//! | `POST /api/send` | sends a message through the local API, as ZStack does |
//! | `PUT /api/weather` | what goes wrong with pushes |
//! | `PUT /api/stack` | where the local API is, and its token |
//! | `POST /api/arrivals` | a request that came to the local API |
//! | `POST /api/queues` | how many alerts wait |
//!
//! An error is `{"error": {"code", "message"}}`. All times are epoch milliseconds. No answer holds the
//! webhook token or the integration key.

mod api;
mod board;
mod guard;
mod originals;
mod page;
mod preview;
mod refusal;
mod refused_pushes;
mod server;
mod traffic;
mod url;
mod weather;

pub use server::{Console, Options};
