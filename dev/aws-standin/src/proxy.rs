//! A TCP proxy between a function and a service, which can drop all packets of its open connections.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards everything, until [`Proxy::stall`].
pub struct Proxy {
    address: SocketAddr,
    /// Counts the calls of [`Proxy::stall`].
    stalls: watch::Sender<usize>,
}

impl Proxy {
    /// Starts a proxy to the service at this `host:port`.
    pub async fn to(service: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stalls, stalled) = watch::channel(0);
        let service = service.to_owned();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                // Calls before now do not concern this connection.
                let mut stalled = stalled.clone();
                stalled.mark_unchanged();
                tokio::spawn(forward(near, service.clone(), stalled));
            }
        });
        Self { address, stalls }
    }

    /// The `host:port` that the function connects to.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Stops forwarding on the connections that are open now, in both directions, without closing them. New
    /// connections work.
    pub fn stall(&self) {
        self.stalls.send_modify(|times| *times += 1);
    }
}

async fn forward(near: TcpStream, service: String, stalled: watch::Receiver<usize>) {
    let far = TcpStream::connect(&service).await.unwrap();
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
    tokio::join!(copy(near_read, far_write, stalled.clone()), copy(far_read, near_write, stalled));
}

async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut stalled: watch::Receiver<usize>) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        tokio::select! {
            biased;
            // Keeps both connections open, and reads no more from them.
            changed = stalled.changed() => if changed.is_ok() { std::future::pending().await } else { return },
            read = from.read(&mut buffer) => match read {
                Ok(n) if n > 0 => if to.write_all(&buffer[..n]).await.is_err() { return },
                _ => {
                    let _ = to.shutdown().await;
                    return;
                }
            },
        }
    }
}
