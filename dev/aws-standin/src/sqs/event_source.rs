//! Lambda's event source mapping for SQS, with `ReportBatchItemFailures`.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::queue::Message;
use super::server::Sqs;
use crate::deadline::in_time;
use crate::lambda::{self, Function};

/// The most messages of a batch from a FIFO queue.
const BATCH_SIZE: usize = 10;
/// The queue's visibility timeout.
pub const VISIBILITY_TIMEOUT: Duration = Duration::from_mins(15);
/// The function's timeout for a batch. It is short, so that tests of failures are short.
const FUNCTION_TIMEOUT: Duration = Duration::from_millis(6_500);

/// A queue and the function that Lambda invokes with its messages.
pub struct EventSource {
    pub function: Function,
    sqs: Sqs,
    queue: String,
    timeout: Duration,
}

/// A batch after the function handled it.
#[derive(Debug)]
pub struct Batch {
    /// The bodies of all its messages, in order.
    pub bodies: Vec<String>,
    /// The bodies of the messages that stay in the queue, in order.
    pub failed: Vec<String>,
    /// True if the function's process ended. The event source then needs another function.
    pub died: bool,
}

impl EventSource {
    pub fn new(sqs: &Sqs, queue: &str, function: Function) -> Self {
        Self { function, sqs: sqs.clone(), queue: queue.to_owned(), timeout: FUNCTION_TIMEOUT }
    }

    /// Gives the function this time for each further batch.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// Invokes the function with the next batch and deletes the messages that it does not report as failed. `None` if
    /// no message is visible.
    pub async fn poll(&mut self) -> Option<Batch> {
        let batch = self.poll_with(None).await?;
        assert!(
            !batch.died,
            "the function died, or Lambda ended it after {:?}; its log:\n{}",
            self.timeout,
            self.function.log()
        );
        Some(batch)
    }

    /// Does the same with a fault of the function's process. If the process ends, the whole batch stays in the queue.
    pub async fn poll_with(&mut self, fault: Option<lambda::Fault>) -> Option<Batch> {
        let messages = self.sqs.receive(&self.queue, BATCH_SIZE, VISIBILITY_TIMEOUT);
        if messages.is_empty() {
            return None;
        }
        let records: Vec<Value> = messages.iter().map(|message| self.record(message)).collect();
        let outcome = self.function.attempt(&json!({"Records": records}), in_time(self.timeout), fault).await;
        let died = outcome.is_none();
        let failed = failed(&messages, outcome.unwrap_or(Err(Value::Null)));
        for message in messages.iter().filter(|message| !failed.contains(&message.id)) {
            assert!(self.sqs.delete(&self.queue, &message.receipt), "delivered, but not in flight: {message:?}");
        }
        let body = |message: &Message| message.body.clone();
        Some(Batch {
            bodies: messages.iter().map(body).collect(),
            failed: messages.iter().filter(|message| failed.contains(&message.id)).map(body).collect(),
            died,
        })
    }

    /// Polls until no message is visible.
    pub async fn drain(&mut self) {
        while self.poll().await.is_some() {}
    }

    /// Polls until the queue is empty. If no message is visible, it moves the queue's clock until all are.
    pub async fn drain_to_the_end(&mut self) {
        const ROUNDS: usize = 20;
        for _ in 0..ROUNDS {
            self.drain().await;
            if self.sqs.peek(&self.queue).is_empty() {
                return;
            }
            self.sqs.advance(VISIBILITY_TIMEOUT);
        }
        panic!("after {ROUNDS} rounds there is still {:#?}\n{}", self.sqs.peek(&self.queue), self.function.log());
    }

    /// A message as Lambda writes it into the event. The function has the machine's clock, so the queue's timestamps are
    /// corrected by the time that its clock is ahead. The MD5 sum is that of AWS's example.
    fn record(&self, message: &Message) -> Value {
        let ahead = self.sqs.ahead();
        let millis = |time: Duration| time.saturating_sub(ahead).as_millis().to_string();
        let attributes = message.attributes.as_object().into_iter().flatten().map(|(name, attribute)| {
            let value = json!({"stringValue": attribute["StringValue"], "stringListValues": [],
                               "binaryListValues": [], "dataType": attribute["DataType"]});
            (name.clone(), value)
        });
        json!({
            "messageId": message.id,
            "receiptHandle": message.receipt,
            "body": message.body,
            "attributes": {
                "ApproximateReceiveCount": message.receives.to_string(),
                "SentTimestamp": millis(message.sent),
                "SequenceNumber": format!("{:020}", message.sequence),
                "MessageGroupId": message.group,
                "SenderId": "AROAEXAMPLE:relay",
                "MessageDeduplicationId": message.deduplication,
                "ApproximateFirstReceiveTimestamp": millis(message.first_received),
            },
            "messageAttributes": attributes.collect::<Map<_, _>>(),
            "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "eventSource": "aws:sqs",
            "eventSourceARN": self.arn(),
            "awsRegion": "us-east-1",
        })
    }

    fn arn(&self) -> String {
        format!("arn:aws:sqs:us-east-1:123456789012:{}", self.queue.rsplit('/').next().unwrap_or_default())
    }
}

/// The ids of the messages that stay in the queue. All of them stay if the function fails or reports an id that is
/// not in this batch. An empty answer or an empty list is a success.
fn failed(messages: &[Message], outcome: Result<Value, Value>) -> BTreeSet<String> {
    let all: BTreeSet<String> = messages.iter().map(|message| message.id.clone()).collect();
    let Ok(answer) = outcome else { return all };
    let failures = match &answer["batchItemFailures"] {
        Value::Null => return BTreeSet::new(),
        Value::Array(failures) => failures,
        _ => return all,
    };
    let reported: Option<BTreeSet<String>> =
        failures.iter().map(|failure| failure["itemIdentifier"].as_str().map(str::to_owned)).collect();
    reported.filter(|reported| reported.is_subset(&all)).unwrap_or(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqs::queue::{Queue, Sent};

    #[test]
    fn an_answer_that_is_malformed_leaves_all_messages() {
        let mut queue = Queue::default();
        for body in ["one", "two"] {
            let body = body.to_owned();
            let (group, deduplication) = (body.clone(), body.clone());
            queue.send("q", Sent { body, group, deduplication, attributes: Value::Null }, Duration::ZERO);
        }
        let messages = queue.messages();
        let one = &messages[0].id;
        for (outcome, left) in [
            (Ok(Value::Null), 0),
            (Ok(json!({})), 0),
            (Ok(json!({"batchItemFailures": null})), 0),
            (Ok(json!({"batchItemFailures": []})), 0),
            (Ok(json!({"batchItemFailures": [{"itemIdentifier": one}]})), 1),
            (Ok(json!({"batchItemFailures": [{"itemIdentifier": one}, {"itemIdentifier": "other"}]})), 2),
            (Ok(json!({"batchItemFailures": [{"itemIdentifier": ""}]})), 2),
            (Ok(json!({"batchItemFailures": [{"itemIdentifier": null}]})), 2),
            (Ok(json!({"batchItemFailures": [{"messageId": one}]})), 2),
            (Ok(json!({"batchItemFailures": "none"})), 2),
            (Err(json!({"errorMessage": "timed out"})), 2),
        ] {
            assert_eq!(failed(messages, outcome.clone()).len(), left, "{outcome:?}");
        }
    }
}
