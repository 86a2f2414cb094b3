//! The members that messages of both kinds have, and how values are written.

use serde_json::{Map, Value};

use crate::tables::{Table, text};
use crate::zstack::{Resource, ZStack};

/// The name of the cluster, or `-`.
pub(super) fn cluster_name(zstack: &ZStack, resource: Option<&Resource>) -> String {
    let cluster = resource.and_then(|it| it.cluster.as_deref());
    let row = cluster.and_then(|it| zstack.tables.find(Table::Clusters, it));
    row.and_then(|it| text(it, "name")).unwrap_or("-").to_owned()
}

/// A value with its unit, as newer versions write it.
pub(super) fn with_unit(metric: &str, value: f64) -> String {
    let has = |word| metric.contains(word);
    if has("Percent") || has("Utilization") {
        format!("{value:.2}%")
    } else if has("Temperature") {
        format!("{value:.2}°C")
    } else if has("InBytes") {
        format!("{:.2}GB", value / f64::from(1 << 30))
    } else {
        format!("{value:.2}")
    }
}

/// A message without its null members.
pub(super) fn plain(members: Value) -> Map<String, Value> {
    match members {
        Value::Object(members) => members.into_iter().filter(|(_, it)| !it.is_null()).collect(),
        _ => Map::new(),
    }
}
