//! An event's labels, kept to Prometheus' rules and Flashduty's limits.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use super::text::shorten;

/// The most labels of an event (`docs/protocols/flashduty.md`).
pub(crate) const MAX_LABELS: usize = 50;
/// The longest label name, in characters (`docs/protocols/flashduty.md`).
const MAX_NAME: usize = 128;
/// The longest label value, in characters (`docs/protocols/flashduty.md`).
const MAX_VALUE: usize = 2_048;

/// The labels that titles and routes rely on. They are this program's own, set or not: a message's label of such a name
/// always has a suffix.
const RESERVED: [&str; 5] = ["check", "delayed", "kind", "resource", "source"];
/// The most names that are told of what was left out.
const MAX_TOLD: usize = 50;

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
    by_name: BTreeMap<Cow<'static, str>, (Origin, String)>,
    /// Values that came under a name that was taken.
    others: BTreeMap<String, BTreeSet<String>>,
    cut: Cut,
}

/// The names of what was cut or left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Cut {
    names: BTreeSet<String>,
    more: usize,
}

impl Cut {
    fn tell(&mut self, name: &str) {
        if self.names.len() < MAX_TOLD {
            self.names.insert(name.to_owned());
        } else if !self.names.contains(name) {
            self.more += 1;
        }
    }
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
                self.cut.tell(&label);
            }
            self.insert(origin, Cow::Owned(label), value);
        }
    }

    fn insert(&mut self, origin: Origin, name: Cow<'static, str>, value: &str) {
        let value = shorten(value, MAX_VALUE);
        let is_reserved = origin != Origin::Own && RESERVED.contains(&&*name);
        let name = match self.by_name.get(&name) {
            Some((_, there)) if *there == value && !is_reserved => return,
            None if !is_reserved => name,
            _ => match self.suffixed(&name, &value) {
                Some(name) => name,
                None => return,
            },
        };
        if matches!(value, Cow::Owned(_)) {
            self.cut.tell(&name);
        }
        self.by_name.insert(name, (origin, value.into_owned()));
    }

    /// A free name for a value whose own name is taken; none where the value is there already, or where no more are
    /// pushed than that, whatever they are called.
    fn suffixed(&mut self, name: &str, value: &str) -> Option<Cow<'static, str>> {
        let others = self.others.entry(name.to_owned()).or_default();
        if others.contains(value) {
            return None;
        }
        let first = 2 + others.len();
        if first <= MAX_LABELS {
            others.insert(value.to_owned());
        }
        let mut names = (first..=MAX_LABELS).map(|n| {
            let suffix = format!("_{n}");
            Cow::Owned(format!("{}{suffix}", &name[..name.len().min(MAX_NAME - suffix.len())]))
        });
        let free = names.find(|free| !self.by_name.contains_key(free));
        if free.is_none() {
            self.cut.tell(name);
        }
        free
    }

    /// Puts in a label unless its value is empty or there is one of its name.
    pub fn put_if_free(&mut self, origin: Origin, name: &str, value: &str) {
        let label = label_name(name);
        if RESERVED.contains(&&*label) || !self.by_name.contains_key(label.as_str()) {
            self.put(origin, name, value);
        }
    }

    /// Tells that so many labels were left out before they came here.
    pub fn left_out(&mut self, labels: usize) {
        self.cut.more += labels;
    }

    /// The value of the label `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.by_name.get(name).map(|(_, value)| value.as_str())
    }

    /// Leaves out what is more than Flashduty takes, and gives the names of the labels that were left
    /// out or cut.
    pub(super) fn fit(&mut self) -> Vec<String> {
        let mut cut = std::mem::take(&mut self.cut);
        if self.by_name.len() > MAX_LABELS {
            let mut order: Vec<_> = self.by_name.iter().map(|(name, (origin, _))| (*origin, name.clone())).collect();
            order.sort();
            for (_, name) in order.drain(MAX_LABELS..) {
                self.by_name.remove(&name);
                cut.tell(&name);
            }
        }
        let more = (cut.more > 0).then(|| format!("{} more", cut.more));
        cut.names.into_iter().chain(more).collect()
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.by_name.iter().map(|(name, (_, value))| (name, value)))
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
        labels.put_if_free(Origin::Around, "metric", "m");
        labels.put_if_free(Origin::Around, "metric", "spoof");
        labels.put_if_free(Origin::Around, "cloud", "beijing");
        labels.put(Origin::Message, "empty", "");
        assert_eq!(
            serde_json::to_string(&labels).unwrap(),
            r#"{"cloud":"beijing","metric":"m","resource":"web-01","resource_2":"else","resource_3":"web-01","resource_4":"third"}"#
        );
        let long = "n".repeat(300);
        labels.put(Origin::Message, &long, "1");
        labels.put(Origin::Message, &long, "2");
        assert_eq!(labels.get(&format!("{}_2", "n".repeat(MAX_NAME - 2))), Some("2"));
    }

    #[test]
    fn names_that_routes_rely_on_are_never_a_messages() {
        for set in [false, true] {
            let mut labels = Labels::default();
            for name in RESERVED {
                if set {
                    labels.put_own(name, "ours");
                }
                labels.put(Origin::Message, &name.to_uppercase(), "theirs");
                labels.put_if_free(Origin::Around, name, "url");
                assert_eq!(labels.get(name), set.then_some("ours"));
                assert_eq!(labels.get(&format!("{name}_2")), Some("theirs"));
                assert_eq!(labels.get(&format!("{name}_3")), Some("url"));
            }
        }
    }

    #[test]
    fn thousands_of_one_name_are_not_tried_out() {
        let mut labels = Labels::default();
        for n in 0..20_000 {
            labels.put(Origin::Message, "a", &n.to_string());
            labels.put(Origin::Message, "a", &n.to_string());
        }
        assert_eq!(labels.by_name.len(), MAX_LABELS);
        assert_eq!(labels.fit(), ["a"]);
        for n in 0..20_000 {
            labels.put(Origin::Message, &format!("b{n}"), "v");
        }
        let cut = labels.fit();
        assert_eq!((labels.by_name.len(), cut.len()), (MAX_LABELS, MAX_TOLD + 1));
        assert_eq!(cut[MAX_TOLD], "19950 more");
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
        assert_eq!(labels.by_name.len(), MAX_LABELS);
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
