//! A Redis of a test's own, which may be killed.

use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep},
};

use super::ports::free_address;

/// Running, until it is killed or dropped.
pub struct Redis {
    pub address: SocketAddr,
    child: Child,
}

impl Redis {
    /// `None`, with a message, if the program is not installed; on CI that is a failure.
    pub async fn start() -> Option<Self> {
        Self::start_on(free_address(), &[]).await
    }

    pub async fn start_on(address: SocketAddr, further: &[&str]) -> Option<Self> {
        let mut command = Command::new("redis-server");
        let port = address.port().to_string();
        command.args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no", "--dir", "/"]);
        command.args(further).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(child) = command.spawn() else {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI has redis-server");
            eprintln!("SKIPPED: redis-server is not installed");
            return None;
        };
        let redis = Self { address, child };
        let started_at = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            assert!(started_at.elapsed() < Duration::from_secs(10), "redis-server does not answer");
            sleep(Duration::from_millis(20)).await;
        }
        Some(redis)
    }

    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Sends a command that must succeed.
    pub async fn must_send(&self, command: &str) {
        let answer = self.send_command(command).await;
        assert!(answer.starts_with("+OK"), "{answer}");
    }

    /// Sends a command; returns the first bytes of the raw answer.
    pub async fn send_command(&self, command: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
        let mut answer = [0; 256];
        let read = stream.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
