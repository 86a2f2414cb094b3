//! The client that pushes events.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hyper::body::Bytes;
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use tokio::time::{Instant, sleep, timeout_at};

use super::answer::{self, Receipt};
use super::pace::Pace;
use super::push_url::PushUrl;
use super::retry;
use crate::deadline::{Deadline, NoTimeLeft};
use crate::error::{DeliveryError, causes};
use crate::platform::http::Http;

/// How long one try may take, from opening the connection to the end of the answer.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one try on an old connection may take until it is repeated on a new one. Flashduty answers within a
/// few hundred milliseconds, from another continent too; an event that arrives twice changes nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// How much of an answer is read, in bytes. Flashduty's have a few hundred.
const MAX_ANSWER: usize = 64 * 1024;

/// Pushes events to Flashduty, and tries again where that may help. Keeps a connection open between
/// pushes.
#[derive(Clone, Debug)]
pub struct Client {
    http: Http,
    pace: Option<Arc<Pace>>,
}

/// What became of a push.
#[derive(Debug)]
pub struct Pushed {
    /// Flashduty's word that it has the event, or why it has not.
    pub result: Result<Receipt, DeliveryError>,
    /// How often it was tried.
    pub attempts: u32,
    /// How long that took, pauses included.
    pub took: Duration,
    /// What Flashduty's last answer asked to wait before the next try.
    pub retry_after: Option<Duration>,
}

/// A try that failed.
struct Failure {
    error: DeliveryError,
    /// What `Retry-After` asked for.
    retry_after: Option<Duration>,
}

impl From<DeliveryError> for Failure {
    fn from(error: DeliveryError) -> Self {
        Self { error, retry_after: None }
    }
}

impl Client {
    /// A client that pushes with `http`.
    #[must_use]
    pub fn new(http: Http) -> Self {
        Self { http, pace: None }
    }

    /// A client that pushes with `http`, and not faster than Flashduty's rate limit allows.
    #[must_use]
    pub fn paced(http: Http) -> Self {
        Self { http, pace: Some(Arc::new(Pace::new())) }
    }

    /// Pushes one body to Flashduty until it is taken, refused, or `deadline` comes; in between it waits
    /// as the retry policy says.
    ///
    /// The result is [`DeliveryError::NoTimeLeft`] if `deadline` came before the first try was through, else the last
    /// try's [`DeliveryError::Refused`], [`DeliveryError::Unavailable`] or [`DeliveryError::Unreachable`].
    pub async fn push(&self, url: &PushUrl, body: Bytes, deadline: Deadline) -> Pushed {
        let Some(pace) = &self.pace else { return self.push_now(url, body, deadline).await };
        pace.wait().await;
        let pushed = self.push_now(url, body, deadline).await;
        pace.count(pushed.attempts).await;
        pushed
    }

    async fn push_now(&self, url: &PushUrl, body: Bytes, deadline: Deadline) -> Pushed {
        let started = Instant::now();
        let mut attempts = 0;
        let mut last = DeliveryError::from(NoTimeLeft);
        let mut retry_after = None;
        while !deadline.left().is_zero() {
            let failure = match self.attempt(url, body.clone(), deadline).await {
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
            if !last.is_retryable() || pause >= deadline.left() {
                break;
            }
            sleep(pause).await;
        }
        Pushed { result: Err(last), attempts, took: started.elapsed(), retry_after }
    }

    async fn attempt(&self, url: &PushUrl, body: Bytes, deadline: Deadline) -> Result<Receipt, Failure> {
        let limit = Instant::now() + ATTEMPT_TIMEOUT;
        match timeout_at(limit.min(deadline.at()), self.exchange(url, body)).await {
            Ok(outcome) => outcome,
            Err(_) if deadline.at() < limit => Err(DeliveryError::from(NoTimeLeft).into()),
            Err(_) => Err(unreachable(url, &format!("no answer within {ATTEMPT_TIMEOUT:?}")).into()),
        }
    }

    async fn exchange(&self, url: &PushUrl, body: Bytes) -> Result<Receipt, Failure> {
        let run = || exchange_once(self.http.client(), url, body.clone());
        let exchanged = self.http.exchange(PATIENCE, run).await;
        // reqwest prints the URL, credential and all: it is taken out.
        let (status, retry_after, body) = exchanged.map_err(|error| unreachable(url, &causes(&error.without_url())))?;
        answer::read(url, status, &body).map_err(|error| Failure { error, retry_after })
    }
}

/// The status of an answer, what its `Retry-After` asks for, and its body.
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

fn unreachable(url: &PushUrl, what: &str) -> DeliveryError {
    DeliveryError::Unreachable { host: url.host().to_owned(), what: answer::quote(url, what) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::PUSH_BUDGET;
    use crate::platform::http::CONNECT_TIMEOUT;

    #[test]
    fn a_try_and_its_connection_take_a_fraction_of_the_budget_each() {
        assert!(3 * ATTEMPT_TIMEOUT <= 2 * PUSH_BUDGET, "and there is time for another");
        assert!(2 * CONNECT_TIMEOUT <= ATTEMPT_TIMEOUT);
        assert!(PATIENCE + CONNECT_TIMEOUT < ATTEMPT_TIMEOUT);
    }
}
