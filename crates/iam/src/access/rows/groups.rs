//! Groups of stores.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{store_group, store_in_group},
};
use platform::storage::{Fault, Finds, Reads, Row, Work};

use crate::access::core::{Groups, StoreGroup};

#[derive(Record)]
#[record(of = store_group, alias = "g")]
struct GroupRow {
    id: GroupId,
    code: String,
    name: String,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    archived_at: Option<Timestamp>,
}

#[derive(Record)]
#[record(of = store_group)]
struct ChangedGroup {
    id: GroupId,
    code: String,
    code_key: String,
    name: String,
    version: i64,
    updated_at: Timestamp,
}

/// A group that is archived, or taken back into use.
#[derive(Record)]
#[record(of = store_group)]
struct ArchivedGroup {
    id: GroupId,
    version: i64,
    updated_at: Timestamp,
    archived_at: Option<Timestamp>,
}

impl From<GroupRow> for StoreGroup {
    fn from(row: GroupRow) -> Self {
        let GroupRow { id, code, name, version, created_at, updated_at, archived_at } = row;
        Self { id, code, name, version, created_at, updated_at, archived_at }
    }
}

/// All store groups, by code.
pub async fn groups(reads: &impl Reads) -> Result<Vec<StoreGroup>, Fault> {
    let sql = format!("SELECT {} FROM store_group g WHERE g.tenant_id = $1 ORDER BY g.code_key", GroupRow::SELECT);
    Ok(reads.records::<GroupRow>(&sql, vec![]).await?.into_iter().map(StoreGroup::from).collect())
}

pub async fn groups_by_id(reads: &impl Reads, ids: &[GroupId]) -> Result<Vec<StoreGroup>, Fault> {
    let backend = reads.backend();
    let (select, id_condition) = (GroupRow::SELECT, backend.in_ids("g.id", 2));
    let sql = format!("SELECT {select} FROM store_group g WHERE g.tenant_id = $1 AND {id_condition} ORDER BY g.code_key");
    let rows = reads.records::<GroupRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    Ok(rows.into_iter().map(StoreGroup::from).collect())
}

/// A store of a group; null for an empty group.
#[derive(Record)]
struct StoreRow {
    #[record(of = store_group, alias = "g", column = "id")]
    group: GroupId,
    #[record(of = store_in_group, alias = "s", column = "store_id", outer)]
    store: Option<StoreId>,
}

/// The stores of groups; a group that does not exist is left out.
pub async fn members_of(reads: &impl Reads, ids: &[GroupId]) -> Result<Groups, Fault> {
    if ids.is_empty() {
        return Ok(Groups::new());
    }
    let backend = reads.backend();
    let id_condition = backend.in_ids("g.id", 2);
    let sql = format!(
        "SELECT {} FROM store_group g LEFT JOIN store_in_group s ON s.tenant_id = g.tenant_id AND s.group_id = g.id
         WHERE g.tenant_id = $1 AND {id_condition} ORDER BY s.store_id",
        StoreRow::SELECT
    );
    let mut stores_by_group = Groups::new();
    for row in reads.records::<StoreRow>(&sql, vec![backend.ids(ids.iter().copied())]).await? {
        stores_by_group.entry(row.group).or_default().extend(row.store);
    }
    Ok(stores_by_group)
}

#[derive(Record)]
struct GroupOfStore {
    #[record(of = store_in_group, alias = "s", column = "store_id")]
    store: StoreId,
    group: GroupRow,
}

/// The groups that stores are in.
pub async fn groups_of_stores(reads: &impl Reads, stores: &[StoreId]) -> Result<HashMap<StoreId, Vec<StoreGroup>>, Fault> {
    let backend = reads.backend();
    let id_condition = backend.in_ids("s.store_id", 2);
    let sql = format!(
        "SELECT {} FROM store_in_group s JOIN store_group g ON g.tenant_id = s.tenant_id AND g.id = s.group_id
         WHERE s.tenant_id = $1 AND {id_condition} ORDER BY s.store_id, g.code_key",
        GroupOfStore::SELECT
    );
    let mut groups_by_store: HashMap<StoreId, Vec<StoreGroup>> = HashMap::new();
    for row in reads.records::<GroupOfStore>(&sql, vec![backend.ids(stores.iter().copied())]).await? {
        groups_by_store.entry(row.store).or_default().push(row.group.into());
    }
    Ok(groups_by_store)
}

/// Returns those of these stores that the tenant has.
pub async fn existing_stores(reads: &impl Reads, ids: &[StoreId]) -> Result<Vec<StoreId>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!("SELECT id FROM store WHERE tenant_id = $1 AND {}", backend.in_ids("id", 2));
    reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?.iter().map(Row::scalar).collect()
}

pub async fn add_group(work: &Work, group: &StoreGroup, code_key: &str, stores: &[StoreId]) -> Result<(), Fault> {
    let row = store_group::Model {
        tenant_id: work.tenant(),
        id: group.id,
        code: group.code.clone(),
        code_key: code_key.to_owned(),
        name: group.name.clone(),
        version: group.version,
        created_at: group.created_at,
        updated_at: group.updated_at,
        archived_at: None,
    };
    work.insert::<store_group::Entity>(row).await?;
    fill(work, group.id, stores).await
}

pub async fn change_group(work: &Work, group: &StoreGroup, code_key: &str, stores: &[StoreId]) -> Result<(), Fault> {
    let row = ChangedGroup {
        id: group.id,
        code: group.code.clone(),
        code_key: code_key.to_owned(),
        name: group.name.clone(),
        version: group.version,
        updated_at: group.updated_at,
    };
    work.update_row(row).await?;
    work.execute("DELETE FROM store_in_group WHERE tenant_id = $1 AND group_id = $2", vec![group.id.into()]).await?;
    fill(work, group.id, stores).await
}

/// Archives a group, or takes it back into use.
pub async fn set_group_archived(work: &Work, group: &StoreGroup) -> Result<(), Fault> {
    let row =
        ArchivedGroup { id: group.id, version: group.version, updated_at: group.updated_at, archived_at: group.archived_at };
    work.update_row(row).await.map(drop)
}

/// Since when these groups are archived; those in use are left out.
pub async fn archived_groups(reads: &impl Reads, ids: &[GroupId]) -> Result<HashMap<GroupId, Timestamp>, Fault> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = groups_by_id(reads, ids).await?;
    Ok(found.into_iter().filter_map(|group| Some((group.id, group.archived_at?))).collect())
}

/// Members with a grant by way of a group, whether or not it has ended.
pub async fn members_granted_by_group(reads: &impl Reads, group: GroupId) -> Result<i64, Fault> {
    let sql = "SELECT count(DISTINCT member_id) FROM role_grant WHERE tenant_id = $1 AND scope LIKE $2";
    let rows = reads.rows(sql, vec![format!("{{\"groups\":%\"{group}\"%").into()]).await?;
    rows.first().map_or(Ok(0), Row::scalar)
}

async fn fill(work: &Work, group: GroupId, stores: &[StoreId]) -> Result<(), Fault> {
    if stores.is_empty() {
        return Ok(());
    }
    let backend = work.backend();
    let id_condition = backend.in_ids("s.id", 3);
    let sql = format!(
        "INSERT INTO store_in_group (tenant_id, group_id, store_id) SELECT s.tenant_id, $2, s.id FROM store s WHERE s.tenant_id = $1 AND {id_condition}"
    );
    work.execute(&sql, vec![group.into(), backend.ids(stores.iter().copied())]).await?;
    Ok(())
}

/// The roles that members have by way of a group.
pub async fn roles_granted_by_group(reads: &impl Reads, group: GroupId) -> Result<Vec<RoleId>, Fault> {
    // Ids have no character that LIKE would take for another.
    let sql = "SELECT DISTINCT role_id FROM role_grant WHERE tenant_id = $1 AND scope LIKE $2";
    let rows = reads.rows(sql, vec![format!("{{\"groups\":%\"{group}\"%").into()]).await?;
    rows.iter().map(Row::scalar).collect()
}
