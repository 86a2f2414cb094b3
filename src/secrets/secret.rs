//! What is known of each secret.

use crate::flashduty::PushUrl;
use crate::secrets::token::Token;

/// What is known of both secrets.
#[derive(Debug)]
pub struct Secrets {
    /// Where events go. Without it callers can be checked all the same, and their alerts queued.
    pub push_url: Secret<PushUrl>,
    /// What callers must show; `None` lets anybody call.
    pub token: Option<Secret<Token>>,
}

/// What is known of one secret.
#[derive(Clone, Debug)]
pub enum Secret<T> {
    /// SSM gave it when it was last asked.
    Fresh(T),
    /// SSM gave it before, and did not give one when it was last asked: why.
    Kept(T, String),
    /// SSM never gave one: why.
    Unknown(String),
}

impl Secrets {
    /// What is known after a read, and before it.
    pub(super) fn new(
        push_url: Result<PushUrl, String>,
        token: Option<Result<Token, String>>,
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

    /// Why SSM did not give one of them, or both, when it was last asked.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let push_url = self.push_url.trouble();
        let token = self.token.as_ref().and_then(Secret::trouble).filter(|what| push_url != Some(what));
        let both: Vec<_> = push_url.into_iter().chain(token).collect();
        (!both.is_empty()).then(|| both.join("; "))
    }

    /// Whether a last good value serves on, of one of them or both.
    pub(super) fn are_kept(&self) -> bool {
        matches!(self.push_url, Secret::Kept(..)) || matches!(self.token, Some(Secret::Kept(..)))
    }

    /// Whether there is a value of each, old or new.
    pub(super) fn are_known(&self) -> bool {
        self.push_url.value().is_ok() && self.token.as_ref().is_none_or(|token| token.value().is_ok())
    }
}

impl<T> Secret<T> {
    fn new(read: Result<T, String>, before: Option<&Self>) -> Self
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
    /// Why there is none: which parameter, and what to do.
    pub fn value(&self) -> Result<&T, &str> {
        match self {
            Self::Fresh(value) | Self::Kept(value, _) => Ok(value),
            Self::Unknown(why) => Err(why),
        }
    }

    fn trouble(&self) -> Option<&str> {
        match self {
            Self::Fresh(_) => None,
            Self::Kept(_, why) | Self::Unknown(why) => Some(why),
        }
    }
}
