//! ZStack's side: reads the bytes of a request into messages.
//!
//! What is known of ZStack is in `docs/protocols/zstack.md`. No field can be relied on: numbers come as strings and
//! strings as numbers, fields are missing, and new versions add fields. A message template of the administrator may
//! print anything. So nothing here returns an error. [`split()`] always returns at least one part, and a message that
//! [`Message::read`] cannot read becomes a [`Message::Raw`] with its whole text.

mod alarm;
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
pub(crate) use dimensions::dimension_values;
pub use event::Event;
pub(crate) use event::EventState;
pub use facts::{facts, is_condition, tells_kind};
pub use fields::{Fields, Members, Text, Value, clean};
pub use labels::Label;
pub use message::{Broken, JsonError, Message, Raw, Reading, Resource, Shape, Test, Unreadable};
pub use salvage::Salvaged;
pub(crate) use split::MAX_MESSAGES;
pub use split::{Part, split};
pub(crate) use words::Operator;
pub use words::{Level, State};
