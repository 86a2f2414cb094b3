//! The whole path of an alert: the relay, the queues, and `redeliver`.

use aws_standin::in_time;
use aws_standin::sqs::{EventSource, Sqs};
use flashduty_standin::{Fault, Options, Standin};
use serde_json::Value;

use super::{KEY, KEY_IN_URL, PUSH_URL_PARAMETER, RELAY_TIMEOUT, World, as_variables, assert_no_secret, redeliver};

/// More than any test needs.
const MAX_RECEIVE_COUNT: u32 = 1_000;

pub struct Journey {
    pub world: World,
    pub sqs: Sqs,
    pub queue: String,
    pub dead_letter_queue: String,
    pub redeliver: EventSource,
    /// The environment of `redeliver`.
    variables: Vec<(String, String)>,
}

impl Journey {
    /// Starts both functions and a Flashduty integration of kind `standard`.
    pub async fn new() -> Self {
        Self::to("standard").await
    }

    /// Starts both functions and an integration of this kind.
    pub async fn to(kind: &str) -> Self {
        Self::with(kind, &[]).await
    }

    /// Starts both functions with more environment variables, and an integration of this kind.
    pub async fn with(kind: &str, more: &[(&str, &str)]) -> Self {
        let sqs = Sqs::start().await;
        let (queue, dead_letter_queue) = (sqs.create("retry"), sqs.create("dead"));
        sqs.redrive(&queue, &dead_letter_queue, MAX_RECEIVE_COUNT);
        let variables = [
            ("AWS_ENDPOINT_URL_SQS", sqs.url()),
            ("RETRY_QUEUE_URL", &queue),
            ("DEAD_LETTER_QUEUE_URL", &dead_letter_queue),
        ];
        let flashduty = Standin::start(Options { keys: vec![KEY.to_owned()], ..Options::default() }).await.unwrap();
        let push_url = flashduty.push_url(kind, KEY_IN_URL);
        let world = World::pushing_to(flashduty, &push_url, &[&variables[..], more].concat()).await;
        let own = [
            ("AWS_ENDPOINT_URL", world.ssm_url.as_str()),
            ("FLASHDUTY_PUSH_URL_PARAMETER", PUSH_URL_PARAMETER),
            ("RUST_LOG", "trace"),
        ];
        let variables: Vec<_> = own.iter().chain(&variables).chain(more).collect();
        let variables: Vec<_> =
            variables.into_iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let redeliver = EventSource::new(&sqs, &queue, redeliver(&as_variables(&variables)).await);
        Self { world, sqs, queue, dead_letter_queue, redeliver, variables }
    }

    /// Starts another process of `redeliver` for the same queue. Lambda runs two of them.
    pub async fn another_redeliver(&self) -> EventSource {
        EventSource::new(&self.sqs, &self.queue, redeliver(&as_variables(&self.variables)).await)
    }

    /// Invokes the relay, and returns the HTTP status and the body.
    pub async fn send(&mut self, event: &Value) -> (u64, Value) {
        self.world.send_until(event, in_time(RELAY_TIMEOUT)).await
    }

    /// The messages in the retry queue.
    pub fn queued(&self) -> Vec<Value> {
        self.sqs.peek(&self.queue)
    }

    /// The messages in the dead letter queue.
    pub fn dead(&self) -> Vec<Value> {
        self.sqs.peek(&self.dead_letter_queue)
    }

    /// Fails if a log, an answer or a queued message contains a secret.
    pub fn end(self) {
        assert_no_secret(&self.redeliver.function.log());
        self.sqs.calls("SendMessage").iter().for_each(|call| assert_no_secret(&call.to_string()));
        self.world.end();
    }
}

/// A refusal that ends a push at once: its `Retry-After` is longer than any request may take.
pub fn busy() -> Fault {
    Fault::Refuse { status: 429, code: None, message: None, retry_after: Some("30".to_owned()) }
}
