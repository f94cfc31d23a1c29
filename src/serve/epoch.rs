//! `entrepot epoch`: ends access that a restored database has revived, and makes clients begin
//! again. The journal reuses numbers that clients have already seen; sessions, links and keys that
//! were ended since the backup are valid again; and e-mails, messages to webhooks and reports that
//! were sent since the backup would be sent again, so all of that is held.

mod replay;

use std::io::{self, Write};

use entity::prelude::{Numbered, TenantId};
use iam::{
    access::{Access, ActiveKey, Policies},
    identity::{OldPasswordPolicy, end_all},
};
use inventory::numbering::rows::load_patterns;
use platform::{
    audit::AuditWriter,
    clock::{self, Clock},
    jobs, secrets,
    storage::{Database, journal},
};
use services::export_schedules;

use super::{StartError, open_migrated, print_stdout, tenant_slugs::load_tenants};
use crate::config::Epoch;

pub use replay::replay;

/// Gives every tenant a new epoch: open streams end with RESET and EPOCH_CHANGED, and so do all
/// earlier cursors. Ends sessions and links of people, and lists or revokes API keys. Holds
/// outgoing messages.
pub async fn renew(args: &Epoch) -> Result<(), StartError> {
    let url = &args.of.database.database_url;
    let db = open_migrated(url, args.of.database.options()).await?;
    let clock = Clock::system();
    jobs::hold_outgoing(&db.global(), "the database was restored", clock.now()).await?;
    print_stdout(
        "no e-mail, webhook, report or export leaves before `entrepot resume`: `entrepot resume --dry-run` lists what waits",
    )?;
    let listed_revocations = replay::load_revocations(args, &db, &clock).await?;
    let has_more = listed_revocations.as_ref().is_some_and(|listed_revocations| !listed_revocations.revocations.is_empty());
    let ring =
        if args.revoke_keys || has_more { Some(secrets::open(&db, &args.of.keys.source(url), &clock).await?) } else { None };
    let access = match &ring {
        Some(ring) => {
            let audit_writer = AuditWriter::new(ring.clone(), clock.clone());
            Access::with_audit_writer(db.clone(), clock.clone(), Policies::load().await?, audit_writer)
        }
        None => Access::new(db.clone(), clock.clone(), Policies::load().await?),
    };
    end_sessions(&db, &clock, args).await?;
    let tenants = load_tenants(&db).await?;
    if let (Some(listed_revocations), Some(ring)) = (&listed_revocations, &ring) {
        let report = Box::pin(replay(&db, ring, &clock, listed_revocations)).await?;
        report.remarks.iter().try_for_each(|remark| print_stdout(remark))?;
        print_stdout(&report.summary())?;
    }
    print_stdout(if listed_revocations.is_some() {
        "roles, grants, second factors and webhook endpoints are those of the backup, including those removed since: review them"
    } else {
        "members, roles, grants, second factors and webhook endpoints are those of the backup, including those removed since: review them"
    })?;
    review_api_keys(&access, &tenants, args).await?;
    let mut schedules = 0;
    for (tenant, _) in &tenants {
        let work = db.global().maintenance_for(*tenant).await?;
        // The counter is locked first, in the same order as changes of schedules do.
        work.execute("UPDATE tenant_counter SET epoch = $2 WHERE tenant_id = $1", vec![clock.uuid().into()]).await?;
        schedules += export_schedules::shell::restart_schedules(&work).await?;
        work.commit().await?;
    }
    print_stdout(&format!("{} tenant(s) have a new epoch: subscribers start over", tenants.len()))?;
    if schedules > 0 {
        print_stdout(&format!(
            "{schedules} export schedule(s) write all rows into a new set: lost rows stay in the files of the old ones"
        ))?;
    }
    list_last_numbers(&db, &tenants).await?;
    db.close().await?;
    Ok(())
}

/// Ends sessions, links and, if requested, passwords.
async fn end_sessions(db: &Database, clock: &Clock, args: &Epoch) -> Result<(), StartError> {
    let old = if args.reset_passwords { OldPasswordPolicy::Reset } else { OldPasswordPolicy::Keep };
    let progress = |counts: usize| drop(writeln!(io::stderr(), "{counts} session(s) ended so far"));
    let counts = end_all(db, clock, old, progress).await?;
    print_stdout(&format!("{} session(s) are ended: everybody logs in again", counts.sessions))?;
    print_stdout(&format!("{} e-mailed link(s) are revoked: invite again with invitationResend", counts.links))?;
    if args.reset_passwords {
        print_stdout(&format!(
            "{} password(s) are accepted no more: their owners choose another with passwordResetRequest",
            counts.passwords
        ))?;
    } else {
        print_stdout("passwords are those of the backup, also where they were changed since: --reset-passwords ends them")?;
    }
    Ok(())
}

/// Lists the last number of each kind of document: those after it may be on papers of documents that are lost, and are given out again.
async fn list_last_numbers(db: &Database, tenants: &[(TenantId, String)]) -> Result<(), StartError> {
    for (tenant, slug) in tenants {
        let scope = db.tenant(*tenant);
        let (counter, patterns) = (journal::counter(&scope).await?, load_patterns(&scope).await?);
        let kinds = Numbered::ALL.iter().map(|kind| (*kind, counter.last(*kind))).filter(|(_, last)| *last > 0);
        let last: Vec<String> = kinds.map(|(kind, last)| format!("{kind} {}", patterns.text(kind, last))).collect();
        if !last.is_empty() {
            print_stdout(&format!("{slug}\tnumbers after these may be given out twice\t{}", last.join("\t")))?;
        }
    }
    Ok(())
}

/// Lists the keys that are accepted, or revokes them.
async fn review_api_keys(access: &Access, tenants: &[(TenantId, String)], args: &Epoch) -> Result<(), StartError> {
    let mut count = 0;
    for (tenant, slug) in tenants {
        let keys = if args.revoke_keys {
            access.revoke_all_as_system(*tenant, "api_key.revoked_after_restore").await?
        } else {
            access.active_keys(*tenant).await?
        };
        count += keys.len();
        keys.iter().try_for_each(|key| print_stdout(&line(slug, key)))?;
    }
    print_stdout(&if args.revoke_keys {
        format!("{count} API key(s) are revoked: make new ones with apiKeyCreate")
    } else if args.again.revocations.is_some() {
        format!(
            "{count} API key(s) are accepted, including those revoked since revocations were last listed: review them, or use --revoke-keys"
        )
    } else {
        format!("{count} API key(s) are accepted, including those revoked since the backup: review them, or use --revoke-keys")
    })?;
    Ok(())
}

/// Tenant, key, integration, name, when it was made and when it was last used, between tabs.
fn line(slug: &str, key: &ActiveKey) -> String {
    let ActiveKey { name, prefix, integration, created_at, last_used_at, .. } = key;
    let usage =
        last_used_at.map_or_else(|| "never used".to_owned(), |last_used| format!("last used {}", clock::rfc3339(last_used)));
    format!("{slug}\t{prefix}…\t{integration}\t{name}\tmade {}\t{usage}", clock::rfc3339(*created_at))
}
