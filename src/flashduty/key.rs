//! Finds the integration key, or a part of it, in a text from outside. Such a text is kept out of logs and answers.

use std::iter::{once, repeat_n, successors};

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode;

/// This many consecutive characters of the key count as a part of it. A shorter key is searched for as a whole.
const PART_LENGTH: usize = 8;

/// How many times a text may be percent-encoded.
const MAX_PERCENT_LAYERS: usize = 2;

/// Decodes base64 that may be cut off anywhere, without padding.
const CUT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// A key in the form in which it is searched for: all its parts of one length, in lower case.
#[derive(Clone)]
pub(super) struct Key {
    /// The length of each part, in characters.
    length: usize,
    /// Sorted.
    parts: Vec<Vec<char>>,
    /// The bytes that its characters may have in a text: ASCII's that fold to one of them, and all that are not ASCII.
    bytes: [bool; 256],
}

impl Key {
    /// An empty key is found in no text.
    pub(super) fn new(key: &str) -> Self {
        let key = fold(key.as_bytes());
        let length = key.len().clamp(1, PART_LENGTH);
        let mut parts: Vec<_> = key.windows(length).map(<[char]>::to_vec).collect();
        parts.sort_unstable();
        let mut bytes = [true; 256];
        for byte in 0..0x80 {
            bytes[usize::from(byte)] = fold(&[byte]).iter().all(|char| key.contains(char));
        }
        Self { length, parts, bytes }
    }

    /// Whether a part may be in a text. It is not if the text has no run of `length` bytes that a part may have.
    ///
    /// Most of what base64 decodes to is no text at all, so this spares nearly all of the folding.
    fn may_be_in(&self, text: &[u8]) -> bool {
        let mut run = 0;
        text.iter().any(|&byte| {
            run = if self.bytes[usize::from(byte)] { run + 1 } else { 0 };
            run >= self.length
        })
    }

    /// Whether a part is in a folded text.
    fn is_in(&self, text: &[char]) -> bool {
        let is_part = |text: &[char]| self.parts.binary_search_by(|part| part.as_slice().cmp(text)).is_ok();
        text.windows(self.length).any(is_part)
    }
}

/// Whether `text` contains a part of one of the keys, in upper or lower case. The part may be percent-encoded once or
/// twice, in base64 of either alphabet, or both: a whole URL may have been encoded.
///
/// The cost is linear in the length of `text`.
pub(super) fn reveals_key(text: &str, keys: &[&[Key]]) -> bool {
    let readings = percent_decoded(text.as_bytes().to_vec()).flat_map(|text| {
        let hidden: Vec<_> = base64_decoded(&text).collect();
        once(text).chain(hidden.into_iter().flat_map(percent_decoded))
    });
    let keys = || keys.iter().copied().flatten();
    let readings = readings.filter(|text| keys().any(|key| key.may_be_in(text)));
    readings.map(|text| fold(&text)).any(|text| keys().any(|key| key.is_in(&text)))
}

/// The text itself, then the text percent-decoded once and twice. Stops at a text without `%`.
fn percent_decoded(text: Vec<u8>) -> impl Iterator<Item = Vec<u8>> {
    let decode = |text: &Vec<u8>| text.contains(&b'%').then(|| percent_decode(text).collect());
    successors(Some(text), decode).take(1 + MAX_PERCENT_LAYERS)
}

/// Everything in a text that may be base64, decoded.
///
/// Base64 has groups of four characters for three bytes. It is unknown where the first group begins: the beginning may
/// be cut off, or other characters of the alphabet stand before it. So each run of base64 characters is decoded four
/// times, with zero to three characters added in front.
fn base64_decoded(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let runs = text.split(|byte| !(byte.is_ascii_alphanumeric() || b"+/-_".contains(byte)));
    runs.filter(|run| run.len() > 1).flat_map(|run| {
        (0..4).filter_map(move |missing| {
            let run = run.iter().copied().map(to_standard_alphabet);
            let mut run: Vec<_> = repeat_n(b'A', missing).chain(run).collect();
            // A single character is less than a byte.
            run.truncate(run.len() - usize::from(run.len() % 4 == 1));
            CUT_BASE64.decode(run).ok()
        })
    })
}

/// Base64 has a second alphabet, for URLs. Two of its characters differ.
fn to_standard_alphabet(byte: u8) -> u8 {
    match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}

/// A text in the form in which texts are compared: in lower case, with `+` for a blank as in a query string.
fn fold(text: &[u8]) -> Vec<char> {
    let text = String::from_utf8_lossy(text);
    text.chars().map(|char| if char == ' ' { '+' } else { char }).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
    use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_encode_byte, utf8_percent_encode};
    use proptest::prelude::*;
    use proptest::sample::Index;
    use url::form_urlencoded;

    use super::*;

    /// The characters that are always encoded in a URL's query.
    const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'%').add(b'&').add(b'+');

    fn reveals_key(text: &str, key: &str) -> bool {
        super::reveals_key(text, &[&[Key::new(key)]])
    }

    fn keys() -> impl Strategy<Value = String> {
        prop_oneof![4 => "[0-9a-f]{32}", 4 => "[A-Za-z0-9_-]{8,48}", 1 => "[!-~]{8,40}", 1 => "[ -~]{8,40}"]
    }

    /// A text as it is, and in the ways in which it may be written in URLs.
    fn percent_encoded(text: &str) -> [String; 8] {
        let every = |text: &str| text.bytes().map(percent_encode_byte).collect::<String>();
        let in_query = utf8_percent_encode(text, QUERY).to_string();
        [
            text.to_owned(),
            every(text),
            every(text).to_ascii_lowercase(),
            every(&every(text)),
            utf8_percent_encode(text, NON_ALPHANUMERIC).to_string(),
            utf8_percent_encode(&in_query, NON_ALPHANUMERIC).to_string(),
            in_query,
            form_urlencoded::byte_serialize(text.as_bytes()).collect(),
        ]
    }

    fn in_other_cases(text: &str) -> [String; 4] {
        let mixed = text.char_indices().map(|(at, char)| if at % 2 == 0 { char } else { char.to_ascii_uppercase() });
        [text.to_owned(), text.to_ascii_lowercase(), text.to_ascii_uppercase(), mixed.collect()]
    }

    fn in_base64(text: &str) -> [String; 4] {
        [&BASE64_STANDARD, &BASE64_STANDARD_NO_PAD, &BASE64_URL_SAFE, &BASE64_URL_SAFE_NO_PAD]
            .map(|engine| engine.encode(text))
    }

    /// Chooses one of the ways to write a text.
    #[derive(Debug)]
    struct Way {
        case: Index,
        percent: Index,
        base64: Index,
        percent_around: Index,
        cut: (Index, Index),
    }

    fn ways() -> impl Strategy<Value = Way> {
        any::<[Index; 6]>().prop_map(|[case, percent, base64, percent_around, start, end]| Way {
            case,
            percent,
            base64,
            percent_around,
            cut: (start, end),
        })
    }

    impl Way {
        fn plain(&self, text: &str) -> String {
            let cases = in_other_cases(text);
            let text: &String = self.case.get(&cases);
            self.percent.get(&percent_encoded(text)).clone()
        }

        /// In base64, together with the texts around it, of which any part may be cut off.
        fn hidden(&self, before: &str, text: &str, after: &str) -> String {
            let text = self.plain(text);
            let encoded = self.base64.get(&in_base64(&format!("{before}{text}{after}"))).clone();
            let first = before.len() * 8 / 6;
            let last = ((before.len() + text.len()) * 8).div_ceil(6);
            let cut = &encoded[self.cut.0.index(first + 1)..last + self.cut.1.index(encoded.len() - last + 1)];
            self.percent_around.get(&percent_encoded(cut)).clone()
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn any_eight_characters_of_a_key_are_found_in_any_form_in_any_text(
            key in keys(),
            (from, length) in any::<(Index, Index)>(),
            (before, after) in ("[^%]{0,20}", "\\PC{0,20}"),
            (within, behind) in ("[^%]{0,8}", "\\PC{0,8}"),
            way in ways(),
        ) {
            let from = from.index(key.len() - PART_LENGTH + 1);
            let part = &key[from..][..PART_LENGTH + length.index(key.len() - from - PART_LENGTH + 1)];
            for form in [way.plain(part), way.hidden(&within, part, &behind)] {
                let text = format!("{before}{form}{after}");
                prop_assert!(reveals_key(&text, &key), "{:?}", text);
            }
        }

        #[test]
        fn a_text_that_shares_seven_characters_passes(
            // Without the digits and letters of the percent-encoded characters around it, such as `%2523`.
            key in "[146-9g-m]{8,48}",
            from in any::<Index>(),
            words in "[n-z]{0,99}",
            way in ways(),
        ) {
            let part = &key[from.index(key.len() - PART_LENGTH + 2)..][..PART_LENGTH - 1];
            let text = format!("{words} {} {} {words}", way.plain(&format!("#{part}#")), way.hidden("#", part, "#"));
            prop_assert!(!reveals_key(&text, &key), "{:?}", text);
        }

        #[test]
        fn a_text_without_any_of_it_passes(key in "[0-9a-m]{8,48}", text in "[n-zN-Z+/=_%磁盘 .,-]{0,300}") {
            prop_assert!(!reveals_key(&text, &key), "{:?}", text);
        }

        #[test]
        fn a_text_that_has_a_part_is_never_passed_over(
            key in "[a-z+ÄéßİK磁\u{fffd}]{1,12}",
            text in prop::collection::vec(any::<u8>(), 0..4),
            (from, upper) in any::<(Index, bool)>(),
        ) {
            let part: String = key.chars().skip(from.index(key.chars().count())).take(PART_LENGTH).collect();
            let part = if upper { part.to_uppercase() } else { part.replace('+', " ") };
            let text = [&text[..], part.as_bytes(), &text[..]].concat();
            let key = Key::new(&key);
            prop_assert!(key.may_be_in(&text) || !key.is_in(&fold(&text)), "{:?}", text);
        }

        #[test]
        fn a_short_key_is_found_as_a_whole(key in "[a-z0-9]{4,7}", way in ways()) {
            for form in [way.plain(&key), way.hidden("#", &key, "#")] {
                prop_assert!(reveals_key(&format!("#{form}#"), &key), "{:?}", form);
            }
            let parts = ["#", &key[1..], "#", &key[..key.len() - 1], "#"].concat();
            prop_assert!(!reveals_key(&parts, &key), "{:?}", parts);
        }
    }

    #[test]
    fn other_characters_may_fold_to_those_of_a_key() {
        assert!(reveals_key("KELVIN\u{212a}K", "kelvinkk") && reveals_key("kelvin k", "kelvin+k"));
        assert!(Key::new("kelvinkk").may_be_in("KELVINK\u{212a}".as_bytes()));
        assert!(!Key::new("kelvinkk").may_be_in(b"kelvink k"));
    }

    #[test]
    fn an_empty_key_is_in_no_text() {
        assert!(!reveals_key("", "") && !reveals_key("text", ""));
    }
}
