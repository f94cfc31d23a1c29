//! Members as others see them, and where they stand.

use entity::prelude::*;
use platform::storage::{Fault, GlobalReads, GlobalWork, Row};
use sea_orm::{QueryResult, Value};

use super::{MEMBERSHIP, Membership, read};

/// A member as others see it.
#[derive(Debug, Clone)]
pub struct MemberView {
    pub membership: Membership,
    /// As the invitation has it, until they have come in.
    pub email: String,
    pub email_key: String,
    pub display_name: String,
    pub updated_at: Timestamp,
    pub last_seen_at: Option<Timestamp>,
    pub mfa_enabled: bool,
    /// When they left or were removed.
    pub left_at: Option<Timestamp>,
    pub invitation: Option<Sent>,
}

/// An invitation that waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    pub by: MemberId,
    pub at: Timestamp,
    pub expires_at: Timestamp,
}

const VIEW: &str = "SELECT m.tenant_id, m.id, m.user_id, m.status, m.version, m.updated_at, m.last_seen_at,
    EXISTS (SELECT 1 FROM totp t WHERE t.user_id = m.user_id AND t.seed IS NOT NULL), m.removed_at,
    u.email, u.email_key, u.display_name, i.email, i.invited_by, i.sent_at, i.expires_at
    FROM member m JOIN app_user u ON u.id = m.user_id
    LEFT JOIN invitation i ON i.tenant_id = m.tenant_id AND i.member_id = m.id";

fn view(row: &QueryResult) -> Result<MemberView, Fault> {
    let row = &mut Row::new(row);
    let membership = read(row)?;
    let (updated_at, last_seen_at, mfa_enabled, left_at) = (row.time()?, row.time_opt()?, row.take()?, row.time_opt()?);
    let (email, email_key, display_name): (String, String, String) = (row.take()?, row.take()?, row.take()?);
    let invited: Option<String> = row.take()?;
    let (by, at, expires_at): (Option<MemberId>, _, _) = (row.take()?, row.time_opt()?, row.time_opt()?);
    let invitation = by.zip(at.zip(expires_at)).map(|(by, (at, expires_at))| Sent { by, at, expires_at });
    let left_at = left_at.filter(|_| membership.status != MemberStatus::Invited);
    let seen =
        MemberView { membership, email, email_key, display_name, updated_at, last_seen_at, mfa_enabled, left_at, invitation };
    Ok(seen.hiding_who_was_invited(invited))
}

impl MemberView {
    /// Whoever invites an address learns nothing of its account, not even whether there is one.
    fn hiding_who_was_invited(mut self, invited: Option<String>) -> Self {
        if self.membership.status == MemberStatus::Invited {
            self.email = invited.unwrap_or_else(|| self.email_key.clone());
            self.display_name.clone_from(&self.email);
            (self.last_seen_at, self.mfa_enabled) = (None, false);
        }
        self
    }
}

pub async fn member_with_user(db: &impl GlobalReads, tenant: TenantId, member: MemberId) -> Result<Option<MemberView>, Fault> {
    let rows = db.rows(&format!("{VIEW} WHERE m.tenant_id = $1 AND m.id = $2"), vec![tenant.into(), member.into()]).await?;
    rows.first().map(view).transpose()
}

/// A part of a tenant's list of members, which runs by address.
#[derive(Debug, Clone, Default)]
pub struct MemberPage {
    /// Those in these standings only; without any, all but those who have left.
    pub statuses: Vec<MemberStatus>,
    pub after: Option<(String, MemberId)>,
    pub before: Option<(String, MemberId)>,
    pub backward: bool,
    pub limit: u32,
}

/// The rows of a page in its direction, one more than its limit if there are more.
pub async fn page(db: &impl GlobalReads, tenant: TenantId, page: &MemberPage) -> Result<Vec<MemberView>, Fault> {
    let mut sql = format!("{VIEW} WHERE m.tenant_id = $1 AND (m.removed_at IS NULL OR m.status = 'INVITED')");
    let mut values: Vec<Value> = vec![tenant.into()];
    if !page.statuses.is_empty() {
        values.push(db.backend().texts(page.statuses.iter().map(|status| status.as_str())));
        sql.push_str(&format!(" AND {}", db.backend().in_texts("m.status", values.len())));
    }
    for (place, sign) in [(&page.after, ">"), (&page.before, "<")] {
        let Some((email, id)) = place else { continue };
        values.extend([email.clone().into(), (*id).into()]);
        sql.push_str(&format!(" AND (u.email_key, m.id) {sign} (${}, ${})", values.len() - 1, values.len()));
    }
    let way = if page.backward { "DESC" } else { "ASC" };
    sql.push_str(&format!(" ORDER BY u.email_key {way}, m.id {way} LIMIT {}", page.limit + 1));
    db.rows(&sql, values).await?.iter().map(view).collect()
}

/// A member, locked until the transaction ends, and whether they have left.
pub async fn lock(work: &GlobalWork, tenant: TenantId, member: MemberId) -> Result<Option<(Membership, bool)>, Fault> {
    let sql = format!("{MEMBERSHIP} WHERE tenant_id = $1 AND id = $2{}", work.backend().for_update("member"));
    let found = work.rows(&sql, vec![tenant.into(), member.into()]).await?;
    let Some(found) = found.first().map(|row| read(&mut Row::new(row))).transpose()? else { return Ok(None) };
    let left = "SELECT 1 FROM member WHERE tenant_id = $1 AND id = $2 AND removed_at IS NOT NULL";
    let has_left = !work.rows(left, vec![tenant.into(), member.into()]).await?.is_empty();
    Ok(Some((found, has_left)))
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

/// Somebody has left: they are suspended, and what they did keeps their name.
pub async fn set_left(work: &GlobalWork, tenant: TenantId, member: MemberId, now: Timestamp) -> Result<(), Fault> {
    let sql =
        "UPDATE member SET status = 'SUSPENDED', removed_at = COALESCE(removed_at, $1), version = version + 1, updated_at = $1
        WHERE tenant_id = $2 AND id = $3";
    work.change(sql, vec![now.into(), tenant.into(), member.into()]).await?;
    Ok(())
}

/// Somebody who was invited has come in.
pub async fn set_joined(work: &GlobalWork, tenant: TenantId, member: MemberId, now: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE member SET status = 'ACTIVE', removed_at = NULL, version = version + 1, updated_at = $1
        WHERE tenant_id = $2 AND id = $3";
    work.change(sql, vec![now.into(), tenant.into(), member.into()]).await?;
    Ok(())
}

/// Forgets a member who never came in, and their address if nobody else has it.
pub async fn forget(work: &GlobalWork, found: &Membership) -> Result<(), Fault> {
    let values = || vec![found.tenant.into(), found.member.into()];
    work.change("DELETE FROM member WHERE tenant_id = $1 AND id = $2", values()).await?;
    let alone = "DELETE FROM app_user WHERE id = $1 AND password_hash = '' AND NOT EXISTS (SELECT 1 FROM member m WHERE m.user_id = app_user.id)";
    work.change(alone, vec![found.user.into()]).await?;
    Ok(())
}
