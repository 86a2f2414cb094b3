//! The HTTP edge: who may call, and what each outcome answers.

mod answer;
mod caller;
mod count;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lambda_http::http::Method;
use lambda_http::http::header::{ALLOW, HOST, WWW_AUTHENTICATE};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, LambdaEvent, Request, RequestExt as _, Response, Service as _, service_fn};
use serde::Serialize;
use tracing::error;
use url::form_urlencoded;

pub use caller::url_labels;

use crate::deadline::Deadline;
use crate::error::Error;
use crate::logging::in_one_piece;
use crate::metrics::Metrics;
use crate::relay::{Origin, Outcome, Relay};

/// The largest body that is taken, in bytes. ZStack's own messages have a few thousand.
pub const MAX_BODY: usize = 128 * 1024;

/// How much of a body that is too large is logged, in characters.
const LOGGED: usize = 2_000;

/// Answers one invocation: an API Gateway event (payload format 1.0 or 2.0) or a function URL's.
///
/// # Errors
///
/// None: every outcome is an HTTP answer.
pub async fn invoke(
    relay: Arc<Relay>,
    metrics: Arc<Metrics>,
    mut event: LambdaEvent<LambdaRequest>,
) -> Result<impl Serialize, Infallible> {
    let body = take_body(&mut event.payload);
    let invocation = Invocation {
        relay: &relay,
        metrics: &metrics,
        request_id: event.context.request_id.clone(),
        deadline: Deadline::of_invocation(event.context.deadline),
        started: Instant::now(),
    };
    Adapter::from(service_fn(|request| invocation.answer(request, &body))).call(event).await
}

/// Takes the body out of an event, and what is of no use here but makes `lambda_http` panic where it is
/// not as expected: a body that is not the base64 that it claims to be, a host that is none, a query
/// string or a path with characters that have no place in a URL.
fn take_body(event: &mut LambdaRequest) -> Result<Vec<u8>, Error> {
    let (body, is_base64) = match event {
        LambdaRequest::ApiGatewayV1(event) => {
            event.headers.remove(HOST);
            event.multi_value_headers.remove(HOST);
            event.request_context.domain_name = None;
            event.path = event.path.take().map(rooted);
            (event.body.take(), event.is_base64_encoded)
        }
        LambdaRequest::ApiGatewayV2(event) => {
            event.headers.remove(HOST);
            event.request_context.domain_name = None;
            event.raw_path = event.raw_path.take().map(rooted);
            event.raw_query_string = event.raw_query_string.take().map(|query| {
                form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(form_urlencoded::parse(query.as_bytes()))
                    .finish()
            });
            (event.body.take(), event.is_base64_encoded)
        }
        _ => (None, false),
    };
    let body = body.unwrap_or_default();
    if is_base64 { BASE64_STANDARD.decode(body).map_err(|_| Error::InvalidBase64) } else { Ok(body.into_bytes()) }
}

fn rooted(path: String) -> String {
    if path.starts_with('/') { path } else { format!("/{path}") }
}

struct Invocation<'a> {
    relay: &'a Relay,
    metrics: &'a Metrics,
    request_id: String,
    deadline: Deadline,
    started: Instant,
}

impl Invocation<'_> {
    async fn answer(&self, request: Request, body: &Result<Vec<u8>, Error>) -> Result<Response<Body>, Infallible> {
        Ok(self.route(&request, body).await)
    }

    async fn route(&self, request: &Request, body: &Result<Vec<u8>, Error>) -> Response<Body> {
        let is_health = request.raw_http_path().ends_with("/health");
        match *request.method() {
            Method::GET if is_health => return self.health(request).await,
            Method::POST => {}
            ref other => {
                let allow = if is_health { "GET, POST" } else { "POST" };
                return self.failed(
                    request,
                    &Error::MethodNotAllowed { method: other.to_string() },
                    Some((ALLOW, allow)),
                );
            }
        }
        match self.deliver(request, body).await {
            Ok(outcomes) => {
                self.tell(request, Ok(&outcomes));
                answer::of_outcomes(&self.request_id, &outcomes)
            }
            Err(error @ Error::Unauthorized { .. }) => self.failed(
                request,
                &error,
                Some((WWW_AUTHENTICATE, r#"Basic realm="zstack-flashduty", charset="UTF-8""#)),
            ),
            Err(error) => self.failed(request, &error, None),
        }
    }

    async fn deliver(&self, request: &Request, body: &Result<Vec<u8>, Error>) -> Result<Vec<Outcome>, Error> {
        let secrets = self.authenticate(request).await?;
        let body = body.as_ref().map_err(Clone::clone)?;
        if body.len() > MAX_BODY {
            let beginning: String = String::from_utf8_lossy(body).chars().take(LOGGED).collect();
            error!(request_id = self.request_id, zstack_message = beginning, "a message that is too large begins so");
            return Err(Error::BodyTooLarge { bytes: body.len(), limit: MAX_BODY });
        }
        if body.trim_ascii().is_empty() {
            return Err(Error::EmptyBody);
        }
        let from = Origin { request_id: self.request_id.clone(), url_labels: caller::labels(request) };
        Ok(self.relay.deliver(body, from, secrets, self.deadline).await)
    }

    /// `GET /health`: whether the settings can be read, and nothing else. The log says more.
    async fn health(&self, request: &Request) -> Response<Body> {
        let health = self.relay.settings().check(self.deadline).await;
        self.tell(request, health.as_ref().map(|()| &[][..]));
        answer::health(&self.request_id, health.is_ok())
    }

    fn failed(&self, request: &Request, error: &Error, header: Option<answer::Header>) -> Response<Body> {
        self.tell(request, Err(error));
        answer::of_error(&self.request_id, error, header)
    }

    /// The request's line in the log, and its line for the metrics.
    fn tell(&self, request: &Request, result: Result<&[Outcome], &Error>) {
        in_one_piece(|| {
            answer::log(request, &self.request_id, self.started.elapsed(), result);
            let (ended, mut tally) = count::count(result);
            tally.settings_errors += self.relay.settings().take_failures();
            self.metrics.write(&self.request_id, ended, tally);
        });
    }
}
