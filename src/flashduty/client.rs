//! The client that pushes events.

use std::mem;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::RecvError;
use tokio::time::{Instant, sleep, timeout};

use super::answer::{self, Receipt};
use super::error::{NoAnswer, PushError};
use super::pace::Pace;
use super::push_url::PushUrl;
use super::quote::Quote;
use super::retry;
use crate::deadline::{Deadline, NoTimeLeft};
use crate::platform::causes;
use crate::platform::http::{Http, Run};

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

    /// Creates a client of one of `redeliver`'s processes, which together push this many alerts a minute to one
    /// integration at most. Its clones share the pace.
    #[must_use]
    pub fn paced(http: Http, a_minute: u32) -> Self {
        Self { http, pace: Some(Arc::new(Pace::new(a_minute))) }
    }

    /// Pushes `body` until Flashduty accepts or refuses it, or until the effort is made. The pauses between attempts are
    /// random. They get longer on average, and are never shorter than a `Retry-After` asks for.
    ///
    /// The result is [`PushError::NoTimeLeft`] if there was too little time for an attempt. Otherwise a failure is the
    /// last complete attempt's [`PushError::Refused`], [`PushError::Unavailable`], [`PushError::Foreign`] or
    /// [`PushError::Unreachable`].
    ///
    /// `begun` is the first attempt, if it has begun.
    pub(crate) async fn push(&self, url: &PushUrl, body: Bytes, effort: Effort, begun: Option<Begun>) -> Pushed {
        let Some(pace) = &self.pace else { return self.push_now(url, body, effort, begun).await };
        pace.wait(url).await;
        let pushed = self.push_now(url, body, effort, begun).await;
        pace.count(url, pushed.attempts);
        pushed
    }

    /// Begins a push: see [`Begun`].
    pub(crate) fn begin(&self, url: &PushUrl, body: Bytes) -> Begun {
        let (go, held) = oneshot::channel();
        let body = reqwest::Body::wrap(HeldBody { held, body });
        let Run { opened, future } = Run::of(exchange_once(self.http.client(), url, body));
        Begun { go, run: Run { opened, future: Box::pin(future) }, done: None }
    }

    async fn push_now(&self, url: &PushUrl, body: Bytes, effort: Effort, mut begun: Option<Begun>) -> Pushed {
        let started = Instant::now();
        let (deadline, once) = (effort.deadline(), matches!(effort, Effort::Once(_)));
        let limit = if once { SHORT_ATTEMPT_TIMEOUT } else { ATTEMPT_TIMEOUT };
        let mut attempts = 0;
        let mut last = PushError::from(NoTimeLeft);
        let mut retry_after = None;
        while !deadline.left().is_zero() {
            let failure = match self.attempt(url, body.clone(), limit.min(deadline.left()), begun.take()).await {
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

    async fn attempt(
        &self,
        url: &PushUrl,
        body: Bytes,
        limit: Duration,
        begun: Option<Begun>,
    ) -> Result<Receipt, Failure> {
        match timeout(limit, self.exchange(url, body, begun)).await {
            Ok(outcome) => outcome,
            Err(_) if limit < SHORT_ATTEMPT_TIMEOUT => Err(PushError::from(NoTimeLeft).into()),
            Err(_) => Err(unreachable(url, NoAnswer::Within(limit)).into()),
        }
    }

    async fn exchange(&self, url: &PushUrl, body: Bytes, begun: Option<Begun>) -> Result<Receipt, Failure> {
        let run = || exchange_once(self.http.client(), url, body.clone().into());
        let exchanged = match begun {
            Some(begun) => begun.finish().or_again(REPEAT_AFTER, run).await,
            None => Run::of(run()).or_again(REPEAT_AFTER, run).await,
        };
        // reqwest's errors print the URL, and the integration key is part of it.
        let failed = |error: reqwest::Error| NoAnswer::Failed(Quote::new(url, &causes(&error.without_url())));
        let (status, retry_after, body) = exchanged.map_err(|error| unreachable(url, failed(error)))?;
        answer::read(url, status, &body).map_err(|error| Failure { error, retry_after })
    }
}

/// The status, `Retry-After` and body of an answer.
type Answer = (u16, Option<Duration>, Vec<u8>);

fn exchange_once(
    http: &reqwest::Client,
    url: &PushUrl,
    body: reqwest::Body,
) -> impl Future<Output = Result<Answer, reqwest::Error>> + use<> {
    let request = http.post(url.expose().clone()).header(CONTENT_TYPE, "application/json").body(body).send();
    async move {
        let mut response = request.await?;
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
}

/// A push that has begun: its connection opens, and its head is sent. Its body is held back until [`Client::push`] goes on
/// with it, so that Flashduty has no event before. If it is dropped, Flashduty never has one.
pub(crate) struct Begun {
    /// Releases the body.
    go: oneshot::Sender<()>,
    run: Run<Pin<Box<dyn Exchange>>>,
    /// The result, if the push failed already.
    done: Option<Result<Answer, reqwest::Error>>,
}

impl Begun {
    /// Does other work while the connection opens.
    pub async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        if self.done.is_none() {
            tokio::select! {
                biased;
                worked = &mut work => return worked,
                done = &mut self.run.future => self.done = Some(done),
            }
        }
        work.await
    }

    /// Releases the body, and waits for the answer.
    fn finish(self) -> Run<impl Future<Output = Result<Answer, reqwest::Error>>> {
        let Self { go, run: Run { opened, future }, done } = self;
        let future = async {
            if let Some(done) = done {
                return done;
            }
            // If nobody receives it, the push has failed, and says so itself.
            let _ = go.send(());
            future.await
        };
        Run { opened, future }
    }
}

/// One exchange with Flashduty.
trait Exchange: Future<Output = Result<Answer, reqwest::Error>> + Send {}

impl<F: Future<Output = Result<Answer, reqwest::Error>> + Send> Exchange for F {}

/// A body of known length that is held back.
struct HeldBody {
    held: oneshot::Receiver<()>,
    body: Bytes,
}

impl http_body::Body for HeldBody {
    type Data = Bytes;
    type Error = oneshot::error::RecvError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RecvError>>> {
        if self.body.is_empty() {
            return Poll::Ready(None);
        }
        match ready!(Pin::new(&mut self.held).poll(context)) {
            Ok(()) => Poll::Ready(Some(Ok(Frame::data(mem::take(&mut self.body))))),
            Err(dropped) => Poll::Ready(Some(Err(dropped))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.body.len() as u64)
    }
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
