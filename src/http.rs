//! The one HTTP client, for Flashduty and for the AWS SDK: one TLS configuration, one pool of connections.

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
use reqwest::redirect::Policy;
use rustls::crypto::ring;
use rustls::{CipherSuite, ClientConfig, RootCertStore};
use tower::util::MapRequestLayer;

use crate::certificates;

/// How long opening a connection may take.
pub const CONNECT_TIMEOUT: Duration = Duration::from_millis(2_500);

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
        let client = self.client.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            // No call of ours streams.
            let request = request.map(|body| body.bytes().unwrap_or_default().to_vec());
            let request = request.try_into().map_err(|error: reqwest::Error| ConnectorError::user(error.into()))?;
            let response = client.execute(request).await.map_err(failed)?;
            let mut head = http::Response::new(());
            *head.status_mut() = response.status();
            *head.headers_mut() = response.headers().clone();
            let body = response.bytes().await.map_err(failed)?;
            HttpResponse::try_from(head.map(|()| SdkBody::from(body)))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

fn failed(error: reqwest::Error) -> ConnectorError {
    let error = error.without_url();
    if error.is_timeout() { ConnectorError::timeout(error.into()) } else { ConnectorError::io(error.into()) }
}
