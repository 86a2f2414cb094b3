//! Lines of descriptions.

use super::first;
use super::texts::Line;
use crate::flashduty::shorten;
use crate::language::Language;
use crate::zstack::{Level, Resource};

/// Most descriptions have no more lines than this.
pub(super) const USUAL_LINES: usize = 8;

/// Adds the lines of a description about the resource and its cluster.
pub(super) fn add_resource(lines: &mut Vec<String>, language: Language, resource: &str, about: &Resource<'_>) {
    lines.push(match (&*about.ip, &*about.kind) {
        ("", "") => language.line(Line::Resource, resource),
        (details, "") | ("", details) => language.resource_with(resource, details),
        (ip, kind) => language.resource_with(resource, &[ip, kind].join(language.comma())),
    });
    let cluster = first(&[&about.cluster_name, &about.cluster_id]);
    if !cluster.is_empty() {
        lines.push(language.line(Line::Cluster, cluster));
    }
}

/// The line of a description with the error. A long error is cut here, so that the lines behind it have room.
pub(super) fn error_line(language: Language, error: &str) -> Option<String> {
    const MAX: usize = 500;
    (!error.is_empty()).then(|| language.line(Line::Error, &shorten(error, MAX)))
}

/// The note for an unknown level: the alert's severity is then not ZStack's.
pub(super) fn unknown_level(language: Language, level: &str) -> Option<String> {
    let known = level.is_empty() || Level::read(level).is_some();
    (!known).then(|| language.unknown_level(level))
}
