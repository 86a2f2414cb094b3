//! What was told, asked for afterwards.

use serde_json::{Value, json};

use crate::{HOST_DISCONNECTED, SYSTEM_TOPIC, ZStack};

const RULE: &str = "云主机 CPU 过高";

async fn fire(zstack: &ZStack, at: u64, more: Value) -> Value {
    let mut asked = json!({"alarm": RULE, "resource": "web-01", "at": at, "deliver": false});
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    zstack.does("fire", asked).await["records"][0]["dataUuid"].take()
}

#[tokio::test]
async fn a_record_of_an_alarm() {
    let zstack = ZStack::quick().await;
    let data = fire(&zstack, 1_000, json!({"value": 93.2})).await;
    let rows = zstack.get("/zwatch/alarm-records?q=createTime%3E=1000").await.rows();
    let wanted = json!([{
        "id": 1,
        "createTime": 1_000,
        "alarmUuid": zstack.uuid("alarms", RULE).await,
        "alarmName": RULE,
        "alarmStatus": "Alarm",
        "resourceUuid": zstack.uuid("vm-instances", "web-01").await,
        "namespace": "ZStack/VM",
        "metricName": "CPUAverageUsedUtilization",
        "metricValue": 93.2,
        "threshold": 80.0,
        "comparisonOperator": "GreaterThanOrEqualTo",
        "period": 300.0,
        "emergencyLevel": "Emergent",
        "labels": json!([format!("VMUuid Equal {}", zstack.uuid("vm-instances", "订单库-01").await)]).to_string(),
        "dataUuid": data,
        "accountUuid": "36c27e8ff05c4780bf6d2fa65700f22e",
        "readStatus": "Unread",
    }]);
    assert_eq!(json!(rows), wanted);
    assert_eq!(zstack.get("/zwatch/alarm-records?q=createTime%3E1000").await.rows().len(), 0);
}

#[tokio::test]
async fn the_context_tells_which_device() {
    let zstack = ZStack::quick().await;
    fire(&zstack, 1, json!({"context": {"DiskDeviceLetter": "sdb"}})).await;
    let rows = zstack.get("/zwatch/alarm-records?sort=-createTime").await.rows();
    assert_eq!(rows[0]["context"], "{\"DiskDeviceLetter\":\"sdb\"}");
}

#[tokio::test]
async fn alarm_histories_are_newest_first_and_a_hundred() {
    let zstack = ZStack::quick().await;
    for at in 1..=120 {
        fire(&zstack, at, json!({})).await;
    }
    let answer = zstack.get("/zwatch/alarm-histories?startTime=0&endTime=110&count=true").await.json();
    let histories = answer["histories"].as_array().unwrap();
    assert_eq!((histories.len(), &answer["total"]), (100, &json!(110)));
    assert_eq!((&histories[0]["time"], &histories[99]["time"]), (&json!(110), &json!(11)));
    assert_eq!(histories[0]["resourceType"], "VmInstanceVO");
    assert_eq!(histories[0].get("createTime"), None);
    let answer =
        zstack.get("/zwatch/alarm-histories?startTime=5&limit=2&start=1&conditions=alarmStatus=Alarm").await.json();
    let times: Vec<_> = answer["histories"].as_array().unwrap().iter().map(|it| it["time"].clone()).collect();
    assert_eq!((times, answer.get("total")), (vec![json!(119), json!(118)], None));
    assert_eq!(zstack.get("/zwatch/alarm-histories?conditions=alarmStatus=OK").await.json(), json!({"histories": []}));
    assert_eq!(zstack.get("/zwatch/alarm-histories?conditions=time=1").await.code(), "SYS.1007");
    assert_eq!(zstack.get("/zwatch/alarm-histories?since=1").await.status, 400);
}

#[tokio::test]
async fn histories_of_one_endpoint() {
    let zstack = ZStack::quick().await;
    let endpoint = zstack.endpoint("http://127.0.0.1:9/x").await;
    fire(&zstack, 1, json!({})).await;
    let path = format!("/zwatch/alarm-histories?endpointUuid={endpoint}&count=true");
    assert_eq!(zstack.get(&path).await.json()["total"], 0);
    zstack.subscribe(SYSTEM_TOPIC, &endpoint).await;
    assert_eq!(zstack.get(&path).await.json()["total"], 1);
}

#[tokio::test]
async fn records_of_events() {
    let zstack = ZStack::quick().await;
    let asked = json!({"name": "HostDisconnected", "resource": "node-07", "labels": {"Error": "x"}, "at": 5});
    let data = zstack.does("event", asked).await["records"][0]["dataUuid"].take();
    let mut wanted = json!({
        "id": 1,
        "createTime": 5,
        "namespace": "ZStack/Host",
        "name": "HostDisconnected",
        "emergencyLevel": "Emergent",
        "resourceId": zstack.uuid("hosts", "node-07").await,
        "dataUuid": data,
        "subscriptionUuid": HOST_DISCONNECTED,
        "accountUuid": "36c27e8ff05c4780bf6d2fa65700f22e",
        "readStatus": "Unread",
        "labels": "{\"Error\":\"x\"}",
    });
    assert_eq!(zstack.get("/zwatch/event-records").await.rows(), [wanted.clone()]);
    let members = wanted.as_object_mut().unwrap();
    members.remove("id");
    members.remove("createTime");
    members.insert("time".to_owned(), json!(5));
    members.insert("labels".to_owned(), json!({"Error": "x"}));
    members.insert("resourceName".to_owned(), json!("node-07"));
    assert_eq!(zstack.get("/zwatch/events?startTime=0").await.json(), json!({"events": [wanted]}));
}

#[tokio::test]
async fn names_of_resources() {
    let zstack = ZStack::quick().await;
    let (host, vm) = (zstack.uuid("hosts", "计算节点-01").await, zstack.uuid("vm-instances", "web-01").await);
    let answer = zstack.get(&format!("/resources/names?uuids={host},{vm},unknown")).await.json();
    let wanted = json!({"inventories": [
        {"uuid": host, "resourceName": "计算节点-01", "resourceType": "HostVO"},
        {"uuid": vm, "resourceName": "web-01", "resourceType": "VmInstanceVO"},
    ]});
    assert_eq!(answer, wanted);
}
