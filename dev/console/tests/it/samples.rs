//! Tests of the samples and the recommended templates.

use std::fs;

use serde_json::{Value, json};

use crate::{TestConsole, sample, samples};

#[tokio::test]
async fn every_sample_with_a_message_is_listed() {
    let console = TestConsole::new().await;
    let listed = console.json("/api/samples").await;
    let listed = listed.as_array().unwrap();
    let names: Vec<_> = listed.iter().map(|sample| sample["name"].as_str().unwrap()).collect();
    let mut there: Vec<_> = fs::read_dir(samples())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| name != "health")
        .collect();
    there.sort();
    assert_eq!(names, there);

    let of = |name: &str| listed.iter().find(|sample| sample["name"] == name).unwrap();
    assert_eq!(of("alarm"), &json!({"name": "alarm", "body": sample("alarm"), "query": ""}));
    assert_eq!(of("alarm-token-in-url")["query"], "cloud=beijing");
    // One sample has payload format 1.0, the other a body in Base64.
    for name in ["alarm-rest-api", "alarm-function-url"] {
        let body: Value = serde_json::from_str(of(name)["body"].as_str().unwrap()).unwrap();
        assert!(body["ALARM_NAME"].is_string(), "{name}");
    }
}

#[tokio::test]
async fn the_recommended_templates_are_those_of_the_documentation() {
    let console = TestConsole::new().await;
    let templates = console.json("/api/templates").await;
    for kind in ["alarm", "event"] {
        let path = format!("{}/../../docs/templates/{kind}.txt", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(templates[kind], fs::read_to_string(path).unwrap());
    }
}
