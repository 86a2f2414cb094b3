//! The two secrets are independent: whatever happens to one of them in SSM, the other one is kept or replaced as usual.
//! And nobody sees the key, even if Flashduty's answers contain it.

use aws_standin::sqs::Sqs;
use flashduty_standin::{Fault, Lasts, Options, Standin};
use serde_json::{Value, json};

use crate::support::journey::Journey;
use crate::support::{
    KEY, KEY_IN_URL, PUSH_URL_PARAMETER, TOKEN, TOKEN_PARAMETER, World, alarm, base64, post, sample, with_credential,
};

const NEW_KEY: &str = "new-sample-key";
const NEW_TOKEN: &str = "new-sample-token";

/// What happens to a parameter in SSM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    None,
    /// Another good value.
    New,
    /// A value that is not a push URL, or not a token.
    Invalid,
    Missing,
    /// The function may not read it, or not decrypt it.
    Denied,
}

const CHANGES: [Change; 5] = [Change::None, Change::New, Change::Invalid, Change::Missing, Change::Denied];

/// The behaviour that can be seen from outside.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    /// The status of the answer to a request with the old token.
    old_token: u64,
    /// The status of the answer to a request with the new token.
    new_token: u64,
    /// The integration keys of all pushes.
    pushed_with: Vec<String>,
    /// The status of the answer to `GET /health`.
    health: u64,
}

fn expected(push_url: Change, token: Change, warm: bool) -> Seen {
    let key = match push_url {
        Change::None => Some(KEY),
        Change::New => Some(NEW_KEY),
        // The last good push URL is used. Without one, alerts are queued.
        Change::Invalid | Change::Missing | Change::Denied => warm.then_some(KEY),
    };
    let accepted = if key.is_some() { 200 } else { 202 };
    let (old_token, new_token) = match token {
        Change::None => (accepted, 401),
        Change::New => (401, accepted),
        // The last good token is accepted, and no other. Without one, every request is answered 503, and ZStack retries.
        Change::Invalid | Change::Missing | Change::Denied if warm => (accepted, 401),
        Change::Invalid | Change::Missing | Change::Denied => (503, 503),
    };
    let pushed_with = key.filter(|_| old_token == 200 || new_token == 200).map(str::to_owned).into_iter().collect();
    let readable = [push_url, token].iter().all(|change| matches!(change, Change::None | Change::New));
    Seen { old_token, new_token, pushed_with, health: if readable { 200 } else { 503 } }
}

/// A relay with queues. Its parameters changed after it had read them (`warm`) or before.
async fn changed(push_url: Change, token: Change, warm: bool) -> World {
    let sqs = Sqs::start().await;
    let queues = [("RETRY_QUEUE_URL", sqs.create("retry")), ("DEAD_LETTER_QUEUE_URL", sqs.create("dead"))];
    let mut variables = vec![("SETTINGS_TTL_SECONDS", "0"), ("AWS_ENDPOINT_URL_SQS", sqs.url())];
    variables.extend(queues.iter().map(|(name, url)| (*name, url.as_str())));
    let keys = vec![KEY.to_owned(), NEW_KEY.to_owned()];
    let flashduty = Standin::start(Options { keys, ..Options::default() }).await.unwrap();
    let (old_url, new_url) = (flashduty.push_url("standard", KEY_IN_URL), flashduty.push_url("standard", NEW_KEY));
    let mut world = World::pushing_to(flashduty, &old_url, &variables).await;
    if warm {
        assert_eq!(world.send(&sample("alarm")).await.0, 200);
        world.flashduty.clear();
    }
    change(&world, PUSH_URL_PARAMETER, push_url, &new_url, "nonsense");
    change(&world, TOKEN_PARAMETER, token, NEW_TOKEN, " \r\n ");
    if !warm {
        world.restart().await;
    }
    world
}

fn change(world: &World, parameter: &str, change: Change, new: &str, invalid: &str) {
    match change {
        Change::None => {}
        Change::New => world.ssm.put(parameter, new),
        Change::Invalid => world.ssm.put(parameter, invalid),
        Change::Missing => world.ssm.remove(parameter),
        Change::Denied => world.ssm.lock(parameter, "AccessDeniedException"),
    }
}

fn with_token(token: &str) -> Value {
    with_credential(sample("alarm"), Some(&format!("Basic {}", base64(&format!("zstack:{token}")))), "")
}

async fn secrets_are_independent(warm: bool) {
    let mut wrong = Vec::new();
    for (push_url, token) in CHANGES.iter().flat_map(|push_url| CHANGES.map(|token| (*push_url, token))) {
        let mut world = changed(push_url, token, warm).await;
        let seen = Seen {
            old_token: world.send(&with_token(TOKEN)).await.0,
            new_token: world.send(&with_token(NEW_TOKEN)).await.0,
            pushed_with: world.flashduty.received().into_iter().filter_map(|push| push.key).collect(),
            health: world.send(&sample("health")).await.0,
        };
        if seen != expected(push_url, token, warm) {
            wrong.push(format!("push URL {push_url:?}, token {token:?}: {seen:?}"));
        }
        assert!(!world.function.log().contains("nonsense"), "{push_url:?} {token:?}");
        world.end();
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_warm_function_keeps_or_replaces_each_secret_independently() {
    secrets_are_independent(true).await;
}

#[tokio::test]
async fn a_cold_function_reads_each_secret_independently() {
    secrets_are_independent(false).await;
}

/// Somebody who replaces the push URL may make a mistake at first. The alert waits for the right one.
#[tokio::test]
async fn a_refused_key_costs_no_alert_while_the_new_push_url_is_invalid() {
    for push_url in [Change::Invalid, Change::Missing, Change::Denied] {
        let mut world = changed(push_url, Change::New, true).await;
        world.flashduty.set_keys([NEW_KEY]);
        let (status, body) = world.send(&with_token(NEW_TOKEN)).await;
        assert_eq!((status, &body["queued"]), (202, &true.into()), "{push_url:?} {body}");
        world.end();
    }
}

/// A token parameter that is empty must not be a token that everybody knows.
#[tokio::test]
async fn an_empty_or_invalid_token_parameter_admits_nobody() {
    for invalid in [" ", "\r\n\r\n", "\u{feff}", "\u{3000}", "口令"] {
        let mut world = World::new().await;
        world.ssm.put(TOKEN_PARAMETER, invalid);
        world.restart().await;
        for shown in [TOKEN, invalid, "", invalid.trim()] {
            assert_eq!(world.send(&with_token(shown)).await.0, 503, "{invalid:?} {shown:?}");
        }
        assert_eq!(world.send(&with_credential(sample("alarm"), None, "")).await.0, 503, "{invalid:?}");
        assert!(world.flashduty.received().is_empty(), "{invalid:?}");
        world.end();
    }
}

/// Forms in which an answer may contain the key, or a part of it.
fn forms_of_the_key() -> Vec<String> {
    let url = format!("https://flashduty.example/standard?integration_key={KEY_IN_URL}&a=b");
    vec![
        KEY.to_owned(),
        KEY.to_uppercase(),
        KEY[1..].to_owned(),
        format!("{}…", &KEY[..9]),
        KEY_IN_URL.replace('%', "%25").to_lowercase(),
        base64(KEY),
        base64(&format!("a{KEY}")),
        base64(&url).trim_end_matches('=').replace('+', "-").replace('/', "_"),
        format!("cannot process {}{KEY}", "so much ".repeat(50)),
    ]
}

fn refusal(status: u16, code: &str, form: &str, retry_after: Option<&str>) -> Fault {
    let (code, message) = (Some(code.to_owned()), Some(format!("of {form} we know nothing")));
    Fault::Refuse { status, code, message, retry_after: retry_after.map(str::to_owned) }
}

#[tokio::test]
async fn a_refusal_that_contains_the_key_is_withheld_from_answer_log_and_dead_letter() {
    let mut journey = Journey::new().await;
    for (n, form) in forms_of_the_key().into_iter().enumerate() {
        let alert = post(alarm(&json!({"ALARM_RESOURCE_ID": n.to_string(), "ALARM_DATA_UUID": n.to_string()})));
        journey.world.flashduty.fault(refusal(400, "NoLicense", &form, None), Lasts::Next(1));
        let (status, body) = journey.send(&alert).await;
        assert_eq!(status, 502, "{form} {body}");
        let reason = journey.dead()[n]["MessageAttributes"]["Reason"].to_string();
        for said in [body.to_string(), reason, journey.world.function.log()] {
            assert!(said.contains("withheld") && !said.contains("we know nothing"), "{form}: {said}");
        }
    }
    journey.end();
}

#[tokio::test]
async fn a_temporary_error_that_contains_the_key_is_withheld_from_the_logs() {
    for form in forms_of_the_key() {
        let mut journey = Journey::new().await;
        let busy = refusal(429, "RequestTooFrequently", &form, Some("30"));
        journey.world.flashduty.fault(busy, Lasts::Standing);
        assert_eq!(journey.send(&sample("alarm")).await.0, 202, "{form}");
        journey.redeliver.drain().await;
        for log in [journey.world.function.log(), journey.redeliver.function.log()] {
            assert!(log.contains("withheld") && !log.contains("we know nothing"), "{form}: {log}");
        }
        journey.end();
    }
}

/// The push URL was replaced, and Flashduty's answers still contain the old key.
#[tokio::test]
async fn an_answer_that_contains_the_previous_key_is_withheld() {
    let mut world = changed(Change::New, Change::None, true).await;
    for form in forms_of_the_key() {
        world.flashduty.fault(refusal(400, "NoLicense", &form, None), Lasts::Next(1));
        let (status, body) = world.send(&sample("alarm")).await;
        assert_eq!(status, 502, "{body}");
        assert!(body["error"]["flashduty"]["message"].as_str().unwrap().contains("withheld"), "{form} {body}");
        assert!(!world.function.log().contains(&form), "{form}");
    }
    assert!(world.flashduty.received().iter().all(|push| push.key.as_deref() == Some(NEW_KEY)));
    world.end();
}
