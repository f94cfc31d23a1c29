//! Groups of stores. Grants may name them, so a change of a group's stores is a change of rights.

use entity::{id::kind as of, prelude::*};
use platform::{
    audit,
    storage::{
        Fault, Work,
        events::{EventType, RowChanged},
    },
};

use super::{
    audit_fields,
    error::AccessError,
    service::{Access, Changed},
};
use crate::access::{
    caller::Permit,
    core::{
        At, Counted, Field, Given, Invalid, Noun, Refusal, Refusals, Rejection, Scope, Stage, StoreGroup, check_code, check_name,
        group_key, outlives,
    },
    events,
    permissions::{Bits, Class, REGISTRY, kind},
    rows,
    set::{PermissionSet, Reach},
};

/// Input for a group; fields that are None stay as they are when it is changed.
#[derive(Debug, Clone, Default)]
pub struct GroupFields {
    pub code: Option<String>,
    pub name: Option<String>,
    pub stores: Option<Vec<StoreId>>,
}

/// Groups that a tenant has at most, and stores in one.
const MAX_GROUPS: usize = 500;
const MAX_STORES: usize = 5_000;

impl Access {
    pub async fn store_group_create(
        &self,
        permit: Permit<kind::StoreWrite>,
        fields: GroupFields,
    ) -> Result<Changed<StoreGroup>, AccessError> {
        let now = self.clock().now();
        let group = StoreGroup {
            id: self.clock().id(),
            code: fields.code.unwrap_or_default().trim().to_owned(),
            name: fields.name.unwrap_or_default().trim().to_owned(),
            version: 1,
            created_at: now,
            updated_at: now,
            archived_at: None,
        };
        let stores = fields.stores.unwrap_or_default();
        let mut refusals = Refusals::default();
        refusals.take(check_code(&group.code, At::input(Field::Code)));
        refusals.take(check_name(&group.name, At::input(Field::Name)));
        check_number(&stores, &mut refusals);
        refusals.end(Stage::Shape)?;
        let mut work = self.begin(&permit).await?;
        let all = rows::groups(&work).await?;
        check_stores(&work, &stores, &mut refusals).await?;
        let key = check_unique_code(&all, &group, &mut refusals);
        if all.len() >= MAX_GROUPS {
            refusals.add(Refusal::TooMany { what: Counted::Groups, most: MAX_GROUPS }.at(At::INPUT));
        }
        refusals.end(Stage::State)?;
        rows::add_group(&work, &group, &key, &stores).await?;
        audit::changed(&mut work, group.id, None, Some(&audit_fields::group(&group, &stores)), None);
        let seq = self.end(work, events::STORE_GROUP_CREATED.of(group.id, 1)).await?;
        Ok(Changed { value: group, seq })
    }

    pub async fn store_group_update(
        &self,
        permit: Permit<kind::StoreWrite>,
        (id, expected): (GroupId, i64),
        fields: GroupFields,
    ) -> Result<Changed<StoreGroup>, AccessError> {
        let mut refusals = Refusals::default();
        if let Some(code) = &fields.code {
            refusals.take(check_code(code.trim(), At::input(Field::Code)));
        }
        if let Some(name) = &fields.name {
            refusals.take(check_name(name, At::input(Field::Name)));
        }
        check_number(fields.stores.as_deref().unwrap_or_default(), &mut refusals);
        refusals.end(Stage::Shape)?;
        let mut work = self.begin(&permit).await?;
        let all = rows::groups(&work).await?;
        let missing = || Refusal::NotFound(Noun::StoreGroup).at(At::input(Field::Id));
        let found = all.iter().find(|group| group.id == id);
        if found.is_none() {
            refusals.add(missing());
        }
        check_stores(&work, fields.stores.as_deref().unwrap_or_default(), &mut refusals).await?;
        refusals.end(Stage::Reference)?;
        let before = found.ok_or_else(missing)?;
        refusals.version(before.version, expected);
        if let Some(since) = before.archived_at {
            refusals.add(Refusal::GroupArchived { since }.at(At::input(Field::Id)));
        }
        let had = rows::members_of(&work, &[id]).await?.remove(&id).unwrap_or_default();
        let group = StoreGroup {
            id,
            code: fields.code.map_or_else(|| before.code.clone(), |code| code.trim().to_owned()),
            name: fields.name.map_or_else(|| before.name.clone(), |name| name.trim().to_owned()),
            version: before.version + 1,
            created_at: before.created_at,
            updated_at: self.clock().now(),
            archived_at: None,
        };
        let stores = fields.stores.unwrap_or_else(|| had.clone());
        let key = check_unique_code(&all, &group, &mut refusals);
        let giver = self.current_permissions(&work, permit.caller()).await?;
        refusals.extend(self.check_store_change(&work, &giver, id, (&had, &stores)).await?);
        refusals.end(Stage::State)?;
        rows::change_group(&work, &group, &key, &stores).await?;
        let (was, is) = (audit_fields::group(before, &had), audit_fields::group(&group, &stores));
        audit::changed(&mut work, id, Some(&was), Some(&is), None);
        let seq = self.end(work, events::STORE_GROUP_UPDATED.of(id, group.version)).await?;
        Ok(Changed { value: group, seq })
    }

    /// Archives a group that no right depends on, so no member loses a right.
    pub async fn store_group_archive(
        &self,
        permit: Permit<kind::StoreWrite>,
        which: (GroupId, Option<i64>),
    ) -> Result<Changed<StoreGroup>, AccessError> {
        self.set_group_archived(permit, which, events::STORE_GROUP_ARCHIVED).await
    }
    /// Restores an archived group. No right depends on it, so no member gains one.
    pub async fn store_group_restore(
        &self,
        permit: Permit<kind::StoreWrite>,
        which: (GroupId, Option<i64>),
    ) -> Result<Changed<StoreGroup>, AccessError> {
        self.set_group_archived(permit, which, events::STORE_GROUP_RESTORED).await
    }

    /// A repeated step changes nothing. Changes of grants lock the same row as this, so no grant is
    /// added meanwhile.
    async fn set_group_archived(
        &self,
        permit: Permit<kind::StoreWrite>,
        (id, expected): (GroupId, Option<i64>),
        event: EventType<RowChanged<of::GroupId>>,
    ) -> Result<Changed<StoreGroup>, AccessError> {
        let mut work = self.begin(&permit).await?;
        let Some(before) = rows::groups_by_id(&work, &[id]).await?.pop() else {
            return Err(Refusal::NotFound(Noun::StoreGroup).at(At::input(Field::Id)).into());
        };
        if expected.is_some_and(|expected| expected != before.version) {
            return Err(Refusal::Stale { actual: before.version }.at(At::input(Field::ExpectedVersion)).into());
        }
        let archives = event == events::STORE_GROUP_ARCHIVED;
        if before.archived_at.is_some() == archives {
            work.rollback().await?;
            return Ok(Changed { value: before, seq: None });
        }
        if archives {
            check_unused(&work, id).await?;
        }
        let now = self.clock().now();
        let version = before.version + 1;
        let group = StoreGroup { archived_at: archives.then_some(now), version, updated_at: now, ..before.clone() };
        rows::set_group_archived(&work, &group).await?;
        let stores = rows::members_of(&work, &[id]).await?.remove(&id).unwrap_or_default();
        let (was, is) = (audit_fields::group(&before, &stores), audit_fields::group(&group, &stores));
        audit::changed(&mut work, id, Some(&was), Some(&is), None);
        let seq = self.end(work, event.of(id, group.version)).await?;
        Ok(Changed { value: group, seq })
    }

    /// Checks a change of a group's stores. A new store extends the rights of all members whose
    /// grants name the group, so the caller must hold these rights in this store, and for as long.
    async fn check_store_change(
        &self,
        work: &Work,
        giver: &PermissionSet,
        group: GroupId,
        (before, after): (&[StoreId], &[StoreId]),
    ) -> Result<Vec<Rejection>, Fault> {
        let new = |of: &[StoreId], than: &[StoreId]| of.iter().filter(|store| !than.contains(store)).copied().collect::<Vec<_>>();
        let (added, gone) = (new(after, before), new(before, after));
        let moved = Reach::stores(added.iter().chain(&gone).copied());
        if moved == Reach::stores([]) {
            return Ok(Vec::new());
        }
        let roles = self.grantable_roles(work).await?;
        let mut given = Bits::default();
        for role in rows::roles_granted_by_group(work, group).await? {
            given.join(roles.get(&role).copied().unwrap_or_default());
        }
        let is_by_group = |scope: &Scope| scope.groups().contains(&group);
        let integrations = rows::integrations(work).await?;
        let ids: Vec<IntegrationId> = integrations.iter().map(|integration| integration.id).collect();
        let keys = rows::keys_of(work, &ids).await?;
        for integration in &integrations {
            if is_by_group(&integration.scope) {
                given.join(integration.permissions);
            }
            // A key may be limited further than its integration, by a group of its own.
            for key in keys.iter().filter(|key| key.integration == integration.id && key.revoked_at.is_none()) {
                if key.scope.as_ref().is_some_and(is_by_group) {
                    given.join(key.permissions.unwrap_or(integration.permissions).and(integration.permissions));
                }
            }
        }
        let given: Vec<usize> = given.indices().filter(|index| REGISTRY[*index].class == Class::Store).collect();
        let (mut refused, at) = (Vec::new(), At::input(Field::StoreIds));
        if !added.is_empty() && !given.is_empty() && outlives(giver, None) {
            refused.push(Invalid::Outlives(Given::Group).at(at));
        }
        if let Some(index) = given.into_iter().find(|index| !giver.reach(*index).contains(&moved)) {
            refused.push(Invalid::NotHeld { permission: REGISTRY[index].code }.at(at));
        }
        Ok(refused)
    }
}

/// Refuses if members, integrations or their keys have rights by the group.
async fn check_unused(work: &Work, group: GroupId) -> Result<(), AccessError> {
    let members = rows::members_granted_by_group(work, group).await?;
    let is_by_group = |scope: &Scope| scope.groups().contains(&group);
    let integrations = rows::integrations(work).await?;
    let ids: Vec<IntegrationId> = integrations.iter().map(|integration| integration.id).collect();
    let keys = rows::keys_of(work, &ids).await?;
    let has_key = |integration: IntegrationId| {
        let mut live = keys.iter().filter(|key| key.integration == integration && key.revoked_at.is_none());
        live.any(|key| key.scope.as_ref().is_some_and(is_by_group))
    };
    let named = integrations.iter().filter(|one| is_by_group(&one.scope) || has_key(one.id)).count();
    if members == 0 && named == 0 {
        return Ok(());
    }
    Err(Refusal::GroupInUse { members, integrations: named }.at(At::input(Field::Id)).into())
}

/// The key that the group's code is unique by. Refuses a code that another group has.
fn check_unique_code(all: &[StoreGroup], group: &StoreGroup, refusals: &mut Refusals) -> String {
    let key = group_key(&group.code);
    if all.iter().any(|other| other.id != group.id && group_key(&other.code) == key) {
        refusals.add(Refusal::GroupCodeTaken.at(At::input(Field::Code)));
    }
    key
}

fn check_number(stores: &[StoreId], refusals: &mut Refusals) {
    if stores.len() > MAX_STORES {
        refusals.add(Refusal::TooMany { what: Counted::Stores, most: MAX_STORES }.at(At::input(Field::StoreIds)));
    }
}

/// Refuses each store that does not exist.
async fn check_stores(work: &Work, stores: &[StoreId], refusals: &mut Refusals) -> Result<(), Fault> {
    let known: std::collections::HashSet<StoreId> = rows::existing_stores(work, stores).await?.into_iter().collect();
    for (index, _) in stores.iter().enumerate().filter(|(_, store)| !known.contains(*store)) {
        refusals.add(Refusal::NotFound(Noun::Store).at(At::input(Field::StoreIds).nth(index)));
    }
    Ok(())
}
