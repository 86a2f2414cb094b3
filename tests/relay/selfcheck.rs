//! The self-check and the self-test: through both functions, with every step that can fail.

mod selftest;

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_standin::in_time;
use aws_standin::sqs::Fault as SqsFault;
use aws_standin::ssm::Fault as SsmFault;
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use flashduty_standin::{Lasts, Options, Standin};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::journey::{Journey, busy};
use crate::support::{KEY_IN_URL, PUSH_URL_PARAMETER, TOKEN_PARAMETER, World, assert_no_secret, sample, samples};

fn self_check() -> Value {
    json!({"zstack-flashduty": "self-check"})
}

fn self_test() -> Value {
    json!({"zstack-flashduty": "self-test"})
}

/// Invokes the relay with a check, and returns whether it is content, and what it says otherwise.
async fn check(world: &mut World, event: &Value) -> (bool, String) {
    let answer = world.function.invoke(event).await;
    assert_no_secret(&answer.to_string());
    let members: Vec<_> = answer.as_object().unwrap().keys().map(String::as_str).collect();
    let ok = answer["ok"].as_bool().unwrap();
    assert_eq!(members, if ok { vec!["ok"] } else { vec!["error", "ok"] });
    (ok, answer["error"].as_str().unwrap_or_default().to_owned())
}

fn lines(log: &str) -> Vec<Value> {
    log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// What a log has for CloudWatch: of each line, its dimensions and its metrics.
fn metrics(log: &str) -> Vec<Value> {
    let lines = lines(log).into_iter().filter(|line| line.get("_aws").is_some());
    let counted = lines.map(|line| {
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "zstack-flashduty");
        let names = directive["Metrics"].as_array().unwrap().iter().map(|metric| metric["Name"].as_str().unwrap());
        let values: serde_json::Map<_, _> = names.map(|name| (name.to_owned(), line[name].clone())).collect();
        json!([directive["Dimensions"], line["Function"], values])
    });
    counted.collect()
}

/// The line of one check, under the relay's name alone.
fn line(metric: &str, value: u64) -> Value {
    json!([[["Function"]], "relay", {metric: value}])
}

/// The relay's metrics, once there is one line.
async fn of_relay(world: &World) -> Vec<Value> {
    world.function.metrics(1).await;
    metrics(&world.function.log())
}

/// The error lines of the relay's log: the step and the message.
fn errors(world: &World) -> Vec<(String, String)> {
    let text = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let errors = lines(&world.function.log()).into_iter().filter(|line| line["level"] == "ERROR");
    errors.map(|line| (text(&line, "step"), text(&line, "message"))).collect()
}

fn millis() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

#[tokio::test]
async fn a_self_check_passes_when_redeliver_has_its_letter() {
    let mut journey = Journey::new().await;
    let before = millis();
    assert_eq!(check(&mut journey.world, &self_check()).await, (true, String::new()));
    let [letter] = &journey.queued()[..] else { panic!("one letter") };
    assert_eq!(letter["MessageGroupId"], "self-check");
    let mut stored = letter["MessageBody"].clone();
    let sent = stored["sent"].take().as_u64().unwrap();
    assert!((before..=millis()).contains(&sent));
    assert!(stored["request_id"].take().as_str().unwrap().starts_with("request-"));
    assert_eq!(stored, json!({"check": "self-check", "function": "relay", "request_id": null, "sent": null}));

    journey.redeliver.drain().await;
    assert!(journey.queued().is_empty() && journey.dead().is_empty());
    journey.redeliver.function.metrics(1).await;
    // Nothing else is counted, above all no alert that was received.
    assert_eq!(metrics(&journey.redeliver.function.log()), [line("SelfCheck", 1)]);
    assert_eq!(metrics(&journey.world.function.log()), [Value::Null; 0]);
    assert!(journey.world.pushed().is_empty() && journey.world.flashduty.connections() > 0);

    // The next alert is not queued behind the letter.
    assert_eq!(journey.send(&sample("alarm")).await.0, 200);
    journey.end();
}

#[tokio::test]
async fn a_self_check_passes_while_flashduty_refuses_alerts_and_others_wait() {
    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    assert_eq!(journey.send(&sample("alarm")).await.0, 202);
    assert_eq!(journey.send(&sample("event-host-disconnected")).await.0, 202);
    assert!(check(&mut journey.world, &self_check()).await.0);
    while journey.redeliver.poll().await.is_some() {}
    let metrics = metrics(&journey.redeliver.function.log());
    assert!(metrics.contains(&line("SelfCheck", 1)), "{metrics:?}");
    assert_eq!(journey.queued().len(), 2, "the alerts stay");
    journey.end();
}

/// SQS counts it like an alert that waits.
#[tokio::test]
async fn an_alert_does_not_wait_for_a_letter_before_it() {
    let mut journey = Journey::new().await;
    assert!(check(&mut journey.world, &self_check()).await.0);
    // Another process, which asks SQS at its start.
    journey.world.restart().await;
    journey.send(&sample("alarm")).await;
    assert_eq!(journey.world.pushed().len(), 1, "at once");
    journey.redeliver.drain_to_the_end().await;
    let [alert] = &journey.world.flashduty.alerts()[..] else { panic!("one alert") };
    assert!(alert.open);
    journey.end();
}

#[tokio::test]
async fn without_queues_the_relay_says_that_a_self_check_passed() {
    let mut world = World::new().await;
    assert!(check(&mut world, &self_check()).await.0);
    assert_eq!(of_relay(&world).await, [line("SelfCheck", 1)]);
    world.end();
}

/// Otherwise `redeliver` would report checks of the past when it runs again.
#[tokio::test]
async fn a_late_letter_counts_for_nothing() {
    let journey = Journey::new().await;
    let mut redeliver = journey.redeliver;
    for (age, group) in [(16 * 60_000, "self-check"), (3_600_000, "self-check"), (14 * 60_000, "self-check")] {
        let letter = json!({"check": "self-check", "function": "relay", "request_id": age.to_string(),
                            "sent": millis() - age});
        journey.sqs.put(&journey.queue, group, &letter.to_string());
    }
    for broken in ["{}", "not JSON", r#"{"check": "self-check", "function": "relay"}"#] {
        journey.sqs.put(&journey.queue, "self-check", broken);
    }
    redeliver.drain().await;
    redeliver.function.metrics(1).await;
    assert_eq!(metrics(&redeliver.function.log()), [line("SelfCheck", 1)], "only that of 14 minutes ago");
    let log = redeliver.function.log();
    assert_eq!(log.matches("came late").count(), 2);
    assert_eq!(log.matches("cannot be read").count(), 3);
    assert!(journey.sqs.peek(&journey.queue).is_empty() && journey.sqs.peek(&journey.dead_letter_queue).is_empty());
}

/// The same text in the message group of an alert is no letter of a check.
#[tokio::test]
async fn a_letter_is_known_by_its_message_group() {
    let mut journey = Journey::new().await;
    let letter = json!({"check": "self-check", "function": "relay", "request_id": "r", "sent": millis()});
    journey.sqs.put(&journey.queue, "another", &letter.to_string());
    assert_eq!(journey.send(&sample("health")).await.0, 200);
    journey.redeliver.drain().await;
    assert_eq!(journey.dead().len(), 1);
    journey.redeliver.function.metrics(1).await;
    assert!(!metrics(&journey.redeliver.function.log()).contains(&line("SelfCheck", 1)));
    journey.end();
}

#[tokio::test]
async fn a_self_check_reads_both_parameters_anew_for_all_requests() {
    let mut world = World::new().await;
    world.function.asked_for_work().await;
    assert_eq!(world.ssm.calls().len(), 1);
    world.ssm.put(TOKEN_PARAMETER, "a-rotated-token-of-many-characters");
    assert!(check(&mut world, &self_check()).await.0);
    let calls = world.ssm.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[1]["Names"], json!([PUSH_URL_PARAMETER, TOKEN_PARAMETER]));
    assert_eq!(world.send(&sample("alarm")).await.0, 401, "the new token is in force");
    world.end();
}

#[tokio::test]
async fn each_step_that_fails_is_told() {
    type Break = fn(&Journey);
    let cases: [(&str, Break, &str, &str); 8] = [
        ("deleted", |it| it.world.ssm.remove(TOKEN_PARAMETER), "settings", "webhook-token does not exist"),
        ("useless", |it| it.world.ssm.put(PUSH_URL_PARAMETER, "none"), "settings", "push-url is not a URL"),
        ("key", |it| it.world.ssm.lock(PUSH_URL_PARAMETER, "AccessDeniedException"), "settings", "SSM denies"),
        ("throttled", |it| it.world.ssm.fault(Some(SsmFault::Error("ThrottlingException"))), "settings", "throttles"),
        ("hangs", |it| it.world.ssm.fault(Some(SsmFault::Hang)), "settings", "did not answer in time"),
        ("DNS", |it| it.world.ssm.put(PUSH_URL_PARAMETER, UNKNOWN_HOST), "connection", "cannot be reached"),
        ("denied", |it| it.sqs.fault(Some(SqsFault::Deny)), "queue", "check the relay's role"),
        ("gone", |it| it.sqs.fault(Some(SqsFault::Gone)), "queue", "check the relay's role"),
    ];
    for (name, fault, step, said) in cases {
        for (event, metric) in [(self_check(), "SelfCheck"), (self_test(), "SelfTest")] {
            let mut journey = Journey::new().await;
            journey.world.function.asked_for_work().await;
            fault(&journey);
            let (ok, error) = check(&mut journey.world, &event).await;
            assert!(!ok && error.contains(said), "{name}: {error}");
            let of_relay = of_relay(&journey.world).await;
            assert!(of_relay.contains(&line(metric, 0)), "{name}: {of_relay:?}");
            let failed_reads = u64::from(step == "settings");
            let counts_read = |line: &Value| line[2]["SettingsErrors"] == json!(failed_reads);
            assert_eq!(of_relay.iter().filter(|line| counts_read(line)).count(), usize::from(step == "settings"));
            assert_eq!(of_relay.len(), 1 + usize::from(step == "settings"), "{name}: {of_relay:?}");
            let errors = errors(&journey.world);
            let [(at, message)] = &errors[..] else { panic!("{name}: one line, not {errors:?}") };
            assert_eq!(at, step, "{name}");
            assert!(message.ends_with(&error) && message.starts_with("the self-"), "{name}: {message}");
            journey.redeliver.drain().await;
            assert_eq!(metrics(&journey.redeliver.function.log()), [Value::Null; 0], "{name}: no letter");
            journey.end();
        }
    }
}

/// A host that no DNS server knows (RFC 6761).
const UNKNOWN_HOST: &str = "https://nowhere.invalid/event/push/alert/standard?integration_key=sample%20key%2F1";

#[tokio::test]
async fn a_flashduty_that_does_not_answer_fails_the_self_check() {
    let mut world = World::new().await;
    world.function.asked_for_work().await;
    let closed = std::mem::replace(&mut world.flashduty, Standin::start(Options::default()).await.unwrap());
    closed.shutdown().await;
    let (ok, error) = check(&mut world, &self_check()).await;
    assert!(!ok && error.contains("127.0.0.1 cannot be reached"), "{error}");

    // It accepts connections, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x?integration_key={KEY_IN_URL}", silent.local_addr().unwrap());
    world.ssm.put(PUSH_URL_PARAMETER, &url);
    let (ok, error) = check(&mut world, &self_check()).await;
    assert!(!ok && error.contains("no answer within 5.0 s"), "{error}");
    assert_eq!(of_relay(&world).await, [line("SelfCheck", 0), line("SelfCheck", 0)]);
    world.end();
}

/// Flashduty's overload is told by its answers to alerts. Here it is about the way.
#[tokio::test]
async fn any_answer_will_do_and_the_host_is_not_shown_the_key() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let record = seen.clone();
    let answer = async move |request: Request| {
        record.lock().unwrap().push(format!("{} {} {:?}", request.method(), request.uri(), request.headers()));
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    let mut world = World::new().await;
    let url = format!("http://user:{KEY_IN_URL}@{address}/event/push/alert/standard?integration_key={KEY_IN_URL}#x");
    world.ssm.put(PUSH_URL_PARAMETER, &url);
    assert!(check(&mut world, &self_check()).await.0);
    let seen = seen.lock().unwrap().clone();
    let [request] = &seen[..] else { panic!("{seen:?}") };
    assert!(request.starts_with("HEAD / {"), "{request}");
    assert!(!request.contains("authorization"), "{request}");
    assert_no_secret(request);
    world.end();
}

/// Callers choose method, path, query, headers and body of a request, and nothing beside them.
#[tokio::test]
async fn no_request_is_taken_for_a_check() {
    let mut journey = Journey::new().await;
    let member = "zstack-flashduty";
    for word in ["self-check", "self-test"] {
        let event = json!({member: word}).to_string();
        let in_query = format!("{member}={word}&{event}");
        for name in samples().iter().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()) {
            let mut hostile = sample(&name);
            let object = hostile.as_object_mut().unwrap();
            let body = object.get("body").map(|_| json!(event));
            object.extend(body.map(|body| ("body".to_owned(), body)));
            object["isBase64Encoded"] = json!(false);
            for (path, value) in [("rawPath", format!("/{event}")), ("path", format!("/{event}"))] {
                if object.contains_key(path) {
                    object[path] = json!(value);
                }
            }
            if object.contains_key("rawQueryString") {
                object["rawQueryString"] = json!(in_query);
            }
            // Names and values that AWS copies from the request.
            for copied in ["headers", "queryStringParameters", "pathParameters", "stageVariables"] {
                object.insert(copied.to_owned(), json!({member: word, "authorization": event, "x": event}));
            }
            for copied in ["multiValueHeaders", "multiValueQueryStringParameters"] {
                if object.contains_key(copied) {
                    object.insert(copied.to_owned(), json!({member: [word], "x": [event]}));
                }
            }
            object.insert("cookies".to_owned(), json!([event, format!("{member}={word}")]));
            object["requestContext"]["domainName"] = json!(event);
            let is_post = hostile["httpMethod"] == "POST" || hostile["requestContext"]["http"]["method"] == "POST";
            let (status, body) = journey.send(&hostile).await;
            assert_eq!(status, if is_post { 401 } else { 405 }, "{name}: {body}");
            assert_eq!(body["error"]["code"], if is_post { "Unauthorized" } else { "MethodNotAllowed" });
        }
    }
    let log = journey.world.function.log();
    assert!(!log.contains("SelfCheck") && !log.contains("SelfTest"));
    assert!(journey.queued().is_empty() && journey.world.flashduty.connections() == 0);
    journey.end();
}

/// Lambda counts an error then, as for every event that the relay does not know.
#[tokio::test]
async fn an_event_that_is_nearly_a_check_is_none() {
    let mut journey = Journey::new().await;
    for event in [
        json!({"zstack-flashduty": "self-check", "requestContext": {}}),
        json!({"zstack-flashduty": "self-destruct"}),
        json!(["self-check"]),
        json!({}),
    ] {
        let outcome = journey.world.function.attempt(&event, in_time(Duration::from_secs(10)), None).await;
        assert!(outcome.unwrap().is_err(), "{event}");
    }
    assert!(journey.queued().is_empty());
    journey.end();
}
