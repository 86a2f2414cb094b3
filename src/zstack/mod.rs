//! What ZStack sends: bytes to messages, leniently.
//!
//! The wire is described in ZStack's public SDK and message templates; no type on it can be relied
//! on. Numbers come as strings and strings as numbers, fields go missing and new ones appear, and a
//! message template of the administrator's own may print anything at all. So nothing here fails:
//! [`split`] always gives at least one part, and what [`Message::read`] cannot read is a
//! [`Message::Raw`] that still holds every word.

mod alarm;
mod brackets;
mod catalogue;
mod dimensions;
mod event;
mod facts;
mod fields;
mod labels;
mod message;
mod salvage;
mod split;
mod words;

pub use alarm::Alarm;
pub use catalogue::{Entry, StateSource, events};
pub use dimensions::dimension_values;
pub use event::{Event, EventState};
pub use facts::{facts, is_condition, tells_kind};
pub use fields::{Fields, Members, Text, Value, clean, text};
pub use labels::Label;
pub use message::{Message, Raw, Reading, Resource, Shape, Test};
pub use salvage::Salvaged;
pub use split::{MAX_MESSAGES, Part, split};
pub use words::{Level, Operator, State};
