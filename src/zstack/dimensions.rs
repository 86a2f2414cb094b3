//! The dimensions of third-party alerts: the resource that such an alert is about (`docs/protocols/zstack.md`,
//! "Third-party alerts").

use super::fields::{Fields, clean, text};

/// The values of an alert's dimensions, separated by blanks: `{'resource_name':'pool-hdd-2'}` gives `pool-hdd-2`. A text
/// that is not a map is returned as it is.
#[must_use]
pub(crate) fn dimension_values(dimensions: &str) -> String {
    let values = match serde_json::from_str(dimensions) {
        Ok(Fields(members)) => members.into_iter().map(|(_, value)| text(value).into_owned()).collect(),
        Err(_) => single_quoted(dimensions).unwrap_or_else(|| vec![dimensions.to_owned()]),
    };
    values.into_iter().filter(|value| !value.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The values of a map as Python prints it: `{'name':'value', 'name': 2}`.
fn single_quoted(text: &str) -> Option<Vec<String>> {
    let mut rest = text.strip_prefix('{')?.strip_suffix('}')?.trim();
    let mut values = Vec::new();
    while !rest.is_empty() {
        let (_, behind) = rest.strip_prefix('\'')?.split_once('\'')?;
        rest = behind.trim_start().strip_prefix(':')?.trim_start();
        let (value, behind) = match rest.strip_prefix('\'') {
            Some(quoted) => quoted.split_once('\'')?,
            None => rest.split_at(rest.find(',').unwrap_or(rest.len())),
        };
        values.push(clean(value).to_owned());
        rest = behind.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_a_map_are_joined() {
        for (dimensions, expected) in [
            ("{'resource_name':'pool-hdd-2'}", "pool-hdd-2"),
            ("{'pool': 'hdd, 2', 'id': 7, 'none': None, 'host':'甲'}", "hdd, 2 7 甲"),
            (r#"{"pool": "hdd", "id": 7, "none": null}"#, "hdd 7"),
            ("pool-hdd-2", "pool-hdd-2"),
            ("{'broken", "{'broken"),
            ("{'a':'b' 'c'}", "{'a':'b' 'c'}"),
            ("{}", ""),
            ("", ""),
        ] {
            assert_eq!(dimension_values(dimensions), expected, "{dimensions}");
        }
    }
}
