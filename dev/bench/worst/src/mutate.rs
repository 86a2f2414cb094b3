//! Requests made from others by mutation.

use zstack_flashduty::webhook::MAX_BODY;

use crate::cost::Request;

/// Words that some parser knows.
const WORDS: [&str; 22] = [
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\n",
    " ",
    "null",
    "\"sections\":[",
    "\"facts\":[",
    "{\"ALARM_NAME\":\"a\"},",
    "\"ALARM_LABELS\":",
    "\"EVENT_NAME\":\"HostPhysicalNicStatusDown\",",
    "\"EVENT_LABELS\":\"[",
    "PhysicalNicName:",
    "\"a\":1,",
    "{\"name\":\"UUID\",\"value\":1},",
    "\\\"",
    " Equal ",
];

/// A mutated request: with words and pieces of itself or of `other` inserted, once or many times, and with pieces
/// removed.
pub(crate) fn mutated(request: &Request, other: &Request) -> Request {
    let mut body = request.body.clone();
    for _ in 0..fastrand::usize(1..4) {
        let at = fastrand::usize(..=body.len());
        let piece: Vec<u8> = match fastrand::u8(..5) {
            0 => WORDS[fastrand::usize(..WORDS.len())].into(),
            1 => piece(&other.body).to_vec(),
            2 => {
                let end = body.len().min(at + fastrand::usize(1..4_096));
                body.drain(at..end);
                continue;
            }
            3 => piece(&body).to_vec(),
            _ => {
                let piece =
                    if fastrand::bool() { piece(&body) } else { WORDS[fastrand::usize(..WORDS.len())].as_bytes() };
                piece.repeat(fastrand::usize(1..2_000)).into_iter().take(MAX_BODY).collect()
            }
        };
        body.splice(at..at, piece);
        body.truncate(MAX_BODY);
    }
    Request { body, query: request.query.clone() }
}

/// A short piece of a body.
fn piece(body: &[u8]) -> &[u8] {
    let start = fastrand::usize(..=body.len());
    &body[start..body.len().min(start + fastrand::usize(1..200))]
}
