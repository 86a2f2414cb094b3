//! What is there at the start.

use zstack_standin::{Options, World};

use crate::{SYSTEM_TOPIC, ZStack, quick};

#[tokio::test]
async fn all_presets_have_the_system_topic() {
    for (cloud, alarms, subscriptions) in [(false, 18, 17), (true, 25, 22)] {
        let zstack = ZStack::start(Options { cloud, world: World::Empty, ..quick() }).await;
        for (path, wanted) in [("/zwatch/alarms", alarms), ("/zwatch/events/subscriptions", subscriptions)] {
            let all = zstack.get(path).await.rows();
            let condition = format!("{path}?q=actions.actionUuid={SYSTEM_TOPIC}");
            assert_eq!((all.len(), zstack.get(&condition).await.rows().len()), (wanted, wanted), "{path}");
        }
        // Recovery notification is off everywhere.
        assert_eq!(zstack.get("/zwatch/alarms?q=enableRecovery=false&count=true").await.json()["total"], alarms);
        // Which alarm never recovers.
        assert_eq!(zstack.get("/zwatch/alarms?q=period%3E=1800").await.rows().len(), 2);
    }
}

#[tokio::test]
async fn every_preset_subscription_is_of_a_known_event() {
    let zstack = ZStack::start(Options { cloud: true, ..quick() }).await;
    let known = zstack.get("/zwatch/events/meta-data").await.json()["events"].take();
    for subscription in zstack.table("subscriptions").await {
        let is = |it: &serde_json::Value| {
            it["namespace"] == subscription["namespace"] && it["name"] == subscription["eventName"]
        };
        assert!(known.as_array().unwrap().iter().any(is), "{subscription}");
    }
}

#[tokio::test]
async fn the_system_topic_leads_to_the_console() {
    let zstack = ZStack::quick().await;
    let topics = zstack.get("/sns/topics?sort=%2Bname").await.names();
    assert_eq!(topics, ["api", "system-alarm"]);
    let endpoints = zstack.get("/sns/application-endpoints/http").await.rows();
    assert_eq!((endpoints.len(), &endpoints[0]["type"]), (1, &"SYSTEM_HTTP".into()));
    assert_eq!(endpoints[0]["url"], "http://localhost:5000/webhook/zwatch");
}

#[tokio::test]
async fn the_small_world_has_rules_that_lack_something() {
    let zstack = ZStack::quick().await;
    for (condition, name) in [
        ("emergencyLevel%20is%20null", "CPU \"big\" = 80%"),
        ("state=Disabled", "已停用的报警器"),
        ("enableRecovery=true", "Disk almost full"),
        ("name~=Active-%25", "Active-主机 CPU"),
    ] {
        assert_eq!(zstack.get(&format!("/zwatch/alarms?q={condition}")).await.names(), [name]);
    }
    // Null members are left out: no `actions` here.
    let subscription = zstack.get("/zwatch/events/subscriptions?q=eventName=VmCrash").await.rows().remove(0);
    assert_eq!(subscription.get("actions"), None);
}
