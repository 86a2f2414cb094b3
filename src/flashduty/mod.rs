//! Flashduty's side: the standard alert event with its limits, and the client that pushes it.
//!
//! What is known of Flashduty is in `docs/protocols/flashduty.md`.

mod alert_key;
mod answer;
mod client;
mod error;
mod event;
mod key;
mod label_name;
mod labels;
mod pace;
mod per_integration;
mod push_url;
mod quote;
mod reach;
mod retry;
mod text;

pub(crate) use alert_key::AlertKey;
pub(crate) use alert_key::hash;
pub(crate) use answer::Receipt;
pub use client::Client;
pub(crate) use client::{Begun, Effort, Pushed};
pub(crate) use error::{NoAnswer, PushError, Remedy, Said, is_redirect};
pub use event::{Event, Status, TitleRule};
pub(crate) use label_name::label_name;
pub(crate) use labels::{LabelSource, Labels, MAX_LABELS};
pub(crate) use per_integration::PerIntegration;
pub(crate) use push_url::{Integration, InvalidPushUrl, PushUrl};
pub(crate) use quote::Quote;
pub(crate) use reach::reach;
pub(crate) use text::shorten;
