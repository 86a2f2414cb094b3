//! The runbook looks for lines in the logs of both functions: with queries, and by words that it quotes. These are
//! compared with lines that the functions wrote. The log of the API is template.yaml's: `tests/docs/test_runbook.py`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use aws_standin::sqs::{DEDUPLICATION_INTERVAL, Fault as SqsFault};
use aws_standin::ssm::Fault as SsmFault;
use flashduty_standin::{Fault, Lasts};
use serde_json::{Value, json};

use crate::support::journey::{Journey, busy};
use crate::support::{KEY, PUSH_URL_PARAMETER, TOKEN_PARAMETER, post, relay, sample, with_credential};

/// Words of the query language.
const LANGUAGE: [&str; 19] = [
    "and",
    "as",
    "asc",
    "by",
    "count",
    "desc",
    "fields",
    "filter",
    "ispresent",
    "like",
    "limit",
    "max",
    "min",
    "not",
    "or",
    "sort",
    "stats",
    "@timestamp",
    "@message",
];

/// Fields of Lambda's own lines.
const OF_LAMBDA: [&str; 4] = ["type", "record.status", "record.metrics.durationMs", "record.requestId"];

/// What the runbook quotes from ZStack's pages and AWS's.
const OF_PAGES: [&str; 4] = ["Send Test Message", "Service Quotas", "AWS Lambda", "Concurrent executions"];

/// A query of CloudWatch Logs Insights, with the paragraph before it.
struct Query {
    paragraph: String,
    text: String,
}

/// The lines that each function wrote.
struct Logs {
    relay: Vec<Value>,
    redeliver: Vec<Value>,
}

impl Logs {
    /// The lines of the log groups that the paragraph before a query names. `None` for the group of the API.
    fn of(&self, query: &Query) -> Option<Vec<&Value>> {
        let in_group_of = |name: &str| query.paragraph.contains(&format!("group of {name}"));
        match (in_group_of("the API"), in_group_of("`relay`"), in_group_of("`redeliver`")) {
            (true, _, _) => None,
            (false, true, false) => Some(self.relay.iter().collect()),
            (false, false, true) => Some(self.redeliver.iter().collect()),
            (false, _, _) => Some(self.relay.iter().chain(&self.redeliver).collect()),
        }
    }
}

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The text in one line.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn queries(runbook: &str) -> Vec<Query> {
    let parts: Vec<_> = runbook.split("```").collect();
    let blocks = parts.chunks_exact(2).filter_map(|part| Some((part[0], part[1].strip_prefix("text\n")?)));
    let queries = blocks.map(|(before, text)| Query {
        paragraph: unwrapped(before.trim_end().rsplit("\n\n").next().unwrap()),
        text: unwrapped(text),
    });
    queries.collect()
}

/// The words in italics.
fn quoted(runbook: &str) -> BTreeSet<String> {
    let text: Vec<_> = runbook.split("```").step_by(2).collect();
    let text = text.join("\n\n").replace("**", "");
    let paragraphs = text.split("\n\n").map(unwrapped);
    paragraphs.flat_map(|it| it.split('*').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// The fields that a query names.
fn fields(query: &str) -> BTreeSet<String> {
    let text: Vec<_> = query.split('"').step_by(2).flat_map(|it| it.split('/').step_by(2)).collect();
    let text = text.join(" ");
    let is_part = |it: char| it.is_ascii_alphanumeric() || "_.@".contains(it);
    let words: Vec<_> = text.split(|it| !is_part(it)).filter(|it| !it.is_empty()).collect();
    let of_query: BTreeSet<_> = words.windows(2).filter(|two| two[0] == "as").map(|two| two[1]).collect();
    let fields = words.into_iter().filter(|it| !it.starts_with(|it: char| it.is_ascii_digit()));
    fields.filter(|it| !LANGUAGE.contains(it) && !of_query.contains(it)).map(str::to_owned).collect()
}

/// What a query compares fields with: the field, `=` or `like`, and the text.
fn comparisons(query: &str) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for quote in ['"', '/'] {
        let pieces: Vec<_> = query.split(quote).collect();
        for piece in pieces.chunks_exact(2) {
            let words: Vec<_> = piece[0].split_whitespace().collect();
            let [.., field, operator] = words[..] else { panic!("{query}") };
            found.push((field.to_owned(), operator.to_owned(), piece[1].trim_end_matches('…').to_owned()));
        }
    }
    found
}

/// Whether a line's field is equal to a text, or contains it.
fn matches(line: &Value, field: &str, operator: &str, text: &str) -> bool {
    let value = line[field].as_str().unwrap_or_default();
    match operator {
        "=" => value == text,
        "like" => value.contains(text),
        _ => panic!("{operator:?} is not known"),
    }
}

fn lines(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// An error in Flashduty's own words.
fn refusal(code: &str) -> Fault {
    Fault::Refuse { status: 400, code: Some(code.to_owned()), message: None, retry_after: None }
}

/// Has the relay do a check.
async fn check(journey: &mut Journey, word: &str) {
    journey.world.function.invoke(&json!({"zstack-flashduty": word})).await;
}

/// Causes what the runbook is about.
async fn logs() -> Logs {
    let mut journey = Journey::with("standard", &[("SETTINGS_TTL_SECONDS", "0")]).await;
    let alarm = sample("alarm");
    assert_eq!(journey.send(&alarm).await.0, 200);
    assert_eq!(journey.send(&with_credential(alarm.clone(), None, "")).await.0, 401);
    assert_eq!(journey.send(&post("x".repeat(128 * 1024 + 1))).await.0, 413);
    for fault in [refusal("NoLicense"), refusal("ResourceNotFound"), Fault::status(401), Fault::status(403)] {
        journey.world.flashduty.fault(fault.clone(), Lasts::Standing);
        assert_eq!(journey.send(&alarm).await.0, 502, "{fault:?}");
        journey.world.flashduty.clear_faults();
    }
    journey.world.flashduty.set_keys(["another key"]);
    assert_eq!(journey.send(&alarm).await.0, 502);
    journey.world.flashduty.set_keys([KEY]);

    let early = json!({"check": "self-check", "function": "relay", "request_id": "r", "sent": 0});
    journey.sqs.put(&journey.queue, "self-check", &early.to_string());
    journey.world.flashduty.set_keys(["another key"]);
    check(&mut journey, "self-test").await;
    journey.world.flashduty.set_keys([KEY]);
    journey.world.flashduty.fault(refusal("NoRoute"), Lasts::Next(1));
    check(&mut journey, "self-test").await;
    check(&mut journey, "self-check").await;
    journey.redeliver.drain().await;

    // The dead letter is moved back too early, and then again.
    journey.sqs.move_all(&journey.dead_letter_queue, &journey.queue);
    journey.world.flashduty.fault(Fault::status(400), Lasts::Next(1));
    journey.redeliver.drain().await;
    journey.sqs.advance(DEDUPLICATION_INTERVAL);
    journey.sqs.move_all(&journey.dead_letter_queue, &journey.queue);
    journey.redeliver.drain().await;

    let page = Fault::Garbage { status: 403, body: "<html>proxy</html>".to_owned() };
    journey.world.flashduty.fault(page, Lasts::Standing);
    assert_eq!(journey.send(&alarm).await.0, 202);
    assert_eq!(journey.redeliver.poll().await.unwrap().failed.len(), 1);
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    journey.sqs.fault(Some(SqsFault::Deny));
    assert_eq!(journey.send(&sample("event-host-disconnected")).await.0, 503);
    journey.sqs.fault(None);
    journey.world.flashduty.clear_faults();
    journey.redeliver.drain_to_the_end().await;

    journey.world.ssm.fault(Some(SsmFault::Error("ThrottlingException")));
    // This one is queued because its process queued another about the same alert.
    assert_eq!(journey.send(&alarm).await.0, 202);
    let mut of_relay = lines(&wait_for(&journey, 13).await);
    // Another process: this one does not ask SSM again so soon.
    journey.world.ssm.fault(None);
    journey.world.restart().await;
    assert_eq!(journey.send(&alarm).await.0, 200);
    journey.world.ssm.lock(PUSH_URL_PARAMETER, "AccessDeniedException");
    journey.world.ssm.remove(TOKEN_PARAMETER);
    assert_eq!(journey.send(&alarm).await.0, 200);
    of_relay.extend(lines(&wait_for(&journey, 2).await));

    let (_, cannot_start) = relay(&[("FLASHDUTY_PUSH_URL_PARAMETER", PUSH_URL_PARAMETER)]).await.ended().await;
    // `lambda_runtime` panics if the memory size is not a number, which never happens on Lambda.
    let panics = [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("FLASHDUTY_PUSH_URL_PARAMETER", PUSH_URL_PARAMETER),
        ("WEBHOOK_TOKEN_PARAMETER", TOKEN_PARAMETER),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "no number"),
    ];
    let (_, panicked) = relay(&panics).await.ended().await;
    of_relay.extend([cannot_start, panicked].iter().flat_map(|log| lines(log)));

    let redeliver = lines(&journey.redeliver.function.log());
    journey.end();
    Logs { relay: of_relay, redeliver }
}

/// The log of the relay's process, once it has metrics of so many requests. They are the last line of each.
async fn wait_for(journey: &Journey, requests: usize) -> String {
    assert_eq!(journey.world.function.metrics(requests).await.len(), requests);
    journey.world.function.log()
}

#[tokio::test]
async fn the_runbook_looks_for_what_the_functions_log() {
    let (runbook, template, logs) = (file("docs/runbook.md"), file("template.yaml"), logs().await);

    let mut missing = Vec::new();
    for query in queries(&runbook) {
        let Some(lines) = logs.of(&query) else { continue };
        let is_of_lambda = |field: &str| OF_LAMBDA.contains(&field);
        for field in fields(&query.text) {
            if !is_of_lambda(&field) && lines.iter().all(|line| line.get(&field).is_none()) {
                missing.push(format!("the field {field}, of the query {}", query.text));
            }
        }
        for (field, operator, text) in comparisons(&query.text) {
            if !is_of_lambda(&field) && !lines.iter().any(|line| matches(line, &field, &operator, &text)) {
                missing.push(format!("{field} {operator} {text}, of the query {}", query.text));
            }
        }
    }

    let all = logs.relay.iter().chain(&logs.redeliver);
    let messages: Vec<_> = all.filter_map(|line| Some(line["message"].as_str()?.to_lowercase())).collect();
    for text in quoted(&runbook) {
        let is_of_dashboard = ["title", "label"].iter().any(|it| template.contains(&format!(r#""{it}": "{text}""#)));
        let is_of_log = messages.iter().any(|message| message.contains(&text.to_lowercase()));
        if !is_of_log && !is_of_dashboard && !OF_PAGES.contains(&text.as_str()) {
            missing.push(format!("the words {text}"));
        }
    }
    assert_eq!(missing, [""; 0], "no line has these");
}

/// Otherwise the test above would look for nothing.
#[test]
fn the_runbook_is_read_as_it_is_written() {
    let text = "In the\ngroup of `relay`:\n\n```text\nfilter level = \"ERROR\" or message like /no way/ and n > 9\n\
                | stats count(*) as runs by a.b\n```\n\n**Do.** If *no\nway* is in the log, wait.\n";
    let [query] = &queries(text)[..] else { panic!("one query") };
    assert_eq!(query.paragraph, "In the group of `relay`:");
    assert_eq!(fields(&query.text), ["a.b", "level", "message", "n"].map(str::to_owned).into());
    let compared = [("level", "=", "ERROR"), ("message", "like", "no way")];
    let compared = compared.map(|(field, operator, text)| (field.to_owned(), operator.to_owned(), text.to_owned()));
    assert_eq!(comparisons(&query.text), compared);
    assert_eq!(quoted(text), ["no way".to_owned()].into());
    assert!(queries(&file("docs/runbook.md")).len() > 10 && quoted(&file("docs/runbook.md")).len() > 20);
}
