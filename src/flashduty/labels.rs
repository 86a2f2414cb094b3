//! An event's labels, with names as Prometheus has them and within Flashduty's limits
//! (`docs/protocols/flashduty.md`, "The standard alert event").

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};

use super::label_name::{MAX_NAME, label_name, snake_case};
use super::text::shorten;

/// The most labels of an event.
pub(crate) const MAX_LABELS: usize = 50;
/// The longest label value, in characters.
const MAX_VALUE: usize = 2_048;

/// The labels that titles and routes rely on. Only [`Labels::put_own`] sets them. Any other label of such a name gets a
/// suffix, even if the name is free.
const RESERVED: [&str; 6] = ["check", "delayed", "kind", "repeated", "resource", "source"];
/// The label that names the channel.
const CHANNEL: &str = "channel";
/// How many labels that were cut or left out are named in the log. The others are counted.
const MAX_CUT_NAMES: usize = 50;

/// The source of a label. If there are too many labels, those of the last source here are left out first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LabelSource {
    /// The documented labels. Their names are the relay's own.
    Own,
    /// The webhook's URL and the objects around the message: they distinguish one ZStack cloud from another.
    Request,
    /// The message's event labels, and its fields without a documented label.
    Message,
}

/// The labels of an event, by name.
///
/// Every name is brought into the form that Prometheus allows. No label replaces another: if its name already has a
/// different value, the new label gets the suffix `_2`, `_3` and so on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Labels {
    by_name: BTreeMap<Cow<'static, str>, (LabelSource, String)>,
    /// The values of the labels with a suffix, by the name without it.
    suffixed: BTreeMap<String, BTreeSet<String>>,
    cut: Cut,
}

/// The labels that were cut or left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Cut {
    names: BTreeSet<String>,
    /// How many more there were, without their names.
    more: usize,
}

impl Cut {
    fn add(&mut self, name: &str) {
        if self.names.len() < MAX_CUT_NAMES {
            self.names.insert(name.to_owned());
        } else if !self.names.contains(name) {
            self.more += 1;
        }
    }
}

impl Labels {
    /// Adds a documented label unless its value is empty. `name` must already have the form of a label name.
    pub(crate) fn put_own(&mut self, name: &'static str, value: &str) {
        debug_assert_eq!(label_name(name), name);
        if !value.is_empty() {
            self.insert(LabelSource::Own, Cow::Borrowed(name), value);
        }
    }

    /// Adds a label unless its value is empty. Its name is [`label_name`] of `name`, perhaps with a suffix.
    pub(crate) fn put(&mut self, source: LabelSource, name: &str, value: &str) {
        if !value.is_empty() {
            let mut label = snake_case(name);
            if label.len() > MAX_NAME {
                label.truncate(MAX_NAME); // Only ASCII is left.
                self.cut.add(&label);
            }
            self.insert(source, Cow::Owned(label), value);
        }
    }

    /// Adds the label `channel`. Its name is not reserved for messages that came for no channel. So a label that has it
    /// already gets a suffix here.
    pub(crate) fn put_channel(&mut self, channel: &str) {
        let former = self.by_name.insert(CHANNEL.into(), (LabelSource::Own, channel.to_owned()));
        if let Some((source, value)) = former.filter(|(_, value)| value != channel) {
            self.insert(source, CHANNEL.into(), &value);
        }
    }

    fn insert(&mut self, source: LabelSource, name: Cow<'static, str>, value: &str) {
        let value = shorten(value, MAX_VALUE);
        let is_reserved = source != LabelSource::Own && RESERVED.contains(&&*name);
        let name = match self.by_name.get(&name) {
            Some((_, there)) if *there == value && !is_reserved => return,
            None if !is_reserved => name,
            _ => match self.name_with_suffix(&name, &value) {
                Some(name) => name,
                None => return,
            },
        };
        if matches!(value, Cow::Owned(_)) {
            self.cut.add(&name);
        }
        self.by_name.insert(name, (source, value.into_owned()));
    }

    /// A free name with a suffix. None if a suffixed label already has this value, or if all suffixes up to
    /// [`MAX_LABELS`] are in use: no event has more labels than that.
    fn name_with_suffix(&mut self, name: &str, value: &str) -> Option<Cow<'static, str>> {
        let values = self.suffixed.entry(name.to_owned()).or_default();
        if values.contains(value) {
            return None;
        }
        let first = 2 + values.len();
        if first <= MAX_LABELS {
            values.insert(value.to_owned());
        }
        let mut names = (first..=MAX_LABELS).map(|n| {
            let suffix = format!("_{n}");
            Cow::Owned(format!("{}{suffix}", &name[..name.len().min(MAX_NAME - suffix.len())]))
        });
        let free = names.find(|free| !self.by_name.contains_key(free));
        if free.is_none() {
            self.cut.add(name);
        }
        free
    }

    /// Adds a label unless its value is empty or another label has its name. A reserved name counts as free: the label
    /// then gets a suffix.
    pub(crate) fn put_if_free(&mut self, source: LabelSource, name: &str, value: &str) {
        let label = label_name(name);
        if RESERVED.contains(&&*label) || !self.by_name.contains_key(label.as_str()) {
            self.put(source, name, value);
        }
    }

    #[cfg(test)]
    fn get(&self, name: &str) -> Option<&str> {
        self.by_name.get(name).map(|(_, value)| value.as_str())
    }

    /// Removes the labels beyond [`MAX_LABELS`]. Returns the names of the labels that were removed here or cut before.
    pub(super) fn fit(&mut self) -> Vec<String> {
        let mut cut = std::mem::take(&mut self.cut);
        if self.by_name.len() > MAX_LABELS {
            let mut order: Vec<_> = self.by_name.iter().map(|(name, (source, _))| (*source, name.clone())).collect();
            order.sort();
            for (_, name) in order.drain(MAX_LABELS..) {
                self.by_name.remove(&name);
                cut.add(&name);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_takes_the_place_of_another() {
        let mut labels = Labels::default();
        labels.put(LabelSource::Own, "resource", "web-01");
        labels.put(LabelSource::Message, "Resource", "else");
        labels.put(LabelSource::Message, "resource", "web-01");
        labels.put(LabelSource::Message, "Resource", "third");
        labels.put_if_free(LabelSource::Request, "metric", "m");
        labels.put_if_free(LabelSource::Request, "metric", "spoof");
        labels.put_if_free(LabelSource::Request, "cloud", "beijing");
        labels.put(LabelSource::Message, "empty", "");
        assert_eq!(
            serde_json::to_string(&labels).unwrap(),
            r#"{"cloud":"beijing","metric":"m","resource":"web-01","resource_2":"else","resource_3":"web-01","resource_4":"third"}"#
        );
        let long = "n".repeat(300);
        labels.put(LabelSource::Message, &long, "1");
        labels.put(LabelSource::Message, &long, "2");
        assert_eq!(labels.get(&format!("{}_2", "n".repeat(MAX_NAME - 2))), Some("2"));
    }

    #[test]
    fn a_message_never_sets_a_label_that_routes_rely_on() {
        for set in [false, true] {
            let mut labels = Labels::default();
            for name in RESERVED {
                if set {
                    labels.put_own(name, "ours");
                }
                labels.put(LabelSource::Message, &name.to_uppercase(), "theirs");
                labels.put_if_free(LabelSource::Request, name, "url");
                assert_eq!(labels.get(name), set.then_some("ours"));
                assert_eq!(labels.get(&format!("{name}_2")), Some("theirs"));
                assert_eq!(labels.get(&format!("{name}_3")), Some("url"));
            }
        }
    }

    #[test]
    fn the_channel_keeps_its_name_where_there_is_one() {
        let mut labels = Labels::default();
        labels.put(LabelSource::Message, "Channel", "theirs");
        assert_eq!(labels.get("channel"), Some("theirs"), "without a channel the name is free");
        labels.put_channel("database");
        labels.put(LabelSource::Request, "channel", "around");
        labels.put_if_free(LabelSource::Request, "channel", "url");
        let found = ["channel", "channel_2", "channel_3", "channel_4"].map(|name| labels.get(name));
        assert_eq!(found, [Some("database"), Some("theirs"), Some("around"), None]);
        let mut labels = Labels::default();
        labels.put(LabelSource::Message, "channel", "database");
        labels.put_channel("database");
        assert_eq!(labels.by_name.len(), 1);
    }

    #[test]
    fn thousands_of_one_name_are_not_tried_out() {
        let mut labels = Labels::default();
        for n in 0..20_000 {
            labels.put(LabelSource::Message, "a", &n.to_string());
            labels.put(LabelSource::Message, "a", &n.to_string());
        }
        assert_eq!(labels.by_name.len(), MAX_LABELS);
        assert_eq!(labels.fit(), ["a"]);
        for n in 0..20_000 {
            labels.put(LabelSource::Message, &format!("b{n}"), "v");
        }
        let cut = labels.fit();
        assert_eq!((labels.by_name.len(), cut.len()), (MAX_LABELS, MAX_CUT_NAMES + 1));
        assert_eq!(cut[MAX_CUT_NAMES], "19950 more");
    }

    #[test]
    fn labels_of_the_message_are_left_out_first() {
        let mut labels = Labels::default();
        for n in 0..MAX_LABELS {
            labels.put(LabelSource::Message, &format!("m{n:02}"), "v");
        }
        labels.put(LabelSource::Request, "zone", "v");
        labels.put(LabelSource::Own, "zstack", "v");
        assert_eq!(labels.fit(), ["m48", "m49"]);
        assert_eq!(labels.by_name.len(), MAX_LABELS);
        assert_eq!(labels.get("zone").or(labels.get("zstack")), Some("v"));
    }

    #[test]
    fn a_long_value_is_cut_and_named() {
        let mut labels = Labels::default();
        labels.put(LabelSource::Message, "fits", &"名".repeat(MAX_VALUE));
        labels.put(LabelSource::Message, "long", &"名".repeat(MAX_VALUE + 1));
        assert_eq!(labels.get("long").unwrap().chars().count(), MAX_VALUE);
        assert_eq!(labels.fit(), ["long"]);
        let long = "n".repeat(MAX_NAME + 1);
        labels.put(LabelSource::Message, &long, "v");
        assert_eq!(labels.fit(), [&long[1..]]);
    }
}
