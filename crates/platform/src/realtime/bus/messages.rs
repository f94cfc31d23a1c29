//! Messages on the channel: sender, kind and subject. At most 64 bytes, so that Redis never has
//! much to buffer for a slow listener.

use entity::prelude::{SessionId, TenantId};
use uuid::Uuid;

use crate::storage::PendingNotices;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BusMessage {
    /// A tenant's journal has reached this event.
    Head(TenantId, i64),
    /// A tenant's members, roles or keys have changed.
    Rights(TenantId),
    /// A session has ended or changed.
    Session(SessionId),
}

impl BusMessage {
    pub fn encode_from_node(self, node: &str) -> String {
        match self {
            Self::Head(tenant, head) => format!("{node} h {} {head}", tenant.uuid().simple()),
            Self::Rights(tenant) => format!("{node} r {}", tenant.uuid().simple()),
            Self::Session(id) => format!("{node} s {}", id.uuid().simple()),
        }
    }

    /// Returns the sender and the message.
    pub fn parse(text: &str) -> Option<(&str, Self)> {
        let mut parts = text.split(' ');
        let (node, kind, id) = (parts.next()?, parts.next()?, Uuid::try_parse(parts.next()?).ok()?);
        let word = match kind {
            "h" => Self::Head(TenantId::from_uuid(id), parts.next()?.parse().ok()?),
            "r" => Self::Rights(TenantId::from_uuid(id)),
            "s" => Self::Session(SessionId::from_uuid(id)),
            _ => return None,
        };
        parts.next().is_none().then_some((node, word))
    }
}

/// Turns notices into messages, heads first: streams wait for them.
pub fn of(news: PendingNotices) -> Vec<BusMessage> {
    let heads = news.heads.into_iter().map(|(tenant, head)| BusMessage::Head(tenant, head));
    let rights = news.rights.into_iter().map(BusMessage::Rights);
    let sessions = news.sessions.into_iter().map(BusMessage::Session);
    heads.chain(rights).chain(sessions).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_said_and_short() {
        let id = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);
        let (tenant, session) = (TenantId::from_uuid(id), SessionId::from_uuid(id));
        for word in [BusMessage::Head(tenant, i64::MAX), BusMessage::Rights(tenant), BusMessage::Session(session)] {
            let said = word.encode_from_node("0123abcd");
            assert!(said.len() <= 64, "{said}");
            assert_eq!(BusMessage::parse(&said), Some(("0123abcd", word)));
        }
    }

    #[test]
    fn nonsense_is_nothing() {
        let id = Uuid::from_u128(1).simple().to_string();
        let long = format!("n h {id} 5 more");
        for text in ["", "n", "n h", "n h x 5", &format!("n h {id}"), &format!("n h {id} x"), &format!("n q {id}"), &long] {
            assert_eq!(BusMessage::parse(text), None, "{text}");
        }
    }
}
