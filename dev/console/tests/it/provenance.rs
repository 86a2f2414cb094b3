//! Tests of the sources of an event's fields, for plain messages.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{TestConsole, sample, sample_with};

/// The sources of each field of an event, written as `place:name`.
pub(crate) type Sources = BTreeMap<String, Vec<String>>;

/// The sources for each event of a request's first message.
pub(crate) async fn of_all(console: &TestConsole, body: &str, query: &str) -> Vec<Sources> {
    let preview = console.preview(body, query).await;
    let message = &preview["messages"][0];
    assert_eq!(message["traced"], true);
    let names = |from: &Value| {
        let name = |source: &Value| format!("{}:{}", source["in"].as_str().unwrap(), source["name"].as_str().unwrap());
        from.as_array().unwrap().iter().map(name).collect::<Vec<_>>()
    };
    let fields = |event: &Value| {
        let fields = event["fields"].as_array().unwrap().iter();
        fields.map(|field| (field["field"].as_str().unwrap().to_owned(), names(&field["from"]))).collect()
    };
    message["events"].as_array().unwrap().iter().map(fields).collect()
}

/// The sources for the first event.
pub(crate) async fn sources(console: &TestConsole, body: &str, query: &str) -> Sources {
    of_all(console, body, query).await.remove(0)
}

/// Asserts the sources of some fields. A name without a place is a member of the message.
#[track_caller]
pub(crate) fn assert_from(sources: &Sources, wanted: &[(&str, &[&str])]) {
    for (field, wanted) in wanted {
        let wanted: Vec<_> = wanted
            .iter()
            .map(|name| if name.contains(':') { (*name).to_owned() } else { format!("message:{name}") })
            .collect();
        assert_eq!(sources.get(*field), Some(&wanted), "{field}");
    }
}

#[tokio::test]
async fn of_an_alarm() {
    let console = TestConsole::new().await;
    let sources = sources(&console, &sample("alarm"), "cloud=beijing&token=x").await;
    let wanted: [(&str, &[&str]); 28] = [
        ("title_rule", &[]),
        ("event_status", &["ALARM_CURRENT_STATUS", "ALARM_EMERGENCY_LEVEL"]),
        ("alert_key", &["ALARM_UUID", "ALARM_RESOURCE_ID", "url:cloud"]),
        (
            "description",
            &[
                "ALARM_NAME",
                "ALARM_METRIC",
                "ALARM_COMPARISON_OPERATOR",
                "ALARM_THRESHOLD",
                "ALARM_CURRENT_VALUE",
                "ALARM_DURATION",
                "ALARM_CURRENT_STATUS",
                "ALARM_RESOURCE_TYPE",
                "ALARM_RESOURCE_NAME",
                "ALARM_RESOURCE_IP",
                "ALARM_RESOURCE_CLUSTER_NAME",
            ],
        ),
        ("labels.account_id", &["ALARM_ACCOUNT_UUID"]),
        ("labels.alarm_id", &["ALARM_UUID"]),
        ("labels.alarm_labels", &["ALARM_LABELS"]),
        ("labels.check", &["ALARM_NAME"]),
        ("labels.cloud", &["url:cloud"]),
        ("labels.cluster", &["ALARM_RESOURCE_CLUSTER_NAME"]),
        ("labels.cluster_id", &["ALARM_RESOURCE_CLUSTER_UUID"]),
        ("labels.condition", &["ALARM_METRIC", "ALARM_COMPARISON_OPERATOR", "ALARM_THRESHOLD"]),
        ("labels.current_value", &["ALARM_CURRENT_VALUE"]),
        ("labels.data_id", &["ALARM_DATA_UUID"]),
        ("labels.duration", &["ALARM_DURATION"]),
        ("labels.emergency_level", &["ALARM_EMERGENCY_LEVEL"]),
        ("labels.kind", &[]),
        ("labels.metric", &["ALARM_METRIC"]),
        ("labels.namespace", &["ALARM_NAMESPACE"]),
        ("labels.previous_status", &["ALARM_PREVIOUS_STATUS"]),
        ("labels.resource", &["ALARM_RESOURCE_NAME"]),
        ("labels.resource_id", &["ALARM_RESOURCE_ID"]),
        ("labels.resource_ip", &["ALARM_RESOURCE_IP"]),
        ("labels.resource_type", &["ALARM_RESOURCE_TYPE"]),
        ("labels.source", &[]),
        ("labels.status", &["ALARM_CURRENT_STATUS"]),
        ("labels.threshold", &["ALARM_THRESHOLD"]),
        ("labels.time", &["ALARM_TIME"]),
    ];
    assert_eq!(sources.len(), wanted.len());
    assert_from(&sources, &wanted);
}

#[tokio::test]
async fn of_a_recovery_the_level_says_nothing() {
    let console = TestConsole::new().await;
    let sources = sources(&console, &sample("alarm-recovery"), "").await;
    assert_from(&sources, &[("event_status", &["ALARM_CURRENT_STATUS"])]);
}

#[tokio::test]
async fn of_missing_data_the_status_before_counts() {
    let console = TestConsole::new().await;
    let sources = sources(&console, &sample("alarm-data-went-missing"), "").await;
    let wanted: &[&str] = &["ALARM_PREVIOUS_STATUS", "ALARM_CURRENT_STATUS", "ALARM_EMERGENCY_LEVEL"];
    assert_from(&sources, &[("event_status", wanted)]);
}

#[tokio::test]
async fn of_unknown_words() {
    let console = TestConsole::new().await;
    let unknown = json!({"ALARM_EMERGENCY_LEVEL": "P0", "ALARM_CURRENT_STATUS": "firing", "ALARM_LABELS": "OK"});
    let sources = sources(&console, &sample_with("alarm", &unknown), "").await;
    let both: &[&str] = &["ALARM_CURRENT_STATUS", "ALARM_EMERGENCY_LEVEL"];
    let mut status = sources["event_status"].clone();
    status.sort();
    assert_eq!(status, both.iter().map(|name| format!("message:{name}")).collect::<Vec<_>>());
    assert_from(&sources, &[("labels.alarm_labels", &["ALARM_LABELS"]), ("labels.check", &["ALARM_NAME"])]);
    // The description contains a remark about the unknown level.
    assert!(sources["description"].contains(&"message:ALARM_EMERGENCY_LEVEL".to_owned()));
}

#[tokio::test]
async fn of_missing_values() {
    let console = TestConsole::new().await;
    let unknown = json!({"ALARM_RESOURCE_NAME": "-", "ALARM_EMERGENCY_LEVEL": "", "ALARM_UUID": null});
    let sources = sources(&console, &sample_with("alarm", &unknown), "").await;
    assert_from(
        &sources,
        &[
            ("labels.resource", &["ALARM_RESOURCE_ID"]),
            ("event_status", &["ALARM_CURRENT_STATUS"]),
            ("alert_key", &["ALARM_NAME", "ALARM_RESOURCE_ID"]),
        ],
    );
}

#[tokio::test]
async fn of_an_event_each_label_counts_alone() {
    let console = TestConsole::new().await;
    let labels = json!({"PhysicalNicName": "ens2f0", "HostUuid": "3c4b", "NewStatus": "Normal"});
    let printed = labels.to_string();
    for labels in [labels, json!(printed)] {
        let sources = sources(&console, &sample_with("event-nic-down", &json!({"EVENT_LABELS": labels})), "").await;
        let mut key = sources["alert_key"].clone();
        key.sort();
        assert_eq!(key, ["message:EVENT_LABELS.PhysicalNicName", "message:EVENT_NAME", "message:EVENT_RESOURCE_ID"]);
        assert_from(
            &sources,
            &[
                ("event_status", &["EVENT_EMERGENCY_LEVEL"]),
                ("labels.physical_nic_name", &["EVENT_LABELS.PhysicalNicName"]),
                ("labels.host_uuid", &["EVENT_LABELS.HostUuid"]),
                ("labels.new_status", &["EVENT_LABELS.NewStatus"]),
                ("labels.check", &["EVENT_NAME"]),
            ],
        );
    }
}

#[tokio::test]
async fn of_an_event_that_closes_another_the_name_counts() {
    let console = TestConsole::new().await;
    let sources = sources(&console, &sample("event-nic-up"), "").await;
    assert_from(&sources, &[("event_status", &["EVENT_NAME"])]);
}

#[tokio::test]
async fn of_members_around_the_message() {
    let console = TestConsole::new().await;
    let body = r#"{"title": "T", "level": "OK", "sections": [{"ALARM_NAME": "a", "title": "own"}]}"#;
    let sources = sources(&console, body, "title=url&cloud=c").await;
    assert_from(
        &sources,
        &[
            ("labels.title", &["title"]),
            ("labels.title_2", &["around:title"]),
            ("labels.level", &["around:level"]),
            ("labels.cloud", &["url:cloud"]),
        ],
    );
}

#[tokio::test]
async fn of_a_member_that_comes_twice() {
    let console = TestConsole::new().await;
    let body = r#"{"ALARM_NAME": "first", "ALARM_NAME": "second", "X": "1", "x": "2"}"#;
    let sources = sources(&console, body, "").await;
    assert_from(
        &sources,
        &[
            ("labels.check", &["ALARM_NAME"]),
            ("labels.alarm_name", &["ALARM_NAME"]),
            ("labels.x", &["X"]),
            ("labels.x_2", &["x"]),
        ],
    );
}

#[tokio::test]
async fn of_a_label_that_another_could_displace() {
    let console = TestConsole::new().await;
    // If X were "OK" as well, x would not get a label.
    let sources = sources(&console, r#"{"ALARM_NAME": "a", "X": "q", "x": "OK"}"#, "").await;
    assert_from(&sources, &[("labels.x", &["X"]), ("labels.x_2", &["x"])]);
}

#[tokio::test]
async fn of_the_only_member() {
    let console = TestConsole::new().await;
    let sources = sources(&console, r#"{"ALARM_NAME": "full"}"#, "").await;
    assert_from(
        &sources,
        &[
            ("labels.check", &["ALARM_NAME"]),
            ("labels.kind", &[]),
            ("labels.resource", &[]),
            ("alert_key", &["ALARM_NAME"]),
            ("event_status", &[]),
        ],
    );
}

#[tokio::test]
async fn of_a_message_without_a_rule_the_text_is_the_key() {
    let console = TestConsole::new().await;
    let sources = sources(&console, r#"{"ALARM_RESOURCE_NAME": "db-1", "ALARM_CURRENT_STATUS": "Alarm"}"#, "").await;
    assert_from(
        &sources,
        &[("alert_key", &["text:"]), ("labels.alarm_resource_name", &["ALARM_RESOURCE_NAME"]), ("event_status", &[])],
    );
}

#[tokio::test]
async fn of_a_message_that_cannot_be_read() {
    let console = TestConsole::new().await;
    for body in [r#"{"alertname": "12" disk"}"#.to_owned(), sample("template-plain-text")] {
        let sources = sources(&console, &body, "cloud=c").await;
        assert_from(
            &sources,
            &[
                ("alert_key", &["url:cloud", "text:"]),
                ("description", &["text:"]),
                ("labels.check", &["text:"]),
                ("labels.cloud", &["url:cloud"]),
                ("labels.resource", &[]),
                ("event_status", &[]),
            ],
        );
    }
    let sources = sources(&console, r#"{"host": "h-1", "state": "down", "kind": "raw"}"#, "").await;
    assert_from(
        &sources,
        &[
            ("alert_key", &["text:"]),
            ("description", &["text:"]),
            ("labels.check", &["text:"]),
            ("labels.host", &["host"]),
            ("labels.state", &["state"]),
            ("labels.kind", &[]),
        ],
    );
}

#[tokio::test]
async fn of_the_test_message() {
    let console = TestConsole::new().await;
    let sources = sources(&console, &sample("test-message"), "").await;
    assert_from(
        &sources,
        &[
            ("alert_key", &[]),
            ("description", &[]),
            ("event_status", &[]),
            ("labels.check", &[]),
            ("labels.source", &[]),
            ("labels.product", &["product"]),
            ("labels.service", &["service"]),
            ("labels.data_source", &["dataSource"]),
            ("labels.message", &["message"]),
        ],
    );
}
