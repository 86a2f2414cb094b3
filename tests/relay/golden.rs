//! Sends every sample of `events/` to the built relay, and compares what is pushed and the answer with
//! `tests/relay/golden/`, as whole documents.

use std::fs;

use serde_json::{Value, json};

use crate::support::goldens::Goldens;
use crate::support::{World, samples};

#[tokio::test]
async fn every_sample_is_pushed_and_answered_as_in_its_golden_file() {
    let mut goldens = Goldens::of("golden");
    let mut world = World::new().await;
    for path in samples() {
        let event: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        world.flashduty.clear();
        let (status, mut body) = world.send(&event).await;
        replace_ids(&mut body);
        let actual = json!({"pushed": world.pushed(), "answer": {"status": status, "body": body}});
        goldens.check(path.file_stem().unwrap().to_str().unwrap(), &actual);
    }
    goldens.end();
    world.end();
}

/// Replaces the ids that differ in every run.
fn replace_ids(body: &mut Value) {
    body["request_id"] = json!("…");
    for alert in body.get_mut("alerts").and_then(Value::as_array_mut).into_iter().flatten() {
        assert!(alert["flashduty_request_id"].as_str().is_some_and(|id| !id.is_empty()), "{alert}");
        alert["flashduty_request_id"] = json!("…");
    }
}
