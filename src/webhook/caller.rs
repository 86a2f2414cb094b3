//! Who calls, and what the webhook's URL says.
//!
//! ZStack can send HTTP Basic credentials, or a URL, and nothing else. So the token is Basic's password, with any user
//! name, or the query parameter `token`.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lambda_http::http::header::AUTHORIZATION;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt as _};

use super::Invocation;
use super::request::Url;
use crate::channel::Channel;
use crate::error::Rejection;
use crate::flashduty::{MAX_LABELS, label_name};
use crate::secrets::{SecretErrors, Secrets};
use crate::translate::CLOUD;

/// The query parameter that holds the token.
const TOKEN: &str = "token";

impl Invocation<'_> {
    /// Fails if the caller's address is not allowed. This needs no secret.
    pub(super) fn check_source(&self, request: &Request) -> Result<(), Rejection> {
        let address = source_ip(request);
        let allowed = self.webhook.allowed_sources.allow(address.as_deref());
        if allowed { Ok(()) } else { Err(Rejection::SourceNotAllowed { address }) }
    }

    /// The secrets of the channel, if the caller shows the token that opens it. Without a channel, the stack's own.
    pub(super) async fn authenticate(
        &self,
        request: &Request,
        url: &Url,
        channel: Option<&Channel>,
    ) -> Result<Arc<Secrets>, Rejection> {
        let stack = self.webhook.secrets.own();
        let shown = shown(request, url);
        if let Some(channel) = channel {
            return self.authenticate_for(channel, request, &shown).await;
        }
        let own = stack.get(self.deadline).await?;
        if may_call(&own, &shown)? {
            return Ok(own);
        }
        if !shown.is_empty() {
            let own = stack.reread_token(&own, self.deadline).await?;
            if may_call(&own, &shown)? {
                return Ok(own);
            }
        }
        Err(Rejection::Unauthorized { shown: !shown.is_empty() })
    }

    /// A channel's own token opens it; the stack's does if it has none. Whoever shows neither gets the same answer,
    /// whether there is such a channel or not.
    async fn authenticate_for(
        &self,
        channel: &Channel,
        request: &Request,
        shown: &[String],
    ) -> Result<Arc<Secrets>, Rejection> {
        let (store, deadline) = (&self.webhook.secrets, self.deadline);
        let shows_its_own = |secrets: &Secrets| secrets.token.is_some() && may_call(secrets, shown).unwrap_or(false);
        // What is wrong with the stack's own parameters does not matter to it then.
        if !shown.is_empty()
            && let Some(secrets) = store.remembered(channel, deadline).await?
            && shows_its_own(&secrets)
        {
            return Ok(secrets);
        }
        let own = store.own().get(deadline).await?;
        let opens =
            |secrets: &Secrets, own: &Secrets| may_call(if secrets.token.is_some() { secrets } else { own }, shown);
        let found = if may_call(&own, shown).unwrap_or(false) {
            Some(store.of(Some(channel)).get(deadline).await?)
        } else if shown.is_empty() {
            return Err(Rejection::Unauthorized { shown: false });
        } else {
            let source = source_ip(request);
            store.guess(channel, source.as_deref(), shows_its_own, deadline).await?
        };
        if let Some(secrets) = &found
            && opens(secrets, &own)?
        {
            return Ok(secrets.clone());
        }
        // Either token may have been rotated.
        if let Some(mut secrets) = found {
            if secrets.missing_channel().is_none() {
                secrets = store.of(Some(channel)).reread_token(&secrets, deadline).await?;
                if opens(&secrets, &own)? {
                    return Ok(secrets);
                }
            }
            if secrets.token.is_some() {
                return Err(Rejection::Unauthorized { shown: true });
            }
        }
        let own = store.own().reread_token(&own, deadline).await?;
        if may_call(&own, shown)? {
            let secrets = store.of(Some(channel)).get(deadline).await?;
            if opens(&secrets, &own)? {
                return Ok(secrets);
            }
        }
        Err(Rejection::Unauthorized { shown: true })
    }
}

/// The caller's address, as API Gateway saw it. Headers such as `X-Forwarded-For` can hold anything.
pub(super) fn source_ip(request: &Request) -> Option<String> {
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV1(context) => context.identity.source_ip.clone(),
        RequestContext::ApiGatewayV2(context) => context.http.source_ip.clone(),
        _ => None,
    }
}

/// Whether one of the credentials is the token. While the token is not known, nobody may call: the answer is then a
/// 503, so that ZStack tries again.
fn may_call(secrets: &Secrets, shown: &[String]) -> Result<bool, SecretErrors> {
    let Some(token) = &secrets.token else { return Ok(true) };
    let token = token.value().map_err(|error| SecretErrors::from(error.clone()))?;
    Ok(shown.iter().any(|shown| token.is(shown)))
}

/// Every credential in the request. A `+` in the query is read in both ways: as a blank, which it is in a form, and as
/// a plus sign, because somebody may have put the token behind the URL as it is.
fn shown(request: &Request, url: &Url) -> Vec<String> {
    let basic = request.headers().get_all(AUTHORIZATION).iter().filter_map(|value| password(value.to_str().ok()?));
    let tokens = [&url.query, &url.query_with_plus].into_iter().flatten().filter(|(name, _)| name == TOKEN);
    basic.chain(tokens.map(|(_, value)| value.clone())).collect()
}

/// The password in `Basic …`. The user name and its encoding do not matter.
fn password(authorization: &str) -> Option<String> {
    let (scheme, credentials) = authorization.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let credentials = BASE64_STANDARD.decode(credentials.trim()).ok()?;
    let colon = credentials.iter().position(|byte| *byte == b':')?;
    Some(String::from_utf8_lossy(&credentials[colon + 1..]).into_owned())
}

/// The labels that the webhook's URL gives to all alerts of the request.
pub(super) fn labels(url: &Url) -> Vec<(String, String)> {
    url_labels(url.query.iter().map(|(name, value)| (&**name, &**value)))
}

/// The labels among a webhook URL's query parameters: all but the token, in any spelling.
///
/// They are sorted, because some events hold them in no order: of two parameters that make the same label, the same one
/// counts every time. An alert has at most 50 labels. If there are more, the cloud is kept, and `left_out` says how many
/// are not.
pub fn url_labels<'a>(query: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    let mut labels: Vec<_> = query
        .filter(|(name, _)| !is_token(name))
        .map(|(name, value)| (name.to_owned(), without_token(value).to_owned()))
        .collect();
    labels.sort();
    if labels.len() > MAX_LABELS {
        labels.sort_by_cached_key(|(name, _)| label_name(name) != CLOUD);
        let left_out = labels.split_off(MAX_LABELS).len();
        labels.push(("left_out".to_owned(), left_out.to_string()));
        labels.sort();
    }
    labels
}

/// Whether a parameter's name is the token's, perhaps with something around it, as in `?cloud=beijing&amp;token=…`.
fn is_token(name: &str) -> bool {
    let last = name.rsplit(|it: char| !it.is_alphanumeric()).find(|word| !word.is_empty());
    last.is_some_and(|word| word.eq_ignore_ascii_case(TOKEN))
}

/// A parameter's value without a token that was put behind it by mistake, as in `?cloud=beijing?token=…`. It would
/// become part of a label if the caller shows the token in another way as well.
fn without_token(value: &str) -> &str {
    match value.to_ascii_lowercase().find("token=") {
        Some(at) => value[..at].trim_end_matches(['?', '&', ';', ' ']),
        None => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_in_a_parameter_is_no_label() {
        let query = [
            ("cloud", "北京?Token=t"),
            ("zone", "1&token=t"),
            ("note", "token=t"),
            ("kept", "a token"),
            ("amp;token", "t"),
            ("?TOKEN", "t"),
            ("token[]", "t"),
        ];
        let labels = [("cloud", "北京"), ("kept", "a token"), ("note", ""), ("zone", "1")];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(url_labels(query.into_iter()), labels);
    }

    #[test]
    fn of_thousands_of_parameters_fifty_are_kept_and_the_cloud_is_one_of_them() {
        let many: Vec<_> = (0..3_000).map(|n| (format!("a{n:04}"), "v".to_owned())).collect();
        let query = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain([("Cloud", "b")]);
        let labels = url_labels(query);
        assert_eq!(labels.len(), MAX_LABELS + 1);
        assert!(labels.contains(&("Cloud".to_owned(), "b".to_owned())));
        assert!(labels.contains(&("left_out".to_owned(), "2951".to_owned())));
    }

    #[test]
    fn labels_of_the_url_come_in_one_order_and_without_the_token() {
        let query = [("cloud", "b"), (" TOKEN ", "t"), ("zone", ""), ("Cloud", "a"), ("token", "t")];
        let labels = [("Cloud", "a"), ("cloud", "b"), ("zone", "")];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(url_labels(query.into_iter()), labels);
        assert_eq!(url_labels(query.into_iter().rev()), labels);
    }

    #[test]
    fn the_password_is_read_as_it_was_sent() {
        let basic = |credentials: &str| format!("Basic {}", BASE64_STANDARD.encode(credentials));
        assert_eq!(password(&basic("zstack:a:b")).as_deref(), Some("a:b"));
        assert_eq!(password(&basic(":a")).as_deref(), Some("a"));
        assert_eq!(password(&basic("a:").replace("Basic", "bASIC  ")).as_deref(), Some(""));
        for other in ["", "Basic", "Basic ???", "Bearer YTph", &basic("no-colon")] {
            assert_eq!(password(other), None, "{other}");
        }
    }
}
