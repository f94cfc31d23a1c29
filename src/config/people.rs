//! Options of registration and of e-mails.

use clap::Args;
use iam::identity;

/// People who may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Registration {
    Open,
    Verified,
    Closed,
}

impl From<Registration> for iam::identity::Registration {
    fn from(registration: Registration) -> Self {
        match registration {
            Registration::Open => Self::Open,
            Registration::Verified => Self::Verified,
            Registration::Closed => Self::Closed,
        }
    }
}

/// Options of outgoing e-mails: transport, sender, and the address of their links.
#[derive(Debug, Clone, Args)]
pub struct EmailArgs {
    /// Transport of e-mails: smtp://user:password@host:port, smtps://…, file:FOLDER, console (into the log, links and all) or none.
    #[arg(long, env = "ENTREPOT_MAIL", default_value = "none", hide_env_values = true)]
    pub mail: identity::Mailer,
    /// Sender of e-mails.
    #[arg(long, env = "ENTREPOT_MAIL_FROM", default_value = "Entrepot <entrepot@localhost>")]
    pub mail_from: String,
    /// URL of your site, which links in e-mails open: its pages /password and /confirm. When not given: the address listened on; of a worker http://localhost.
    #[arg(long, env = "ENTREPOT_PUBLIC_URL", value_parser = site)]
    pub public_url: Option<String>,
}

impl EmailArgs {
    /// Makes the settings of identities; links in e-mails lead to `otherwise` unless an address is
    /// configured.
    ///
    /// # Errors
    /// E-mails cannot be sent from this address.
    pub fn settings(&self, otherwise: impl FnOnce() -> String) -> Result<identity::Settings, identity::MailerError> {
        identity::check_sender(&self.mail_from)?;
        Ok(identity::Settings {
            mailer: self.mail.clone(),
            mail_from: self.mail_from.clone(),
            public_url: self.public_url.clone().unwrap_or_else(otherwise),
            ..identity::Settings::default()
        })
    }
}

/// Reads the address of a site. Without its scheme no program of e-mail would make a link of it.
fn site(text: &str) -> Result<String, &'static str> {
    let is_address = text.is_empty() || text.starts_with("https://") || text.starts_with("http://");
    if is_address { Ok(text.to_owned()) } else { Err("the address of a site is expected, as in https://shop.example") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_named_with_its_scheme() {
        assert_eq!(site("https://shop.example/entrepot").as_deref(), Ok("https://shop.example/entrepot"));
        assert_eq!(site("http://localhost:5173").as_deref(), Ok("http://localhost:5173"));
        for wrong in ["shop.example", "//shop.example", "ftp://shop.example", "https:/shop.example"] {
            assert!(site(wrong).is_err(), "{wrong}");
        }
    }
}
