//! A request to an address that a tenant has chosen, whose response is read: bounded in time and
//! size.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use tokio::time::timeout;

use super::send::Sender;

/// Request to send.
#[derive(Debug, Clone, Copy)]
pub struct OutgoingRequest<'a> {
    pub url: &'a str,
    /// Sent as a bearer token.
    pub key: Option<&'a str>,
    /// JSON.
    pub body: &'a str,
}

/// Limits of an answer.
#[derive(Debug, Clone, Copy)]
pub struct ResponseLimits {
    pub time: Duration,
    pub bytes: usize,
}

/// Reason why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestFailure {
    /// Requests to the address are not allowed; the text is the reason.
    Address(String),
    NoConnection,
    TooSlow,
    /// A status other than 2xx; redirects are not followed.
    Status(u16),
    TooMuch,
}

impl Sender {
    /// Returns the body of a successful response.
    pub async fn send_request(&self, question: OutgoingRequest<'_>, bounds: ResponseLimits) -> Result<Vec<u8>, RequestFailure> {
        let client = self.transfer_client(question.url).map_err(RequestFailure::Address)?;
        let asking = async {
            let mut request = client.post(question.url).header(CONTENT_TYPE, "application/json").body(question.body.to_owned());
            if let Some(key) = question.key {
                request = request.bearer_auth(key);
            }
            let mut answer = request.send().await.map_err(|_| RequestFailure::NoConnection)?;
            if !answer.status().is_success() {
                return Err(RequestFailure::Status(answer.status().as_u16()));
            }
            let mut read = Vec::new();
            while let Some(chunk) = answer.chunk().await.map_err(|_| RequestFailure::NoConnection)? {
                if read.len() + chunk.len() > bounds.bytes {
                    return Err(RequestFailure::TooMuch);
                }
                read.extend_from_slice(&chunk);
            }
            Ok(read)
        };
        timeout(bounds.time, asking).await.unwrap_or(Err(RequestFailure::TooSlow))
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
    use crate::webhooks::AllowedNetworks;

    const BRIEF_LIMITS: ResponseLimits = ResponseLimits { time: Duration::from_secs(2), bytes: 64 << 10 };

    /// Returns the address of a server that writes a head, then a body `times` times, and then is
    /// silent.
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

    async fn body_of(
        head: &'static str,
        body: &'static [u8],
        times: usize,
        bounds: ResponseLimits,
    ) -> Result<Vec<u8>, RequestFailure> {
        let allowed = AllowedNetworks::default();
        allowed.open(vec![Cidr::parse("127.0.0.0/8").unwrap()]);
        let url = server(head, body, times).await;
        let question = OutgoingRequest { url: &url, key: Some("key"), body: "{}" };
        Sender::new(allowed, Clock::system()).send_request(question, bounds).await
    }

    #[tokio::test]
    async fn an_answer_has_its_time_and_its_size() {
        assert_eq!(body_of("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", b"{}", 1, BRIEF_LIMITS).await, Ok(b"{}".to_vec()));
        let short = ResponseLimits { time: Duration::from_millis(200), ..BRIEF_LIMITS };
        assert_eq!(body_of("", b"", 0, short).await, Err(RequestFailure::TooSlow), "nothing at all");
        let begun = body_of("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n", b"{", 1, short).await;
        assert_eq!(begun, Err(RequestFailure::TooSlow), "the beginning of an answer");
        let gigabyte =
            body_of("HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n", &[b'x'; 8_192], 131_072, BRIEF_LIMITS).await;
        assert_eq!(gigabyte, Err(RequestFailure::TooMuch));
        for (head, status) in [
            ("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", 500),
            ("HTTP/1.1 307 Elsewhere\r\nlocation: /else\r\ncontent-length: 0\r\n\r\n", 307),
        ] {
            assert_eq!(body_of(head, b"", 0, BRIEF_LIMITS).await, Err(RequestFailure::Status(status)));
        }
    }

    #[tokio::test]
    async fn an_address_that_the_operator_has_not_opened_is_not_asked() {
        let sender = Sender::new(AllowedNetworks::default(), Clock::system());
        for url in ["http://127.0.0.1:9/v1/chat/completions", "https://10.0.0.1/v1/chat/completions"] {
            let refused = sender.send_request(OutgoingRequest { url, key: None, body: "{}" }, BRIEF_LIMITS).await;
            assert!(matches!(refused, Err(RequestFailure::Address(_))), "{url}: {refused:?}");
        }
    }
}
