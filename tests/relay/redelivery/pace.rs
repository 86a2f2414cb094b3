//! How fast `redeliver` pushes.

use std::time::{Duration, Instant};

use flashduty_standin::Lasts;

use super::trigger;
use crate::support::journey::{Journey, busy};
use crate::support::post;

#[tokio::test]
async fn the_pace_is_a_setting() {
    for (a_minute, shortest, longest) in [("120", 3_000, 6_000), ("60000", 0, 1_500)] {
        let mut journey = Journey::with("standard", &[("DELIVERIES_PER_MINUTE", a_minute)]).await;
        journey.world.flashduty.fault(busy(), Lasts::Standing);
        for resource in ["a", "b", "c", "d"] {
            assert_eq!(journey.send(&post(trigger(resource))).await.0, 202);
        }
        journey.world.flashduty.clear_faults();
        let started = Instant::now();
        journey.redeliver.drain_to_the_end().await;
        let took = started.elapsed();
        assert_eq!(journey.world.flashduty.alerts().len(), 4);
        // One process of two has half of it: a push in a second.
        assert!(
            took >= Duration::from_millis(shortest) && took < Duration::from_millis(longest),
            "{a_minute}: {took:?}"
        );
        journey.end();
    }
}
