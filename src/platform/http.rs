//! The HTTP client for Flashduty and for the AWS SDK, with one TLS configuration and one connection pool.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use reqwest::redirect::Policy;
use rustls::crypto::ring;
use rustls::{CipherSuite, ClientConfig, RootCertStore};
use tokio::time::timeout;
use tower::util::MapRequestLayer;

use crate::platform::certificates;

/// The timeout for opening a connection.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_millis(2_500);

/// How long a call of AWS on an old connection may take before it is repeated on a new one. SQS and SSM answer within
/// tens of milliseconds.
const REPEAT_AWS_AFTER: Duration = Duration::from_millis(500);

/// The number of connections to one host that are kept open. A function makes one call at a time, so that after one
/// dead connection the next one is new.
const MAX_IDLE_CONNECTIONS: usize = 1;

tokio::task_local! {
    /// Set as soon as the request that is being polled opens a connection.
    static OPENED: Opened;
}

/// Whether a run opened a connection, and so does not use an old one.
type Opened = Arc<AtomicBool>;

/// The client. Its clones share everything.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
}

impl Http {
    /// A client with a connection pool of its own. It does not follow redirects, which would carry a credential to
    /// another host.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up, for example because `SSL_CERT_FILE` names no certificate.
    pub fn new() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls()?)
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
            .redirect(Policy::none())
            .connector_layer(MapRequestLayer::new(|target| {
                // The connector is called where the request's own future is polled.
                let _ = OPENED.try_with(|opened| opened.store(true, Ordering::Relaxed));
                target
            }))
            .build()?;
        Ok(Self { client })
    }

    /// The client for requests to Flashduty.
    #[must_use]
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }
}

/// One run of an exchange of request and answer.
pub(crate) struct Run<F> {
    pub opened: Opened,
    pub future: F,
}

impl<F: Future> Run<F> {
    /// A run that knows whether its request opens a connection.
    pub fn of(request: F) -> Run<impl Future<Output = F::Output>> {
        let opened = Opened::default();
        Run { future: OPENED.scope(opened.clone(), request), opened }
    }

    /// Runs an exchange, of which this is the first run. Runs it once more (`again`) on a new connection if the first run
    /// uses an old connection that may be dead: it failed, or did not end within `repeat_after`. In the second case both
    /// runs go on, because the server may only be slow, and the first that succeeds counts. On a new connection an
    /// exchange has all the time that the caller gives it.
    ///
    /// Lambda freezes the process between requests. Meanwhile the server closes idle connections, or a gateway on the
    /// way forgets them. Then nothing reports that a request does not arrive. So a request may arrive twice, and that
    /// must do no harm.
    ///
    /// # Errors
    ///
    /// The error of a run that failed, if no other run succeeded.
    pub async fn or_again<T, E, Again>(self, repeat_after: Duration, again: impl FnOnce() -> Again) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        Again: Future<Output = Result<T, E>>,
    {
        let Self { opened, future } = self;
        let old = || !opened.load(Ordering::Relaxed);
        let mut first = pin!(future);
        match timeout(repeat_after, &mut first).await {
            Ok(Err(_)) if old() => again().await,
            Ok(done) => done,
            Err(_) if old() => {
                let mut second = pin!(again());
                tokio::select! {
                    done = &mut first => if done.is_ok() { done } else { second.await },
                    done = &mut second => if done.is_ok() { done } else { first.await },
                }
            }
            Err(_) => first.await,
        }
    }
}

/// The certificates are Mozilla's, compiled in. Reading and parsing the system's would take milliseconds of every cold
/// start.
///
/// The provider is ring and not rustls' default, AWS-LC. AWS-LC spends fifty milliseconds of every cold start on
/// collecting entropy from the processor's jitter, in case the kernel's generator cannot be trusted. ring asks the
/// kernel alone, which Firecracker seeds for every microVM.
fn tls() -> Result<ClientConfig, Box<dyn std::error::Error + Send + Sync>> {
    let roots = certificates::of_environment()?
        .unwrap_or_else(|| webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect::<RootCertStore>());
    let mut provider = ring::default_provider();
    // ring has SHA-384 only in software, and many servers choose the suite that is first in this list.
    provider.cipher_suites.sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The SDK's own client would be a second one, with a second TLS configuration. The SDK limits the time of each try
/// itself. A connect timeout in its configuration would have no effect here.
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
            // None of our calls streams.
            let request = request.map(|body| Bytes::copy_from_slice(body.bytes().unwrap_or_default()));
            // None of our calls does harm if it arrives twice: SSM reads; SQS counts, sets a timeout, or recognises a
            // message by its deduplication id.
            let run = || exchange_once(http.client.clone(), request.clone());
            let answer = Run::of(run()).or_again(REPEAT_AWS_AFTER, run).await.map_err(failed)?;
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
