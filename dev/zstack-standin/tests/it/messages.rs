//! When ZStack sends a message about an alarm, to whom, and how often.

use reqwest::Method;
use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::{SYSTEM_TOPIC, ZStack};

/// The rule in the system topic, about a VM.
const RULE: &str = "云主机 CPU 过高";
pub const VM: &str = "订单库-01";

/// A stand-in whose system topic leads to a receiver.
pub async fn told() -> (ZStack, Receiver, String) {
    let (zstack, receiver) = (ZStack::quick().await, Receiver::start().await);
    let endpoint = zstack.endpoint(&receiver.url).await;
    zstack.subscribe(SYSTEM_TOPIC, &endpoint).await;
    (zstack, receiver, endpoint)
}

async fn fire(zstack: &ZStack, rule: &str) -> Value {
    zstack.does("fire", json!({"alarm": rule, "resource": VM})).await
}

async fn recover(zstack: &ZStack, rule: &str) -> Value {
    zstack.does("recover", json!({"alarm": rule, "resource": VM})).await
}

async fn change(zstack: &ZStack, rule: &str, changes: Value) {
    let uuid = zstack.uuid("alarms", rule).await;
    let answer = zstack.control(Method::PATCH, &format!("rows/alarms/{uuid}"), changes).await;
    assert_eq!(answer.status, 204);
}

#[tokio::test]
async fn a_message_is_what_zstack_sends() {
    let (zstack, receiver, _) = told().await;
    let told =
        zstack.does("fire", json!({"alarm": RULE, "resource": VM, "value": 93.266, "at": 1_720_144_800_000_u64})).await;
    let [arrived] = &receiver.take()[..] else { panic!("not one message") };
    assert_eq!((arrived.method.as_str(), arrived.target.as_str()), ("POST", "/zstack"));
    assert_eq!(arrived.headers["content-type"], "application/json;charset=UTF-8");
    assert_eq!(arrived.headers["authorization"], "Basic enN0YWNrOmEgdG9rZW4=");
    let vm = zstack.uuid("vm-instances", VM).await;
    let wanted = json!({
        "ALARM_NAME": RULE,
        "ALARM_UUID": zstack.uuid("alarms", RULE).await,
        "ALARM_NAMESPACE": "ZStack/VM",
        "ALARM_METRIC": "CPUAverageUsedUtilization",
        "ALARM_COMPARISON_OPERATOR": "GreaterThanOrEqualTo",
        "ALARM_COMPARISON_OPERATOR_REVERSE": "LessThan",
        "ALARM_THRESHOLD": "80.00%",
        "ALARM_CURRENT_VALUE": "93.27%",
        "ALARM_DURATION": 300,
        "ALARM_LABELS": [format!("VMUuid Equal {vm}")],
        "ALARM_PREVIOUS_STATUS": "OK",
        "ALARM_CURRENT_STATUS": "Alarm",
        "ALARM_EMERGENCY_LEVEL": "Emergent",
        "ALARM_TIME": 1_720_144_800_000_u64,
        "ALARM_RESOURCE_TYPE": "VmInstanceVO",
        "ALARM_RESOURCE_ID": vm,
        "ALARM_RESOURCE_NAME": VM,
        "ALARM_RESOURCE_IP": "192.0.2.31",
        "ALARM_RESOURCE_CLUSTER_UUID": zstack.uuid("clusters", "集群-甲").await,
        "ALARM_RESOURCE_CLUSTER_NAME": "集群-甲",
        "ALARM_ACCOUNT_UUID": "36c27e8ff05c4780bf6d2fa65700f22e",
        "ALARM_DATA_UUID": told["records"][0]["dataUuid"],
    });
    assert_eq!(arrived.json(), wanted);
    // No HTML escaping here, unlike the API.
    change(&zstack, RULE, json!({"name": "a=b"})).await;
    fire(&zstack, "a=b").await;
    assert!(receiver.take()[0].body.contains("\"a=b\""));
}

#[tokio::test]
async fn older_versions_send_numbers() {
    let (zstack, receiver, _) = told().await;
    zstack.control(Method::PUT, "lacks", json!({"numbers": true})).await;
    zstack.does("fire", json!({"alarm": RULE, "resource": VM, "value": 93.5})).await;
    let body = receiver.take()[0].json();
    assert_eq!((&body["ALARM_THRESHOLD"], &body["ALARM_CURRENT_VALUE"]), (&json!(80.0), &json!(93.5)));
}

#[tokio::test]
async fn a_percent_sign_in_the_url_is_encoded_again() {
    let (zstack, receiver) = (ZStack::quick().await, Receiver::start().await);
    let endpoint = zstack.endpoint(&format!("{}?cloud=%E5&a=飞", receiver.url)).await;
    zstack.subscribe(SYSTEM_TOPIC, &endpoint).await;
    fire(&zstack, RULE).await;
    assert_eq!(receiver.take()[0].target, "/zstack?cloud=%25E5&a=%E9%A3%9E");
}

#[tokio::test]
async fn an_endpoint_without_a_user_name_gets_no_authorization() {
    let (zstack, receiver) = (ZStack::quick().await, Receiver::start().await);
    for (params, wanted) in [
        (json!({"name": "x", "url": receiver.url}), None),
        // Unlike the test message.
        (json!({"name": "x", "url": receiver.url, "username": "", "password": "p"}), Some("Basic OnA=")),
    ] {
        let made = zstack.post("/sns/application-endpoints/http", params).await.inventory();
        let endpoint = made["uuid"].as_str().unwrap();
        zstack.subscribe(SYSTEM_TOPIC, endpoint).await;
        fire(&zstack, RULE).await;
        let arrived = receiver.take();
        assert_eq!(arrived[0].headers.get("authorization").map(String::as_str), wanted);
        zstack.delete(&format!("/sns/application-endpoints/{endpoint}")).await;
    }
}

#[tokio::test]
async fn five_tries_at_an_http_error() {
    let (zstack, receiver, _) = told().await;
    receiver.answers(&[429, 500, 404, 503]);
    let told = fire(&zstack, RULE).await;
    assert_eq!(told["records"][0]["messages"][0]["posted"], json!({"status": 200, "tries": 5, "answer": "taken"}));
    let arrived = receiver.take();
    assert_eq!(arrived.len(), 5);
    assert!(arrived.iter().all(|it| it.body == arrived[0].body));
    receiver.answers(&[500; 6]);
    assert_eq!(fire(&zstack, RULE).await["records"][0]["messages"][0]["posted"]["tries"], 5);
    assert_eq!(receiver.take().len(), 5);
}

#[tokio::test]
async fn one_try_at_a_connection_that_fails() {
    let zstack = ZStack::quick().await;
    let endpoint = zstack.endpoint("http://127.0.0.1:9/x").await;
    zstack.subscribe(SYSTEM_TOPIC, &endpoint).await;
    let posted = fire(&zstack, RULE).await["records"][0]["messages"][0]["posted"].take();
    assert_eq!((&posted["status"], &posted["tries"]), (&Value::Null, &json!(1)));
    // The record is there all the same.
    assert_eq!(zstack.table("alarm-records").await.len(), 1);
}

#[tokio::test]
async fn two_topics_that_lead_to_one_endpoint_send_twice() {
    let (zstack, receiver, endpoint) = told().await;
    let topic = zstack.topic("own").await;
    zstack.subscribe(&topic, &endpoint).await;
    let alarm = zstack.uuid("alarms", RULE).await;
    let action = json!({"actionUuid": topic, "actionType": "sns"});
    zstack.post(&format!("/zwatch/alarms/{alarm}/actions"), action).await;
    fire(&zstack, RULE).await;
    let arrived = receiver.take();
    assert_eq!(arrived.len(), 2);
    assert_eq!(arrived[0].json(), arrived[1].json());
    assert_eq!(zstack.table("alarm-records").await.len(), 1);
}

#[tokio::test]
async fn a_rule_without_the_topic_is_recorded_and_not_sent() {
    let (zstack, receiver, _) = told().await;
    let told = zstack.does("fire", json!({"alarm": "磁盘快满", "resource": "node-07"})).await;
    assert_eq!(told["records"][0]["messages"], json!([]));
    assert_eq!(receiver.take().len(), 0);
    assert_eq!(zstack.table("alarm-records").await.len(), 1);
}

#[tokio::test]
async fn nothing_is_sent_while_something_is_disabled() {
    let (zstack, receiver, endpoint) = told().await;
    let switch = async |path: String, action: &str, event: &str| {
        assert_eq!(zstack.put(&path, json!({action: {"stateEvent": event}})).await.status, 200);
    };
    let alarm = zstack.uuid("alarms", RULE).await;
    for (path, action, records) in [
        (format!("/sns/application-endpoints/{endpoint}/actions"), "changeSNSApplicationEndpointState", 1),
        (format!("/zwatch/topics/{SYSTEM_TOPIC}/actions"), "changeSNSTopicState", 1),
        (format!("/zwatch/alarms/{alarm}/actions"), "changeAlarmState", 0),
    ] {
        switch(path.clone(), action, "disable").await;
        let before = zstack.table("alarm-records").await.len();
        fire(&zstack, RULE).await;
        assert_eq!((receiver.take().len(), zstack.table("alarm-records").await.len() - before), (0, records), "{path}");
        switch(path, action, "enable").await;
    }
    fire(&zstack, RULE).await;
    assert_eq!(receiver.take().len(), 1);
}

#[tokio::test]
async fn a_recovery_needs_recovery_notification() {
    let (zstack, receiver, _) = told().await;
    fire(&zstack, RULE).await;
    assert_eq!(recover(&zstack, RULE).await["why_not"], "the rule has no recovery notification");
    change(&zstack, RULE, json!({"enableRecovery": true})).await;
    assert_eq!(recover(&zstack, RULE).await["why_not"], "the resource was not in problem");
    fire(&zstack, RULE).await;
    recover(&zstack, RULE).await;
    let statuses: Vec<Value> = receiver.take().iter().map(|it| it.json()["ALARM_CURRENT_STATUS"].take()).collect();
    assert_eq!(statuses, ["Alarm", "Alarm", "OK"]);
    let statuses: Vec<Value> = zstack.table("alarm-records").await.iter().map(|it| it["alarmStatus"].clone()).collect();
    assert_eq!(statuses, ["Alarm", "Alarm", "OK"]);
}

#[tokio::test]
async fn a_rule_of_30_minutes_never_sends_a_recovery() {
    let (zstack, receiver, _) = told().await;
    for (period, messages) in [(1800.0, 1), (3600.0, 1), (1799.0, 2)] {
        change(&zstack, RULE, json!({"enableRecovery": true, "period": period})).await;
        fire(&zstack, RULE).await;
        recover(&zstack, RULE).await;
        assert_eq!(receiver.take().len(), messages, "{period}");
    }
}

#[tokio::test]
async fn a_restart_and_missing_data_lose_the_recovery() {
    let (zstack, receiver, _) = told().await;
    change(&zstack, RULE, json!({"enableRecovery": true})).await;
    fire(&zstack, RULE).await;
    zstack.does("forget", Value::Null).await;
    assert_eq!(recover(&zstack, RULE).await["why_not"], "the resource was not in problem");
    fire(&zstack, RULE).await;
    let asked = json!({"alarm": RULE, "resource": VM, "previous": "InsufficientData"});
    assert_eq!(zstack.does("recover", asked).await["records"], json!([]));
    assert_eq!(receiver.take().len(), 2);
}

#[tokio::test]
async fn a_recovery_can_come_without_its_alarm() {
    let (zstack, receiver, _) = told().await;
    change(&zstack, RULE, json!({"enableRecovery": true})).await;
    let held_back = json!({"alarm": RULE, "resource": VM, "held_back": true});
    assert_eq!(zstack.does("fire", held_back).await["records"], json!([]));
    assert_eq!(zstack.get("/zwatch/alarms?q=status=Alarm").await.rows().len(), 0);
    recover(&zstack, RULE).await;
    assert_eq!(receiver.take()[0].json()["ALARM_CURRENT_STATUS"], "OK");
}

#[tokio::test]
async fn the_status_of_a_rule_is_that_of_all_its_resources() {
    let (zstack, receiver, _) = told().await;
    let status = async || zstack.get("/zwatch/alarms?q=status=Alarm").await.names();
    fire(&zstack, RULE).await;
    zstack.does("fire", json!({"alarm": RULE, "resource": "web-01"})).await;
    assert_eq!(status().await, [RULE]);
    receiver.take();
    let again = zstack.does("repeat", json!(RULE)).await;
    let data = |it: &Value| it["dataUuid"].as_str().unwrap().to_owned();
    let records = again["records"].as_array().unwrap();
    assert_eq!((records.len(), receiver.take().len()), (2, 2));
    // A repeat has a data UUID of its own.
    let mut all: Vec<_> = zstack.table("alarm-records").await.iter().map(data).collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 4);
    recover(&zstack, RULE).await;
    assert_eq!(status().await, [RULE]);
    zstack.does("recover", json!({"alarm": RULE, "resource": "web-01"})).await;
    assert!(status().await.is_empty());
}

#[tokio::test]
async fn a_rule_that_is_reloaded_tells_again_what_it_has_in_problem() {
    let (zstack, receiver, _) = told().await;
    let path = format!("/zwatch/alarms/{}/actions", zstack.uuid("alarms", RULE).await);
    let update = async |changes: Value| zstack.put(&path, json!({"updateAlarm": changes})).await.inventory();
    let recorded = async || zstack.table("alarm-records").await.len();
    update(json!({"enableRecovery": true})).await;
    assert_eq!(recorded().await, 0);
    fire(&zstack, RULE).await;
    receiver.take();
    update(json!({"name": RULE, "emergencyLevel": "Normal", "description": "x"})).await;
    assert_eq!(recorded().await, 1);
    for (count, changes) in [
        json!({"enableRecovery": false}),
        json!({"repeatCount": 3}),
        json!({"repeatInterval": 600}),
        json!({"threshold": 70}),
        json!({"period": 60}),
        json!({"comparisonOperator": "GreaterThan"}),
    ]
    .into_iter()
    .enumerate()
    {
        update(changes.clone()).await;
        assert_eq!(recorded().await, count + 2, "{changes}");
        let told = receiver.next().await;
        assert_eq!(told.json()["ALARM_CURRENT_STATUS"], "Alarm", "{changes}");
    }
    // Whoever becomes an action after it is not told.
    zstack.delete(&format!("{path}/{SYSTEM_TOPIC}")).await.inventory();
    update(json!({"enableRecovery": true})).await;
    zstack.post(&path, json!({"actionUuid": SYSTEM_TOPIC, "actionType": "sns"})).await.inventory();
    recover(&zstack, RULE).await;
    assert_eq!(receiver.next().await.json()["ALARM_CURRENT_STATUS"], "OK");
    assert!(receiver.take().is_empty());
}

#[tokio::test]
async fn a_default_template_changes_the_message() {
    let (zstack, receiver, _) = told().await;
    change(&zstack, RULE, json!({"enableRecovery": true})).await;
    let template = json!({
        "applicationPlatformType": "HTTP",
        "type": "alarm",
        "template": "{\"n\": \"${ALARM_NAME}\\\", \"l\": \"${ALARM_LABELS}\", \"t\": \"${ALARM_TIME}\"}",
        "defaultTemplate": true,
    });
    let uuid = zstack.does("rows/templates", template).await["uuid"].as_str().unwrap().to_owned();
    zstack.does("fire", json!({"alarm": RULE, "resource": VM, "at": 1_720_144_800_000_u64})).await;
    let vm = zstack.uuid("vm-instances", VM).await;
    let wanted = json!({"n": RULE, "l": format!("[VMUuid Equal {vm}]"), "t": "07-05 02:00"});
    assert_eq!(receiver.take()[0].json(), wanted);
    // No recovery text: the recovery is recorded, and lost.
    recover(&zstack, RULE).await;
    assert_eq!((receiver.take().len(), zstack.table("alarm-records").await.len()), (0, 2));
    let text = json!({"recoveryTemplate": "${ALARM_RESOURCE_TYPE}"});
    zstack.control(Method::PATCH, &format!("rows/templates/{uuid}"), text).await;
    fire(&zstack, RULE).await;
    recover(&zstack, RULE).await;
    assert_eq!(receiver.take()[1].body, "VmInstanceVO");
    // Events are not concerned.
    zstack.does("event", json!({"name": "HostDisconnected", "resource": "node-07"})).await;
    assert_eq!(receiver.take()[0].json()["EVENT_NAME"], "HostDisconnected");
}
