//! Channels: who may send to which, when SSM is asked, and what one of them has to do with the others.

mod isolation;
mod queued;

use std::time::Instant;

use aws_standin::ssm::Fault as SsmFault;
use flashduty_standin::{Fault, Lasts};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::journey::Journey;
use crate::support::{
    KEY, KEY_OF_DATABASE, PUSH_URL_PARAMETER, READ_PAUSE, TOKEN, TOKEN_OF_DATABASE, TOKEN_PARAMETER, World, alarm,
    code, post, sample, to_channel, with_credential, with_token,
};

const DATABASE: &str = "database";

async fn with_database() -> World {
    let mut world = World::new().await;
    world.function.asked_for_work().await;
    world.create_channel(DATABASE, KEY_OF_DATABASE);
    world
}

fn put_token(world: &World, token: &str) {
    world.ssm.put(&format!("{TOKEN_PARAMETER}/{DATABASE}"), token);
}

fn to_database() -> Value {
    to_channel(sample("alarm"), DATABASE)
}

/// The names that SSM was asked for in each call since `before`.
fn asked_since(world: &World, before: usize) -> Vec<Value> {
    world.ssm.calls()[before..].iter().map(|call| call["Names"].clone()).collect()
}

#[tokio::test]
async fn a_channel_pushes_to_its_own_push_url() {
    let mut world = with_database().await;
    for (count, (event, key, channel)) in (1..).zip([
        (to_database(), KEY_OF_DATABASE, json!(DATABASE)),
        (sample("alarm"), KEY, Value::Null),
        (to_channel(sample("alarm"), "database/"), KEY_OF_DATABASE, json!(DATABASE)),
        (to_channel(sample("alarm"), ""), KEY, Value::Null),
    ]) {
        world.flashduty.clear();
        assert_eq!(world.send(&event).await.0, 200, "{event}");
        assert_eq!(world.accepted_keys(), [key]);
        assert_eq!(world.pushed()[0]["labels"]["channel"], channel);
        let lines = world.function.request_lines().await;
        assert_eq!(lines.last().unwrap()["channel"], channel);
        assert_eq!(world.function.metrics(count).await.last().unwrap()["channel"], channel);
    }
    world.end();
}

/// Also behind a REST API, where the path has no stage in it.
#[tokio::test]
async fn a_rest_api_has_channels_too() {
    let mut world = with_database().await;
    let mut event = sample("alarm-rest-api");
    event["path"] = json!("/zstack/database");
    assert_eq!(world.send(&event).await.0, 200);
    assert_eq!(world.accepted_keys(), [KEY_OF_DATABASE]);
    world.end();
}

#[tokio::test]
async fn a_name_that_is_none_is_404_before_ssm_is_asked() {
    let mut world = with_database().await;
    world.restart_with(&[("SETTINGS_TTL_SECONDS", "0")]).await;
    world.function.asked_for_work().await;
    world.ssm.fault(Some(SsmFault::Hang));
    let calls = world.ssm.calls().len();
    let long = "a".repeat(65);
    for name in ["a/b", "a b", "a%20b", "dat%61base", "数据库", "//", long.as_str(), "a:1", "*"] {
        let (status, body) = world.send(&with_credential(to_channel(sample("alarm"), name), None, "")).await;
        assert_eq!((status, code(&body)), (404, "UnknownChannel"), "{name}");
        let message = body["error"]["message"].as_str().unwrap();
        assert!(message.contains("1 to 64") && !message.contains(name), "{message}");
    }
    assert_eq!(world.ssm.calls().len(), calls);
    let lines = world.function.metrics(9).await;
    assert!(lines.iter().all(|line| line["UnknownChannel"] == 1 && line["Outcome"] == "UnknownChannel"), "{lines:?}");
    assert!(world.flashduty.received().is_empty());
    world.end();
}

#[tokio::test]
async fn both_parameters_are_read_in_one_call_at_the_first_request() {
    let mut world = with_database().await;
    let start = world.ssm.calls().len();
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    assert_eq!(asked_since(&world, start), [] as [Value; 0], "without a channel nothing is read");
    for _ in 0..3 {
        assert_eq!(world.send(&to_database()).await.0, 200);
    }
    let names = json!([format!("{PUSH_URL_PARAMETER}/database"), format!("{TOKEN_PARAMETER}/database")]);
    assert_eq!(asked_since(&world, start), [names]);
    world.end();
}

#[tokio::test]
async fn a_missing_channel_says_what_to_create_and_is_remembered() {
    let mut world = with_database().await;
    let start = world.ssm.calls().len();
    for _ in 0..5 {
        let (status, body) = world.send(&to_channel(sample("test-message"), "nobody")).await;
        assert_eq!((status, code(&body)), (404, "UnknownChannel"));
        assert!(body["error"]["message"].as_str().unwrap().contains("/zstack-flashduty/push-url/nobody"), "{body}");
    }
    assert_eq!(asked_since(&world, start).len(), 1);
    assert_eq!(world.send(&to_database()).await.0, 200, "it is in nobody's way");
    let lines = world.function.metrics(6).await;
    let counted: Vec<_> = lines.iter().map(|line| (&line["UnknownChannel"], &line["SettingsErrors"])).collect();
    assert_eq!(counted[..5], [(&json!(1), &Value::Null); 5], "it is no mistake of the settings");
    assert_eq!((&lines[0]["channel"], &lines[0]["Outcome"]), (&json!("nobody"), &json!("UnknownChannel")));
    world.end();
}

/// Whoever has the token may misspell many names. No more than about a hundred are remembered.
#[tokio::test]
async fn hundreds_of_missing_channels_do_no_harm() {
    let mut world = with_database().await;
    assert_eq!(world.send(&to_database()).await.0, 200);
    for number in 0..300 {
        assert_eq!(world.send(&to_channel(sample("alarm"), &format!("n{number}"))).await.0, 404);
    }
    let start = world.ssm.calls().len();
    assert_eq!(world.send(&to_channel(sample("alarm"), "n299")).await.0, 404);
    assert_eq!(world.send(&to_database()).await.0, 200);
    assert_eq!(asked_since(&world, start), [] as [Value; 0], "the last ones, and those that exist, are remembered");
    assert_eq!(world.send(&to_channel(sample("alarm"), "n0")).await.0, 404);
    assert_eq!(asked_since(&world, start).len(), 1);
    world.end();
}

#[tokio::test]
async fn the_stacks_token_opens_a_channel_unless_it_has_its_own() {
    let mut world = with_database().await;
    let status = async |world: &mut World, event: Value, token: &str| world.send(&with_token(event, token)).await.0;
    assert_eq!(status(&mut world, to_database(), TOKEN).await, 200);
    assert_eq!(status(&mut world, to_database(), TOKEN_OF_DATABASE).await, 401);

    put_token(&world, TOKEN_OF_DATABASE);
    world.restart().await;
    assert_eq!(status(&mut world, to_database(), TOKEN).await, 401);
    assert_eq!(status(&mut world, to_database(), TOKEN_OF_DATABASE).await, 200);
    assert_eq!(status(&mut world, sample("alarm"), TOKEN_OF_DATABASE).await, 401, "and opens nothing else");
    assert_eq!(status(&mut world, to_channel(sample("alarm"), "other"), TOKEN_OF_DATABASE).await, 401);
    assert_eq!(status(&mut world, sample("alarm"), TOKEN).await, 200);
    assert_eq!(world.accepted_keys(), [KEY_OF_DATABASE, KEY_OF_DATABASE, KEY]);
    world.end();
}

/// The answers do not tell which channels exist, and trying out names makes no more than ten calls of SSM at once.
#[tokio::test]
async fn a_stranger_learns_nothing_and_costs_little() {
    let mut world = with_database().await;
    put_token(&world, TOKEN_OF_DATABASE);
    let start = world.ssm.calls().len();
    let mut said = Vec::new();
    for token in [Some("wrong-token"), None] {
        for channel in [DATABASE, "nobody", DATABASE, "nobody"] {
            let event = to_channel(sample("alarm"), channel);
            let event =
                token.map_or_else(|| with_credential(event.clone(), None, ""), |it| with_token(event.clone(), it));
            let (status, mut body) = world.send(&event).await;
            body["request_id"].take();
            said.push((status, body));
        }
    }
    for same in said.chunks(4) {
        assert!(same.iter().all(|it| *it == same[0] && it.0 == 401), "{same:?}");
    }
    let before = world.ssm.calls().len();
    let nobody = with_credential(to_channel(sample("alarm"), "somewhere"), None, "");
    assert_eq!(world.send(&nobody).await.0, 401);
    assert_eq!(asked_since(&world, before), [] as [Value; 0], "without any credential nothing is read");
    for number in 0..100 {
        let event = to_channel(sample("alarm"), &format!("n{number}"));
        assert_eq!(world.send(&with_token(event, "wrong-token")).await.0, 401);
    }
    assert!(asked_since(&world, start).len() <= 12, "{:?}", asked_since(&world, start));

    // Whom this process knows, and whoever has the stack's token, is not in the way of that.
    assert_eq!(world.send(&with_token(to_database(), TOKEN_OF_DATABASE)).await.0, 200);
    world.ssm.put(&format!("{PUSH_URL_PARAMETER}/another"), &world.flashduty.push_url("standard", KEY_OF_DATABASE));
    assert_eq!(world.send(&to_channel(sample("alarm"), "another")).await.0, 200);
    world.end();
}

#[tokio::test]
async fn a_stranger_is_not_in_the_way_of_a_channels_own_token() {
    let mut world = with_database().await;
    put_token(&world, TOKEN_OF_DATABASE);
    for number in 0..100 {
        let mut event = with_token(to_channel(sample("alarm"), &format!("n{number}")), "wrong-token");
        event["requestContext"]["http"]["sourceIp"] = json!("203.0.113.9");
        assert_eq!(world.send(&event).await.0, 401);
    }
    assert_eq!(world.send(&with_token(to_database(), TOKEN_OF_DATABASE)).await.0, 200, "this process did not know it");
    world.end();
}

/// Otherwise a storm would use up SSM's quota, and no other process could start.
#[tokio::test]
async fn a_push_url_that_cannot_be_read_costs_few_calls_of_ssm() {
    let mut journey = Journey::new().await;
    journey.world.create_channel(DATABASE, KEY_OF_DATABASE);
    journey.world.ssm.lock(&format!("{PUSH_URL_PARAMETER}/{DATABASE}"), "AccessDeniedException");
    let (start, started) = (journey.world.ssm.calls().len(), Instant::now());
    for _ in 0..30 {
        assert_eq!(journey.send(&to_database()).await.0, 202);
    }
    // There is a pause of 900 ms after each.
    let reads = usize::try_from(started.elapsed().as_millis() / 900).unwrap() + 1;
    let asked = asked_since(&journey.world, start);
    let of_channel = asked.iter().filter(|names| names[0].as_str().unwrap().ends_with(DATABASE));
    assert!((1..=3 * reads).contains(&of_channel.count()), "{asked:?}");
    journey.world.ssm.unlock();
    sleep(READ_PAUSE).await;
    assert_eq!(journey.send(&to_database()).await.0, 202, "behind its own");
    journey.redeliver.drain_to_the_end().await;
    assert!(journey.world.accepted_keys().contains(&KEY_OF_DATABASE.to_owned()));
    journey.end();
}

#[tokio::test]
async fn a_channels_push_url_is_rotated_on_its_own() {
    let mut world = with_database().await;
    assert_eq!(world.send(&to_database()).await.0, 200);
    world.create_channel(DATABASE, "new-key-of-database");
    assert_eq!(world.send(&to_database()).await.0, 200);
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    assert_eq!(world.accepted_keys(), [KEY_OF_DATABASE, "new-key-of-database", KEY]);
    world.end();
}

/// As for the stack's own: the new token beside the old one, and then the old one is taken out.
#[tokio::test]
async fn a_channels_token_is_rotated_on_its_own() {
    let mut world = with_database().await;
    put_token(&world, TOKEN_OF_DATABASE);
    assert_eq!(world.send(&with_token(to_database(), TOKEN_OF_DATABASE)).await.0, 200);
    put_token(&world, &format!("new-token-of-database\n{TOKEN_OF_DATABASE}"));
    // A wrong token has the secrets read again when they are two seconds old.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    for token in ["new-token-of-database", TOKEN_OF_DATABASE] {
        assert_eq!(world.send(&with_token(to_database(), token)).await.0, 200);
    }
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    world.end();
}

/// A channel that gets a token of its own, and the stack's token when it is rotated, are found in the same way.
#[tokio::test]
async fn a_channels_first_token_and_the_stacks_new_one_are_found() {
    let mut world = with_database().await;
    assert_eq!(world.send(&to_database()).await.0, 200);
    world.ssm.put(TOKEN_PARAMETER, &format!("new-sample-token\n{TOKEN}"));
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(world.send(&with_token(to_database(), "new-sample-token")).await.0, 200);
    put_token(&world, TOKEN_OF_DATABASE);
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert_eq!(world.send(&with_token(to_database(), TOKEN_OF_DATABASE)).await.0, 200);
    assert_eq!(world.send(&with_token(to_database(), "new-sample-token")).await.0, 401);
    world.end();
}

/// The channel's token must not be replaced by the stack's because SSM does not give it.
#[tokio::test]
async fn a_token_that_cannot_be_read_opens_nothing() {
    for error in ["AccessDeniedException", "InvalidKeyId"] {
        let mut world = with_database().await;
        put_token(&world, TOKEN_OF_DATABASE);
        world.ssm.lock(&format!("{TOKEN_PARAMETER}/database"), error);
        let (status, body) = world.send(&to_database()).await;
        assert_eq!((status, code(&body)), (503, "SettingsUnavailable"), "{body}");
        assert!(body["error"]["message"].as_str().unwrap().contains("/webhook-token/database"), "{body}");
        assert_eq!(world.send(&with_token(to_database(), TOKEN_OF_DATABASE)).await.0, 503);
        assert_eq!(world.send(&sample("alarm")).await.0, 200, "the others do not notice");
        world.end();
    }
}

/// The stack's own secrets are not needed for a channel with both.
#[tokio::test]
async fn a_channel_with_both_secrets_does_not_need_the_stacks() {
    let mut world = with_database().await;
    put_token(&world, TOKEN_OF_DATABASE);
    for parameter in [PUSH_URL_PARAMETER, TOKEN_PARAMETER] {
        world.ssm.lock(parameter, "AccessDeniedException");
    }
    world.restart().await;
    assert_eq!(world.send(&sample("alarm")).await.0, 503);
    assert_eq!(world.send(&with_token(to_database(), TOKEN_OF_DATABASE)).await.0, 200);
    world.end();
}

#[tokio::test]
async fn without_a_token_everybody_may_send_to_every_channel() {
    let mut world = World::with(&[("WEBHOOK_TOKEN_PARAMETER", ""), ("ALLOW_UNAUTHENTICATED", "true")]).await;
    world.function.asked_for_work().await;
    world.create_channel(DATABASE, KEY_OF_DATABASE);
    let start = world.ssm.calls().len();
    assert_eq!(world.send(&with_credential(to_database(), None, "")).await.0, 200);
    assert_eq!(asked_since(&world, start), [json!([format!("{PUSH_URL_PARAMETER}/database")])]);
    assert_eq!(world.send(&with_credential(to_channel(sample("alarm"), "nobody"), None, "")).await.0, 404);
    world.end();
}

/// The health check and the self-check are about the stack's own push URL.
#[tokio::test]
async fn a_channel_in_trouble_is_counted_and_does_not_make_the_function_unhealthy() {
    let mut world = with_database().await;
    world.ssm.lock(&format!("{PUSH_URL_PARAMETER}/database"), "AccessDeniedException");
    let (status, body) = world.send(&to_database()).await;
    assert_eq!((status, code(&body)), (503, "SettingsUnavailable"), "there is no queue in this test: {body}");
    assert_eq!(world.send(&sample("health")).await.0, 200);
    let lines = world.function.metrics(1).await;
    assert_eq!((&lines[0]["SettingsErrors"], &lines[0]["channel"]), (&json!(1), &json!(DATABASE)));
    world.end();
}

/// A message that itself has a field with that name.
#[tokio::test]
async fn the_label_is_the_channel_whatever_the_message_says() {
    let mut world = with_database().await;
    let message = post(alarm(&json!({"channel": "theirs"})));
    world.send(&to_channel(message.clone(), DATABASE)).await;
    world.send(&message).await;
    let labels: Vec<_> = world.pushed().iter().map(|event| event["labels"]["channel"].clone()).collect();
    assert_eq!(labels, [DATABASE, "theirs"]);
    assert_eq!(world.pushed()[0]["labels"]["channel_2"], "theirs");
    world.end();
}

#[tokio::test]
async fn channels_with_one_push_url_are_one_for_flashduty() {
    let mut world = with_database().await;
    world.ssm.put(&format!("{PUSH_URL_PARAMETER}/second"), &world.flashduty.push_url("standard", KEY_OF_DATABASE));
    world.flashduty.fault_of(KEY_OF_DATABASE, Fault::status(400), Lasts::Standing);
    let second = to_channel(sample("alarm"), "second");
    assert_eq!((world.send(&to_database()).await.0, world.send(&second).await.0), (502, 502));
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    world.end();
}
