//! Bad weather: each switch really makes the stand-in do it.

use std::time::{Duration, Instant};

use flashduty_standin::RateLimit;
use reqwest::Method;
use serde_json::{Value, json};

use crate::stream::Stream;
use crate::{World, error};

fn event() -> Value {
    json!({"title_rule": "t", "event_status": "Info", "alert_key": "k"})
}

#[tokio::test]
async fn flashduty_refuses() {
    let world = World::new().await;
    for status in [500, 503, 429, 401, 400] {
        world.weather(json!({"fault": "refuse", "status": status})).await;
        assert_eq!(world.push(&event()).await, Some(status));
        assert_eq!(world.push(&event()).await, Some(status));
    }
    assert_eq!(world.console.standin().alerts(), []);
    world.weather(json!({"fault": "fair"})).await;
    assert_eq!(world.push(&event()).await, Some(200));
}

#[tokio::test]
async fn flashduty_is_slow() {
    let world = World::new().await;
    world.weather(json!({"fault": "slow", "millis": 300})).await;
    let started = Instant::now();
    assert_eq!(world.push(&event()).await, Some(200));
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert_eq!(world.console.standin().alerts().len(), 1);
    // How slow may change while it is.
    world.weather(json!({"millis": 0})).await;
    let started = Instant::now();
    assert_eq!(world.push(&event()).await, Some(200));
    assert!(started.elapsed() < Duration::from_millis(300));
}

#[tokio::test]
async fn flashduty_is_away() {
    let world = World::new().await;
    world.weather(json!({"fault": "away"})).await;
    assert_eq!(world.push(&event()).await, None);
    assert_eq!(world.console.standin().alerts(), []);
    world.weather(json!({"fault": "fair"})).await;
    assert_eq!(world.push(&event()).await, Some(200));
}

#[tokio::test]
async fn the_rate_limit_can_be_seen_at_work() {
    let world = World::new().await;
    let mut stream = Stream::of(&world).await;
    world.weather(json!({"rate_limit": "tight"})).await;
    assert_eq!(world.push(&event()).await, Some(200));
    assert_eq!(world.push(&event()).await, Some(429));
    let refused = stream.next("refused").await;
    assert_eq!(refused[0]["violations"], json!(["over 1 requests a second"]));
    assert_eq!((&refused[0]["status"], &refused[0]["weather"]), (&json!(429), &json!(false)));

    world.weather(json!({"rate_limit": "none"})).await;
    for _ in 0..150 {
        assert_eq!(world.push(&event()).await, Some(200));
    }
    // These did not count.
    world.weather(json!({"rate_limit": "documented"})).await;
    let mut statuses = Vec::new();
    for _ in 0..102 {
        statuses.push(world.push(&event()).await);
    }
    assert_eq!(statuses[..50], [Some(200); 50]);
}

#[tokio::test]
async fn the_limit_that_it_started_with_is_the_documented_one() {
    let world = World::limited(Some(RateLimit { per_minute: 2, ..RateLimit::default() })).await;
    let mut stream = Stream::of(&world).await;
    assert_eq!(stream.first["weather"]["rate_limit"], "documented");
    world.weather(json!({"rate_limit": "none"})).await;
    assert_eq!(stream.next("weather").await["rate_limit"], "none");
    world.weather(json!({"rate_limit": "documented"})).await;
    for wanted in [200, 200, 429] {
        assert_eq!(world.push(&event()).await, Some(wanted));
    }
}

#[tokio::test]
async fn a_change_leaves_the_rest_as_it_was() {
    let world = World::new().await;
    let mut stream = Stream::of(&world).await;
    let mut weather = json!({"fault": "fair", "status": 503, "millis": 3000, "rate_limit": "none"});
    assert_eq!(stream.first["weather"], weather);
    for change in [json!({"status": 429}), json!({"fault": "slow"}), json!({"millis": 5, "fault": "away"})] {
        world.weather(change.clone()).await;
        weather.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_eq!(stream.next("weather").await, weather);
    }
    // What changes nothing is not told.
    world.weather(json!({})).await;
    world.weather(json!({"fault": "fair"})).await;
    assert_eq!(stream.next("weather").await["fault"], "fair");
}

#[tokio::test]
async fn misspelt_weather_is_refused() {
    let world = World::new().await;
    for weather in [
        json!({"fault": "rain"}),
        json!({"status": 200}),
        json!({"status": 600}),
        json!({"millis": -1}),
        json!({"millis": 600_001}),
        json!({"rate_limit": "loose"}),
        json!({"faults": "fair"}),
        json!([]),
    ] {
        let answer = world.tell(Method::PUT, "/api/weather", &weather).await;
        assert_eq!(error("InvalidRequest", answer), 422, "{weather}");
    }
    assert_eq!(world.push(&event()).await, Some(200));
}
