//! The labels of an alert.

use super::{Kind, NAMELESS, first};
use crate::flashduty::{LabelSource, Labels};
use crate::zstack::{Resource, Text};

/// The labels of every message.
pub(super) fn labels_of(kind: Kind) -> Labels {
    let mut labels = Labels::default();
    labels.put_own("source", "zstack");
    labels.put_own("kind", kind.as_str());
    labels
}

/// ZStack's own spelling of a text if it is a known `word`, otherwise the text as it came.
pub(super) fn canonical<'a>(text: &'a str, word: Option<&'static str>) -> &'a str {
    word.unwrap_or(text)
}

/// The name of the resource, for people.
pub(super) fn resource_name<'a>(resource: &'a Resource<'_>, namespace: &'a str) -> &'a str {
    first(&[&resource.name, &resource.id, &resource.ip, namespace, NAMELESS])
}

/// The id of the resource, or the best substitute that the message has.
pub(super) fn resource_id<'a>(resource: &'a Resource<'_>) -> &'a str {
    first(&[&resource.id, &resource.name, &resource.ip])
}

/// Adds the labels about the resource, except for `resource` itself.
pub(super) fn resource_labels(labels: &mut Labels, resource: &Resource<'_>) {
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

/// Adds the fields without a documented label under their own names. A field without a name gets the name `unnamed`.
pub(super) fn other_labels(labels: &mut Labels, fields: &[(Text<'_>, Text<'_>)], unnamed: &str) {
    for (name, value) in fields {
        labels.put(LabelSource::Message, if name.is_empty() { unnamed } else { name }, value);
    }
}
