//! What was revoked after the moment to which a database was restored is revoked again, as the lists beside the backups have it.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;
use iam::{
    access::{self, Access, Policies},
    identity::{MemberEnd, end_member},
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
use services::backups::{Backups, Revocation, Revoked, RevokedSince};

use super::super::{StartError, backup, emergency::record, say};
use crate::config::Epoch;

/// What became of a revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Replayed {
    Again,
    /// A customer was erased again, and so many who are merged into it in this database are apart again: they were not erased with it.
    Apart(usize),
    /// It is in the database, or what it is about is not.
    Before,
    /// The member is the only owner that the tenant has in this database.
    LastOwner,
}

/// What was made again.
#[derive(Debug, Default)]
pub struct ReplayReport {
    counts: BTreeMap<&'static str, usize>,
    /// How many could not be made again; the remarks say which, and why.
    pub failed: usize,
    /// What a person has to look after.
    pub remarks: Vec<String>,
}

impl ReplayReport {
    /// How many revocations were made again, in words.
    pub fn summary(&self) -> String {
        let all: usize = self.counts.values().sum();
        let counts: Vec<String> = self.counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
        let counts = if all == 0 { String::new() } else { format!(": {}", counts.join(", ")) };
        format!("{all} revocation(s) are made again{counts}")
    }
}

/// The lists that the arguments name, of after the moment; None where they name none.
pub async fn listed(args: &Epoch, db: &Database, clock: &Clock) -> Result<Option<RevokedSince>, StartError> {
    let Some(place) = &args.again.revocations else { return Ok(None) };
    backup::refuse_missing(place)?;
    let after = match args.again.revocations_after {
        Some(after) => after,
        None => backup::missed_since(last_event(db).await?),
    };
    let keys = backup::given(&args.of.keys.source(&args.of.database.database_url), clock)?;
    let found = Backups::open(place, keys, clock.clone())?.revoked_since(after.micros()).await?;
    say(&format!("{} revocation(s) are listed of after {}", found.revocations.len(), clock::rfc3339(after)))?;
    for why in &found.unreadable {
        say(&format!("a list of revocations is not read, and what it has is not made again: {why}"))?;
    }
    Ok(Some(found))
}

/// When the last event of all tenants was recorded.
async fn last_event(db: &Database) -> Result<Timestamp, Fault> {
    let rows = db.global().rows("SELECT coalesce(max(recorded_at), 0) FROM tenant_counter", vec![]).await?;
    let micros: i64 = rows.first().map_or(Ok(0), Row::scalar)?;
    Ok(Timestamp(micros))
}

/// Makes the revocations of a list again. Each is a transaction of its own, with an entry of the tenant's audit log; what is done before is left as it is. One that
/// fails is a remark and keeps neither the others nor a restore from their end.
///
/// # Errors
/// The tenants or the policies cannot be read.
pub async fn replay(db: &Database, ring: &KeyRing, clock: &Clock, listed: &RevokedSince) -> Result<ReplayReport, StartError> {
    let audit_writer = AuditWriter::new(ring.clone(), clock.clone());
    let access = Access::audited(db.clone(), clock.clone(), Policies::load().await?, audit_writer.clone());
    let erased = listed.revocations.iter().filter(|revocation| revocation.revoked == Revoked::ErasedCustomer);
    let erased =
        erased.map(|revocation| (TenantId::from_uuid(revocation.tenant), CustomerId::from_uuid(revocation.id))).collect();
    let replayer = Replayer { db, clock, access, audit_writer, erased, is_whole: listed.unreadable.is_empty() };
    let slugs: BTreeMap<TenantId, String> = super::tenants(db).await?.into_iter().collect();
    let mut report = ReplayReport::default();
    for revocation in &listed.revocations {
        let tenant = TenantId::from_uuid(revocation.tenant);
        let Some(slug) = slugs.get(&tenant) else { continue };
        match Box::pin(replayer.again(tenant, revocation)).await {
            Err(fault) => {
                report.failed += 1;
                let Revocation { revoked, id, .. } = revocation;
                report.remarks.push(format!("{slug}\tthe {} of {id} is not made again: {fault}", revoked.as_str()));
            }
            Ok(Replayed::Before) => {}
            Ok(Replayed::Again) => {
                *report.counts.entry(words(revocation.revoked)).or_default() += 1;
                if revocation.revoked == Revoked::ErasedTenant {
                    report.remarks.push(format!(
                        "{slug}\twas erased since: it is suspended, and can be erased again by `entrepot tenant erase {slug} --due` when the grace is over"
                    ));
                }
            }
            Ok(Replayed::Apart(merged)) => {
                *report.counts.entry(words(revocation.revoked)).or_default() += 1;
                let customer = CustomerId::from_uuid(revocation.id);
                report.remarks.push(format!(
                    "{slug}\t{merged} customer(s) are no longer merged into {customer}: they were not erased with it, so that merge was taken back since"
                ));
            }
            Ok(Replayed::LastOwner) => {
                let member = MemberId::from_uuid(revocation.id);
                report.remarks.push(format!(
                    "{slug}\tthe member {member} has left or was suspended since, and stays: the backup has no other owner"
                ));
            }
        }
    }
    Ok(report)
}

fn words(revoked: Revoked) -> &'static str {
    match revoked {
        Revoked::ApiKey => "API key(s) revoked",
        Revoked::SuspendedMember => "member(s) suspended",
        Revoked::FormerMember => "member(s) removed",
        Revoked::ErasedCustomer => "customer(s) erased",
        Revoked::ErasedTenant => "tenant(s) suspended that were erased",
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
    async fn again(&self, tenant: TenantId, revocation: &Revocation) -> Result<Replayed, Fault> {
        let is_again = match revocation.revoked {
            Revoked::ApiKey => {
                let key = ApiKeyId::from_uuid(revocation.id);
                self.access.revoke_as_system(tenant, key, "api_key.revoked_after_restore").await?
            }
            Revoked::SuspendedMember => return self.member(tenant, revocation, MemberEnd::Suspended).await,
            Revoked::FormerMember => return self.member(tenant, revocation, MemberEnd::Left).await,
            Revoked::ErasedCustomer => return self.customer(tenant, CustomerId::from_uuid(revocation.id)).await,
            Revoked::ErasedTenant => self.tenant(tenant).await?,
        };
        Ok(if is_again { Replayed::Again } else { Replayed::Before })
    }

    async fn member(&self, tenant: TenantId, revocation: &Revocation, end: MemberEnd) -> Result<Replayed, Fault> {
        let member = MemberId::from_uuid(revocation.id);
        let work = GlobalWork::from(self.db.global().maintenance_for(tenant).await?);
        access::rights_change(work.tenant()).await?;
        let had_owner = access::has_owner(work.tenant()).await?;
        if !end_member(&work, tenant, member, end, self.clock.now()).await? {
            work.rollback().await?;
            return Ok(Replayed::Before);
        }
        if had_owner && !access::has_owner(work.tenant()).await? {
            work.rollback().await?;
            return Ok(Replayed::LastOwner);
        }
        let action = match end {
            MemberEnd::Suspended => "member.suspended_after_restore",
            MemberEnd::Left => {
                access::take_rights(work.tenant(), member).await?;
                "member.removed_after_restore"
            }
        };
        record(&self.audit_writer, work.tenant(), action, Target::of(member), &json!({})).await?;
        work.commit().await?;
        Ok(Replayed::Again)
    }

    /// An erasure takes along whoever is merged into the customer, and each is listed. Who is merged into it here and is not listed was apart by then.
    async fn customer(&self, tenant: TenantId, customer: CustomerId) -> Result<Replayed, Fault> {
        let context = |action: &str, customer: CustomerId| {
            let (who, target) = (Some((tenant, Actor::SYSTEM)), Some(Target::of(customer)));
            AuditContext::new(action.to_owned(), Origin::default(), self.audit_writer.clone(), who, target)
        };
        let mut apart = 0;
        loop {
            // Looked for anew each time: whoever came along with one of them is merged into that one again.
            let merged = catalog::merged_and_known(self.db, tenant, customer).await?;
            let Some(merged) = merged.into_iter().find(|merged| !self.erased.contains(&(tenant, *merged))) else { break };
            if !self.is_whole {
                return Err(Fault::Broken(format!(
                    "the customer {merged} is merged into it here, and may be in a list that is not read. customerErase of {customer} erases both, after customerUnmerge it erases the one"
                )));
            }
            let unmerged = Box::pin(catalog::unmerge_as_system(self.db, self.clock, tenant, merged));
            context("customer.unmerged_after_restore", merged).over(unmerged).await?;
            apart += 1;
        }
        let forgotten = Box::pin(catalog::forget_as_system(self.db, self.clock, tenant, customer));
        let is_again = context("customer.erased_after_restore", customer).over(forgotten).await?;
        Ok(match (apart, is_again) {
            (0, false) => Replayed::Before,
            (0, true) => Replayed::Again,
            _ => Replayed::Apart(apart),
        })
    }

    /// It is not erased at once: what was restored may be all that there is.
    async fn tenant(&self, tenant: TenantId) -> Result<bool, Fault> {
        if erase::is_done(self.db, tenant).await? {
            return Ok(false);
        }
        let now = self.clock.now();
        let is_asked = erase::ask(self.db, tenant, "restore", now).await? == now.plus_seconds(erase::GRACE_SECONDS);
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
        assert_eq!(report.summary(), "0 revocation(s) are made again");
        report.counts.insert(words(Revoked::ApiKey), 2);
        report.counts.insert(words(Revoked::ErasedCustomer), 1);
        assert_eq!(report.summary(), "3 revocation(s) are made again: 2 API key(s) revoked, 1 customer(s) erased");
    }
}
