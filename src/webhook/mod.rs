//! The HTTP edge: who may call, and how each outcome is answered, logged and counted.

mod admit;
mod answer;
mod caller;
mod count;
mod log;
mod request;
mod texts;

use std::convert::Infallible;
use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use lambda_http::http::Method;
use lambda_http::http::header::{ALLOW, WWW_AUTHENTICATE};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, IntoResponse, LambdaEvent, Request, Response, Service as _, service_fn};
use serde::Serialize;
use tracing::error;

pub use admit::{MAX_BODY, admit};
pub use caller::url_labels;

use crate::channel::Channel;
use crate::deadline::Deadline;
use crate::delivery::{Outcome, Summary};
use crate::error::Rejection;
use crate::language::Language;
use crate::platform::metrics::Metrics;
use crate::relay::{Relay, RequestInfo};
use crate::secrets::SecretStore;
use crate::sources::AllowedSources;
use request::{Received, Url};

/// How much of a body that is too large is logged, in characters.
const LOGGED: usize = 2_000;

/// Answers requests that reach the function through API Gateway or a function URL.
#[derive(Debug)]
pub struct Webhook {
    secrets: Arc<SecretStore>,
    relay: Relay,
    metrics: Metrics,
    allowed_sources: AllowedSources,
    language: Language,
}

impl Webhook {
    /// A webhook that checks callers against `allowed_sources` and `secrets`, and hands admitted bodies to `relay`. It
    /// answers in `language`.
    #[must_use]
    pub fn new(
        secrets: Arc<SecretStore>,
        relay: Relay,
        metrics: Metrics,
        allowed_sources: AllowedSources,
        language: Language,
    ) -> Self {
        Self { secrets, relay, metrics, allowed_sources, language }
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

/// An answer with a body of text. `lambda_http` would look up the charset of a plain `Response`, and the program would
/// hold the tables of all charsets for that.
struct Answer(Response<Body>);

impl IntoResponse for Answer {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        Box::pin(ready(self.0))
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
    async fn answer(&self, request: Request, received: &Received) -> Result<Answer, Infallible> {
        Ok(Answer(self.route(&request, received).await))
    }

    async fn route(&self, request: &Request, received: &Received) -> Response<Body> {
        if let Err(rejection) = self.check_source(request) {
            return self.reject(request, None, &rejection, None);
        }
        let url = match &received.url {
            Ok(url) => url,
            Err(rejection) => return self.reject(request, None, rejection, None),
        };
        match *request.method() {
            Method::GET if url.is_health() => self.health(request).await,
            Method::HEAD if url.is_health() => self.health(request).await.map(|_| Body::from("")),
            Method::POST => self.post(request, url, &received.body).await,
            ref other => {
                let allow = if url.is_health() { "GET, HEAD, POST" } else { "POST" };
                let rejection = Rejection::MethodNotAllowed { method: other.to_string() };
                self.reject(request, None, &rejection, Some((ALLOW, allow)))
            }
        }
    }

    async fn post(&self, request: &Request, url: &Url, body: &Result<Bytes, Rejection>) -> Response<Body> {
        let channel = match url.channel() {
            Ok(channel) => channel,
            Err(invalid) => return self.reject(request, None, &invalid.into(), None),
        };
        let channel = channel.as_ref();
        match self.accept(request, url, channel, body).await {
            Ok(outcomes) => {
                let summary = Summary::of(&outcomes);
                self.report(request, channel, Ok(&summary));
                answer::of_summary(&self.request_id, &summary, self.webhook.language)
            }
            Err(rejection) => {
                let challenge = r#"Basic realm="zstack-flashduty", charset="UTF-8""#;
                let unauthorized = matches!(rejection, Rejection::Unauthorized { .. });
                self.reject(request, channel, &rejection, unauthorized.then_some((WWW_AUTHENTICATE, challenge)))
            }
        }
    }

    /// Checks the caller first, the channel second and the body third, so that a stranger learns nothing about channels
    /// and bodies.
    async fn accept(
        &self,
        request: &Request,
        url: &Url,
        channel: Option<&Channel>,
        body: &Result<Bytes, Rejection>,
    ) -> Result<Vec<Outcome>, Rejection> {
        let secrets = self.authenticate(request, url, channel).await?;
        if let (Some(channel), Some(parameter)) = (channel, secrets.missing_channel()) {
            return Err(Rejection::UnknownChannel { channel: channel.clone(), parameter: parameter.to_owned() });
        }
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
        let info =
            RequestInfo { id: self.request_id.clone(), channel: channel.cloned(), url_labels: caller::labels(url) };
        Ok(self.webhook.relay.relay(body, info, secrets, self.deadline).await)
    }

    /// `GET` or `HEAD /health`: whether SSM gave both secrets of the stack when it was last asked, and nothing else. The
    /// log says more.
    async fn health(&self, request: &Request) -> Response<Body> {
        let health = match self.webhook.secrets.own().get(self.deadline).await {
            Ok(secrets) => secrets.check().map_err(Rejection::from),
            Err(late) => Err(late.into()),
        };
        let nothing = Summary::of(&[]);
        self.report(request, None, health.as_ref().map(|()| &nothing));
        answer::health(&self.request_id, health.is_ok())
    }

    fn reject(
        &self,
        request: &Request,
        channel: Option<&Channel>,
        rejection: &Rejection,
        header: Option<answer::Header>,
    ) -> Response<Body> {
        self.report(request, channel, Err(rejection));
        answer::of_rejection(&self.request_id, rejection, self.webhook.language, header)
    }

    /// Writes the request's line in the log, and its line for the metrics.
    fn report(&self, request: &Request, channel: Option<&Channel>, result: Result<&Summary<'_>, &Rejection>) {
        log::write(request, &self.request_id, channel, self.started.elapsed(), result);
        let (outcome, mut tally) = count::count(result);
        tally.settings_errors += self.webhook.secrets.take_failures();
        self.webhook.metrics.write(&self.request_id, channel, outcome, tally);
    }
}
