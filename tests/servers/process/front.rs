//! Minimal load balancer in front of several nodes: each connection goes to the next node that
//! accepts it.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::net::{TcpListener, TcpStream};

pub struct Front {
    pub address: SocketAddr,
}

impl Front {
    pub async fn over(nodes: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let turn = Arc::new(AtomicUsize::new(0));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(lead(client, nodes.clone(), turn.clone()));
            }
        });
        Self { address }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn lead(mut client: TcpStream, nodes: Vec<SocketAddr>, turn: Arc<AtomicUsize>) {
    for _ in 0..nodes.len() {
        let node = nodes[turn.fetch_add(1, Ordering::Relaxed) % nodes.len()];
        if let Ok(mut server) = TcpStream::connect(node).await {
            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            return;
        }
    }
}
