//! The stages of a message of `events/` in the relay, without the network.

use serde_json::Value;
use zstack_flashduty::flashduty::TitleRule;
use zstack_flashduty::translate::{Alert, Context, translate};
use zstack_flashduty::zstack::{Part, split};

/// One sample of each kind of message.
pub const KINDS: [&str; 8] = [
    "alarm",
    "alarm-chinese",
    "event-host-disconnected",
    "event-third-party",
    "list-of-alarms",
    "sections",
    "template-broken-json",
    "test-message",
];

/// A sample's message.
///
/// # Panics
///
/// If there is no such sample.
#[must_use]
#[expect(clippy::unwrap_used, clippy::panic, reason = "the samples are there")]
pub fn message(kind: &str) -> Vec<u8> {
    let path = format!("{}/../../../events/{kind}.json", env!("CARGO_MANIFEST_DIR"));
    let event = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let event: Value = serde_json::from_slice(&event).unwrap();
    event["body"].as_str().unwrap().as_bytes().to_vec()
}

/// The context of a message without labels in the URL.
#[must_use]
pub fn context() -> Context {
    Context { url_labels: Vec::new(), title_rule: TitleRule::default(), ..Context::default() }
}

/// The first stage: from bytes to messages.
#[must_use]
pub fn read(message: &[u8]) -> Vec<Part> {
    split(message)
}

/// The second stage: from messages to events.
#[must_use]
pub fn translated(parts: &[Part], context: &Context) -> Vec<Alert> {
    parts.iter().flat_map(|part| translate(&part.text, &part.around, context)).collect()
}

/// The third stage: from events to bytes.
#[must_use]
pub fn rendered(alerts: &[Alert]) -> Vec<Vec<u8>> {
    alerts.iter().flat_map(|alert| &alert.events).map(zstack_flashduty::flashduty::Event::to_json).collect()
}
