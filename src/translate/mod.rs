//! ZStack's message into Flashduty's events: pure, without I/O and without a clock.

mod alarm;
mod event;
mod list;
mod other;

use std::iter::repeat_n;

use crate::flashduty::{AlertKey, Event, LabelSource, Labels, Status, TitleRule, hash, label_name, shorten};
use crate::zstack::{Level, Message, Part, Reading, Resource, Text, clean};

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A resource alarm.
    Alarm,
    /// An event alarm.
    Event,
    /// The console's test message.
    Test,
    /// A message that could not be read.
    Raw,
}

impl Kind {
    /// The value of the label `kind`.
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
    /// What the message is.
    pub kind: Kind,
    /// The alert that the events open, update or close.
    pub key: AlertKey,
    /// ZStack's id of the message, new at every repeat; empty where it has none.
    pub id: String,
    /// One event; what is told and needs nobody has two, one that opens the alert and one that closes it.
    pub events: Vec<Event>,
}

/// The title's and the labels' last resort where a message names no resource at all.
const NAMELESS: &str = "ZStack";

/// The label, and parameter of the webhook's URL, that names a ZStack cloud.
pub(crate) const CLOUD: &str = "cloud";

/// What a translation takes beside the message.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The webhook URL's query parameters without the token: they tell one ZStack cloud from another, and
    /// never override a label of the message.
    pub url_labels: Vec<(String, String)>,
    /// How Flashduty makes titles.
    pub title_rule: TitleRule,
    /// How late the message is, where it had to wait.
    pub delayed: Option<String>,
}

impl Context {
    /// The name of the cloud, by the URL's parameter `cloud`.
    fn cloud(&self) -> Option<&str> {
        let clouds = self.url_labels.iter().filter(|(name, _)| label_name(name) == CLOUD);
        clouds.map(|(_, value)| clean(value)).find(|value| !value.is_empty())
    }
}

/// Translates one message. There is at least one alert; an event that ends several problems has one for each.
#[must_use]
pub fn translate(part: &Part, context: &Context) -> Vec<Alert> {
    let Reading { message, broken, .. } = Reading::of(&part.text);
    let source = Source { text: &part.text, broken, cloud: context.cloud() };
    let drafts = match message {
        Message::Alarm(alarm) => vec![alarm::draft(&alarm, &source)],
        Message::Event(event) => event::drafts(&event, &source),
        Message::Test(test) => vec![other::test(&test, &source)],
        Message::List(messages) => vec![list::draft(&messages, &source)],
        Message::Raw(raw) => vec![other::raw(&raw, &source)],
    };
    drafts.into_iter().map(|draft| draft.finish(part, context)).collect()
}

/// What a message's text says beside its fields.
struct Source<'a> {
    text: &'a str,
    /// Where its JSON is broken (`in ALARM_NAME`), where it was read all the same.
    broken: Option<String>,
    cloud: Option<&'a str>,
}

impl Source<'_> {
    /// An alert's key. Two clouds have the same ids where ZStack makes them, so the cloud's name stands in front.
    fn key(&self, parts: &[&str]) -> AlertKey {
        match self.cloud {
            None => AlertKey::new(parts),
            Some(cloud) => AlertKey::new(&[&[format!("{CLOUD}={cloud}").as_str()], parts].concat()),
        }
    }

    /// The key of a message that says nothing of what it is about: its text.
    fn raw_key(&self) -> AlertKey {
        self.key(&["raw", &hash(&[self.text])])
    }

    /// A line for a message that was read although its JSON is broken.
    fn broken_line(&self) -> Option<String> {
        let place = self.broken.as_ref()?;
        Some(format!("The message template breaks its JSON {place}; the values were found by their names."))
    }
}

/// What a message has to say of one alert.
struct Draft {
    kind: Kind,
    key: AlertKey,
    id: String,
    labels: Labels,
    /// Status and description of each event, in order.
    states: Vec<(Status, String)>,
    /// Lines at the end of each description, which are never cut off.
    notes: Vec<String>,
}

impl Draft {
    fn finish(self, part: &Part, context: &Context) -> Alert {
        let Self { kind, key, id, mut labels, states, notes } = self;
        labels.put_own("delayed", context.delayed.as_deref().unwrap_or_default());
        for (name, value) in part.around.iter() {
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

/// The labels that every message has, in before all others so that none takes their names.
fn labels_of(kind: Kind) -> Labels {
    let mut labels = Labels::default();
    labels.put_own("source", "zstack");
    labels.put_own("kind", kind.as_str());
    labels
}

/// How bad an alert of this level is. A level that is missing or not known counts as [`Status::Warning`].
fn severity(level: Option<Level>) -> Status {
    match level {
        Some(Level::Emergent) => Status::Critical,
        Some(Level::Normal) => Status::Info,
        Some(Level::Important | Level::Recovery) | None => Status::Warning,
    }
}

/// The first of several texts that is not empty.
fn first<'a>(texts: &[&'a str]) -> &'a str {
    texts.iter().find(|text| !text.is_empty()).copied().unwrap_or_default()
}

/// A known word in the wire's own spelling, any other as it came.
fn canonical<'a>(text: &'a str, word: Option<&'static str>) -> &'a str {
    word.unwrap_or(text)
}

/// What an alert is about, for people.
fn resource_name<'a>(resource: &'a Resource<'_>, namespace: &'a str) -> &'a str {
    first(&[&resource.name, &resource.id, &resource.ip, namespace, NAMELESS])
}

/// What tells a resource from all others, as far as the message says.
fn resource_id<'a>(resource: &'a Resource<'_>) -> &'a str {
    first(&[&resource.id, &resource.name, &resource.ip])
}

/// The labels that say what an alert is about.
fn resource_labels(labels: &mut Labels, resource: &Resource<'_>) {
    for (name, value) in [
        ("resource_id", &resource.id),
        ("resource_type", &resource.kind),
        ("resource_ip", &resource.ip),
        ("cluster", &resource.cluster_name),
        ("cluster_id", &resource.cluster_id),
    ] {
        labels.put_own(name, value);
    }
}

/// Labels out of fields that have no documented label: their own names, or `unnamed` where they have none.
fn other_labels(labels: &mut Labels, fields: &[(Text<'_>, Text<'_>)], unnamed: &str) {
    for (name, value) in fields {
        labels.put(LabelSource::Message, if name.is_empty() { unnamed } else { name }, value);
    }
}

/// The lines of a description that say where to look.
fn whereabouts(resource: &str, about: &Resource<'_>) -> Vec<String> {
    let details = [&about.ip, &about.kind].into_iter().filter(|text| !text.is_empty()).map(AsRef::as_ref);
    let details = details.collect::<Vec<_>>().join(", ");
    let mut lines = vec![if details.is_empty() {
        format!("Resource: {resource}")
    } else {
        format!("Resource: {resource} ({details})")
    }];
    let cluster = first(&[&about.cluster_name, &about.cluster_id]);
    if !cluster.is_empty() {
        lines.push(format!("Cluster: {cluster}"));
    }
    lines
}

/// The line of a description that tells the error: not so much of it that the rest is cut off.
fn error_line(error: &str) -> Option<String> {
    const MAX: usize = 500;
    (!error.is_empty()).then(|| format!("Error: {}", shorten(error, MAX)))
}

/// A line of the description where the level is a word that nobody knows, so that nobody takes the
/// severity for ZStack's own.
fn unknown_level(level: &str) -> Option<String> {
    let known = level.is_empty() || Level::read(level).is_some();
    (!known).then(|| format!("Level: {level} (not a level of ZStack's; shown as Warning)"))
}
