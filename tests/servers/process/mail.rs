//! E-mails as they are sent: a real SMTP conversation over TCP with the test's own server.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::{Instant, timeout},
};

use super::{
    client::Client,
    server::{Server, Site, free_address},
};
use crate::world::on_both;

/// An e-mail as it was delivered: the envelope, and the content between DATA and the dot.
#[derive(Debug)]
struct Delivered {
    from: String,
    to: Vec<String>,
    data: String,
}

/// Serves SMTP (RFC 5321) and passes on the delivered e-mails. The first `assert_failed` attempts get a
/// temporary failure (451).
async fn mail_server(refused: usize) -> (std::net::SocketAddr, mpsc::UnboundedReceiver<Delivered>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (deliver, delivered) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut left = refused;
        while let Ok((socket, _)) = listener.accept().await {
            let refuses = left > 0;
            left = left.saturating_sub(1);
            tokio::spawn(converse(socket, refuses, deliver.clone()));
        }
    });
    (address, delivered)
}

async fn converse(socket: TcpStream, refuses: bool, deliver: mpsc::UnboundedSender<Delivered>) {
    let mut socket = BufReader::new(socket);
    let mut letter = Delivered { from: String::new(), to: Vec::new(), data: String::new() };
    socket.write_all(b"220 mail.test ESMTP\r\n").await.unwrap();
    let mut line = String::new();
    while socket.read_line(&mut line).await.unwrap_or(0) > 0 {
        let line_text = line.trim_end().to_owned();
        line.clear();
        let verb = line_text.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let reply = match verb.as_str() {
            "EHLO" => "250-mail.test\r\n250 8BITMIME\r\n",
            "HELO" | "NOOP" | "RSET" => "250 ok\r\n",
            "MAIL" if refuses => "451 come again\r\n",
            "MAIL" => {
                letter.from = line_text;
                "250 ok\r\n"
            }
            "RCPT" => {
                letter.to.push(line_text);
                "250 ok\r\n"
            }
            "DATA" => {
                socket.write_all(b"354 go on\r\n").await.unwrap();
                while socket.read_line(&mut line).await.unwrap_or(0) > 0 && line != ".\r\n" {
                    // A line that begins with a dot has one put before it.
                    letter.data.push_str(line.strip_prefix('.').unwrap_or(&line));
                    line.clear();
                }
                line.clear();
                let whole =
                    std::mem::replace(&mut letter, Delivered { from: String::new(), to: Vec::new(), data: String::new() });
                deliver.send(whole).unwrap();
                "250 kept\r\n"
            }
            "QUIT" => {
                let _ = socket.write_all(b"221 bye\r\n").await;
                return;
            }
            _ => "502 what\r\n",
        };
        if socket.write_all(reply.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn next(letters: &mut mpsc::UnboundedReceiver<Delivered>, seconds: u64) -> Delivered {
    timeout(Duration::from_secs(seconds), letters.recv()).await.expect("a letter in time").unwrap()
}

on_both!(letters_leave_by_smtp, site: Site => {
    let (mail, mut letters) = mail_server(0).await;
    let mail = format!("smtp://{mail}");
    let expected = ["--mail", &mail, "--mail-from", "Stock <stock@stock.example>", "--public-url", "https://stock.example", "--registration", "open"];
    let server = Server::start_with(site, free_address(), &expected).await;
    let owner = Client::register(&server.url(), "sender").await;
    let reset = "mutation { result: passwordResetRequest(email: \"sender@shop.example\") { userErrors { code } } }";
    owner.execute(reset, json!({})).await;
    let letter = next(&mut letters, 10).await;
    assert!(letter.from.contains("<stock@stock.example>") && letter.to.len() == 1 && letter.to[0].contains("<sender@shop.example>"), "{letter:?}");
    let plain = letter.data.replace("=\r\n", "").replace("=3D", "=");
    for part in ["Subject: A new password for Entrepot", "Content-Type: multipart/alternative", "Content-Type: text/plain", "Content-Type: text/html", "https://stock.example/password#token=epw_", "To: sender@shop.example"] {
        assert!(plain.contains(part), "{part}: {plain}");
    }
    // An address that would be several, or a command, is none.
    for bad in ["a@b.example>\\r\\nRCPT TO:<evil@evil.example", "a@b.example,evil@evil.example", "a@b.example\\nbcc: evil@evil.example"] {
        let invite = format!("mutation {{ result: memberInvite(email: \"{bad}\", roleIds: [], scope: {{ all: true }}) {{ userErrors {{ code }} }} }}");
        let answer = owner.execute(&invite, json!({})).await;
        let refused = answer["result"]["userErrors"][0]["code"].clone();
        if refused.is_null() {
            let next_letter = timeout(Duration::from_millis(700), letters.recv()).await;
            assert!(next_letter.is_err(), "{bad}: {next_letter:?}");
        } else {
            assert_eq!(refused, "INVALID", "{bad}");
        }
    }
    let log = server.stderr();
    assert!(!log.contains("epw_") && !log.contains("epi_"), "no link is in the log");
});

/// A mail server that is down for a moment loses no e-mail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_is_tried_again() {
    let site = super::server::Site::sqlite().await;
    let (mail, mut letters) = mail_server(1).await;
    let mail = format!("smtp://{mail}");
    let server = Server::start_with(&site, free_address(), &["--mail", &mail]).await;
    let owner = Client::register(&server.url(), "again").await;
    let started_at = Instant::now();
    owner
        .execute("mutation { result: passwordResetRequest(email: \"again@shop.example\") { userErrors { code } } }", json!({}))
        .await;
    next(&mut letters, 25).await;
    assert!(started_at.elapsed() > Duration::from_secs(8), "after a pause");
}

/// Returns a node's answer to a stranger, from an address that is not this machine's own.
async fn registered(server: &Server) -> Value {
    let query = "mutation { result: register(email: \"new@shop.example\", password: \"four mugs on a shelf\", displayName: \"N\", tenantName: \"N\", tenantSlug: \"new-shop\") {
        result { __typename } userErrors { code } } }";
    let answer =
        reqwest::Client::new().post(format!("{}/graphql", server.url())).json(&json!({ "query": query })).send().await.unwrap();
    answer.json::<Value>().await.unwrap()["data"]["result"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_strangers_come_nobody_learns_by_registering_who_is_known() {
    let everywhere =
        |address: std::net::SocketAddr| std::net::SocketAddr::new(std::net::IpAddr::from([0, 0, 0, 0]), address.port());
    let (mail, mut letters) = mail_server(0).await;
    let mail = format!("smtp://{mail}");
    let site = super::server::Site::sqlite().await;
    let with_mail = Server::start_with(&site, everywhere(free_address()), &["--mail", &mail]).await;
    assert_eq!(registered(&with_mail).await, json!({ "result": { "__typename": "RegistrationPending" }, "userErrors": [] }));
    assert!(next(&mut letters, 10).await.data.contains("Confirm your registration"));
    let site = super::server::Site::sqlite().await;
    let without = Server::start_with(&site, everywhere(free_address()), &[]).await;
    assert_eq!(registered(&without).await["userErrors"][0]["code"], "INVALID_STATE");
    // Behind a proxy on the same machine that admits external clients.
    for in_front in [["--proxy", "127.0.0.1"], ["--public-url", "https://stock.example"]] {
        let site = super::server::Site::sqlite().await;
        let behind = Server::start_with(&site, free_address(), &in_front).await;
        assert_eq!(registered(&behind).await["userErrors"][0]["code"], "INVALID_STATE", "{in_front:?}");
    }
}
