//! Why SSM did not give a secret.

use std::fmt;

use super::token::InvalidToken;
use crate::flashduty::InvalidPushUrl;

/// What to do if SSM cannot be reached.
const CHECK_THE_WAY: &str = "check the function's way to SSM (VPC endpoint, NAT)";

/// Why there is no value of a secret, or no new one. It names parameters and never their values.
///
/// `names` are the parameters that were asked for. The SDK's own words are in the log, because they may name roles and
/// accounts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretError {
    /// There is no such parameter.
    #[error("SSM parameter {name} does not exist in this region: create it as a SecureString, or correct its name")]
    Missing { name: String },

    /// The value is no push URL.
    #[error("the value of SSM parameter {name} {why}: put in the push URL of a Flashduty integration")]
    InvalidPushUrl { name: String, why: InvalidPushUrl },

    /// The value is no webhook token.
    #[error("the value of SSM parameter {name} {why}: put in a random token")]
    InvalidToken { name: String, why: InvalidToken },

    /// The function's role may not read or decrypt the parameters.
    #[error(
        "SSM denies {names}: allow the function's role ssm:GetParameters on them \
         (and kms:Decrypt, if they have a key of their own)"
    )]
    Denied { names: ParameterNames },

    /// The account makes more calls of SSM than its quota allows, here or elsewhere.
    #[error(
        "SSM throttles the account and does not give {names}: switch on higher throughput in Parameter Store's \
         settings, or find out what else calls it so often"
    )]
    Throttled { names: ParameterNames },

    /// SSM answered with another error.
    #[error(
        "SSM refuses to read {names}: {}; the function's log says more",
        .code.as_deref().unwrap_or("an unknown error")
    )]
    Refused { names: ParameterNames, code: Option<String> },

    /// SSM's answer is not SSM's.
    #[error("SSM answered for {names} with what cannot be read: {CHECK_THE_WAY}")]
    Unreadable { names: ParameterNames },

    /// SSM did not answer in time.
    #[error("SSM did not answer in time for {names}: {CHECK_THE_WAY}")]
    Timeout { names: ParameterNames },

    /// There is no connection to SSM.
    #[error("SSM cannot be reached to read {names}: {CHECK_THE_WAY}")]
    Unreachable { names: ParameterNames },

    /// The SDK could not make the call.
    #[error("SSM cannot be called to read {names}; the function's log says more")]
    NotCalled { names: ParameterNames },
}

impl SecretError {
    /// Whether one of several parameters may be the reason, so that the others may be readable alone.
    pub(super) fn is_about_parameters(&self) -> bool {
        match self {
            Self::Missing { .. } | Self::InvalidPushUrl { .. } | Self::InvalidToken { .. } | Self::Denied { .. } => {
                true
            }
            Self::Refused { code, .. } => code.as_deref() != Some("InternalServerError"),
            Self::Throttled { .. }
            | Self::Unreadable { .. }
            | Self::Timeout { .. }
            | Self::Unreachable { .. }
            | Self::NotCalled { .. } => false,
        }
    }
}

impl SecretErrors {
    /// Whether the parameters are the reason, and not the way to SSM.
    pub(super) fn are_about_parameters(&self) -> bool {
        self.0.iter().all(SecretError::is_about_parameters)
    }
}

/// The names of one or two parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParameterNames(pub Vec<String>);

impl fmt::Display for ParameterNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" and "))
    }
}

/// Why SSM did not give one of the secrets, or both. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretErrors(pub(crate) Vec<SecretError>);

impl From<SecretError> for SecretErrors {
    fn from(error: SecretError) -> Self {
        Self(vec![error])
    }
}

impl std::error::Error for SecretErrors {}

impl fmt::Display for SecretErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}
