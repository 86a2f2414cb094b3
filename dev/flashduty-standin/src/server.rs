//! The server: connections in, [`Standin`] to hold it by.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::alert::Alert;
use crate::alerts::Alerts;
use crate::fault::{Fault, Lasts, Spell, Weather};
use crate::flashduty::{Flashduty, OnPush, PUSH_PATH, Received, Recorded};
use crate::rate::RateLimit;
use crate::{control, push};

/// How a stand-in starts.
#[derive(Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0, the default, takes a free one.
    pub port: u16,
    /// The integration keys that are accepted; none by default.
    pub keys: Vec<String>,
    /// Flashduty's own by default; none switches it off.
    pub rate_limit: Option<RateLimit>,
    /// Whom to be over TLS, as `localhost`; nobody by default.
    pub tls: Option<TlsAcceptor>,
    /// What to do about every request that is recorded, before it is answered.
    pub on_push: Option<OnPush>,
    /// About how many bytes of requests are remembered, and as many of alerts: the newest. All by
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

/// A running stand-in. Dropping it stops it.
#[derive(Debug)]
pub struct Standin {
    address: SocketAddr,
    is_tls: bool,
    shared: Shared,
    connections: Arc<AtomicUsize>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Standin {
    /// Starts to listen on 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When the port cannot be had.
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        let tls = options.tls.clone();
        let is_tls = tls.is_some();
        let shared = Shared::new(options);
        let connections = Arc::default();
        let (stop, stopped) = oneshot::channel();
        let router = router(shared.clone());
        let server = tokio::spawn(serve(listener, tls, router, Arc::clone(&connections), stopped));
        Ok(Self { address, is_tls, shared, connections, stop, server })
    }

    /// `http://127.0.0.1:PORT`, or `https://localhost:PORT`.
    #[must_use]
    pub fn base_url(&self) -> String {
        if self.is_tls {
            format!("https://localhost:{}", self.address.port())
        } else {
            format!("http://{}", self.address)
        }
    }

    /// The push URL of an integration; `key` goes in as it is.
    #[must_use]
    pub fn push_url(&self, kind: &str, key: &str) -> String {
        format!("{}{PUSH_PATH}{kind}?integration_key={key}", self.base_url())
    }

    /// Every request that was not for a control endpoint, oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.lock().received.all()
    }

    /// Every alert, newest first.
    #[must_use]
    pub fn alerts(&self) -> Vec<Alert> {
        self.look(|alerts| alerts.newest_first().cloned().collect())
    }

    /// Looks at the alerts without copying them. The stand-in waits meanwhile, so `at` must be quick,
    /// and must not call the stand-in.
    pub fn look<T>(&self, at: impl FnOnce(&Alerts) -> T) -> T {
        at(&self.shared.lock().alerts)
    }

    /// Accepts these integration keys, and no others.
    pub fn set_keys<K: Into<String>>(&self, keys: impl IntoIterator<Item = K>) {
        self.shared.lock().keys = keys.into_iter().map(Into::into).collect();
    }

    /// Makes bad weather.
    pub fn fault(&self, fault: Fault, lasts: Lasts) {
        self.shared.lock().weather.add(Spell { fault, lasts });
    }

    /// Makes fair weather.
    pub fn clear_faults(&self) {
        self.shared.lock().weather = Weather::default();
    }

    /// Takes so many requests from now on; none is any number. Those before still count.
    pub fn set_rate_limit(&self, limit: Option<RateLimit>) {
        self.shared.lock().rate_limit = limit;
    }

    /// How many connections were accepted since the start, control endpoints' included.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Forgets every alert and every received request.
    pub fn clear(&self) {
        self.shared.lock().clear();
    }

    /// Closes every connection, and the port: it refuses connections from now on, and another
    /// stand-in may take it.
    pub async fn shutdown(self) {
        drop(self.stop);
        // An error would be a panic of the server, after which the port is closed as well.
        let _ = self.server.await;
    }
}

/// What all connections share.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Mutex<Flashduty>>);

impl Shared {
    fn new(options: Options) -> Self {
        Self(Arc::new(Mutex::new(Flashduty {
            keys: options.keys,
            rate_limit: options.rate_limit,
            on_push: options.on_push,
            alerts: Alerts::new(options.memory),
            received: Recorded::new(options.memory),
            ..Flashduty::default()
        })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Flashduty> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// In a response's extensions: close the connection instead of answering.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hangup;

fn router(shared: Shared) -> Router {
    Router::new()
        .nest("/standin", control::routes())
        .fallback(push::push)
        .layer(DefaultBodyLimit::disable())
        .with_state(shared)
}

/// Serves until `stopped` resolves, which it also does when its sender is dropped.
async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    connections: Arc<AtomicUsize>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            // An error is a caller that went away before it was accepted.
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                connections.fetch_add(1, Ordering::SeqCst);
                // As servers do: an answer must not wait for the acknowledgement of what went before it.
                let _ = stream.set_nodelay(true);
                let (tls, router) = (tls.clone(), router.clone());
                open.spawn(async move {
                    match tls {
                        None => serve_connection(stream, router).await,
                        // An error is a caller that does not trust us.
                        Some(tls) => if let Ok(stream) = tls.accept(stream).await {
                            serve_connection(stream, router).await;
                        }
                    }
                });
            },
            Some(_) = open.join_next() => {}
            _ = &mut stopped => break,
        }
    }
    drop(listener);
    open.shutdown().await;
}

async fn serve_connection(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let response = router.call(request);
        async {
            // The router itself cannot fail.
            let response = response.await.map_err(io::Error::other)?;
            match response.extensions().get::<Hangup>() {
                Some(Hangup) => Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
                None => Ok(response),
            }
        }
    });
    // An error is a connection that broke, by a fault or by the caller.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
