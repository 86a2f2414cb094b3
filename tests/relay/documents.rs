//! Tables of the documents that tell what only the program knows, compared with the program itself. The Chinese pages
//! have the same names in the same rows (`tests/docs/test_languages.py`).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use aws_standin::in_time;
use aws_standin::sqs::Fault as SqsFault;
use aws_standin::ssm::Fault as SsmFault;
use flashduty_standin::{Fault, Lasts, Options, Standin};
use serde_json::{Value, json};
use zstack_flashduty::config::{Config, Function};
use zstack_flashduty::language::Language;

use crate::support::journey::{Journey, busy};
use crate::support::languages::CANONICAL;
use crate::support::{
    KEY_IN_URL, TOKEN_PARAMETER, World, alarm, bodies, code, post, sample, to_channel, translated, translated_in,
    with_credential,
};

/// For two alerts, when Flashduty does not answer the first.
const TOO_SHORT: Duration = Duration::from_secs(2);

/// The section of a document under this heading, up to the next heading.
fn section(document: &str, heading: &str) -> String {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(document)).unwrap();
    let (_, after) =
        text.split_once(&format!("# {heading}\n")).unwrap_or_else(|| panic!("{document} has no {heading}"));
    after.split("\n#").next().unwrap().to_owned()
}

/// The rows of a section's only table, without its head.
fn table(document: &str, heading: &str) -> Vec<Vec<String>> {
    let section = section(document, heading);
    let rows = section.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    let cells = |row: &str| row.split('|').map(|cell| cell.trim().to_owned()).collect();
    rows.skip(2).map(cells).collect()
}

/// What stands in backticks.
fn names(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Every status and code that the table of answers has. A status without a code has an empty one.
pub fn documented_answers() -> BTreeSet<(u64, String)> {
    let rows = table("docs/answers.md", "Answers");
    let answers = rows.iter().flat_map(|row| {
        let codes = if row[1].is_empty() { vec![String::new()] } else { names(&row[1]) };
        codes.into_iter().map(|code| (row[0].parse().unwrap(), code))
    });
    answers.collect()
}

/// Looks for an answer, and for what it says of each alert, in the table of answers.
pub fn assert_documented(status: u64, body: &Value) {
    let documented = documented_answers();
    let told = (status, code(body).to_owned());
    // The health check is described in a section of its own.
    assert!(documented.contains(&told) || body["status"] == "unavailable", "docs/answers.md lacks {told:?}");
    let codes: BTreeSet<_> = documented.into_iter().map(|(_, code)| code).collect();
    for alert in body["alerts"].as_array().into_iter().flatten() {
        assert!(codes.contains(code(alert)), "docs/answers.md lacks {alert}");
    }
}

#[test]
fn every_variable_that_the_functions_read_is_in_settings() {
    // Without any, all of ours are asked for.
    let asked = RefCell::new(BTreeSet::new());
    for function in [Function::Relay, Function::Redeliver] {
        let _ = Config::read(function, |name| {
            asked.borrow_mut().insert(name.to_owned());
            None
        });
    }
    let asked = asked.into_inner();
    let documented: BTreeSet<_> =
        table("docs/settings.md", "Variables").iter().flat_map(|row| names(&row[0])).collect();
    assert_eq!(&asked - &documented, BTreeSet::new());
    let program = fs::read(env!("CARGO_BIN_EXE_relay")).unwrap();
    for name in &documented - &asked {
        // The SDK puts the service behind it.
        let known = if name.starts_with("AWS_ENDPOINT_URL_") { "AWS_ENDPOINT_URL" } else { &name };
        assert!(program.windows(known.len()).any(|bytes| bytes == known.as_bytes()), "nothing reads {name}");
    }
}

/// The samples come from another network.
pub const FROM_ELSEWHERE: (&str, &str) = ("ALLOWED_SOURCE_CIDRS", "198.51.100.0/24");

#[tokio::test]
async fn every_answer_in_the_table_is_given() {
    let mut given = BTreeSet::new();
    let mut told = |(status, body): (u64, Value)| given.insert((status, code(&body).to_owned()));

    let mut world = World::with(&[("SETTINGS_TTL_SECONDS", "0")]).await;
    told(world.send(&sample("alarm")).await);
    told(world.send(&post("")).await);
    let mut event = post("{}");
    event["isBase64Encoded"] = json!(true);
    told(world.send(&event).await);
    told(world.send(&with_credential(sample("alarm"), None, "")).await);
    told(world.send(&to_channel(sample("alarm"), "nobody")).await);
    let mut event = sample("alarm");
    event["requestContext"]["http"]["method"] = json!("PUT");
    told(world.send(&event).await);
    told(world.send(&post("x".repeat(128 * 1024 + 1))).await);
    let mut event = sample("alarm");
    event["rawQueryString"] = json!("x".repeat(64 * 1024 + 1));
    told(world.send(&event).await);
    world.flashduty.fault(Fault::status(400), Lasts::Next(1));
    told(world.send(&sample("alarm")).await);
    world.flashduty.fault(busy(), Lasts::Next(1));
    told(world.send(&sample("alarm")).await);
    world.flashduty.fault(Fault::Hang, Lasts::Standing);
    told(world.send_until(&sample("list-of-alarms"), in_time(TOO_SHORT)).await);
    world.ssm.fault(Some(SsmFault::Error("AccessDeniedException")));
    world.restart().await;
    told(world.send(&sample("alarm")).await);
    world.end();

    let mut world = World::with(&[FROM_ELSEWHERE]).await;
    told(world.send(&sample("alarm")).await);
    world.end();

    let gone = Standin::start(Options::default()).await.unwrap();
    let url = gone.push_url("standard", KEY_IN_URL);
    gone.shutdown().await;
    let mut world = World::pushing_to(Standin::start(Options::default()).await.unwrap(), &url, &[]).await;
    told(world.send_until(&sample("alarm"), in_time(TOO_SHORT)).await);
    world.end();

    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    journey.sqs.fault(Some(SqsFault::Deny));
    told(journey.send(&sample("alarm")).await);
    journey.sqs.fault(None);
    told(journey.send(&sample("alarm")).await);
    journey.end();

    let mut documented = documented_answers();
    // API Gateway gives it when the function fails.
    assert!(documented.remove(&(500, String::new())));
    assert_eq!(given, documented);
}

/// The answer to a wrong token, in the language of each page. The page cuts texts off at `…`.
#[tokio::test]
async fn the_example_of_an_answer_is_the_programs() {
    for (document, heading, language) in
        [("docs/answers.md", "Answers", "en"), ("docs/answers.zh-CN.md", "返回结果", "zh-CN")]
    {
        let section = section(document, heading);
        let (example, _) = section.split_once("```json\n").unwrap().1.split_once("```").unwrap();
        let mut example: Value = serde_json::from_str(example).unwrap();
        let mut world = World::with(&[("LANGUAGE", language)]).await;
        let (_, mut body) = world.send(&with_credential(sample("alarm"), None, "token=wrong")).await;
        let [shown, given] = [&mut example, &mut body].map(|answer| {
            let message = answer["error"]["message"].take();
            answer["request_id"] = Value::Null;
            message.as_str().unwrap().to_owned()
        });
        assert_eq!(example, body, "{document}");
        let beginning = shown.strip_suffix('…').unwrap().trim_end();
        assert!(beginning.chars().count() > 20 && given.starts_with(beginning), "{document}: {given}");
        world.end();
    }
}

#[tokio::test]
async fn every_metric_in_the_table_is_written() {
    let mut world = World::with(&[("SETTINGS_TTL_SECONDS", "0")]).await;
    let unauthorized = with_credential(sample("alarm"), None, "token=wrong");
    for event in [sample("alarm"), post("{broken"), unauthorized, to_channel(sample("alarm"), "nobody")] {
        world.send(&event).await;
    }
    for fault in [Fault::status(400), busy()] {
        world.flashduty.fault(fault, Lasts::Next(1));
        world.send(&sample("alarm")).await;
    }
    world.ssm.fault(Some(SsmFault::Error("ThrottlingException")));
    world.send(&sample("alarm")).await;
    let mut lines = world.function.metrics(7).await;
    world.end();
    let mut world = World::with(&[FROM_ELSEWHERE]).await;
    world.send(&sample("alarm")).await;
    lines.extend(world.function.metrics(1).await);
    world.end();

    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    journey.send(&sample("alarm")).await;
    journey.world.flashduty.clear_faults();
    journey.send(&sample("event-host-disconnected")).await;
    journey.sqs.put(&journey.queue, "garbage", "no JSON");
    journey.redeliver.drain_to_the_end().await;
    let is_delayed = |event: &Value| event["labels"]["delayed"].is_string();
    assert!(journey.world.pushed().iter().any(is_delayed), "as docs/alerts.md says");
    journey.world.ssm.lock(TOKEN_PARAMETER, "AccessDeniedException");
    for check in ["self-check", "self-test"] {
        journey.world.function.invoke(&json!({"zstack-flashduty": check})).await;
    }
    lines.extend(journey.world.function.metrics(5).await);
    lines.extend(journey.redeliver.function.metrics(1).await);
    journey.end();

    let metrics = lines.iter().flat_map(|line| line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let written: BTreeMap<_, _> =
        metrics.map(|metric| (text(&metric["Name"]), text(&metric["Unit"]).to_lowercase())).collect();
    let rows = table("docs/watching.md", "Metrics");
    let documented: BTreeMap<_, _> = rows.iter().map(|row| (names(&row[0]).remove(0), row[1].clone())).collect();
    assert_eq!(written, documented);

    let named = names(&section("docs/watching.md", "Metrics"));
    let codes: BTreeSet<_> = documented_answers().into_iter().map(|(_, code)| code).collect();
    let outcomes: BTreeSet<_> =
        lines.iter().filter_map(|line| Some(line.get("Outcome")?.as_str()?.to_owned())).collect();
    let ours: BTreeSet<_> = outcomes.difference(&codes).cloned().collect();
    assert!(ours.len() > 1 && ours.iter().all(|outcome| named.contains(outcome)), "{ours:?}");
}

/// The status of the event that the sample alarm with these fields becomes.
fn status(fields: &Value) -> String {
    translated(alarm(fields).as_bytes(), &[])[0]["event_status"].as_str().unwrap().to_owned()
}

#[test]
fn levels_become_what_readme_says() {
    let rows = table("README.md", "What ZStack's levels become");
    let [levels @ .., _, over] = &rows[..] else { panic!("{rows:?}") };
    for row in levels {
        for word in [&row[0], &names(&row[1])[0], &row[2]] {
            for word in [word.clone(), word.to_uppercase()] {
                assert_eq!(vec![status(&json!({"ALARM_EMERGENCY_LEVEL": word}))], names(&row[3]), "{word}");
            }
        }
    }
    for word in [json!(null), json!("strange")] {
        assert_eq!(vec![status(&json!({"ALARM_EMERGENCY_LEVEL": word}))], names(&rows[rows.len() - 2][3]));
    }
    for word in [&names(&over[1])[0], &over[2]] {
        assert_eq!(vec![status(&json!({"ALARM_CURRENT_STATUS": word}))], names(&over[3]), "{word}");
    }
}

#[test]
fn labels_that_are_not_translated_are_in_alerts() {
    let section = section("docs/alerts.md", "Language");
    let (_, list) = section.split_once("of the relay's own: ").unwrap();
    assert_eq!(names(list.split_once(". They").unwrap().0), CANONICAL);
}

#[test]
fn descriptions_read_as_alerts_says() {
    let [states, lines] = &table("docs/alerts.md", "Language")[..] else { panic!("two rows") };
    for (column, language, colon) in [(1, Language::English, ':'), (2, Language::Chinese, '：')] {
        let bodies = bodies().into_iter().chain([br#"{"ALARM_METRIC": "CPU"}"#.to_vec()]);
        let events: Vec<_> = bodies.flat_map(|body| translated_in(language, &body, &[])).collect();
        let described: Vec<_> = events.iter().filter_map(|event| event["description"].as_str()).collect();
        let said: BTreeSet<_> = described
            .iter()
            .flat_map(|text| text.lines())
            .flat_map(|line| [line.rsplit(' ').next(), line.split(colon).next()])
            .flatten()
            .collect();
        for word in states[column].split(", ").chain(lines[column].split(", ")) {
            assert!(said.contains(word), "no description says {word}");
        }
    }
    let unknown = Language::ALL.map(|it| translated_in(it, br#"{"EVENT_NAME": "HostOnFire"}"#, &[]).remove(0));
    assert!(unknown.iter().all(|event| event["labels"]["check"] == "HostOnFire"));
    let [english, chinese] =
        unknown.map(|event| event["description"].as_str().unwrap().lines().next().unwrap().to_owned());
    assert!(names(&section("docs/alerts.md", "Language")).contains(&english), "{english}");
    assert_eq!(chinese, "HostOnFire");
}

#[test]
fn words_of_recovery_templates_mean_ok() {
    let severity = section("docs/alerts.md", "Severity");
    let (_, words) = severity.split_once("they\nmean `OK` as well: ").unwrap();
    let words: Vec<_> = words.split(['.', ',', '`', ' ', '\n']).filter(|word| !word.is_empty()).collect();
    assert!(words.len() > 6, "{words:?}");
    for word in words {
        assert_eq!(status(&json!({"ALARM_CURRENT_STATUS": word})), "Ok", "{word}");
    }
}
