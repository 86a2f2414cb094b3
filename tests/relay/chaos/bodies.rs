//! Mutated bodies of ZStack, as a broken template, a proxy or an attacker might send them.

use std::time::{Duration, Instant};

use aws_standin::in_time;
use fastrand::Rng;
use flashduty_standin::Received;
use serde_json::{Value, json};
use zstack_flashduty::webhook::MAX_BODY;

use super::figures::Figures;
use crate::support::{World, base64_of, bodies, code, post};

/// Bodies of a round.
const BODIES: usize = 1_000;
/// The longest time for one body. Most take a few milliseconds; the largest have 200 alerts.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most bodies are not made longer than this.
const LONG: usize = 16 * 1024;

/// Words of ZStack and its templates.
const WORDS: [&str; 28] = [
    "ALARM_NAME",
    "ALARM_UUID",
    "ALARM_CURRENT_STATUS",
    "ALARM_EMERGENCY_LEVEL",
    "ALARM_RESOURCE_ID",
    "ALARM_TIME",
    "EVENT_NAME",
    "EVENT_LABELS",
    "EVENT_EMERGENCY_LEVEL",
    "\"Alarm\"",
    "\"OK\"",
    "InsufficientData",
    "已恢复",
    "紧急",
    "sections",
    "facts",
    "\"name\":",
    "\"value\":",
    "${ALARM_NAME}",
    "null",
    "-1e999",
    "18446744073709551616",
    "\\ud800",
    "\\u0000",
    "\u{feff}",
    "\u{202e}",
    "{\"a\":",
    "[[[[[[[[",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_body_is_answered_and_none_is_dropped() {
    tokio::join!(super::once("chaos::bodies", round), super::once("chaos::bodies", round));
}

pub async fn round(seed: u64) -> Figures {
    let mut rng = Rng::with_seed(seed);
    let mut world = World::new().await;
    world.flashduty.set_rate_limit(None);
    let (samples, pid) = (bodies(), world.function.pid());
    let mut figures = Figures { rounds: 1, ..Figures::default() };
    for n in 0..BODIES {
        let body = mutated(&samples, &mut rng);
        let mut event = post("");
        event["body"] = json!(base64_of(&body));
        event["isBase64Encoded"] = json!(true);
        if rng.u8(..8) == 0 {
            event["rawQueryString"] = json!("cloud=beijing&zone=1&zone=2&=&%00=%ff");
        }
        let start = Instant::now();
        let (status, answer) = world.send_until(&event, in_time(PATIENCE * 3)).await;
        let context = || format!("body {n}: {:?}\n{answer}", String::from_utf8_lossy(&body));
        assert!(start.elapsed() < PATIENCE, "{:?}: {}", start.elapsed(), context());
        let expected = match body.len() {
            too_many if too_many > MAX_BODY => (413, "BodyTooLarge"),
            _ if body.trim_ascii().is_empty() => (400, "EmptyBody"),
            _ => (200, ""),
        };
        assert_eq!((status, code(&answer)), expected, "{}", context());
        let pushed = world.flashduty.received();
        assert_eq!(pushed.len(), answer["alerts"].as_array().map_or(0, Vec::len), "{}", context());
        assert_eq!(pushed.is_empty(), status != 200, "{}", context());
        for push in &pushed {
            assert_eq!(
                (push.violations.as_slice(), push.status),
                (&[][..], Some(200)),
                "{}\n{}",
                push.text(),
                context()
            );
            assert!(is_meaningful(push), "{}\n{}", push.text(), context());
        }
        figures.sent += 1;
        figures.requests += 1;
        figures.pushes += pushed.len() as u64;
        world.flashduty.clear();
    }
    assert_eq!(world.function.pid(), pid);
    world.end();
    figures
}

/// Whether a push has text for a person: the resource, the check and the alert key.
fn is_meaningful(push: &Received) -> bool {
    let event: Value = serde_json::from_slice(&push.body).unwrap();
    let says = |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
    says(&event["labels"]["resource"]) && says(&event["labels"]["check"]) && says(&event["alert_key"])
}

/// One of the samples after a few mutations.
fn mutated(samples: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut body = samples[rng.usize(..samples.len())].clone();
    for _ in 0..rng.usize(1..6) {
        mutate(&mut body, samples, rng);
        if body.len() > LONG {
            break;
        }
    }
    match rng.u16(..400) {
        0 => body = body.repeat(MAX_BODY / body.len().max(1) + 1),
        1 => {
            body = body.repeat(MAX_BODY / body.len().max(1));
        }
        2 => body.retain(u8::is_ascii_whitespace),
        _ => {}
    }
    body
}

fn mutate(body: &mut Vec<u8>, samples: &[Vec<u8>], rng: &mut Rng) {
    let mut place = || rng.usize(..=body.len());
    let (a, b) = (place(), place());
    let (from, to) = (a.min(b), a.max(b));
    let other = &samples[rng.usize(..samples.len())];
    match rng.u8(..14) {
        // Flipped bits.
        0 | 1 => (0..rng.usize(1..8)).for_each(|_| {
            if let Some(byte) = body.get_mut(rng.usize(..=from)) {
                *byte ^= 1 << rng.u8(..8);
            }
        }),
        2 => body.insert(from, rng.u8(..)),
        // Cut at the end, at the start, in the middle.
        3 => body.truncate(from),
        4 => drop(body.drain(..from)),
        5 => drop(body.drain(from..to.min(from + 40))),
        // A part repeated.
        6 => {
            let part = body[from..to].to_vec();
            body.splice(from..from, part);
        }
        // A part replaced by a part of another message.
        7 => {
            let part = &other[rng.usize(..=other.len())..];
            body.splice(from..to.min(from + 200), part.iter().copied());
        }
        8 | 9 => {
            let word = WORDS[rng.usize(..WORDS.len())];
            body.splice(from..from, word.bytes());
        }
        // A special character, which a template does not escape.
        10 => {
            let mark = [&b"\""[..], b"\\", b"\n", b",", b"}", b"]", b":", b"{"][rng.usize(..8)];
            body.splice(from..from, mark.iter().copied());
        }
        _ => wrap(body, other, rng),
    }
}

fn wrap(body: &mut Vec<u8>, other: &[u8], rng: &mut Rng) {
    let text = String::from_utf8_lossy(body).into_owned();
    let around = |before: &[u8], after: &[u8]| [before, body, after].concat();
    *body = match rng.u8(..9) {
        0 => around(b"[", b"]"),
        1 => more_fields(body, rng),
        2 => [&b"["[..], body, b",", other, b"]"].concat(),
        3 => around(b"{\"sections\":[", b"],\"title\":\"T\"}"),
        4 => json!(text).to_string().into_bytes(),
        5 => json!([text, {"sections": [text]}]).to_string().into_bytes(),
        6 => around(b"{\"a\":{\"b\":", b"}}"),
        7 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        _ => around(b"<html><pre>", b"</pre>"),
    };
}

/// Adds more fields than an alert has labels, after the first brace.
fn more_fields(body: &[u8], rng: &mut Rng) -> Vec<u8> {
    let name = ["f", "ALARM_", "值", "kind", "a.b-"][rng.usize(..5)];
    let value = "v".repeat(rng.usize(1..30));
    let fields: Vec<String> = (0..rng.usize(1..150)).map(|n| format!(r#""{name}{n}":"{value}","#)).collect();
    let place = body.iter().position(|byte| *byte == b'{').map_or(0, |brace| brace + 1);
    [&body[..place], fields.concat().as_bytes(), &body[place..]].concat()
}
