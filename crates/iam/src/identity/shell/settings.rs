//! The operator's settings decide registration, the length of sessions, and e-mail.

use std::{collections::HashSet, sync::Arc};

use crate::identity::{
    core::{ABSOLUTE_SECONDS, IDLE_SECONDS},
    mailer::Mailer,
};

/// Registration policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Registration {
    /// Anybody, at once.
    #[default]
    Open,
    /// Anybody who has confirmed their address.
    Verified,
    /// Registration is closed.
    Closed,
}

/// Settings of the operator. Times are in seconds.
#[derive(Debug, Clone)]
pub struct Settings {
    pub access_seconds: i64,
    /// Seconds without use after which a session ends.
    pub idle_seconds: i64,
    /// Seconds after which a session ends in any case.
    pub absolute_seconds: i64,
    pub registration: Registration,
    /// Delivery of e-mails.
    pub mailer: Mailer,
    pub mail_from: String,
    /// Base URL of links in e-mails: the pages of the operator's own site.
    pub public_url: String,
    /// Passwords known from breaches elsewhere, in lower case.
    pub denied: Arc<HashSet<String>>,
}
impl Default for Settings {
    fn default() -> Self {
        Self {
            access_seconds: 600,
            idle_seconds: IDLE_SECONDS,
            absolute_seconds: ABSOLUTE_SECONDS,
            registration: Registration::Open,
            mailer: Mailer::None,
            mail_from: "Entrepot <entrepot@localhost>".to_owned(),
            public_url: "http://localhost:8080".to_owned(),
            denied: Arc::default(),
        }
    }
}
