//! UUIDs as ZStack writes them: 32 hexadecimal digits in lower case.

use std::hash::{BuildHasher, RandomState};

use ring::digest::{SHA256, digest};

/// A new UUID: the standard library seeds its hashers at random.
pub(crate) fn random() -> String {
    let random = || RandomState::new().hash_one(());
    versioned(&format!("{:016x}{:016x}", random(), random()))
}

/// The same UUID for the same words, so that tests can name what the world begins with.
pub(crate) fn of(words: &str) -> String {
    versioned(&hex(digest(&SHA256, words.as_bytes()).as_ref()))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::new(), |mut text, byte| {
        // A String takes everything.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn versioned(digits: &str) -> String {
    format!("{}4{}a{}", &digits[..12], &digits[13..16], &digits[17..32])
}

/// Whether ZStack's API takes it: a UUID of version 1 to 5 in lower case and without hyphens. Several of ZStack's own
/// presets are none.
pub(crate) fn is_regular(uuid: &str) -> bool {
    let digits = uuid.as_bytes();
    digits.len() == 32
        && digits.iter().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
        && matches!(digits[12], b'1'..=b'5')
        && matches!(digits[16], b'8' | b'9' | b'a' | b'b')
}

/// 32 hexadecimal digits of any kind.
pub(crate) fn is_hex(uuid: &str) -> bool {
    uuid.len() == 32 && uuid.bytes().all(|it| it.is_ascii_hexdigit())
}
