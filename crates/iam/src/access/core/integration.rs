//! Integrations and their keys: what programs of partners may do.

use entity::prelude::{ApiKeyId, ChannelId, IntegrationId, Timestamp};

use super::{
    super::{
        permissions::{Bits, Class, Permission, REGISTRY, kind},
        set::{PermissionSet, Reach},
    },
    grant::{Groups, Scope},
    refusal::{Counted, Refusal},
};

/// A program of a partner, or of the tenant's own. It belongs to the tenant, not to whoever made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    pub id: IntegrationId,
    pub name: String,
    /// Of orders and reservations it sees this channel's only.
    pub channel: Option<ChannelId>,
    pub permissions: Bits,
    pub scope: Scope,
    /// Its keys may send only documents that the operator has listed.
    pub trusted_only: bool,
    pub disabled_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Integration {
    /// Whether it has been bound to this channel since a time at the latest. A change keeps no note of what it was, so after one it is taken to be bound since
    /// then: what was made before may be of all channels, or of another.
    pub fn has_been_bound_since(&self, channel: ChannelId, made_at: Timestamp) -> bool {
        self.channel == Some(channel) && self.updated_at <= made_at
    }
}

/// A key of an integration. Its secret is nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub integration: IntegrationId,
    pub name: String,
    /// The beginning of the secret, by which people tell keys apart.
    pub prefix: String,
    /// None: the integration's.
    pub permissions: Option<Bits>,
    pub scope: Option<Scope>,
    /// Networks that it is accepted from; any when there are none.
    pub cidrs: Vec<String>,
    /// It may send only documents that the operator has listed, whatever its integration may.
    pub trusted_only: bool,
    /// What it may spend of its integration's budget; all of it when there is none.
    pub budget: Option<KeyBudget>,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    /// When somebody reported that its secret lies about where others can read it. It was revoked then.
    pub leaked_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// So many points at once, and so many back each second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyBudget {
    pub points: u32,
    pub restored_per_second: u32,
}

/// An address that a key was used from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedFrom {
    pub address: String,
    pub first_used_at: Timestamp,
    pub last_used_at: Timestamp,
}

/// The most points that a key's own budget holds, or gets back each second.
pub const MAX_KEY_POINTS: u32 = 1_000_000;
/// Addresses of a key that are kept: those that it was used from last.
pub const MAX_ADDRESSES: i64 = 100;
pub const MAX_INTEGRATIONS: usize = 200;
/// Keys of an integration that have not ended.
pub const MAX_KEYS: usize = 100;
/// Keys of an integration in all: its list shows those that have ended, too.
pub const MAX_KEYS_EVER: usize = 1_000;
pub const MAX_CIDRS: usize = 50;
/// How long the old key may live beside the new one: seven days.
pub const ROLL_OVERLAP_SECONDS: i64 = 7 * 24 * 3600;

/// Permissions that tell of more than one channel; who is bound to a channel cannot have them.
const BEYOND_A_CHANNEL: [usize; 12] = [
    kind::StockMovementRead::INDEX,
    kind::StockAdjust::INDEX,
    kind::StockSet::INDEX,
    kind::StockReverse::INDEX,
    kind::DocumentReverse::INDEX,
    kind::CustomerRead::INDEX,
    kind::MemberRead::INDEX,
    kind::AuditRead::INDEX,
    kind::ApikeyRead::INDEX,
    kind::WebhookRead::INDEX,
    kind::WebhookManage::INDEX,
    kind::JobRead::INDEX,
];

/// The permissions of these that an integration cannot have if it is bound to a channel.
pub fn bounded(permissions: Bits) -> Bits {
    BEYOND_A_CHANNEL.into_iter().filter(|index| permissions.holds(*index)).collect()
}

/// What an integration has after a change and had not before: its maker must hold it. What merely goes is free.
pub fn gained(before: &PermissionSet, after: &PermissionSet) -> PermissionSet {
    let mut gained = PermissionSet::default();
    for index in after.bits().indices() {
        let (had, has) = (before.reach(index), after.reach(index));
        if !before.holds(index) || !had.contains(&has) {
            gained.grant(index, &has);
        }
    }
    gained
}

/// Whether there is room for one more key beside those that an integration has had. One that has ended takes no place of one that lives, so that keys can
/// be rolled for years.
pub fn room_for_key(keys: &[ApiKey], now: Timestamp) -> Result<(), Refusal> {
    let lives = |key: &&ApiKey| key.revoked_at.is_none() && key.expires_at.is_none_or(|end| end > now);
    if keys.iter().filter(lives).count() >= MAX_KEYS {
        return Err(Refusal::TooMany { what: Counted::Keys, most: MAX_KEYS });
    }
    if keys.len() >= MAX_KEYS_EVER {
        return Err(Refusal::TooMany { what: Counted::KeysEver, most: MAX_KEYS_EVER });
    }
    Ok(())
}

/// Permissions for some stores, as an integration has them. They are listed one by one, not given by a role: one for the whole tenant, such as
/// seeing products, is meant as it is written, and the stores limit the others.
pub fn rights(permissions: Bits, scope: &Scope, groups: &Groups) -> PermissionSet {
    let reach = scope.reach(groups);
    let mut set = PermissionSet::default();
    for index in permissions.indices() {
        match REGISTRY[index].class {
            Class::Tenant => set.grant(index, &Reach::Everywhere),
            Class::Store => set.grant(index, &reach),
        }
    }
    set
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn key(revoked_at: Option<Timestamp>, expires_at: Option<Timestamp>) -> ApiKey {
        ApiKey {
            id: ApiKeyId::NIL,
            integration: IntegrationId::NIL,
            name: String::new(),
            prefix: String::new(),
            permissions: None,
            scope: None,
            cidrs: Vec::new(),
            trusted_only: false,
            budget: None,
            expires_at,
            last_used_at: None,
            revoked_at,
            leaked_at: None,
            created_at: Timestamp(0),
        }
    }

    #[test]
    fn what_was_made_before_the_last_change_may_be_of_another_channel() {
        let (own, other) = (ChannelId::from_uuid(Uuid::from_u128(1)), ChannelId::from_uuid(Uuid::from_u128(2)));
        let bound = Integration {
            id: IntegrationId::NIL,
            name: String::new(),
            channel: Some(own),
            permissions: Bits::default(),
            scope: Scope::All,
            trusted_only: false,
            disabled_at: None,
            version: 2,
            created_at: Timestamp(0),
            updated_at: Timestamp(10),
        };
        assert_eq!([9, 10, 11].map(|at| bound.has_been_bound_since(own, Timestamp(at))), [false, true, true]);
        assert!(!bound.has_been_bound_since(other, Timestamp(11)), "it was bound to another one meanwhile");
        assert!(!Integration { channel: None, ..bound }.has_been_bound_since(own, Timestamp(11)));
    }

    #[test]
    fn keys_that_have_ended_leave_room_for_the_next() {
        let now = Timestamp(10);
        let refused = |keys: &[ApiKey]| match room_for_key(keys, now) {
            Err(Refusal::TooMany { what, .. }) => Some(what),
            _ => None,
        };
        let mut keys = vec![key(None, Some(Timestamp(11))); MAX_KEYS - 1];
        keys.extend([key(Some(Timestamp(1)), None), key(None, Some(now))]);
        assert_eq!(refused(&keys), None, "rolled a hundred times");
        keys.push(key(None, None));
        assert_eq!(refused(&keys), Some(Counted::Keys));
        assert_eq!(refused(&vec![key(Some(now), None); MAX_KEYS_EVER]), Some(Counted::KeysEver));
    }
}
