//! Asynchronous calls.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use zstack_standin::Options;

use crate::{ZStack, job_of, quick, send, with_body};

#[tokio::test]
async fn the_location_names_a_host_that_nobody_reaches() {
    let zstack = ZStack::quick().await;
    let accepted = zstack.call(Method::POST, "/sns/topics", &json!({"params": {"name": "x"}})).await;
    let location = accepted.json()["location"].as_str().unwrap().to_owned();
    assert!(location.starts_with("http://management-node.invalid:8080/zstack/v1/api-jobs/"), "{location}");
    assert_eq!(accepted.json()["apiTimeout"], 1_800_000);
}

#[tokio::test]
async fn a_job_is_in_progress_for_its_time() {
    let zstack = ZStack::start(Options { job_delay: Duration::from_millis(150), ..quick() }).await;
    let start = Instant::now();
    let accepted = zstack.call(Method::POST, "/sns/topics", &json!({"params": {"name": "x"}})).await;
    let poll = format!("/api-jobs/{}", job_of(&accepted));
    let working = zstack.bare(Method::GET, &poll, &Value::Null).await;
    assert_eq!((working.status, working.text.as_str()), (202, ""));
    // 202 is not success: nothing is written yet.
    assert_eq!(zstack.table("topics").await.len(), 2);
    assert_eq!(zstack.result(&accepted).await.inventory()["name"], "x");
    assert!(start.elapsed() >= Duration::from_millis(150));
    // The result is kept.
    assert_eq!(zstack.result(&accepted).await.status, 200);
    assert_eq!(zstack.table("topics").await.len(), 3);
}

#[tokio::test]
async fn an_unknown_job_is_expired() {
    let zstack = ZStack::quick().await;
    assert_eq!(zstack.bare(Method::GET, "/api-jobs/0", &Value::Null).await.status, 404);
}

#[tokio::test]
async fn an_own_job_uuid_is_used_once() {
    let zstack = ZStack::quick().await;
    let job = "0123456789ABCDEF0123456789abcdef";
    let call = async |job: &str| {
        let request = with_body(zstack.request(Method::POST, "/sns/topics"), &json!({"params": {"name": "x"}}));
        send(request.header("Authorization", format!("OAuth {}", zstack.session)).header("X-Job-UUID", job)).await
    };
    let accepted = call(job).await;
    assert_eq!(job_of(&accepted), job);
    assert_eq!(call(job).await.status, 400);
    assert_eq!(call("1").await.status, 400);
    assert_eq!(zstack.result(&accepted).await.status, 200);
    assert_eq!(zstack.table("topics").await.len(), 3);
}
