//! The limits that SQS documents for the fields of a call.

use std::collections::BTreeSet;

use serde_json::Value;

use super::refusal::Refusal;

/// The largest message in bytes, attributes included.
pub(super) const MAX_MESSAGE: usize = 1024 * 1024;
/// The most entries of a batch.
const MAX_BATCH: usize = 10;
/// The longest group id and deduplication id.
const MAX_ID: usize = 128;
/// The most attributes of a message.
const MAX_ATTRIBUTES: usize = 10;

/// A text field; empty if it is missing.
pub(super) fn text<'a>(call: &'a Value, name: &str) -> &'a str {
    call[name].as_str().unwrap_or_default()
}

/// The entries of a batch: at most ten, with ids that differ.
pub(super) fn entries(call: &Value) -> Result<&Vec<Value>, Refusal> {
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

/// The id of a group, or for deduplication: required, at most 128 characters of visible ASCII.
pub(super) fn id(call: &Value, name: &str) -> Result<String, Refusal> {
    let id = text(call, name);
    match id {
        "" => Err(Refusal::missing(name)),
        _ if id.len() > MAX_ID || !id.chars().all(|c| c.is_ascii_graphic()) => {
            Err(Refusal::invalid(&format!("{name} can only include alphanumeric and punctuation characters. 1 to 128")))
        }
        _ => Ok(id.to_owned()),
    }
}

/// The bytes that count against [`MAX_MESSAGE`]: the body, and every attribute's name, type and value.
pub(super) fn size(call: &Value) -> usize {
    let attributes = call["MessageAttributes"].as_object().into_iter().flatten();
    let attributes = attributes
        .map(|(name, attribute)| name.len() + text(attribute, "DataType").len() + text(attribute, "StringValue").len());
    text(call, "MessageBody").len() + attributes.sum::<usize>()
}

/// Checks message attributes. Only the type `String` is known here.
pub(super) fn attributes(attributes: &Value) -> Result<(), Refusal> {
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

/// SQS accepts only the characters of XML 1.0.
pub(super) fn allowed_characters(what: &str, text: &str) -> Result<(), Refusal> {
    let allowed = |c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}');
    match text.chars().find(|c| !allowed(*c)) {
        None => Ok(()),
        Some(c) => {
            let why = format!("Invalid characters found in {what}: #x{:X}", u32::from(c));
            Err(Refusal::sqs("InvalidMessageContents", "InvalidMessageContents", &why))
        }
    }
}
