//! Delivery of e-mails: by SMTP, into a folder, or to the console of a single machine.

use std::{path::PathBuf, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Attachment, Body, Mailbox, MultiPart,
        header::{ContentTransferEncoding, ContentType},
    },
};
use platform::{
    clock::{self, Clock},
    traces::{SpanKind, step},
};

use super::emails::Email;

/// Destination of e-mails.
#[derive(Clone, Default)]
pub enum Mailer {
    /// No mailer: calls that need an e-mail are refused.
    #[default]
    None,
    /// The log, links and all: for one person on one machine.
    Console,
    /// A file each.
    Folder(PathBuf),
    Smtp(Box<MailServer>),
}

/// A mail server, and its timeout for an e-mail.
#[derive(Clone)]
pub struct MailServer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    limit: Duration,
}

/// Reason why the mail setting cannot be used. Found at start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailerError {
    #[error("--mail: smtp://…, smtps://…, file:FOLDER, console or none is expected")]
    Unknown,
    #[error("--mail: the SMTP address is not valid: {0}")]
    Smtp(String),
    #[error("--mail-from: an address is expected, as in Entrepot <stock@example.com>")]
    From,
}

impl std::fmt::Debug for Mailer {
    /// Without the SMTP server's password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Console => "Console",
            Self::Folder(_) => "Folder",
            Self::Smtp(_) => "Smtp",
        })
    }
}

impl std::str::FromStr for Mailer {
    type Err = MailerError;
    fn from_str(text: &str) -> Result<Self, MailerError> {
        match text {
            "none" => Ok(Self::None),
            "console" => Ok(Self::Console),
            _ if text.starts_with("smtp://") || text.starts_with("smtps://") => {
                let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(text);
                let transport = transport.map_err(|err| MailerError::Smtp(err.to_string()))?;
                let transport = transport.timeout(Some(SMTP_CONNECT_TIMEOUT)).build();
                Ok(Self::Smtp(Box::new(MailServer { transport, limit: SMTP_MESSAGE_TIMEOUT })))
            }
            _ => match text.strip_prefix("file:") {
                Some(folder) if !folder.is_empty() => Ok(Self::Folder(folder.into())),
                _ => Err(MailerError::Unknown),
            },
        }
    }
}

/// Whether this is valid as the sender of e-mails.
pub fn check_sender(from: &str) -> Result<(), MailerError> {
    from.parse::<Mailbox>().map(drop).map_err(|_| MailerError::From)
}

/// Timeouts of the connection to a mail server, and of an e-mail from the connection to the last
/// response. lettre bounds the first alone.
const SMTP_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const SMTP_MESSAGE_TIMEOUT: Duration = Duration::from_secs(30);
/// Seconds before each try.
const MAX_TRIES: [u64; 3] = [0, 10, 60];

impl Mailer {
    pub fn is_configured(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// Sends an e-mail in a background task, so that the response time does not reveal whether one
    /// was sent. It is tried three times; the recipient has to request a lost one again.
    pub fn send(&self, from: &str, email: Email, clock: &Clock) {
        let (mailer, from, name) = (self.clone(), from.to_owned(), clock.uuid().simple().to_string());
        tokio::spawn(async move {
            for pause in MAX_TRIES {
                clock::sleep(std::time::Duration::from_secs(pause)).await;
                match mailer.send_once(&from, &email, &name).await {
                    Ok(()) => return,
                    Err(error) => tracing::warn!(%error, subject = email.subject, "an e-mail could not be sent"),
                }
            }
        });
    }

    /// Sends an e-mail and waits until it has been sent: for jobs, which have retries of their own.
    /// The error is for the operator.
    pub async fn deliver(&self, from: &str, email: &Email, clock: &Clock) -> Result<(), String> {
        let name = clock.uuid().simple().to_string();
        step("mail", SpanKind::Client, self.send_once(from, email, &name)).await
    }

    async fn send_once(&self, from: &str, email: &Email, name: &str) -> Result<(), String> {
        match self {
            Self::None => Ok(()),
            Self::Console => {
                tracing::info!("e-mail to {}: {}\n{}", email.to, email.subject, email.text);
                Ok(())
            }
            Self::Folder(folder) => {
                tokio::fs::create_dir_all(folder).await.map_err(|err| err.to_string())?;
                let final_path = folder.join(format!("{name}.eml"));
                let part = final_path.with_extension("part");
                tokio::fs::write(&part, message(from, email)?.formatted()).await.map_err(|err| err.to_string())?;
                tokio::fs::rename(part, final_path).await.map_err(|err| err.to_string())
            }
            Self::Smtp(server) => {
                let MailServer { transport, limit } = &**server;
                let result = tokio::time::timeout(*limit, transport.send(message(from, email)?)).await;
                let result = result.map_err(|_| format!("the mail server did not accept it within {limit:?}"))?;
                result.map(drop).map_err(|err| err.to_string())
            }
        }
    }
}

fn message(from: &str, email: &Email) -> Result<Message, String> {
    let from: Mailbox = from.parse().map_err(|_| "the sender's address is not valid".to_owned())?;
    let to: Mailbox = email.to.parse().map_err(|_| "the recipient's address is not valid".to_owned())?;
    let alternatives = MultiPart::alternative_plain_html(email.text.clone(), email.html.clone());
    let mut content = if email.attachments.is_empty() { alternatives } else { MultiPart::mixed().multipart(alternatives) };
    for file in &email.attachments {
        let media = ContentType::parse(file.media).map_err(|_| "the attachment has no media type".to_owned())?;
        // Base64 keeps the bytes unchanged: a text encoding would change the line endings.
        let body = Body::new_with_encoding(file.bytes.clone(), ContentTransferEncoding::Base64);
        let body = body.map_err(|_| "the attachment has no base 64".to_owned())?;
        content = content.singlepart(Attachment::new(file.name.clone()).body(body, media));
    }
    Message::builder().from(from).to(to).subject(&email.subject).multipart(content).map_err(|err| err.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_mail_server_that_says_nothing_is_left_soon() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mailer: Mailer = format!("smtp://{}", silent.local_addr().unwrap()).parse().unwrap();
        let Mailer::Smtp(mut server) = mailer else { panic!("an address of SMTP is a mail server") };
        assert_eq!(server.limit, SMTP_MESSAGE_TIMEOUT, "what a letter has in service");
        // A short limit, since the test waits for it.
        let limit = Duration::from_secs(1);
        server.limit = limit;
        let mailer = Mailer::Smtp(server);
        let email = Email {
            to: "reader@example.com".to_owned(),
            subject: "Hello".to_owned(),
            text: String::new(),
            html: String::new(),
            attachments: Vec::new(),
        };
        let taking = tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok(one) = silent.accept().await {
                open.push(one);
            }
        });
        let began = tokio::time::Instant::now();
        let sent = mailer.send_once("Entrepot <stock@example.com>", &email, "name").await;
        assert!(sent.is_err() && began.elapsed() < limit + SMTP_CONNECT_TIMEOUT, "{sent:?} after {:?}", began.elapsed());
        taking.abort();
    }

    #[test]
    fn the_ways_are_read_and_wrong_ones_refused() {
        let read = |text: &str| text.parse::<Mailer>().map(|mailer| format!("{mailer:?}"));
        assert_eq!(read("file:letters"), Ok("Folder".to_owned()));
        assert_eq!(read("console"), Ok("Console".to_owned()));
        assert_eq!(read("smtps://user:a-secret@mail.example:465"), Ok("Smtp".to_owned()));
        for wrong in ["", "file:", "pop3://x", "mail.example"] {
            assert_eq!(read(wrong), Err(MailerError::Unknown), "{wrong}");
        }
        assert_eq!(check_sender("Entrepot <stock@example.com>"), Ok(()));
        assert_eq!(check_sender("Entrepot"), Err(MailerError::From));
    }
}
