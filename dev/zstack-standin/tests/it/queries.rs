//! Queries.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use zstack_standin::{Options, World};

use crate::{SYSTEM_TOPIC, ZStack, quick};

/// A condition, percent-encoded whole.
fn q(condition: &str) -> String {
    format!("q={}", utf8_percent_encode(condition, NON_ALPHANUMERIC))
}

async fn alarms(zstack: &ZStack, condition: &str) -> Vec<String> {
    zstack.get(&format!("/zwatch/alarms?{}", q(condition))).await.names()
}

#[tokio::test]
async fn signs() {
    let zstack = ZStack::start(Options { world: World::Empty, ..quick() }).await;
    for (name, period, level) in [("Disk", 60, Some("Normal")), ("disk 2", 3600, Some("Emergent")), ("盘", 7200, None)]
    {
        zstack
            .does("rows/alarms", json!({"name": name, "period": period, "emergencyLevel": level, "metricName": "own"}))
            .await;
    }
    for (condition, wanted) in [
        ("name=Disk", &["Disk"][..]),
        ("name!=Disk", &["disk 2", "盘"]),
        ("period>3600", &["盘"]),
        ("period>=3600", &["disk 2", "盘"]),
        ("period<3600", &["Disk"]),
        ("period<=3600", &["Disk", "disk 2"]),
        ("period=60", &["Disk"]),
        ("name?=盘,Disk", &["Disk", "盘"]),
        ("name!?=盘,Disk", &["disk 2"]),
        ("name~=disk%", &["Disk", "disk 2"]),
        ("name~=_isk", &["Disk"]),
        ("name!~=%2", &["Disk", "盘"]),
        ("emergencyLevel is null", &["盘"]),
        ("emergencyLevel not null", &["Disk", "disk 2"]),
        ("name= Disk", &[]),
    ] {
        let path = format!("/zwatch/alarms?{}&{}", q(condition), q("metricName=own"));
        assert_eq!(zstack.get(&path).await.names(), wanted, "{condition}");
    }
}

#[tokio::test]
async fn an_earlier_sign_in_a_value_cuts_the_condition_wrongly() {
    let zstack = ZStack::quick().await;
    zstack.endpoint("http://192.0.2.1/x?a=b").await;
    zstack.endpoint("http://192.0.2.1/x?=b").await;
    let path = |url: &str| format!("/sns/application-endpoints/http?{}", q(&format!("url={url}")));
    assert_eq!(zstack.get(&path("http://192.0.2.1/x?a=b")).await.rows().len(), 1);
    // Cut at `?=`: there is no field `url=http://192.0.2.1/x`.
    assert_eq!(zstack.get(&path("http://192.0.2.1/x?=b")).await.code(), "SYS.1007");
}

#[tokio::test]
async fn blanks_around_a_sign_are_part_of_the_name() {
    let zstack = ZStack::quick().await;
    assert_eq!(zstack.get("/zwatch/alarms?q=name%20=x").await.code(), "SYS.1007");
    assert_eq!(zstack.get("/zwatch/alarms?q=name").await.status, 400);
    assert_eq!(zstack.get("/zwatch/alarms?q=password=x").await.code(), "SYS.1007");
}

#[tokio::test]
async fn a_dot_crosses_into_actions() {
    let zstack = ZStack::quick().await;
    let condition = format!("actions.actionUuid={SYSTEM_TOPIC}");
    assert_eq!(alarms(&zstack, &condition).await.len(), 19);
    let both = format!("/zwatch/alarms?{}&{}", q(&condition), q("enableRecovery=true"));
    assert_eq!(zstack.get(&both).await.rows().len(), 0);
    assert_eq!(zstack.get("/zwatch/alarms?q=action.actionUuid=x").await.code(), "SYS.1007");
}

#[tokio::test]
async fn pages_of_a_thousand() {
    let zstack = ZStack::start(Options { alarms: 1_500, world: World::Empty, ..quick() }).await;
    assert_eq!(zstack.get("/zwatch/alarms").await.rows().len(), 1_000);
    let mut seen = Vec::new();
    for start in [0, 1_000] {
        let path = format!("/zwatch/alarms?sort=%2Buuid&fields=uuid&limit=1000&start={start}");
        seen.extend(zstack.get(&path).await.rows().iter().map(|it| it["uuid"].as_str().unwrap().to_owned()));
    }
    assert!(seen.is_sorted());
    seen.dedup();
    assert_eq!(seen.len(), 1_518);
    // No upper bound was seen.
    assert_eq!(zstack.get("/zwatch/alarms?limit=2000").await.rows().len(), 1_518);
}

#[tokio::test]
async fn counts() {
    let zstack = ZStack::quick().await;
    assert_eq!(zstack.get("/hosts?count=true").await.json(), json!({"total": 3}));
    let both = zstack.get("/hosts?replyWithCount=true&limit=1").await;
    assert_eq!((both.rows().len(), &both.json()["total"]), (1, &json!(3)));
    assert_eq!(zstack.get("/hosts?q=name=nobody").await.json(), json!({"inventories": []}));
}

#[tokio::test]
async fn sorting_needs_an_encoded_sign() {
    let zstack = ZStack::quick().await;
    assert_eq!(zstack.get("/hosts?sort=%2Bname").await.names(), ["node-07", "node-08", "计算节点-01"]);
    assert_eq!(zstack.get("/hosts?sort=-name").await.names(), ["计算节点-01", "node-08", "node-07"]);
    assert_eq!(zstack.get("/hosts?sort=+name").await.status, 400);
    assert_eq!(zstack.get("/hosts?sort=%2Bnothing").await.code(), "SYS.1007");
}

#[tokio::test]
async fn only_the_first_list_of_fields_is_read() {
    let zstack = ZStack::quick().await;
    let rows = zstack.get("/hosts?fields=name,status&fields=uuid&q=name=node-07").await.rows();
    assert_eq!(rows, [json!({"name": "node-07", "status": "Connected"})]);
    assert_eq!(zstack.get("/hosts?fields=password").await.code(), "SYS.1007");
}

#[tokio::test]
async fn one_row_by_its_uuid() {
    let zstack = ZStack::quick().await;
    let uuid = zstack.uuid("hosts", "node-07").await;
    assert_eq!(zstack.get(&format!("/hosts/{uuid}")).await.names(), ["node-07"]);
    assert_eq!(zstack.get("/hosts/00000000000000000000000000000000").await.json(), json!({"inventories": []}));
    // A literal segment is no UUID.
    assert_eq!(zstack.get("/hosts/nics").await.rows().len(), 6);
}

#[tokio::test]
async fn no_query_shows_a_password_or_an_owner() {
    let zstack = ZStack::quick().await;
    zstack.endpoint("http://192.0.2.1/x").await;
    let endpoints = zstack.get("/sns/application-endpoints/http").await;
    assert!(endpoints.text.contains("\"username\":\"zstack\""), "{endpoints:?}");
    assert!(!endpoints.text.contains("a token") && !endpoints.text.contains("password"), "{endpoints:?}");
    assert!(!zstack.get("/zwatch/alarms").await.text.contains("accountUuid"));
}

#[tokio::test]
async fn resources_in_trouble_can_be_asked_for() {
    let zstack = ZStack::quick().await;
    let uuid = zstack.uuid("hosts", "node-08").await;
    zstack.control(reqwest::Method::PATCH, &format!("rows/hosts/{uuid}"), json!({"status": "Disconnected"})).await;
    assert_eq!(zstack.get("/hosts?q=status=Disconnected").await.names(), ["node-08"]);
    for path in [
        "/primary-storage?q=status=Connected",
        "/backup-storage?q=status=Connected",
        "/vm-instances/appliances/virtual-routers?q=status=Connected",
        "/hosts/nics?q=carrierActive=true",
        "/management-nodes?fields=uuid,heartBeat",
        "/vm-instances?q=state=Running",
    ] {
        assert!(!zstack.get(path).await.rows().is_empty(), "{path}");
    }
}
