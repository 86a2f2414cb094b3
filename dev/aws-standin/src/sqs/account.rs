//! The queues of one account, and what each call does to them.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::call::{MAX_MESSAGE, allowed_characters, attributes, entries, id, size, text};
use super::queue::{Queue, Sent};
use super::refusal::Refusal;

/// The longest visibility timeout.
const MAX_VISIBILITY: Duration = Duration::from_hours(12);

#[derive(Default)]
pub(super) struct Account {
    /// By URL.
    pub(super) queues: BTreeMap<String, Queue>,
    /// How far the account's clock is ahead of the machine's.
    pub(super) ahead: Duration,
}

impl Account {
    /// The account's time, since the epoch.
    pub(super) fn now(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + self.ahead
    }

    /// A queue that the test created.
    ///
    /// # Panics
    ///
    /// If there is none with this URL.
    pub(super) fn queue(&mut self, url: &str) -> &mut Queue {
        self.queues.get_mut(url).unwrap_or_else(|| panic!("no queue {url}"))
    }

    /// Performs a call of the API.
    pub(super) fn perform(&mut self, operation: &str, call: &Value) -> Result<Value, Refusal> {
        if !self.queues.contains_key(text(call, "QueueUrl")) {
            return Err(Refusal::no_queue());
        }
        match operation {
            "SendMessage" => self.send(call),
            "GetQueueAttributes" => self.attributes(call),
            "ChangeMessageVisibilityBatch" => self.change_visibilities(call),
            "DeleteMessageBatch" => self.delete(call),
            _ => Err(Refusal::coral("UnknownOperationException", "InvalidAction", operation)),
        }
    }

    /// A message that is deleted already is no error. A receipt handle that was never given is one.
    fn delete(&mut self, call: &Value) -> Result<Value, Refusal> {
        let (now, url) = (self.now(), text(call, "QueueUrl"));
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for entry in entries(call)? {
            let receipt = text(entry, "ReceiptHandle");
            let queue = self.queue(url);
            if receipt.contains("-receipt-") {
                queue.delete(receipt, now);
                successful.push(json!({"Id": entry["Id"]}));
            } else {
                failed.push(json!({"Id": entry["Id"], "SenderFault": true, "Code": "ReceiptHandleIsInvalid",
                                   "Message": "The input receipt handle is invalid."}));
            }
        }
        Ok(json!({"Successful": successful, "Failed": failed}))
    }

    /// Every entry is tried, also after one that was refused.
    fn change_visibilities(&mut self, call: &Value) -> Result<Value, Refusal> {
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for entry in entries(call)? {
            match self.change_visibility(text(call, "QueueUrl"), entry) {
                Ok(()) => successful.push(json!({"Id": entry["Id"]})),
                Err(refusal) => failed.push(json!({"Id": entry["Id"], "SenderFault": true,
                                                   "Code": refusal.code, "Message": refusal.message})),
            }
        }
        Ok(json!({"Successful": successful, "Failed": failed}))
    }

    /// The answer has no MD5 sums: the Rust SDK does not check them.
    pub(super) fn send(&mut self, call: &Value) -> Result<Value, Refusal> {
        let body = text(call, "MessageBody");
        if body.is_empty() {
            return Err(Refusal::missing("MessageBody"));
        }
        allowed_characters("MessageBody", body)?;
        attributes(&call["MessageAttributes"])?;
        if size(call) > MAX_MESSAGE {
            return Err(Refusal::invalid(&format!("Message must be shorter than {MAX_MESSAGE} bytes.")));
        }
        if !call["DelaySeconds"].is_null() {
            return Err(Refusal::invalid("DelaySeconds is not valid for a message of a FIFO queue."));
        }
        let message = Sent {
            body: body.to_owned(),
            group: id(call, "MessageGroupId")?,
            deduplication: id(call, "MessageDeduplicationId")?,
            attributes: call["MessageAttributes"].clone(),
        };
        let (now, url) = (self.now(), text(call, "QueueUrl"));
        let name = url.rsplit('/').next().unwrap_or_default();
        Ok(json!({"MessageId": self.queue(url).send(name, message, now)}))
    }

    /// The counts are exact but for [`Queue::set_lag`]; SQS's own are approximate.
    fn attributes(&mut self, call: &Value) -> Result<Value, Refusal> {
        let now = self.now();
        let (visible, in_flight) = self.queue(text(call, "QueueUrl")).count(now);
        let mut attributes = Map::new();
        for name in call["AttributeNames"].as_array().into_iter().flatten() {
            let count = match name.as_str() {
                Some("ApproximateNumberOfMessages") => visible,
                Some("ApproximateNumberOfMessagesNotVisible") => in_flight,
                _ => {
                    let why = format!("Unknown Attribute {name}.");
                    return Err(Refusal::sqs("InvalidAttributeName", "InvalidAttributeName", &why));
                }
            };
            attributes.insert(name.as_str().unwrap_or_default().to_owned(), json!(count.to_string()));
        }
        Ok(json!({"Attributes": attributes}))
    }

    fn change_visibility(&mut self, queue: &str, entry: &Value) -> Result<(), Refusal> {
        let seconds = entry["VisibilityTimeout"].as_u64().ok_or_else(|| Refusal::missing("VisibilityTimeout"))?;
        let (visibility, now) = (Duration::from_secs(seconds), self.now());
        if visibility > MAX_VISIBILITY {
            return Err(Refusal::invalid("VisibilityTimeout must be between 0 and 43200."));
        }
        if self.queue(queue).change_visibility(text(entry, "ReceiptHandle"), visibility, now) {
            return Ok(());
        }
        Err(Refusal::queue_error("MessageNotInflight", "The message referred to is not in flight."))
    }
}
