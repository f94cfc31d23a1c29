//! `entrepot health`: whether a node of this machine is ready, for containers without a shell.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    config::{HealthArgs, HealthUrl},
    serve,
};

/// The longest answer that is read, in bytes.
const MAX: u64 = 16 << 10;

/// Sends the request, prints the response, and returns whether its status is 200.
pub async fn run(args: &HealthArgs) -> io::Result<bool> {
    let (url, time_limit) = (args.address(), Duration::from_secs(args.timeout_seconds));
    let Ok(result) = timeout(time_limit, send_request(&url)).await else {
        let text = format!("{} did not answer within {} s", url.authority, time_limit.as_secs());
        return Err(io::Error::new(io::ErrorKind::TimedOut, text));
    };
    let answer = result.map_err(|err| io::Error::new(err.kind(), format!("{} did not answer: {err}", url.authority)))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer.as_str(), ""));
    serve::print_stdout(body.trim())?;
    Ok(status(head) == Some(200))
}

async fn send_request(url: &HealthUrl) -> io::Result<String> {
    let HealthUrl { authority, path } = url;
    let mut stream = TcpStream::connect(authority.as_str()).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MAX).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The status of an answer's first line.
fn status(head: &str) -> Option<u16> {
    let (version, rest) = head.split_once(' ')?;
    version.starts_with("HTTP/").then(|| rest.get(..3)?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_in_the_first_line() {
        assert_eq!(status("HTTP/1.1 200 OK\r\nx: y"), Some(200));
        assert_eq!(status("HTTP/1.1 503"), Some(503));
        for odd in ["", "200", "SSH-2.0 200", "HTTP/1.1 2", "HTTP/1.1 abc"] {
            assert_eq!(status(odd), None, "{odd}");
        }
    }
}
