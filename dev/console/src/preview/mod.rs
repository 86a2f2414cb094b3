//! What a message becomes, and where every field of it comes from. Nothing is pushed.

mod inputs;
mod known;
mod members;
mod problem;
mod provenance;
mod shape;
mod wrapping;

use std::collections::BTreeMap;

use flashduty_standin::check::check;
use flashduty_standin::{Pushed, title};
use serde::Serialize;
use zstack_flashduty::error::Rejection;
use zstack_flashduty::flashduty::Event;
use zstack_flashduty::translate::{Context, translate};
use zstack_flashduty::webhook::MAX_BODY;
use zstack_flashduty::zstack::{Part, Reading, split};

use crate::refusal::ErrorBody;
use crate::url::labels;
use inputs::Source;
use known::Known;
use problem::Problem;
use provenance::{Budget, fields, provenance};
use shape::{Salvaged, Shape};
use wrapping::{Wrapper, Wrappings};

/// The fields before the labels, in the order in which people read them.
const FIRST: [&str; 4] = ["title_rule", "event_status", "alert_key", "description"];

/// What becomes of a request.
#[derive(Debug, Serialize)]
pub(crate) struct Preview {
    /// Why the relay refuses it as a whole.
    error: Option<ErrorBody>,
    messages: Vec<Message>,
}

/// One message of the request.
#[derive(Debug, Serialize)]
struct Message {
    kind: &'static str,
    text: String,
    shape: Shape,
    /// What it was wrapped in, the outermost first.
    wrapped: Vec<Wrapper>,
    /// Why it could not be read, or not as JSON.
    problem: Option<Problem>,
    /// What was found in it though its JSON is broken.
    salvaged: Option<Salvaged>,
    /// What is known of its event.
    known: Option<Known>,
    events: Vec<Made>,
    /// Whether it was found out where the fields come from: not where the request is too large for that.
    traced: bool,
}

/// An event that the message becomes.
#[derive(Debug, Serialize)]
struct Made {
    status: &'static str,
    title: String,
    /// As it would be pushed.
    event: Pushed,
    /// What was cut or left out to keep a limit.
    cut: Vec<String>,
    /// Every documented limit that it breaks all the same.
    violations: Vec<String>,
    fields: Vec<Shown>,
}

/// A field of an event.
#[derive(Debug, Serialize)]
struct Shown {
    field: String,
    value: String,
    /// Empty where it is this program's own.
    from: Vec<Source>,
}

impl Preview {
    /// Of a request's body, and the query string of its URL.
    pub(crate) fn of(body: &str, query: &str) -> Self {
        if let Some(error) = refused(body) {
            let error = ErrorBody::new(error.code(), error.to_string());
            return Self { error: Some(error), messages: Vec::new() };
        }
        let context = Context { url_labels: labels(query), ..Context::default() };
        let mut budget = Budget::new();
        let wrappings = Wrappings::of(body);
        let message = |part| Message::of(part, &wrappings, &context, &mut budget);
        let messages = split(body.as_bytes()).into_iter().map(message).collect();
        Self { error: None, messages }
    }
}

/// What the relay says of a request that it takes no message from.
fn refused(body: &str) -> Option<Rejection> {
    if body.len() > MAX_BODY {
        return Some(Rejection::BodyTooLarge { bytes: body.len(), limit: MAX_BODY });
    }
    body.as_bytes().trim_ascii().is_empty().then_some(Rejection::EmptyBody)
}

impl Message {
    fn of(part: Part, wrappings: &Wrappings, context: &Context, budget: &mut Budget) -> Self {
        let reading = Reading::of(&part.text);
        let problem = Problem::of(&part.text, &reading);
        let shape = Shape::of(&part.text, &reading, problem.as_ref().is_some_and(Problem::is_broken));
        let known = Known::of(&reading.message);
        let alerts = translate(&part, context);
        let found = provenance(&part, context, budget);
        let traced = found.is_some();
        let mut sources = found.unwrap_or_default().into_iter();
        let events = alerts.iter().flat_map(|alert| &alert.events);
        let events = events.map(|event| Made::of(event, sources.next().unwrap_or_default())).collect();
        Self {
            kind: alerts[0].kind.as_str(),
            shape,
            wrapped: wrappings.around(&part.text),
            problem,
            salvaged: Salvaged::of(&part.text),
            known,
            events,
            traced,
            text: part.text,
        }
    }
}

impl Made {
    fn of(event: &Event, mut sources: BTreeMap<String, Vec<Source>>) -> Self {
        let json = event.to_json();
        let pushed = Pushed::new(&json);
        let title = serde_json::from_slice(&json).ok().and_then(|event| title(&event));
        let mut fields: Vec<_> = fields(event)
            .into_iter()
            .map(|(field, value)| Shown { from: sources.remove(&field).unwrap_or_default(), field, value })
            .collect();
        fields.sort_by_key(|shown| FIRST.iter().position(|first| *first == shown.field).unwrap_or(FIRST.len()));
        Self {
            status: event.status().as_str(),
            title: title.unwrap_or_default(),
            event: pushed,
            cut: event.cut().to_vec(),
            violations: check(&json).err().unwrap_or_default(),
            fields,
        }
    }
}
