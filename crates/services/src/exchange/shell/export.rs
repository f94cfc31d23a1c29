//! An export: pages of rows into a file. It is written whole or not at all: whoever takes over begins it once more.

use entity::prelude::CustomerId;
use iam::access::{Caller, kind, permit};
use platform::{
    audit::{self, AuditContext, Origin, Outcome, Target},
    jobs::Lease,
    storage::Fault,
};

use super::{Exchange, Halt, write::Sheet};
use crate::{
    exchange::{
        core::{Counts, ExportOptions, Noun, Run, columns::exported},
        rows::export::{ExportScope, page},
    },
    files::Made,
};

impl Exchange {
    pub(super) async fn export(&self, lease: Lease, mut run: Run) -> Result<Made, Halt> {
        let options: ExportOptions = serde_json::from_str(&run.options)
            .map_err(|error| Fault::corrupt("exchange", format!("the options of an export: {error}")))?;
        let noun = run.noun.ok_or_else(|| Fault::corrupt("exchange", "an export has a noun"))?;
        // A replica that has replayed the order to export has what its maker wrote before.
        let scope = self.0.db.tenant(run.tenant).long().caught_up().await;
        let head = scope.head().await?.seq;
        run = self.begin_again(lease, &run).await?;
        let name = noun.as_str().to_lowercase().replace('_', "-");
        let mut sheet = Sheet::begin(&self.0.files, &run, (&name, options.format), exported(noun)).await?;
        let mut after = Vec::new();
        loop {
            // What somebody may see is asked anew for each page.
            let export_scope = export_scope(&self.maker(&run).await?, noun, head)?;
            let found = page(&scope, noun, (&export_scope, &options), &after).await?;
            self.tell_of_contacts(lease, &run, &found.contacts).await?;
            for row in &found.rows {
                sheet.row(row)?;
            }
            sheet.flush().await?;
            let done = Counts { unchanged: found.rows.len() as i64, ..Counts::default() };
            run = self.advance(lease, &run, done, &[]).await?;
            match found.next {
                Some(next) => after = next,
                None => return sheet.finish().await,
            }
        }
    }

    /// Whose contacts a page tells is in the log before it is in the file.
    async fn tell_of_contacts(&self, lease: Lease, run: &Run, told: &[CustomerId]) -> Result<(), Halt> {
        /// Customers that an entry names; of more it says how many.
        const MOST_NAMED: usize = 250;
        if told.is_empty() {
            return Ok(());
        }
        let named: Vec<String> = told.iter().take(MOST_NAMED).map(ToString::to_string).collect();
        let origin = Origin { request_id: run.id.to_string(), ..Origin::default() };
        let who = Some((run.tenant, run.maker));
        let audit_context = AuditContext::new(
            "customer.contact.read".to_owned(),
            origin,
            self.0.audit_writer.clone(),
            who,
            Some(Target::of(run.id)),
        );
        let (mut entry, ip) = audit_context.entry(Outcome::Done, None, None);
        entry.changes = serde_json::json!({ "field": "export", "count": told.len(), "customers": named }).to_string();
        let (work, _) = self.locked(lease, run).await?;
        work.write(audit::rows::waiting(&self.0.audit_writer, [(entry, ip)])).await?;
        Ok(work.commit().await?)
    }

    /// What another worker had counted is written anew.
    async fn begin_again(&self, lease: Lease, run: &Run) -> Result<Run, Halt> {
        let (work, before) = self.locked(lease, run).await?;
        let after = Run { counts: Counts::default(), version: before.version + 1, ..before };
        crate::exchange::rows::change(&work, &after).await?;
        work.commit().await?;
        Ok(after)
    }
}

/// What somebody may see of a noun.
fn export_scope(caller: &Caller, noun: Noun, head: i64) -> Result<ExportScope, Halt> {
    let reach = match noun {
        Noun::Stock => permit::<kind::StockRead>(caller)?.reach(),
        Noun::Movements => permit::<kind::StockMovementRead>(caller)?.reach(),
        Noun::Orders => permit::<kind::OrderRead>(caller)?.reach(),
        Noun::Customers => permit::<kind::CustomerRead>(caller)?.reach(),
        Noun::Products | Noun::Suppliers | Noun::Categories | Noun::StockChanges => permit::<kind::ProductRead>(caller)?.reach(),
    };
    Ok(ExportScope {
        reach,
        channel: caller.channel,
        sees_costs: caller.sees_costs(),
        sees_customers: permit::<kind::CustomerRead>(caller).is_ok(),
        sees_contacts: caller.sees_contacts(),
        head,
    })
}
