//! SSM Parameter Store, asked for the two secrets.

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
use super::error::SecretError;
use super::token::Token;
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

/// The two parameters in SSM.
#[derive(Debug)]
pub(super) struct ParameterStore {
    ssm: aws_sdk_ssm::Client,
    /// The name of the parameter with the push URL.
    push_url: String,
    /// The name of the parameter with the token; `None` reads no token.
    token: Option<String>,
}

impl ParameterStore {
    pub(super) fn connect(aws: &SdkConfig, config: &Config) -> Self {
        // Time for a second try within READ_TIMEOUT. A connection has the time of its try.
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(READ_TIMEOUT / 3);
        let timeouts = timeouts.operation_timeout(READ_TIMEOUT).build();
        let ssm = aws_sdk_ssm::config::Builder::from(aws).timeout_config(timeouts).build();
        Self {
            ssm: aws_sdk_ssm::Client::from_conf(ssm),
            push_url: config.push_url_parameter.clone(),
            token: config.token_parameter.clone(),
        }
    }

    /// Reads both secrets, in one call.
    ///
    /// SSM refuses the whole call if the function may not read or decrypt one of the parameters. Then each is asked for
    /// alone, so that the other one is known.
    pub(super) async fn read(
        &self,
        limit: Duration,
        tries: Tries,
    ) -> (Result<PushUrl, SecretError>, Option<Result<Token, SecretError>>) {
        let by = Instant::now() + limit;
        let both: Vec<_> = std::iter::once(&self.push_url).chain(&self.token).collect();
        let read = self.ask(&both, by, tries).await;
        let Some(token) = &self.token else { return (read.and_then(|found| push_url(&found, &self.push_url)), None) };
        let (for_push_url, for_token) = match read {
            Ok(found) => return (push_url(&found, &self.push_url), Some(read_token(&found, token))),
            Err(error) if error.is_about_parameters() => {
                let (alone, other) = (&[&self.push_url], &[token]);
                tokio::join!(self.ask(alone, by, tries), self.ask(other, by, tries))
            }
            Err(error) => (Err(error.clone()), Err(error)),
        };
        let push_url = for_push_url.and_then(|found| push_url(&found, &self.push_url));
        (push_url, Some(for_token.and_then(|found| read_token(&found, token))))
    }

    async fn ask(&self, names: &[&String], by: Instant, tries: Tries) -> Result<Vec<Parameter>, SecretError> {
        let joined = names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(" and ");
        let names = names.iter().map(|name| (*name).clone()).collect();
        let request = self.ssm.get_parameters().set_names(Some(names)).with_decryption(true);
        let request = request.customize().config_override(match tries {
            Tries::One => aws_sdk_ssm::config::Builder::new().retry_config(RetryConfig::disabled()),
            Tries::Several => aws_sdk_ssm::config::Builder::new(),
        });
        match timeout_at(by, Box::pin(request.send())).await {
            Ok(Ok(answer)) => Ok(answer.parameters.unwrap_or_default()),
            Ok(Err(error)) => Err(describe(&error, joined)),
            Err(_) => Err(SecretError::Timeout { names: joined }),
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
fn describe(error: &SdkError<GetParametersError>, names: String) -> SecretError {
    match error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or("an unknown error");
            if code == "ThrottlingException" {
                // The store logs it, once for all its reads.
                return SecretError::Throttled { names };
            }
            warn!(code, message = service.err().message(), "SSM refused GetParameters");
            match code {
                "AccessDeniedException" => SecretError::Denied { names },
                code => SecretError::Refused { names, code: code.to_owned() },
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
