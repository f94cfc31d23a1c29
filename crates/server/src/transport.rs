//! Accepted connections, plain or within TLS.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::server::TlsStream;

use super::tls::{HTTP2, TlsServer};

/// A listener, and how its connections are secured, if they are.
#[derive(Debug)]
pub struct Listener {
    pub tcp: TcpListener,
    pub tls: Option<TlsServer>,
}

impl From<TcpListener> for Listener {
    fn from(tcp: TcpListener) -> Self {
        Self { tcp, tls: None }
    }
}

/// One type for both, so that the code of a connection is compiled once.
#[derive(Debug)]
pub enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// The first byte of a handshake: the type of a record (RFC 8446, 5.1).
const HANDSHAKE_BYTE: u8 = 22;

/// The answer to HTTP where TLS is expected.
const PLAIN_HTTP_ANSWER: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n\
    plain HTTP was sent to a port of HTTPS: use https://\n";

/// Bytes of a refused request that are read.
const MAX_REFUSED: u64 = 64 << 10;

impl Transport {
    /// Does the handshake.
    ///
    /// # Errors
    /// The client does not speak TLS, or sends something else than it should.
    pub async fn handshake_tls(stream: TcpStream, tls: &TlsServer) -> io::Result<Self> {
        let mut first_byte = [0];
        if stream.peek(&mut first_byte).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if first_byte[0] != HANDSHAKE_BYTE {
            refuse(stream, first_byte[0]).await?;
            return Err(io::ErrorKind::InvalidData.into());
        }
        // The state of a handshake is boxed, so that connections without one stay small.
        Ok(Self::Tls(Box::new(Box::pin(tls.handshake(stream)).await?)))
    }

    /// Whether both sides have agreed on HTTP/2 in the handshake.
    pub fn has_negotiated_http2(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(stream) => stream.get_ref().1.alpn_protocol() == Some(HTTP2),
        }
    }
}

/// Sends an explanation to a client that begins with plain HTTP, and nothing to others.
async fn refuse(mut stream: TcpStream, first_byte: u8) -> io::Result<()> {
    if !first_byte.is_ascii_uppercase() {
        return Ok(());
    }
    stream.write_all(PLAIN_HTTP_ANSWER).await?;
    stream.shutdown().await?;
    // A connection that is closed before all is read is reset, and the answer with it.
    tokio::io::copy(&mut stream.take(MAX_REFUSED), &mut tokio::io::sink()).await?;
    Ok(())
}

impl AsyncRead for Transport {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, bytes),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
