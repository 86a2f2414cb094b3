//! Every kind of answer in both languages: each is in its own language only.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_standin::in_time;
use aws_standin::sqs::Fault as SqsFault;
use aws_standin::ssm::Fault as SsmFault;
use flashduty_standin::{Fault, Lasts};
use serde_json::{Value, json};

use crate::documents::{FROM_ELSEWHERE, documented_answers};
use crate::support::journey::{Journey, busy};
use crate::support::{
    KEY, KEY_IN_URL, PUSH_URL_PARAMETER, TOKEN_PARAMETER, World, alarm, code, post, sample, to_channel, with_credential,
};

/// Where nothing listens.
const NOWHERE: &str = "http://127.0.0.1:1";

/// For one attempt that is cut off.
const SHORT: Duration = Duration::from_millis(1_500);
/// For a whole attempt.
const LONG: Duration = Duration::from_secs(6);

/// What answers in Chinese write in Latin letters: names of products and of things, and what is to be typed. Names with
/// capitals inside, such as `SecureString`, need not be here.
const NAMES: [&str; 21] = [
    "?token=…",
    "AWS",
    "ASCII",
    "Flashduty",
    "HTTP",
    "NAT",
    "POST",
    "PUT",
    "Parameter Store",
    "SQS",
    "SSM",
    "URL",
    "VPC",
    "Webhook",
    "base64",
    "https://",
    "integration_key",
    "kms:Decrypt",
    "ssm:GetParameters",
    // Names of this test's queue and channel.
    "retry.fifo",
    "nobody",
];

/// What Flashduty says in this test.
const FLASHDUTYS_WORDS: [&str; 2] = ["no such incident", "integration_key is not a valid one"];

/// All answers, for a relay with this language.
async fn answers(language: &'static str) -> Vec<(u64, Value)> {
    let (one, two, three, four) =
        tokio::join!(of_requests(language), of_flashduty(language), of_settings(language), of_queues(language));
    [one, two, three, four].concat()
}

async fn of_requests(language: &'static str) -> Vec<(u64, Value)> {
    let mut world = World::with(&[("LANGUAGE", language)]).await;
    let mut broken = post("{}");
    broken["isBase64Encoded"] = json!(true);
    let mut put = sample("alarm");
    put["requestContext"]["http"]["method"] = json!("PUT");
    let mut long = sample("alarm");
    long["rawQueryString"] = json!("x".repeat(64 * 1024 + 1));
    let mut answers = Vec::new();
    for event in [
        sample("alarm"),
        post(""),
        broken,
        with_credential(sample("alarm"), None, ""),
        with_credential(sample("alarm"), None, "token=wrong"),
        to_channel(sample("alarm"), "nobody"),
        to_channel(sample("alarm"), "no/body"),
        put,
        post("x".repeat(128 * 1024 + 1)),
        long,
    ] {
        answers.push(world.send(&event).await);
    }
    world.restart_with(&[FROM_ELSEWHERE]).await;
    answers.push(world.send(&sample("alarm")).await);
    let mut nowhere = sample("alarm");
    nowhere["requestContext"]["http"]["sourceIp"] = Value::Null;
    answers.push(world.send(&nowhere).await);
    world.end();
    answers
}

async fn of_flashduty(language: &'static str) -> Vec<(u64, Value)> {
    let mut world = World::with(&[("LANGUAGE", language)]).await;
    assert_eq!(world.send(&sample("alarm")).await.0, 200, "the function runs");
    let refusal = |status, code: &str| Fault::Refuse {
        status,
        code: Some(code.to_owned()),
        message: Some(FLASHDUTYS_WORDS[0].to_owned()),
        retry_after: Some("30".to_owned()),
    };
    let body = |status, body: Value| Fault::Garbage { status, body: body.to_string() };
    let mut answers = Vec::new();
    for fault in [
        refusal(400, "InvalidParameter"),
        refusal(400, "NoLicense"),
        refusal(404, "RouteNotFound"),
        refusal(413, "TooLarge"),
        refusal(429, "RequestTooFrequently"),
        refusal(500, "InternalError"),
        Fault::Echo,
        // Without a code and a message.
        body(400, json!({"request_id": "r"})),
        body(503, json!({"request_id": "r"})),
        // With the key everywhere.
        body(400, json!({"request_id": KEY, "error": {"code": KEY, "message": KEY}})),
        body(503, json!({"request_id": KEY, "error": {"code": "C", "message": KEY}})),
        body(200, json!({"request_id": KEY, "data": {"alert_key": "k"}})),
        Fault::Garbage { status: 502, body: String::new() },
        Fault::Garbage { status: 302, body: String::new() },
        Fault::Close,
    ] {
        world.flashduty.fault(fault, Lasts::Standing);
        answers.push(world.send_until(&sample("alarm"), in_time(SHORT)).await);
        world.flashduty.clear_faults();
    }
    world.flashduty.fault(Fault::Hang, Lasts::Standing);
    answers.push(world.send_until(&sample("list-of-alarms"), in_time(SHORT)).await);
    answers.push(world.send_until(&sample("alarm"), in_time(LONG)).await);
    world.flashduty.clear_faults();
    // Flashduty refuses the key. SSM has a push URL of another kind, and then nothing.
    world.flashduty.set_keys(["another key"]);
    world.ssm.put(PUSH_URL_PARAMETER, &world.flashduty.push_url("zstack", KEY_IN_URL));
    answers.push(world.send(&sample("alarm")).await);
    world.ssm.fault(Some(SsmFault::Error("InternalServerError")));
    world.restart().await;
    world.ssm.fault(None);
    answers.push(world.send(&sample("alarm")).await);
    world.ssm.fault(Some(SsmFault::Error("InternalServerError")));
    answers.push(world.send(&sample("alarm")).await);
    world.ssm.fault(None);
    world.ssm.put(PUSH_URL_PARAMETER, "http://127.0.0.1:1/standard?integration_key=nowhere");
    world.restart().await;
    answers.push(world.send_until(&sample("alarm"), in_time(SHORT)).await);
    world.end();
    answers
}

async fn of_settings(language: &'static str) -> Vec<(u64, Value)> {
    let mut world = World::with(&[("LANGUAGE", language)]).await;
    let push_url = world.flashduty.push_url("standard", KEY_IN_URL);
    let mut answers = Vec::new();
    for invalid in ["no url", "http://a.example/x?integration_key=k", "https://a.example/x"] {
        world.ssm.put(PUSH_URL_PARAMETER, invalid);
        world.restart().await;
        answers.push(world.send(&sample("alarm")).await);
    }
    world.ssm.put(PUSH_URL_PARAMETER, &push_url);
    for invalid in [" ", "口令"] {
        world.ssm.put(TOKEN_PARAMETER, invalid);
        world.restart().await;
        answers.push(world.send(&sample("alarm")).await);
    }
    world.ssm.remove(TOKEN_PARAMETER);
    world.restart().await;
    answers.push(world.send(&sample("alarm")).await);
    for fault in [
        SsmFault::Error("AccessDeniedException"),
        SsmFault::Error("ThrottlingException"),
        SsmFault::Error("InternalServerError"),
        SsmFault::Garbled(200),
        SsmFault::Garbled(400),
        SsmFault::Hang,
    ] {
        world.ssm.fault(Some(fault));
        world.restart().await;
        answers.push(world.send_until(&sample("alarm"), in_time(SHORT)).await);
    }
    world.restart_with(&[("AWS_ENDPOINT_URL_SSM", NOWHERE)]).await;
    answers.push(world.send_until(&sample("alarm"), in_time(LONG)).await);
    world.end();
    answers
}

async fn of_queues(language: &'static str) -> Vec<(u64, Value)> {
    let mut journey = Journey::with("standard", &[("LANGUAGE", language)]).await;
    let about = |resource: &str| post(alarm(&json!({"ALARM_RESOURCE_ID": resource})));
    let recovery = post(alarm(&json!({"ALARM_RESOURCE_ID": "a", "ALARM_CURRENT_STATUS": "OK"})));
    let mut answers = vec![journey.send(&recovery).await];
    // The recovery is in the queue and would be delivered after it.
    journey.sqs.fault(Some(SqsFault::Deny));
    answers.push(journey.send(&about("a")).await);
    journey.sqs.fault(None);
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    journey.world.restart().await;
    answers.push(journey.send(&about("b")).await);
    // This process has queued an older event about it.
    journey.sqs.fault(Some(SqsFault::Deny));
    answers.push(journey.send(&about("b")).await);
    for (at, fault) in [SqsFault::Gone, SqsFault::Throttle, SqsFault::Hang].into_iter().enumerate() {
        journey.sqs.fault(Some(fault));
        journey.world.restart().await;
        answers.push(journey.send(&about(&at.to_string())).await);
    }
    journey.sqs.fault(None);
    journey.world.restart_with(&[("AWS_ENDPOINT_URL_SQS", NOWHERE)]).await;
    answers.push(journey.send(&about("c")).await);
    journey.world.flashduty.clear_faults();
    journey.end();
    answers
}

/// What an answer says, except for words that programs read: codes of ours, ids, keys and statuses.
fn said(body: &Value, within: &str, said: &mut Vec<String>) {
    match body {
        Value::Object(members) => {
            for (name, value) in members {
                let is_for_programs = match name.as_str() {
                    "code" => within == "error",
                    "request_id" => within != "flashduty",
                    name => ["alert_key", "event_status"].contains(&name),
                };
                if !is_for_programs {
                    self::said(value, name, said);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| self::said(item, within, said)),
        // An id is hexadecimal.
        Value::String(text) if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) => said.push(text.clone()),
        _ => {}
    }
}

/// The text without what stands in quotation marks: the words of Flashduty and of the network.
fn without_quotes(text: &str) -> String {
    let parts = text.split('“').enumerate();
    parts.map(|(at, part)| if at == 0 { part } else { part.split_once('”').unwrap().1 }).collect()
}

/// The runs of Latin letters in a Chinese text that are no names.
fn english_words(text: &str) -> Vec<String> {
    let parameters = [PUSH_URL_PARAMETER, TOKEN_PARAMETER];
    let named = FLASHDUTYS_WORDS.iter().chain(&parameters).chain(&NAMES);
    let text = named.fold(without_quotes(text), |text, name| text.replace(name, " "));
    let words = text.split(|c: char| !c.is_ascii_alphabetic());
    let is_name = |word: &str| {
        word.chars().skip(1).any(|c| c.is_ascii_uppercase()) && !word.bytes().all(|b| b.is_ascii_uppercase())
    };
    words.filter(|word| word.len() > 1 && !is_name(word)).map(str::to_owned).collect()
}

fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{303f}' | '\u{4e00}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}')
}

#[tokio::test]
async fn no_answer_has_a_word_of_the_other_language() {
    let (english, chinese) = tokio::join!(answers("en"), answers("zh-CN"));
    let statuses = |answers: &[(u64, Value)]| {
        answers.iter().map(|(status, body)| (*status, code(body).to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(statuses(&english), statuses(&chinese));
    let mut documented = documented_answers();
    documented.remove(&(500, String::new()));
    assert_eq!(statuses(&chinese).into_iter().collect::<BTreeSet<_>>(), documented);
    for ((_, english), (_, chinese)) in english.iter().zip(&chinese) {
        let texts = [english, chinese].map(|body| {
            let mut texts = Vec::new();
            said(body, "", &mut texts);
            texts
        });
        assert!(!texts[0].concat().contains(is_chinese), "{english}");
        assert_eq!(texts[0].len(), texts[1].len(), "{english} {chinese}");
        for text in &texts[1] {
            assert_eq!(english_words(text), Vec::<String>::new(), "{text:?} of {chinese}");
        }
        // An error is told in Chinese, and not left out.
        assert!(english["error"].is_null() || texts[1].concat().contains(is_chinese), "{chinese}");
    }
}
