//! Query strings of the webhook's URL.

use url::form_urlencoded;
use zstack_flashduty::webhook::url_labels;

/// The parameters of a query string that become labels. The token is not one of them.
pub(crate) fn labels(query: &str) -> Vec<(String, String)> {
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    url_labels(pairs.iter().map(|(name, value)| (&**name, &**value)))
}

pub(crate) fn query_string(parameters: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}
