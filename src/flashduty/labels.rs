//! An event's labels, kept to Prometheus' rules and Flashduty's limits.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use super::text::shorten;

/// The most labels of an event (`docs/protocols/flashduty.md`).
const MAX_LABELS: usize = 50;
/// The longest label name, in characters (`docs/protocols/flashduty.md`).
const MAX_NAME: usize = 128;
/// The longest label value, in characters (`docs/protocols/flashduty.md`).
const MAX_VALUE: usize = 2_048;

/// Where a label comes from. Where there are too many, the later ones here are left out first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Documented labels, with names of this program's own.
    Own,
    /// The webhook's URL and what stands around the message: what tells one cloud from another.
    Around,
    /// Event labels and fields this version does not know.
    Message,
}

/// The labels of an event, by name.
///
/// Names follow Prometheus' rules whatever is put in, and no label ever takes the place of another:
/// where the name is taken by a different value, the new one gets `_2` behind its name, and so on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    labels: BTreeMap<Cow<'static, str>, (Origin, String)>,
    cut: Vec<String>,
}

impl Labels {
    /// Puts in a documented label, whose name is as it must be, unless its value is empty.
    pub fn put_own(&mut self, name: &'static str, value: &str) {
        debug_assert_eq!(label_name(name), name);
        if !value.is_empty() {
            self.insert(Origin::Own, Cow::Borrowed(name), value);
        }
    }

    /// Puts in a label unless its value is empty.
    pub fn put(&mut self, origin: Origin, name: &str, value: &str) {
        if !value.is_empty() {
            let mut label = snake_case(name);
            if label.len() > MAX_NAME {
                label.truncate(MAX_NAME); // ASCII only by now
                self.cut.push(label.clone());
            }
            self.insert(origin, Cow::Owned(label), value);
        }
    }

    fn insert(&mut self, origin: Origin, name: Cow<'static, str>, value: &str) {
        let value = shorten(value, MAX_VALUE);
        let mut free = name.clone();
        for n in 2.. {
            match self.labels.get(&free) {
                None => break,
                Some((_, there)) if *there == value => return,
                // No more than that are pushed, whatever they are called.
                Some(_) if n > MAX_LABELS => return self.cut.push(name.into_owned()),
                Some(_) => {
                    let suffix = format!("_{n}");
                    free = format!("{}{suffix}", &name[..name.len().min(MAX_NAME - suffix.len())]).into();
                }
            }
        }
        if matches!(value, Cow::Owned(_)) {
            self.cut.push(free.clone().into_owned());
        }
        self.labels.insert(free, (origin, value.into_owned()));
    }

    /// Puts in a label unless its value is empty or there is one of its name.
    pub fn put_if_free(&mut self, origin: Origin, name: &str, value: &str) {
        if !self.labels.contains_key(label_name(name).as_str()) {
            self.put(origin, name, value);
        }
    }

    /// The value of the label `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(|(_, value)| value.as_str())
    }

    /// Leaves out what is more than Flashduty takes, and gives the names of the labels that were left
    /// out or cut.
    pub(super) fn fit(&mut self) -> Vec<String> {
        let mut cut = std::mem::take(&mut self.cut);
        if self.labels.len() > MAX_LABELS {
            let mut order: Vec<_> = self.labels.iter().map(|(name, (origin, _))| (*origin, name.clone())).collect();
            order.sort();
            for (_, name) in order.drain(MAX_LABELS..) {
                self.labels.remove(&name);
                cut.push(name.into_owned());
            }
        }
        cut.sort();
        cut.dedup();
        cut
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.labels.iter().map(|(name, (_, value))| (name, value)))
    }
}

/// `name` in `snake_case` and as Prometheus allows it, `[a-zA-Z_][a-zA-Z0-9_]*`, with at most 128
/// characters. A character of another script is written as its code point: `磁盘` is `u78c1_u76d8`.
#[must_use]
pub(crate) fn label_name(name: &str) -> String {
    let mut label = snake_case(name);
    label.truncate(MAX_NAME); // ASCII only by now
    label
}

/// A label's name, however long.
fn snake_case(name: &str) -> String {
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

    #[test]
    fn no_label_takes_the_place_of_another() {
        let mut labels = Labels::default();
        labels.put(Origin::Own, "resource", "web-01");
        labels.put(Origin::Message, "Resource", "else");
        labels.put(Origin::Message, "resource", "web-01");
        labels.put(Origin::Message, "Resource", "third");
        labels.put_if_free(Origin::Around, "resource", "spoof");
        labels.put_if_free(Origin::Around, "cloud", "beijing");
        labels.put(Origin::Message, "empty", "");
        assert_eq!(
            serde_json::to_string(&labels).unwrap(),
            r#"{"cloud":"beijing","resource":"web-01","resource_2":"else","resource_3":"third"}"#
        );
        let long = "n".repeat(300);
        labels.put(Origin::Message, &long, "1");
        labels.put(Origin::Message, &long, "2");
        assert_eq!(labels.get(&format!("{}_2", "n".repeat(MAX_NAME - 2))), Some("2"));
    }

    #[test]
    fn the_message_gives_way_first() {
        let mut labels = Labels::default();
        for n in 0..MAX_LABELS {
            labels.put(Origin::Message, &format!("m{n:02}"), "v");
        }
        labels.put(Origin::Around, "zone", "v");
        labels.put(Origin::Own, "zstack", "v");
        assert_eq!(labels.fit(), ["m48", "m49"]);
        assert_eq!(labels.labels.len(), MAX_LABELS);
        assert_eq!(labels.get("zone").or(labels.get("zstack")), Some("v"));
    }

    #[test]
    fn a_long_value_is_cut_and_named() {
        let mut labels = Labels::default();
        labels.put(Origin::Message, "fits", &"名".repeat(MAX_VALUE));
        labels.put(Origin::Message, "long", &"名".repeat(MAX_VALUE + 1));
        assert_eq!(labels.get("long").unwrap().chars().count(), MAX_VALUE);
        assert_eq!(labels.fit(), ["long"]);
        let long = "n".repeat(MAX_NAME + 1);
        labels.put(Origin::Message, &long, "v");
        assert_eq!(labels.fit(), [&long[1..]]);
    }
}
