//! The two secrets, read from SSM Parameter Store and kept for a while.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ssm::error::{DisplayErrorContext, ProvideErrorMetadata as _, SdkError};
use aws_sdk_ssm::operation::get_parameters::GetParametersError;
use aws_sdk_ssm::types::Parameter;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::flashduty::PushUrl;
use crate::token::Token;

/// How long one read of SSM may take, all the SDK's tries together.
pub const READ_TIMEOUT: Duration = Duration::from_secs(6);

/// How long after a refresh that failed the next one is tried, while the last good values serve.
const REFRESH_PAUSE: Duration = Duration::from_secs(10);

/// The secrets' values.
#[derive(Debug)]
pub struct Secrets {
    /// Where events go.
    pub push_url: PushUrl,
    /// What callers must show; `None` lets anybody call.
    pub token: Option<Token>,
}

/// The secrets, read in one call, kept for the configured time and refreshed after it.
#[derive(Debug)]
pub struct Settings {
    ssm: aws_sdk_ssm::Client,
    push_url_parameter: String,
    token_parameter: Option<String>,
    ttl: Duration,
    kept: Mutex<Option<Kept>>,
}

#[derive(Debug)]
struct Kept {
    secrets: Arc<Secrets>,
    /// When SSM was last asked, whatever it answered.
    asked: Instant,
    /// When to ask it again.
    refresh: Instant,
}

impl Settings {
    /// Settings that nothing has been read of yet.
    #[must_use]
    pub fn new(ssm: aws_sdk_ssm::Client, config: &Config) -> Self {
        Self {
            ssm,
            push_url_parameter: config.push_url_parameter.clone(),
            token_parameter: config.token_parameter.clone(),
            ttl: config.settings_ttl,
            kept: Mutex::new(None),
        }
    }

    /// The secrets: those that were read last, or fresh ones where their time is over. A refresh that
    /// fails keeps the last good ones and warns.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] where they could not be read even once, [`Error::NoTimeLeft`] where
    /// `deadline` comes first. The next call tries again.
    pub async fn get(&self, deadline: Deadline) -> Result<Arc<Secrets>, Error> {
        self.newer_than(None, deadline).await
    }

    /// The secrets, read again unless somebody did so since `seen` was read. For when Flashduty or a
    /// caller makes it likely that they were rotated.
    ///
    /// # Errors
    ///
    /// As [`Settings::get`].
    pub async fn reread(&self, seen: &Arc<Secrets>, deadline: Deadline) -> Result<Arc<Secrets>, Error> {
        self.newer_than(Some(seen), deadline).await
    }

    /// How long ago SSM was last asked.
    pub async fn age(&self) -> Duration {
        self.kept.lock().await.as_ref().map_or(Duration::MAX, |kept| kept.asked.elapsed())
    }

    /// Holding the lock while reading makes all who wait share one call.
    async fn newer_than(&self, seen: Option<&Arc<Secrets>>, deadline: Deadline) -> Result<Arc<Secrets>, Error> {
        let read = async {
            let mut kept = self.kept.lock().await;
            if let Some(kept) = &*kept {
                let fresh = match seen {
                    Some(seen) => !Arc::ptr_eq(seen, &kept.secrets),
                    None => Instant::now() < kept.refresh,
                };
                if fresh {
                    return Ok(kept.secrets.clone());
                }
            }
            match (self.read().await, &mut *kept) {
                (Ok(secrets), kept) => {
                    let secrets = Arc::new(secrets);
                    let now = Instant::now();
                    *kept = Some(Kept { secrets: secrets.clone(), asked: now, refresh: now + self.ttl });
                    Ok(secrets)
                }
                (Err(what), Some(kept)) => {
                    warn!(error = %what, "the settings could not be refreshed: the last good ones serve on");
                    kept.asked = Instant::now();
                    kept.refresh = kept.asked + REFRESH_PAUSE;
                    Ok(kept.secrets.clone())
                }
                (Err(what), None) => Err(Error::Settings { what }),
            }
        };
        timeout_at(deadline.at(), read).await.unwrap_or(Err(Error::NoTimeLeft))
    }

    /// One `GetParameters` call for both. What is wrong is told by the parameter's name, never by its
    /// value.
    async fn read(&self) -> Result<Secrets, String> {
        let names = std::iter::once(&self.push_url_parameter).chain(&self.token_parameter);
        let request = self.ssm.get_parameters().set_names(Some(names.cloned().collect())).with_decryption(true);
        let answer = match tokio::time::timeout(READ_TIMEOUT, request.send()).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(self.describe(&error)),
            Err(_) => {
                return Err(format!(
                    "SSM did not answer within {} s: check the function's way to SSM (VPC endpoint, NAT)",
                    READ_TIMEOUT.as_secs()
                ));
            }
        };
        let value = |name: &str| {
            let parameter = answer.parameters().iter().find(|parameter| is_named(parameter, name));
            parameter.and_then(Parameter::value).ok_or_else(|| {
                format!("SSM parameter {name} does not exist in this region: create it as a SecureString, or correct its name")
            })
        };
        let name = &self.push_url_parameter;
        let push_url = PushUrl::read(value(name)?).map_err(|why| {
            format!("the value of SSM parameter {name} {why}: put in the push URL of a Flashduty integration")
        })?;
        let token = match &self.token_parameter {
            None => None,
            Some(name) => Some(
                Token::read(value(name)?)
                    .map_err(|why| format!("the value of SSM parameter {name} {why}: put in a random token"))?,
            ),
        };
        Ok(Secrets { push_url, token })
    }

    fn describe(&self, error: &SdkError<GetParametersError>) -> String {
        let names = match &self.token_parameter {
            Some(token) => format!("{} and {token}", self.push_url_parameter),
            None => self.push_url_parameter.clone(),
        };
        // The SDK's own words may name roles and accounts: they are for the log alone.
        warn!(error = %DisplayErrorContext(error), "SSM GetParameters failed");
        match error.code() {
            Some("AccessDeniedException") => format!(
                "SSM denies {names}: allow the function's role ssm:GetParameters on both \
                 (and kms:Decrypt, where they have a key of their own)"
            ),
            Some(code) => format!("SSM refuses to read {names}: {code}; the function's log says more"),
            None => format!("SSM cannot be reached to read {names}; the function's log says more"),
        }
    }
}

/// Whether a parameter is what was asked for: by its name, its ARN, or either with a version or label.
fn is_named(parameter: &Parameter, asked: &str) -> bool {
    let selector = parameter.selector().unwrap_or_default();
    [parameter.name(), parameter.arn()]
        .into_iter()
        .flatten()
        .any(|name| name == asked || asked.strip_prefix(name).is_some_and(|rest| !rest.is_empty() && rest == selector))
}
