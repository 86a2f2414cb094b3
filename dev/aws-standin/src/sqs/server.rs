//! SQS over HTTP, in AWS's JSON 1.0 protocol.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{self, DefaultBodyLimit};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

use super::account::Account;
use super::queue::{Message, Queue, Redrive, Sent};
use super::refusal::Refusal;
use crate::serve::serve;
use crate::tls::Identity;

/// A running stand-in with the queues of one account. Clones share them.
#[derive(Clone)]
pub struct Sqs {
    state: Arc<Mutex<State>>,
    url: String,
}

#[derive(Default)]
struct State {
    account: Account,
    /// Every call so far: its operation and its body.
    calls: Vec<(String, Value)>,
    fault: Option<Fault>,
}

/// How every call fails.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// The function's role does not allow the call.
    Deny,
    /// The queue was deleted.
    Gone,
    /// SQS throttles the caller.
    Throttle,
    /// The function's role allows every call but `GetQueueAttributes`, which counts the messages.
    DenyCount,
    /// SQS never answers.
    Hang,
    /// SQS performs the call and never answers.
    Unanswered,
}

impl Sqs {
    /// Starts an account without queues.
    pub async fn start() -> Self {
        let state = Arc::default();
        let url = format!("http://{}", serve(routes(&state)).await);
        Self { state, url }
    }

    /// Starts an account without queues, over TLS.
    pub async fn start_as(identity: &Identity) -> Self {
        let state = Arc::default();
        let url = identity.serve(routes(&state)).await;
        Self { state, url }
    }

    /// The URL of the endpoint.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Creates a FIFO queue without content-based deduplication, and returns its URL.
    pub fn create(&self, name: &str) -> String {
        let url = format!("{}/123456789012/{name}.fifo", self.url);
        self.lock().account.queues.insert(url.clone(), Queue::default());
        url
    }

    /// Sets the redrive policy: a message that was received `max_receive_count` times moves to the other queue
    /// instead of being received again.
    pub fn redrive(&self, queue: &str, dead_letter_queue: &str, max_receive_count: u32) {
        let redrive = Redrive { dead_letter_queue: dead_letter_queue.to_owned(), max_receive_count };
        self.lock().account.queue(queue).set_redrive(redrive);
    }

    /// Every message of a queue in order, those in flight included. `MessageBody` is parsed if it is JSON.
    pub fn peek(&self, queue: &str) -> Vec<Value> {
        let account = &mut self.lock().account;
        let messages = account.queue(queue).messages().iter();
        let shown = messages.map(|message| {
            let body = serde_json::from_str(&message.body).unwrap_or_else(|_| json!(message.body));
            json!({"MessageBody": body, "MessageGroupId": message.group,
                   "MessageDeduplicationId": message.deduplication, "MessageAttributes": message.attributes,
                   "ApproximateReceiveCount": message.receives})
        });
        shown.collect()
    }

    /// Sends a message with a new deduplication id.
    pub fn put(&self, queue: &str, group: &str, body: &str) {
        let account = &mut self.lock().account;
        let deduplication = format!("put-{}", account.now().as_nanos());
        let message = json!({"QueueUrl": queue, "MessageBody": body, "MessageGroupId": group,
                             "MessageDeduplicationId": deduplication});
        if let Err(refusal) = account.send(&message) {
            panic!("{}", refusal.message);
        }
    }

    /// Moves all visible messages to another queue, as `StartMessageMoveTask` does: they become new messages with
    /// the same bodies, groups and attributes.
    pub fn move_all(&self, from: &str, to: &str) {
        let account = &mut self.lock().account;
        let now = account.now();
        let (messages, _) = account.queue(from).receive(usize::MAX, Duration::from_secs(30), now);
        for message in messages {
            account.queue(from).delete(&message.receipt, now);
            let moved = Sent {
                body: message.body,
                group: message.group,
                deduplication: message.id,
                attributes: message.attributes,
            };
            account.queue(to).send("moved", moved, now);
        }
    }

    /// Makes every call from now on fail in this way; `None` ends it.
    pub fn fault(&self, fault: Option<Fault>) {
        self.lock().fault = fault;
    }

    /// The calls of one operation so far, failed ones included.
    pub fn calls(&self, operation: &str) -> Vec<Value> {
        let state = self.lock();
        let calls = state.calls.iter().filter(|(name, _)| name == operation);
        calls.map(|(_, call)| call.clone()).collect()
    }

    /// Moves the clock forward, so that visibility timeouts and deduplication intervals end.
    pub fn advance(&self, time: Duration) {
        self.lock().account.ahead += time;
    }

    /// By how much the clock was moved forward.
    pub(super) fn ahead(&self) -> Duration {
        self.lock().account.ahead
    }

    /// Receives up to `most` messages, which are in flight for `visibility`.
    pub fn receive(&self, queue: &str, most: usize, visibility: Duration) -> Vec<Message> {
        let account = &mut self.lock().account;
        let now = account.now();
        let (received, dead) = account.queue(queue).receive(most, visibility, now);
        if let Some(dead_letter_queue) = account.queue(queue).dead_letter_queue() {
            account.queue(&dead_letter_queue).add_dead_letters(dead);
        }
        received
    }

    /// Makes SQS count a message only when it was sent this long ago, as it does under load. The default is zero.
    pub fn lag(&self, queue: &str, lag: Duration) {
        self.lock().account.queue(queue).set_lag(lag);
    }

    /// Deletes a message. False if it is neither in flight nor deleted already.
    pub(super) fn delete(&self, queue: &str, receipt: &str) -> bool {
        let account = &mut self.lock().account;
        let now = account.now();
        let queue = account.queue(queue);
        queue.delete(receipt, now) || !queue.has(receipt)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

fn routes(state: &Arc<Mutex<State>>) -> Router {
    Router::new().route("/", post(call)).layer(DefaultBodyLimit::disable()).with_state(state.clone())
}

async fn call(extract::State(state): extract::State<Arc<Mutex<State>>>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let outcome = if !header("authorization").starts_with("AWS4-HMAC-SHA256 Credential=") {
        Err(Refusal::coral("MissingAuthenticationTokenException", "MissingAuthenticationToken", "not signed"))
    } else if header("content-type") != "application/x-amz-json-1.0" {
        Err(Refusal::coral("SerializationException", "SerializationException", "not JSON 1.0"))
    } else {
        let operation = header("x-amz-target").strip_prefix("AmazonSQS.").unwrap_or_default();
        let call: Value = serde_json::from_slice(&body).unwrap();
        let fault = {
            let mut state = state.lock().unwrap();
            state.calls.push((operation.to_owned(), call.clone()));
            state.fault
        };
        match fault {
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Unanswered) => {
                let _ = state.lock().unwrap().account.perform(operation, &call);
                std::future::pending().await
            }
            Some(Fault::Deny) => Err(Refusal::denied(operation)),
            Some(Fault::DenyCount) if operation == "GetQueueAttributes" => Err(Refusal::denied(operation)),
            Some(Fault::Gone) => Err(Refusal::no_queue()),
            Some(Fault::Throttle) => Err(Refusal::sqs("RequestThrottled", "RequestThrottled", "Request is throttled.")),
            Some(Fault::DenyCount) | None => state.lock().unwrap().account.perform(operation, &call),
        }
    };
    let headers = [("content-type", "application/x-amz-json-1.0")];
    match outcome {
        Ok(answer) => (headers, answer.to_string()).into_response(),
        Err(refusal) => (headers, refusal).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::Client;
    use aws_sdk_sqs::config::{BehaviorVersion, Config, Credentials, Region};
    use aws_sdk_sqs::error::ProvideErrorMetadata;
    use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
    use aws_sdk_sqs::types::{
        ChangeMessageVisibilityBatchRequestEntry as Visibility, DeleteMessageBatchRequestEntry as Deletion,
        MessageAttributeValue, QueueAttributeName,
    };

    use super::*;
    use crate::sqs::call::MAX_MESSAGE;

    fn client(sqs: &Sqs) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .http_client(zstack_flashduty::platform::http::Http::new().unwrap())
            .endpoint_url(sqs.url());
        Client::from_conf(config.build())
    }

    fn attribute(value: &str) -> MessageAttributeValue {
        MessageAttributeValue::builder().data_type("String").string_value(value).build().unwrap()
    }

    /// The code of the SDK's error.
    async fn code(request: SendMessageFluentBuilder) -> String {
        request.send().await.unwrap_err().code().unwrap().to_owned()
    }

    #[tokio::test]
    async fn the_sdk_is_understood() {
        let sqs = Sqs::start().await;
        let (client, queue) = (client(&sqs), sqs.create("q"));
        let message = |text: &str| {
            let message = client.send_message().queue_url(&queue).message_body(text).message_group_id("g");
            message.message_deduplication_id(text)
        };
        message("a").message_attributes("Reason", attribute("因为")).send().await.unwrap();
        message("b").send().await.unwrap();
        assert_eq!(sqs.peek(&queue)[0]["MessageAttributes"]["Reason"]["StringValue"], "因为");

        let received = sqs.receive(&queue, 10, Duration::from_secs(30));
        let name = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
        let count = client.get_queue_attributes().queue_url(&queue).attribute_names(name.clone());
        assert_eq!(count.clone().send().await.unwrap().attributes().unwrap()[&name], "2");

        let entry = |id: &str, receipt: &str| {
            Visibility::builder().id(id).receipt_handle(receipt).visibility_timeout(0).build().unwrap()
        };
        let changed = client.change_message_visibility_batch().queue_url(&queue);
        let changed =
            changed.entries(entry("x", &received[1].receipt)).entries(entry("y", "none")).send().await.unwrap();
        assert_eq!((changed.successful()[0].id(), changed.failed()[0].id()), ("x", "y"));
        assert_eq!(count.clone().send().await.unwrap().attributes().unwrap()[&name], "1");

        let entry = |id: &str, receipt: &str| Deletion::builder().id(id).receipt_handle(receipt).build().unwrap();
        let delete = client.delete_message_batch().queue_url(&queue);
        let delete = delete.entries(entry("x", &received[0].receipt)).entries(entry("y", "none"));
        for _ in 0..2 {
            let deleted = delete.clone().send().await.unwrap();
            assert_eq!((deleted.successful().len(), deleted.failed()[0].id()), (1, "y"), "twice is no error");
        }
        sqs.lag(&queue, Duration::from_mins(1));
        assert_eq!(
            (sqs.peek(&queue).len(), count.send().await.unwrap().attributes().unwrap()[&name].as_str()),
            (1, "0")
        );
    }

    #[tokio::test]
    async fn what_sqs_does_not_take_is_refused() {
        let sqs = Sqs::start().await;
        let (client, queue) = (client(&sqs), sqs.create("q"));
        let message = || {
            let ids = client.send_message().message_group_id("g").message_deduplication_id("d");
            ids.queue_url(&queue).message_body("body")
        };
        assert_eq!(code(message().set_message_group_id(None)).await, "MissingParameter");
        assert_eq!(code(message().set_message_deduplication_id(None)).await, "MissingParameter");
        assert_eq!(code(message().message_group_id("g".repeat(129))).await, "InvalidParameterValue");
        assert_eq!(code(message().message_deduplication_id("磁盘")).await, "InvalidParameterValue");
        assert_eq!(code(message().message_body("")).await, "MissingParameter");
        assert_eq!(code(message().message_body("x".repeat(MAX_MESSAGE + 1))).await, "InvalidParameterValue");
        for refused in ["\u{0}", "\u{1f}", "\u{fffe}", "\u{ffff}"] {
            assert_eq!(code(message().message_body(refused)).await, "InvalidMessageContents");
            assert_eq!(
                code(message().message_attributes("Reason", attribute(refused))).await,
                "InvalidMessageContents"
            );
        }
        assert_eq!(code(message().message_attributes("Reason", attribute(""))).await, "InvalidParameterValue");
        assert_eq!(code(message().queue_url("elsewhere")).await, "AWS.SimpleQueueService.NonExistentQueue");
        let purge = client.purge_queue().queue_url(&queue).send().await;
        assert_eq!(purge.unwrap_err().code(), Some("InvalidAction"), "no function makes this call");
        assert!(sqs.peek(&queue).is_empty());

        message().message_body("\t\n\r \u{7f}\u{d7ff}\u{e000}\u{fffd}\u{10ffff}").send().await.unwrap();
        message().message_deduplication_id("e".repeat(128)).message_body("x".repeat(MAX_MESSAGE)).send().await.unwrap();
        assert_eq!(sqs.peek(&queue).len(), 2);

        for (fault, expected) in [
            (Fault::Deny, "AccessDenied"),
            (Fault::Gone, "AWS.SimpleQueueService.NonExistentQueue"),
            (Fault::Throttle, "RequestThrottled"),
        ] {
            sqs.fault(Some(fault));
            assert_eq!(code(message()).await, expected);
        }
    }
}
