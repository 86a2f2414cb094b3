//! A line for each push.

use std::io::{self, Write as _};

use crate::received::Received;
use crate::title::title;

/// Writes a line about a push to stderr.
pub fn log(request: &Received) {
    // If stderr is closed, nobody wants the log.
    let _ = writeln!(io::stderr(), "{}", line(request));
}

/// One line about a push: the answer's status, the event's status and title, and what is wrong with it. The URL is left
/// out because it contains the integration key.
fn line(request: &Received) -> String {
    let status = match request.status {
        Some(status) => status.to_string(),
        None => "unanswered".to_owned(),
    };
    let what = if request.path.ends_with("/zstack") {
        format!("a ZStack message of {} bytes", request.body.len())
    } else {
        event(&request.body)
    };
    let mut line = format!("{status} {what}");
    if request.fault.is_some() {
        line.push_str(": injected fault");
    }
    if !request.violations.is_empty() {
        line.push_str(": ");
        line.push_str(&request.violations.join("; "));
    }
    line
}

/// An event's status and title; either may be missing.
fn event(body: &[u8]) -> String {
    let event: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let title = title(&event).map_or("without title".to_owned(), |title| format!("{title:?}"));
    format!("{} {title}", event["event_status"])
}
