//! An export: pages of rows, written to a file. The file is written as a whole or not at all: a
//! worker that takes over starts again.

use entity::prelude::CustomerId;
use iam::access::{Caller, kind, permit};
use platform::{
    audit::{self, AuditContext, Origin, Outcome, Target},
    jobs::Lease,
    storage::{Fault, Reads},
};

use super::{halt::Halt, service::Exchange, write::Sheet};
use crate::{
    exchange::{
        core::{Counts, ExportOptions, FactManifest, FactPosition, FactRange, FileReading, Noun, Run, columns::exported_columns},
        rows::{export::page, export_facts, export_page::ExportScope},
    },
    files::ResultFile,
};

impl Exchange {
    pub(super) async fn export(&self, lease: Lease, mut run: Run) -> Result<ResultFile, Halt> {
        let options: ExportOptions = serde_json::from_str(&run.options)
            .map_err(|error| Fault::corrupt("exchange", format!("the options of an export: {error}")))?;
        let noun = run.noun.ok_or_else(|| Fault::corrupt("exchange", "an export has a noun"))?;
        // A replica that has replayed the request for the export has the maker's earlier writes.
        let scope = self.0.db.tenant(run.tenant).long().with_caught_up_replica().await;
        let head = scope.head().await?.seq;
        let facts = if noun == Noun::DemandFacts { Some(fact_range(&scope, options.since).await?) } else { None };
        run = self.reset_run(lease, &run, facts).await?;
        let name = noun.as_str().to_lowercase().replace('_', "-");
        let mut sheet = Sheet::begin(&self.0.files, &run, (&name, options.format), exported_columns(noun)).await?;
        let mut after = Vec::new();
        loop {
            // Rights are checked again for each page.
            let export_scope = build_export_scope(&self.load_requester(&run).await?, noun, (head, facts))?;
            let export_page = page(&scope, noun, (&export_scope, &options), &after).await?;
            if let Some(range) = facts {
                check_generation(&scope, range).await?;
            }
            self.audit_contacts(lease, &run, &export_page.contacts).await?;
            for row in &export_page.rows {
                sheet.row(row)?;
            }
            sheet.flush().await?;
            let progress = Counts { unchanged: export_page.rows.len() as i64, ..Counts::default() };
            run = self.advance(lease, &run, progress, &[]).await?;
            match export_page.next {
                Some(next) => after = next,
                None => return sheet.finish().await,
            }
        }
    }

    /// Logs the customers whose contacts a page has, before the page is written to the file.
    async fn audit_contacts(&self, lease: Lease, run: &Run, customers: &[CustomerId]) -> Result<(), Halt> {
        /// Customers that an audit entry names; for more it has their number.
        const MAX_AUDITED_CUSTOMERS: usize = 250;
        if customers.is_empty() {
            return Ok(());
        }
        let customer_ids: Vec<String> = customers.iter().take(MAX_AUDITED_CUSTOMERS).map(ToString::to_string).collect();
        let origin = Origin { request_id: run.id.to_string(), ..Origin::default() };
        let identity = Some((run.tenant, run.maker));
        let audit_context = AuditContext::new(
            "customer.contact.read".to_owned(),
            origin,
            self.0.audit_writer.clone(),
            identity,
            Some(Target::of(run.id)),
        );
        let (mut entry, ip) = audit_context.entry(Outcome::Done, None, None);
        entry.changes = serde_json::json!({ "field": "export", "count": customers.len(), "customers": customer_ids }).to_string();
        let (work, _) = self.lock_running(lease, run).await?;
        work.write(audit::rows::unchained_rows(&self.0.audit_writer, [(entry, ip)])).await?;
        Ok(work.commit().await?)
    }

    /// Resets the counts of an earlier worker, and the range of facts.
    async fn reset_run(&self, lease: Lease, run: &Run, facts: Option<FactRange>) -> Result<Run, Halt> {
        let (work, before) = self.lock_running(lease, run).await?;
        let reading = FileReading { facts: facts.map(|range| FactManifest { range, sha256: None }), ..before.reading };
        let after = Run { counts: Counts::default(), reading, version: before.version + 1, ..before };
        crate::exchange::rows::change(&work, &after).await?;
        work.commit().await?;
        Ok(after)
    }
}

/// Returns the range of demand facts of an export: all of them if the reader has none yet.
async fn fact_range(reads: &impl Reads, since: Option<FactPosition>) -> Result<FactRange, Halt> {
    let (generation, to) = export_facts::current(reads).await?.unwrap_or_default();
    let Some(FactPosition { seq, generation: known_generation }) = since else {
        return Ok(FactRange { generation, from: 0, to, is_increment: false });
    };
    if known_generation.is_some_and(|known_generation| known_generation != generation) {
        return Err(Halt::Failed(format!(
            "demand facts were rebuilt since, as generation {generation}: start over with a full export"
        )));
    }
    if seq > to {
        return Err(Halt::Failed(format!("demand facts are counted up to the event {to}, which comes before {seq}")));
    }
    Ok(FactRange { generation, from: seq, to, is_increment: true })
}

/// Fails if the facts were rebuilt: a rebuild deletes the rows of the previous generation, so that
/// the rows read since may be incomplete. The export is retried.
pub(super) async fn check_generation(reads: &impl Reads, range: FactRange) -> Result<(), Fault> {
    let generation = export_facts::current(reads).await?.map_or(0, |(generation, _)| generation);
    if generation == range.generation {
        return Ok(());
    }
    Err(Fault::Broken("demand facts were rebuilt while they were exported".to_owned()))
}

/// Adds the digest of the file to an export of demand facts, once the file is whole.
pub(super) fn add_digest(reading: FileReading, result_file: Option<&ResultFile>) -> FileReading {
    let sha256 = result_file.and_then(ResultFile::sha256);
    FileReading { facts: reading.facts.map(|manifest| FactManifest { sha256, ..manifest }), ..reading }
}

/// Returns the rows and columns of a noun that a caller may see.
pub(super) fn build_export_scope(
    caller: &Caller,
    noun: Noun,
    (head, facts): (i64, Option<FactRange>),
) -> Result<ExportScope, Halt> {
    let reach = match noun {
        Noun::Stock => permit::<kind::StockRead>(caller)?.reach(),
        Noun::Movements => permit::<kind::StockMovementRead>(caller)?.reach(),
        Noun::Orders => permit::<kind::OrderRead>(caller)?.reach(),
        Noun::Customers => permit::<kind::CustomerRead>(caller)?.reach(),
        Noun::DemandFacts => permit::<kind::ReportRead>(caller)?.reach(),
        Noun::Products | Noun::Suppliers | Noun::Categories | Noun::StockChanges => permit::<kind::ProductRead>(caller)?.reach(),
    };
    Ok(ExportScope {
        reach,
        channel: caller.channel,
        sees_costs: caller.sees_costs(),
        sees_customers: permit::<kind::CustomerRead>(caller).is_ok(),
        sees_contacts: caller.sees_contacts(),
        head,
        facts,
        since: None,
        orders: None,
    })
}
