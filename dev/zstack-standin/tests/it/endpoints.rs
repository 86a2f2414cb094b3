//! Endpoints, topics, subscribers, and the test message.

use reqwest::Method;
use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::{SYSTEM_TOPIC, ZStack};

const PATH: &str = "/sns/application-endpoints/http";
const OWN: &str = "0123456789ab4def8123456789abcdef";

async fn update(zstack: &ZStack, endpoint: &str, changes: Value) -> crate::Answer {
    zstack.put(&format!("{PATH}/{endpoint}/actions"), json!({"updateSNSHttpEndpoint": changes})).await
}

#[tokio::test]
async fn create_answers_with_the_password() {
    let zstack = ZStack::quick().await;
    let params = json!({
        "name": "Flashduty",
        "url": "https://example.com/zstack",
        "username": "zstack",
        "password": "p",
        "platformUuid": "00000000000000000000000000000000",
        "resourceUuid": OWN,
    });
    let mut made = zstack.post(PATH, params).await.inventory();
    for date in ["createDate", "lastOpDate"] {
        made.as_object_mut().unwrap().remove(date).unwrap();
    }
    let wanted = json!({
        "uuid": OWN,
        "name": "Flashduty",
        "type": "HTTP",
        "state": "Enabled",
        "platformUuid": "02d24b9b0a7f4ee1846f15cda248ceb7",
        "url": "https://example.com/zstack",
        "username": "zstack",
        "password": "p",
        "connectionStatus": "UP",
    });
    assert_eq!(made, wanted);
}

#[tokio::test]
async fn names_are_not_unique_and_uuids_are() {
    let zstack = ZStack::quick().await;
    let params = json!({"name": "x", "url": "http://192.0.2.1/x", "resourceUuid": OWN});
    assert_eq!(zstack.post(PATH, params.clone()).await.status, 200);
    assert_eq!(zstack.post(PATH, params).await.code(), "SYS.1000");
    assert_eq!(zstack.post(PATH, json!({"name": "x", "url": "http://192.0.2.1/x"})).await.status, 200);
    assert_eq!(zstack.get(&format!("{PATH}?q=name=x")).await.rows().len(), 2);
    for odd in ["0123456789ab0def8123456789abcdef", "0123456789AB4DEF8123456789ABCDEF", "x", &OWN[1..]] {
        let params = json!({"name": "x", "url": "http://192.0.2.1/x", "resourceUuid": odd});
        assert_eq!(zstack.post(PATH, params).await.code(), "SYS.1007", "{odd}");
    }
}

#[tokio::test]
async fn a_url_must_parse_when_an_endpoint_is_created() {
    let zstack = ZStack::quick().await;
    for (url, right) in [
        ("https://example.com/飞书?a=b", true),
        ("http://192.0.2.1:8080/x", true),
        ("http://192.0.2/x", false),
        ("http://192.0.2.300/x", false),
        ("example.com/x", false),
        ("ftp://example.com", false),
        ("", false),
    ] {
        let answer = zstack.post(PATH, json!({"name": "x", "url": url})).await;
        assert_eq!(answer.status, if right { 200 } else { 503 }, "{url}: {answer:?}");
    }
    let long = |length: usize| format!("http://192.0.2.1/{}", "x".repeat(length - 17));
    assert_eq!(zstack.post(PATH, json!({"name": "x", "url": long(2048)})).await.status, 200);
    assert_eq!(zstack.post(PATH, json!({"name": "x", "url": long(2049)})).await.code(), "SYS.1007");
}

#[tokio::test]
async fn user_name_and_password_come_together() {
    let zstack = ZStack::quick().await;
    for one in [json!({"username": "a"}), json!({"password": "a"})] {
        let mut params = json!({"name": "x", "url": "http://192.0.2.1/x"});
        params.as_object_mut().unwrap().extend(one.as_object().unwrap().clone());
        assert_eq!(zstack.post(PATH, params).await.code(), "SYS.1007");
    }
}

#[tokio::test]
async fn an_update_ignores_blank_values_and_takes_256_characters() {
    let zstack = ZStack::quick().await;
    let endpoint = zstack.endpoint("http://192.0.2.1/x").await;
    let changed = update(&zstack, &endpoint, json!({"username": "", "password": " ", "url": "not checked"})).await;
    let changed = changed.inventory();
    assert_eq!([&changed["username"], &changed["password"], &changed["url"]], ["zstack", "a token", "not checked"]);
    assert_eq!(update(&zstack, &endpoint, json!({"password": "new"})).await.inventory()["password"], "new");
    assert_eq!(update(&zstack, &endpoint, json!({"url": "x".repeat(256)})).await.status, 200);
    assert_eq!(update(&zstack, &endpoint, json!({"url": "x".repeat(257)})).await.code(), "SYS.1007");
    assert_eq!(update(&zstack, OWN, json!({"url": "x"})).await.code(), "SYS.1003");
}

#[tokio::test]
async fn a_double_subscription_fails_in_the_database() {
    let zstack = ZStack::quick().await;
    let endpoint = zstack.endpoint("http://192.0.2.1/x").await;
    assert_eq!(zstack.subscribe(SYSTEM_TOPIC, &endpoint).await.json(), json!({}));
    let again = zstack.subscribe(SYSTEM_TOPIC, &endpoint).await;
    assert_eq!(again.code(), "SYS.1000");
    assert_eq!(again.json()["error"]["cause"]["details"], "Duplicate entry");
    let path = format!("/sns/topics/{SYSTEM_TOPIC}/endpoints/{endpoint}");
    assert_eq!(zstack.delete(&path).await.json(), json!({}));
    assert_eq!(zstack.subscribe(SYSTEM_TOPIC, &endpoint).await.status, 200);
    assert_eq!(zstack.subscribe(OWN, &endpoint).await.code(), "SYS.1003");
    let path = format!("/sns/topics/subscribers?q=endpointUuid={endpoint}");
    assert_eq!(zstack.get(&path).await.rows()[0]["topicUuid"], SYSTEM_TOPIC);
}

#[tokio::test]
async fn deleting_an_endpoint_ends_its_subscriptions() {
    let zstack = ZStack::quick().await;
    let endpoint = zstack.endpoint("http://192.0.2.1/x").await;
    zstack.subscribe(SYSTEM_TOPIC, &endpoint).await;
    let path = format!("/sns/application-endpoints/{endpoint}");
    assert_eq!(zstack.delete(&format!("{path}?deleteMode=Permissive")).await.status, 200);
    assert_eq!(zstack.get(&format!("/sns/topics/subscribers?q=endpointUuid={endpoint}")).await.rows().len(), 0);
    assert_eq!(zstack.delete(&path).await.code(), "SYS.1003");
}

#[tokio::test]
async fn a_deleted_topic_is_taken_out_of_all_rules() {
    let zstack = ZStack::quick().await;
    let (topic, alarm) = (zstack.topic("own").await, zstack.uuid("alarms", "磁盘快满").await);
    let action = json!({"actionUuid": topic, "actionType": "sns"});
    zstack.post(&format!("/zwatch/alarms/{alarm}/actions"), action).await;
    assert_eq!(zstack.get(&format!("/zwatch/alarms?q=actions.actionUuid={topic}")).await.rows().len(), 1);
    assert_eq!(zstack.delete(&format!("/sns/topics/{topic}")).await.status, 200);
    assert_eq!(zstack.get(&format!("/zwatch/alarms?q=actions.actionUuid={topic}")).await.rows().len(), 0);
    assert_eq!(zstack.delete(&format!("/sns/topics/{SYSTEM_TOPIC}")).await.code(), "SYS.1006");
}

#[tokio::test]
async fn states_are_switched() {
    let zstack = ZStack::quick().await;
    let (endpoint, topic) = (zstack.endpoint("http://192.0.2.1/x").await, zstack.topic("own").await);
    for (path, action) in [
        (format!("/sns/application-endpoints/{endpoint}/actions"), "changeSNSApplicationEndpointState"),
        (format!("/zwatch/topics/{topic}/actions"), "changeSNSTopicState"),
    ] {
        for (event, state) in [("disable", "Disabled"), ("enable", "Enabled")] {
            let answer = zstack.put(&path, json!({action: {"stateEvent": event}})).await;
            assert_eq!(answer.inventory()["state"], state);
        }
        assert_eq!(zstack.put(&path, json!({action: {"stateEvent": "Enabled"}})).await.code(), "SYS.1007");
    }
    // Not where one looks for it.
    let path = format!("/sns/topics/{topic}/actions");
    let answer = zstack.call(Method::PUT, &path, &json!({"changeSNSTopicState": {"stateEvent": "enable"}})).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn the_test_message_is_a_string_with_json_in_it() {
    let (zstack, receiver) = (ZStack::quick().await, Receiver::start().await);
    let endpoint = zstack.endpoint(&receiver.url).await;
    let answer = zstack.post(&format!("{PATH}/test-connection"), json!({"endpointUuid": endpoint})).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"connected": true, "webhookResp": "taken"})));
    let [arrived] = &receiver.take()[..] else { panic!("not one message") };
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/test-message.json");
    let sample: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(arrived.body, sample["body"].as_str().unwrap());
    assert_eq!(arrived.headers["authorization"], "Basic enN0YWNrOmEgdG9rZW4=");
}

#[tokio::test]
async fn the_test_with_an_empty_user_name_sends_no_authorization() {
    let (zstack, receiver) = (ZStack::quick().await, Receiver::start().await);
    let params = json!({"url": receiver.url, "username": "", "password": "p"});
    assert_eq!(zstack.post(&format!("{PATH}/test-connection"), params).await.status, 200);
    assert!(!receiver.take()[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn the_test_tries_five_times_and_its_failure_is_a_refusal() {
    let (zstack, receiver) = (ZStack::quick().await, Receiver::start().await);
    let path = format!("{PATH}/test-connection");
    receiver.answers(&[500, 401, 404, 503]);
    assert_eq!(zstack.post(&path, json!({"url": receiver.url})).await.json()["connected"], true);
    assert_eq!(receiver.take().len(), 5);
    receiver.answers(&[401; 6]);
    let refused = zstack.post(&path, json!({"url": receiver.url})).await;
    assert_eq!((refused.code(), receiver.take().len()), ("SYS.1000".to_owned(), 5));
    assert!(refused.json()["error"]["cause"]["details"].as_str().unwrap().contains("401"));
    // A redirect is a failure that is not repeated.
    receiver.answers(&[302; 2]);
    assert_eq!(zstack.post(&path, json!({"url": receiver.url})).await.status, 503);
    assert_eq!(receiver.take().len(), 1);
    assert_eq!(zstack.post(&path, json!({"url": "http://127.0.0.1:9/x"})).await.status, 503);
    assert_eq!(zstack.post(&path, json!({})).await.code(), "SYS.1007");
}
