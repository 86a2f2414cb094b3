//! What AWS Lambda and the network give: the AWS SDK's configuration, one HTTP client, log and metrics.

pub mod aws;
mod certificates;
pub mod http;
pub mod logging;
pub mod metrics;
