//! Carries events to Flashduty with the secrets in force, over a rotation too.

use std::sync::Arc;
use std::time::Duration;

use tracing::info;

use crate::deadline::Deadline;
use crate::error::Error;
use crate::flashduty::{Client, Integration, PushUrl, Pushed};
use crate::secrets::{Secret, Secrets, Settings};

/// What both functions push with.
#[derive(Debug)]
pub struct Courier {
    settings: Arc<Settings>,
    flashduty: Client,
}

impl Courier {
    /// A courier that pushes with `flashduty` where `settings` say.
    #[must_use]
    pub fn new(settings: Arc<Settings>, flashduty: Client) -> Self {
        Self { settings, flashduty }
    }

    /// Where the secrets come from.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Starts the pushes of one invocation.
    #[must_use]
    pub fn round(&self, secrets: Arc<Secrets>) -> Round<'_> {
        Round { courier: self, secrets, reread: None }
    }
}

/// The pushes of one invocation.
pub struct Round<'a> {
    courier: &'a Courier,
    secrets: Arc<Secrets>,
    /// Whether SSM was asked for a new push URL already, and why it did not tell, if it did not.
    reread: Option<Result<(), String>>,
}

impl Round<'_> {
    /// What the integration takes.
    #[must_use]
    pub fn integration(&self) -> Integration {
        self.secrets.push_url.value().map_or(Integration::Standard, PushUrl::integration)
    }

    /// Pushes a body; and once more where Flashduty does not take the credential and SSM has another push
    /// URL by now. Where SSM cannot tell, the alert may be delivered later: [`Error::Settings`].
    pub async fn push(&mut self, body: Vec<u8>, deadline: Deadline) -> Pushed {
        let first = self.push_once(body.clone(), deadline).await;
        if !matches!(first.result, Err(Error::Refused { about_credential: true, .. })) {
            return first;
        }
        let newer = if let Some(told) = &self.reread {
            told.clone().map(|()| false)
        } else {
            let newer = self.reread(deadline).await;
            self.reread = Some(newer.clone().map(|_| ()));
            newer
        };
        match newer {
            Ok(false) => first,
            Ok(true) => {
                let second = self.push_once(body, deadline).await;
                Pushed { attempts: first.attempts + second.attempts, took: first.took + second.took, ..second }
            }
            Err(what) => Pushed { result: Err(Error::Settings { what }), ..first },
        }
    }

    /// Asks SSM whether there is another push URL, and uses it from now on.
    async fn reread(&mut self, deadline: Deadline) -> Result<bool, String> {
        let secrets = self.courier.settings.reread(&self.secrets, Duration::ZERO, deadline).await.ok();
        let Some((secrets, new)) = secrets.as_ref().and_then(|secrets| match &secrets.push_url {
            Secret::Fresh(new) => Some((secrets, new)),
            // A typing error, say. The right one may come, and the alert can wait for it.
            Secret::Kept(..) | Secret::Unknown(_) => None,
        }) else {
            return Err("Flashduty refused the push URL's key, and SSM does not tell whether there is a new one: \
                        the function's log says why"
                .to_owned());
        };
        let Ok(old) = self.secrets.push_url.value() else { return Ok(false) };
        if old == new {
            return Ok(false);
        }
        if old.integration() != new.integration() {
            return Err("SSM has a push URL of another kind by now: the next try uses it".to_owned());
        }
        info!("Flashduty refused the push URL's key: SSM has a new push URL, which is used from now on");
        self.secrets = secrets.clone();
        Ok(true)
    }

    async fn push_once(&self, body: Vec<u8>, deadline: Deadline) -> Pushed {
        match self.secrets.push_url.value() {
            Ok(url) => self.courier.flashduty.push(url, body, deadline).await,
            Err(what) => Pushed {
                result: Err(Error::Settings { what: what.to_owned() }),
                attempts: 0,
                took: Duration::ZERO,
                retry_after: None,
            },
        }
    }
}
