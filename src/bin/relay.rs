//! The Lambda function behind API Gateway.

use std::process::ExitCode;

use lambda_runtime::{Error, service_fn};
use zstack_flashduty::config::Function;
use zstack_flashduty::relay::Relay;
use zstack_flashduty::runtime::{Components, invocation, run, start};
use zstack_flashduty::webhook::Webhook;

#[tokio::main(flavor = "local")]
async fn main() -> ExitCode {
    run(relay()).await
}

async fn relay() -> Result<(), Error> {
    let Components { secrets, delivery, metrics, checks, allowed_sources, language } = start(Function::Relay).await?;
    let webhook = Webhook::new(secrets, Relay::new(delivery), metrics, allowed_sources, language);
    let answer = |event| checks.or(event, |request| webhook.invoke(request));
    lambda_runtime::run(service_fn(|event| invocation(answer(event)))).await
}
