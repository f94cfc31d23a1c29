//! Members as other members see them, and their status.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{app_user, invitation, member},
};
use platform::{
    paging::{Key, PageRequest, keyset},
    storage::{Backend, Fault, GlobalReads, GlobalWork, Nested, Row},
};
use sea_orm::Value;

use super::{Membership, lock_password, select_memberships};
use crate::identity::core::email_key;

/// A member as others see it.
#[derive(Debug, Clone)]
pub struct MemberView {
    pub membership: Membership,
    /// The invitation's address until the member has joined.
    pub email: String,
    pub email_key: String,
    pub display_name: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub last_seen_at: Option<Timestamp>,
    pub mfa_enabled: bool,
    /// Time at which they left or were removed.
    pub left_at: Option<Timestamp>,
    pub invitation: Option<PendingInvitation>,
}

/// An invitation that waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingInvitation {
    pub by: MemberId,
    pub at: Timestamp,
    pub expires_at: Timestamp,
}

/// A member with their account, and the invitation that waits for them.
#[derive(Record)]
struct ViewRow {
    #[record(alias = "m")]
    membership: Membership,
    #[record(of = member, alias = "m")]
    created_at: Timestamp,
    #[record(of = member, alias = "m")]
    updated_at: Timestamp,
    #[record(of = member, alias = "m")]
    last_seen_at: Option<Timestamp>,
    #[record(sql = "EXISTS (SELECT 1 FROM totp t WHERE t.user_id = m.user_id AND t.seed IS NOT NULL)")]
    mfa_enabled: bool,
    #[record(of = member, alias = "m")]
    removed_at: Option<Timestamp>,
    #[record(of = app_user, alias = "u")]
    email: String,
    #[record(of = app_user, alias = "u")]
    email_key: String,
    #[record(of = app_user, alias = "u")]
    display_name: String,
    #[record(of = invitation, alias = "i", column = "email", outer)]
    invited: Option<String>,
    #[record(of = invitation, alias = "i", outer)]
    invited_by: Option<MemberId>,
    #[record(of = invitation, alias = "i", outer)]
    sent_at: Option<Timestamp>,
    #[record(of = invitation, alias = "i", outer)]
    expires_at: Option<Timestamp>,
}

impl From<ViewRow> for MemberView {
    fn from(row: ViewRow) -> Self {
        let invitation_times = row.invited_by.zip(row.sent_at.zip(row.expires_at));
        let left_at = row.removed_at.filter(|_| row.membership.status != MemberStatus::Invited);
        let view = Self {
            membership: row.membership,
            email: row.email,
            email_key: row.email_key,
            display_name: row.display_name,
            created_at: row.created_at,
            updated_at: row.updated_at,
            last_seen_at: row.last_seen_at,
            mfa_enabled: row.mfa_enabled,
            left_at,
            invitation: invitation_times.map(|(by, (at, expires_at))| PendingInvitation { by, at, expires_at }),
        };
        view.mask_invited_account(row.invited)
    }
}

const FROM_CLAUSE: &str = "FROM member m JOIN app_user u ON u.id = m.user_id
    LEFT JOIN invitation i ON i.tenant_id = m.tenant_id AND i.member_id = m.id";

/// Members: conditions, order and limit are SQL over `m`, `u` and `i`, values from `$1`.
async fn views(db: &impl GlobalReads, conditions: &str, values: Vec<Value>) -> Result<Vec<MemberView>, Fault> {
    let sql = format!("SELECT {} {FROM_CLAUSE} WHERE {conditions}", ViewRow::SELECT);
    Ok(db.records::<ViewRow>(&sql, values).await?.into_iter().map(MemberView::from).collect())
}

impl MemberView {
    /// Hides the account behind an invitation: an inviter must not learn anything of it, not even
    /// whether it exists.
    fn mask_invited_account(mut self, invited: Option<String>) -> Self {
        if self.membership.status == MemberStatus::Invited {
            self.email = invited.unwrap_or_else(|| self.email_key.clone());
            self.display_name.clone_from(&self.email);
            (self.last_seen_at, self.mfa_enabled) = (None, false);
        }
        self
    }
}

pub async fn member_with_user(db: &impl GlobalReads, tenant: TenantId, member: MemberId) -> Result<Option<MemberView>, Fault> {
    Ok(views(db, "m.tenant_id = $1 AND m.id = $2", vec![tenant.into(), member.into()]).await?.pop())
}

/// Members with one of these addresses, in the form of `email_key`, including former members. An
/// invited member is found by the address of the invitation only, as `MemberView` shows it.
pub async fn with_addresses(db: &impl GlobalReads, tenant: TenantId, keys: &[String]) -> Result<Vec<MemberView>, Fault> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let backend = db.backend();
    let condition = format!("m.tenant_id = $1 AND {}", backend.in_texts("u.email_key", 2));
    let member_views = views(db, &condition, vec![tenant.into(), backend.texts(keys.iter().map(String::as_str))]).await?;
    Ok(member_views.into_iter().filter(|view| keys.contains(&email_key(&view.email))).collect())
}

/// Filter of a tenant's members; a field that is None does not filter. For invited members it uses
/// no field that `MemberView` hides.
#[derive(Debug, Clone, Default)]
pub struct MemberFilter {
    /// Members with one of these statuses; an empty list matches nothing.
    pub statuses: Option<Vec<MemberStatus>>,
    /// Members with one of these IDs; an empty list matches nothing.
    pub ids: Option<Vec<MemberId>>,
    /// Part of the name or the address. The letters A to Z match in either case.
    pub search: Option<String>,
    pub mfa_enabled: Option<bool>,
    /// Created at or after the first time, and before the second.
    pub created: [Option<Timestamp>; 2],
    /// Last changed at or after the first time, and before the second.
    pub updated: [Option<Timestamp>; 2],
    /// Last seen at or after the first time, and before the second.
    pub last_seen: [Option<Timestamp>; 2],
    /// Whether the member was seen yet.
    pub is_seen: Option<bool>,
}

/// The condition on `m`, `u` and `i` for members that match a filter and have not left, and its
/// values, from `$1` on.
fn member_condition(filter: &Nested<MemberFilter>, backend: Backend, tenant: TenantId) -> (String, Vec<Value>) {
    let (filter_sql, filter_values) = filter.conditions(2, &|filter, first| filter.conditions(backend, first));
    let sql = format!("m.tenant_id = $1 AND (m.removed_at IS NULL OR m.status = 'INVITED'){filter_sql}");
    let mut values: Vec<Value> = vec![tenant.into()];
    values.extend(filter_values);
    (sql, values)
}

impl MemberFilter {
    /// The conditions on `m`, `u` and `i`, each beginning with ` AND `, and their values; parameters are numbered from `first`.
    fn conditions(&self, backend: Backend, first: usize) -> (String, Vec<Value>) {
        let (mut sql, mut values) = (String::new(), Vec::<Value>::new());
        let mut bind = |value: Value| {
            values.push(value);
            first + values.len() - 1
        };
        if let Some(statuses) = &self.statuses {
            let number = bind(backend.texts(statuses.iter().map(|status| status.as_str())));
            sql.push_str(&format!(" AND {}", backend.in_texts("m.status", number)));
        }
        if let Some(ids) = &self.ids {
            let number = bind(backend.ids(ids.iter().copied()));
            sql.push_str(&format!(" AND {}", backend.in_ids("m.id", number)));
        }
        if let Some(text) = &self.search {
            let number = bind(text.to_ascii_lowercase().into());
            let (function, collation) = match backend {
                Backend::Postgres => ("strpos", " COLLATE \"C\""),
                Backend::Sqlite => ("instr", ""),
            };
            let shown_value =
                |own: &str| format!("CASE WHEN m.status = 'INVITED' THEN coalesce(i.email, u.email_key) ELSE {own} END");
            let condition = |own: &str| format!("{function}(lower(({}){collation}), ${number}) > 0", shown_value(own));
            sql.push_str(&format!(" AND ({} OR {})", condition("u.email"), condition("u.display_name")));
        }
        if let Some(is_enabled) = self.mfa_enabled {
            let condition = format!("(m.status <> 'INVITED' AND {HAS_MFA})");
            sql.push_str(&format!(" AND {}{condition}", if is_enabled { "" } else { "NOT " }));
        }
        for (column, bounds) in [("m.created_at", self.created), ("m.updated_at", self.updated)] {
            for (bound, operator) in bounds.into_iter().zip([">=", "<"]) {
                if let Some(at) = bound {
                    let number = bind(at.into());
                    sql.push_str(&format!(" AND {column} {operator} ${number}"));
                }
            }
        }
        for (bound, operator) in self.last_seen.into_iter().zip([">=", "<"]) {
            if let Some(at) = bound {
                let number = bind(at.into());
                sql.push_str(&format!(" AND m.status <> 'INVITED' AND m.last_seen_at {operator} ${number}"));
            }
        }
        if let Some(is_seen) = self.is_seen {
            let seen_condition = "(m.status <> 'INVITED' AND m.last_seen_at IS NOT NULL)";
            sql.push_str(&format!(" AND {}{seen_condition}", if is_seen { "" } else { "NOT " }));
        }
        (sql, values)
    }
}

/// Whether a member has a second factor.
const HAS_MFA: &str = "EXISTS (SELECT 1 FROM totp t WHERE t.user_id = m.user_id AND t.seed IS NOT NULL)";

/// Sort key of a list of members; the ID breaks ties. For invited members it reveals no more than
/// `MemberView`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberSort {
    Email,
    /// The letters A to Z are sorted regardless of case.
    DisplayName,
    CreatedAt,
    /// Members that were never seen sort before all others.
    LastSeenAt,
}

/// A sort and its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MembersSorted {
    pub by: MemberSort,
    pub descending: bool,
}

impl MembersSorted {
    /// The default order.
    pub const BY_EMAIL: Self = Self { by: MemberSort::Email, descending: false };

    /// Names the sort in cursors: one of another sort does not open. Cursors by address are those of before there were sorts.
    pub fn kind(self) -> String {
        let by = match self.by {
            MemberSort::Email if !self.descending => return "members".to_owned(),
            MemberSort::Email => "EMAIL",
            MemberSort::DisplayName => "DISPLAY_NAME",
            MemberSort::CreatedAt => "CREATED_AT",
            MemberSort::LastSeenAt => "LAST_SEEN_AT",
        };
        format!("members:{by}:{}", if self.descending { "DESC" } else { "ASC" })
    }
    fn column(self, backend: Backend) -> &'static str {
        match (self.by, backend) {
            (MemberSort::Email, _) => "u.email_key",
            (MemberSort::DisplayName, Backend::Postgres) => {
                "lower((CASE WHEN m.status = 'INVITED' THEN coalesce(i.email, u.email_key) ELSE u.display_name END) COLLATE \"C\")"
            }
            (MemberSort::DisplayName, Backend::Sqlite) => {
                "lower(CASE WHEN m.status = 'INVITED' THEN coalesce(i.email, u.email_key) ELSE u.display_name END)"
            }
            (MemberSort::CreatedAt, _) => "m.created_at",
            (MemberSort::LastSeenAt, _) => {
                "(CASE WHEN m.status = 'INVITED' OR m.last_seen_at IS NULL THEN 0 ELSE m.last_seen_at END)"
            }
        }
    }
    /// Returns the position of a member in its list.
    pub fn keys(self, view: &MemberView) -> Vec<Key> {
        let first = match self.by {
            MemberSort::Email => Key::Text(view.email_key.clone()),
            MemberSort::DisplayName => Key::Text(view.display_name.to_ascii_lowercase()),
            MemberSort::CreatedAt => Key::Int(view.created_at.micros()),
            MemberSort::LastSeenAt => Key::Int(view.last_seen_at.map_or(0, Timestamp::micros)),
        };
        vec![first, view.membership.member.into()]
    }
}

/// A part of a tenant's list of members.
#[derive(Debug, Clone)]
pub struct MemberPage {
    pub filter: Nested<MemberFilter>,
    pub sorted: MembersSorted,
    pub request: PageRequest,
}

/// The rows of a page in its direction, one more than its limit if there are more.
pub async fn page(db: &impl GlobalReads, tenant: TenantId, page: &MemberPage) -> Result<Vec<MemberView>, Fault> {
    let (mut sql, mut values) = member_condition(&page.filter, db.backend(), tenant);
    let columns = [page.sorted.column(db.backend()), "m.id"];
    let (bounds, tail, keyset_values) = keyset(&columns, page.sorted.descending, &page.request, values.len() + 1);
    values.extend(keyset_values);
    sql.push_str(&format!("{bounds}{tail}"));
    views(db, &sql, values).await
}

/// Counts the members that match the filter, up to one more than `limit`.
pub async fn count(db: &impl GlobalReads, tenant: TenantId, filter: &Nested<MemberFilter>, limit: i64) -> Result<i64, Fault> {
    let (condition, mut values) = member_condition(filter, db.backend(), tenant);
    values.push(limit.saturating_add(1).into());
    let sql = format!("SELECT count(*) FROM (SELECT 1 {FROM_CLAUSE} WHERE {condition} LIMIT ${}) AS few", values.len());
    let rows = db.rows(&sql, values).await?;
    rows.first().map_or(Ok(0), Row::scalar)
}

/// A member, locked until the transaction ends, and whether they have left.
pub async fn lock(work: &GlobalWork, tenant: TenantId, member: MemberId) -> Result<Option<(Membership, bool)>, Fault> {
    let sql = format!("{} WHERE tenant_id = $1 AND id = $2{}", select_memberships(), work.backend().for_update("member"));
    let Some(membership) = work.records(&sql, vec![tenant.into(), member.into()]).await?.pop() else { return Ok(None) };
    let left_sql = "SELECT 1 FROM member WHERE tenant_id = $1 AND id = $2 AND removed_at IS NOT NULL";
    let has_left = !work.rows(left_sql, vec![tenant.into(), member.into()]).await?.is_empty();
    Ok(Some((membership, has_left)))
}

pub async fn set_status(
    work: &GlobalWork,
    tenant: TenantId,
    member: MemberId,
    status: MemberStatus,
    now: Timestamp,
) -> Result<(), Fault> {
    let sql = "UPDATE member SET status = $1, version = version + 1, updated_at = $2 WHERE tenant_id = $3 AND id = $4";
    work.change(sql, vec![status.as_str().into(), now.into(), tenant.into(), member.into()]).await?;
    Ok(())
}

/// Marks a member as having left: suspended, with the name kept for what they did.
pub async fn mark_left(work: &GlobalWork, tenant: TenantId, member: MemberId, now: Timestamp) -> Result<(), Fault> {
    let sql =
        "UPDATE member SET status = 'SUSPENDED', removed_at = COALESCE(removed_at, $1), version = version + 1, updated_at = $1
        WHERE tenant_id = $2 AND id = $3";
    work.change(sql, vec![now.into(), tenant.into(), member.into()]).await?;
    Ok(())
}

/// Marks an invited member as having joined.
pub async fn mark_joined(work: &GlobalWork, tenant: TenantId, member: MemberId, now: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE member SET status = 'ACTIVE', removed_at = NULL, version = version + 1, updated_at = $1
        WHERE tenant_id = $2 AND id = $3";
    work.change(sql, vec![now.into(), tenant.into(), member.into()]).await?;
    Ok(())
}

/// Deletes a member who never joined, and the row of their address if no other tenant uses it.
pub async fn delete_never_joined(work: &GlobalWork, membership: &Membership) -> Result<(), Fault> {
    // Other memberships are searched after the lock, so that a tenant that has invited the address
    // meanwhile is found.
    lock_password(work, membership.user).await?;
    let values = vec![membership.tenant.into(), membership.member.into()];
    work.change("DELETE FROM member WHERE tenant_id = $1 AND id = $2", values).await?;
    let delete_sql = "DELETE FROM app_user WHERE id = $1 AND password_hash = '' AND NOT EXISTS (SELECT 1 FROM member m WHERE m.user_id = app_user.id)";
    work.change(delete_sql, vec![membership.user.into()]).await?;
    Ok(())
}
