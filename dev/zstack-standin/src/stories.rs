//! What happens by itself: one problem after the other begins and is over, in the small world.

use std::time::Duration;

use serde_json::Map;
use tokio::time::sleep;

use crate::messages::{self, AlarmAsked, Change, EventAsked, Told};
use crate::shared::Shared;
use crate::zstack::ZStack;

/// A problem of a resource, by the names of the small world.
#[derive(Clone, Copy, Debug)]
enum Story {
    /// A rule, and the values at which it fires and recovers.
    Alarm { alarm: &'static str, resource: &'static str, values: [f64; 2] },
    /// The event of the problem, and the event that ends it.
    Events { names: [&'static str; 2], resource: &'static str },
}

const STORIES: [Story; 6] = [
    Story::Alarm { alarm: "VM CPU", resource: "web-01", values: [93.5, 41.2] },
    Story::Events { names: ["HostDisconnected", "HostConnected"], resource: "计算节点-01" },
    Story::Alarm { alarm: "磁盘快满", resource: "node-07", values: [94.1, 71.6] },
    Story::Alarm { alarm: "云主机 CPU 过高", resource: "订单库-01", values: [97.8, 35.0] },
    Story::Events { names: ["PrimaryStorageDisconnected", "PrimaryStorageConnected"], resource: "主存储-甲" },
    Story::Alarm { alarm: "Host Memory", resource: "node-08", values: [88.4, 62.3] },
];

/// Tells a story every `interval`, forever. Its problem lasts half of that.
pub(crate) async fn tell(shared: Shared, interval: Duration) {
    for story in STORIES.iter().cycle() {
        for change in [Change::Fires, Change::Recovers] {
            sleep(interval / 2).await;
            let told = story.told(&mut shared.lock(), change);
            // An error is a rule that somebody has deleted. Then nothing happens.
            if let Ok(mut told) = told {
                messages::deliver(&shared, &mut told).await;
            }
        }
    }
}

impl Story {
    /// Its begin or its end.
    fn told(&self, zstack: &mut ZStack, change: Change) -> Result<Told, String> {
        let place = usize::from(change == Change::Recovers);
        match *self {
            Self::Alarm { alarm, resource, values } => {
                let asked = AlarmAsked {
                    alarm: alarm.to_owned(),
                    resource: Some(resource.to_owned()),
                    value: Some(values[place]),
                    context: Map::new(),
                    at: None,
                    previous: None,
                    held_back: false,
                    deliver: true,
                };
                messages::tell_alarm(zstack, change, &asked)
            }
            Self::Events { names, resource } => {
                let asked = EventAsked {
                    name: names[place].to_owned(),
                    namespace: None,
                    resource: Some(resource.to_owned()),
                    labels: Map::new(),
                    error: None,
                    at: None,
                    deliver: true,
                    always: false,
                };
                messages::tell_event(zstack, &asked)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::options::Options;
    use crate::tables::Table;

    #[test]
    fn every_story_has_a_begin_and_an_end() {
        for cloud in [false, true] {
            let mut zstack = ZStack::new(Options { cloud, ..Options::default() });
            let rules: Vec<_> = zstack.tables.rows(Table::Alarms).iter().map(|it| it["uuid"].clone()).collect();
            for uuid in rules.iter().filter_map(Value::as_str) {
                let rule = zstack.tables.find_mut(Table::Alarms, uuid).unwrap();
                rule.insert("enableRecovery".to_owned(), true.into());
            }
            for story in STORIES {
                for change in [Change::Fires, Change::Recovers] {
                    let told = story.told(&mut zstack, change).unwrap();
                    assert_eq!(told.records.len(), 1, "{story:?} {change:?}: {:?}", told.why_not);
                }
            }
        }
    }
}
