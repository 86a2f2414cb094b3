//! The cloud in the URL is part of every key.

use proptest::prelude::*;
use serde_json::Value;

use super::messages::{alarm, is_no_value, shape};
use super::{message, pushed, text};

fn keys(body: &str, cloud: &str) -> Vec<String> {
    let url = [("cloud".to_owned(), cloud.to_owned())];
    pushed(body.as_bytes(), if cloud.is_empty() { &[] } else { &url }).into_iter().map(|it| it.alert_key).collect()
}

/// Any message: an object with ZStack's names, a text, or an alarm in any shape.
pub fn body() -> impl Strategy<Value = String> {
    prop_oneof![
        message().prop_map(|message| message.to_string()),
        message().prop_map(|message| Value::from(message.to_string()).to_string()),
        (alarm(), shape()).prop_map(|(alarm, shape)| alarm.body(shape)),
        text(),
    ]
}

proptest! {
    #[test]
    fn the_cloud_is_at_the_start_of_every_key(body in body(), cloud in text()) {
        let cloud = cloud.trim();
        let with = keys(&body, cloud);
        let without = keys(&body, "");
        prop_assert_eq!(with.len(), without.len());
        for (with, without) in with.iter().zip(&without) {
            let expected = if is_no_value(cloud) {
                without.clone()
            } else {
                let cloud = cloud.replace('%', "%25").replace(':', "%3A");
                format!("zstack:cloud={cloud}:{}", without.strip_prefix("zstack:").unwrap())
            };
            // A key that is too long is replaced by its hash.
            if [with, without].iter().all(|key| !key.starts_with("zstack:sha256:")) {
                prop_assert_eq!(with, &expected);
            } else {
                prop_assert!(expected.chars().count() > 255 || without.starts_with("zstack:sha256:"));
            }
        }
    }

    #[test]
    fn two_clouds_never_share_a_key(body in body(), one in text(), other in text()) {
        let [one, other] = [one, other].map(|cloud| if is_no_value(&cloud) { String::new() } else { cloud.trim().to_owned() });
        prop_assume!(one != other);
        for key in keys(&body, &one) {
            prop_assert!(!keys(&body, &other).contains(&key), "{}", key);
        }
    }
}
