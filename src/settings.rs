//! The two secrets, read from SSM Parameter Store and kept for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_ssm::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_ssm::operation::get_parameters::GetParametersError;
use aws_sdk_ssm::types::Parameter;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::warn;

use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::{Error, causes};
use crate::flashduty::PushUrl;
use crate::token::Token;

/// How long one read of SSM may take, all the SDK's tries together.
pub const READ_TIMEOUT: Duration = Duration::from_secs(6);

/// How long after a refresh that failed the next one is tried, while the last good values serve.
const REFRESH_PAUSE: Duration = Duration::from_secs(10);

/// The secrets' values.
#[derive(Debug)]
pub struct Secrets {
    /// Where events go, or why it is not known: callers can be checked all the same, and their alerts
    /// queued.
    pub push_url: Result<PushUrl, String>,
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
    /// Reads that failed, or gave a push URL that is none, since [`Settings::take_failures`] was called.
    failures: AtomicU64,
}

#[derive(Debug)]
struct Kept {
    secrets: Arc<Secrets>,
    /// When SSM was last asked, whatever it answered.
    asked: Instant,
    /// When to ask it again.
    refresh: Instant,
    /// Why the last refresh failed, if it did.
    trouble: Option<String>,
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
            failures: AtomicU64::new(0),
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
        let mut kept = self.lock(deadline).await?;
        match &*kept {
            Some(kept) if Instant::now() < kept.refresh => Ok(kept.secrets.clone()),
            _ => self.refresh(&mut kept, deadline).await,
        }
    }

    /// The secrets, read again unless somebody did so since `seen` was read, or less than `pause` ago.
    /// For when Flashduty or a caller makes it likely that they were rotated.
    ///
    /// # Errors
    ///
    /// As [`Settings::get`].
    pub async fn reread(
        &self,
        seen: &Arc<Secrets>,
        pause: Duration,
        deadline: Deadline,
    ) -> Result<Arc<Secrets>, Error> {
        let mut kept = self.lock(deadline).await?;
        match &*kept {
            Some(kept) if !Arc::ptr_eq(seen, &kept.secrets) || kept.asked.elapsed() < pause => Ok(kept.secrets.clone()),
            _ => self.refresh(&mut kept, deadline).await,
        }
    }

    /// Whether SSM gave the secrets when it was last asked.
    ///
    /// # Errors
    ///
    /// As [`Settings::get`]; and also where the last good ones serve on after a refresh that failed.
    pub async fn check(&self, deadline: Deadline) -> Result<(), Error> {
        let secrets = self.get(deadline).await?;
        let kept = self.lock(deadline).await?;
        let trouble = kept.as_ref().and_then(|kept| kept.trouble.as_ref()).or(secrets.push_url.as_ref().err());
        trouble.map_or(Ok(()), |what| Err(Error::Settings { what: what.clone() }))
    }

    /// How many reads failed, or gave a push URL that is none, since this was asked last.
    pub fn take_failures(&self) -> u64 {
        self.failures.swap(0, Ordering::Relaxed)
    }

    /// Holding the lock while reading makes all who wait share one call.
    async fn lock(&self, deadline: Deadline) -> Result<MutexGuard<'_, Option<Kept>>, Error> {
        timeout_at(deadline.at(), self.kept.lock()).await.map_err(|_| Error::NoTimeLeft)
    }

    async fn refresh(&self, kept: &mut Option<Kept>, deadline: Deadline) -> Result<Arc<Secrets>, Error> {
        // Half of what is left, so that there is time for the alert, too.
        let limit = READ_TIMEOUT.min(deadline.left() / 2);
        // A push URL that became useless is as bad as none, while there is a good one.
        let good = kept.as_ref().is_some_and(|kept| kept.secrets.push_url.is_ok());
        let read = self.read(limit).await.and_then(|secrets| match &secrets.push_url {
            Err(what) if good => Err(what.clone()),
            _ => Ok(secrets),
        });
        if !read.as_ref().is_ok_and(|secrets| secrets.push_url.is_ok()) {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        let asked = Instant::now();
        match (read, kept) {
            (Ok(secrets), kept) => {
                // Without a push URL, the next request tries again.
                let refresh = if secrets.push_url.is_ok() { asked + self.ttl } else { asked };
                let secrets = Arc::new(secrets);
                *kept = Some(Kept { secrets: secrets.clone(), asked, refresh, trouble: None });
                Ok(secrets)
            }
            (Err(what), Some(kept)) => {
                warn!("the settings could not be refreshed, and the last good ones serve on: {what}");
                kept.asked = asked;
                kept.refresh = asked + REFRESH_PAUSE;
                kept.trouble = Some(what);
                Ok(kept.secrets.clone())
            }
            (Err(what), None) => Err(Error::Settings { what }),
        }
    }

    /// One `GetParameters` call for both. What is wrong is told by the parameter's name, never by its
    /// value.
    async fn read(&self, limit: Duration) -> Result<Secrets, String> {
        let names: Vec<_> = std::iter::once(&self.push_url_parameter).chain(&self.token_parameter).cloned().collect();
        let both = names.join(" and ");
        let request = self.ssm.get_parameters().set_names(Some(names)).with_decryption(true);
        let answer = match timeout(limit, Box::pin(request.send())).await {
            Ok(answer) => answer.map_err(|error| describe(&error, &both))?,
            Err(_) => return Err(format!("SSM did not answer in time for {both}: {CHECK_THE_WAY}")),
        };
        let value = |name: &str| {
            let parameter = answer.parameters().iter().find(|parameter| is_named(parameter, name));
            parameter.and_then(Parameter::value).ok_or_else(|| {
                format!(
                    "SSM parameter {name} does not exist in this region: create it as a SecureString, or correct its name"
                )
            })
        };
        let name = &self.push_url_parameter;
        let push_url = value(name).and_then(|url| {
            PushUrl::read(url).map_err(|why| {
                format!("the value of SSM parameter {name} {why}: put in the push URL of a Flashduty integration")
            })
        });
        let token = match &self.token_parameter {
            None => None,
            Some(name) => Some(
                Token::read(value(name)?)
                    .map_err(|why| format!("the value of SSM parameter {name} {why}: put in a random token"))?,
            ),
        };
        Ok(Secrets { push_url, token })
    }
}

/// What to do where SSM cannot be reached.
const CHECK_THE_WAY: &str = "check the function's way to SSM (VPC endpoint, NAT)";

/// What went wrong with a call, in words for whoever reads the answer. The SDK's own words go into the
/// log, since they may name roles and accounts; never the SDK's `Debug`, which prints SSM's answer with
/// the secrets in it.
fn describe(error: &SdkError<GetParametersError>, names: &str) -> String {
    match error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or("an unknown error");
            warn!(code, message = service.err().message(), "SSM refused GetParameters");
            if code == "AccessDeniedException" {
                format!(
                    "SSM denies {names}: allow the function's role ssm:GetParameters on them \
                     (and kms:Decrypt, where they have a key of their own)"
                )
            } else {
                format!("SSM refuses to read {names}: {code}; the function's log says more")
            }
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
