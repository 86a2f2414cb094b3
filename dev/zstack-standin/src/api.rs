//! The API, between HTTP and [`ZStack`].

use std::future::pending;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use standin_server::Hangup;
use tokio::time::sleep;

use crate::access::{Known, Who};
use crate::answer::Answer;
use crate::args::Args;
use crate::calls::{Call, Run};
use crate::fault::Fault;
use crate::found::{Found, find};
use crate::log::{Logged, mask};
use crate::query::Query;
use crate::refusal::Refusal;
use crate::shared::Shared;
use crate::zstack::ZStack;
use crate::{clock, jobs};

/// Where the API begins.
pub(crate) const ROOT: &str = "/zstack/v1";
/// What `apiTimeout` says: ZStack's limit for asynchronous calls.
const API_TIMEOUT_MILLIS: u64 = 1_800_000;

/// What is to be done when the state is no longer locked.
struct Decided {
    answer: Option<Answer>,
    job: Option<jobs::Started>,
    /// Where the log has the call.
    place: usize,
    fault: Option<Fault>,
}

/// Handles every request that is not for a control endpoint.
pub(crate) async fn call(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let decided = decide(&mut shared.lock(), method.as_str(), &uri, &headers, &body);
    let Decided { answer, job, place, fault } = decided;
    if let Some(started) = job {
        tokio::spawn(jobs::run(shared.clone(), started, fault.clone(), place));
    }
    match fault {
        Some(Fault::LoseAnswer | Fault::Close) => return Extension(Hangup).into_response(),
        Some(Fault::Hang) => pending().await,
        Some(Fault::Slow { millis }) => sleep(Duration::from_millis(millis)).await,
        _ => {}
    }
    let answer = answer.unwrap_or_else(|| Answer::plain(500, "the stand-in has no answer"));
    shared.lock().calls.change(place, |it| {
        it.status = Some(answer.status);
        let complaint = answer.content_type.starts_with("text/plain") && !answer.body.is_empty();
        it.complaint = complaint.then(|| answer.body.clone());
    });
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, answer.content_type);
    response.body(Body::from(answer.body)).unwrap_or_default()
}

fn decide(zstack: &mut ZStack, method: &str, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Decided {
    let header = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    let query = decoded_query(uri.query().unwrap_or_default());
    let text = body_text(body, header("content-type"));
    let mut shown: Value = serde_json::from_str(&text).unwrap_or_else(|_| text.as_str().into());
    mask(&mut shown);
    let place = zstack.calls.push(Logged {
        at: clock::now(),
        call: None,
        method: method.to_owned(),
        path: uri.path().to_owned(),
        query: query.iter().map(|(name, value)| format!("{name}={value}")).collect(),
        body: if body.is_empty() { Value::Null } else { shown },
        account: None,
        authorization: header("authorization").map(|it| it.split(' ').next().unwrap_or_default().to_owned()),
        status: None,
        complaint: None,
        job: None,
        job_status: None,
    });
    let mut decided = Decided { answer: None, job: None, place, fault: None };
    let Found { call, variables, parameters, tags } = match find(method, uri, &text) {
        Ok(found) => found,
        Err(answer) => return Decided { answer: Some(answer), ..decided },
    };
    zstack.calls.change(place, |it| it.call = Some(call.name.to_owned()));
    if let Some(status) = zstack.lacks.without_calls.get(call.name) {
        let answer = Some(Answer::plain(*status, "this version does not know the call"));
        return Decided { answer, ..decided };
    }
    decided.fault = zstack.faults.next(call.name);
    let mut refused = None;
    match &decided.fault {
        Some(Fault::EndSessions) => zstack.access.end_sessions(),
        Some(Fault::Plain { status, body }) => {
            return Decided { answer: Some(Answer::plain(*status, body)), ..decided };
        }
        Some(Fault::Close) => return decided,
        Some(Fault::Refuse(refusal)) => refused = Some(refusal.clone()),
        _ => {}
    }
    if header("x-web-hook").is_some() {
        let answer = Some(Answer::plain(400, "the stand-in calls nobody back"));
        return Decided { answer, ..decided };
    }
    let args = Args::new(variables, query, parameters, tags);
    let known = match call.run {
        Run::Open(_) | Run::Poll => Ok(Err(Refusal::new("ID.1001", "no session is needed"))),
        _ => {
            let path = format!("/v1{}", uri.path().strip_prefix(ROOT).unwrap_or_default());
            let zone = zstack.options.zone;
            zstack.access.known(header("authorization"), header("date"), method, &path, zone)
        }
    };
    if let Ok(Ok(Who(account))) = &known {
        zstack.calls.change(place, |it| it.account = Some(account.clone()));
    }
    match answer(zstack, call, args, known, refused, header("x-job-uuid")) {
        Ok(Ok(answer)) | Err(answer) => decided.answer = Some(answer),
        Ok(Err(started)) => {
            let location = format!("http://{}:8080{ROOT}/api-jobs/{}", zstack.options.node, started.uuid);
            let accepted = json!({"location": location, "apiTimeout": API_TIMEOUT_MILLIS});
            zstack.calls.change(place, |it| it.job = Some(started.uuid.clone()));
            decided.answer = Some(Answer::json(202, &accepted));
            decided.job = Some(*started);
        }
    }
    decided
}

/// The answer, or a job that is started. An outer error is the answer to a malformed call.
fn answer(
    zstack: &mut ZStack,
    call: &'static Call,
    mut args: Args,
    known: Known,
    refused: Option<Refusal>,
    job: Option<&str>,
) -> Result<Result<Answer, Box<jobs::Started>>, Answer> {
    let malformed = |text: String| Answer::plain(400, text);
    match call.run {
        Run::Poll => return Ok(Ok(jobs::poll(zstack, args.path("uuid")))),
        Run::Open(run) => {
            let result = match refused {
                Some(refusal) => Err(refusal),
                None => args.check(call.params).map_err(malformed)?.and_then(|()| run(zstack, &args)),
            };
            return Ok(Ok(Answer::result(result)));
        }
        _ => {}
    }
    let who = known?;
    let who = match refused {
        Some(refusal) => Err(refusal),
        None => who,
    };
    match call.run {
        Run::Query(table) => {
            let query = match args.path("uuid") {
                "" => Query::read(args.query()).map_err(malformed)?,
                uuid => Query::of_uuid(uuid),
            };
            let result = who.and_then(|who| {
                query.answer(table, zstack.seen(table, &who), &zstack.lacks.without_fields, zstack.options.zone)
            });
            Ok(Ok(Answer::result(result)))
        }
        Run::Get(run) => match who {
            Ok(who) => Ok(Ok(Answer::result(run(zstack, &who, &args).map_err(malformed)?))),
            Err(refusal) => Ok(Ok(Answer::result(Err(refusal)))),
        },
        _ => {
            let mut lacking = Ok(());
            for field in &zstack.lacks.without_fields {
                if args.remove(field).is_some() && zstack.lacks.refuse_fields {
                    lacking = Err(Refusal::argument(format!("unknown parameter {field}")));
                }
            }
            let checked = args.check(call.params).map_err(malformed)?;
            let who = who.and_then(|who| lacking.and(checked).map(|()| who));
            let uuid = jobs::start(zstack, job)?;
            Ok(Err(Box::new(jobs::Started { uuid, call, args, who })))
        }
    }
}

/// A body without a charset is read as ISO 8859-1, so that Chinese breaks: inferred.
fn body_text(body: &[u8], content_type: Option<&str>) -> String {
    let content_type = content_type.unwrap_or_default().to_ascii_lowercase();
    if content_type.contains("charset=utf-8") {
        String::from_utf8_lossy(body).into_owned()
    } else {
        body.iter().map(|it| char::from(*it)).collect()
    }
}

fn decoded_query(query: &str) -> Vec<(String, String)> {
    let decoded = |it: &str| {
        let blanks = it.replace('+', " ");
        percent_decode_str(&blanks).decode_utf8_lossy().into_owned()
    };
    query
        .split('&')
        .filter(|it| !it.is_empty())
        .map(|it| {
            let (name, value) = it.split_once('=').unwrap_or((it, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}
