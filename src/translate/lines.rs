//! Lines of descriptions.

use super::first;
use crate::flashduty::shorten;
use crate::zstack::{Level, Resource};

/// The lines of a description about the resource and its cluster.
pub(super) fn resource_lines(resource: &str, about: &Resource<'_>) -> Vec<String> {
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

/// The line of a description with the error. A long error is cut here, so that the lines behind it have room.
pub(super) fn error_line(error: &str) -> Option<String> {
    const MAX: usize = 500;
    (!error.is_empty()).then(|| format!("Error: {}", shorten(error, MAX)))
}

/// The note for an unknown level: the alert's severity is then not ZStack's.
pub(super) fn unknown_level(level: &str) -> Option<String> {
    let known = level.is_empty() || Level::read(level).is_some();
    (!known).then(|| format!("Level: {level} (not a level of ZStack's; shown as Warning)"))
}
