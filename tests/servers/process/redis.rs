//! A way to a Redis, or to any server, that may be slow or cut.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::sleep,
};

pub use crate::support::redis::Redis;

/// A port that leads to another one.
pub struct Way {
    pub address: SocketAddr,
    late_ms: Arc<AtomicU64>,
    open: watch::Sender<bool>,
    mute: watch::Sender<bool>,
}

/// State of a way, for each of its connections.
#[derive(Clone)]
struct Stand {
    late: Arc<AtomicU64>,
    open: watch::Receiver<bool>,
    mute: watch::Receiver<bool>,
    /// A connection whose first bytes hold this text is refused as Postgres refuses one.
    refused: Option<&'static str>,
}

impl Way {
    pub async fn to(target: SocketAddr) -> Self {
        Self::refusing(target, None).await
    }

    /// A proxy that acts as a host, or a pooler, that refuses a setting in the first message to
    /// Postgres. TLS is passed through.
    pub async fn refusing(target: SocketAddr, refused: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let way = Self {
            address: listener.local_addr().unwrap(),
            late_ms: Arc::default(),
            open: watch::Sender::new(true),
            mute: watch::Sender::new(false),
        };
        let stand = Stand { late: way.late_ms.clone(), open: way.open.subscribe(), mute: way.mute.subscribe(), refused };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(join(client, target, stand.clone()));
            }
        });
        way
    }

    /// From now on every byte arrives so much later.
    pub fn slow(&self, by: Duration) {
        self.late_ms.store(by.as_millis() as u64, Ordering::Relaxed);
    }

    /// Ends all connections, and those that are tried.
    pub fn cut(&self) {
        self.open.send_replace(false);
    }

    pub fn mend(&self) {
        self.open.send_replace(true);
    }

    /// Swallows all data, on existing and new connections, and closes none.
    pub fn swallow(&self) {
        self.mute.send_replace(true);
    }

    /// Lets new connections through. Those of before have lost bytes: they stay mute.
    pub fn speak(&self) {
        self.mute.send_replace(false);
    }
}

async fn join(mut client: TcpStream, target: SocketAddr, stand: Stand) {
    let Stand { late, mut open, mut mute, refused } = stand;
    if !*open.borrow_and_update() {
        return;
    }
    let Ok(mut server) = TcpStream::connect(target).await else { return };
    if let Some(text) = refused {
        let mut first = vec![0; 4096];
        let read = client.read(&mut first).await.unwrap_or_default();
        if first[..read].windows(text.len()).any(|part| part == text.as_bytes()) {
            let refusal_packet = b"SFATAL\0C08P01\0Munsupported startup parameter in options\0\0";
            let length = u32::try_from(refusal_packet.len() + 4).unwrap().to_be_bytes();
            let _ = client.write_all(&[&b"E"[..], &length, refusal_packet].concat()).await;
            return;
        }
        if server.write_all(&first[..read]).await.is_err() {
            return;
        }
    }
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) = (client.into_split(), server.into_split());
    let is_mute = tokio::select! {
        () = carry(&mut from_client, &mut to_server, late.clone()) => false,
        () = carry(&mut from_server, &mut to_client, late) => false,
        _ = open.wait_for(|open| !open) => false,
        _ = mute.wait_for(|mute| *mute) => true,
    };
    if is_mute {
        let mut nowhere = tokio::io::sink();
        tokio::select! {
            _ = tokio::io::copy(&mut from_client, &mut nowhere) => {}
            _ = open.wait_for(|open| !open) => {}
        }
    }
}

async fn carry(from: &mut tokio::net::tcp::OwnedReadHalf, to: &mut tokio::net::tcp::OwnedWriteHalf, late: Arc<AtomicU64>) {
    let mut part = [0; 16 << 10];
    while let Ok(read) = from.read(&mut part).await {
        sleep(Duration::from_millis(late.load(Ordering::Relaxed))).await;
        if read == 0 || to.write_all(&part[..read]).await.is_err() {
            return;
        }
    }
}
