//! Which bodies the relay accepts.

use zstack_flashduty::error::Error;
use zstack_flashduty::webhook::MAX_BODY;

/// Checks a webhook request's body by the relay's rule.
///
/// # Errors
///
/// The error that the relay answers, if the body is empty or larger than [`MAX_BODY`].
pub(crate) fn admit(body: &[u8]) -> Result<(), Error> {
    if body.len() > MAX_BODY {
        return Err(Error::BodyTooLarge { bytes: body.len(), limit: MAX_BODY });
    }
    if body.trim_ascii().is_empty() { Err(Error::EmptyBody) } else { Ok(()) }
}
