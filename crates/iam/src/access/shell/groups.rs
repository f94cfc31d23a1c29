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
    service::{Access, ChangedValue},
};
use crate::access::{
    caller::Permit,
    core::{
        At, Field, GrantingChange, Invalid, LimitedObject, Noun, Refusal, Refusals, Rejection, Scope, Stage, StoreGroup,
        check_code, check_name, group_key, outlives,
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
    ) -> Result<ChangedValue<StoreGroup>, AccessError> {
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
        let all_groups = rows::groups(&work).await?;
        check_stores(&work, &stores, &mut refusals).await?;
        let code_key = check_unique_code(&all_groups, &group, &mut refusals);
        if all_groups.len() >= MAX_GROUPS {
            refusals.add(Refusal::TooMany { what: LimitedObject::Groups, most: MAX_GROUPS }.at(At::INPUT));
        }
        refusals.end(Stage::State)?;
        rows::add_group(&work, &group, &code_key, &stores).await?;
        audit::changed(&mut work, group.id, None, Some(&audit_fields::group(&group, &stores)), None);
        let seq = self.end(work, events::STORE_GROUP_CREATED.of(group.id, 1)).await?;
        Ok(ChangedValue { value: group, seq })
    }

    pub async fn store_group_update(
        &self,
        permit: Permit<kind::StoreWrite>,
        (id, expected): (GroupId, i64),
        fields: GroupFields,
    ) -> Result<ChangedValue<StoreGroup>, AccessError> {
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
        let all_groups = rows::groups(&work).await?;
        let missing = || Refusal::NotFound(Noun::StoreGroup).at(At::input(Field::Id));
        let existing = all_groups.iter().find(|group| group.id == id);
        if existing.is_none() {
            refusals.add(missing());
        }
        check_stores(&work, fields.stores.as_deref().unwrap_or_default(), &mut refusals).await?;
        refusals.end(Stage::Reference)?;
        let before = existing.ok_or_else(missing)?;
        refusals.version(before.version, expected);
        if let Some(since) = before.archived_at {
            refusals.add(Refusal::GroupArchived { since }.at(At::input(Field::Id)));
        }
        let stores_before = rows::members_of(&work, &[id]).await?.remove(&id).unwrap_or_default();
        let group = StoreGroup {
            id,
            code: fields.code.map_or_else(|| before.code.clone(), |code| code.trim().to_owned()),
            name: fields.name.map_or_else(|| before.name.clone(), |name| name.trim().to_owned()),
            version: before.version + 1,
            created_at: before.created_at,
            updated_at: self.clock().now(),
            archived_at: None,
        };
        let stores = fields.stores.unwrap_or_else(|| stores_before.clone());
        let code_key = check_unique_code(&all_groups, &group, &mut refusals);
        let giver = self.current_permissions(&work, permit.caller()).await?;
        refusals.extend(self.check_store_change(&work, &giver, id, (&stores_before, &stores)).await?);
        refusals.end(Stage::State)?;
        rows::change_group(&work, &group, &code_key, &stores).await?;
        let (fields_before, fields_after) = (audit_fields::group(before, &stores_before), audit_fields::group(&group, &stores));
        audit::changed(&mut work, id, Some(&fields_before), Some(&fields_after), None);
        let seq = self.end(work, events::STORE_GROUP_UPDATED.of(id, group.version)).await?;
        Ok(ChangedValue { value: group, seq })
    }

    /// Archives a group that no right depends on, so no member loses a right.
    pub async fn store_group_archive(
        &self,
        permit: Permit<kind::StoreWrite>,
        expected_group: (GroupId, Option<i64>),
    ) -> Result<ChangedValue<StoreGroup>, AccessError> {
        self.set_group_archived(permit, expected_group, events::STORE_GROUP_ARCHIVED).await
    }
    /// Restores an archived group. No right depends on it, so no member gains one.
    pub async fn store_group_restore(
        &self,
        permit: Permit<kind::StoreWrite>,
        expected_group: (GroupId, Option<i64>),
    ) -> Result<ChangedValue<StoreGroup>, AccessError> {
        self.set_group_archived(permit, expected_group, events::STORE_GROUP_RESTORED).await
    }

    /// A repeated step changes nothing. Changes of grants lock the same row as this, so no grant is
    /// added meanwhile.
    async fn set_group_archived(
        &self,
        permit: Permit<kind::StoreWrite>,
        (id, expected): (GroupId, Option<i64>),
        event: EventType<RowChanged<of::GroupId>>,
    ) -> Result<ChangedValue<StoreGroup>, AccessError> {
        let mut work = self.begin(&permit).await?;
        let Some(before) = rows::groups_by_id(&work, &[id]).await?.pop() else {
            return Err(Refusal::NotFound(Noun::StoreGroup).at(At::input(Field::Id)).into());
        };
        if expected.is_some_and(|expected| expected != before.version) {
            return Err(Refusal::Stale { actual: before.version }.at(At::input(Field::ExpectedVersion)).into());
        }
        let is_archiving = event == events::STORE_GROUP_ARCHIVED;
        if before.archived_at.is_some() == is_archiving {
            work.rollback().await?;
            return Ok(ChangedValue { value: before, seq: None });
        }
        if is_archiving {
            check_unused(&work, id).await?;
        }
        let now = self.clock().now();
        let version = before.version + 1;
        let group = StoreGroup { archived_at: is_archiving.then_some(now), version, updated_at: now, ..before.clone() };
        rows::set_group_archived(&work, &group).await?;
        let stores = rows::members_of(&work, &[id]).await?.remove(&id).unwrap_or_default();
        let (fields_before, fields_after) = (audit_fields::group(&before, &stores), audit_fields::group(&group, &stores));
        audit::changed(&mut work, id, Some(&fields_before), Some(&fields_after), None);
        let seq = self.end(work, event.of(id, group.version)).await?;
        Ok(ChangedValue { value: group, seq })
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
        let difference = |candidates: &[StoreId], excluded: &[StoreId]| {
            candidates.iter().filter(|store| !excluded.contains(store)).copied().collect::<Vec<_>>()
        };
        let (added, removed) = (difference(after, before), difference(before, after));
        let changed_reach = Reach::stores(added.iter().chain(&removed).copied());
        if changed_reach == Reach::stores([]) {
            return Ok(Vec::new());
        }
        let roles = self.grantable_roles(work).await?;
        let mut granted = Bits::default();
        for role in rows::roles_granted_by_group(work, group).await? {
            granted.join(roles.get(&role).copied().unwrap_or_default());
        }
        let is_by_group = |scope: &Scope| scope.groups().contains(&group);
        let integrations = rows::integrations(work).await?;
        let ids: Vec<IntegrationId> = integrations.iter().map(|integration| integration.id).collect();
        let keys = rows::keys_of(work, &ids).await?;
        for integration in &integrations {
            if is_by_group(&integration.scope) {
                granted.join(integration.permissions);
            }
            // A key may be limited further than its integration, by a group of its own.
            for key in keys.iter().filter(|key| key.integration == integration.id && key.revoked_at.is_none()) {
                if key.scope.as_ref().is_some_and(is_by_group) {
                    granted.join(key.permissions.unwrap_or(integration.permissions).and(integration.permissions));
                }
            }
        }
        let granted: Vec<usize> = granted.indices().filter(|index| REGISTRY[*index].class == Class::Store).collect();
        let (mut rejections, at) = (Vec::new(), At::input(Field::StoreIds));
        if !added.is_empty() && !granted.is_empty() && outlives(giver, None) {
            rejections.push(Invalid::Outlives(GrantingChange::Group).at(at));
        }
        if let Some(index) = granted.into_iter().find(|index| !giver.reach(*index).contains(&changed_reach)) {
            rejections.push(Invalid::NotHeld { permission: REGISTRY[index].code }.at(at));
        }
        Ok(rejections)
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
        let mut live_keys = keys.iter().filter(|key| key.integration == integration && key.revoked_at.is_none());
        live_keys.any(|key| key.scope.as_ref().is_some_and(is_by_group))
    };
    let integration_count =
        integrations.iter().filter(|candidate| is_by_group(&candidate.scope) || has_key(candidate.id)).count();
    if members == 0 && integration_count == 0 {
        return Ok(());
    }
    Err(Refusal::GroupInUse { members, integrations: integration_count }.at(At::input(Field::Id)).into())
}

/// The key that the group's code is unique by. Refuses a code that another group has.
fn check_unique_code(all_groups: &[StoreGroup], group: &StoreGroup, refusals: &mut Refusals) -> String {
    let key = group_key(&group.code);
    if all_groups.iter().any(|other| other.id != group.id && group_key(&other.code) == key) {
        refusals.add(Refusal::GroupCodeTaken.at(At::input(Field::Code)));
    }
    key
}

fn check_number(stores: &[StoreId], refusals: &mut Refusals) {
    if stores.len() > MAX_STORES {
        refusals.add(Refusal::TooMany { what: LimitedObject::Stores, most: MAX_STORES }.at(At::input(Field::StoreIds)));
    }
}

/// Refuses each store that does not exist.
async fn check_stores(work: &Work, stores: &[StoreId], refusals: &mut Refusals) -> Result<(), Fault> {
    let existing: std::collections::HashSet<StoreId> = rows::existing_stores(work, stores).await?.into_iter().collect();
    for (index, _) in stores.iter().enumerate().filter(|(_, store)| !existing.contains(*store)) {
        refusals.add(Refusal::NotFound(Noun::Store).at(At::input(Field::StoreIds).nth(index)));
    }
    Ok(())
}
