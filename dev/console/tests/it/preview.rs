//! Tests of the preview of a message.

use reqwest::Method;
use serde_json::{Value, json};
use zstack_flashduty::translate::{Context, translate};
use zstack_flashduty::webhook::MAX_BODY;
use zstack_flashduty::zstack::split;

use crate::{TestConsole, sample, sample_with, to_channel};

#[tokio::test]
async fn a_preview_shows_what_the_relay_would_push() {
    let console = TestConsole::new().await;
    let samples = [
        ("alarm", "cloud=beijing&token=x&TOKEN+=y"),
        ("sections", ""),
        ("test-message", "a=1&a=2"),
        ("facts-recovery-chinese", ""),
        ("event-router-connected", ""),
        ("event-host-connecting", ""),
    ];
    for (name, query) in samples {
        let preview = console.preview(&sample(name), query).await;
        assert_eq!(preview["error"], Value::Null);
        let url_labels = match name {
            "alarm" => vec![("cloud".to_owned(), "beijing".to_owned())],
            "test-message" => vec![("a".to_owned(), "1".to_owned()), ("a".to_owned(), "2".to_owned())],
            _ => Vec::new(),
        };
        let context = Context { url_labels, ..Context::default() };
        let parts = split(sample(name).as_bytes());
        assert_eq!(preview["messages"].as_array().unwrap().len(), parts.len());
        for (message, part) in preview["messages"].as_array().unwrap().iter().zip(&parts) {
            let alerts = translate(&part.text, &part.around, &context);
            assert_eq!(message["kind"], alerts[0].kind.as_str());
            assert_eq!(message["text"], part.text);
            assert_eq!(message["problem"], Value::Null);
            assert_eq!(message["traced"], true);
            let events = alerts.iter().flat_map(|alert| &alert.events);
            let events: Vec<Value> = events.map(|event| serde_json::from_slice(&event.to_json()).unwrap()).collect();
            let shown: Vec<_> = message["events"].as_array().unwrap().iter().map(|it| it["event"].clone()).collect();
            assert_eq!(shown, events);
            for shown in message["events"].as_array().unwrap() {
                assert_eq!(rebuilt(&shown["fields"]), shown["event"]);
                assert_eq!(shown["status"], shown["event"]["event_status"]);
            }
        }
    }
    assert_eq!(console.server.standin().received(), []);
}

#[tokio::test]
async fn a_preview_is_in_the_language_that_is_asked_for() {
    let console = TestConsole::new().await;
    for (language, check, beginning) in [
        ("zh-CN", "主机失联", "主机失联（HostDisconnected）\n"),
        ("en", "HostDisconnected", "HostDisconnected (Host Disconnected)\n"),
        ("", "HostDisconnected", "HostDisconnected (Host Disconnected)\n"),
    ] {
        let message = json!({"body": sample("event-host-disconnected"), "language": language});
        let (status, preview) = console.send(Method::POST, "/api/preview", &message).await;
        let event = &preview["messages"][0]["events"][0]["event"];
        assert_eq!((status, event["labels"]["check"].as_str()), (200, Some(check)), "{preview}");
        assert!(event["description"].as_str().unwrap().starts_with(beginning), "{event}");
    }
}

#[tokio::test]
async fn a_preview_for_a_channel_shows_the_events_of_that_channel() {
    let console = TestConsole::new().await;
    let preview = async |body: &str, channel: &str| {
        let message = json!({"body": body, "channel": channel});
        console.send(Method::POST, "/api/preview", &message).await.1
    };
    for name in ["alarm", "test-message", "facts-recovery-chinese"] {
        let previewed = preview(&sample(name), "database").await;
        let part = &split(sample(name).as_bytes())[0];
        let alerts = translate(&part.text, &part.around, &to_channel("database"));
        let events = alerts.iter().flat_map(|alert| &alert.events);
        let events: Vec<Value> = events.map(|event| serde_json::from_slice(&event.to_json()).unwrap()).collect();
        let shown = previewed["messages"][0]["events"].as_array().unwrap();
        assert_eq!(shown.iter().map(|it| it["event"].clone()).collect::<Vec<_>>(), events, "{name}");
        for event in shown {
            assert_eq!(event["event"]["labels"]["channel"], "database", "{name}");
            // The URL's path is the source of this label, and of no other field.
            let from = json!({"in": "path", "name": "database"});
            let fields = event["fields"].as_array().unwrap().iter();
            let of_path = fields.filter(|field| field["from"].as_array().unwrap().contains(&from));
            let of_path: Vec<_> = of_path.map(|field| field["field"].as_str().unwrap()).collect();
            assert_eq!(of_path, ["labels.channel"], "{name}");
        }
    }
    // The relay checks the channel before the body.
    for body in [sample("alarm"), String::new()] {
        let wanted = json!({
            "error": {
                "code": "UnknownChannel",
                "message": "a channel's name has 1 to 64 characters, which are letters, digits, `_`, `.` and `-`; \
                            correct the end of the endpoint's URL in ZStack",
            },
            "messages": [],
        });
        assert_eq!(preview(&body, "a/b").await, wanted);
    }
}

/// Builds an event from the fields of a preview.
fn rebuilt(fields: &Value) -> Value {
    let mut event = json!({});
    for field in fields.as_array().unwrap() {
        match field["field"].as_str().unwrap().split_once('.') {
            Some((labels, name)) => event[labels][name] = field["value"].clone(),
            None => event[field["field"].as_str().unwrap()] = field["value"].clone(),
        }
    }
    event
}

#[tokio::test]
async fn the_title_is_rendered_as_flashduty_does() {
    let console = TestConsole::new().await;
    let body = sample_with("alarm", &json!({"ALARM_RESOURCE_NAME": "<b>$1", "ALARM_NAME": "${resource}"}));
    let preview = console.preview(&body, "").await;
    assert_eq!(preview["messages"][0]["events"][0]["title"], "<b>$1 / ${resource}");
}

#[tokio::test]
async fn fields_have_a_fixed_order() {
    let console = TestConsole::new().await;
    let preview = console.preview(r#"{"ALARM_NAME": "full"}"#, "zone=z").await;
    let fields = preview["messages"][0]["events"][0]["fields"].as_array().unwrap();
    let fields: Vec<_> = fields.iter().map(|field| field["field"].as_str().unwrap()).collect();
    let wanted = ["title_rule", "event_status", "alert_key", "description"];
    assert_eq!(fields[..4], wanted);
    assert_eq!(fields[4..], ["labels.check", "labels.kind", "labels.resource", "labels.source", "labels.zone"]);
}

#[tokio::test]
async fn a_rejected_body_has_the_relays_own_error() {
    let console = TestConsole::new().await;
    for empty in ["", " \r\n\t "] {
        let wanted = json!({
            "error": {
                "code": "EmptyBody",
                "message": "the request has no body; ZStack's webhook sends one message in it",
            },
            "messages": [],
        });
        assert_eq!(console.preview(empty, "").await, wanted);
    }
    // The limit counts bytes, not characters.
    let largest = "名".repeat(MAX_BODY / 3) + "xx";
    assert_eq!(largest.len(), MAX_BODY);
    assert_eq!(console.preview(&largest, "").await["error"], Value::Null);
    let wanted = json!({
        "code": "BodyTooLarge",
        "message": "the body has 131073 bytes, and the limit is 131072; shorten the message template in ZStack",
    });
    assert_eq!(console.preview(&(largest + "x"), "").await["error"], wanted);
}

#[tokio::test]
async fn what_is_cut_is_named() {
    let console = TestConsole::new().await;
    let body = sample_with("alarm", &json!({"ALARM_NAME": "名".repeat(3_000), "ALARM_X": "x".repeat(2_049)}));
    let preview = console.preview(&body, "").await;
    let event = &preview["messages"][0]["events"][0];
    assert_eq!(event["cut"], json!(["alarm_x", "check", "description"]));
    // After the cut, the event violates no limit.
    assert_eq!(event["violations"], json!([]));
}

#[tokio::test]
async fn broken_json_is_marked_where_it_breaks() {
    let console = TestConsole::new().await;
    let preview = console.preview(&sample("template-broken-json"), "").await;
    let message = &preview["messages"][0];
    assert_eq!((&message["kind"], &message["shape"]), (&json!("alarm"), &json!("plain")));
    let wanted = json!({
        "why": "in ALARM_NAME",
        "broken": true,
        "read": true,
        "line": 2,
        "column": 22,
        "before": "{\n  \"ALARM_NAME\": \"磁盘 \"",
        "at": "数",
        "after": "据\" 已满\",\n  \"ALARM_CURRENT_STATUS\": \"已触发\",\n  \"ALARM_RESOURCE_NAME\": \"nas-02\"\n}",
        "cause": "quote",
    });
    assert_eq!(message["problem"], wanted);
    // The alert's description names the problem too.
    let description = message["events"][0]["event"]["description"].as_str().unwrap();
    assert!(description.contains(wanted["why"].as_str().unwrap()), "{description}");
    let as_text = json!([{"name": "ALARM_NAME", "value": "磁盘 \"数据\" 已满"}]);
    assert_eq!(message["salvaged"], json!({"found": 3, "as_text": as_text}));
}

#[tokio::test]
async fn every_cause_is_named() {
    let console = TestConsole::new().await;
    for (body, broken, read, cause) in [
        (r#"{"ALARM_NAME": "12" disk"}"#, true, true, "quote"),
        (r#"{"ALARM_NAME": "C:\data"}"#, true, true, "backslash"),
        ("{\"ALARM_NAME\": \"a\nb\"}", true, true, "control"),
        // The values of a message that is cut off are not read.
        (r#"{"ALARM_NAME": "a"#, true, false, "end"),
        (r#"{"ALARM_NAME": 'a'}"#, true, true, "other"),
        (r#"[{"ALARM_NAME": "12" disk"}]"#, true, true, "quote"),
        (r#"{"alertname": "12" disk"}"#, true, false, "quote"),
        // The values of two messages are not mixed.
        (r#"[{"ALARM_NAME": "12" disk"}, {"ALARM_NAME": "b"}]"#, true, false, "quote"),
        (r#"{"level": "high"}"#, false, false, "no_fields"),
        ("host-23 失联", false, false, "not_json"),
    ] {
        let preview = console.preview(body, "").await;
        let problem = &preview["messages"][0]["problem"];
        assert_eq!((&problem["broken"], &problem["cause"]), (&json!(broken), &json!(cause)), "{body}");
        assert_eq!(problem["read"], read, "{body}");
        assert_eq!(preview["messages"][0]["salvaged"].is_object(), read, "{body}");
    }
}

#[tokio::test]
async fn the_place_of_a_problem_is_counted_within_the_wrapper() {
    let console = TestConsole::new().await;
    // A JSON string that contains a broken object.
    let body = json!(r#"{"ALARM_NAME": "12" disk"}"#).to_string();
    let preview = console.preview(&body, "").await;
    let problem = &preview["messages"][0]["problem"];
    assert_eq!((&problem["column"], &problem["at"]), (&json!(21), &json!("d")));
}

#[tokio::test]
async fn a_request_of_thousands_of_messages_is_answered_in_time() {
    let console = TestConsole::new().await;
    let of = |count: u32, one: &dyn Fn(u32) -> String| (0..count).map(one).collect::<Vec<_>>().join(",");
    let some = of(25, &|n| format!(r#""A{n}":"{n}{n}{n}""#));
    let messages = of(300, &|n| format!(r#"{{"ALARM_NAME":"{n}",{some}}}"#));
    let members = of(9_000, &|n| format!(r#""A{n}":1"#));
    for body in [format!("[{messages}]"), format!(r#"{{"ALARM_NAME":"a",{members}}}"#)] {
        assert!(body.len() < MAX_BODY, "{}", body.len());
        let started = std::time::Instant::now();
        let preview = console.preview(&body, "").await;
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
        // The last message of the list is the rest of the list, which has no source to find.
        let messages = preview["messages"].as_array().unwrap();
        let last = &messages[messages.len().saturating_sub(2)];
        assert_eq!(last["traced"], false);
        assert_eq!(last["events"][0]["fields"][0]["from"], json!([]));
    }
}

#[tokio::test]
async fn the_deepest_possible_message_is_answered() {
    let console = TestConsole::new().await;
    for open in [r#"{"EVENT_LABELS":"#, r#"{"sections":"#, r#"{"EVENT_NAME":"#, "["] {
        let close = if open == "[" { "]" } else { "}" };
        let depth = MAX_BODY / (open.len() + 1) - 1;
        let body = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        let preview = console.preview(&body, "").await;
        assert_eq!(preview["messages"].as_array().unwrap().len(), 1, "{open}");
    }
}
