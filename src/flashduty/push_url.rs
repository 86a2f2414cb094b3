//! The push URL: where events go, and the credential in it.

use std::collections::BTreeSet;
use std::fmt;

use url::{Host, Url};

use super::key::{Key, is_told};

/// The query parameter that holds the credential.
const INTEGRATION_KEY: &str = "integration_key";

/// The kind of an integration: what it takes. The last part of its push URL's path tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integration {
    /// The standard alert event. A kind that is not known is taken for this one.
    Standard,
    /// ZStack's own message as it came.
    Zstack,
}

/// A push URL copied from an integration. Prints its host and no more: the key in it is a credential.
#[derive(Clone)]
pub struct PushUrl {
    url: Url,
    /// Its key, decoded and as the URL writes it.
    keys: Vec<Key>,
    /// Those of the push URL that it replaced.
    former: Vec<Key>,
}

/// Why a text is no push URL. Never says what the text was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPushUrl {
    /// No URL at all.
    #[error("is not a URL")]
    NotAUrl,
    /// Not `https`, and not on this machine.
    #[error("does not start with https://")]
    NotHttps,
    /// No credential in it.
    #[error("has no integration_key")]
    NoKey,
}

impl PushUrl {
    /// Reads a push URL. White space around it is dropped.
    ///
    /// # Errors
    ///
    /// Where it is no `https` URL with an `integration_key`. Plain `http` is taken on loopback only,
    /// for local runs.
    pub fn read(text: &str) -> Result<Self, InvalidPushUrl> {
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
        Ok(Self { url, keys, former: Vec::new() })
    }

    /// The same, in the place of `old`: what Flashduty says of the old key is no more passed on than what it says of
    /// this one's.
    #[must_use]
    pub fn replacing(self, old: &Self) -> Self {
        let former = if self == *old { &old.former } else { &old.keys };
        Self { former: former.clone(), ..self }
    }

    /// What the integration takes.
    #[must_use]
    pub fn integration(&self) -> Integration {
        let last = self.url.path_segments().and_then(|mut segments| segments.rfind(|segment| !segment.is_empty()));
        if last == Some("zstack") { Integration::Zstack } else { Integration::Standard }
    }

    /// Where it points, without anything secret.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Whether `text` tells the credential or more than seven characters in a row of it, in whatever case, and
    /// percent-encoded or in base64, too; or that of the push URL before this one.
    #[must_use]
    pub fn is_told_by(&self, text: &str) -> bool {
        is_told(text, &[&self.keys, &self.former])
    }

    /// The URL with its credential, for the one request that needs it.
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
    fn the_path_tells_the_kind() {
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
    fn only_safe_urls_are_taken() {
        assert!(read(" https://a.example/x?integration_key=KEY\n").is_ok());
        assert!(read("http://127.0.0.1:8080/x?integration_key=KEY").is_ok());
        assert!(read("http://[::1]/x?integration_key=KEY").is_ok());
        assert!(read("http://localhost/x?integration_key=KEY").is_ok());
        assert_eq!(read("http://a.example/x?integration_key=KEY").unwrap_err(), InvalidPushUrl::NotHttps);
        assert_eq!(read("http://127.0.0.1.a.example/x?integration_key=KEY").unwrap_err(), InvalidPushUrl::NotHttps);
        assert_eq!(read("ftp://a.example/x?integration_key=KEY").unwrap_err(), InvalidPushUrl::NotHttps);
        assert_eq!(read("https://a.example/x?integration_key=").unwrap_err(), InvalidPushUrl::NoKey);
        assert_eq!(read("https://a.example/x").unwrap_err(), InvalidPushUrl::NoKey);
        for text in ["", "KEY", "data:,KEY", "/x?integration_key=KEY"] {
            assert_eq!(read(text).unwrap_err(), InvalidPushUrl::NotAUrl, "{text}");
        }
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
            assert!(url.is_told_by(text), "{text}");
        }
        for text in ["", "a", "integration_key=", "a-b", "another", "b a"] {
            assert!(!url.is_told_by(text), "{text}");
        }
    }

    #[test]
    fn the_key_of_the_push_url_before_it_is_found_too() {
        let [first, second, third] = ["first-of-three", "second-of-them", "the-third-one"]
            .map(|key| read(&format!("https://a.example/x?integration_key={key}")).unwrap());
        let told = |url: &PushUrl| ["first-of", "second-o", "the-thir"].map(|text| url.is_told_by(text));
        assert_eq!(told(&first), [true, false, false]);
        let second = second.clone().replacing(&first);
        assert_eq!(told(&second), [true, true, false]);
        // Read again, it is the same one.
        let same = read("https://a.example/x?integration_key=second-of-them").unwrap().replacing(&second);
        assert_eq!(told(&same), [true, true, false]);
        // One of them is enough: nobody talks of a key that was replaced twice.
        assert_eq!(told(&third.replacing(&second)), [false, true, true]);
    }
}
