//! A wire between the function and a service, whose connections can die without a word.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes on what comes, until [`Wire::go_silent`].
pub struct Wire {
    address: SocketAddr,
    /// Counts how often it went silent.
    silence: watch::Sender<usize>,
}

impl Wire {
    /// A wire to the service at this `host:port`.
    pub async fn to(service: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (silence, silenced) = watch::channel(0);
        let service = service.to_owned();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                // Only what comes after now concerns this connection.
                let mut silenced = silenced.clone();
                silenced.mark_unchanged();
                tokio::spawn(pass_on(near, service.clone(), silenced));
            }
        });
        Self { address, silence }
    }

    /// Where the function connects to: a `host:port`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Lets nothing more through on the connections that are open, in either direction, nor closes them. New
    /// ones work.
    pub fn go_silent(&self) {
        self.silence.send_modify(|times| *times += 1);
    }
}

async fn pass_on(near: TcpStream, service: String, silenced: watch::Receiver<usize>) {
    let far = TcpStream::connect(&service).await.unwrap();
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
    tokio::join!(copy(near_read, far_write, silenced.clone()), copy(far_read, near_write, silenced));
}

async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut silenced: watch::Receiver<usize>) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        tokio::select! {
            biased;
            // Keeps both ends open, and reads no more of them.
            changed = silenced.changed() => if changed.is_ok() { std::future::pending().await } else { return },
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
