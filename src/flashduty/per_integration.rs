//! What is kept for each integration.

use std::collections::HashMap;
use std::fmt;

use super::push_url::PushUrl;

/// A value for each integration that push URLs lead to. Flashduty limits and refuses by integration, so whatever is
/// concluded from its answers is kept here: channels do not hold each other back, and channels with the same integration key
/// share the value.
pub(crate) struct PerIntegration<T>(HashMap<String, T>);

impl<T> Default for PerIntegration<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Default> PerIntegration<T> {
    /// The value of the integration of a push URL; at first the default. Those whose push URL is not known share one.
    pub fn of(&mut self, url: Option<&PushUrl>) -> &mut T {
        self.0.entry(url.map(PushUrl::integration_id).unwrap_or_default()).or_default()
    }
}

/// Its keys are credentials.
impl<T: fmt::Debug> fmt::Debug for PerIntegration<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.values()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_integration_has_its_own_value_and_does_not_print_its_key() {
        let read = |url| PushUrl::read(url).unwrap();
        let one = "https://a.example/x?integration_key=a-sample-key";
        let mut counts = PerIntegration::<u32>::default();
        for same in [
            one,
            "https://a.example/x?team=a&integration_key=a-sample-key",
            "https://a.example/x?integration_key=a-sample%2Dkey&team=b#c",
        ] {
            *counts.of(Some(&read(same))) += 1;
        }
        for other in [
            "https://a.example/x?integration_key=another-one",
            "https://b.example/x?integration_key=a-sample-key",
            "https://a.example:8443/x?integration_key=a-sample-key",
        ] {
            assert_eq!(*counts.of(Some(&read(other))), 0, "{other}");
        }
        assert_eq!((*counts.of(Some(&read(one))), *counts.of(None)), (3, 0));
        let printed = format!("{counts:?}");
        assert!(!printed.contains("key") && !printed.contains("another"), "{printed}");
    }
}
