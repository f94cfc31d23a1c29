//! Replay of revocations: those after the moment to which a database was restored are repeated, by
//! the lists beside the backups.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;
use iam::{
    access::{self, Access, Policies},
    identity::{MembershipEnd, end_member},
    tenancy::{erase, suspension},
};
use inventory::catalog;
use platform::{
    audit::{AuditContext, AuditWriter, Origin, Target},
    clock::{self, Clock},
    secrets::KeyRing,
    storage::{Database, Fault, GlobalWork, Row},
};
use serde_json::json;
use services::backups::{Backups, Revocation, RevocationKind, RevocationsSince};

use super::super::{StartError, backup, emergency::record, print_stdout, tenant_slugs::load_tenants};
use crate::config::Epoch;

/// Outcome of a repeated revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReplayOutcome {
    Again,
    /// A customer was erased again, and this number of customers that were merged into it in this
    /// database are separate again: they were not erased with it.
    Apart(usize),
    /// The database already has the revocation, or lacks its target.
    Before,
    /// The member is the only owner that the tenant has in this database.
    LastOwner,
}

/// Revocations that were repeated.
#[derive(Debug, Default)]
pub struct ReplayReport {
    counts: BTreeMap<&'static str, usize>,
    /// Number of revocations that could not be repeated; the remarks name them, with reasons.
    pub failed: usize,
    /// Remarks that a person has to follow up.
    pub remarks: Vec<String>,
}

impl ReplayReport {
    /// Returns the number of repeated revocations, in words.
    pub fn summary(&self) -> String {
        let total: usize = self.counts.values().sum();
        let counts: Vec<String> = self.counts.iter().map(|(label, count)| format!("{count} {label}")).collect();
        let counts = if total == 0 { String::new() } else { format!(": {}", counts.join(", ")) };
        format!("{total} revocation(s) are repeated{counts}")
    }
}

/// The lists that the arguments name, of after the moment; None where they name none.
pub async fn load_revocations(args: &Epoch, db: &Database, clock: &Clock) -> Result<Option<RevocationsSince>, StartError> {
    let Some(location) = &args.again.revocations else { return Ok(None) };
    backup::refuse_missing(location)?;
    let after = match args.again.revocations_after {
        Some(after) => after,
        None => backup::revocations_start(last_event(db).await?),
    };
    let keys = backup::load_keys(&args.of.keys.source(&args.of.database.database_url), clock)?;
    let revoked = Backups::open(location, keys, clock.clone())?.revoked_since(after.micros()).await?;
    print_stdout(&format!("{} revocation(s) are listed of after {}", revoked.revocations.len(), clock::rfc3339(after)))?;
    for reason in &revoked.unreadable {
        print_stdout(&format!("a list of revocations could not be read, and its revocations are not repeated: {reason}"))?;
    }
    Ok(Some(revoked))
}

/// Returns the time at which the last event of all tenants was recorded.
async fn last_event(db: &Database) -> Result<Timestamp, Fault> {
    let rows = db.global().rows("SELECT coalesce(max(recorded_at), 0) FROM tenant_counter", vec![]).await?;
    let micros: i64 = rows.first().map_or(Ok(0), Row::scalar)?;
    Ok(Timestamp(micros))
}

/// Repeats the revocations of a list. Each is a transaction of its own, with an entry of the
/// tenant's audit log; those already done are left as they are. A failure becomes a remark and
/// stops neither the others nor a restore.
///
/// # Errors
/// The tenants or the policies cannot be read.
pub async fn replay(db: &Database, ring: &KeyRing, clock: &Clock, listed: &RevocationsSince) -> Result<ReplayReport, StartError> {
    let audit_writer = AuditWriter::new(ring.clone(), clock.clone());
    let access = Access::with_audit_writer(db.clone(), clock.clone(), Policies::load().await?, audit_writer.clone());
    let erased = listed.revocations.iter().filter(|revocation| revocation.revoked == RevocationKind::ErasedCustomer);
    let erased =
        erased.map(|revocation| (TenantId::from_uuid(revocation.tenant), CustomerId::from_uuid(revocation.id))).collect();
    let replayer = Replayer { db, clock, access, audit_writer, erased, is_whole: listed.unreadable.is_empty() };
    let slugs: BTreeMap<TenantId, String> = load_tenants(db).await?.into_iter().collect();
    let mut report = ReplayReport::default();
    for revocation in &listed.revocations {
        let tenant = TenantId::from_uuid(revocation.tenant);
        let Some(slug) = slugs.get(&tenant) else { continue };
        match Box::pin(replayer.replay_one(tenant, revocation)).await {
            Err(fault) => {
                report.failed += 1;
                let Revocation { revoked, id, .. } = revocation;
                report.remarks.push(format!("{slug}\tthe {} of {id} is not repeated: {fault}", revoked.as_str()));
            }
            Ok(ReplayOutcome::Before) => {}
            Ok(ReplayOutcome::Again) => {
                *report.counts.entry(revoked_noun(revocation.revoked)).or_default() += 1;
                if revocation.revoked == RevocationKind::ErasedTenant {
                    report.remarks.push(format!(
                        "{slug}\twas erased since: it is suspended, and can be erased again by `entrepot tenant erase {slug} --due` when the grace is over"
                    ));
                }
            }
            Ok(ReplayOutcome::Apart(merged)) => {
                *report.counts.entry(revoked_noun(revocation.revoked)).or_default() += 1;
                let customer = CustomerId::from_uuid(revocation.id);
                report.remarks.push(format!(
                    "{slug}\t{merged} customer(s) are no longer merged into {customer}: they were not erased with it, so that merge was taken back since"
                ));
            }
            Ok(ReplayOutcome::LastOwner) => {
                let member = MemberId::from_uuid(revocation.id);
                report.remarks.push(format!(
                    "{slug}\tthe member {member} has left or was suspended since, and stays: the backup has no other owner"
                ));
            }
        }
    }
    Ok(report)
}

fn revoked_noun(revoked: RevocationKind) -> &'static str {
    match revoked {
        RevocationKind::ApiKey => "API key(s) revoked",
        RevocationKind::SuspendedMember => "member(s) suspended",
        RevocationKind::FormerMember => "member(s) removed",
        RevocationKind::ErasedCustomer => "customer(s) erased",
        RevocationKind::ErasedTenant => "tenant(s) suspended that were erased",
    }
}

struct Replayer<'a> {
    db: &'a Database,
    clock: &'a Clock,
    access: Access,
    audit_writer: AuditWriter,
    /// Customers who are listed.
    erased: BTreeSet<(TenantId, CustomerId)>,
    /// Whether all lists were read: who is in none of them was not erased.
    is_whole: bool,
}

impl Replayer<'_> {
    async fn replay_one(&self, tenant: TenantId, revocation: &Revocation) -> Result<ReplayOutcome, Fault> {
        let is_again = match revocation.revoked {
            RevocationKind::ApiKey => {
                let key = ApiKeyId::from_uuid(revocation.id);
                self.access.revoke_as_system(tenant, key, "api_key.revoked_after_restore").await?
            }
            RevocationKind::SuspendedMember => return self.replay_member(tenant, revocation, MembershipEnd::Suspended).await,
            RevocationKind::FormerMember => return self.replay_member(tenant, revocation, MembershipEnd::Left).await,
            RevocationKind::ErasedCustomer => return self.replay_customer(tenant, CustomerId::from_uuid(revocation.id)).await,
            RevocationKind::ErasedTenant => self.tenant(tenant).await?,
        };
        Ok(if is_again { ReplayOutcome::Again } else { ReplayOutcome::Before })
    }

    async fn replay_member(&self, tenant: TenantId, revocation: &Revocation, end: MembershipEnd) -> Result<ReplayOutcome, Fault> {
        let member = MemberId::from_uuid(revocation.id);
        let work = GlobalWork::from(self.db.global().maintenance_for(tenant).await?);
        access::lock_rights_version(work.tenant()).await?;
        let had_owner = access::has_owner(work.tenant()).await?;
        if !end_member(&work, tenant, member, end, self.clock.now()).await? {
            work.rollback().await?;
            return Ok(ReplayOutcome::Before);
        }
        if had_owner && !access::has_owner(work.tenant()).await? {
            work.rollback().await?;
            return Ok(ReplayOutcome::LastOwner);
        }
        let action = match end {
            MembershipEnd::Suspended => "member.suspended_after_restore",
            MembershipEnd::Left => {
                access::revoke_all_rights(work.tenant(), member).await?;
                "member.removed_after_restore"
            }
        };
        record(&self.audit_writer, work.tenant(), action, Target::of(member), &json!({})).await?;
        work.commit().await?;
        Ok(ReplayOutcome::Again)
    }

    /// An erasure includes the customers that are merged into the erased one, and each is listed. A
    /// customer that is merged here and not listed was separate at the time of the erasure.
    async fn replay_customer(&self, tenant: TenantId, customer: CustomerId) -> Result<ReplayOutcome, Fault> {
        let context = |action: &str, customer: CustomerId| {
            let (actor, target) = (Some((tenant, Actor::SYSTEM)), Some(Target::of(customer)));
            AuditContext::new(action.to_owned(), Origin::default(), self.audit_writer.clone(), actor, target)
        };
        let mut unmerged_count = 0;
        loop {
            // Queried again each time: customers that were unmerged with one of them are merged
            // into that one again.
            let merged = catalog::merged_customers_with_personal_data(self.db, tenant, customer).await?;
            let Some(merged) = merged.into_iter().find(|merged| !self.erased.contains(&(tenant, *merged))) else { break };
            if !self.is_whole {
                return Err(Fault::Broken(format!(
                    "the customer {merged} is merged into it here, and may be in a list that is not read. customerErase of {customer} erases both, after customerUnmerge it erases the one"
                )));
            }
            let unmerged = Box::pin(catalog::unmerge_as_system(self.db, self.clock, tenant, merged));
            context("customer.unmerged_after_restore", merged).run_within(unmerged).await?;
            unmerged_count += 1;
        }
        let erasure = Box::pin(catalog::erase_as_system(self.db, self.clock, tenant, customer));
        let is_again = context("customer.erased_after_restore", customer).run_within(erasure).await?;
        Ok(match (unmerged_count, is_again) {
            (0, false) => ReplayOutcome::Before,
            (0, true) => ReplayOutcome::Again,
            _ => ReplayOutcome::Apart(unmerged_count),
        })
    }

    /// The tenant is not erased at once: the restored data may be the only copy.
    async fn tenant(&self, tenant: TenantId) -> Result<bool, Fault> {
        if erase::is_done(self.db, tenant).await? {
            return Ok(false);
        }
        let now = self.clock.now();
        let is_asked = erase::request_erasure(self.db, tenant, "restore", now).await? == now.plus_seconds(erase::GRACE_SECONDS);
        let work = self.db.tenant(tenant).begin().await?;
        let is_suspended = suspension::suspend(&work, "it was erased before the database was restored", now).await?;
        // It was done by an earlier run.
        if !is_asked && !is_suspended {
            work.rollback().await?;
            return Ok(false);
        }
        record(&self.audit_writer, &work, "tenant.suspended_after_restore", Target::of(tenant), &json!({})).await?;
        work.commit().await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_counts_what_was_made_again() {
        let mut report = ReplayReport::default();
        assert_eq!(report.summary(), "0 revocation(s) are repeated");
        report.counts.insert(revoked_noun(RevocationKind::ApiKey), 2);
        report.counts.insert(revoked_noun(RevocationKind::ErasedCustomer), 1);
        assert_eq!(report.summary(), "3 revocation(s) are repeated: 2 API key(s) revoked, 1 customer(s) erased");
    }
}
