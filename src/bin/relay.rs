//! The Lambda function behind API Gateway: wiring only.

use std::process::ExitCode;
use std::sync::Arc;

use lambda_runtime::{Error, service_fn};
use zstack_flashduty::config::Function;
use zstack_flashduty::relay::Relay;
use zstack_flashduty::runtime::{Parts, invocation, run, start};
use zstack_flashduty::webhook;

#[tokio::main(flavor = "local")]
async fn main() -> ExitCode {
    run(relay()).await
}

async fn relay() -> Result<(), Error> {
    let Parts { config, courier, outbox, metrics } = start(Function::Relay).await?;
    let relay = Arc::new(Relay::new(courier, outbox, config.title_rule));
    let metrics = Arc::new(metrics);
    lambda_runtime::run(service_fn(|event| invocation(webhook::invoke(relay.clone(), metrics.clone(), event)))).await
}
