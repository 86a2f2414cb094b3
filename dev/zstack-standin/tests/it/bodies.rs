//! Paths, methods, bodies, and how answers are written.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{JSON, SYSTEM_TOPIC, ZStack, send};

#[tokio::test]
async fn unknown_paths_and_methods() {
    let zstack = ZStack::quick().await;
    for (method, path, status) in [
        (Method::GET, "/nothing", 404),
        (Method::GET, "/hosts/a/b", 404),
        (Method::GET, "/hosts/", 404),
        (Method::GET, "/Hosts", 404),
        (Method::POST, "/hosts", 405),
        (Method::DELETE, "/zwatch/alarms", 405),
        (Method::GET, "/sns/topics/x/endpoints/y", 405),
    ] {
        let answer = zstack.call(method, path, &Value::Null).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert!(serde_json::from_str::<Value>(&answer.text).is_err(), "plain text: {answer:?}");
    }
    let outside = zstack.client.get(format!("{}/v1/hosts", zstack.standin.base_url()));
    assert_eq!(send(outside).await.status, 404);
}

#[tokio::test]
async fn a_post_needs_params_even_when_they_are_empty() {
    let zstack = ZStack::quick().await;
    let endpoint = zstack.endpoint("http://192.0.2.1/x").await;
    let path = format!("/sns/topics/{SYSTEM_TOPIC}/endpoints/{endpoint}");
    for body in [Value::Null, json!({}), json!([]), json!({"subscribeSNSTopic": {}}), json!({"params": []})] {
        assert_eq!(zstack.call(Method::POST, &path, &body).await.status, 400, "{body}");
    }
    assert_eq!(zstack.subscribe(SYSTEM_TOPIC, &endpoint).await.json(), json!({}));
}

#[tokio::test]
async fn a_wrong_action_on_a_shared_path_is_malformed() {
    let zstack = ZStack::quick().await;
    let alarm = zstack.uuid("alarms", "磁盘快满").await;
    let path = format!("/zwatch/alarms/{alarm}/actions");
    let answer = zstack.call(Method::PUT, &path, &json!({"updatealarm": {"enableRecovery": true}})).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn a_wrong_action_on_an_own_path_has_no_parameters() {
    let zstack = ZStack::quick().await;
    let endpoint = zstack.endpoint("http://192.0.2.1/x").await;
    let path = format!("/sns/application-endpoints/http/{endpoint}/actions");
    // Nothing is changed, and nothing is said.
    let answer = zstack.put(&path, json!({"updateSnsHttpEndpoint": {"url": "http://192.0.2.2/x"}})).await;
    assert_eq!(answer.inventory()["url"], "http://192.0.2.1/x");
    let answer = zstack.put(&path, json!({"updateSNSHttpEndpoint": {"url": "http://192.0.2.2/x"}})).await;
    assert_eq!(answer.inventory()["url"], "http://192.0.2.2/x");
}

#[tokio::test]
async fn system_tags_may_stand_beside_the_parameters() {
    let zstack = ZStack::quick().await;
    let body = json!({"params": {"name": "x"}, "systemTags": ["a::b"]});
    assert_eq!(zstack.job(Method::POST, "/sns/topics", body).await.status, 200);
}

#[tokio::test]
async fn the_stand_in_names_parameters_that_zstack_would_ignore() {
    let zstack = ZStack::quick().await;
    let answer = zstack.call(Method::POST, "/sns/topics", &json!({"params": {"name": "x", "nmae": "y"}})).await;
    assert_eq!((answer.status, answer.text.contains("nmae")), (400, true), "{answer:?}");
}

#[tokio::test]
async fn missing_and_wrong_parameters() {
    let zstack = ZStack::quick().await;
    assert_eq!(zstack.post("/sns/topics", json!({})).await.code(), "SYS.1007");
    assert_eq!(zstack.post("/sns/topics", json!({"name": null})).await.code(), "SYS.1007");
    assert_eq!(zstack.post("/sns/topics", json!({"name": "名".repeat(256)})).await.code(), "SYS.1007");
    assert_eq!(zstack.post("/sns/topics", json!({"name": "名".repeat(255)})).await.status, 200);
    assert_eq!(zstack.post("/sns/topics", json!({"name": "x", "locale": "de_DE"})).await.code(), "SYS.1007");
    let answer = zstack.call(Method::POST, "/sns/topics", &json!({"params": {"name": 1}})).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn chinese_breaks_without_a_charset() {
    let zstack = ZStack::quick().await;
    for (content_type, right) in [(JSON, true), ("application/json", false)] {
        let request = zstack.request(Method::POST, "/sns/topics").header("Content-Type", content_type);
        let request = request.header("Authorization", format!("OAuth {}", zstack.session));
        let accepted = send(request.body(json!({"params": {"name": "飞书"}}).to_string())).await;
        let name = zstack.result(&accepted).await.inventory()["name"].take();
        assert_eq!(name == "飞书", right, "{content_type}: {name}");
    }
}

#[tokio::test]
async fn answers_are_written_by_gson() {
    let zstack = ZStack::quick().await;
    let made = zstack.post("/sns/topics", json!({"name": "a=b <c> & 'd'"})).await;
    assert!(made.text.contains(r#""name":"a\u003db \u003cc\u003e \u0026 \u0027d\u0027""#), "{}", made.text);
    // Null members are left out.
    assert_eq!(made.inventory().get("description"), None);
    let alarms = zstack.get("/zwatch/alarms?q=name=%E7%A3%81%E7%9B%98%E5%BF%AB%E6%BB%A1").await;
    // Integers may have a decimal point, and dates are text.
    assert!(alarms.text.contains(r#""period":300.0"#), "{}", alarms.text);
    let date = alarms.rows()[0]["createDate"].as_str().unwrap().to_owned();
    assert!(date.ends_with(" AM") || date.ends_with(" PM"), "{date}");
}

#[tokio::test]
async fn passwords_are_masked_in_the_log() {
    let zstack = ZStack::quick().await;
    zstack.endpoint("http://192.0.2.1/x").await;
    let calls = zstack.calls().await;
    let log_in = json!({"logInByAccount": {"accountName": "admin", "password": "***"}});
    assert_eq!(calls[0]["body"], log_in);
    assert_eq!((&calls[1]["call"], &calls[1]["status"]), (&json!("CreateSNSHttpEndpoint"), &json!(202)));
    assert_eq!(calls[1]["body"]["params"]["password"], "***");
    assert!(!json!(calls).to_string().contains("a token"));
}
