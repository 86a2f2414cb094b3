//! The Lambda function behind API Gateway: wiring only.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::timeout::TimeoutConfig;
use lambda_runtime::service_fn;
use tracing::error;
use zstack_flashduty::config::Config;
use zstack_flashduty::deadline::Deadline;
use zstack_flashduty::flashduty::Client;
use zstack_flashduty::relay::Relay;
use zstack_flashduty::settings::{READ_TIMEOUT, Settings};
use zstack_flashduty::{logging, webhook};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    logging::init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            error!("the function cannot start: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), lambda_runtime::Error> {
    let config = Config::read(|name| std::env::var(name).ok())?;
    let aws = aws_config::defaults(BehaviorVersion::latest()).timeout_config(ssm_timeouts()).load().await;
    let settings = Arc::new(Settings::new(aws_sdk_ssm::Client::new(&aws), &config));

    let flashduty = Client::new()?;
    // While the function initialises: it has its full CPU now, and is frozen afterwards until the first
    // request comes. Where this fails that request tries again, and tells.
    let _ = settings.get(Deadline::within(2 * READ_TIMEOUT)).await;

    let relay = Arc::new(Relay::new(&config, settings, flashduty));
    lambda_runtime::run(service_fn(|event| webhook::invoke(relay.clone(), event))).await
}

/// Time for a second try within [`READ_TIMEOUT`].
fn ssm_timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(READ_TIMEOUT / 3)
        .operation_timeout(READ_TIMEOUT)
        .build()
}
