//! Version, log in, sessions, access keys, accounts.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use ring::hmac;
use serde_json::{Value, json};
use zstack_standin::Options;

use crate::{Answer, HASH, HOST_DISCONNECTED, PASSWORD, SYSTEM_TOPIC, ZStack, quick, send};

async fn log_in(zstack: &ZStack, action: &str, name: &str, password: &str) -> Answer {
    let body = json!({action: {"accountName": name, "password": password}});
    zstack.bare(Method::PUT, "/accounts/login", &body).await
}

#[tokio::test]
async fn the_version_needs_no_session() {
    let zstack = ZStack::start(Options { version: "4.10.3".to_owned(), ..quick() }).await;
    let answer = zstack.bare(Method::PUT, "/management-nodes/actions", &json!({"getVersion": {}})).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"version": "4.10.3"})));
}

#[tokio::test]
async fn a_log_in_needs_the_hash() {
    let zstack = ZStack::quick().await;
    let session = log_in(&zstack, "logInByAccount", "admin", HASH).await.inventory();
    let names: Vec<_> = session.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["accountUuid", "createDate", "expiredDate", "uuid"]);
    assert_eq!(session["accountUuid"], "36c27e8ff05c4780bf6d2fa65700f22e");
    for (name, password) in [("admin", PASSWORD), ("admin", &HASH.to_uppercase()), ("Admin", HASH), ("nobody", HASH)] {
        assert_eq!(log_in(&zstack, "logInByAccount", name, password).await.code(), "ID.1000", "{name}");
    }
}

#[tokio::test]
async fn a_second_factor_stands_beside_the_action() {
    let zstack = ZStack::without_session(Options { second_factor: Some("123456".to_owned()), ..quick() }).await;
    for (tags, right) in [
        (json!(["twofatoken::123456"]), true),
        (json!(["twofatoken::1"]), false),
        (json!([]), false),
        (json!(null), false),
    ] {
        let body = json!({"logInByAccount": {"accountName": "admin", "password": HASH}, "systemTags": tags});
        let answer = zstack.bare(Method::PUT, "/accounts/login", &body).await;
        assert_eq!(answer.status, if right { 200 } else { 503 }, "{tags}");
    }
}

#[tokio::test]
async fn the_old_action_of_the_log_in_has_no_parameters() {
    let zstack = ZStack::quick().await;
    assert_eq!(log_in(&zstack, "logIn", "admin", HASH).await.code(), "SYS.1007");
    assert_eq!(log_in(&zstack, "loginbyaccount", "admin", HASH).await.code(), "SYS.1007");
}

#[tokio::test]
async fn a_session_ends_at_its_log_out() {
    let zstack = ZStack::quick().await;
    assert_eq!(zstack.get("/hosts").await.status, 200);
    let answer = zstack.bare(Method::DELETE, &format!("/accounts/sessions/{}", zstack.session), &Value::Null).await;
    assert_eq!((answer.status, answer.json()), (200, json!({})));
    // A synchronous call fails at once, an asynchronous one at the poll.
    assert_eq!(zstack.get("/hosts").await.code(), "ID.1001");
    let accepted = zstack.call(Method::POST, "/sns/topics", &json!({"params": {"name": "x"}})).await;
    assert_eq!(accepted.status, 202);
    assert_eq!(zstack.result(&accepted).await.code(), "ID.1001");
    assert_eq!(zstack.table("topics").await.len(), 2);
}

#[tokio::test]
async fn an_account_has_500_sessions_at_most() {
    let zstack = ZStack::quick().await;
    for _ in 1..500 {
        zstack.log_in("admin").await;
    }
    assert_eq!(log_in(&zstack, "logInByAccount", "admin", HASH).await.code(), "ID.1006");
    zstack.log_in("project").await;
}

#[tokio::test]
async fn calls_without_a_session_are_malformed() {
    let zstack = ZStack::quick().await;
    for authorization in [None, Some("OAuth"), Some("Bearer x"), Some("Basic eDp5")] {
        let request = zstack.request(Method::GET, "/hosts");
        let request = match authorization {
            Some(authorization) => request.header("Authorization", authorization),
            None => request,
        };
        assert_eq!(send(request).await.status, 400, "{authorization:?}");
    }
}

/// A call that is signed with an access key. `path` is without the query.
async fn signed(zstack: &ZStack, key: [&str; 2], date: &str, path: &str, query: &str) -> u16 {
    let secret = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key[1].as_bytes());
    let signature = BASE64_STANDARD.encode(hmac::sign(&secret, format!("GET\n{date}\n/v1{path}").as_bytes()));
    let request = zstack.request(Method::GET, &format!("{path}{query}"));
    let authorization = format!("ZStack {}:{signature}", key[0]);
    send(request.header("Authorization", authorization).header("Date", date)).await.status
}

/// This many minutes from now, in UTC's figures.
fn date(minutes: i64, zone: &str) -> String {
    let at = time::OffsetDateTime::now_utc() + time::Duration::minutes(minutes);
    let (weekday, month) = (at.weekday().to_string(), at.month().to_string());
    let (weekday, month) = (&weekday[..3], &month[..3]);
    format!(
        "{weekday}, {:02} {month} {} {:02}:{:02}:{:02} {zone}",
        at.day(),
        at.year(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

#[tokio::test]
async fn an_access_key_signs_method_date_and_path() {
    let zstack = ZStack::quick().await;
    let key = ["standinKeyEnabled", "delbanEyeKnidnats"];
    assert_eq!(signed(&zstack, key, &date(0, "CST"), "/hosts", "").await, 200);
    // The query is not signed, and the zone is ignored.
    assert_eq!(signed(&zstack, key, &date(0, "GMT"), "/hosts", "?limit=1").await, 200);
    assert_eq!(signed(&zstack, [key[0], "wrong"], &date(0, "CST"), "/hosts", "").await, 403);
    assert_eq!(signed(&zstack, ["unknown", key[1]], &date(0, "CST"), "/hosts", "").await, 403);
    assert_eq!(signed(&zstack, ["standinKeyDisabled", "delbasiDyeKnidnats"], &date(0, "CST"), "/hosts", "").await, 403);
}

#[tokio::test]
async fn the_date_of_a_signed_call_may_be_fifteen_minutes_off() {
    let zstack = ZStack::quick().await;
    let key = ["standinKeyEnabled", "delbanEyeKnidnats"];
    for (minutes, status) in [(14, 200), (-14, 200), (16, 403), (-16, 403), (480, 403)] {
        assert_eq!(signed(&zstack, key, &date(minutes, "CST"), "/hosts", "").await, status, "{minutes}");
    }
    // The figures are those of the server's zone.
    let east = Options { zone: time::UtcOffset::from_hms(8, 0, 0).unwrap(), ..quick() };
    let zstack = ZStack::start(east).await;
    assert_eq!(signed(&zstack, key, &date(480, "CST"), "/hosts", "").await, 200);
    assert_eq!(signed(&zstack, key, &date(0, "CST"), "/hosts", "").await, 403);
}

#[tokio::test]
async fn an_access_key_can_be_made() {
    let zstack = ZStack::quick().await;
    let account = "36c27e8ff05c4780bf6d2fa65700f22e";
    let made = zstack.post("/accesskeys", json!({"accountUuid": account, "userUuid": account})).await.inventory();
    let key = [made["AccessKeyID"].as_str().unwrap(), made["AccessKeySecret"].as_str().unwrap()];
    assert_eq!(signed(&zstack, key, &date(0, "CST"), "/hosts", "").await, 200);
}

#[tokio::test]
async fn another_account_sees_and_changes_its_own_only() {
    let mut zstack = ZStack::quick().await;
    zstack.session = zstack.log_in("project").await;
    assert_eq!(zstack.get("/zwatch/alarms").await.names(), ["a project's own"]);
    let path = format!("/zwatch/events/subscriptions/{HOST_DISCONNECTED}/actions");
    let action = json!({"actionUuid": SYSTEM_TOPIC, "actionType": "sns"});
    assert_eq!(zstack.post(&path, action.clone()).await.code(), "ID.1002");
    let own = zstack.uuid("alarms", "a project's own").await;
    assert_eq!(zstack.post(&format!("/zwatch/alarms/{own}/actions"), action).await.status, 200);
    let endpoint = zstack.endpoint("http://192.0.2.1/x").await;
    assert_eq!(zstack.subscribe(SYSTEM_TOPIC, &endpoint).await.code(), "ID.1002");
}

#[tokio::test]
async fn another_account_has_quotas() {
    let mut zstack = ZStack::quick().await;
    zstack.session = zstack.log_in("project").await;
    for _ in 0..20 {
        zstack.endpoint("http://192.0.2.1/x").await;
    }
    let params = json!({"name": "x", "url": "http://192.0.2.1/x"});
    assert_eq!(zstack.post("/sns/application-endpoints/http", params).await.code(), "ID.1003");
    let account = zstack.uuid("accounts", "project").await;
    let usages = zstack.get(&format!("/accounts/quota/{account}/usages")).await.json()["usages"].take();
    assert_eq!(usages[2], json!({"name": "sns.endpoint.num", "total": 20, "used": 20}));
}
