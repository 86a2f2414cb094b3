//! Whether the push URL's host can be reached, without a push.

use std::time::Duration;

use tokio::time::timeout_at;

use super::error::{NoAnswer, PushError};
use super::push_url::PushUrl;
use super::quote::Quote;
use crate::deadline::Deadline;
use crate::platform::causes;
use crate::platform::http::{Http, Run};

/// As for a push: an old connection may be dead.
const REPEAT_AFTER: Duration = Duration::from_secs(1);

/// Asks the host of the push URL for its root, with TLS if the URL has it. Any HTTP answer will do. The integration key
/// is not sent.
///
/// # Errors
///
/// [`PushError::Unreachable`] if there is no answer before `deadline`.
pub(crate) async fn reach(http: &Http, url: &PushUrl, deadline: Deadline) -> Result<(), PushError> {
    let root = url.root();
    let run = || http.client().head(root.clone()).send();
    let limit = deadline.left();
    let why = match timeout_at(deadline.at(), Run::of(run()).or_again(REPEAT_AFTER, run)).await {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(error)) => NoAnswer::Failed(Quote::new(url, &causes(&error.without_url()))),
        Err(_) => NoAnswer::Within(limit),
    };
    Err(PushError::Unreachable { host: url.host().to_owned(), why })
}
