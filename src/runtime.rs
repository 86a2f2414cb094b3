//! What both functions do at their start, and around each invocation.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::task::Poll;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use lambda_runtime::Diagnostic;

use crate::config::{Config, Function};
use crate::deadline::Deadline;
use crate::delivery::Courier;
use crate::flashduty::Client;
use crate::platform::aws;
use crate::platform::http::Http;
use crate::platform::metrics::Metrics;
use crate::queue::Outbox;
use crate::secrets::{READ_TIMEOUT, Settings};

/// What a function works with.
#[derive(Debug)]
pub struct Parts {
    /// What the environment says.
    pub config: Config,
    /// What pushes.
    pub courier: Courier,
    /// The queues, where there are any.
    pub outbox: Option<Outbox>,
    /// What counts.
    pub metrics: Metrics,
}

/// Reads the environment and makes the parts of `function`, with the settings read, if SSM lets.
///
/// # Errors
///
/// Where the environment is wrong, or TLS cannot be set up.
pub async fn start(function: Function) -> Result<Parts, lambda_runtime::Error> {
    let config = Config::read(function, |name| std::env::var(name).ok())?;
    let http = Http::new()?;
    let aws = aws::config(http.clone()).await;
    let settings = Arc::new(Settings::new(ssm(&aws), &config));
    let flashduty = Client::new(http);
    // The function has its full CPU now, and is frozen afterwards until the first request comes. Where
    // this fails that request tries again, and tells.
    // A read takes half of it at most: API Gateway waits for the start, too.
    let deadline = Deadline::within(READ_TIMEOUT);
    let outbox = async {
        // Made while SSM's answer is on its way: the SDK reads its list of regions for each client.
        let outbox = config.queues.clone().map(|queues| Outbox::new(sqs(&aws), queues));
        if let (Some(outbox), Function::Relay) = (&outbox, function) {
            outbox.holds_anything(deadline).await;
        }
        outbox
    };
    let (_, outbox) = tokio::join!(settings.get(deadline), outbox);
    let metrics = Metrics::new(config.function_name.clone());
    Ok(Parts { config, courier: Courier::new(settings, flashduty), outbox, metrics })
}

fn ssm(aws: &SdkConfig) -> aws_sdk_ssm::Client {
    // Time for a second try within READ_TIMEOUT. A connection has the time of its try.
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(READ_TIMEOUT / 3).operation_timeout(READ_TIMEOUT);
    aws_sdk_ssm::Client::from_conf(aws_sdk_ssm::config::Builder::from(aws).timeout_config(timeouts.build()).build())
}

fn sqs(aws: &SdkConfig) -> aws_sdk_sqs::Client {
    aws_sdk_sqs::Client::from_conf(aws_sdk_sqs::config::Builder::from(aws).timeout_config(Outbox::timeouts()).build())
}

/// Runs a function to its end; where it cannot start, the log says why.
///
/// As a task of its own, on a runtime of the flavour `local`: whenever something wakes a runtime's main
/// future, the runtime asks the kernel for news first, which is three system calls for every alert.
pub async fn run(function: impl Future<Output = Result<(), lambda_runtime::Error>> + 'static) -> ExitCode {
    crate::platform::logging::init();
    match tokio::task::spawn_local(function).await {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(why)) => tracing::error!("the function cannot start: {why}"),
        // The log has a line about the panic, and the panic's own words may hold anything.
        Err(_) => {}
    }
    ExitCode::FAILURE
}

/// One invocation's work, or what Lambda is told where it panics.
///
/// `lambda_runtime` catches panics, too, but tells Lambda the panic's message, with whatever is in it.
///
/// # Errors
///
/// Where the work panics. Lambda counts it in its metric `Errors`, and the caller gets a 5xx.
pub async fn invocation<T>(work: impl Future<Output = T>) -> Result<T, Diagnostic> {
    let mut work = pin!(work);
    poll_fn(|context| {
        // What a panic leaves half done is this invocation's. What outlives it are caches and a pool of
        // connections, whose locks are usable after a panic.
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        polled.map_or_else(|_| Poll::Ready(Err(panicked())), |polled| polled.map(Ok))
    })
    .await
}

fn panicked() -> Diagnostic {
    Diagnostic {
        error_type: "Panic".to_owned(),
        error_message: "the program panicked, which is a mistake of it; its log says where".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_without_the_panics_words() {
        assert_eq!(invocation(async { 1 }).await.unwrap(), 1);
        let failed = invocation(async {
            tokio::task::yield_now().await;
            assert_eq!("sample-token", "another");
        });
        let failed = failed.await.unwrap_err();
        assert!(failed.error_type == "Panic" && !failed.error_message.contains("sample"), "{failed:?}");
    }
}
