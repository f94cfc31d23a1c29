//! E-mails to users, as text and as HTML. Pure.

use platform::markup::escape_markup;

/// An e-mail, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// Files attached to the e-mail.
    pub attachments: Vec<Attachment>,
}

/// A file in an e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub name: String,
    /// Media type, as in a Content-Type header.
    pub media: &'static str,
    pub bytes: Vec<u8>,
}

/// Kind of an e-mail, with its data.
#[derive(Debug, Clone)]
pub enum EmailKind {
    /// A password reset was requested.
    Reset {
        link: String,
    },
    /// A company was registered under this address.
    Registered {
        link: String,
        tenant: String,
    },
    /// Is this your address?
    Verify {
        link: String,
    },
    /// The recipient was invited into a company.
    Invited {
        link: String,
        tenant: String,
    },
    /// A very unusual login waits for this code.
    LoginCode {
        code: String,
    },
    /// A login came from a new device, or after wrong passwords.
    NewLogin {
        at: String,
        address: Option<String>,
        agent: Option<String>,
        after_failures: bool,
    },
    PasswordChanged,
    /// The second factor was taken away by an admin.
    FactorReset {
        tenant: String,
    },
    /// A used refresh token was presented again.
    SessionStolen,
    /// The secret of an API key was found in public.
    KeyLeaked {
        tenant: String,
        integration: String,
        key: String,
    },
    /// A webhook endpoint was disabled; nothing is sent to it any more.
    WebhookDisabled {
        tenant: String,
        endpoint: String,
        why: String,
    },
}

/// Paragraphs of an e-mail, before and after its link.
struct Body {
    subject: String,
    before: Vec<String>,
    link: Option<(String, &'static str)>,
    after: Vec<String>,
}

impl EmailKind {
    fn body(self) -> Body {
        let ignore = "If this was not you, ignore this e-mail. Nothing changes.".to_owned();
        match self {
            Self::Reset { link } => Body {
                subject: "A new password for Entrepot".to_owned(),
                before: vec!["A new password was requested for your account. Choose one here within 30 minutes:".to_owned()],
                link: Some((link, "Choose a new password")),
                after: vec!["All your sessions end, and you log in with the new password.".to_owned(), ignore],
            },
            Self::Registered { link, tenant } => Body {
                subject: "Confirm your registration with Entrepot".to_owned(),
                before: vec![format!("{tenant} was registered with this e-mail address. Confirm it within 24 hours:")],
                link: Some((link, "Confirm the registration")),
                after: vec!["If you have an account already, the company is added to it and your password stays.".to_owned(), ignore],
            },
            Self::Verify { link } => Body {
                subject: "Confirm your address for Entrepot".to_owned(),
                before: vec!["Confirm within 24 hours that this is your address:".to_owned()],
                link: Some((link, "Confirm the address")),
                after: vec![ignore],
            },
            Self::Invited { link, tenant } => Body {
                subject: format!("An invitation to {tenant}"),
                before: vec![format!("{tenant} invites you to work with them on Entrepot. Accept within seven days:")],
                link: Some((link, "Accept the invitation")),
                after: vec![
                    "If you have an account with this address, enter its password; if you have forgotten it, request a new one first. If you have none, you choose a password."
                        .to_owned(),
                    "If you did not expect this e-mail, ignore it. Nothing changes.".to_owned(),
                ],
            },
            Self::LoginCode { code } => Body {
                subject: "Your code for Entrepot".to_owned(),
                before: vec![
                    "There is an unusual login to your Entrepot account, with the correct password. Enter this code within five minutes to complete it:".to_owned(),
                    code,
                ],
                link: None,
                after: vec!["If this was not you, give the code to nobody and choose a new password: somebody knows yours.".to_owned()],
            },
            notice => notice.notice_body(),
        }
    }

    /// Returns the body of an e-mail that reports an event and requires no action.
    fn notice_body(self) -> Body {
        let warning = "If this was not you, request a new password and check your sessions.".to_owned();
        let (subject, before, after) = match self {
            Self::NewLogin { at, address, agent, after_failures } => (
                "A new login to your account".to_owned(),
                vec![
                    format!(
                        "There was a login to your Entrepot account{}.",
                        if after_failures { ", after attempts with wrong passwords" } else { " from a new device" }
                    ),
                    format!(
                        "When: {at}. Where: {}. With: {}.",
                        address.as_deref().unwrap_or("not known"),
                        agent.as_deref().unwrap_or("not known")
                    ),
                ],
                vec![warning],
            ),
            Self::PasswordChanged => (
                "Your password was changed".to_owned(),
                vec!["The password of your Entrepot account was changed.".to_owned()],
                vec![warning],
            ),
            Self::FactorReset { tenant } => (
                "Your second factor was reset".to_owned(),
                vec![format!("An admin of {tenant} has taken away the second factor of your Entrepot account. Enrol another one when you log in.")],
                vec![warning],
            ),
            Self::KeyLeaked { tenant, integration, key } => (
                "A leaked API key was revoked".to_owned(),
                vec![
                    format!("The secret of the key {key} of {integration}, an integration of {tenant}, was reported to us as leaked. We have revoked the key."),
                    "Create a new key for the integration, and check the audit log for the use of the old one.".to_owned(),
                ],
                vec!["You receive this e-mail because you own the company's account. This revocation cannot be undone.".to_owned()],
            ),
            Self::WebhookDisabled { tenant, endpoint, why } => (
                "A webhook endpoint was disabled".to_owned(),
                vec![
                    format!("Deliveries to {endpoint}, a webhook endpoint of {tenant}, were stopped: {why}."),
                    "Enable it again when the cause is fixed: delivery continues where it stopped, as far back as events are kept.".to_owned(),
                ],
                vec!["You receive this e-mail because you own the company's account.".to_owned()],
            ),
            Self::SessionStolen => (
                "One of your sessions was ended".to_owned(),
                vec!["A token of one of your Entrepot sessions was used twice, so it may have been copied. We have ended that session.".to_owned()],
                vec![warning],
            ),
            Self::Reset { .. } | Self::Registered { .. } | Self::Verify { .. } | Self::Invited { .. } | Self::LoginCode { .. } => return self.body(),
        };
        Body { subject, before, link: None, after }
    }

    pub fn to(self, address: &str, name: &str) -> Email {
        let Body { subject, before, link, after } = self.body();
        // The subject may contain a company's name; control characters are replaced to keep it on
        // one line.
        let subject: String = subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let greeting = if name.is_empty() { "Hello,".to_owned() } else { format!("Hello {name},") };
        let (mut text, mut html) = (String::new(), String::new());
        let paragraph = |content: &str, text: &mut String, html: &mut String| {
            text.push_str(&format!("{content}\n\n"));
            html.push_str(&format!("<p>{}</p>\n", escape_markup(content)));
        };
        paragraph(&greeting, &mut text, &mut html);
        before.iter().for_each(|content| paragraph(content, &mut text, &mut html));
        if let Some((link, label)) = link {
            text.push_str(&format!("  {link}\n\n"));
            html.push_str(&format!("<p><a href=\"{0}\">{label}</a></p>\n<p>{0}</p>\n", escape_markup(&link)));
        }
        after.iter().for_each(|content| paragraph(content, &mut text, &mut html));
        let html = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title></head>\n<body>\n{html}</body></html>\n",
            escape_markup(&subject)
        );
        Email { to: address.to_owned(), subject, text, html, attachments: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_write_into_a_letter() {
        let kind =
            EmailKind::Registered { link: "https://a.example/x#token=epv_1&y".to_owned(), tenant: "<b>Mugs</b> & Co".to_owned() };
        let email = kind.to("ada@example.com", "<script>alert(1)</script>");
        assert!(!email.html.contains("<script>") && !email.html.contains("<b>"), "{}", email.html);
        assert!(email.html.contains("href=\"https://a.example/x#token=epv_1&amp;y\""), "{}", email.html);
        assert!(email.text.contains("  https://a.example/x#token=epv_1&y\n"), "{}", email.text);
    }
}
