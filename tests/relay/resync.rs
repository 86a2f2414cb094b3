//! What `scripts/zstack-resync.py` knows of the relay: the catalogue of events, and how to build a message from a record
//! of ZStack's.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use zstack_flashduty::zstack::{Entry, StateSource, events};

use crate::support::translated;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What decides which alert an event opens or closes.
fn deciding(event: &Entry) -> Value {
    let mut entry = Map::new();
    if !event.told_apart_by.is_empty() {
        entry.insert("told_apart_by".to_owned(), json!(event.told_apart_by));
    }
    match &event.state {
        Some(StateSource::Label { name, trouble, over, steps }) => {
            let state = json!({"label": name, "trouble": trouble, "over": over, "steps": steps});
            entry.insert("state".to_owned(), state);
        }
        Some(StateSource::Error) => {
            entry.insert("error_is_state".to_owned(), json!(event.labels));
        }
        None => {}
    }
    if !event.undoes.is_empty() {
        entry.insert("undoes".to_owned(), json!(event.undoes));
    }
    Value::Object(entry)
}

#[test]
fn the_program_has_the_relays_catalogue() {
    let catalogue: Map<_, _> = events().map(|event| (event.name.to_owned(), deciding(event))).collect();
    let module = format!(
        "\"\"\"The relay's catalogue of events: what decides which alert an event opens or closes.\n\n\
         `GOLDEN=write cargo test --test relay resync` writes this file from src/zstack/catalogue/.\n\"\"\"\n\n\
         import json\n\nEVENTS = json.loads(r\"\"\"\n{:#}\n\"\"\")\n",
        Value::Object(catalogue)
    );
    let path = root().join("scripts/zstack/resync/events.py");
    if std::env::var("GOLDEN").is_ok_and(|value| value == "write") {
        fs::write(&path, &module).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap();
    assert!(written == module, "run GOLDEN=write cargo test --test relay resync");
}

/// A message of ZStack's, and the one that the program builds from the record of it.
#[derive(Deserialize)]
struct Pair {
    case: String,
    original: Value,
    rebuilt: Value,
    /// Key and status of each alert, as the program thinks.
    alerts: Vec<[Value; 2]>,
}

/// What a message does in Flashduty, with another cloud's name in the URL or without one.
fn effects(message: &Value, url_labels: &[(String, String)]) -> Vec<[Value; 3]> {
    let events = translated(message.to_string().as_bytes(), url_labels);
    let effect = |event: &Value| {
        [&event["alert_key"], &event["event_status"], &event["labels"]["emergency_level"]].map(Value::clone)
    };
    events.iter().map(effect).collect()
}

/// `tests/zstack/test_resync.py` compares the same file with what the program builds.
#[test]
fn a_message_built_from_a_record_does_what_the_original_did() {
    let text = fs::read_to_string(root().join("tests/zstack/rebuilt.json")).unwrap();
    let all: Vec<Pair> = serde_json::from_str(&text).unwrap();
    assert!(all.len() > 200, "{}", all.len());
    for Pair { case, original, rebuilt, alerts } in all {
        let expected = effects(&original, &[]).into_iter().map(|[key, status, _]| [key, status]);
        // A mere step has an alert of its own, which decides nothing.
        let expected: Vec<_> = expected.filter(|[key, _]| !key.as_str().unwrap().ends_with(":step")).collect();
        assert_eq!(alerts, expected, "{case}");
        for url_labels in [vec![], vec![("cloud".to_owned(), "北京".to_owned())]] {
            let expected = effects(&original, &url_labels);
            assert!(!expected.is_empty(), "{case}");
            assert_eq!(effects(&rebuilt, &url_labels), expected, "{case}");
        }
    }
}
