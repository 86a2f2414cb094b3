//! What happens by itself.

use std::time::{Duration, Instant};

use zstack_standin::Options;

use crate::receiver::Receiver;
use crate::{SYSTEM_TOPIC, ZStack, quick};

#[tokio::test]
async fn problems_begin_and_end_by_themselves_and_reach_who_subscribes() {
    let stories = Some(Duration::from_millis(40));
    let (zstack, receiver) = (ZStack::start(Options { stories, ..quick() }).await, Receiver::start().await);
    let endpoint = zstack.endpoint(&receiver.url).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(receiver.take().len(), 0, "nobody is subscribed");
    zstack.subscribe(SYSTEM_TOPIC, &endpoint).await;
    let mut told = Vec::new();
    let wanted = ["Alarm web-01", "HostDisconnected 计算节点-01", "HostConnected 计算节点-01"];
    let started = Instant::now();
    while !wanted.iter().all(|it| told.iter().any(|told| told == it)) {
        assert!(started.elapsed() < Duration::from_secs(20), "{told:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
        told.extend(receiver.take().iter().map(|arrived| {
            let message = arrived.json();
            let word = |names: [&str; 2]| names.iter().find_map(|it| message[*it].as_str()).unwrap_or("-").to_owned();
            let what = word(["ALARM_CURRENT_STATUS", "EVENT_NAME"]);
            format!("{what} {}", word(["ALARM_RESOURCE_NAME", "EVENT_RESOURCE_NAME"]))
        }));
    }
}
