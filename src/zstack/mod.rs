//! What ZStack sends: bytes to messages, leniently.
//!
//! The wire is described in ZStack's public SDK and message templates; no type on it can be relied
//! on. Numbers come as strings and strings as numbers, fields go missing and new ones appear, and a
//! message template of the administrator's own may print anything at all. So nothing here fails:
//! [`split`] always gives at least one part, and what [`Message::read`] cannot read is a
//! [`Message::Raw`] that still holds every word.

mod fields;
mod message;
mod recovery;
mod split;
mod words;

pub use fields::{Fields, Text, clean, text};
pub use message::{Alarm, Event, Message, Raw, Resource, Test};
pub use recovery::{RECOVERIES, Recovery};
pub use split::{Part, split};
pub use words::{Level, State};
