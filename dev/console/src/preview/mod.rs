//! Translates a message without pushing it, and finds out where each field of its events comes from.

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
use zstack_flashduty::language::Language;
use zstack_flashduty::translate::{Context, translate};
use zstack_flashduty::webhook::admit;
use zstack_flashduty::zstack::{Part, Reading, split};

use crate::api_error::ErrorBody;
use crate::url::{channel, labels};
use inputs::Source;
use known::Known;
use problem::Problem;
use provenance::{Budget, fields, provenance};
use shape::{Salvaged, Shape};
use wrapping::{Wrapper, Wrappings};

/// The fields that are shown first, in this order. The labels follow in alphabetical order.
const FIRST_FIELDS: [&str; 4] = ["title_rule", "event_status", "alert_key", "description"];

/// What the relay would make of a request.
#[derive(Debug, Serialize)]
pub(crate) struct Preview {
    /// Why the relay rejects the whole request.
    error: Option<ErrorBody>,
    messages: Vec<Message>,
}

/// One message of the request.
#[derive(Debug, Serialize)]
struct Message {
    kind: &'static str,
    text: String,
    shape: Shape,
    /// What the message was wrapped in, the outermost first.
    wrapped: Vec<Wrapper>,
    /// Why the message could not be read, or could be read only although its JSON is broken.
    problem: Option<Problem>,
    /// What was found in the message if its JSON is broken.
    salvaged: Option<Salvaged>,
    /// What ZStack's catalogue says about its event.
    known: Option<Known>,
    events: Vec<PreviewedEvent>,
    /// Whether the sources of the fields were found. False if the request is too large for that.
    traced: bool,
}

/// An event that the relay would push.
#[derive(Debug, Serialize)]
struct PreviewedEvent {
    status: &'static str,
    title: String,
    /// The JSON that would be pushed.
    event: Pushed,
    /// The names of what was shortened or left out because of Flashduty's limits.
    cut: Vec<String>,
    /// Every documented limit that the event still violates.
    violations: Vec<String>,
    fields: Vec<Field>,
}

#[derive(Debug, Serialize)]
struct Field {
    #[serde(rename = "field")]
    name: String,
    value: String,
    /// What the value comes from. Empty if the relay sets the value itself.
    from: Vec<Source>,
}

impl Preview {
    /// Previews a request with this body, and with this query string and this channel in its URL, from a relay with this
    /// `language`. An empty `channel` is none.
    pub(crate) fn of(body: &str, query: &str, channel: &str, language: Language) -> Self {
        match Self::context(query, channel, language).and_then(|context| admit(body.as_bytes()).map(|()| context)) {
            Ok(context) => Self::of_admitted(body, &context),
            Err(error) => {
                let error = ErrorBody::new(error.code(), error.to_string());
                Self { error: Some(error), messages: Vec::new() }
            }
        }
    }

    fn context(query: &str, name: &str, language: Language) -> Result<Context, Rejection> {
        Ok(Context { channel: channel(name)?, url_labels: labels(query), language, ..Context::default() })
    }

    fn of_admitted(body: &str, context: &Context) -> Self {
        let mut budget = Budget::new();
        let wrappings = Wrappings::of(body);
        let message = |part| Message::of(part, &wrappings, context, &mut budget);
        let messages = split(body.as_bytes()).into_iter().map(message).collect();
        Self { error: None, messages }
    }
}

impl Message {
    fn of(part: Part, wrappings: &Wrappings, context: &Context, budget: &mut Budget) -> Self {
        let reading = Reading::of(&part.text);
        let problem = Problem::of(&part.text, &reading);
        let shape = Shape::of(&part.text, &reading, problem.as_ref().is_some_and(Problem::is_broken));
        let known = Known::of(&reading.message);
        let alerts = translate(&part.text, &part.around, context);
        let provenance = provenance(&part, context, budget);
        let traced = provenance.is_some();
        let mut sources = provenance.unwrap_or_default().into_iter();
        let events = alerts.iter().flat_map(|alert| &alert.events);
        let events = events.map(|event| PreviewedEvent::of(event, sources.next().unwrap_or_default())).collect();
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

impl PreviewedEvent {
    fn of(event: &Event, mut sources: BTreeMap<String, Vec<Source>>) -> Self {
        let json = event.to_json();
        let pushed = Pushed::new(&json);
        let title = serde_json::from_slice(&json).ok().and_then(|event| title(&event));
        let mut fields: Vec<_> = fields(event)
            .into_iter()
            .map(|(name, value)| Field { from: sources.remove(&name).unwrap_or_default(), name, value })
            .collect();
        fields.sort_by_key(|field| {
            FIRST_FIELDS.iter().position(|first| *first == field.name).unwrap_or(FIRST_FIELDS.len())
        });
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
