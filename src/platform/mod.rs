//! What the functions need of Lambda, AWS and the network: the SDK's configuration, one HTTP client, log and metrics.

pub(crate) mod aws;
mod certificates;
pub mod http;
pub(crate) mod logging;
pub mod metrics;
