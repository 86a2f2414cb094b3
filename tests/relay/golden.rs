//! Sends every sample of `events/` to the built relay, and compares what is pushed and the answer with
//! `tests/relay/golden/`, as whole documents. What is different in Chinese is in them as `zh-CN`.

use std::fs;

use serde_json::{Value, json};

use crate::support::goldens::Goldens;
use crate::support::languages::differences;
use crate::support::{World, samples};

#[tokio::test]
async fn every_sample_is_pushed_and_answered_as_in_its_golden_file() {
    let mut goldens = Goldens::of("golden");
    let mut world = World::new().await;
    let mut chinese = World::with(&[("LANGUAGE", "zh-CN")]).await;
    for path in samples() {
        let event: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        world.flashduty.clear();
        chinese.flashduty.clear();
        let (status, mut body) = world.send(&event).await;
        replace_ids(&mut body);
        assert_eq!(chinese.send(&event).await.0, status);
        let pushed = world.pushed();
        let differences = differences(&pushed, &chinese.pushed());
        let actual = json!({"pushed": pushed, "zh-CN": differences, "answer": {"status": status, "body": body}});
        goldens.check(path.file_stem().unwrap().to_str().unwrap(), &actual);
    }
    goldens.end();
    world.end();
    chinese.end();
}

/// Replaces the ids that differ in every run.
fn replace_ids(body: &mut Value) {
    body["request_id"] = json!("…");
    for alert in body.get_mut("alerts").and_then(Value::as_array_mut).into_iter().flatten() {
        assert!(alert["flashduty_request_id"].as_str().is_some_and(|id| !id.is_empty()), "{alert}");
        alert["flashduty_request_id"] = json!("…");
    }
}
