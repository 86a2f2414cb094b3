//! Alarms, event subscriptions, templates.

use reqwest::Method;
use serde_json::{Value, json};
use zstack_standin::Options;

use crate::{Answer, HOST_DISCONNECTED, SYSTEM_TOPIC, ZStack, quick};

const VM_CPU: &str = "uhgfoh0soh6e1qai005elfa9c6h2s2y0";
const SUBSCRIPTIONS: &str = "/zwatch/events/subscriptions";

fn action(topic: &str) -> Value {
    json!({"actionUuid": topic, "actionType": "sns"})
}

async fn update(zstack: &ZStack, alarm: &str, changes: Value) -> Answer {
    zstack.put(&format!("/zwatch/alarms/{alarm}/actions"), json!({"updateAlarm": changes})).await
}

#[tokio::test]
async fn an_action_is_added_once() {
    let zstack = ZStack::quick().await;
    let alarm = zstack.uuid("alarms", "磁盘快满").await;
    let path = format!("/zwatch/alarms/{alarm}/actions");
    let changed = zstack.post(&path, action(SYSTEM_TOPIC)).await.inventory();
    let wanted = json!([{"alarmUuid": alarm, "actionType": "sns", "actionUuid": SYSTEM_TOPIC}]);
    assert_eq!(changed["actions"], wanted);
    let again = zstack.post(&path, action(SYSTEM_TOPIC)).await;
    assert_eq!((again.code(), &again.json()["error"]["details"]), ("SYS.1006".to_owned(), &json!("duplicated action")));
    assert_eq!(zstack.post(&path, action("0123456789ab4def8123456789abcdef")).await.code(), "SYS.1007");
    assert_eq!(zstack.post(&path, json!({"actionUuid": SYSTEM_TOPIC})).await.code(), "SYS.1007");
    let removed = zstack.delete(&format!("{path}/{SYSTEM_TOPIC}")).await.inventory();
    assert_eq!(removed["actions"], json!([]));
}

#[tokio::test]
async fn the_data_folder_keeps_its_system_topic() {
    let zstack = ZStack::quick().await;
    let path = format!("/zwatch/alarms/b632652cc16044cdb6b4f516ed93a118/actions/{SYSTEM_TOPIC}");
    assert_eq!(zstack.delete(&path).await.code(), "SYS.1006");
}

#[tokio::test]
async fn an_update_changes_what_it_names() {
    let zstack = ZStack::quick().await;
    let alarm = zstack.uuid("alarms", "云主机 CPU 过高").await;
    let before = zstack.get(&format!("/zwatch/alarms/{alarm}")).await.rows().remove(0);
    let mut after = update(&zstack, &alarm, json!({"enableRecovery": true})).await.inventory();
    assert_eq!(after["enableRecovery"], true);
    for name in ["enableRecovery", "lastOpDate"] {
        after[name] = before[name].clone();
    }
    assert_eq!(after, before);
    // `actions` replaces all actions.
    assert_eq!(update(&zstack, &alarm, json!({"actions": []})).await.inventory()["actions"], json!([]));
    for wrong in [
        json!({"emergencyLevel": "Recovery"}),
        json!({"comparisonOperator": ">"}),
        json!({"period": 0}),
        json!({"repeatCount": -2}),
        json!({"actions": [action("x")]}),
        json!({"name": "x".repeat(256)}),
    ] {
        assert_eq!(update(&zstack, &alarm, wrong.clone()).await.code(), "SYS.1007", "{wrong}");
    }
    let path = format!("/zwatch/alarms/{alarm}/actions");
    let text = json!({"updateAlarm": {"enableRecovery": "true"}});
    assert_eq!(zstack.call(Method::PUT, &path, &text).await.status, 400);
}

#[tokio::test]
async fn an_alarm_is_disabled_and_enabled() {
    let zstack = ZStack::quick().await;
    let alarm = zstack.uuid("alarms", "已停用的报警器").await;
    let path = format!("/zwatch/alarms/{alarm}/actions");
    let answer = zstack.put(&path, json!({"changeAlarmState": {"stateEvent": "enable"}})).await;
    assert_eq!(answer.inventory()["state"], "Enabled");
}

#[tokio::test]
async fn zsphere_refuses_odd_uuids_in_every_change() {
    let zstack = ZStack::quick().await;
    for odd in [VM_CPU, "d0b35ac37c58e358cb74e664532f1044"] {
        assert_eq!(zstack.get(&format!("/zwatch/alarms/{odd}")).await.rows().len(), 1);
        let path = format!("/zwatch/alarms/{odd}/actions");
        let switch = json!({"changeAlarmState": {"stateEvent": "enable"}});
        for answer in [
            update(&zstack, odd, json!({"enableRecovery": true})).await,
            zstack.post(&path, action(SYSTEM_TOPIC)).await,
            zstack.put(&path, switch).await,
            zstack.delete(&format!("{path}/{SYSTEM_TOPIC}")).await,
        ] {
            assert_eq!(answer.code(), "SYS.1003");
            assert!(answer.text.contains("invalid value"), "{answer:?}");
        }
    }
    let path = format!("{SUBSCRIPTIONS}/6nz3vn2e0rdwu5hzmuetzv37ak0nj248/actions");
    assert_eq!(zstack.post(&path, action(SYSTEM_TOPIC)).await.code(), "SYS.1003");
}

#[tokio::test]
async fn cloud_takes_odd_uuids_of_rules_that_exist() {
    let zstack = ZStack::start(Options { cloud: true, ..quick() }).await;
    assert_eq!(update(&zstack, VM_CPU, json!({"enableRecovery": true})).await.status, 200);
    assert_eq!(update(&zstack, "odd", json!({"enableRecovery": true})).await.code(), "SYS.1003");
    assert_eq!(zstack.get("/zwatch/alarms/ue0x30t7wfyuba87nwk6ywu3ub5svtwk").await.rows().len(), 1);
}

async fn subscribe(zstack: &ZStack, params: Value) -> Answer {
    zstack.post(SUBSCRIPTIONS, params).await
}

#[tokio::test]
async fn an_event_is_subscribed_to() {
    let zstack = ZStack::quick().await;
    let own = "0123456789ab4def8123456789abcdef";
    let params = json!({
        "namespace": "ZStack/VM",
        "eventName": "VMStateChangedOnHost",
        "name": "云主机状态",
        "emergencyLevel": "Normal",
        "actions": [action(SYSTEM_TOPIC)],
        "resourceUuid": own,
    });
    let mut made = subscribe(&zstack, params.clone()).await.inventory();
    for date in ["createDate", "lastOpDate"] {
        made.as_object_mut().unwrap().remove(date).unwrap();
    }
    let wanted = json!({
        "uuid": own,
        "name": "云主机状态",
        "namespace": "ZStack/VM",
        "eventName": "VMStateChangedOnHost",
        "emergencyLevel": "Normal",
        "state": "Enabled",
        "labels": [],
        "actions": [{"subscriptionUuid": own, "actionType": "sns", "actionUuid": SYSTEM_TOPIC}],
    });
    assert_eq!(made, wanted);
    assert_eq!(subscribe(&zstack, params).await.code(), "SYS.1000");
    assert_eq!(zstack.delete(&format!("{SUBSCRIPTIONS}/{own}")).await.status, 200);
    assert_eq!(zstack.get(&format!("{SUBSCRIPTIONS}/{own}")).await.rows().len(), 0);
}

#[tokio::test]
async fn doubles_of_a_subscription_are_not_checked() {
    let zstack = ZStack::quick().await;
    let params = json!({"namespace": "ZStack/Host", "eventName": "HostDisconnected"});
    let made = subscribe(&zstack, params).await.inventory();
    // Important, if no level is given; and no name.
    assert_eq!((&made["emergencyLevel"], made.get("name")), (&json!("Important"), None));
    assert_eq!(zstack.get(&format!("{SUBSCRIPTIONS}?q=eventName=HostDisconnected")).await.rows().len(), 2);
}

#[tokio::test]
async fn wrong_subscriptions() {
    let zstack = ZStack::quick().await;
    for (name, value) in [
        ("namespace", json!("ZStack/KVMHost")),
        ("eventName", json!("hostDisconnected")),
        ("eventName", json!("SlbVmInstanceConnected")),
        ("emergencyLevel", json!("Recovery")),
        ("labels", json!([{"key": "Nothing", "op": "Equal", "value": "x"}])),
        ("labels", json!([{"key": "Error", "op": "equal", "value": "x"}])),
        ("actions", json!([{"actionUuid": "x", "actionType": "sns"}])),
        ("actions", json!([{"actionUuid": SYSTEM_TOPIC}])),
    ] {
        let mut params = json!({"namespace": "ZStack/Host", "eventName": "HostDisconnected"});
        params[name] = value;
        assert_eq!(subscribe(&zstack, params.clone()).await.code(), "SYS.1007", "{params}");
    }
    for key in ["ResourceId", "EmergencyLevel", "Error"] {
        let labels = json!([{"key": key, "op": "Regex", "value": "x"}]);
        let params = json!({"namespace": "ZStack/Host", "eventName": "HostDisconnected", "labels": labels});
        assert_eq!(subscribe(&zstack, params).await.status, 200, "{key}");
    }
}

#[tokio::test]
async fn a_subscription_is_changed() {
    let zstack = ZStack::quick().await;
    let topic = zstack.topic("own").await;
    let path = format!("{SUBSCRIPTIONS}/{HOST_DISCONNECTED}/actions");
    let changed = zstack.post(&path, action(&topic)).await.inventory();
    assert_eq!(changed["actions"][1]["actionUuid"], topic);
    let again = zstack.post(&path, action(&topic)).await;
    assert_eq!(again.code(), "SYS.1007");
    assert!(again.text.contains("already attached"));
    let changed = zstack.put(&path, json!({"updateSubscribeEvent": {"emergencyLevel": "Normal"}})).await.inventory();
    assert_eq!((&changed["emergencyLevel"], &changed["name"]), (&json!("Normal"), &json!("HostDisconnected")));
    let path = format!("/zwatch/change/eventSubscription/{HOST_DISCONNECTED}/state");
    let changed = zstack.put(&path, json!({"changeEventSubscriptionState": {"state": "Disabled"}})).await;
    assert_eq!(changed.inventory()["state"], "Disabled");
}

#[tokio::test]
async fn the_events_of_this_version() {
    let zstack = ZStack::quick().await;
    let events = zstack.get("/zwatch/events/meta-data?namespace=ZStack/MN&name=ManagementNodeLeft").await.json();
    let wanted = json!({"events": [{
        "namespace": "ZStack/MN",
        "name": "ManagementNodeLeft",
        "description": "Management Node Disconnected",
        "labelNames": ["ManagementNodeIP"],
    }]});
    assert_eq!(events, wanted);
    let count =
        async |zstack: &ZStack| zstack.get("/zwatch/events/meta-data").await.json()["events"].as_array().unwrap().len();
    let cloud = ZStack::start(Options { cloud: true, ..quick() }).await;
    assert!(count(&zstack).await < count(&cloud).await);
}

#[tokio::test]
async fn a_default_template_is_found_and_switched_off() {
    let zstack = ZStack::quick().await;
    let path = "/zwatch/alarms/sns/text-templates?q=applicationPlatformType=HTTP&q=defaultTemplate=true";
    assert_eq!(zstack.get(path).await.json(), json!({"inventories": []}));
    let template = json!({
        "name": "ours",
        "applicationPlatformType": "HTTP",
        "type": "ALARM",
        "template": "{}",
        "defaultTemplate": true,
    });
    let uuid = zstack.does("rows/templates", template).await["uuid"].as_str().unwrap().to_owned();
    assert_eq!(zstack.get(path).await.names(), ["ours"]);
    let change = json!({"updateSNSTextTemplate": {"defaultTemplate": false}});
    let changed = zstack.put(&format!("/zwatch/alarms/sns/text-templates/{uuid}/actions"), change).await;
    assert_eq!(changed.inventory()["defaultTemplate"], false);
    assert_eq!(zstack.get(path).await.rows().len(), 0);
}
