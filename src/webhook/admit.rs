//! Which bodies are admitted.

use crate::error::Rejection;

/// The largest body that is admitted, in bytes. ZStack's own messages have a few thousand.
pub const MAX_BODY: usize = 128 * 1024;

/// Admits every body that says anything, up to [`MAX_BODY`]. What it says is not looked at: anything may be an alarm.
///
/// # Errors
///
/// [`Rejection::BodyTooLarge`] and [`Rejection::EmptyBody`].
pub fn admit(body: &[u8]) -> Result<(), Rejection> {
    if body.len() > MAX_BODY {
        return Err(Rejection::BodyTooLarge { bytes: body.len(), limit: MAX_BODY });
    }
    if body.trim_ascii().is_empty() {
        return Err(Rejection::EmptyBody);
    }
    Ok(())
}
