//! TLS with a certificate authority that exists for one test.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::serve::Listener;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::ServerSessionMemoryCache;
use tokio_rustls::server::TlsStream;

/// How many sessions a server can resume.
const SESSIONS: usize = 256;

/// A certificate authority, and a certificate of it for `localhost`.
#[derive(Clone)]
pub struct Identity {
    /// The authority's certificate, for `SSL_CERT_FILE`.
    pub authority: String,
    /// Serves TLS as `localhost`.
    pub acceptor: TlsAcceptor,
}

impl Identity {
    /// Creates both. Nobody trusts the authority yet.
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .unwrap();
        Self { authority: authority.pem(), acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    /// The same certificate for another server, which does not resume the sessions of this one.
    #[must_use]
    pub fn for_another_server(&self) -> Self {
        let mut config = ServerConfig::clone(self.acceptor.config());
        config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
        Self { authority: self.authority.clone(), acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    /// Serves over TLS on a free port until the test ends, and returns the URL.
    pub async fn serve(&self, routes: Router) -> String {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = tcp.local_addr().unwrap().port();
        let listener = TlsListener { tcp, acceptor: self.acceptor.clone() };
        tokio::spawn(async move { axum::serve(listener, routes).await });
        format!("https://localhost:{port}")
    }
}

impl Default for Identity {
    fn default() -> Self {
        Self::new()
    }
}

struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            // An error is a client that disconnected, or does not trust the authority.
            if let Ok((stream, address)) = self.tcp.accept().await
                && stream.set_nodelay(true).is_ok()
                && let Ok(stream) = self.acceptor.accept(stream).await
            {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}
