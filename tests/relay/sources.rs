//! Which addresses may call.

use serde_json::json;

use crate::support::{World, sample, with_credential};

const ALLOWED: &str = "ALLOWED_SOURCE_CIDRS";

/// Neither the token nor a header helps, and SSM is not asked.
#[tokio::test]
async fn who_comes_from_elsewhere_is_turned_away_before_the_token_is_looked_at() {
    let mut world = World::with(&[(ALLOWED, "198.51.100.0/24"), ("SETTINGS_TTL_SECONDS", "0")]).await;
    world.function.asked_for_work().await;
    let reads = world.ssm.calls().len();
    let mut forged = sample("alarm");
    forged["headers"]["x-forwarded-for"] = json!("198.51.100.7");
    let without_address = {
        let mut event = sample("alarm");
        event["requestContext"]["http"]["sourceIp"] = json!(null);
        event
    };
    for event in [sample("alarm"), sample("alarm-rest-api"), forged, with_credential(sample("alarm"), None, "")] {
        let (status, body) = world.send(&event).await;
        assert_eq!((status, &body["error"]["code"]), (403, &json!("SourceNotAllowed")));
        assert!(body["error"]["message"].as_str().unwrap().contains("203.0.113.10"), "{body}");
    }
    let (status, body) = world.send(&without_address).await;
    assert_eq!((status, &body["error"]["code"]), (403, &json!("SourceNotAllowed")));
    assert_eq!(world.send(&sample("health")).await.0, 403);
    assert_eq!(world.ssm.calls().len(), reads);
    assert!(world.pushed().is_empty());
    for line in world.function.metrics(6).await {
        assert_eq!((&line["Outcome"], &line["SourceNotAllowed"]), (&json!("SourceNotAllowed"), &json!(1)));
    }
    world.end();
}

#[tokio::test]
async fn who_comes_from_an_allowed_network_is_let_in() {
    let mut world = World::with(&[(ALLOWED, "198.51.100.0/24, 203.0.113.10, 2001:db8::/32")]).await;
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    let mut by_ipv6 = sample("alarm");
    by_ipv6["requestContext"]["http"]["sourceIp"] = json!("2001:db8::7");
    assert_eq!(world.send(&by_ipv6).await.0, 200);
    world.end();
}
