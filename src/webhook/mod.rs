//! The HTTP edge: who may call, and what each outcome answers.

mod answer;
mod caller;
mod count;
mod request;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use lambda_http::http::Method;
use lambda_http::http::header::{ALLOW, WWW_AUTHENTICATE};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, LambdaEvent, Request, Response, Service as _, service_fn};
use serde::Serialize;
use tracing::error;

pub use caller::url_labels;
pub use request::MAX_URL;

use crate::deadline::Deadline;
use crate::error::Error;
use crate::platform::logging::in_one_piece;
use crate::platform::metrics::Metrics;
use crate::relay::{Origin, Outcome, Relay};
use request::{Received, Url};

/// The largest body that is taken, in bytes. ZStack's own messages have a few thousand.
pub const MAX_BODY: usize = 128 * 1024;

/// How much of a body that is too large is logged, in characters.
const LOGGED: usize = 2_000;

/// Answers one invocation: an API Gateway event (payload format 1.0 or 2.0) or a function URL's. Every outcome is
/// an HTTP answer.
pub async fn invoke(relay: Arc<Relay>, metrics: Arc<Metrics>, mut event: LambdaEvent<LambdaRequest>) -> impl Serialize {
    let received = Received::take(&mut event.payload);
    let invocation = Invocation {
        relay: &relay,
        metrics: &metrics,
        request_id: event.context.request_id.clone(),
        deadline: Deadline::of_invocation(event.context.deadline),
        started: Instant::now(),
    };
    let Ok(answer) = Adapter::from(service_fn(|request| invocation.answer(request, &received))).call(event).await;
    answer
}

struct Invocation<'a> {
    relay: &'a Relay,
    metrics: &'a Metrics,
    request_id: String,
    deadline: Deadline,
    started: Instant,
}

impl Invocation<'_> {
    async fn answer(&self, request: Request, received: &Received) -> Result<Response<Body>, Infallible> {
        Ok(self.route(&request, received).await)
    }

    async fn route(&self, request: &Request, received: &Received) -> Response<Body> {
        let url = match &received.url {
            Ok(url) => url,
            Err(error) => return self.failed(request, error, None),
        };
        match *request.method() {
            Method::GET if url.is_health() => return self.health(request).await,
            Method::HEAD if url.is_health() => return self.health(request).await.map(|_| Body::Empty),
            Method::POST => {}
            ref other => {
                let allow = if url.is_health() { "GET, HEAD, POST" } else { "POST" };
                return self.failed(
                    request,
                    &Error::MethodNotAllowed { method: other.to_string() },
                    Some((ALLOW, allow)),
                );
            }
        }
        match self.deliver(request, url, received.body.as_deref()).await {
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

    async fn deliver(&self, request: &Request, url: &Url, body: Result<&[u8], &Error>) -> Result<Vec<Outcome>, Error> {
        let secrets = self.authenticate(request, url).await?;
        let body = body.map_err(Clone::clone)?;
        if body.len() > MAX_BODY {
            let beginning: String = String::from_utf8_lossy(body).chars().take(LOGGED).collect();
            error!(request_id = self.request_id, zstack_message = beginning, "a message that is too large begins so");
            return Err(Error::BodyTooLarge { bytes: body.len(), limit: MAX_BODY });
        }
        if body.trim_ascii().is_empty() {
            return Err(Error::EmptyBody);
        }
        let from = Origin { request_id: self.request_id.clone(), url_labels: caller::labels(url) };
        Ok(self.relay.deliver(body, from, secrets, self.deadline).await)
    }

    /// `GET` or `HEAD /health`: whether the settings can be read, and nothing else. The log says more.
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
