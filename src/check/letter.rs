//! The letter that a check puts into the retry queue, and what `redeliver` does with it.

use std::time::Duration;

use aws_lambda_events::sqs::SqsMessage;
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use super::event::Check;
use crate::deadline::epoch_millis;
use crate::platform::metrics::write_check;
use crate::queue::Queues;

/// A letter that is older counts for nothing. Otherwise a `redeliver` that did not run for hours would report the checks
/// of these hours as passed.
const COUNTS_FOR: Duration = Duration::from_mins(15);

/// What a check puts into the retry queue. It is no alert, so that nothing is pushed.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CheckLetter {
    /// [`Check::as_str`].
    pub check: String,
    /// The relay's name. The metric is written under it, so that one alarm sees what both functions write.
    pub function: String,
    /// The id of the relay's invocation.
    pub request_id: String,
    /// When it was sent, in milliseconds since the Unix epoch.
    pub sent: u64,
}

impl CheckLetter {
    /// The letter as it is stored.
    pub fn to_json(&self) -> String {
        #[expect(clippy::expect_used, reason = "strings and numbers under string keys are JSON")]
        serde_json::to_string(self).expect("a letter is always JSON")
    }
}

/// Handles a message of the retry queue if it is a check's letter, and returns whether it is one. Nothing else is to be
/// done for such a letter: it can be deleted.
///
/// A fresh letter of a self-check was put there by a relay whose own steps all worked, so the self-check has passed.
/// That of a self-test says nothing here: the relay itself writes whether the self-test passed.
pub(crate) fn take_out(message: &SqsMessage) -> bool {
    if message.attributes.get("MessageGroupId").is_none_or(|group| group != Queues::CHECKS) {
        return false;
    }
    let Ok(letter) = serde_json::from_str::<CheckLetter>(message.body.as_deref().unwrap_or_default()) else {
        warn!("a letter of a self-check cannot be read, so it does not count: another version wrote it");
        return true;
    };
    let (CheckLetter { check, function, request_id, sent }, now) = (letter, epoch_millis());
    let age = Duration::from_millis(now.saturating_sub(sent));
    if age > COUNTS_FOR {
        info!(request_id, seconds = age.as_secs(), "a letter of a self-check came late, so it does not count");
        return true;
    }
    info!(request_id, "the letter of a {check} came through the retry queue");
    if Check::read(&check) == Some(Check::SelfCheck) {
        write_check(&function, &request_id, Check::SelfCheck.metric(), true);
    }
    true
}
