//! Query strings of the webhook's URL.

use url::form_urlencoded;
use zstack_flashduty::webhook::url_labels;

/// The parameters that become labels: all but the token.
pub(crate) fn labels(query: &str) -> Vec<(String, String)> {
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    url_labels(pairs.iter().map(|(name, value)| (&**name, &**value)))
}

/// A query string of parameters.
pub(crate) fn query_string(parameters: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}
