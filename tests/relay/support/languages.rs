//! Events in both languages: what may differ, and that each language has no sentence of the other.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Value, json};
use zstack_flashduty::language::Language;
use zstack_flashduty::zstack::{StateSource, events, split};

use super::translated_in;

/// The labels whose values are words, units or times of ours. Routes and searches match them, so they are the same in every
/// language. `docs/alerts.md` has the list.
pub const CANONICAL: [&str; 9] =
    ["source", "kind", "emergency_level", "status", "previous_status", "duration", "time", "delayed", "repeated"];

/// Words that are names in Chinese texts, too.
const NAMES: [&str; 9] = ["ZStack", "zstack", "Flashduty", "flashduty", "JSON", "Critical", "Warning", "Info", "Ok"];

/// The catalogue's ids of events and names of labels, and what is not Chinese in its Chinese names, such as `CPU`.
static IDS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let state = |source: &'static StateSource| match source {
        StateSource::Label { name, .. } => Some(*name),
        StateSource::Error => None,
    };
    let ids = events().flat_map(|event| [event.name].into_iter().chain(event.state.as_ref().and_then(state)));
    ids.chain(events().flat_map(|event| foreign_words(Language::Chinese, event.chinese))).collect()
});

/// The English events of a body, and what is different in Chinese: descriptions and the label `check`.
pub fn in_both(body: &[u8], url_labels: &[(String, String)]) -> (Vec<Value>, Value) {
    let [english, chinese] = Language::ALL.map(|language| translated_in(language, body, url_labels));
    let said = said(body);
    for (language, events) in [(Language::English, &english), (Language::Chinese, &chinese)] {
        for event in events {
            assert_language(language, event, &said);
        }
    }
    let differences = differences(&english, &chinese);
    (english, differences)
}

/// What is different in the Chinese events. Fails if that is more than the description and the label `check`: keys,
/// statuses and all labels that route must be the same.
pub fn differences(english: &[Value], chinese: &[Value]) -> Value {
    assert_eq!(english.len(), chinese.len(), "{english:#?}\n{chinese:#?}");
    let pairs = english.iter().zip(chinese);
    let differences = pairs.map(|(english, chinese)| {
        let mut with_the_english_texts = chinese.clone();
        with_the_english_texts["description"] = english["description"].clone();
        with_the_english_texts["labels"]["check"] = english["labels"]["check"].clone();
        assert_eq!(with_the_english_texts, *english);
        json!({"description": chinese["description"], "check": chinese["labels"]["check"]})
    });
    differences.collect()
}

/// Fails if the description or a label has words of the other language that the message does not say. In Chinese events,
/// [`CANONICAL`] labels may have English words.
fn assert_language(language: Language, event: &Value, said: &str) {
    let labels = event["labels"].as_object().unwrap();
    for (name, text) in labels.iter().chain([(&"description".to_owned(), &event["description"])]) {
        if language == Language::Chinese && CANONICAL.contains(&name.as_str()) {
            continue;
        }
        let text = text.as_str().unwrap();
        for word in foreign_words(language, text) {
            let is_name = language == Language::Chinese && (NAMES.contains(&word) || IDS.contains(word));
            assert!(said.contains(word) || is_name, "{word:?} is not {}: {name} is {text:?}\n{said}", language.tag());
        }
    }
}

/// The runs of Chinese characters of an English text, or of Latin letters of a Chinese text.
fn foreign_words(language: Language, text: &str) -> Vec<&str> {
    let is_chinese = |c: char| matches!(c, '\u{3000}'..='\u{303f}' | '\u{4e00}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}');
    let words: Vec<_> = match language {
        Language::English => text.split(|c| !is_chinese(c)).collect(),
        Language::Chinese => text.split(|c: char| !c.is_ascii_alphanumeric()).collect(),
    };
    let has_letter = |word: &&str| word.chars().any(|c| !c.is_ascii() || c.is_ascii_alphabetic());
    // One letter may be the rest of a text that was cut.
    words.into_iter().filter(|word| has_letter(word) && (word.len() > 1)).collect()
}

/// Everything that a body says, without JSON's escapes.
fn said(body: &[u8]) -> String {
    let mut said = String::from_utf8_lossy(body).into_owned();
    for part in split(body) {
        said = said + "\n" + &part.text;
        for (name, value) in part.around.iter() {
            said = said + "\n" + name + "\n" + value;
        }
        if let Ok(value) = serde_json::from_str(&part.text) {
            add_texts(&value, &mut said);
        }
        // Broken JSON may have escapes as well.
        said = said + "\n" + &part.text.replace("\\n", "\n").replace("\\t", "\t").replace('\\', "");
    }
    said
}

fn add_texts(value: &Value, said: &mut String) {
    match value {
        Value::String(text) => {
            said.push('\n');
            said.push_str(text);
            if let Ok(value @ (Value::Object(_) | Value::Array(_) | Value::String(_))) = serde_json::from_str(text) {
                add_texts(&value, said);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| add_texts(item, said)),
        Value::Object(members) => {
            for (name, value) in members {
                said.push('\n');
                said.push_str(name);
                add_texts(value, said);
            }
        }
        other => {
            said.push('\n');
            said.push_str(&other.to_string());
        }
    }
}
