//! Tests of the sources of an event's fields, for facts, broken JSON, several alerts and events with a state.

use serde_json::json;

use crate::provenance::{assert_from, of_all, sources};
use crate::{TestConsole, sample, sample_with};

#[tokio::test]
async fn of_facts_each_counts_alone() {
    let console = TestConsole::new().await;
    let sources = sources(&console, &sample("facts-alarm-chinese"), "cloud=c").await;
    let wanted: [(&str, &[&str]); 22] = [
        ("title_rule", &[]),
        ("event_status", &["报警器详情", "报警级别"]),
        ("alert_key", &["UUID", "报警资源UUID", "url:cloud"]),
        ("labels.alarm_id", &["UUID"]),
        ("labels.alarm_labels", &["标签"]),
        ("labels.check", &["触发条件"]),
        ("labels.cloud", &["url:cloud"]),
        ("labels.cluster", &["所属集群名称"]),
        ("labels.cluster_id", &["所属集群UUID"]),
        ("labels.condition", &["触发条件"]),
        ("labels.current_value", &["当前值"]),
        ("labels.duration", &["触发条件持续时间"]),
        ("labels.emergency_level", &["报警级别"]),
        ("labels.kind", &[]),
        ("labels.metric", &["触发条件"]),
        ("labels.namespace", &["资源类型"]),
        ("labels.previous_status", &["先前状态"]),
        ("labels.resource", &["报警资源名称"]),
        ("labels.resource_id", &["报警资源UUID"]),
        ("labels.status", &["报警器详情"]),
        ("labels.threshold", &["触发条件"]),
        ("labels.time", &["报警触发时间"]),
    ];
    assert_from(&sources, &wanted);
    // The other fields are description, resource_ip and source.
    assert_eq!(sources.len(), wanted.len() + 3);
}

#[tokio::test]
async fn of_a_recovery_in_facts_the_first_fact_closes_the_alert() {
    let console = TestConsole::new().await;
    let body = sample("facts-recovery-chinese");
    let complete = sources(&console, &body, "").await;
    assert_from(&complete, &[("event_status", &["报警恢复详情"]), ("alert_key", &["UUID", "报警资源UUID"])]);
    // Without its first fact, the condition's name says that it is a recovery.
    let without = sources(&console, &body.replace("报警恢复详情", "x"), "").await;
    assert_from(&without, &[("event_status", &["恢复条件"]), ("labels.threshold", &["恢复条件"])]);
}

#[tokio::test]
async fn of_an_event_in_facts() {
    let console = TestConsole::new().await;
    let sources = sources(&console, &sample("facts-event-english"), "").await;
    assert_from(
        &sources,
        &[
            ("event_status", &["Severity"]),
            ("alert_key", &["Name", "Alarm Resource UUID"]),
            ("labels.check", &["Name"]),
            ("labels.subscription_id", &["Event Subscription UUID"]),
            ("labels.resource_ip", &["Alarm Resource IP"]),
        ],
    );
}

#[tokio::test]
async fn of_unknown_facts() {
    let console = TestConsole::new().await;
    let body = r#"{"title": "T", "facts": [
        {"name": "Trigger Condition", "value": "CPU >= 80%"}, {"name": "Room", "value": "7"}, "look", {"name": "Room"}
    ]}"#;
    let sources = sources(&console, body, "").await;
    assert_from(&sources, &[("labels.room", &["Room"]), ("labels.title", &["title"]), ("labels.unnamed", &["facts"])]);
}

#[tokio::test]
async fn of_broken_json_each_value_counts_alone() {
    let console = TestConsole::new().await;
    let of_broken = sources(&console, &sample("template-broken-json"), "").await;
    assert_from(
        &of_broken,
        &[
            ("event_status", &["ALARM_CURRENT_STATUS"]),
            ("alert_key", &["ALARM_NAME", "ALARM_RESOURCE_NAME"]),
            ("labels.check", &["ALARM_NAME"]),
            ("labels.resource", &["ALARM_RESOURCE_NAME"]),
            ("labels.status", &["ALARM_CURRENT_STATUS"]),
        ],
    );
    // The label that distinguishes events is in an intact value.
    let broken = sample_with("event-nic-down", &json!({"EVENT_RESOURCE_NAME": "X"})).replace("\"X\"", "\"a \"b\"\"");
    let sources = sources(&console, &broken, "").await;
    assert_from(
        &sources,
        &[
            ("labels.resource", &["EVENT_RESOURCE_NAME"]),
            ("labels.physical_nic_name", &["EVENT_LABELS.PhysicalNicName"]),
            ("event_status", &["EVENT_EMERGENCY_LEVEL"]),
        ],
    );
}

#[tokio::test]
async fn of_broken_facts_each_counts_alone() {
    let console = TestConsole::new().await;
    let broken = sample("facts-recovery-chinese").replace("订单数据库-01", "订单 \"01\"");
    let sources = sources(&console, &broken, "").await;
    assert_from(
        &sources,
        &[
            ("event_status", &["报警恢复详情"]),
            ("alert_key", &["UUID", "报警资源UUID"]),
            ("labels.resource", &["报警资源名称"]),
        ],
    );
}

#[tokio::test]
async fn of_broken_json_without_a_rule_the_text_is_the_key() {
    let console = TestConsole::new().await;
    let sources = sources(&console, r#"{"ALARM_RESOURCE_NAME": "db "1""}"#, "").await;
    assert_from(&sources, &[("alert_key", &["text:"]), ("labels.resource", &[])]);
}

#[tokio::test]
async fn of_an_event_that_ends_two() {
    let console = TestConsole::new().await;
    let both = of_all(&console, &sample("event-router-connected"), "cloud=c").await;
    assert_eq!(both.len(), 2);
    for sources in &both {
        assert_from(
            sources,
            &[
                ("event_status", &["EVENT_NAME"]),
                ("alert_key", &["EVENT_NAME", "EVENT_RESOURCE_ID", "url:cloud"]),
                ("labels.check", &["EVENT_NAME"]),
                ("labels.event", &["EVENT_NAME"]),
                ("labels.resource", &["EVENT_RESOURCE_NAME"]),
                ("labels.new_status", &["EVENT_LABELS.NewStatus"]),
                ("labels.kind", &[]),
            ],
        );
    }
}

#[tokio::test]
async fn of_an_event_with_a_state_the_state_counts() {
    let console = TestConsole::new().await;
    let event = |name: &str, labels: serde_json::Value| {
        let event = json!({
            "EVENT_NAME": name,
            "EVENT_EMERGENCY_LEVEL": "Important",
            "EVENT_LABELS": labels,
            "EVENT_RESOURCE_ID": "u",
        });
        event.to_string()
    };
    let trouble = event("HostStatusChanged", json!({"OldStatus": "Connected", "NewStatus": "Disconnected"}));
    assert_from(
        &sources(&console, &trouble, "").await,
        &[
            ("event_status", &["EVENT_EMERGENCY_LEVEL", "EVENT_LABELS.NewStatus"]),
            ("alert_key", &["EVENT_NAME", "EVENT_RESOURCE_ID"]),
        ],
    );
    let over = event("HostStatusChanged", json!({"OldStatus": "Connecting", "NewStatus": "Connected"}));
    let status: &[&str] = &["EVENT_LABELS.NewStatus", "EVENT_NAME"];
    assert_from(&sources(&console, &over, "").await, &[("event_status", status)]);
    // An intermediate state has its own key.
    let step = event("HostStatusChanged", json!({"OldStatus": "Connected", "NewStatus": "Connecting"}));
    for sources in of_all(&console, &step, "").await {
        assert_from(
            &sources,
            &[("event_status", status), ("alert_key", &["EVENT_LABELS.NewStatus", "EVENT_NAME", "EVENT_RESOURCE_ID"])],
        );
    }
    // The second alert exists because of the state, but the state is not part of its key.
    let both = event("VMStateChangedOnHost", json!({"OldState": "Unknown", "NewState": "Running"}));
    let both = of_all(&console, &both, "").await;
    assert_eq!(both.len(), 2);
    for sources in both {
        assert_from(
            &sources,
            &[
                ("event_status", &["EVENT_LABELS.NewState", "EVENT_NAME"]),
                ("alert_key", &["EVENT_NAME", "EVENT_RESOURCE_ID"]),
                ("labels.new_state", &["EVENT_LABELS.NewState"]),
            ],
        );
    }
}

#[tokio::test]
async fn of_an_event_that_is_over_without_an_error() {
    let console = TestConsole::new().await;
    let event = |members: serde_json::Value| sample_with("event-vm-ha-started", &members);
    for (members, from) in [
        (json!({}), "EVENT_LABELS.DestinationHostUuid"),
        (json!({"EVENT_LABELS": {}, "EVENT_ERROR": null}), "EVENT_ERROR"),
        (json!({"EVENT_LABELS": {}, "EVENT_ERROR": ""}), "EVENT_ERROR"),
    ] {
        let sources = sources(&console, &event(members.clone()), "").await;
        assert_from(&sources, &[("event_status", &[from, "EVENT_NAME"])]);
        assert!(!sources["description"].contains(&"message:EVENT_ERROR".to_owned()), "{members}");
    }
    let failed = sources(&console, &event(json!({"EVENT_LABELS": {}, "EVENT_ERROR": "no host"})), "").await;
    assert_from(
        &failed,
        &[
            ("event_status", &["EVENT_EMERGENCY_LEVEL", "EVENT_ERROR"]),
            ("labels.error", &["EVENT_ERROR"]),
            ("alert_key", &["EVENT_NAME", "EVENT_RESOURCE_ID"]),
        ],
    );
}
