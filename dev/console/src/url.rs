//! The webhook's URL: its channel and its query string.

use url::form_urlencoded;
use zstack_flashduty::channel::{Channel, InvalidChannel};
use zstack_flashduty::webhook::url_labels;

/// The channel that a text names. An empty text names none.
///
/// # Errors
///
/// If the text is no name of a channel.
pub(crate) fn channel(name: &str) -> Result<Option<Channel>, InvalidChannel> {
    (!name.is_empty()).then(|| Channel::read(name)).transpose()
}

/// The channel of a request to this path, as the relay reads it.
///
/// # Errors
///
/// If what stands behind `/zstack/` is no name of a channel.
pub(crate) fn channel_of_path(path: &str) -> Result<Option<Channel>, InvalidChannel> {
    let path = path.strip_suffix('/').unwrap_or(path);
    path.rsplit_once("/zstack/").map(|(_, name)| Channel::read(name)).transpose()
}

/// The parameters of a query string that become labels. The token is not one of them.
pub(crate) fn labels(query: &str) -> Vec<(String, String)> {
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    url_labels(pairs.iter().map(|(name, value)| (&**name, &**value)))
}

pub(crate) fn query_string(parameters: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}
