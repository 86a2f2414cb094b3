//! The HTTP edge: who may call, and how each outcome is answered, logged and counted.

mod admit;
mod answer;
mod caller;
mod count;
mod log;
mod request;
mod texts;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use lambda_http::http::Method;
use lambda_http::http::header::{ALLOW, WWW_AUTHENTICATE};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, LambdaEvent, Request, Response, Service as _, service_fn};
use serde::Serialize;
use tracing::error;

pub use admit::{MAX_BODY, admit};
pub use caller::url_labels;

use crate::deadline::Deadline;
use crate::delivery::{Outcome, Summary};
use crate::error::Rejection;
use crate::language::Language;
use crate::platform::metrics::Metrics;
use crate::relay::{Relay, RequestInfo};
use crate::secrets::SecretStore;
use request::{Received, Url};

/// How much of a body that is too large is logged, in characters.
const LOGGED: usize = 2_000;

/// Answers requests that reach the function through API Gateway or a function URL.
#[derive(Debug)]
pub struct Webhook {
    secrets: Arc<SecretStore>,
    relay: Relay,
    metrics: Metrics,
    language: Language,
}

impl Webhook {
    /// A webhook that checks callers against `secrets`, and hands admitted bodies to `relay`. It answers in `language`.
    #[must_use]
    pub fn new(secrets: Arc<SecretStore>, relay: Relay, metrics: Metrics, language: Language) -> Self {
        Self { secrets, relay, metrics, language }
    }

    /// Answers one invocation: an event of API Gateway (payload format 1.0 or 2.0) or of a function URL. Every outcome
    /// is an HTTP answer.
    pub async fn invoke(&self, mut event: LambdaEvent<LambdaRequest>) -> impl Serialize + use<> {
        let received = Received::take(&mut event.payload);
        let invocation = Invocation {
            webhook: self,
            request_id: event.context.request_id.clone(),
            deadline: Deadline::of_invocation(event.context.deadline),
            started: Instant::now(),
        };
        let Ok(answer) = Adapter::from(service_fn(|request| invocation.answer(request, &received))).call(event).await;
        answer
    }
}

/// One request on its way to its answer.
struct Invocation<'a> {
    webhook: &'a Webhook,
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
            Err(rejection) => return self.reject(request, rejection, None),
        };
        match *request.method() {
            Method::GET if url.is_health() => self.health(request).await,
            Method::HEAD if url.is_health() => self.health(request).await.map(|_| Body::Empty),
            Method::POST => match self.accept(request, url, &received.body).await {
                Ok(outcomes) => {
                    let summary = Summary::of(&outcomes);
                    self.report(request, Ok(&summary));
                    answer::of_summary(&self.request_id, &summary, self.webhook.language)
                }
                Err(rejection) => {
                    let challenge = r#"Basic realm="zstack-flashduty", charset="UTF-8""#;
                    let unauthorized = matches!(rejection, Rejection::Unauthorized { .. });
                    self.reject(request, &rejection, unauthorized.then_some((WWW_AUTHENTICATE, challenge)))
                }
            },
            ref other => {
                let allow = if url.is_health() { "GET, HEAD, POST" } else { "POST" };
                let rejection = Rejection::MethodNotAllowed { method: other.to_string() };
                self.reject(request, &rejection, Some((ALLOW, allow)))
            }
        }
    }

    /// Checks the caller first and the body second, so that a stranger learns nothing about bodies.
    async fn accept(
        &self,
        request: &Request,
        url: &Url,
        body: &Result<Bytes, Rejection>,
    ) -> Result<Vec<Outcome>, Rejection> {
        let secrets = self.authenticate(request, url).await?;
        let body = body.as_ref().map_err(Clone::clone)?;
        admit(body).inspect_err(|rejection| {
            if matches!(rejection, Rejection::BodyTooLarge { .. }) {
                let beginning: String = String::from_utf8_lossy(body).chars().take(LOGGED).collect();
                error!(
                    request_id = self.request_id,
                    zstack_message = beginning,
                    "the beginning of a message that is too large"
                );
            }
        })?;
        let info = RequestInfo { id: self.request_id.clone(), url_labels: caller::labels(url) };
        Ok(self.webhook.relay.relay(body, info, secrets, self.deadline).await)
    }

    /// `GET` or `HEAD /health`: whether SSM gave both secrets when it was last asked, and nothing else. The log says
    /// more.
    async fn health(&self, request: &Request) -> Response<Body> {
        let health = match self.webhook.secrets.get(self.deadline).await {
            Ok(secrets) => secrets.check().map_err(Rejection::from),
            Err(late) => Err(late.into()),
        };
        let nothing = Summary::of(&[]);
        self.report(request, health.as_ref().map(|()| &nothing));
        answer::health(&self.request_id, health.is_ok())
    }

    fn reject(&self, request: &Request, rejection: &Rejection, header: Option<answer::Header>) -> Response<Body> {
        self.report(request, Err(rejection));
        answer::of_rejection(&self.request_id, rejection, self.webhook.language, header)
    }

    /// Writes the request's line in the log, and its line for the metrics.
    fn report(&self, request: &Request, result: Result<&Summary<'_>, &Rejection>) {
        log::write(request, &self.request_id, self.started.elapsed(), result);
        let (outcome, mut tally) = count::count(result);
        tally.settings_errors += self.webhook.secrets.take_failures();
        self.webhook.metrics.write(&self.request_id, outcome, tally);
    }
}
