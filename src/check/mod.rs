//! Checks of the path that alerts take, between two alerts. EventBridge Scheduler asks the relay for them.
//!
//! A *self-check* is silent. The relay reads both secrets, connects to the push URL's host, and puts a letter into the
//! retry queue, which `redeliver` takes out. A *self-test* does the same and pushes a test alert that closes itself.
//!
//! Each check writes a metric, `SelfCheck` or `SelfTest`: 1 if it passed, 0 if not. For a self-check with queues,
//! `redeliver` writes the 1. So a missing 1 is a failure, too, and an alarm takes it for one.

mod event;
mod letter;

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use bytes::Bytes;
use lambda_http::LambdaEvent;
use lambda_http::request::LambdaRequest;
use serde::Serialize;
use tracing::{error, info, warn};

pub use event::{Check, RelayEvent};
pub(crate) use letter::take_out;

use crate::config::{Config, QueueUrls};
use crate::deadline::{Deadline, NoTimeLeft, PUSH_BUDGET, TIME_TO_QUEUE, epoch_millis};
use crate::flashduty::{Client, Effort, Integration, PushError, PushUrl, TitleRule, reach};
use crate::language::Language;
use crate::platform::http::Http;
use crate::platform::metrics::{self, Metrics, NO_FUNCTION, Tally, write_check};
use crate::queue::{QueueError, Queues};
use crate::secrets::{SecretErrors, SecretStore};
use crate::translate::{Context, self_test};
use letter::CheckLetter;

/// How long the push URL's host may take to answer.
const TIME_TO_REACH: Duration = Duration::from_secs(5);

/// ZStack's own test message (`docs/protocols/zstack.md`, "Send Test Message"), for an integration of kind *ZStack*.
const TEST_MESSAGE: &str = concat!(
    r#""{\n    \"product\": \"zstack\",\n    \"service\": \"zstack\",\n    \"metric\": \"ZStack::CPU\",\n"#,
    r#"    \"alertLevel\": 1,\n    \"alertTime\": \"1111\",\n    \"dimensions\": \"aaa\",\n"#,
    r#"    \"message\": \"CPU >= 100\",\n    \"dataSource\": \"zstack\"\n}""#
);

/// Performs checks in the relay.
#[derive(Debug)]
pub struct Checks {
    secrets: Arc<SecretStore>,
    http: Http,
    aws: SdkConfig,
    queues: Option<QueueUrls>,
    title_rule: TitleRule,
    language: Language,
    function: String,
}

/// The answer to an event of the relay.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum RelayAnswer<T> {
    /// To a check. Nobody waits for it but a person who invokes the function by hand.
    Check {
        /// Whether every step of the relay worked.
        ok: bool,
        /// What failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// To a request.
    Request(T),
}

/// Why a check failed, by its step.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Settings(#[from] SecretErrors),
    #[error(transparent)]
    Connection(PushError),
    #[error(transparent)]
    Push(PushError),
    #[error("{0}; check the relay's role, the queue's policy and its KMS key")]
    Queue(#[from] QueueError),
    #[error("the time ran out before the parameters were read; check the function's way to SSM")]
    NoTimeLeft(#[from] NoTimeLeft),
}

impl Failure {
    /// The word for logs.
    fn step(&self) -> &'static str {
        match self {
            Self::Settings(_) | Self::NoTimeLeft(_) => "settings",
            Self::Connection(_) => "connection",
            Self::Push(_) => "push",
            Self::Queue(_) => "queue",
        }
    }
}

impl Checks {
    /// Checks of what these parts do. They share the secrets and the connections of deliveries.
    #[must_use]
    pub fn new(secrets: Arc<SecretStore>, http: Http, aws: SdkConfig, config: &Config) -> Self {
        let (queues, title_rule, language) = (config.queues.clone(), config.title_rule.clone(), config.language);
        let function = config.function_name.clone().unwrap_or_else(|| NO_FUNCTION.to_owned());
        Self { secrets, http, aws, queues, title_rule, language, function }
    }

    /// Answers an event: performs the check that it asks for, or has `webhook` answer the request.
    pub async fn or<T, R: Future<Output = T>>(
        &self,
        event: LambdaEvent<RelayEvent>,
        webhook: impl FnOnce(LambdaEvent<LambdaRequest>) -> R,
    ) -> RelayAnswer<T> {
        let LambdaEvent { payload, context } = event;
        match payload {
            RelayEvent::Request(request) => {
                RelayAnswer::Request(webhook(LambdaEvent { payload: *request, context }).await)
            }
            RelayEvent::Check(check) => {
                let deadline = Deadline::of_invocation(context.deadline);
                let error = self.perform(check, &context.request_id, deadline).await;
                RelayAnswer::Check { ok: error.is_none(), error }
            }
        }
    }

    /// Performs a check, logs how it ended, and writes its metric. Returns what failed.
    async fn perform(&self, check: Check, request_id: &str, deadline: Deadline) -> Option<String> {
        let done = Box::pin(self.steps(check, request_id, deadline)).await;
        self.count_failed_reads(request_id);
        let name = check.as_str();
        match done {
            Ok(()) => {
                // With queues, `redeliver` finishes a self-check.
                if check == Check::SelfTest || self.queues.is_none() {
                    write_check(&self.function, request_id, check.metric(), true);
                }
                info!(request_id, "every step of the {name} in this function worked");
                None
            }
            Err(failure) => {
                write_check(&self.function, request_id, check.metric(), false);
                error!(request_id, step = failure.step(), "the {name} failed: {failure}");
                Some(failure.to_string())
            }
        }
    }

    /// Every step, up to the first that fails.
    async fn steps(&self, check: Check, request_id: &str, deadline: Deadline) -> Result<(), Failure> {
        let secrets = self.secrets.own().read_now(deadline).await?;
        secrets.check()?;
        let url = secrets.push_url.value().map_err(|why| SecretErrors::from(why.clone()))?;
        reach(&self.http, url, deadline.at_most(TIME_TO_REACH)).await.map_err(Failure::Connection)?;
        if check == Check::SelfTest {
            self.push_test(url, request_id, deadline).await.map_err(Failure::Push)?;
        }
        let Some(urls) = &self.queues else { return Ok(()) };
        let letter = CheckLetter {
            check: check.as_str().to_owned(),
            function: self.function.clone(),
            request_id: request_id.to_owned(),
            sent: epoch_millis(),
        };
        // A client of its own, so that the relay does not take this letter for an alert that waits.
        let queues = Queues::connect(&self.aws, urls.clone());
        Ok(queues.send_check(&letter.to_json(), request_id, deadline.at_most(TIME_TO_QUEUE)).await?)
    }

    /// Pushes what the kind of the integration takes as a test.
    async fn push_test(&self, url: &PushUrl, request_id: &str, deadline: Deadline) -> Result<(), PushError> {
        let bodies = match url.integration() {
            Integration::Zstack => vec![Bytes::from_static(TEST_MESSAGE.as_bytes())],
            Integration::Standard => {
                let title_rule = self.title_rule.clone();
                let context = Context { title_rule, language: self.language, ..Context::default() };
                self_test(&context).events.iter().map(|event| event.to_json().into()).collect()
            }
        };
        let client = Client::new(self.http.clone());
        for body in bodies {
            let push_by = deadline.before(TIME_TO_QUEUE).at_most(PUSH_BUDGET);
            match client.push(url, body, Effort::Until(push_by), None).await.result {
                Ok(_) => {}
                Err(why) => {
                    let Some(said) = why.of_missing_route() else { return Err(why) };
                    warn!(
                        request_id,
                        "no route of the shared integration takes the self-test, so nobody sees it, but the way to \
                         Flashduty works: {said}"
                    );
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Counts reads of SSM that failed, as after a request.
    fn count_failed_reads(&self, request_id: &str) {
        let mut tally = Tally::default();
        tally.settings_errors += self.secrets.take_failures();
        Metrics::new(Some(self.function.clone())).write(request_id, None, metrics::CHECKED, tally);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_test_message_is_zstacks() {
        let sample: Value = serde_json::from_str(include_str!("../../events/test-message.json")).unwrap();
        assert_eq!(sample["body"], TEST_MESSAGE);
    }
}
