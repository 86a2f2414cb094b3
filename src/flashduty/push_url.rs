//! The push URL: the address that events are pushed to, with the integration key in it
//! (`docs/protocols/flashduty.md`, "The push URL").

use std::collections::BTreeSet;
use std::fmt;

use url::{Host, Url};

use super::key::{Key, reveals_key};

/// The query parameter that holds the credential.
const INTEGRATION_KEY: &str = "integration_key";

/// The kind of a Flashduty integration. It decides which body is pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integration {
    /// *Standard Alert Event*: accepts [`Event`](super::Event)s.
    Standard,
    /// *ZStack*: accepts ZStack's own message, untranslated.
    Zstack,
}

/// A push URL copied from an integration. `Debug` prints only its host, because the key in it is a credential.
#[derive(Clone)]
pub struct PushUrl {
    url: Url,
    /// The integration key, both decoded and as it is written in the URL.
    keys: Vec<Key>,
    /// The keys of the push URL that this one replaced.
    former_keys: Vec<Key>,
}

/// Why a text is not a push URL. The message does not repeat the text, which may hold a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPushUrl {
    /// Not a URL with a host.
    #[error("is not a URL")]
    NotAUrl,
    /// Neither `https` nor `http` to a loopback address.
    #[error("does not start with https://")]
    NotHttps,
    /// `integration_key` is missing or empty.
    #[error("has no integration_key")]
    NoKey,
}

impl PushUrl {
    /// Reads a push URL. White space around it is ignored. `http` is accepted for loopback addresses only, for local
    /// runs.
    ///
    /// # Errors
    ///
    /// If `text` is not an `https` URL with an `integration_key`.
    pub(crate) fn read(text: &str) -> Result<Self, InvalidPushUrl> {
        let url = Url::parse(text.trim()).map_err(|_| InvalidPushUrl::NotAUrl)?;
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => return Err(InvalidPushUrl::NotAUrl),
        };
        if !(url.scheme() == "https" || url.scheme() == "http" && loopback) {
            return Err(InvalidPushUrl::NotHttps);
        }
        let written = url.query().unwrap_or_default().split('&').filter_map(|parameter| parameter.split_once('='));
        let written = written.map(|(name, value)| (name.into(), value.into()));
        let parameters = url.query_pairs().chain(written);
        let values: BTreeSet<_> =
            parameters.filter(|(name, _)| name == INTEGRATION_KEY).map(|(_, value)| value).collect();
        let keys: Vec<_> = values.iter().filter(|value| !value.is_empty()).map(|value| Key::new(value)).collect();
        if keys.is_empty() {
            return Err(InvalidPushUrl::NoKey);
        }
        Ok(Self { url, keys, former_keys: Vec::new() })
    }

    /// This push URL as the replacement of `old`: the old key is kept out of logs and answers, too.
    #[must_use]
    pub(crate) fn replacing(self, old: &Self) -> Self {
        let former_keys = if self == *old { &old.former_keys } else { &old.keys };
        Self { former_keys: former_keys.clone(), ..self }
    }

    /// The kind of the integration, from the last part of the path. An unknown kind counts as
    /// [`Integration::Standard`].
    #[must_use]
    pub(crate) fn integration(&self) -> Integration {
        let last = self.url.path_segments().and_then(|mut segments| segments.rfind(|segment| !segment.is_empty()));
        if last == Some("zstack") { Integration::Zstack } else { Integration::Standard }
    }

    /// The host, which is the only part that may be logged.
    #[must_use]
    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The root of the host, without anything of the credential.
    #[must_use]
    pub(super) fn root(&self) -> Url {
        let mut root = self.url.clone();
        root.set_path("");
        root.set_query(None);
        root.set_fragment(None);
        // These fail only for URLs without a host.
        let _ = root.set_username("");
        let _ = root.set_password(None);
        root
    }

    /// The integration: its host, and the key in whatever order and place. Other parameters, such as one for routes, make
    /// no other integration. It is a credential.
    #[must_use]
    pub(super) fn integration_id(&self) -> String {
        let keys = self.url.query_pairs().filter(|(name, _)| name == INTEGRATION_KEY);
        keys.fold(self.url.origin().ascii_serialization(), |id, (_, key)| id + " " + &key)
    }

    /// Whether `text` contains the integration key or at least eight consecutive characters of it. The key of the
    /// push URL before this one counts as well.
    ///
    /// Case does not matter. The key is also found if it is percent-encoded or in base64.
    #[must_use]
    pub(super) fn key_is_in(&self, text: &str) -> bool {
        reveals_key(text, &[&self.keys, &self.former_keys])
    }

    /// The URL with its credential. Only the request itself may use it.
    pub(super) fn expose(&self) -> &Url {
        &self.url
    }
}

impl PartialEq for PushUrl {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

impl fmt::Debug for PushUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PushUrl({}…)", self.host())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "k-not-a-secret";

    fn read(url: &str) -> Result<PushUrl, InvalidPushUrl> {
        PushUrl::read(&url.replace("KEY", KEY))
    }

    #[test]
    fn the_kind_is_the_end_of_the_path() {
        for (path, kind) in [
            ("standard", Integration::Standard),
            ("zstack", Integration::Zstack),
            ("zstack/", Integration::Zstack),
            ("new", Integration::Standard),
        ] {
            let url = read(&format!("https://api.flashcat.cloud/event/push/alert/{path}?integration_key=KEY")).unwrap();
            assert_eq!(url.integration(), kind, "{path}");
        }
    }

    #[test]
    fn only_safe_urls_are_accepted() {
        assert!(read(" https://a.example/x?integration_key=KEY\n").is_ok());
        assert!(read("http://127.0.0.1:8080/x?integration_key=KEY").is_ok());
        assert!(read("http://[::1]/x?integration_key=KEY").is_ok());
        assert!(read("http://localhost/x?integration_key=KEY").is_ok());
        assert_eq!(read("http://a.example/x?integration_key=KEY").unwrap_err(), InvalidPushUrl::NotHttps);
        assert_eq!(read("http://127.0.0.1.a.example/x?integration_key=KEY").unwrap_err(), InvalidPushUrl::NotHttps);
        assert_eq!(read("ftp://a.example/x?integration_key=KEY").unwrap_err(), InvalidPushUrl::NotHttps);
        assert_eq!(read("https://a.example/x?integration_key=").unwrap_err(), InvalidPushUrl::NoKey);
        assert_eq!(read("https://a.example/x").unwrap_err(), InvalidPushUrl::NoKey);
        // `Cargo.toml` chooses no tables of Unicode: such a host needs to be written in ASCII.
        assert!(read("https://xn--fiq228c.example/x?integration_key=KEY").is_ok());
        for text in ["", "KEY", "data:,KEY", "/x?integration_key=KEY", "https://中文.example/x?integration_key=KEY"] {
            assert_eq!(read(text).unwrap_err(), InvalidPushUrl::NotAUrl, "{text}");
        }
    }

    #[test]
    fn the_root_has_no_key() {
        let url = read("https://KEY:KEY@a.example:8443/KEY?integration_key=KEY#KEY").unwrap();
        assert_eq!(url.root().as_str(), "https://a.example:8443/");
    }

    #[test]
    fn it_does_not_print_its_key() {
        let url = read("https://user:KEY@a.example/KEY?integration_key=KEY").unwrap();
        assert_eq!(format!("{url:?}"), "PushUrl(a.example…)");
    }

    #[test]
    fn its_key_is_found_as_it_is_and_as_the_url_writes_it() {
        let url = PushUrl::read("https://a.example/?integration_key=a%20b&integration_key=another-key").unwrap();
        for text in
            ["GET /?integration_key=a%20b", "'a%20b'", "'A+B'", "key 'a b'", "YSBi", "no another-", "%61nother%2Dkey"]
        {
            assert!(url.key_is_in(text), "{text}");
        }
        for text in ["", "a", "integration_key=", "a-b", "another", "b a"] {
            assert!(!url.key_is_in(text), "{text}");
        }
    }

    #[test]
    fn the_key_of_the_push_url_before_it_is_found_too() {
        let [first, second, third] = ["first-of-three", "second-of-them", "the-third-one"]
            .map(|key| read(&format!("https://a.example/x?integration_key={key}")).unwrap());
        let found = |url: &PushUrl| ["first-of", "second-o", "the-thir"].map(|text| url.key_is_in(text));
        assert_eq!(found(&first), [true, false, false]);
        let second = second.clone().replacing(&first);
        assert_eq!(found(&second), [true, true, false]);
        // The same URL is read again: the key before it is still known.
        let same = read("https://a.example/x?integration_key=second-of-them").unwrap().replacing(&second);
        assert_eq!(found(&same), [true, true, false]);
        // One former key is enough: no answer mentions a key that was replaced twice.
        assert_eq!(found(&third.replacing(&second)), [false, true, true]);
    }
}
