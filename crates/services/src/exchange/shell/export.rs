//! An export: pages of rows into a file. It is written whole or not at all: whoever takes over begins it once more.

use entity::prelude::CustomerId;
use iam::access::{Caller, kind, permit};
use platform::{
    audit::{self, AuditContext, Origin, Outcome, Target},
    jobs::Lease,
    storage::{Fault, Reads},
};

use super::{Exchange, Halt, write::Sheet};
use crate::{
    exchange::{
        core::{Counts, ExportOptions, FactManifest, FactRange, FileReading, Noun, Run, Since, columns::exported},
        rows::{
            export::{ExportScope, page},
            export_facts,
        },
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
        let facts = if noun == Noun::DemandFacts { Some(fact_range(&scope, options.since).await?) } else { None };
        run = self.begin_again(lease, &run, facts).await?;
        let name = noun.as_str().to_lowercase().replace('_', "-");
        let mut sheet = Sheet::begin(&self.0.files, &run, (&name, options.format), exported(noun)).await?;
        let mut after = Vec::new();
        loop {
            // What somebody may see is asked anew for each page.
            let export_scope = export_scope(&self.maker(&run).await?, noun, (head, facts))?;
            let found = page(&scope, noun, (&export_scope, &options), &after).await?;
            if let Some(range) = facts {
                are_still(&scope, range).await?;
            }
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

    /// What another worker had counted is written anew, and which facts it is of.
    async fn begin_again(&self, lease: Lease, run: &Run, facts: Option<FactRange>) -> Result<Run, Halt> {
        let (work, before) = self.locked(lease, run).await?;
        let reading = FileReading { facts: facts.map(|range| FactManifest { range, sha256: None }), ..before.reading };
        let after = Run { counts: Counts::default(), reading, version: before.version + 1, ..before };
        crate::exchange::rows::change(&work, &after).await?;
        work.commit().await?;
        Ok(after)
    }
}

/// Which demand facts an export has: where none are known to the reader, all of them.
async fn fact_range(reads: &impl Reads, since: Option<Since>) -> Result<FactRange, Halt> {
    let (generation, to) = export_facts::current(reads).await?.unwrap_or_default();
    let Some(Since { seq, generation: known }) = since else {
        return Ok(FactRange { generation, from: 0, to, is_increment: false });
    };
    if known.is_some_and(|known| known != generation) {
        return Err(Halt::Failed(format!(
            "demand facts have been made anew since, as generation {generation}: start over with an export of all of them"
        )));
    }
    if seq > to {
        return Err(Halt::Failed(format!("demand facts are counted up to the event {to}, which comes before {seq}")));
    }
    Ok(FactRange { generation, from: seq, to, is_increment: true })
}

/// A rebuild takes away the rows of the generation before: what was read since may be a part of them. It is tried again.
pub(super) async fn are_still(reads: &impl Reads, range: FactRange) -> Result<(), Fault> {
    let generation = export_facts::current(reads).await?.map_or(0, |(generation, _)| generation);
    if generation == range.generation {
        return Ok(());
    }
    Err(Fault::Broken("demand facts were made anew while they were exported".to_owned()))
}

/// Adds the digest of the file to an export of demand facts, once the file is whole.
pub(super) fn sealed(reading: FileReading, made: Option<&Made>) -> FileReading {
    let sha256 = made.and_then(Made::sha256);
    FileReading { facts: reading.facts.map(|manifest| FactManifest { sha256, ..manifest }), ..reading }
}

/// What somebody may see of a noun.
pub(super) fn export_scope(caller: &Caller, noun: Noun, (head, facts): (i64, Option<FactRange>)) -> Result<ExportScope, Halt> {
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
