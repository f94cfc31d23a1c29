//! GraphQL enums of alerts, with descriptions of their values.

use async_graphql::Enum;
use entity::prelude;

/// Declares the GraphQL enum of the kinds of alerts, with the descriptions in `entity`.
macro_rules! kinds {
    ($(#[$own:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $text:literal),* $(,)? }) => {
        /// Kind of an alert: the condition that it reports. More may be added.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
        #[graphql(remote = "prelude::AlertKind", rename_items = "SCREAMING_SNAKE_CASE")]
        pub enum $name { $($(#[$doc])* $variant),* }
    };
}

entity::alert_kinds!(kinds);

/// State of an alert. More may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::AlertState", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum AlertStatus {
    /// The alert was not acknowledged yet.
    Open,
    /// The alert was acknowledged.
    Acknowledged,
    /// Put off; it is OPEN again when its time comes.
    Snoozed,
    /// The condition has ended, or the alert was resolved by hand.
    Resolved,
}

/// Collection of e-mails about alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::AlertDigest", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum AlertDigest {
    /// E-mails are sent at once.
    None,
    /// E-mails are collected and sent once an hour, at the full hour.
    Hourly,
    /// E-mails are collected and sent once a day, at the hour that the rule sets.
    Daily,
}
