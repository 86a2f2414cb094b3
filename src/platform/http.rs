//! The one HTTP client, for Flashduty and for the AWS SDK: one TLS configuration, one pool of connections.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use hyper::body::Bytes;
use reqwest::redirect::Policy;
use rustls::crypto::ring;
use rustls::{CipherSuite, ClientConfig, RootCertStore};
use tokio::time::timeout;
use tower::util::MapRequestLayer;

use crate::platform::certificates;

/// How long opening a connection may take.
pub const CONNECT_TIMEOUT: Duration = Duration::from_millis(2_500);

/// How long a call of AWS on an old connection may take until it is repeated on a new one. SQS and SSM answer
/// within tens of milliseconds.
pub const PATIENCE_WITH_AWS: Duration = Duration::from_millis(500);

/// How many connections to one host are kept open. A function asks one thing at a time, so after one dead
/// connection the next one is fresh.
const MAX_IDLE_CONNECTIONS: usize = 1;

/// A client; its clones share everything.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
    /// How many connections were opened.
    opened: Arc<AtomicUsize>,
}

impl Http {
    /// A client with a connection pool of its own. It does not follow redirects: they would carry a
    /// credential to somebody else.
    ///
    /// # Errors
    ///
    /// Where TLS cannot be set up, such as for want of certificates in `SSL_CERT_FILE`.
    pub fn new() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let opened = Arc::new(AtomicUsize::new(0));
        let count = opened.clone();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls()?)
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
            .redirect(Policy::none())
            .connector_layer(MapRequestLayer::new(move |target| {
                count.fetch_add(1, Ordering::Relaxed);
                target
            }))
            .build()?;
        Ok(Self { client, opened })
    }

    /// For requests of one's own.
    #[must_use]
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// How many connections were opened so far.
    #[must_use]
    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }

    /// Runs one exchange of request and answer, and runs it once more, on a new connection, where the first run took
    /// an old one that may be dead: it failed, or was not done within `patience`. In the latter case both go on, and
    /// the first that succeeds counts: the far side may only be slow. On a new connection an exchange has whatever
    /// time the caller gives it.
    ///
    /// Lambda freezes the process between requests. The far side closes idle connections meanwhile, or whatever
    /// is on the way forgets them; then nothing says that what is sent does not arrive. So the exchange may
    /// arrive twice, which must do no harm.
    ///
    /// # Errors
    ///
    /// Those of a run that failed, where no other succeeded.
    pub async fn exchange<T, E, R>(&self, patience: Duration, run: impl Fn() -> R) -> Result<T, E>
    where
        R: Future<Output = Result<T, E>>,
    {
        let opened = self.opened();
        let old = || self.opened() == opened;
        let mut first = pin!(run());
        match timeout(patience, &mut first).await {
            Ok(Err(_)) if old() => run().await,
            Ok(done) => done,
            Err(_) if old() => {
                let mut second = pin!(run());
                tokio::select! {
                    done = &mut first => if done.is_ok() { done } else { second.await },
                    done = &mut second => if done.is_ok() { done } else { first.await },
                }
            }
            Err(_) => first.await,
        }
    }
}

/// The certificates are Mozilla's, compiled in: to read and parse those of the system takes milliseconds of
/// every cold start.
///
/// The provider is ring, not rustls' default AWS-LC, which spends fifty milliseconds of every cold start on
/// collecting entropy from the processor's jitter, for the case that the kernel's generator is not to be
/// trusted. ring asks the kernel alone, which Firecracker seeds for every microVM.
fn tls() -> Result<ClientConfig, Box<dyn std::error::Error + Send + Sync>> {
    let roots = certificates::of_environment()?
        .unwrap_or_else(|| webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect::<RootCertStore>());
    let mut provider = ring::default_provider();
    // ring has SHA-384 only in software; many a server takes what comes first here.
    provider.cipher_suites.sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The SDK's own client would be a second one, with a second TLS configuration. The SDK bounds each try
/// itself; a connect timeout of its own configuration would have no effect here.
impl HttpClient for Http {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Http {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = self.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            // No call of ours streams.
            let request = request.map(|body| Bytes::copy_from_slice(body.bytes().unwrap_or_default()));
            // No call of ours does harm when it arrives twice: SSM reads, and SQS counts, sets a time, or knows a
            // message by its deduplication id.
            let run = || exchange_once(http.client.clone(), request.clone());
            let answer = http.exchange(PATIENCE_WITH_AWS, run).await.map_err(failed)?;
            HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

async fn exchange_once(
    client: reqwest::Client,
    request: http::Request<Bytes>,
) -> Result<http::Response<SdkBody>, reqwest::Error> {
    let response = client.execute(request.try_into()?).await?;
    let mut head = http::Response::new(());
    *head.status_mut() = response.status();
    *head.headers_mut() = response.headers().clone();
    let body = response.bytes().await?;
    Ok(head.map(|()| SdkBody::from(body)))
}

fn failed(error: reqwest::Error) -> ConnectorError {
    let error = error.without_url();
    if error.is_timeout() { ConnectorError::timeout(error.into()) } else { ConnectorError::io(error.into()) }
}
