//! The alert key (`docs/protocols/flashduty.md`, "The standard alert event").

use std::fmt::{self, Write as _};

use serde::Serialize;
use sha2::{Digest, Sha256};

/// The longest alert key, in characters.
const MAX_ALERT_KEY: usize = 255;

/// The beginning of a key that is the hash of a longer key.
const HASHED: &str = "zstack:sha256:";

/// Stands in the key in place of an empty part.
const UNKNOWN: &str = "-";

/// Flashduty's `alert_key`: events with the same key update or close the same alert.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct AlertKey(String);

impl AlertKey {
    /// Joins the parts to a key such as `zstack:alarm:…:…`. An empty part becomes `-`.
    ///
    /// Separators inside a part are percent-encoded, so that different parts never make the same key. A key of more
    /// than 255 characters is replaced by its hash.
    #[must_use]
    pub(crate) fn new(parts: &[&str]) -> Self {
        let parts: Vec<_> =
            parts.iter().map(|part| if part.is_empty() { UNKNOWN.to_owned() } else { escape(part) }).collect();
        let key = format!("zstack:{}", parts.join(":"));
        if key.len() > MAX_ALERT_KEY && key.chars().count() > MAX_ALERT_KEY {
            return Self(format!("{HASHED}{}", hash(&[&key])));
        }
        Self(key)
    }

    /// Whether the key was too long and was replaced by its hash.
    #[must_use]
    pub(super) fn is_hash(&self) -> bool {
        self.0.starts_with(HASHED)
    }

    /// The key as it is pushed.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AlertKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn escape(part: &str) -> String {
    part.replace('%', "%25").replace(':', "%3A")
}

/// The SHA-256 of several texts, as 64 hex digits. The length of each text is hashed with it, so that `["ab", "c"]` and
/// `["a", "bc"]` have different hashes.
#[must_use]
pub(crate) fn hash(texts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text);
    }
    let mut hex = String::with_capacity(64);
    for byte in hasher.finalize() {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        assert_eq!(AlertKey::new(&["alarm", "a", "b"]).as_str(), "zstack:alarm:a:b");
        assert_eq!(AlertKey::new(&["alarm", "a:b", ""]).as_str(), "zstack:alarm:a%3Ab:-");
        assert_ne!(AlertKey::new(&["a:b", "c"]), AlertKey::new(&["a", "b:c"]));
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
    }

    #[test]
    fn a_long_key_is_hashed_whole() {
        let longest = "名".repeat(MAX_ALERT_KEY - "zstack:alarm:".len());
        assert_eq!(AlertKey::new(&["alarm", &longest]).as_str(), format!("zstack:alarm:{longest}"));
        let (one, other) = (format!("{longest}一"), format!("{longest}二"));
        assert_ne!(AlertKey::new(&["alarm", &one]), AlertKey::new(&["alarm", &other]));
        assert!(AlertKey::new(&["alarm", &one]).as_str().len() < MAX_ALERT_KEY);
        assert!(AlertKey::new(&["alarm", &one]).is_hash() && !AlertKey::new(&["alarm", "sha256", "a"]).is_hash());
    }
}
