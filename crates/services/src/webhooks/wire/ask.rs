//! One question to an address of a stranger's choice, whose answer is read: bounded in time and size.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use tokio::time::timeout;

use super::send::Sender;

/// A question that is to be asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    pub url: &'a str,
    /// Sent as a bearer token.
    pub key: Option<&'a str>,
    /// JSON.
    pub body: &'a str,
}

/// What an answer may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub time: Duration,
    pub bytes: usize,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unanswered {
    /// Why the address may not be asked.
    Address(String),
    NoConnection,
    TooSlow,
    /// Another status than 2xx. A redirect is one: it is not followed.
    Status(u16),
    TooMuch,
}

impl Sender {
    /// The body of a good answer.
    pub async fn ask(&self, question: Question<'_>, bounds: Bounds) -> Result<Vec<u8>, Unanswered> {
        let client = self.transfers(question.url).map_err(Unanswered::Address)?;
        let asking = async {
            let mut request = client.post(question.url).header(CONTENT_TYPE, "application/json").body(question.body.to_owned());
            if let Some(key) = question.key {
                request = request.bearer_auth(key);
            }
            let mut answer = request.send().await.map_err(|_| Unanswered::NoConnection)?;
            if !answer.status().is_success() {
                return Err(Unanswered::Status(answer.status().as_u16()));
            }
            let mut read = Vec::new();
            while let Some(chunk) = answer.chunk().await.map_err(|_| Unanswered::NoConnection)? {
                if read.len() + chunk.len() > bounds.bytes {
                    return Err(Unanswered::TooMuch);
                }
                read.extend_from_slice(&chunk);
            }
            Ok(read)
        };
        timeout(bounds.time, asking).await.unwrap_or(Err(Unanswered::TooSlow))
    }
}

#[cfg(test)]
mod tests {
    use iam::access::Cidr;
    use platform::clock::Clock;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;
    use crate::webhooks::Allowed;

    const BRIEF: Bounds = Bounds { time: Duration::from_secs(2), bytes: 64 << 10 };

    /// The address of a server that writes a head, then a body so often, and then is silent.
    async fn server(head: &'static str, body: &'static [u8], times: usize) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            assert!(socket.read(&mut [0; 4_096]).await.unwrap() > 0);
            let _ = socket.write_all(head.as_bytes()).await;
            for _ in 0..times {
                if socket.write_all(body).await.is_err() {
                    break;
                }
            }
            std::future::pending::<()>().await;
        });
        format!("http://{address}/v1/chat/completions")
    }

    async fn body_of(head: &'static str, body: &'static [u8], times: usize, bounds: Bounds) -> Result<Vec<u8>, Unanswered> {
        let allowed = Allowed::default();
        allowed.open(vec![Cidr::parse("127.0.0.0/8").unwrap()]);
        let url = server(head, body, times).await;
        let question = Question { url: &url, key: Some("key"), body: "{}" };
        Sender::new(allowed, Clock::system()).ask(question, bounds).await
    }

    #[tokio::test]
    async fn an_answer_has_its_time_and_its_size() {
        assert_eq!(body_of("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", b"{}", 1, BRIEF).await, Ok(b"{}".to_vec()));
        let short = Bounds { time: Duration::from_millis(200), ..BRIEF };
        assert_eq!(body_of("", b"", 0, short).await, Err(Unanswered::TooSlow), "nothing at all");
        let begun = body_of("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n", b"{", 1, short).await;
        assert_eq!(begun, Err(Unanswered::TooSlow), "the beginning of an answer");
        let gigabyte = body_of("HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n", &[b'x'; 8_192], 131_072, BRIEF).await;
        assert_eq!(gigabyte, Err(Unanswered::TooMuch));
        for (head, status) in [
            ("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", 500),
            ("HTTP/1.1 307 Elsewhere\r\nlocation: /else\r\ncontent-length: 0\r\n\r\n", 307),
        ] {
            assert_eq!(body_of(head, b"", 0, BRIEF).await, Err(Unanswered::Status(status)));
        }
    }

    #[tokio::test]
    async fn an_address_that_the_operator_has_not_opened_is_not_asked() {
        let sender = Sender::new(Allowed::default(), Clock::system());
        for url in ["http://127.0.0.1:9/v1/chat/completions", "https://10.0.0.1/v1/chat/completions"] {
            let refused = sender.ask(Question { url, key: None, body: "{}" }, BRIEF).await;
            assert!(matches!(refused, Err(Unanswered::Address(_))), "{url}: {refused:?}");
        }
    }
}
