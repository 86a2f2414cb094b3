//! The start of both functions, and the frame of each invocation.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::task::Poll;

use lambda_runtime::Diagnostic;

use crate::check::Checks;
use crate::config::{Config, Function};
use crate::deadline::Deadline;
use crate::delivery::Delivery;
use crate::flashduty::Client;
use crate::language::Language;
use crate::platform::aws;
use crate::platform::http::Http;
use crate::platform::metrics::Metrics;
use crate::queue::Queues;
use crate::secrets::{READ_TIMEOUT, SecretStore};
use crate::sources::AllowedSources;

/// What a function works with.
#[derive(Debug)]
pub struct Components {
    /// The push URL and the webhook token.
    pub secrets: Arc<SecretStore>,
    /// Delivers alerts.
    pub delivery: Delivery,
    /// Counts for CloudWatch.
    pub metrics: Metrics,
    /// Checks of the path.
    pub checks: Checks,
    /// The networks that callers may come from.
    pub allowed_sources: AllowedSources,
    /// The language of answers.
    pub language: Language,
}

/// Reads the configuration and makes the components of `function`. Reads the secrets, too, if SSM answers.
///
/// # Errors
///
/// If the configuration is invalid, or TLS cannot be set up.
pub async fn start(function: Function) -> Result<Components, lambda_runtime::Error> {
    let config = Config::read(function, |name| std::env::var(name).ok())?;
    let http = Http::new()?;
    let aws = aws::config(http.clone()).await;
    let secrets = Arc::new(SecretStore::connect(&aws, &config));
    // The function has its full CPU now, and is frozen afterwards until the first request comes. If this fails, that
    // request tries again and reports it. A read takes half of this time at most, because API Gateway waits for the
    // start as well.
    let deadline = Deadline::within(READ_TIMEOUT);
    let queues = async {
        // Made while SSM's answer is on its way, because the SDK reads its list of regions for each client.
        let queues = config.queues.clone().map(|urls| Queues::connect(&aws, urls));
        if let (Some(queues), Function::Relay) = (&queues, function) {
            queues.is_filled(deadline).await;
        }
        queues
    };
    let (_, queues) = tokio::join!(secrets.own().get(deadline), queues);
    let checks = Checks::new(secrets.clone(), http.clone(), aws, &config);
    let flashduty = match function {
        Function::Relay => Client::new(http),
        Function::Redeliver => Client::paced(http, config.deliveries_per_minute),
    };
    let delivery = Delivery::new(secrets.clone(), flashduty, queues, &config);
    let Config { allowed_sources, language, function_name, .. } = config;
    Ok(Components { secrets, delivery, metrics: Metrics::new(function_name), checks, allowed_sources, language })
}

/// Runs a function to its end. If it cannot start, the log says why.
///
/// The function is a task of its own, on a runtime of the flavour `local`. The runtime's main future would cost three
/// more system calls for every alert: whenever it is woken, the runtime asks the kernel for I/O events first.
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

/// Does the work of one invocation and catches its panics.
///
/// `lambda_runtime` catches panics as well, but passes on the panic's message, which may hold anything.
///
/// # Errors
///
/// If the work panics. Lambda counts it in its metric `Errors`, and the caller gets a 5xx.
pub async fn invocation<T>(work: impl Future<Output = T>) -> Result<T, Diagnostic> {
    let mut work = pin!(work);
    poll_fn(|context| {
        // Only caches and a pool of connections outlive the invocation, and their locks are usable after a panic.
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        polled.map_or_else(|_| Poll::Ready(Err(panicked())), |polled| polled.map(Ok))
    })
    .await
}

fn panicked() -> Diagnostic {
    Diagnostic { error_type: "Panic".to_owned(), error_message: "the program panicked; its log says where".to_owned() }
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
