//! Every sample of `events/` through the built binary: what Flashduty gets and what is answered,
//! compared as whole documents with `tests/relay/golden/`.
//!
//! `GOLDEN=write make test-rust` writes what is; `git diff` shows what changed.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{World, samples};

#[tokio::test]
async fn every_sample_is_what_it_was() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/relay/golden");
    let mut world = World::new().await;
    let mut different = Vec::new();
    for path in samples() {
        let event: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        world.flashduty.clear();
        let (status, mut body) = world.send(&event).await;
        forget_ids(&mut body);
        let actual = json!({"pushed": world.pushed(), "answer": {"status": status, "body": body}});

        let file = golden.join(path.file_name().unwrap());
        if std::env::var("GOLDEN").is_ok_and(|value| value == "write") {
            fs::write(&file, format!("{actual:#}\n")).unwrap();
        }
        let expected: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap_or_default()).unwrap_or_default();
        if actual != expected {
            different.push(format!("{}: expected {expected:#}\nbut it is {actual:#}", file.display()));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert_eq!(fs::read_dir(golden).unwrap().count(), samples().len(), "a golden answer without a sample");
    world.end();
}

/// Ids that differ in every run.
fn forget_ids(body: &mut Value) {
    body["request_id"] = json!("…");
    for alert in body.get_mut("alerts").and_then(Value::as_array_mut).into_iter().flatten() {
        assert!(alert["flashduty_request_id"].as_str().is_some_and(|id| !id.is_empty()), "{alert}");
        alert["flashduty_request_id"] = json!("…");
    }
}
