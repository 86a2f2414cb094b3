//! Faults and older versions.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{SYSTEM_TOPIC, ZStack, job_of, with_body};

async fn topics(zstack: &ZStack) -> usize {
    // A job that nobody waits for takes its time.
    tokio::time::sleep(Duration::from_millis(30)).await;
    zstack.table("topics").await.len()
}

fn topic() -> Value {
    json!({"params": {"name": "x"}})
}

/// Creates a topic, and returns the error of a connection that is closed.
async fn create(zstack: &ZStack) -> Result<reqwest::Response, reqwest::Error> {
    let request = with_body(zstack.request(Method::POST, "/sns/topics"), &topic());
    request
        .header("Authorization", format!("OAuth {}", zstack.session))
        .timeout(Duration::from_millis(300))
        .send()
        .await
}

#[tokio::test]
async fn a_session_ends_midway() {
    let zstack = ZStack::quick().await;
    zstack.fault(json!({"fault": "end_sessions", "after": 2})).await;
    assert_eq!(zstack.topic("a").await.len(), 32); // its polls do not count
    assert_eq!(zstack.get("/hosts").await.status, 200);
    assert_eq!(zstack.get("/hosts").await.code(), "ID.1001");
    let session = zstack.log_in("admin").await;
    assert_ne!(session, zstack.session);
    assert_eq!(zstack.control(Method::GET, "sessions", Value::Null).await.json(), 1);
}

#[tokio::test]
async fn a_refusal_comes_at_the_poll() {
    let zstack = ZStack::quick().await;
    let refuse = json!({"refuse": {"code": "ID.1003", "details": "quota", "cause": {"code": "SYS.1006"}}});
    zstack.fault(json!({"fault": refuse, "call": "CreateSNSTopic", "times": 2})).await;
    for _ in 0..2 {
        let refused = zstack.post("/sns/topics", json!({"name": "x"})).await;
        assert_eq!(
            (refused.code(), &refused.json()["error"]["cause"]["code"]),
            ("ID.1003".to_owned(), &json!("SYS.1006"))
        );
    }
    assert_eq!(topics(&zstack).await, 2);
    assert_eq!(zstack.post("/sns/topics", json!({"name": "x"})).await.status, 200);
}

#[tokio::test]
async fn a_job_stays_in_progress() {
    let zstack = ZStack::quick().await;
    for (fault, written, status) in [("stuck", 0, 202), ("done_but_stuck", 1, 202), ("expired", 1, 404)] {
        let before = topics(&zstack).await;
        zstack.fault(json!({"fault": fault, "call": "CreateSNSTopic"})).await;
        let accepted = zstack.call(Method::POST, "/sns/topics", &topic()).await;
        assert_eq!(topics(&zstack).await - before, written, "{fault}");
        let poll = format!("/api-jobs/{}", job_of(&accepted));
        assert_eq!(zstack.bare(Method::GET, &poll, &Value::Null).await.status, status, "{fault}");
    }
}

#[tokio::test]
async fn an_answer_is_lost() {
    let zstack = ZStack::quick().await;
    for (fault, written) in [("lose_answer", 1), ("hang", 1), ("close", 0)] {
        let before = topics(&zstack).await;
        zstack.fault(json!({"fault": fault})).await;
        assert!(create(&zstack).await.is_err(), "{fault}");
        assert_eq!(topics(&zstack).await - before, written, "{fault}");
    }
    assert!(create(&zstack).await.is_ok());
    let calls = zstack.calls().await;
    let statuses: Vec<_> = calls.iter().filter(|it| it["call"] == "CreateSNSTopic").map(|it| &it["status"]).collect();
    assert_eq!(statuses, [&Value::Null, &Value::Null, &Value::Null, &json!(202)]);
}

#[tokio::test]
async fn answers_and_jobs_are_slow() {
    let zstack = ZStack::quick().await;
    for fault in [json!({"slow": {"millis": 100}}), json!({"slow_job": {"millis": 100}})] {
        zstack.fault(json!({"fault": fault})).await;
        let start = Instant::now();
        zstack.topic("x").await;
        assert!(start.elapsed() >= Duration::from_millis(100), "{fault}");
    }
}

#[tokio::test]
async fn plain_answers_and_standing_faults() {
    let zstack = ZStack::quick().await;
    let plain = json!({"plain": {"status": 429, "body": "Rate limit exceeded"}});
    zstack.fault(json!({"fault": plain, "call": "QueryHost", "times": null})).await;
    for _ in 0..3 {
        let answer = zstack.get("/hosts").await;
        assert_eq!((answer.status, answer.text.as_str()), (429, "Rate limit exceeded"));
    }
    assert_eq!(zstack.get("/hosts/nics").await.status, 200);
    zstack.control(Method::DELETE, "faults", Value::Null).await;
    assert_eq!(zstack.get("/hosts").await.status, 200);
}

#[tokio::test]
async fn a_poll_fails_only_by_its_name() {
    let zstack = ZStack::quick().await;
    let plain = json!({"plain": {"status": 500, "body": "x"}});
    zstack.fault(json!({"fault": plain, "call": "Poll"})).await;
    assert_eq!(zstack.post("/sns/topics", json!({"name": "x"})).await.status, 500);
}

#[tokio::test]
async fn a_version_without_a_call() {
    let zstack = ZStack::quick().await;
    for status in [400, 404, 405] {
        let lacks = json!({"without_calls": {"SNSHttpTestConnection": status}});
        zstack.control(Method::PUT, "lacks", lacks).await;
        let path = "/sns/application-endpoints/http/test-connection";
        let answer = zstack.call(Method::POST, path, &json!({"params": {"url": "http://192.0.2.1"}})).await;
        assert_eq!(answer.status, status);
        assert_eq!(zstack.calls().await.last().unwrap()["call"], "SNSHttpTestConnection");
    }
}

#[tokio::test]
async fn a_version_without_a_field() {
    let zstack = ZStack::quick().await;
    let alarm = zstack.uuid("alarms", "磁盘快满").await;
    let path = format!("/zwatch/alarms/{alarm}/actions");
    let change = json!({"updateAlarm": {"enableRecovery": true}});
    let mut lacks = json!({"without_fields": ["enableRecovery"]});
    zstack.control(Method::PUT, "lacks", lacks.clone()).await;
    assert!(!zstack.get("/zwatch/alarms").await.text.contains("enableRecovery"));
    assert_eq!(zstack.get("/zwatch/alarms?q=enableRecovery=false").await.code(), "SYS.1007");
    // Gson ignores what it does not know.
    assert_eq!(zstack.put(&path, change.clone()).await.inventory().get("enableRecovery"), None);
    lacks["refuse_fields"] = json!(true);
    zstack.control(Method::PUT, "lacks", lacks).await;
    assert_eq!(zstack.put(&path, change).await.code(), "SYS.1007");
    zstack.control(Method::PUT, "lacks", json!({})).await;
    let row = zstack.get(&format!("/zwatch/alarms/{alarm}")).await.rows().remove(0);
    assert_eq!(row["enableRecovery"], false);
}

#[tokio::test]
async fn two_runs_at_once() {
    let zstack = ZStack::quick().await;
    let endpoint = zstack.endpoint("http://192.0.2.1/x").await;
    let (one, two) = tokio::join!(zstack.subscribe(SYSTEM_TOPIC, &endpoint), zstack.subscribe(SYSTEM_TOPIC, &endpoint));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 503]);
    assert_eq!(zstack.table("subscribers").await.len(), 2);
}
