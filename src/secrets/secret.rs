//! What is known of each secret.

use super::error::{SecretError, SecretErrors};
use super::token::Token;
use crate::flashduty::PushUrl;

/// What is known of both secrets: the stack's own, or those of a channel.
#[derive(Debug)]
pub struct Secrets {
    /// Where events are pushed. Without it callers can be checked all the same, and their alerts queued.
    pub push_url: Secret<PushUrl>,
    /// What callers must show. Without it the stack's token opens a channel, and the stack admits everybody.
    pub token: Option<Secret<Token>>,
}

/// What is known of one secret.
#[derive(Clone, Debug)]
pub enum Secret<T> {
    /// The value that SSM gave when it was last asked.
    Fresh(T),
    /// An older value, and why SSM gave none when it was last asked.
    Kept(T, SecretError),
    /// SSM never gave a value: why.
    Unknown(SecretError),
}

impl Secrets {
    /// What is known after a read. `before` is what was known until then.
    pub(super) fn new(
        push_url: Result<PushUrl, SecretError>,
        token: Option<Result<Token, SecretError>>,
        before: Option<&Self>,
    ) -> Self {
        let push_url = push_url.map(|new| match before.and_then(|before| before.push_url.value().ok()) {
            Some(old) => new.replacing(old),
            None => new,
        });
        Self {
            push_url: Secret::new(push_url, before.map(|before| &before.push_url)),
            token: token.map(|token| Secret::new(token, before.and_then(|before| before.token.as_ref()))),
        }
    }

    /// Whether SSM gave every secret when it was last asked.
    ///
    /// # Errors
    ///
    /// Why it did not, even if older values are in force.
    pub fn check(&self) -> Result<(), SecretErrors> {
        let push_url = self.push_url.error();
        let token = self.token.as_ref().and_then(Secret::error).filter(|error| push_url != Some(error));
        let errors: Vec<_> = push_url.into_iter().chain(token).cloned().collect();
        if errors.is_empty() { Ok(()) } else { Err(SecretErrors(errors)) }
    }

    /// The name of the push URL's parameter if there is neither this channel's push URL nor a token of its own: there is
    /// no such channel. A channel with a token was there before, so its alerts are not turned away.
    #[must_use]
    pub fn missing_channel(&self) -> Option<&str> {
        if self.token.is_none() { self.missing_push_url() } else { None }
    }

    /// The name of the push URL's parameter if there is none, and never was as far as this process knows.
    #[must_use]
    pub fn missing_push_url(&self) -> Option<&str> {
        match &self.push_url {
            Secret::Unknown(SecretError::Missing { name }) => Some(name),
            _ => None,
        }
    }

    /// Whether the values in force are those of `other`.
    pub(super) fn has_values_of(&self, other: &Self) -> bool {
        let token = |secrets: &Self| secrets.token.as_ref().and_then(|token| token.value().ok()).cloned();
        token(self) == token(other) && self.push_url.value().ok() == other.push_url.value().ok()
    }

    /// Whether an older value of either is in force.
    pub(super) fn are_kept(&self) -> bool {
        matches!(self.push_url, Secret::Kept(..)) || matches!(self.token, Some(Secret::Kept(..)))
    }

    /// Whether there is a value of each, old or new.
    pub(super) fn are_known(&self) -> bool {
        self.push_url.value().is_ok() && self.token.as_ref().is_none_or(|token| token.value().is_ok())
    }
}

impl<T> Secret<T> {
    fn new(read: Result<T, SecretError>, before: Option<&Self>) -> Self
    where
        T: Clone,
    {
        match (read, before.and_then(|before| before.value().ok())) {
            (Ok(value), _) => Self::Fresh(value),
            (Err(why), Some(value)) => Self::Kept(value.clone(), why),
            (Err(why), None) => Self::Unknown(why),
        }
    }

    /// The value in force.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub fn value(&self) -> Result<&T, &SecretError> {
        match self {
            Self::Fresh(value) | Self::Kept(value, _) => Ok(value),
            Self::Unknown(why) => Err(why),
        }
    }

    fn error(&self) -> Option<&SecretError> {
        match self {
            Self::Fresh(_) => None,
            Self::Kept(_, why) | Self::Unknown(why) => Some(why),
        }
    }
}
