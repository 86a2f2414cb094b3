//! The names of labels (`docs/protocols/flashduty.md`, "The standard alert event").

use std::fmt::Write as _;

/// The longest label name, in characters.
pub(super) const MAX_NAME: usize = 128;

/// `name` in `snake_case`, in the form that Prometheus allows, `[a-zA-Z_][a-zA-Z0-9_]*`, and with at most 128
/// characters. A character beyond ASCII becomes its code point: `磁盘` is `u78c1_u76d8`.
#[must_use]
pub(crate) fn label_name(name: &str) -> String {
    let mut label = snake_case(name);
    label.truncate(MAX_NAME); // Only ASCII is left.
    label
}

/// [`label_name`] without the limit of its length.
pub(super) fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 8);
    let mut chars = name.chars().peekable();
    let mut before = '_';
    while let Some(c) = chars.next() {
        let new_word = c.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || before.is_ascii_uppercase() && chars.peek().is_some_and(char::is_ascii_lowercase));
        if new_word || !c.is_ascii_alphanumeric() || !before.is_ascii() {
            separate(&mut snake);
        }
        if c.is_ascii_alphanumeric() {
            snake.push(c.to_ascii_lowercase());
        } else if !c.is_ascii() {
            let _ = write!(snake, "u{:x}", u32::from(c));
        }
        before = c;
    }
    let snake = snake.trim_end_matches('_');
    let start = if snake.is_empty() {
        "unnamed"
    } else if snake.starts_with(|c: char| c.is_ascii_digit()) {
        "_"
    } else {
        ""
    };
    format!("{start}{snake}")
}

fn separate(snake: &mut String) {
    if !snake.is_empty() && !snake.ends_with('_') {
        snake.push('_');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_prometheus() {
        for (name, expected) in [
            ("OldStatus", "old_status"),
            ("PhysicalNicName", "physical_nic_name"),
            ("CPUUsage", "cpu_usage"),
            ("ALARM_NEW_FIELD", "alarm_new_field"),
            ("VMUuid", "vm_uuid"),
            ("host-ip", "host_ip"),
            ("__name__", "name"),
            ("a  b", "a_b"),
            ("5xx", "_5xx"),
            ("磁盘", "u78c1_u76d8"),
            ("磁盘Name", "u78c1_u76d8_name"),
            ("", "unnamed"),
            ("%&", "unnamed"),
        ] {
            assert_eq!(label_name(name), expected, "{name}");
        }
        assert_eq!(label_name(&"a".repeat(200)).len(), MAX_NAME);
    }
}
