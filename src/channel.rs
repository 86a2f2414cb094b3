//! A channel: a place in Flashduty with a push URL of its own. `POST /zstack/{channel}` sends to it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest name, in characters.
const MAX: usize = 64;

/// The name of a channel. The names of its parameters in SSM end in it.
///
/// Where a channel is optional, `None` stands for the stack's own push URL, which `POST /zstack` sends to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Channel(Arc<str>);

/// A text is no name of a channel. The message does not repeat the text, which may be anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a channel's name has 1 to 64 characters, which are letters, digits, `_`, `.` and `-`")]
pub struct InvalidChannel;

impl Channel {
    /// Reads a name.
    ///
    /// # Errors
    ///
    /// If it is empty or too long, or has other characters than ASCII letters, digits, `_`, `.` and `-`.
    pub fn read(name: &str) -> Result<Self, InvalidChannel> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        let is_name = (1..=MAX).contains(&name.len()) && name.bytes().all(is_allowed);
        if is_name { Ok(Self(name.into())) } else { Err(InvalidChannel) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the channel's parameter, if the stack's has this name.
    #[must_use]
    pub(crate) fn parameter(&self, of_stack: &str) -> String {
        format!("{of_stack}/{self}")
    }
}

impl TryFrom<String> for Channel {
    type Error = InvalidChannel;

    fn try_from(name: String) -> Result<Self, InvalidChannel> {
        Self::read(&name)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_these_characters_only() {
        let longest = "a".repeat(MAX);
        for name in ["a", "database", "Team-1_b.c", ".", "..", "-", "zstack", &longest] {
            assert_eq!(Channel::read(name).unwrap().as_str(), name);
        }
        let too_long = "a".repeat(MAX + 1);
        for name in ["", " ", "a b", "a/b", "a%20b", "数据库", "a\n", "a\0", "a*", "a:1", "é", &too_long] {
            assert_eq!(Channel::read(name), Err(InvalidChannel), "{name:?}");
        }
    }

    #[test]
    fn its_parameters_are_below_those_of_the_stack() {
        assert_eq!(Channel::read("db").unwrap().parameter("/zf/push-url"), "/zf/push-url/db");
    }
}
