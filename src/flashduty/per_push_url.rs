//! What is kept for each push URL.

use std::collections::HashMap;
use std::fmt;

use super::push_url::PushUrl;

/// A value for each push URL. Flashduty limits and refuses by push URL, so whatever is concluded from its answers is kept
/// here: channels do not hold each other back, and channels with the same push URL share the value.
pub(crate) struct PerPushUrl<T>(HashMap<String, T>);

impl<T> Default for PerPushUrl<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Default> PerPushUrl<T> {
    /// The value of a push URL; at first the default. Those whose push URL is not known share one.
    pub fn of(&mut self, url: Option<&PushUrl>) -> &mut T {
        let url = url.map_or("", |url| url.expose().as_str());
        self.0.entry(url.to_owned()).or_default()
    }
}

/// Its keys are credentials.
impl<T: fmt::Debug> fmt::Debug for PerPushUrl<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.values()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_push_url_has_its_own_value_and_does_not_print_its_key() {
        let [one, same, other] = ["a-sample-key", "a-sample-key", "another-one"]
            .map(|key| PushUrl::read(&format!("https://a.example/x?integration_key={key}")).unwrap());
        let mut counts = PerPushUrl::<u32>::default();
        for url in [Some(&one), Some(&same), Some(&other), None] {
            *counts.of(url) += 1;
        }
        assert_eq!([Some(&one), Some(&other), None].map(|url| *counts.of(url)), [2, 1, 1]);
        let printed = format!("{counts:?}");
        assert!(!printed.contains("key") && !printed.contains("another"), "{printed}");
    }
}
