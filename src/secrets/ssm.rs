//! SSM Parameter Store, asked for the two secrets.

use std::time::Duration;

use aws_sdk_ssm::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_ssm::operation::get_parameters::GetParametersError;
use aws_sdk_ssm::types::Parameter;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use crate::error::causes;
use crate::flashduty::PushUrl;
use crate::secrets::token::Token;

/// What to do where SSM cannot be reached.
const CHECK_THE_WAY: &str = "check the function's way to SSM (VPC endpoint, NAT)";

/// Errors that are about SSM and not about a parameter.
const ABOUT_SSM: [&str; 2] = ["ThrottlingException", "InternalServerError"];

/// Where the two secrets are.
#[derive(Debug)]
pub(super) struct Store {
    ssm: aws_sdk_ssm::Client,
    push_url: String,
    token: Option<String>,
}

/// Why SSM gave no parameters.
struct Failure {
    /// In words for the administrator.
    what: String,
    /// Whether it may be about one of several parameters.
    about_parameter: bool,
}

impl Store {
    /// `push_url` and `token` are the parameters' names; without the latter, no token is read.
    pub(super) fn new(ssm: aws_sdk_ssm::Client, push_url: String, token: Option<String>) -> Self {
        Self { ssm, push_url, token }
    }

    /// Reads both secrets. What is wrong is told by the parameter's name, never by its value.
    ///
    /// One call asks for both. SSM refuses all of it where the function may not read, or not decrypt, one of them: then
    /// each is asked for alone, so that the other one is known.
    pub(super) async fn read(&self, limit: Duration) -> (Result<PushUrl, String>, Option<Result<Token, String>>) {
        let by = Instant::now() + limit;
        let both: Vec<_> = std::iter::once(&self.push_url).chain(&self.token).collect();
        match (self.ask(&both, by).await, &self.token) {
            (Ok(parameters), token) => {
                let push_url = push_url(&parameters, &self.push_url);
                (push_url, token.as_ref().map(|name| read_token(&parameters, name)))
            }
            (Err(Failure { about_parameter: true, .. }), Some(token)) => {
                let alone = (&[&self.push_url], &[token]);
                let (url, word) = tokio::join!(self.ask(alone.0, by), self.ask(alone.1, by));
                let push_url = url.map_err(|failure| failure.what).and_then(|url| push_url(&url, &self.push_url));
                let token = word.map_err(|failure| failure.what).and_then(|word| read_token(&word, token));
                (push_url, Some(token))
            }
            (Err(Failure { what, .. }), token) => (Err(what.clone()), token.as_ref().map(|_| Err(what))),
        }
    }

    async fn ask(&self, names: &[&String], by: Instant) -> Result<Vec<Parameter>, Failure> {
        let told = names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(" and ");
        let names = names.iter().map(|name| (*name).clone()).collect();
        let request = self.ssm.get_parameters().set_names(Some(names)).with_decryption(true);
        match timeout_at(by, Box::pin(request.send())).await {
            Ok(Ok(answer)) => Ok(answer.parameters.unwrap_or_default()),
            Ok(Err(error)) => Err(describe(&error, &told)),
            Err(_) => Err(format!("SSM did not answer in time for {told}: {CHECK_THE_WAY}").into()),
        }
    }
}

impl From<String> for Failure {
    fn from(what: String) -> Self {
        Self { what, about_parameter: false }
    }
}

fn push_url(parameters: &[Parameter], name: &str) -> Result<PushUrl, String> {
    PushUrl::read(value(parameters, name)?).map_err(|why| {
        format!("the value of SSM parameter {name} {why}: put in the push URL of a Flashduty integration")
    })
}

fn read_token(parameters: &[Parameter], name: &str) -> Result<Token, String> {
    let token = Token::read(value(parameters, name)?)
        .map_err(|why| format!("the value of SSM parameter {name} {why}: put in a random token"))?;
    for doubt in token.doubts() {
        warn!("the value of SSM parameter {name} {doubt}");
    }
    Ok(token)
}

/// A parameter's value, without the mark that some editors put before a text.
fn value<'a>(parameters: &'a [Parameter], name: &str) -> Result<&'a str, String> {
    let parameter = parameters.iter().find(|parameter| is_named(parameter, name));
    let value = parameter.and_then(Parameter::value).map(|value| value.trim_start_matches('\u{feff}'));
    value.ok_or_else(|| {
        format!("SSM parameter {name} does not exist in this region: create it as a SecureString, or correct its name")
    })
}

/// Whether a parameter is what was asked for: by its name, its ARN, or either with a version or label.
fn is_named(parameter: &Parameter, asked: &str) -> bool {
    let selector = parameter.selector().unwrap_or_default();
    [parameter.name(), parameter.arn()]
        .into_iter()
        .flatten()
        .any(|name| name == asked || asked.strip_prefix(name).is_some_and(|rest| !rest.is_empty() && rest == selector))
}

/// What went wrong with a call, in words for whoever reads the answer. The SDK's own words go into the
/// log, since they may name roles and accounts; never the SDK's `Debug`, which prints SSM's answer with
/// the secrets in it.
fn describe(error: &SdkError<GetParametersError>, names: &str) -> Failure {
    let what = match error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or("an unknown error");
            warn!(code, message = service.err().message(), "SSM refused GetParameters");
            let what = if code == "AccessDeniedException" {
                format!(
                    "SSM denies {names}: allow the function's role ssm:GetParameters on them \
                     (and kms:Decrypt, where they have a key of their own)"
                )
            } else {
                format!("SSM refuses to read {names}: {code}; the function's log says more")
            };
            return Failure { what, about_parameter: !ABOUT_SSM.contains(&code) };
        }
        SdkError::ResponseError(_) => format!("SSM answered for {names} with what cannot be read: {CHECK_THE_WAY}"),
        SdkError::TimeoutError(_) => format!("SSM did not answer in time for {names}: {CHECK_THE_WAY}"),
        SdkError::DispatchFailure(failure) => {
            let cause = failure.as_connector_error().map(|error| causes(error)).unwrap_or_default();
            warn!(cause, "SSM cannot be reached");
            format!("SSM cannot be reached to read {names}: {CHECK_THE_WAY}")
        }
        other => {
            warn!(cause = causes(other), "the call of SSM could not be made");
            format!("SSM cannot be called to read {names}; the function's log says more")
        }
    };
    what.into()
}
