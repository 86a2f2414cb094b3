//! The options of a stand-in.

use tokio_rustls::TlsAcceptor;

use crate::on_push::OnPush;
use crate::rate::RateLimit;

/// How a stand-in starts.
#[derive(Clone)]
pub struct Options {
    /// The port on 127.0.0.1. With 0, the default, it is a free one.
    pub port: u16,
    /// The integration keys that are accepted; none by default.
    pub keys: Vec<String>,
    /// Flashduty's own by default. With none, any number of requests is accepted.
    pub rate_limit: Option<RateLimit>,
    /// Serves TLS as `localhost` with this acceptor. Plain HTTP by default.
    pub tls: Option<TlsAcceptor>,
    /// Called with every request that is recorded, before it is answered.
    pub on_push: Option<OnPush>,
    /// Roughly how many bytes of requests are kept, and as many of alerts. The oldest are dropped first. No limit by
    /// default.
    pub memory: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            keys: Vec::new(),
            rate_limit: Some(RateLimit::default()),
            tls: None,
            on_push: None,
            memory: None,
        }
    }
}
