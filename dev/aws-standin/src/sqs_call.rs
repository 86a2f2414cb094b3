//! What SQS takes of a call, and how it refuses what it does not take.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// The largest message in bytes, attributes included.
pub(crate) const MAX_MESSAGE: usize = 1024 * 1024;
/// The most entries of a batch.
const MAX_BATCH: usize = 10;
/// The longest group id and deduplication id.
const MAX_ID: usize = 128;
/// The most attributes of a message.
const MAX_ATTRIBUTES: usize = 10;

pub(crate) fn text<'a>(call: &'a Value, name: &str) -> &'a str {
    call[name].as_str().unwrap_or_default()
}

/// A batch's entries, which must have ids that differ.
pub(crate) fn entries(call: &Value) -> Result<&Vec<Value>, Refusal> {
    let entries = call["Entries"].as_array().filter(|entries| !entries.is_empty());
    let entries = entries.ok_or_else(|| {
        Refusal::queue_error("EmptyBatchRequest", "There should be at least one entry in the request.")
    })?;
    if entries.len() > MAX_BATCH {
        let why = format!("Maximum number of entries per request are {MAX_BATCH}.");
        return Err(Refusal::queue_error("TooManyEntriesInBatchRequest", &why));
    }
    let ids: BTreeSet<_> = entries.iter().map(|entry| text(entry, "Id")).collect();
    if ids.len() < entries.len() {
        return Err(Refusal::queue_error("BatchEntryIdsNotDistinct", "Two or more entries have the same Id."));
    }
    let valid = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if ids.iter().any(|id| id.is_empty() || id.len() > 80 || !id.chars().all(valid)) {
        return Err(Refusal::queue_error("InvalidBatchEntryId", "An Id has 1 to 80 of [A-Za-z0-9_-]."));
    }
    Ok(entries)
}

pub(crate) fn id(call: &Value, name: &str) -> Result<String, Refusal> {
    let id = text(call, name);
    match id {
        "" => Err(Refusal::missing(name)),
        _ if id.len() > MAX_ID || !id.chars().all(|c| c.is_ascii_graphic()) => {
            Err(Refusal::invalid(&format!("{name} can only include alphanumeric and punctuation characters. 1 to 128")))
        }
        _ => Ok(id.to_owned()),
    }
}

/// What counts against the limit: the body, and every attribute's name, type and value.
pub(crate) fn size(call: &Value) -> usize {
    let attributes = call["MessageAttributes"].as_object().into_iter().flatten();
    let attributes = attributes
        .map(|(name, attribute)| name.len() + text(attribute, "DataType").len() + text(attribute, "StringValue").len());
    text(call, "MessageBody").len() + attributes.sum::<usize>()
}

/// Attributes with a text each; others are not known here.
pub(crate) fn attributes(attributes: &Value) -> Result<(), Refusal> {
    let attributes: Vec<_> = attributes.as_object().into_iter().flatten().collect();
    if attributes.len() > MAX_ATTRIBUTES {
        return Err(Refusal::invalid(&format!("Number of message attributes exceeds the limit {MAX_ATTRIBUTES}.")));
    }
    for (name, attribute) in attributes {
        let valid = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.len() > 256 || !name.chars().all(valid) {
            return Err(Refusal::invalid(&format!("The message attribute name {name:?} is invalid.")));
        }
        if attribute["DataType"] != "String" || text(attribute, "StringValue").is_empty() {
            return Err(Refusal::invalid(&format!("The message attribute '{name}' must contain a non-empty String.")));
        }
        allowed_characters(name, text(attribute, "StringValue"))?;
    }
    Ok(())
}

/// Those of XML 1.0, which SQS takes and no others.
pub(crate) fn allowed_characters(what: &str, text: &str) -> Result<(), Refusal> {
    let allowed = |c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}');
    match text.chars().find(|c| !allowed(*c)) {
        None => Ok(()),
        Some(c) => {
            let why = format!("Invalid characters found in {what}: #x{:X}", u32::from(c));
            Err(Refusal::sqs("InvalidMessageContents", "InvalidMessageContents", &why))
        }
    }
}

/// An error, as SQS' JSON protocol tells it: the shape in the body, and in the header the code that its
/// older query protocol had.
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) shape: String,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Refusal {
    fn new(shape: String, code: &str, message: &str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, shape, code: code.to_owned(), message: message.to_owned() }
    }

    pub(crate) fn sqs(shape: &str, code: &str, message: &str) -> Self {
        Self::new(format!("com.amazonaws.sqs#{shape}"), code, message)
    }

    pub(crate) fn coral(shape: &str, code: &str, message: &str) -> Self {
        Self::new(format!("com.amazon.coral.service#{shape}"), code, message)
    }

    pub(crate) fn queue_error(shape: &str, message: &str) -> Self {
        Self::sqs(shape, &format!("AWS.SimpleQueueService.{shape}"), message)
    }

    pub(crate) fn no_queue() -> Self {
        let code = "AWS.SimpleQueueService.NonExistentQueue";
        Self::sqs("QueueDoesNotExist", code, "The specified queue does not exist.")
    }

    pub(crate) fn denied(operation: &str) -> Self {
        let message = format!(
            "User: arn:aws:sts::123456789012:assumed-role/relay/relay is not authorized to perform: sqs:{} on resource: \
             arn:aws:sqs:us-east-1:123456789012:retry.fifo because no identity-based policy allows it",
            operation.to_lowercase()
        );
        Self { status: StatusCode::FORBIDDEN, ..Self::coral("AccessDeniedException", "AccessDenied", &message) }
    }

    pub(crate) fn missing(parameter: &str) -> Self {
        let message = format!("The request must contain the parameter {parameter}.");
        Self::coral("MissingRequiredParameterException", "MissingParameter", &message)
    }

    pub(crate) fn invalid(message: &str) -> Self {
        let message = format!("One or more parameters are invalid. Reason: {message}");
        Self::coral("InvalidParameterValueException", "InvalidParameterValue", &message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let headers = [("x-amzn-query-error", format!("{};Sender", self.code))];
        (self.status, headers, json!({"__type": self.shape, "message": self.message}).to_string()).into_response()
    }
}
