//! Sessions: a global table.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{session, tenant},
};
use platform::storage::{Fault, GlobalReads, GlobalWork, LockOrder, Row};
use sea_orm::Value;

use super::{delete_unlocked, factors};
use crate::identity::core::Risk;

const LOCK_ORDER: LockOrder = LockOrder::for_update("session", "id");

/// A session: a login of a user in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    pub id: SessionId,
    pub user: UserId,
    pub tenant: TenantId,
    pub member: MemberId,
    pub name: Option<String>,
    pub user_agent: Option<String>,
    pub address: Option<String>,
    pub created_at: Timestamp,
    pub used_at: Timestamp,
    /// Time of the last password or code of its user.
    pub auth_at: Timestamp,
    /// Time of their last second factor.
    pub mfa_at: Option<Timestamp>,
    /// Latest end of the session.
    pub ends_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Risk of the login.
    pub risk: Risk,
    /// The session of the login that this one was switched to from; it ends with that one.
    pub begun_from: Option<SessionId>,
}

/// Reason of a session's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    Logout,
    Revoked,
    /// A used refresh token was presented again.
    Reuse,
    /// The password was changed or reset.
    Password,
    /// The member has lost access.
    Member,
    /// A second factor was reset.
    Factor,
}

impl EndReason {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "LOGOUT",
            Self::Revoked => "REVOKED",
            Self::Reuse => "REUSE",
            Self::Password => "PASSWORD",
            Self::Member => "MEMBER",
            Self::Factor => "FACTOR",
        }
    }
}

#[derive(Record)]
#[record(of = session, alias = "s")]
struct SessionRecord {
    id: SessionId,
    user_id: UserId,
    tenant_id: TenantId,
    member_id: MemberId,
    name: Option<String>,
    user_agent: Option<String>,
    address: Option<String>,
    created_at: Timestamp,
    used_at: Timestamp,
    auth_at: Timestamp,
    mfa_at: Option<Timestamp>,
    ends_at: Timestamp,
    ended_at: Option<Timestamp>,
    risk: i32,
    risk_signs: String,
    begun_from: Option<SessionId>,
}

impl From<SessionRecord> for SessionRow {
    fn from(row: SessionRecord) -> Self {
        Self {
            id: row.id,
            user: row.user_id,
            tenant: row.tenant_id,
            member: row.member_id,
            name: row.name,
            user_agent: row.user_agent,
            address: row.address,
            created_at: row.created_at,
            used_at: row.used_at,
            auth_at: row.auth_at,
            mfa_at: row.mfa_at,
            ends_at: row.ends_at,
            ended_at: row.ended_at,
            risk: Risk::read(row.risk, &row.risk_signs),
            begun_from: row.begun_from,
        }
    }
}

/// Sessions: conditions, order and lock are SQL over `s`, values from `$1`.
async fn sessions(db: &impl GlobalReads, conditions: &str, values: Vec<Value>) -> Result<Vec<SessionRow>, Fault> {
    let sql = format!("SELECT {} FROM session s WHERE {conditions}", SessionRecord::SELECT);
    Ok(db.records::<SessionRecord>(&sql, values).await?.into_iter().map(SessionRow::from).collect())
}

pub async fn insert(work: &GlobalWork, session: &SessionRow) -> Result<(), Fault> {
    let sql = "INSERT INTO session (id, user_id, tenant_id, member_id, name, user_agent, address, created_at, used_at, auth_at, mfa_at, ends_at,
        risk, risk_signs, begun_from) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let s = session.clone();
    let values = vec![
        s.id.into(),
        s.user.into(),
        s.tenant.into(),
        s.member.into(),
        s.name.into(),
        s.user_agent.into(),
        s.address.into(),
        s.created_at.into(),
        s.used_at.into(),
        s.auth_at.into(),
        s.mfa_at.map(Timestamp::micros).into(),
        s.ends_at.into(),
        s.risk.score.into(),
        s.risk.words().into(),
        s.begun_from.map(SessionId::uuid).into(),
    ];
    work.change(sql, values).await?;
    Ok(())
}

/// The session of a refresh token, locked until the transaction ends: other calls with a token of its family wait.
pub async fn lock_by_token(work: &GlobalWork, hash: &[u8]) -> Result<Option<SessionRow>, Fault> {
    let lock = work.backend().for_update("s");
    let conditions = format!("s.id = (SELECT t.session_id FROM refresh_token t WHERE t.hash = $1){lock}");
    Ok(sessions(work, &conditions, vec![hash.to_vec().into()]).await?.pop())
}

pub async fn lock(work: &GlobalWork, id: SessionId) -> Result<Option<SessionRow>, Fault> {
    let conditions = format!("s.id = $1{}", work.backend().for_update("s"));
    Ok(sessions(work, &conditions, vec![id.into()]).await?.pop())
}

/// Whether a session is active. If so, it is locked against ending until the transaction ends.
pub async fn lock_if_active(work: &GlobalWork, id: SessionId, now: Timestamp) -> Result<bool, Fault> {
    let lock = work.backend().for_reference("s");
    let sql = format!("SELECT 1 FROM session s WHERE s.id = $1 AND s.ended_at IS NULL AND s.ends_at > $2{lock}");
    Ok(!work.rows(&sql, vec![id.into(), now.into()]).await?.is_empty())
}

/// Sessions of a user that are shown.
pub const MAX_LISTED_SESSIONS: usize = 250;

/// The user's sessions that go on, the one last used first: of many one more than are shown.
pub async fn of_user(db: &impl GlobalReads, user: UserId, now: Timestamp) -> Result<Vec<SessionRow>, Fault> {
    let conditions = "s.user_id = $1 AND s.ended_at IS NULL AND s.ends_at > $2 AND EXISTS
        (SELECT 1 FROM refresh_token t WHERE t.session_id = s.id AND t.expires_at > $2) ORDER BY s.used_at DESC, s.id DESC";
    sessions(db, &format!("{conditions} LIMIT {}", MAX_LISTED_SESSIONS + 1), vec![user.into(), now.into()]).await
}

pub async fn by_id(db: &impl GlobalReads, id: SessionId) -> Result<Option<SessionRow>, Fault> {
    Ok(sessions(db, "s.id = $1", vec![id.into()]).await?.pop())
}

/// Selection of the sessions to end.
#[derive(Debug, Clone, Copy)]
pub enum SessionSelection {
    /// A session, and those begun from it by switching the tenant.
    One(SessionId),
    OfUser(UserId),
    /// All sessions of a user except one.
    OthersOfUser(UserId, SessionId),
    OfMember(TenantId, MemberId),
}

/// A condition on sessions, and its values from `$1` on.
type Filter = (&'static str, Vec<Value>);

/// Filters of an end of sessions.
struct Filters {
    /// Sessions that are locked first.
    locked: Filter,
    /// Locked sessions that end.
    ends: Filter,
}

impl SessionSelection {
    fn filters(self) -> Filters {
        let ends: Filter = match self {
            Self::One(id) => ("(id = $1 OR begun_from = $1)", vec![id.into()]),
            Self::OfUser(user) => ("user_id = $1", vec![user.into()]),
            Self::OthersOfUser(user, kept_session) => ("user_id = $1 AND id <> $2", vec![user.into(), kept_session.into()]),
            Self::OfMember(tenant, member) => ("tenant_id = $1 AND member_id = $2", vec![tenant.into(), member.into()]),
        };
        let locked = match self {
            // The remaining session is locked too, since a caller that ends the others may change it afterwards.
            Self::OthersOfUser(user, _) => Self::OfUser(user).filters().ends,
            Self::One(_) | Self::OfUser(_) | Self::OfMember(..) => ends.clone(),
        };
        Filters { locked, ends }
    }
}

/// Ends sessions that go on, and the logins of the same people that wait for a second factor; the ids of the sessions it ended.
pub async fn end(
    work: &GlobalWork,
    selection: SessionSelection,
    end_reason: EndReason,
    now: Timestamp,
) -> Result<Vec<SessionId>, Fault> {
    let Filters { locked: (locked, values), ends: (filter, ids) } = selection.filters();
    // Challenges first: if one is completed concurrently, its session has begun before the next statement looks for sessions. Both tables have the
    // columns of the condition.
    if !matches!(selection, SessionSelection::One(_)) {
        factors::end_challenges(work, locked, values.clone(), now).await?;
    }
    // The lock also catches sessions that are being begun by switching the tenant: a switch locks
    // the session of the login.
    work.lock_in_order(LOCK_ORDER, &format!("{locked} AND ended_at IS NULL"), values).await?;
    let (at, reason) = (ids.len() + 1, ids.len() + 2);
    let sql =
        format!("UPDATE session SET ended_at = ${at}, end_reason = ${reason} WHERE {filter} AND ended_at IS NULL RETURNING id");
    let values = [ids, vec![now.into(), end_reason.as_str().into()]].concat();
    work.rows(&sql, values).await?.iter().map(Row::scalar).collect()
}

/// Locks all sessions with a tenant, ended or not, before they are deleted.
pub async fn lock_all_of(work: &GlobalWork, tenant: TenantId) -> Result<(), Fault> {
    work.lock_in_order(LOCK_ORDER, "tenant_id = $1", vec![tenant.into()]).await
}

/// Ends the next active sessions of all users after an ID. Returns the number of sessions, and the
/// ID of the last; None if none follows.
pub async fn end_next_after(work: &GlobalWork, id: SessionId, now: Timestamp) -> Result<Option<(usize, SessionId)>, Fault> {
    /// Maximum sessions of one call.
    const MAX_SESSIONS_PER_CALL: i64 = 1_000;
    let backend = work.backend();
    // In the order of the IDs, as `LOCK_ORDER` has them.
    let lock = backend.for_update("s");
    let sql = format!("SELECT id FROM session s WHERE id > $1 AND ended_at IS NULL ORDER BY id LIMIT $2{lock}");
    let rows = work.rows(&sql, vec![id.into(), MAX_SESSIONS_PER_CALL.into()]).await?;
    let ids: Vec<SessionId> = rows.iter().map(Row::scalar).collect::<Result<_, _>>()?;
    let Some(last) = ids.last().copied() else { return Ok(None) };
    let sql = format!("UPDATE session SET ended_at = $1, end_reason = $2 WHERE {}", backend.in_ids("id", 3));
    let values = vec![now.into(), EndReason::Revoked.as_str().into(), backend.ids(ids)];
    Ok(Some((work.change(&sql, values).await?, last)))
}

/// Ends all sessions with a tenant; how many.
pub async fn end_all_of(work: &GlobalWork, tenant: TenantId, now: Timestamp) -> Result<usize, Fault> {
    work.lock_in_order(LOCK_ORDER, "tenant_id = $1 AND ended_at IS NULL", vec![tenant.into()]).await?;
    let sql = "UPDATE session SET ended_at = $1, end_reason = $2 WHERE tenant_id = $3 AND ended_at IS NULL";
    work.change(sql, vec![now.into(), EndReason::Revoked.as_str().into(), tenant.into()]).await
}

/// Counts the sessions of a tenant that have not ended.
pub async fn count_active(db: &impl GlobalReads, tenant: TenantId) -> Result<i64, Fault> {
    let rows = db.rows("SELECT count(*) FROM session WHERE tenant_id = $1 AND ended_at IS NULL", vec![tenant.into()]).await?;
    rows.first().map_or(Ok(0), Row::scalar)
}

/// Records that a session's user has authenticated again.
pub async fn record_authentication(work: &GlobalWork, session: &SessionRow) -> Result<(), Fault> {
    let sql = "UPDATE session SET auth_at = $1, mfa_at = $2, used_at = $1 WHERE id = $3";
    work.change(sql, vec![session.auth_at.into(), session.mfa_at.map(Timestamp::micros).into(), session.id.into()]).await?;
    Ok(())
}

/// Records that the session's user has shown a second factor. A caller that ends the user's other sessions does so before.
pub async fn record_second_factor(work: &GlobalWork, id: SessionId, now: Timestamp) -> Result<(), Fault> {
    work.change("UPDATE session SET mfa_at = $1 WHERE id = $2", vec![now.into(), id.into()]).await?;
    Ok(())
}

/// Lets a session end sooner.
pub async fn shorten_session(work: &GlobalWork, id: SessionId, ends_at: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE session SET ends_at = $1 WHERE id = $2 AND ends_at > $1";
    work.change(sql, vec![ends_at.into(), id.into()]).await?;
    Ok(())
}

/// Clears the session's proof of a second factor. A caller that ends the user's other sessions does so before.
pub async fn clear_second_factor(work: &GlobalWork, id: SessionId) -> Result<(), Fault> {
    work.change("UPDATE session SET mfa_at = NULL WHERE id = $1", vec![id.into()]).await?;
    Ok(())
}

/// Names a session of the user; whether there was one.
pub async fn rename(work: &GlobalWork, id: SessionId, user: UserId, name: Option<String>) -> Result<bool, Fault> {
    let sql = "UPDATE session SET name = $1 WHERE id = $2 AND user_id = $3";
    Ok(work.change(sql, vec![name.into(), id.into(), user.into()]).await? == 1)
}

/// Fields of a session that each request needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionStatus {
    pub id: SessionId,
    pub user: UserId,
    pub mfa_at: Option<Timestamp>,
    pub ends_at: Timestamp,
    pub ended: bool,
    /// True if the tenant requires a second factor.
    pub mfa_required: bool,
    /// Risk of the login, from 0 to 100.
    pub risk: i32,
    /// The operator has suspended the tenant.
    pub suspended: bool,
}

impl SessionStatus {
    /// Whether the person must enrol a second factor before anything else.
    pub fn must_enrol(&self) -> bool {
        self.mfa_required && self.mfa_at.is_none()
    }
}

#[derive(Record)]
struct StatusRow {
    #[record(of = session, alias = "s")]
    id: SessionId,
    #[record(of = session, alias = "s")]
    user_id: UserId,
    #[record(of = session, alias = "s")]
    mfa_at: Option<Timestamp>,
    #[record(of = session, alias = "s")]
    ends_at: Timestamp,
    #[record(of = session, alias = "s")]
    ended_at: Option<Timestamp>,
    #[record(of = tenant, alias = "t")]
    mfa_required: bool,
    #[record(of = session, alias = "s")]
    risk: i32,
    #[record(of = tenant, alias = "t")]
    suspended_at: Option<Timestamp>,
}

impl From<StatusRow> for SessionStatus {
    fn from(row: StatusRow) -> Self {
        Self {
            id: row.id,
            user: row.user_id,
            mfa_at: row.mfa_at,
            ends_at: row.ends_at,
            ended: row.ended_at.is_some(),
            mfa_required: row.mfa_required,
            risk: row.risk,
            suspended: row.suspended_at.is_some(),
        }
    }
}

/// The status of some sessions; missing ones have ended.
pub async fn session_statuses(db: &impl GlobalReads, ids: &[SessionId]) -> Result<Vec<SessionStatus>, Fault> {
    let backend = db.backend();
    let sql = format!(
        "SELECT {} FROM session s JOIN tenant t ON t.id = s.tenant_id WHERE {}",
        StatusRow::SELECT,
        backend.in_ids("s.id", 1)
    );
    let rows = db.records::<StatusRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    Ok(rows.into_iter().map(SessionStatus::from).collect())
}

/// Notes when sessions were last used, and that their members were here. It waits for no row.
pub async fn touch(work: &GlobalWork, ids: &[SessionId], now: Timestamp) -> Result<(), Fault> {
    let backend = work.backend();
    let (filter, values) = (backend.in_ids("id", 2), || vec![now.into(), backend.ids(ids.iter().copied())]);
    // Rows that are locked are skipped and noted the next time: the transaction that holds one may
    // wait for another of these.
    let [free_sessions, free_members] = ["session", "member"].map(|table| backend.for_change_if_free(table));
    let session_sql = format!(
        "UPDATE session SET used_at = $1 WHERE id IN (SELECT id FROM session WHERE {filter} AND used_at < $1{free_sessions})"
    );
    work.change(&session_sql, values()).await?;
    let member_sql = format!(
        "UPDATE member SET last_seen_at = $1 WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM member
         WHERE (tenant_id, id) IN (SELECT tenant_id, member_id FROM session WHERE {filter})
         AND (last_seen_at IS NULL OR last_seen_at < $1){free_members})"
    );
    work.change(&member_sql, values()).await?;
    Ok(())
}

/// Deletes sessions that ended before a time, with their tokens, except rows that are locked at the moment.
pub async fn delete_expired(work: &GlobalWork, before: Timestamp) -> Result<usize, Fault> {
    delete_unlocked(work, ("session", "id"), "ends_at < $1 OR ended_at < $1", before).await
}
