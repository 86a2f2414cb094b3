//! The push endpoint, between HTTP and [`Flashduty`](crate::flashduty::Flashduty).

use std::collections::HashMap;
use std::future::pending;
use std::io;
use std::time::UNIX_EPOCH;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header, response};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use standin_server::Hangup;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::answer::{Answer, Reply};
use crate::received::Received;
use crate::shared::Shared;

/// Handles every request that is not for a control endpoint.
pub(crate) async fn push(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = received(&method, &uri, &headers, &body);
    let reply = shared.lock().push(request, Instant::now());
    match reply {
        Reply::Whole(answer) => whole(answer),
        Reply::Late(answer, delay) => {
            sleep(delay).await;
            whole(answer)
        }
        Reply::Cut(answer) => cut(answer),
        Reply::Close => Extension(Hangup).into_response(),
        Reply::Hang => pending().await,
    }
}

/// Answers a request for the root of the host.
pub(crate) async fn root() -> Response {
    whole(Answer::refused(404, "RouteNotFound", "no such route"))
}

fn received(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Received {
    let header = |name: header::HeaderName| {
        let value = headers.get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let key = Query::<HashMap<String, String>>::try_from_uri(uri)
        .ok()
        .and_then(|Query(mut parameters)| parameters.remove("integration_key"));
    Received {
        // 0 if the clock is before 1970.
        at: UNIX_EPOCH.elapsed().map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)),
        method: method.to_string(),
        url: format!("http://{}{uri}", header(header::HOST).unwrap_or_default()),
        path: uri.path().to_owned(),
        key,
        content_type: header(header::CONTENT_TYPE),
        headers: headers
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes());
                (name.to_string(), value.into_owned())
            })
            .collect(),
        body: body.to_vec(),
        fault: None,
        status: None,
        violations: Vec::new(),
        alert_key: None,
    }
}

fn whole(answer: Answer) -> Response {
    send(head(&answer).body(Body::from(answer.body)))
}

/// Half of the answer and then an error, which makes hyper drop the connection.
fn cut(answer: Answer) -> Response {
    let head = head(&answer);
    let mut body = Bytes::from(answer.body);
    body.truncate(body.len() / 2);
    let error = async {
        // hyper sends the first half only while it waits for the second.
        yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    };
    let body = stream::iter([Ok(body)]).chain(stream::once(error));
    send(head.body(Body::from_stream(body)))
}

fn head(answer: &Answer) -> response::Builder {
    let head = Response::builder().status(answer.status).header(header::CONTENT_TYPE, answer.content_type);
    match &answer.retry_after {
        Some(retry_after) => head.header(header::RETRY_AFTER, retry_after),
        None => head,
    }
}

/// The fault of a test may have an answer that is not valid HTTP.
fn send(response: axum::http::Result<Response>) -> Response {
    response.unwrap_or_else(|error| {
        let message = format!("the stand-in cannot answer like this: {error}");
        (StatusCode::INTERNAL_SERVER_ERROR, message).into_response()
    })
}
