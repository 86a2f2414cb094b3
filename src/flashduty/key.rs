//! Whether somebody's words tell the integration key, or a part of it.

use std::iter::{once, repeat_n, successors};

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode;

/// As many characters in a row are taken for a part of the key. A key that is shorter is looked for as a whole.
const TELLING: usize = 8;

/// How often percent-encoding is taken off a text.
const LAYERS: usize = 2;

/// Base64 that may be cut off anywhere, without padding.
const CUT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// A key, as what is looked for in a text: every part of it that is long enough, in lower case.
#[derive(Clone)]
pub(super) struct Key {
    /// The length of each part, in characters.
    length: usize,
    /// Sorted.
    parts: Vec<Vec<char>>,
}

impl Key {
    /// Takes a key. An empty one is found nowhere.
    pub(super) fn new(key: &str) -> Self {
        let key = fold(key.as_bytes());
        let length = key.len().clamp(1, TELLING);
        let mut parts: Vec<_> = key.windows(length).map(<[char]>::to_vec).collect();
        parts.sort_unstable();
        Self { length, parts }
    }

    fn is_in(&self, text: &[char]) -> bool {
        let is_part = |text: &[char]| self.parts.binary_search_by(|part| part.as_slice().cmp(text)).is_ok();
        text.windows(self.length).any(is_part)
    }
}

/// Whether `text` has a part of one of the keys in it: in any case, percent-encoded once or twice, in base64 of either
/// alphabet, or several of these, as where a whole URL was encoded.
///
/// The cost is linear in the text's length.
pub(super) fn is_told(text: &str, keys: &[&[Key]]) -> bool {
    let readings = layers(text.as_bytes().to_vec()).flat_map(|text| {
        let hidden: Vec<_> = in_base64(&text).collect();
        once(text).chain(hidden.into_iter().flat_map(layers))
    });
    readings.map(|text| fold(&text)).any(|text| keys.iter().copied().flatten().any(|key| key.is_in(&text)))
}

/// A text as it is, and without one and two layers of percent-encoding.
fn layers(text: Vec<u8>) -> impl Iterator<Item = Vec<u8>> {
    let peel = |text: &Vec<u8>| text.contains(&b'%').then(|| percent_decode(text).collect());
    successors(Some(text), peel).take(1 + LAYERS)
}

/// What stands in a text in base64. Four characters make three bytes, and where the first four begin is not known: the
/// beginning may be cut off, or other characters stand before it. So each run of base64's characters is read four times,
/// with none to three others before it.
fn in_base64(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let runs = text.split(|byte| !(byte.is_ascii_alphanumeric() || b"+/-_".contains(byte)));
    runs.filter(|run| run.len() > 1).flat_map(|run| {
        (0..4).filter_map(move |missing| {
            let mut run: Vec<_> = repeat_n(b'A', missing).chain(run.iter().copied().map(standard)).collect();
            // One character alone makes no byte.
            run.truncate(run.len() - usize::from(run.len() % 4 == 1));
            CUT_BASE64.decode(run).ok()
        })
    })
}

/// A character of the alphabet for URLs in the standard one.
fn standard(byte: u8) -> u8 {
    match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}

/// A text for comparison: in lower case, and with a `+` for a blank, as in a query string.
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

    /// What a URL's query cannot have as it is.
    const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'%').add(b'&').add(b'+');

    fn is_told(text: &str, key: &str) -> bool {
        super::is_told(text, &[&[Key::new(key)]])
    }

    fn keys() -> impl Strategy<Value = String> {
        prop_oneof![4 => "[0-9a-f]{32}", 4 => "[A-Za-z0-9_-]{8,48}", 1 => "[!-~]{8,40}", 1 => "[ -~]{8,40}"]
    }

    /// A text as it is, and as URLs may have it.
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

    /// Which of several ways to write a text is taken.
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

        /// In base64 together with what is around it, of which any part may be cut off.
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
            let from = from.index(key.len() - TELLING + 1);
            let part = &key[from..][..TELLING + length.index(key.len() - from - TELLING + 1)];
            for form in [way.plain(part), way.hidden(&within, part, &behind)] {
                let text = format!("{before}{form}{after}");
                prop_assert!(is_told(&text, &key), "{:?}", text);
            }
        }

        #[test]
        fn a_text_that_shares_seven_characters_passes(
            // Without the digits of the encoded signs around it.
            key in "[146-9g-m]{8,48}",
            from in any::<Index>(),
            words in "[n-z]{0,99}",
            way in ways(),
        ) {
            let part = &key[from.index(key.len() - TELLING + 2)..][..TELLING - 1];
            let text = format!("{words} {} {} {words}", way.plain(&format!("#{part}#")), way.hidden("#", part, "#"));
            prop_assert!(!is_told(&text, &key), "{:?}", text);
        }

        #[test]
        fn a_text_without_any_of_it_passes(key in "[0-9a-m]{8,48}", text in "[n-zN-Z+/=_%磁盘 .,-]{0,300}") {
            prop_assert!(!is_told(&text, &key), "{:?}", text);
        }

        #[test]
        fn a_short_key_is_found_as_a_whole(key in "[a-z0-9]{4,7}", way in ways()) {
            for form in [way.plain(&key), way.hidden("#", &key, "#")] {
                prop_assert!(is_told(&format!("#{form}#"), &key), "{:?}", form);
            }
            let parts = ["#", &key[1..], "#", &key[..key.len() - 1], "#"].concat();
            prop_assert!(!is_told(&parts, &key), "{:?}", parts);
        }
    }

    #[test]
    fn an_empty_key_is_in_no_text() {
        assert!(!is_told("", "") && !is_told("text", ""));
    }
}
