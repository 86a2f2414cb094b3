//! Translates a ZStack message into Flashduty events. The translation is pure: without I/O and without a clock.

mod alarm;
mod event;
mod labels;
mod lines;
mod list;
mod other;
mod texts;

use std::iter::repeat_n;

use crate::channel::Channel;
use crate::flashduty::{AlertKey, Event, LabelSource, Labels, Status, TitleRule, hash, label_name};
use crate::language::Language;
use crate::zstack::{Broken, Level, Message, Reading, clean};

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A resource alarm.
    Alarm,
    /// An event alarm.
    Event,
    /// The console's test message.
    Test,
    /// A message that cannot be read as one of the others, or a list of messages that is not split.
    Raw,
}

impl Kind {
    /// The word for logs and metrics. It is also the value of the label `kind`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alarm => "alarm",
            Self::Event => "event",
            Self::Test => "test",
            Self::Raw => "raw",
        }
    }
}

/// One alert that a message opens, updates or closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The kind of the message.
    pub kind: Kind,
    /// The alert key of all `events`.
    pub(crate) key: AlertKey,
    /// ZStack's id of the message, new at every repeat; empty if it has none.
    pub(crate) id: String,
    /// The events, in the order in which they must be pushed. Usually there is one. An alert that needs nobody, such as
    /// that of a test message, has a second event that closes it.
    pub events: Vec<Event>,
}

/// The label `resource` of a message that names no resource.
const NAMELESS: &str = "ZStack";

/// The label that names a ZStack cloud. The parameter of the webhook's URL has the same name.
pub(crate) const CLOUD: &str = "cloud";

/// Everything that a translation needs beside the message.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The query parameters of the webhook's URL, without the token. They become labels, but never replace a label of the
    /// message. The parameter `cloud` also becomes part of the alert key.
    pub url_labels: Vec<(String, String)>,
    /// The title rule of all events.
    pub title_rule: TitleRule,
    /// The language of descriptions, and of the label `check`.
    pub language: Language,
    /// What the queue did to the message; none if it is pushed as it came. It becomes a label.
    pub late: Option<Late>,
    /// The channel that the message came for. It becomes a label.
    pub channel: Option<Channel>,
}

/// What the queue did to a message. The text says how long ago the message came, such as `12m`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Late {
    /// It waited, and Flashduty did not have it: the label `delayed`.
    Delayed(String),
    /// Flashduty had it, and gets it once more, behind the older messages about its alert: the label `repeated`. Without
    /// that, the event would be identical to the first one, and Flashduty drops such an event
    /// (`docs/protocols/flashduty.md`, "Repeats").
    Repeated(String),
}

impl Late {
    /// Name and value of the label.
    fn label(&self) -> (&'static str, &str) {
        match self {
            Self::Delayed(time) => ("delayed", time),
            Self::Repeated(time) => ("repeated", time),
        }
    }
}

impl Context {
    /// The name of the cloud, from the URL's parameter `cloud`.
    fn cloud(&self) -> Option<&str> {
        let clouds = self.url_labels.iter().filter(|(name, _)| label_name(name) == CLOUD);
        clouds.map(|(_, value)| clean(value)).find(|value| !value.is_empty())
    }
}

/// Translates one message. The result has at least one alert. An event that ends several problems has one alert for each.
///
/// `text` and `around` are those of a [`Part`](crate::zstack::Part).
#[must_use]
pub fn translate(text: &str, around: &[(String, String)], context: &Context) -> Vec<Alert> {
    let Reading { message, broken, .. } = Reading::of(text);
    let source = Source { text, broken, cloud: context.cloud(), language: context.language };
    let drafts = match message {
        Message::Alarm(alarm) => vec![alarm::draft(&alarm, &source)],
        Message::Event(event) => event::drafts(&event, &source),
        Message::Test(message) => vec![other::test(&message, &source)],
        Message::List(messages) => vec![list::draft(&messages, &source)],
        Message::Raw(raw) => vec![other::raw(&raw, &source)],
    };
    drafts.into_iter().map(|draft| draft.finish(around, context)).collect()
}

/// The alert of the relay's own self-test, which is like that of a test message.
#[must_use]
pub(crate) fn self_test(context: &Context) -> Alert {
    other::self_test(context.language).finish(&[], context)
}

/// The source of an alert: the message's text, the cloud that sent it, and the language of the alert.
struct Source<'a> {
    text: &'a str,
    /// [`Reading::broken`] of the message.
    broken: Option<Broken>,
    cloud: Option<&'a str>,
    language: Language,
}

impl Source<'_> {
    /// An alert key that begins with the cloud's name. ZStack's own rules have the same UUID in every cloud
    /// (`docs/protocols/zstack.md`, "Resource alarm").
    fn key(&self, parts: &[&str]) -> AlertKey {
        match self.cloud {
            None => AlertKey::new(parts),
            Some(cloud) => AlertKey::new(&[&[format!("{CLOUD}={cloud}").as_str()], parts].concat()),
        }
    }

    /// The key of a message that cannot be read: the hash of its text.
    fn raw_key(&self) -> AlertKey {
        self.key(&["raw", &hash(&[self.text])])
    }

    /// The note for a message that was read although its JSON is broken.
    fn broken_line(&self) -> Option<String> {
        self.broken.as_ref().map(|broken| self.language.broken(broken))
    }
}

/// An [`Alert`] before the labels of the context are added.
struct Draft {
    kind: Kind,
    key: AlertKey,
    id: String,
    labels: Labels,
    /// Status and description of each event, in the order of the events.
    states: Vec<(Status, String)>,
    /// Lines at the end of each description. They are kept if the rest of it must be cut.
    notes: Vec<String>,
}

impl Draft {
    fn finish(self, around: &[(String, String)], context: &Context) -> Alert {
        let Self { kind, key, id, mut labels, states, notes } = self;
        if let Some((name, time)) = context.late.as_ref().map(Late::label) {
            labels.put_own(name, time);
        }
        if let Some(channel) = &context.channel {
            labels.put_channel(channel.as_str());
        }
        for (name, value) in around {
            labels.put(LabelSource::Request, name, value);
        }
        for (name, value) in &context.url_labels {
            labels.put_if_free(LabelSource::Request, name, clean(value));
        }
        let notes = notes.join("\n");
        let labels = repeat_n(labels, states.len());
        let events = states.into_iter().zip(labels).map(|((status, description), labels)| {
            Event::new(context.title_rule.clone(), status, key.clone(), &description, &notes, labels)
        });
        Alert { kind, events: events.collect(), key, id }
    }
}

/// The status of an open alert with this level. A level that is missing or unknown counts as [`Status::Warning`].
fn severity(level: Option<Level>) -> Status {
    match level {
        Some(Level::Emergent) => Status::Critical,
        Some(Level::Normal) => Status::Info,
        Some(Level::Important | Level::Recovery) | None => Status::Warning,
    }
}

/// The first text that is not empty, or an empty text.
fn first<'a>(texts: &[&'a str]) -> &'a str {
    texts.iter().find(|text| !text.is_empty()).copied().unwrap_or_default()
}
