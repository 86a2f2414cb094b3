//! A path through a network: everything that goes through it arrives half a round trip later.
//!
//! The delays are made by threads that sleep. `tokio`'s timers count whole milliseconds, which is too coarse for a round
//! trip of 1 ms.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// A path to a service.
pub struct Path {
    /// The port of 127.0.0.1 where it begins.
    pub port: u16,
    connections: Arc<Mutex<Connections>>,
}

#[derive(Default)]
struct Connections {
    last_opened: Option<Instant>,
    /// The far side of each connection.
    far: Vec<TcpStream>,
}

impl Path {
    /// A path to the service at this address, with this round trip time. It exists until the bench ends.
    pub fn to(service: SocketAddr, round_trip: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let connections = Arc::new(Mutex::new(Connections::default()));
        let opened = connections.clone();
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let far = TcpStream::connect(service).expect("the service runs");
                let copy = |stream: &TcpStream| stream.try_clone().expect("there are descriptors left");
                for stream in [&near, &far] {
                    stream.set_nodelay(true).expect("it is open");
                }
                let (near_reader, far_reader) = (copy(&near), copy(&far));
                let mut opened = opened.lock().unwrap_or_else(PoisonError::into_inner);
                opened.last_opened = Some(Instant::now());
                opened.far.push(copy(&far));
                // The kernel has accepted the connection already. So what comes first waits for the round trip that
                // opens a connection.
                thread::spawn(move || carry(near_reader, far, round_trip / 2, round_trip));
                thread::spawn(move || carry(far_reader, near, round_trip / 2, Duration::ZERO));
            }
        });
        Self { port, connections }
    }

    /// When the last connection was opened.
    pub fn last_opened(&self) -> Option<Instant> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).last_opened
    }

    /// Makes the service close all connections that are open now. Its end of the connection arrives half a round trip
    /// later.
    pub fn close(&self) {
        for far in self.connections.lock().unwrap_or_else(PoisonError::into_inner).far.drain(..) {
            // An error is a connection that is closed already.
            let _ = far.shutdown(Shutdown::Write);
        }
    }
}

/// Carries everything in one direction. What comes first takes longer by `opening`.
fn carry(mut from: TcpStream, mut to: TcpStream, delay: Duration, mut opening: Duration) {
    let (travelling, arriving) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        for (due, bytes) in arriving {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if bytes.is_empty() {
                let _ = to.shutdown(Shutdown::Write);
            } else if to.write_all(&bytes).is_err() {
                return;
            }
        }
    });
    let mut buffer = vec![0; 64 * 1024];
    loop {
        // An error ends the connection as well.
        let read = from.read(&mut buffer).unwrap_or(0);
        let due = Instant::now() + opening + delay;
        if travelling.send((due, buffer[..read].to_vec())).is_err() || read == 0 {
            return;
        }
        opening = Duration::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND_TRIP: Duration = Duration::from_millis(200);

    /// A service that sends back what it gets, until the end.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                thread::spawn(move || std::io::copy(&mut stream.try_clone().unwrap(), &mut stream));
            }
        });
        address
    }

    /// The time until one byte is back, in round trips.
    fn exchange(stream: &mut TcpStream, since: Instant) -> f64 {
        stream.write_all(b"x").unwrap();
        stream.read_exact(&mut [0]).unwrap();
        since.elapsed().as_secs_f64() / ROUND_TRIP.as_secs_f64()
    }

    #[test]
    fn opening_takes_a_round_trip_and_so_does_an_exchange() {
        let path = Path::to(echo(), ROUND_TRIP);
        let start = Instant::now();
        let mut stream = TcpStream::connect(("127.0.0.1", path.port)).unwrap();
        let first = exchange(&mut stream, start);
        assert!((2.0..2.9).contains(&first), "{first} round trips");
        let second = exchange(&mut stream, Instant::now());
        assert!((1.0..1.9).contains(&second), "{second} round trips");
    }

    #[test]
    fn the_end_of_a_closed_connection_arrives_and_the_next_connection_works() {
        let path = Path::to(echo(), ROUND_TRIP);
        let open = || TcpStream::connect(("127.0.0.1", path.port)).unwrap();
        let mut old = open();
        old.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        exchange(&mut old, Instant::now());
        path.close();
        let start = Instant::now();
        assert_eq!(old.read(&mut [0]).unwrap(), 0);
        assert!(start.elapsed() >= ROUND_TRIP / 2 && start.elapsed() < ROUND_TRIP);
        exchange(&mut open(), Instant::now());
    }
}
