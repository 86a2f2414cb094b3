//! Alerts and recoveries while Flashduty, SQS and SSM fail, and while processes are killed and frozen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_standin::sqs::{EventSource, Fault as SqsFault, VISIBILITY_TIMEOUT};
use aws_standin::ssm::Fault as SsmFault;
use fastrand::Rng;
use flashduty_standin::{Fault, Lasts};
use serde_json::{Value, json};
use tokio::sync::RwLock;
use tokio::task::JoinSet;

use super::figures::Figures;
use crate::support::journey::{Journey, busy};
use crate::support::pool::{Pool, process_fault};
use crate::support::{TOKEN, alarm, assert_no_secret, code, post, sample, with_credential};

const CLOUDS: usize = 5;
/// Requests of each cloud.
const REQUESTS: usize = 16;
const RESOURCES: u8 = 4;
/// How often a round polls at most until the queue is empty.
const DRAINS: usize = 500;

/// One alarm or recovery of a request.
struct Sent {
    /// ZStack's id of it.
    id: String,
    key: String,
    status: &'static str,
    cloud: String,
}

/// Where an alert must be, by the answer to its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Promise {
    /// In Flashduty, or in the dead letter queue.
    Kept,
    /// In the dead letter queue.
    Dead,
    /// In the log, with its whole message.
    Logged,
}

/// What all tasks share.
struct Setup {
    journey: Journey,
    pool: Pool,
    /// Locked for reading during a poll, and for writing to move the clock: otherwise a message in flight would become
    /// visible too early.
    time: RwLock<()>,
    over: AtomicBool,
    faults: AtomicU64,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_alert_is_where_its_answer_says_and_nothing_else_is_pushed() {
    tokio::join!(super::once("chaos::faults", round), super::once("chaos::faults", round));
}

pub async fn round(seed: u64) -> Figures {
    let mut rng = Rng::with_seed(seed);
    let journey = Journey::with("standard", &[("SETTINGS_TTL_SECONDS", "1")]).await;
    let sources = [journey.another_redeliver().await, journey.another_redeliver().await];
    let pool = Pool::new(journey.world.variables());
    let (over, fault_count) = (AtomicBool::new(false), AtomicU64::new(0));
    let setup = Arc::new(Setup { journey, pool, time: RwLock::default(), over, faults: fault_count });

    let mut clouds = JoinSet::new();
    for cloud in 0..CLOUDS {
        clouds.spawn(zstack(Arc::clone(&setup), cloud, rng.fork()));
    }
    let faults = tokio::spawn(inject_faults(Arc::clone(&setup), rng.fork()));
    let mut redelivers = JoinSet::new();
    for source in sources {
        redelivers.spawn(redeliver(Arc::clone(&setup), source, rng.fork()));
    }
    let ledgers = clouds.join_all().await;
    setup.over.store(true, Ordering::Relaxed);
    faults.await.unwrap();
    drain(&setup, redelivers.join_all().await).await;
    let log = setup.pool.end().await;
    let mut setup = Arc::into_inner(setup).unwrap();

    let (sent, promises): (Vec<_>, Vec<_>) = ledgers.into_iter().unzip();
    let sent: Vec<Sent> = sent.into_iter().flatten().collect();
    let promises: BTreeSet<(String, Promise)> = promises.into_iter().flatten().collect();
    assert!(promises.len() > sent.len() / 2, "most are accepted: {} of {}", promises.len(), sent.len());
    assert_promises(&setup.journey, &promises, &log);
    assert_pushes(&setup.journey, &sent);
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let figures = Figures {
        rounds: 1,
        sent: sent.len() as u64,
        requests: count(&setup.pool.requests),
        pushes: setup.journey.world.flashduty.received().len() as u64,
        kills: count(&setup.pool.kills),
        freezes: count(&setup.pool.freezes),
        faults: count(&setup.faults),
    };
    // After all faults, the queue is empty, so a process pushes at once.
    assert_eq!(setup.journey.send(&sample("test-message")).await.0, 200);
    setup.journey.world.function.request_lines().await;
    setup.journey.end();
    figures
}

/// One ZStack, which sends one request after another.
async fn zstack(setup: Arc<Setup>, cloud: usize, mut rng: Rng) -> (Vec<Sent>, BTreeSet<(String, Promise)>) {
    let (mut sent, mut promises) = (Vec::new(), BTreeSet::new());
    for n in 0..REQUESTS {
        let (mut messages, mut ids) = (Vec::new(), Vec::new());
        for place in 0..[1, 1, 1, 2, 3][rng.usize(..5)] {
            let (id, resource) = (format!("data-{cloud}-{n}-{place}"), rng.u8(..RESOURCES));
            let levels = [("Emergent", "Critical"), ("Important", "Warning"), ("Normal", "Info")];
            let (level, triggered) = levels[rng.usize(..levels.len())];
            let (status, now) = if rng.bool() { (triggered, "Alarm") } else { ("Ok", "OK") };
            messages.push(alarm(&json!({
                "ALARM_UUID": "rule", "ALARM_RESOURCE_ID": format!("r{resource}"), "ALARM_DATA_UUID": id,
                "ALARM_EMERGENCY_LEVEL": level, "ALARM_CURRENT_STATUS": now,
            })));
            let key = format!("zstack:cloud=c{cloud}:alarm:rule:r{resource}");
            sent.push(Sent { id: id.clone(), key, status, cloud: format!("c{cloud}") });
            ids.push(id);
        }
        let body = if messages.len() == 1 { messages.remove(0) } else { format!("[{}]", messages.join(",")) };
        let event = with_credential(post(body), None, &format!("token={TOKEN}&cloud=c{cloud}"));
        for (status, answer) in setup.pool.send(&event, &mut rng).await.into_iter().flatten() {
            promises.extend(promised(status, &answer, &ids));
        }
    }
    (sent, promises)
}

/// What an answer promises for each alert of its request.
fn promised(status: u64, answer: &Value, ids: &[String]) -> Vec<(String, Promise)> {
    let Some(alerts) = answer["alerts"].as_array() else {
        // SSM cannot be read, or the time was over.
        assert!(status == 503 || status == 504, "{status} {answer}");
        return Vec::new();
    };
    assert_eq!(alerts.len(), ids.len(), "{answer}");
    let promise = |alert: &Value| match code(alert) {
        "" => Some(Promise::Kept),
        "FlashdutyRefused" => Some(Promise::Dead),
        "QueueUnavailable" => Some(Promise::Logged),
        other => panic!("{other}: {answer}"),
    };
    let promises = ids.iter().zip(alerts).filter_map(|(id, alert)| Some((id.clone(), promise(alert)?)));
    promises.collect()
}

/// Injects faults of Flashduty, SQS and SSM until nobody sends any more, and then clears them.
async fn inject_faults(setup: Arc<Setup>, mut rng: Rng) {
    let (flashduty, sqs, ssm) = (&setup.journey.world.flashduty, &setup.journey.sqs, &setup.journey.world.ssm);
    while !setup.over.load(Ordering::Relaxed) {
        let lasts = if rng.bool() { Lasts::Next(rng.usize(1..4)) } else { Lasts::Standing };
        match rng.u8(..12) {
            0..4 => flashduty.fault(flashduty_fault(&mut rng), lasts),
            4 => flashduty.clear_faults(),
            5 | 6 => sqs.fault(Some(sqs_fault(&mut rng))),
            7 => sqs.fault(None),
            8 => ssm.fault(Some(ssm_fault(&mut rng))),
            9 => ssm.fault(None),
            // Neither Flashduty nor SQS accepts anything.
            _ => {
                let none = [busy(), busy(), Fault::status(400), Fault::Close];
                flashduty.fault(none[rng.usize(..none.len())].clone(), Lasts::Standing);
                sqs.fault(Some([SqsFault::Deny, SqsFault::Gone, SqsFault::Throttle][rng.usize(..3)]));
            }
        }
        setup.faults.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(rng.u64(20..200))).await;
        if rng.u8(..3) == 0 {
            flashduty.clear_faults();
            sqs.fault(None);
            ssm.fault(None);
            tokio::time::sleep(Duration::from_millis(rng.u64(..150))).await;
        }
    }
    flashduty.clear_faults();
    sqs.fault(None);
    ssm.fault(None);
}

fn flashduty_fault(rng: &mut Rng) -> Fault {
    let refuse = |status, code: Option<&str>| Fault::Refuse {
        status,
        code: code.map(str::to_owned),
        message: Some("bad \u{1} 故障".to_owned()),
        retry_after: None,
    };
    let page = |status| Fault::Garbage { status, body: "<html>proxy</html>".to_owned() };
    match rng.u8(..16) {
        0..3 => busy(),
        3 => refuse(500, None),
        4 => refuse(200, Some("RequestTooFrequently")),
        5 => refuse(400, None),
        6 => refuse(403, Some("NoLicense")),
        7 => Fault::Echo,
        8 => page(403),
        9 => page(200),
        10 => page(302),
        11 => Fault::Delay { millis: rng.u64(1..400) },
        12 | 13 => Fault::Cut,
        14 => Fault::Close,
        _ => Fault::Hang,
    }
}

fn sqs_fault(rng: &mut Rng) -> SqsFault {
    match rng.u8(..10) {
        0..3 => SqsFault::Deny,
        3 | 4 => SqsFault::Gone,
        5 | 6 => SqsFault::Throttle,
        7 => SqsFault::DenyCount,
        8 => SqsFault::Unanswered,
        _ => SqsFault::Hang,
    }
}

fn ssm_fault(rng: &mut Rng) -> SsmFault {
    let faults = [
        SsmFault::Error("ThrottlingException"),
        SsmFault::Error("AccessDeniedException"),
        SsmFault::Garbled(200),
        SsmFault::Garbled(500),
        SsmFault::Hang,
    ];
    faults[rng.usize(..faults.len())]
}

/// Delivers the queue until nobody sends any more. A process that dies is replaced.
async fn redeliver(setup: Arc<Setup>, mut source: EventSource, mut rng: Rng) -> EventSource {
    while !setup.over.load(Ordering::Relaxed) {
        let (process_fault, start) = (process_fault(&mut rng), Instant::now());
        let batch = {
            let _time = setup.time.read().await;
            source.poll_with(process_fault).await
        };
        let died = batch.as_ref().is_some_and(|batch| batch.died);
        if batch.is_some() {
            setup.pool.count(process_fault, start.elapsed(), died);
        }
        if died {
            let dead = std::mem::replace(&mut source, setup.journey.another_redeliver().await);
            assert_no_secret(&dead.function.ended().await.1);
        }
        if batch.is_none() {
            if rng.u8(..4) == 0 {
                let _time = setup.time.write().await;
                setup.journey.sqs.advance(Duration::from_mins(rng.u64(1..16)));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    source
}

/// Delivers everything that is queued.
async fn drain(setup: &Setup, mut sources: Vec<EventSource>) {
    for _ in 0..DRAINS {
        let [one, other] = &mut sources[..] else { panic!("two of them") };
        let (one, other) = tokio::join!(one.poll(), other.poll());
        if one.is_none() && other.is_none() {
            if setup.journey.queued().is_empty() {
                for source in &sources {
                    assert_no_secret(&source.function.log());
                }
                return;
            }
            setup.journey.sqs.advance(VISIBILITY_TIMEOUT);
        }
    }
    panic!("{:#?}", setup.journey.queued());
}

fn assert_promises(journey: &Journey, promises: &BTreeSet<(String, Promise)>, log: &str) {
    let pushes = journey.world.flashduty.received();
    let accepted = pushes.iter().filter(|push| push.alert_key.is_some());
    let flashduty: BTreeSet<String> = accepted.map(|push| data_id(&push.body)).collect();
    let letters = |messages: Vec<Value>| -> BTreeSet<String> {
        let texts = messages.into_iter().map(|message| letter_id(&message["MessageBody"]));
        texts.collect()
    };
    let dead = letters(journey.dead());
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let letter = |line: Value| serde_json::from_str::<Value>(line["zstack_message"].as_str()?).ok();
    let logged: BTreeSet<String> = lines.filter_map(letter).map(|letter| letter_id(&letter)).collect();
    let lost = promises.iter().filter(|(id, promise)| match promise {
        Promise::Kept => !flashduty.contains(id) && !dead.contains(id),
        Promise::Dead => !dead.contains(id),
        Promise::Logged => !logged.contains(id),
    });
    assert_eq!(lost.collect::<Vec<_>>(), Vec::<&(String, Promise)>::new(), "these are lost");
}

fn assert_pushes(journey: &Journey, sent: &[Sent]) {
    let sent: BTreeMap<&str, &Sent> = sent.iter().map(|sent| (sent.id.as_str(), sent)).collect();
    for push in journey.world.flashduty.received() {
        let broken = push.violations.iter().find(|violation| !violation.starts_with("over "));
        assert_eq!(broken, None, "{}", push.text());
        let event: Value = serde_json::from_slice(&push.body).unwrap();
        let sent = sent.get(data_id(&push.body).as_str()).unwrap_or_else(|| panic!("not sent: {event}"));
        assert_eq!((&event["alert_key"], &event["event_status"]), (&json!(sent.key), &json!(sent.status)), "{event}");
        assert_eq!(event["labels"]["cloud"], sent.cloud, "{event}");
    }
}

/// ZStack's id of an alarm, from a push.
fn data_id(push: &[u8]) -> String {
    let event: Value = serde_json::from_slice(push).unwrap();
    event["labels"]["data_id"].as_str().unwrap().to_owned()
}

/// ZStack's id of an alarm, from a letter.
fn letter_id(letter: &Value) -> String {
    let message: Value = serde_json::from_str(letter["message"].as_str().unwrap()).unwrap();
    message["ALARM_DATA_UUID"].as_str().unwrap().to_owned()
}
