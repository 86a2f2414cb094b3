//! The client that pushes events.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use tokio::time::{Instant, timeout_at};

use super::answer::{self, Receipt};
use super::push_url::PushUrl;
use crate::deadline::Deadline;
use crate::error::{Error, causes};

/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// How long one push may take, from opening the connection to the end of the answer.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// How much of an answer is read, in bytes. Flashduty's have a few hundred.
const MAX_ANSWER: usize = 64 * 1024;

/// Pushes events to Flashduty. Keeps connections open between pushes.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
}

impl Client {
    /// A client with a connection pool of its own.
    ///
    /// # Errors
    ///
    /// Where TLS cannot be set up, such as for want of root certificates.
    pub fn new() -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            // A redirect would carry the credential to somebody else.
            .redirect(Policy::none())
            .build()?;
        Ok(Self { http })
    }

    /// Pushes one body to Flashduty and reads the answer.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`], [`Error::Unavailable`] or [`Error::Unreachable`], or [`Error::NoTimeLeft`]
    /// where `deadline` comes before the answer.
    pub async fn push(&self, url: &PushUrl, body: Vec<u8>, deadline: Deadline) -> Result<Receipt, Error> {
        let now = Instant::now();
        if deadline.at() <= now {
            return Err(Error::NoTimeLeft);
        }
        let attempt = now + ATTEMPT_TIMEOUT;
        match timeout_at(attempt.min(deadline.at()), self.attempt(url, body)).await {
            Ok(outcome) => outcome,
            Err(_) if deadline.at() < attempt => Err(Error::NoTimeLeft),
            Err(_) => Err(unreachable(url, &format!("no answer within {} s", ATTEMPT_TIMEOUT.as_secs()))),
        }
    }

    async fn attempt(&self, url: &PushUrl, body: Vec<u8>) -> Result<Receipt, Error> {
        let request = self.http.post(url.expose().clone()).header(CONTENT_TYPE, "application/json").body(body);
        let mut response = request.send().await.map_err(|error| describe(url, error))?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| describe(url, error))? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_ANSWER {
                break;
            }
        }
        answer::read(url, status, &body)
    }
}

/// A transport error. reqwest prints the URL, credential and all: it is taken out.
fn describe(url: &PushUrl, error: reqwest::Error) -> Error {
    unreachable(url, &causes(&error.without_url()))
}

fn unreachable(url: &PushUrl, what: &str) -> Error {
    Error::Unreachable { host: url.host().to_owned(), what: answer::quote(url, what) }
}
