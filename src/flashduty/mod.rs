//! What Flashduty takes: the standard alert event with its limits, and the client that pushes it.

mod alert_key;
mod answer;
mod client;
mod event;
mod key;
mod labels;
mod pace;
mod push_url;
mod retry;
mod text;

pub use alert_key::AlertKey;
pub(crate) use alert_key::hash;
pub use answer::Receipt;
pub use client::{Client, Pushed};
pub use event::{Event, Status, TitleRule};
pub use labels::{Labels, Origin};
pub(crate) use labels::{MAX_LABELS, label_name};
pub use push_url::{Integration, InvalidPushUrl, PushUrl};
pub(crate) use text::shorten;
