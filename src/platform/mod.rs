//! What the functions need of Lambda, AWS and the network: the SDK's configuration, one HTTP client, log and metrics.

pub(crate) mod aws;
mod certificates;
pub mod http;
pub(crate) mod logging;
pub mod metrics;

/// An error with its causes, from the outermost to the innermost: libraries say what happened at the outside, and
/// why at the inside.
#[must_use]
pub fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
