//! The relay's answers: every row of the table of answers, and what is pushed to Flashduty.

mod words;

use aws_standin::ssm::Fault as SsmFault;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flashduty_standin::{Options, Standin};
use serde_json::{Value, json};

use crate::support::{KEY, TOKEN, World, base64, code, post, sample, with_credential};

#[tokio::test]
async fn a_delivered_alert_is_200_with_its_key_and_flashdutys_request_id() {
    let mut world = World::new().await;
    let (status, body) = world.send(&sample("alarm")).await;
    let alert = &world.flashduty.alerts()[0];
    assert_eq!(status, 200);
    assert_eq!(body["alerts"][0]["alert_key"], alert.alert_key);
    assert_eq!(body["alerts"][0]["event_status"], "Critical");
    assert!(alert.open && alert.title == "web-01 / VM CPU usage", "{alert:?}");
    assert_eq!(world.header("content-type").as_deref(), Some("application/json"));

    let (status, _) = world.send(&sample("alarm-recovery")).await;
    let alerts = world.flashduty.alerts();
    assert_eq!((status, alerts.len(), alerts[0].open), (200, 1, false));

    let lines = world.function.request_lines().await;
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["level"], "INFO");
    assert_eq!(lines[0]["kind"], "alarm");
    assert_eq!(lines[0]["alert_key"], body["alerts"][0]["alert_key"]);
    assert_eq!(lines[0]["flashduty_request_id"], body["alerts"][0]["flashduty_request_id"]);
    assert_eq!(lines[0]["request_id"], body["request_id"]);
    assert_eq!((&lines[0]["status"], &lines[0]["attempts"]), (&json!(200), &json!(1)));
    assert!(lines[0]["timestamp"].is_string() && lines[0]["ms"].is_u64());
    world.end();
}

#[tokio::test]
async fn the_test_message_leaves_no_alert_open() {
    let mut world = World::new().await;
    let (status, body) = world.send(&sample("test-message")).await;
    assert_eq!(status, 200);
    let statuses: Vec<_> = body["alerts"].as_array().unwrap().iter().map(|alert| &alert["event_status"]).collect();
    assert_eq!(statuses, ["Info", "Ok"]);
    assert!(world.flashduty.alerts().iter().all(|alert| !alert.open && alert.alert_key == "zstack:test"));
    world.end();
}

#[tokio::test]
async fn an_empty_body_is_400() {
    let mut world = World::new().await;
    let mut without = post("");
    without.as_object_mut().unwrap().remove("body");
    for event in [post(""), post(" \n\t"), without, json_null_body()] {
        let (status, body) = world.send(&event).await;
        assert_eq!((status, code(&body)), (400, "EmptyBody"), "{event}");
    }
    assert!(world.pushed().is_empty());
    world.end();
}

fn json_null_body() -> Value {
    let mut event = post("");
    event["body"] = Value::Null;
    event
}

#[tokio::test]
async fn a_body_that_is_not_valid_base64_is_400() {
    let mut world = World::new().await;
    for broken in ["{}", "====", "YWJj\u{20ac}", "YWJ"] {
        let mut event = post(broken);
        event["isBase64Encoded"] = json!(true);
        let (status, body) = world.send(&event).await;
        assert_eq!((status, code(&body)), (400, "InvalidBase64"), "{broken}");
    }
    let mut rest = sample("alarm-rest-api");
    rest["isBase64Encoded"] = json!(true);
    let (status, body) = world.send(&rest).await;
    assert_eq!((status, code(&body)), (400, "InvalidBase64"));
    assert!(world.pushed().is_empty());
    world.end();
}

#[tokio::test]
async fn alarms_with_an_invalid_query_host_or_path_are_delivered() {
    let mut world = World::new().await;
    for query in ["cloud=<a>", "cloud=a b", "cloud=\"", "cloud=\u{1}", "cloud=北京", "%", "&&=&token", "a#b"] {
        let mut event = sample("alarm");
        event["rawQueryString"] = json!(query);
        assert_eq!(world.send(&event).await.0, 200, "{query}");
    }
    assert_eq!(world.pushed()[4]["labels"]["cloud"], "北京");
    for host in ["", "not a host", "[", "a:b:c"] {
        for path in ["", ":x", "//", "/a b", "\u{1}"] {
            let (mut http, mut rest) = (sample("alarm"), sample("alarm-rest-api"));
            (http["headers"]["host"], http["rawPath"]) = (json!(host), json!(path));
            (rest["headers"]["Host"], rest["path"]) = (json!(host), json!(path));
            rest["multiValueHeaders"]["Host"] = json!([host]);
            assert_eq!(world.send(&http).await.0, 200, "{host} {path}");
            assert_eq!(world.send(&rest).await.0, 200, "{host} {path}");
        }
    }
    world.end();
}

#[tokio::test]
async fn a_url_over_64_kib_is_414() {
    let mut world = World::new().await;
    // `lambda_http` would percent-encode each of these bytes, so one byte becomes three.
    for (bytes, expected) in [(60_000, 200), (70_000, 414)] {
        let long = "<".repeat(bytes);
        let mut events = vec![sample("alarm"), sample("alarm"), sample("alarm-rest-api"), sample("alarm-rest-api")];
        events[0]["rawQueryString"] = json!(long);
        events[1]["rawPath"] = json!(format!("/{long}"));
        events[2]["path"] = json!(format!("/{long}"));
        events[3]["multiValueQueryStringParameters"] = json!({"token": [long]});
        for event in events {
            let (status, body) = world.send(&event).await;
            assert_eq!(status, expected, "{body}");
            if expected == 414 {
                assert_eq!(code(&body), "UrlTooLong", "{body}");
                // The length is checked before the token.
                assert_eq!(world.send(&with_credential(event, None, &long)).await.0, 414);
            }
        }
    }
    world.end();
}

#[tokio::test]
async fn bytes_that_are_not_utf_8_are_shown_percent_encoded() {
    let mut world = World::new().await;
    let mut event = post("");
    event["isBase64Encoded"] = json!(true);
    event["body"] = json!(BASE64_STANDARD.encode(b"{\"ALARM_NAME\": \"\xb4\xc5\xc5\xcc\", \"ALARM_UUID\": \"u\"}"));
    assert_eq!(world.send(&event).await.0, 200);
    assert_eq!(world.pushed()[0]["alert_key"], "zstack:alarm:u:-");
    assert_eq!(world.pushed()[0]["labels"]["check"], "%B4%C5%C5%CC");
    world.end();
}

#[tokio::test]
async fn without_the_token_nobody_gets_in() {
    let mut world = World::new().await;
    let basic = |credentials: &str| format!("Basic {}", base64(credentials));
    for (authorization, query) in [
        (None, String::new()),
        (None, "token=".to_owned()),
        (None, format!("token={TOKEN}x")),
        (None, format!("Token={TOKEN}")),
        (None, format!("cloud={TOKEN}")),
        (Some(basic("zstack:wrong")), String::new()),
        (Some(basic(&format!("{TOKEN}:"))), String::new()),
        (Some(basic(TOKEN)), String::new()),
        (Some(format!("Bearer {TOKEN}")), String::new()),
        (Some(format!("Basic {TOKEN}")), String::new()),
        (Some(TOKEN.to_owned()), "token=wrong".to_owned()),
    ] {
        let event = with_credential(sample("alarm"), authorization.as_deref(), &query);
        let (status, body) = world.send(&event).await;
        assert_eq!((status, code(&body)), (401, "Unauthorized"), "{authorization:?} {query}");
        assert!(world.header("www-authenticate").unwrap().starts_with("Basic "));
    }
    let mut rest = sample("alarm-rest-api");
    rest["headers"]["Authorization"] = json!(basic("zstack:wrong"));
    rest["multiValueHeaders"]["Authorization"] = json!([basic("zstack:wrong")]);
    assert_eq!(world.send(&rest).await.0, 401);
    // A caller without the token does not learn whether the body is valid.
    let (status, _) = world.send(&with_credential(post(""), None, "")).await;
    assert_eq!(status, 401);
    assert!(world.pushed().is_empty());
    world.end();
}

#[tokio::test]
async fn only_post_is_for_alarms() {
    let mut world = World::new().await;
    for method in ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"] {
        let mut event = sample("alarm");
        event["requestContext"]["http"]["method"] = json!(method);
        let (status, body) = world.send(&event).await;
        assert_eq!((status, code(&body)), (405, "MethodNotAllowed"), "{method}");
        assert_eq!(world.header("allow").as_deref(), Some("POST"));
    }
    let mut event = sample("health");
    event["requestContext"]["http"]["method"] = json!("DELETE");
    assert_eq!(world.send(&event).await.0, 405);
    assert_eq!(world.header("allow").as_deref(), Some("GET, HEAD, POST"));
    // Alarms are accepted on any path.
    let mut event = sample("alarm");
    event["rawPath"] = json!("/some/where");
    assert_eq!(world.send(&event).await.0, 200);
    world.end();
}

#[tokio::test]
async fn a_body_over_128_kib_is_413() {
    let mut world = World::new().await;
    let text = |bytes: usize| "名".repeat(bytes / 3) + &"x".repeat(bytes % 3);
    assert_eq!(world.send(&post(text(128 * 1024))).await.0, 200);
    let (status, body) = world.send(&post(text(128 * 1024 + 1))).await;
    assert_eq!((status, code(&body)), (413, "BodyTooLarge"));
    let mut encoded = post(base64(&text(128 * 1024 + 1)));
    encoded["isBase64Encoded"] = json!(true);
    assert_eq!(world.send(&encoded).await.0, 413);
    assert_eq!(world.pushed().len(), 1);
    world.end();
}

#[tokio::test]
async fn an_integration_of_kind_zstack_gets_zstacks_message_unchanged() {
    let flashduty = Standin::start(Options { keys: vec![KEY.to_owned()], ..Options::default() }).await.unwrap();
    let url = flashduty.push_url("zstack", "sample%20key%2F1");
    let mut world = World::pushing_to(flashduty, &url, &[]).await;
    for name in ["alarm", "alarm-function-url", "list-of-alarms", "test-message"] {
        assert_eq!(world.send(&sample(name)).await.0, 200, "{name}");
    }
    let received = world.flashduty.received();
    assert_eq!(received.len(), 4);
    assert_eq!(received[0].body, sample("alarm")["body"].as_str().unwrap().as_bytes());
    assert_eq!(received[3].body, sample("test-message")["body"].as_str().unwrap().as_bytes());
    // Token and body are checked as for any other integration.
    assert_eq!(world.send(&with_credential(sample("alarm"), None, "")).await.0, 401);
    assert_eq!(world.send(&post("")).await.0, 400);
    assert_eq!(world.flashduty.received().len(), 4);
    world.end();
}

#[tokio::test]
async fn health_is_200_while_the_settings_can_be_read() {
    let mut world = World::new().await;
    let (status, body) = world.send(&sample("health")).await;
    assert_eq!((status, &body["status"]), (200, &json!("ok")));
    assert_eq!(body.as_object().unwrap().len(), 2, "nothing but the status and the request id");
    assert!(world.pushed().is_empty());
    world.end();
}

/// Monitors of uptime send HEAD by default.
#[tokio::test]
async fn head_health_is_get_health_without_a_body() {
    let mut world = World::new().await;
    let mut head = sample("health");
    head["requestContext"]["http"]["method"] = json!("HEAD");
    for fault in [None, Some(SsmFault::Error("AccessDeniedException"))] {
        world.ssm.fault(fault);
        world.restart_with(&[("SETTINGS_TTL_SECONDS", "0")]).await;
        let mut get = world.function.invoke(&sample("health")).await;
        let head = world.function.invoke(&head).await;
        assert_eq!(get["statusCode"], if fault.is_some() { 503 } else { 200 });
        get["body"] = json!("");
        assert_eq!(head, get);
    }
    world.end();
}
