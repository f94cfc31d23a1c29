//! Integrations and their keys: the permissions of partners' programs.

use entity::prelude::{ApiKeyId, ChannelId, IntegrationId, Timestamp};

use super::{
    super::{
        permissions::{Bits, Class, Permission, REGISTRY, kind},
        set::{PermissionSet, Reach},
    },
    grant::{Groups, Scope},
    refusal::{LimitedObject, Refusal},
};

/// A program of a partner or of the tenant. It belongs to the tenant, not to the member who created
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    pub id: IntegrationId,
    pub name: String,
    /// The channel whose orders and reservations it sees; it sees no others. None: not bound to a
    /// channel.
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
    /// Whether the integration has been bound to this channel since `created_at` or earlier. Changes
    /// do not record the previous channel, so `updated_at` counts as the start of the binding:
    /// older objects may concern all channels, or another.
    pub fn has_been_bound_since(&self, channel: ChannelId, created_at: Timestamp) -> bool {
        self.channel == Some(channel) && self.updated_at <= created_at
    }
}

/// A key of an integration. Its secret is nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub integration: IntegrationId,
    pub name: String,
    /// The beginning of the secret, which distinguishes keys in lists.
    pub prefix: String,
    /// None: the permissions of the integration.
    pub permissions: Option<Bits>,
    pub scope: Option<Scope>,
    /// Networks that it is accepted from; any when there are none.
    pub cidrs: Vec<String>,
    /// The key may send only documents that the operator has listed, whatever its integration may
    /// send.
    pub trusted_only: bool,
    /// The key's share of its integration's budget. None: the whole budget.
    pub budget: Option<KeyBudget>,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    /// Time at which its secret was reported as exposed. The key was revoked then.
    pub leaked_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// Rate limit of a key: size of its bucket, and points restored each second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyBudget {
    pub points: u32,
    pub restored_per_second: u32,
}

/// An address that a key was used from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyAddress {
    pub address: String,
    pub first_used_at: Timestamp,
    pub last_used_at: Timestamp,
}

/// The most points that a key's own budget holds, or gets back each second.
pub const MAX_KEY_POINTS: u32 = 1_000_000;
/// Maximum stored addresses of a key: those that it was used from most recently.
pub const MAX_ADDRESSES: i64 = 100;
pub const MAX_INTEGRATIONS: usize = 200;
/// Keys of an integration that have not ended.
pub const MAX_KEYS: usize = 100;
/// Maximum keys of an integration, including ended ones, which its list shows.
pub const MAX_KEYS_INCLUDING_ENDED: usize = 1_000;
pub const MAX_CIDRS: usize = 50;
/// Maximum time that the old key stays valid beside the new one: seven days.
pub const ROLL_OVERLAP_SECONDS: i64 = 7 * 24 * 3600;

/// Permissions that expose more than one channel; integrations that are bound to a channel cannot
/// have them.
const CROSS_CHANNEL_PERMISSIONS: [usize; 12] = [
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
pub fn cross_channel_permissions(permissions: Bits) -> Bits {
    CROSS_CHANNEL_PERMISSIONS.into_iter().filter(|index| permissions.holds(*index)).collect()
}

/// Returns the permissions that a change of an integration adds. The caller must hold them;
/// permissions can be removed freely.
pub fn added_permissions(before: &PermissionSet, after: &PermissionSet) -> PermissionSet {
    let mut added = PermissionSet::default();
    for index in after.bits().indices() {
        let (reach_before, reach_after) = (before.reach(index), after.reach(index));
        if !before.holds(index) || !reach_before.contains(&reach_after) {
            added.grant(index, &reach_after);
        }
    }
    added
}

/// Whether an integration may have one more key. Ended keys do not count towards the limit of live
/// ones, so that keys can be rolled for years.
pub fn check_key_limit(keys: &[ApiKey], now: Timestamp) -> Result<(), Refusal> {
    let is_live = |key: &&ApiKey| key.revoked_at.is_none() && key.expires_at.is_none_or(|end| end > now);
    if keys.iter().filter(is_live).count() >= MAX_KEYS {
        return Err(Refusal::TooMany { what: LimitedObject::Keys, most: MAX_KEYS });
    }
    if keys.len() >= MAX_KEYS_INCLUDING_ENDED {
        return Err(Refusal::TooMany { what: LimitedObject::KeysEver, most: MAX_KEYS_INCLUDING_ENDED });
    }
    Ok(())
}

/// The permission set of an integration, for some stores. Its permissions are listed one by one,
/// not given by a role: a permission for the whole tenant, such as seeing products, applies as
/// written, and the stores limit the others.
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
        let refused = |keys: &[ApiKey]| match check_key_limit(keys, now) {
            Err(Refusal::TooMany { what, .. }) => Some(what),
            _ => None,
        };
        let mut keys = vec![key(None, Some(Timestamp(11))); MAX_KEYS - 1];
        keys.extend([key(Some(Timestamp(1)), None), key(None, Some(now))]);
        assert_eq!(refused(&keys), None, "rolled a hundred times");
        keys.push(key(None, None));
        assert_eq!(refused(&keys), Some(LimitedObject::Keys));
        assert_eq!(refused(&vec![key(Some(now), None); MAX_KEYS_INCLUDING_ENDED]), Some(LimitedObject::KeysEver));
    }
}
