//! The test message, and messages that cannot be read.

use super::labels::{labels_of, other_labels};
use super::{Draft, Kind, NAMELESS, Source, first};
use crate::flashduty::{AlertKey, Labels, Status, shorten};
use crate::language::Language;
use crate::zstack::{Raw, Test};

/// How much of a text that cannot be read becomes part of the alert's title, in characters.
pub(super) const MAX_HEADLINE: usize = 80;

/// The alert key of the relay's own self-test, without its prefix; and its label `source`.
const SELF_TEST: &str = "self-test";

/// The alert of the console's test message. It opens, so that people see it, and closes at once, so that nobody has to.
pub(super) fn test(test: &Test<'_>, source: &Source<'_>) -> Draft {
    let mut labels = labels_of(Kind::Test);
    labels.put_own("resource", NAMELESS);
    labels.put_own("check", source.language.test());
    other_labels(&mut labels, &test.fields, "unnamed");
    let (opens, closes) = (source.language.test_opens(), source.language.test_closes());
    Draft {
        kind: Kind::Test,
        key: source.key(&["test"]),
        id: String::new(),
        labels,
        states: vec![(Status::Info, opens.to_owned()), (Status::Ok, closes.to_owned())],
        notes: Vec::new(),
    }
}

/// The alert of the relay's own self-test. Its label `source` tells it from ZStack's messages, so that it can be muted.
pub(super) fn self_test(language: Language) -> Draft {
    let mut labels = Labels::default();
    labels.put_own("source", SELF_TEST);
    labels.put_own("kind", Kind::Test.as_str());
    labels.put_own("resource", "zstack-flashduty");
    labels.put_own("check", language.self_test());
    let (opens, closes) = (language.self_test_opens(), language.self_test_closes());
    Draft {
        kind: Kind::Test,
        key: AlertKey::new(&[SELF_TEST]),
        id: String::new(),
        labels,
        states: vec![(Status::Info, opens.to_owned()), (Status::Ok, closes.to_owned())],
        notes: Vec::new(),
    }
}

/// The alert of a message that cannot be read. The message may be meant as an alarm, so its text or all its fields are
/// shown.
pub(super) fn raw(raw: &Raw<'_>, source: &Source<'_>) -> Draft {
    let fields: Vec<_> = raw.fields.iter().filter(|(_, value)| !value.is_empty()).collect();
    let lines: Vec<_> = fields.iter().map(|(name, value)| source.language.named(name, value)).collect();
    let (text, headline) = if lines.is_empty() {
        (raw.text.to_owned(), raw.text.split_whitespace().collect::<Vec<_>>().join(" "))
    } else {
        (lines.join("\n"), lines.join(source.language.comma()))
    };
    let mut labels = labels_of(Kind::Raw);
    labels.put_own("resource", NAMELESS);
    labels.put_own("check", first(&[&shorten(&headline, MAX_HEADLINE), source.language.no_text()]));
    other_labels(&mut labels, &raw.fields, "unnamed");
    let intro = source.language.unreadable(&raw.why);
    Draft {
        kind: Kind::Raw,
        key: source.raw_key(),
        id: String::new(),
        labels,
        states: vec![(Status::Warning, format!("{intro}\n{text}"))],
        notes: Vec::new(),
    }
}
