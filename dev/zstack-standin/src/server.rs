//! The HTTP server.

use std::io;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::api::{self, Hangup};
use crate::control;
use crate::shared::Shared;

/// Serves until the sender of `stopped` is dropped.
pub(crate) async fn serve(listener: TcpListener, shared: Shared, mut stopped: oneshot::Receiver<()>) {
    let router = Router::new()
        .nest("/standin", control::routes())
        .fallback(api::call)
        .layer(DefaultBodyLimit::disable())
        .with_state(shared);
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            // An error is a client that disconnected before it was accepted.
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                // An answer must not wait for the acknowledgement of the packet before it.
                let _ = stream.set_nodelay(true);
                open.spawn(serve_connection(stream, router.clone()));
            },
            Some(_) = open.join_next() => {}
            _ = &mut stopped => break,
        }
    }
    drop(listener);
    open.shutdown().await;
}

async fn serve_connection(stream: TcpStream, router: Router) {
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
    // An error is a connection that a fault or the client closed.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
