//! When ZStack sends a message about an event, and to whom.

use serde_json::{Value, json};

use crate::messages::{VM, told};
use crate::receiver::Receiver;
use crate::{HOST_DISCONNECTED, SYSTEM_TOPIC, ZStack};

#[tokio::test]
async fn an_event_is_what_zstack_sends() {
    let (zstack, receiver, _) = told().await;
    let asked = json!({
        "name": "HostDisconnected",
        "resource": "node-07",
        "labels": {"Error": "it's \"over\"\nthere"},
        "at": 1_720_144_800_000_u64,
    });
    let told = zstack.does("event", asked).await;
    let host = zstack.uuid("hosts", "node-07").await;
    let wanted = json!({
        "EVENT_NAME": "HostDisconnected",
        "EVENT_NAMESPACE": "ZStack/Host",
        "EVENT_LABELS": {"Error": "it's \"over\"\nthere"},
        "EVENT_EMERGENCY_LEVEL": "Emergent",
        "EVENT_RESOURCE_ID": host,
        "EVENT_RESOURCE_NAME": "node-07",
        "EVENT_TIME": "Jul 5, 2024 2:00:00 AM",
        "EVENT_SUBSCRIPTION_UUID": HOST_DISCONNECTED,
        "EVENT_ACCOUNT_UUID": "36c27e8ff05c4780bf6d2fa65700f22e",
        "EVENT_DATA_UUID": told["records"][0]["dataUuid"],
        "EVENT_RESOURCE_IP": "192.0.2.17",
        "EVENT_RESOURCE_CLUSTER_UUID": zstack.uuid("clusters", "cluster-b").await,
        "EVENT_RESOURCE_CLUSTER_NAME": "cluster-b",
    });
    assert_eq!(receiver.take()[0].json(), wanted);
}

#[tokio::test]
async fn an_error_replaces_the_labels_of_an_event() {
    let (zstack, receiver, _) = told().await;
    let labels = json!({"DestinationHostUuid": "x"});
    let asked = json!({"name": "VMHAStarted", "resource": VM, "error": "no host", "labels": labels});
    zstack.does("event", asked).await;
    let body = receiver.take()[0].json();
    assert_eq!((&body["EVENT_ERROR"], &body["EVENT_LABELS"]), (&json!("no host"), &json!({})));
}

#[tokio::test]
async fn each_subscription_tells_an_event() {
    let (zstack, receiver, _) = told().await;
    let labels = |value: &str| json!([{"key": "ResourceId", "op": "Equal", "value": value}]);
    let host = zstack.uuid("hosts", "node-07").await;
    for label in [labels(&host), labels("another")] {
        let params = json!({
            "namespace": "ZStack/Host",
            "eventName": "HostDisconnected",
            "actions": [{"actionUuid": SYSTEM_TOPIC, "actionType": "sns"}],
            "labels": label,
        });
        assert_eq!(zstack.post("/zwatch/events/subscriptions", params).await.status, 200);
    }
    zstack.does("event", json!({"name": "HostDisconnected", "resource": "node-07"})).await;
    let levels: Vec<Value> = receiver.take().iter().map(|it| it.json()["EVENT_EMERGENCY_LEVEL"].take()).collect();
    assert_eq!(levels, ["Emergent", "Important"]);
    let path = format!("/zwatch/change/eventSubscription/{HOST_DISCONNECTED}/state");
    zstack.put(&path, json!({"changeEventSubscriptionState": {"state": "Disabled"}})).await;
    zstack.does("event", json!({"name": "HostDisconnected", "resource": "node-07", "always": true})).await;
    assert_eq!(receiver.take().len(), 1);
}

#[tokio::test]
async fn another_account_is_not_told_of_admins_resources() {
    let (mut zstack, receiver) = (ZStack::quick().await, Receiver::start().await);
    zstack.session = zstack.log_in("project").await;
    let (endpoint, topic) = (zstack.endpoint(&receiver.url).await, zstack.topic("own").await);
    zstack.subscribe(&topic, &endpoint).await;
    let params = json!({
        "namespace": "ZStack/Host",
        "eventName": "HostDisconnected",
        "actions": [{"actionUuid": topic, "actionType": "sns"}],
    });
    assert_eq!(zstack.post("/zwatch/events/subscriptions", params).await.status, 200);
    let told = zstack.does("event", json!({"name": "HostDisconnected", "resource": "node-07"})).await;
    assert_eq!((told["records"].as_array().unwrap().len(), receiver.take().len()), (1, 0));
}

#[tokio::test]
async fn zstack_remembers_which_problems_it_told() {
    let (zstack, receiver, _) = told().await;
    let event = async |name: &str| {
        let told = zstack.does("event", json!({"name": name, "resource": "node-07"})).await;
        told["records"].as_array().unwrap().len()
    };
    assert_eq!(event("HostConnected").await, 0);
    assert_eq!(event("HostDisconnected").await, 1);
    assert_eq!(event("HostDisconnected").await, 0);
    assert_eq!(event("HostConnected").await, 1);
    assert_eq!(event("HostConnected").await, 0);
    // An event of a NIC takes the memory away.
    assert_eq!(event("HostDisconnected").await, 1);
    assert_eq!(event("HostPhysicalNicStatusUp").await, 1);
    assert_eq!(event("HostConnected").await, 0);
    assert_eq!(receiver.take().len(), 4);
}
