//! SSM Parameter Store, asked for two secrets.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_ssm::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_ssm::operation::get_parameters::GetParametersError;
use aws_sdk_ssm::types::Parameter;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use super::READ_TIMEOUT;
use super::error::{ParameterNames, SecretError};
use super::token::Token;
use crate::channel::Channel;
use crate::config::Config;
use crate::flashduty::PushUrl;
use crate::platform::causes;

/// How often one read calls SSM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tries {
    /// Once.
    One,
    /// Up to three times, after pauses.
    Several,
}

/// The names of two parameters that are read together.
#[derive(Clone, Debug)]
pub(super) struct Names {
    push_url: String,
    /// `None` reads no token.
    token: Option<String>,
    /// Whether they are those of a channel.
    pub of_channel: bool,
}

impl Names {
    /// The stack's own.
    pub fn of_stack(config: &Config) -> Self {
        let (push_url, token) = (config.push_url_parameter.clone(), config.token_parameter.clone());
        Self { push_url, token, of_channel: false }
    }

    /// Those of a channel, if these are the stack's own.
    pub fn of_channel(&self, channel: &Channel) -> Self {
        let token = self.token.as_ref().map(|token| channel.parameter(token));
        Self { push_url: channel.parameter(&self.push_url), token, of_channel: true }
    }
}

/// The secrets that a read gave. Without a token in it, none was asked for, or the channel has none of its own.
pub(super) type Read = (Result<PushUrl, SecretError>, Option<Result<Token, SecretError>>);

/// SSM.
#[derive(Debug)]
pub(super) struct ParameterStore {
    ssm: aws_sdk_ssm::Client,
}

impl ParameterStore {
    pub(super) fn connect(aws: &SdkConfig) -> Self {
        // Time for a second try within READ_TIMEOUT. A connection has the time of its try.
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(READ_TIMEOUT / 3);
        let timeouts = timeouts.operation_timeout(READ_TIMEOUT).build();
        // The pauses between three tries end before the time of a read, so that a throttled read says that it was
        // throttled, and not that there was no time.
        let retries = RetryConfig::standard().with_max_backoff(READ_TIMEOUT / 6);
        let ssm = aws_sdk_ssm::config::Builder::from(aws).timeout_config(timeouts).retry_config(retries).build();
        Self { ssm: aws_sdk_ssm::Client::from_conf(ssm) }
    }

    /// Reads both secrets, in one call.
    ///
    /// SSM refuses the whole call if the function may not read or decrypt one of the parameters. Then each is asked for
    /// alone, so that the other one is known.
    pub(super) async fn read(&self, names: &Names, limit: Duration, tries: Tries) -> Read {
        let by = Instant::now() + limit;
        let both: Vec<_> = std::iter::once(&names.push_url).chain(&names.token).collect();
        let read = self.ask(&both, by, tries).await;
        let Some(name) = &names.token else { return (read.and_then(|found| push_url(&found, &names.push_url)), None) };
        let (push_url, token) = match read {
            Ok(found) => (push_url(&found, &names.push_url), read_token(&found, name)),
            Err(error) if error.is_about_parameters() => {
                let (alone, other) = (&[&names.push_url], &[name]);
                let (alone, other) = tokio::join!(self.ask(alone, by, tries), self.ask(other, by, tries));
                (
                    alone.and_then(|found| push_url(&found, &names.push_url)),
                    other.and_then(|found| read_token(&found, name)),
                )
            }
            Err(error) => (Err(error.clone()), Err(error)),
        };
        match token {
            // The stack's token opens it.
            Err(SecretError::Missing { .. }) if names.of_channel => (push_url, None),
            token => (push_url, Some(token)),
        }
    }

    async fn ask(&self, names: &[&String], by: Instant, tries: Tries) -> Result<Vec<Parameter>, SecretError> {
        let names: Vec<_> = names.iter().map(|name| (*name).clone()).collect();
        let request = self.ssm.get_parameters().set_names(Some(names.clone())).with_decryption(true);
        let request = request.customize().config_override(match tries {
            Tries::One => aws_sdk_ssm::config::Builder::new().retry_config(RetryConfig::disabled()),
            Tries::Several => aws_sdk_ssm::config::Builder::new(),
        });
        match timeout_at(by, Box::pin(request.send())).await {
            Ok(Ok(answer)) => Ok(answer.parameters.unwrap_or_default()),
            Ok(Err(error)) => Err(describe(&error, ParameterNames(names))),
            Err(_) => Err(SecretError::Timeout { names: ParameterNames(names) }),
        }
    }
}

fn push_url(found: &[Parameter], name: &str) -> Result<PushUrl, SecretError> {
    PushUrl::read(value(found, name)?).map_err(|why| SecretError::InvalidPushUrl { name: name.to_owned(), why })
}

fn read_token(found: &[Parameter], name: &str) -> Result<Token, SecretError> {
    let token = Token::read(value(found, name)?);
    let token = token.map_err(|why| SecretError::InvalidToken { name: name.to_owned(), why })?;
    for doubt in token.doubts() {
        warn!("the value of SSM parameter {name} {doubt}");
    }
    Ok(token)
}

/// A parameter's value, without the byte order mark that some editors put before a text.
fn value<'a>(found: &'a [Parameter], name: &str) -> Result<&'a str, SecretError> {
    let parameter = found.iter().find(|parameter| is_named(parameter, name));
    let value = parameter.and_then(Parameter::value).map(|value| value.trim_start_matches('\u{feff}'));
    value.ok_or_else(|| SecretError::Missing { name: name.to_owned() })
}

/// Whether a parameter is the one that was asked for by its name, its ARN, or either with a version or label.
fn is_named(parameter: &Parameter, asked: &str) -> bool {
    let selector = parameter.selector().unwrap_or_default();
    [parameter.name(), parameter.arn()]
        .into_iter()
        .flatten()
        .any(|name| name == asked || asked.strip_prefix(name).is_some_and(|rest| !rest.is_empty() && rest == selector))
}

/// What went wrong with a call. Never the SDK's `Debug`, which prints SSM's answer with the secrets in it.
fn describe(error: &SdkError<GetParametersError>, names: ParameterNames) -> SecretError {
    match error {
        SdkError::ServiceError(service) => {
            let code = service.err().code();
            if code == Some("ThrottlingException") {
                // The store logs it, once for all its reads.
                return SecretError::Throttled { names };
            }
            warn!(code, message = service.err().message(), "SSM refused GetParameters");
            match code {
                Some("AccessDeniedException") => SecretError::Denied { names },
                code => SecretError::Refused { names, code: code.map(str::to_owned) },
            }
        }
        SdkError::ResponseError(_) => SecretError::Unreadable { names },
        SdkError::TimeoutError(_) => SecretError::Timeout { names },
        SdkError::DispatchFailure(failure) => {
            let cause = failure.as_connector_error().map(|error| causes(error)).unwrap_or_default();
            warn!(cause, "SSM cannot be reached");
            SecretError::Unreachable { names }
        }
        other => {
            warn!(cause = causes(other), "the call of SSM could not be made");
            SecretError::NotCalled { names }
        }
    }
}
