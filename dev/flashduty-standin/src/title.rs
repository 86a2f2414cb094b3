//! Titles as Flashduty renders them.

use std::collections::BTreeMap;

/// Shown for a label that the event does not have.
const NO_VALUE: &str = "<no value>";

/// The title of an event, which may be invalid otherwise. None if it has no `title_rule`.
#[must_use]
pub fn title(event: &serde_json::Value) -> Option<String> {
    let labels = serde_json::from_value(event["labels"].clone()).unwrap_or_default();
    Some(render(event["title_rule"].as_str()?, &labels))
}

/// Renders a title from a `title_rule` and labels.
///
/// After a prefix `[TPL]`, `${name}` is replaced by the label `name`; without the prefix, `$name` is. Other text stays as
/// it is.
#[must_use]
pub fn render(title_rule: &str, labels: &BTreeMap<String, String>) -> String {
    let (mut rest, placeholder) = match title_rule.strip_prefix("[TPL]") {
        Some(template) => (template, braced as Placeholder),
        None => (title_rule, bare as Placeholder),
    };
    let mut title = String::new();
    while let Some(dollar) = rest.find('$') {
        title.push_str(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        if let Some((name, after)) = placeholder(rest) {
            title.push_str(labels.get(name).map_or(NO_VALUE, String::as_str));
            rest = after;
        } else {
            title.push('$');
        }
    }
    title + rest
}

/// Splits what follows a `$` into the name of a label and the rest.
type Placeholder = fn(&str) -> Option<(&str, &str)>;

fn braced(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('{')?.split_once('}')
}

fn bare(text: &str) -> Option<(&str, &str)> {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_title(title_rule: &str, title: &str) {
        let labels = [("resource", "云主机-1"), ("check", "CPU"), ("_1", "one")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(render(title_rule, &BTreeMap::from(labels)), title);
    }

    #[test]
    fn a_template_has_labels_in_braces() {
        assert_title("[TPL]${resource} / ${check}", "云主机-1 / CPU");
        assert_title("[TPL]告警：${resource}", "告警：云主机-1");
        assert_title("[TPL]${nobody} / ${check}", "<no value> / CPU");
    }

    #[test]
    fn a_template_leaves_other_dollars_alone() {
        assert_title("[TPL]$resource ${check", "$resource ${check");
        assert_title("[TPL]$${check}$", "$CPU$");
    }

    #[test]
    fn a_plain_title_has_labels_without_braces() {
        assert_title("$resource::$check", "云主机-1::CPU");
        assert_title("$check过高 $_1", "CPU过高 one");
        assert_title("$checks", "<no value>");
    }

    #[test]
    fn a_plain_title_leaves_other_dollars_alone() {
        assert_title("$5, ${check} $", "$5, ${check} $");
        assert_title("a [TPL]${check}", "a [TPL]${check}");
    }
}
