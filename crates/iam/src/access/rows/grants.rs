//! Members' grants, and the version of a tenant's policies, which increases with every change of
//! rights.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{member, role_grant},
};
use platform::storage::{Fault, Finds, Reads, Row, Work};

use super::json::{scope, to_json};
use crate::access::{core::Grant, policy::OWNER};

/// Bumps the version of the tenant's rights. It is the first statement of each change: the row
/// stays locked until the transaction ends, so changes of a tenant's rights are serialized, and
/// none decides on rows that another is about to alter.
pub async fn bump_rights_version(work: &Work) -> Result<(), Fault> {
    let sql = "INSERT INTO policy (tenant_id, version) VALUES ($1, 1) ON CONFLICT (tenant_id) DO UPDATE SET version = policy.version + 1";
    work.execute(sql, vec![]).await?;
    Ok(())
}

#[derive(Record)]
struct StatusRow {
    #[record(of = member, alias = "m")]
    status: MemberStatus,
    #[record(sql = "(SELECT p.version FROM policy p WHERE p.tenant_id = $1)")]
    version: Option<i64>,
    #[record(sql = "(SELECT t.suspended_at FROM tenant t WHERE t.id = $1)")]
    suspended_at: Option<Timestamp>,
}

/// Whether the member may sign in now (never in a suspended tenant), and the version of the
/// policies.
pub async fn is_active(reads: &impl Reads, member: MemberId) -> Result<(bool, i64), Fault> {
    let sql = format!("SELECT {} FROM member m WHERE m.tenant_id = $1 AND m.id = $2", StatusRow::SELECT);
    let Some(row) = reads.records::<StatusRow>(&sql, vec![member.into()]).await?.pop() else { return Ok((false, 0)) };
    let is_active = row.status == MemberStatus::Active && row.suspended_at.is_none();
    Ok((is_active, row.version.unwrap_or_default()))
}

/// A member's version, if there is such a member who has not left.
pub async fn find_member(reads: &impl Reads, member: MemberId) -> Result<Option<i64>, Fault> {
    let rows = reads
        .rows(
            "SELECT version FROM member WHERE tenant_id = $1 AND id = $2 AND (removed_at IS NULL OR status = 'INVITED')",
            vec![member.into()],
        )
        .await?;
    rows.first().map(Row::scalar).transpose()
}

pub async fn touch_member(work: &Work, member: MemberId, now: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE member SET version = version + 1, updated_at = $3 WHERE tenant_id = $1 AND id = $2";
    work.execute(sql, vec![member.into(), now.micros().into()]).await?;
    Ok(())
}

pub async fn grants_of(reads: &impl Reads, member: MemberId) -> Result<Vec<Grant>, Fault> {
    Ok(grants_of_all(reads, &[member]).await?.remove(&member).unwrap_or_default())
}

#[derive(Record)]
#[record(of = role_grant, alias = "role_grant")]
struct GrantRow {
    member_id: MemberId,
    role_id: RoleId,
    scope: String,
    expires_at: Option<Timestamp>,
}

/// The grants of several members, each in its order.
pub async fn grants_of_all(reads: &impl Reads, members: &[MemberId]) -> Result<HashMap<MemberId, Vec<Grant>>, Fault> {
    let backend = reads.backend();
    let id_condition = backend.in_ids("member_id", 2);
    let sql = format!(
        "SELECT {} FROM role_grant WHERE tenant_id = $1 AND {id_condition} ORDER BY member_id, position",
        GrantRow::SELECT
    );
    let mut grants_by_member: HashMap<MemberId, Vec<Grant>> = HashMap::new();
    for row in reads.records::<GrantRow>(&sql, vec![backend.ids(members.iter().copied())]).await? {
        let grant = Grant { role: row.role_id, scope: scope("role_grant", &row.scope)?, expires_at: row.expires_at };
        grants_by_member.entry(row.member_id).or_default().push(grant);
    }
    Ok(grants_by_member)
}

/// Replaces all grants of a member by these.
pub async fn replace_grants(work: &Work, member: MemberId, grants: &[Grant]) -> Result<(), Fault> {
    work.execute("DELETE FROM role_grant WHERE tenant_id = $1 AND member_id = $2", vec![member.into()]).await?;
    for (grant, position) in grants.iter().zip(1i32..) {
        let row = role_grant::Model {
            tenant_id: work.tenant(),
            member_id: member,
            position,
            role_id: grant.role,
            scope: to_json(&grant.scope)?,
            expires_at: grant.expires_at,
        };
        work.insert::<role_grant::Entity>(row).await?;
    }
    Ok(())
}

/// Counts the members that have a role.
pub async fn count_role_holders(reads: &impl Reads, role: RoleId) -> Result<i64, Fault> {
    let sql = "SELECT count(DISTINCT member_id) FROM role_grant WHERE tenant_id = $1 AND role_id = $2";
    let rows = reads.rows(sql, vec![role.into()]).await?;
    rows.first().map_or(Ok(0), Row::scalar)
}

/// Whether an active member is an owner, for all stores and without an end.
pub async fn has_lasting_owner(reads: &impl Reads) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM role_grant g JOIN member m ON m.tenant_id = g.tenant_id AND m.id = g.member_id
         WHERE g.tenant_id = $1 AND g.role_id = $2 AND g.scope = '\"all\"' AND g.expires_at IS NULL AND m.status = 'ACTIVE' LIMIT 1";
    Ok(!reads.rows(sql, vec![OWNER.id.into()]).await?.is_empty())
}

/// The active members who own the tenant now, for all stores.
pub async fn owners(reads: &impl Reads, now: Timestamp) -> Result<Vec<MemberId>, Fault> {
    let sql = "SELECT DISTINCT m.id FROM role_grant g JOIN member m ON m.tenant_id = g.tenant_id AND m.id = g.member_id
         WHERE g.tenant_id = $1 AND g.role_id = $2 AND g.scope = '\"all\"' AND m.status = 'ACTIVE'
         AND (g.expires_at IS NULL OR g.expires_at > $3) ORDER BY m.id";
    reads.rows(sql, vec![OWNER.id.into(), now.into()]).await?.iter().map(Row::scalar).collect()
}
