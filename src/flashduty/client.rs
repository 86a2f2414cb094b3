//! The client that pushes events.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use tokio::time::{Instant, sleep, timeout};

use super::answer::{self, Receipt};
use super::error::{NoAnswer, PushError};
use super::pace::Pace;
use super::push_url::PushUrl;
use super::quote::Quote;
use super::retry;
use crate::deadline::{Deadline, NoTimeLeft};
use crate::platform::causes;
use crate::platform::http::Http;

/// Limit for one attempt, from opening the connection to the end of the answer.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// The same for a push that has one attempt only: others wait for their turn.
const SHORT_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
/// After this time on a reused connection, the request is sent again on a new one: the old connection may be dead.
/// Flashduty answers within a few hundred milliseconds, even from another continent. An event that arrives twice
/// changes nothing.
const REPEAT_AFTER: Duration = Duration::from_secs(1);
/// Reading stops after this many bytes of an answer. Flashduty's answers have a few hundred.
const MAX_ANSWER: usize = 64 * 1024;

/// Pushes events to Flashduty and retries if that may help. The connection stays open between pushes.
#[derive(Clone, Debug)]
pub struct Client {
    http: Http,
    pace: Option<Arc<Pace>>,
}

/// How much is done for one push.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Effort {
    /// As many attempts as there is time for.
    Until(Deadline),
    /// One attempt, which is shorter than others and ends before the deadline.
    Once(Deadline),
}

impl Effort {
    /// When it must end.
    pub fn deadline(self) -> Deadline {
        match self {
            Self::Until(deadline) | Self::Once(deadline) => deadline,
        }
    }
}

/// The result of a push, with all its attempts.
#[derive(Debug)]
pub struct Pushed<E = PushError> {
    /// Flashduty's confirmation, or the error that ended the push.
    pub(crate) result: Result<Receipt, E>,
    /// The number of attempts; 0 if none was made.
    pub(crate) attempts: u32,
    /// The duration of all attempts and of the pauses between them.
    pub(crate) took: Duration,
    /// The `Retry-After` of Flashduty's last answer.
    pub(crate) retry_after: Option<Duration>,
}

/// A failed attempt.
struct Failure {
    error: PushError,
    retry_after: Option<Duration>,
}

impl From<PushError> for Failure {
    fn from(error: PushError) -> Self {
        Self { error, retry_after: None }
    }
}

impl Client {
    /// Creates a client that shares the connections of `http`.
    #[must_use]
    pub fn new(http: Http) -> Self {
        Self { http, pace: None }
    }

    /// Creates a client that does not push to any push URL faster than Flashduty's rate limit allows. Its clones share
    /// the pace.
    #[must_use]
    pub fn paced(http: Http) -> Self {
        Self { http, pace: Some(Arc::default()) }
    }

    /// Pushes `body` until Flashduty accepts or refuses it, or until the effort is made. The pauses between attempts are
    /// random. They get longer on average, and are never shorter than a `Retry-After` asks for.
    ///
    /// The result is [`PushError::NoTimeLeft`] if there was too little time for an attempt. Otherwise a failure is the
    /// last complete attempt's [`PushError::Refused`], [`PushError::Unavailable`], [`PushError::Foreign`] or [`PushError::Unreachable`].
    pub(crate) async fn push(&self, url: &PushUrl, body: Bytes, effort: Effort) -> Pushed {
        let Some(pace) = &self.pace else { return self.push_now(url, body, effort).await };
        pace.wait(url).await;
        let pushed = self.push_now(url, body, effort).await;
        pace.count(url, pushed.attempts);
        pushed
    }

    async fn push_now(&self, url: &PushUrl, body: Bytes, effort: Effort) -> Pushed {
        let started = Instant::now();
        let (deadline, once) = (effort.deadline(), matches!(effort, Effort::Once(_)));
        let limit = if once { SHORT_ATTEMPT_TIMEOUT } else { ATTEMPT_TIMEOUT };
        let mut attempts = 0;
        let mut last = PushError::from(NoTimeLeft);
        let mut retry_after = None;
        while !deadline.left().is_zero() {
            let failure = match self.attempt(url, body.clone(), limit.min(deadline.left())).await {
                Ok(receipt) => {
                    attempts += 1;
                    return Pushed { result: Ok(receipt), attempts, took: started.elapsed(), retry_after: None };
                }
                Err(failure) => failure,
            };
            attempts += 1;
            if failure.error != NoTimeLeft.into() || attempts == 1 {
                last = failure.error;
            }
            retry_after = failure.retry_after;
            let pause = retry::pause(attempts, retry_after);
            if once || !last.is_retryable() || pause >= deadline.left() {
                break;
            }
            sleep(pause).await;
        }
        Pushed { result: Err(last), attempts, took: started.elapsed(), retry_after }
    }

    async fn attempt(&self, url: &PushUrl, body: Bytes, limit: Duration) -> Result<Receipt, Failure> {
        match timeout(limit, self.exchange(url, body)).await {
            Ok(outcome) => outcome,
            Err(_) if limit < SHORT_ATTEMPT_TIMEOUT => Err(PushError::from(NoTimeLeft).into()),
            Err(_) => Err(unreachable(url, NoAnswer::Within(limit)).into()),
        }
    }

    async fn exchange(&self, url: &PushUrl, body: Bytes) -> Result<Receipt, Failure> {
        let run = || exchange_once(self.http.client(), url, body.clone());
        let exchanged = self.http.exchange(REPEAT_AFTER, run).await;
        // reqwest's errors print the URL, and the integration key is part of it.
        let failed = |error: reqwest::Error| NoAnswer::Failed(Quote::new(url, &causes(&error.without_url())));
        let (status, retry_after, body) = exchanged.map_err(|error| unreachable(url, failed(error)))?;
        answer::read(url, status, &body).map_err(|error| Failure { error, retry_after })
    }
}

/// The status, `Retry-After` and body of an answer.
type Answer = (u16, Option<Duration>, Vec<u8>);

async fn exchange_once(http: &reqwest::Client, url: &PushUrl, body: Bytes) -> Result<Answer, reqwest::Error> {
    let request = http.post(url.expose().clone()).header(CONTENT_TYPE, "application/json").body(body);
    let mut response = request.send().await?;
    let (status, retry_after) = (response.status().as_u16(), retry_after(&response));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            break;
        }
    }
    Ok((status, retry_after, body))
}

fn retry_after(response: &Response) -> Option<Duration> {
    retry::retry_after(response.headers().get(RETRY_AFTER)?.to_str().ok()?, SystemTime::now())
}

fn unreachable(url: &PushUrl, why: NoAnswer) -> PushError {
    PushError::Unreachable { host: url.host().to_owned(), why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::PUSH_BUDGET;
    use crate::platform::http::CONNECT_TIMEOUT;

    #[test]
    fn an_attempt_and_its_connection_take_a_fraction_of_the_budget_each() {
        assert!(3 * ATTEMPT_TIMEOUT <= 2 * PUSH_BUDGET, "and there is time for another");
        assert!(2 * CONNECT_TIMEOUT <= ATTEMPT_TIMEOUT);
        assert!(REPEAT_AFTER + CONNECT_TIMEOUT < ATTEMPT_TIMEOUT);
    }
}
