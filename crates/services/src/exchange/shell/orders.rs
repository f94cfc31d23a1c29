//! A chunk of orders, each placed under an idempotency key of its own, several at a time: a worker
//! that takes over from a dead one gets the first answers again.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt, stream::FuturesOrdered};
use iam::access::{Caller, Permit, kind, permit};
use inventory::{
    catalog::rows::merge::merged_customers,
    ledger::{Mode, Stop},
    orders::{
        core::Order,
        rows::{OrderName, order_id, orders},
        shell::order_create,
    },
    stock::core::{Reason, Rejection},
};
use platform::{jobs::Lease, storage::Fault};

use super::{apply::key_of, halt::Halt, order_rows::ParsedOrder, service::Exchange};
use crate::exchange::{
    core::{
        Counts, Earnest, ImportOptions, Mode as RowMode, Noun, OrderRefusal, Refusal, Refused, Run,
        orders::{OrderDefects, group_orders},
        record::{Record, ResolvedNames},
    },
    rows::resolved_names::{DIRECT, resolved_names},
};

/// Outcome of an order.
enum OrderOutcome {
    Made,
    /// By this import, just before its worker died.
    MadeBefore,
    /// The order existed already.
    Known,
    Refused(Vec<Refused>),
}

/// Context of an import of orders.
#[derive(Clone, Copy)]
struct ImportContext<'a> {
    lease: Lease,
    run: &'a Run,
    options: &'a ImportOptions,
    permit: &'a Permit<kind::OrderWrite>,
    names: &'a ResolvedNames,
    /// Whether it was noted that the import got on in this chunk.
    is_noted: &'a AtomicBool,
}

/// Orders of a file that are submitted to the ledger at once, so that they share its transactions.
/// A tenant's other commands wait for no more than these.
const ORDERS_AT_ONCE: usize = 16;

impl Exchange {
    async fn record_progress(&self, lease: Lease, run: &Run) -> Result<(), Fault> {
        let work = self.0.db.global().maintenance_for(run.tenant).await?;
        lease.record_progress(&work).await?;
        work.commit().await
    }

    pub(super) async fn apply_orders(
        &self,
        (lease, run): (Lease, &Run),
        (options, caller, unfit): (&ImportOptions, &Caller, &OrderDefects),
        rows: &[Record],
    ) -> Result<(Counts, Vec<Refused>), Halt> {
        let permit = permit::<kind::OrderWrite>(caller)?;
        let mut names = resolved_names(&self.0.db.tenant(run.tenant), Noun::Orders, rows).await?;
        names.decimal = options.decimal;
        if permit.also::<kind::CustomerRead>().is_err() {
            // The caller may not learn whether a customer of that name exists.
            names.customers.clear();
        }
        // The ledger's terms are read once, and cached for a minute, which is longer than a chunk
        // takes. With cached terms an order is submitted to the ledger when its future is first
        // polled, and the ledger decides in that order: if two orders want the last unit, the first
        // in the file gets it.
        self.0.ledger.refresh_terms(&self.0.db.tenant(run.tenant)).await?;
        // A dry run progresses by whole chunks only, because it stores no orders.
        let is_dry = options.earnest == Earnest::DryRun;
        let at_once = if is_dry { 1 } else { ORDERS_AT_ONCE };
        let terms = ImportContext { lease, run, options, permit: &permit, names: &names, is_noted: &AtomicBool::new(is_dry) };
        let (mut counts, mut refused) = (Counts::default(), Vec::new());
        let (mut groups, mut placing) = (group_orders(rows).into_iter(), FuturesOrdered::new());
        loop {
            while placing.len() < at_once
                && let Some(group) = groups.next()
            {
                placing.push_back(self.fate(terms, unfit, group));
            }
            let Some(placed) = placing.next().await else { break };
            let (group, fate) = placed?;
            let count = group.len() as i64;
            match fate {
                OrderOutcome::Made | OrderOutcome::MadeBefore => counts.created += count,
                OrderOutcome::Known => counts.unchanged += count,
                OrderOutcome::Refused(why) => {
                    counts.refused += count;
                    refused.extend(refuse_all_rows(group, why));
                }
            }
        }
        Ok((counts, refused))
    }

    async fn fate<'r>(
        &self,
        terms: ImportContext<'_>,
        unfit: &OrderDefects,
        group: &'r [Record],
    ) -> Result<(&'r [Record], OrderOutcome), Halt> {
        let fate = match unfit.of(group) {
            Some(why) => {
                let why = Refusal::Order(OrderRefusal::Unfit(why));
                OrderOutcome::Refused(vec![Refused::new(group[0].number, "externalRef", why)])
            }
            None => Box::pin(self.place(terms, group)).await?,
        };
        // The order is committed, though its chunk is not finished yet: a later death of the worker
        // counts as one at another position. While this is stored, no more orders are started than
        // run at once; those continue, because a future that is not polled might hold the
        // connection that this one waits for.
        if matches!(fate, OrderOutcome::Made) && !terms.is_noted.swap(true, Ordering::Relaxed) {
            self.record_progress(terms.lease, terms.run).await?;
        }
        Ok((group, fate))
    }

    async fn place(&self, terms: ImportContext<'_>, rows: &[Record]) -> Result<OrderOutcome, Halt> {
        let said = match ParsedOrder::read(rows, terms.names) {
            Ok(said) => said,
            Err(refused) => return Ok(OrderOutcome::Refused(refused)),
        };
        let input = match may_price(terms.permit, &said).and_then(|()| said.order(key_of(terms.run, rows))) {
            Ok(input) => input,
            // The order may exist already, with the values of an export.
            Err(why) => return Ok(self.compare(terms, &said).await?.unwrap_or_else(|| OrderOutcome::Refused(vec![why]))),
        };
        let mode = if terms.options.earnest == Earnest::DryRun { Mode::Validate } else { Mode::Commit };
        let placing = Box::pin(order_create(&self.0.ledger, terms.permit.clone(), input, mode));
        let why = match self.run_as_requester(terms.run, "import.orders", placing).await {
            Ok(receipt) if receipt.stored.is_some() => return Ok(OrderOutcome::MadeBefore),
            Ok(_) => return Ok(OrderOutcome::Made),
            Err(Stop::Refused(why)) => why,
            Err(Stop::Denied(denied)) => return Err(denied.into()),
            Err(Stop::Fault(fault)) => return Err(fault.into()),
        };
        match why.as_slice() {
            // The order was placed just before its worker died, and the names in its rows resolve
            // to other IDs now: it exists.
            [Rejection { why: Reason::KeyReused, .. }] => return Ok(OrderOutcome::Known),
            // The order may exist. The check for a used reference comes after those of its lines,
            // which may have changed since.
            _ if terms.options.mode == RowMode::Upsert => {
                if let Some(fate) = self.compare(terms, &said).await? {
                    return Ok(fate);
                }
            }
            _ => {}
        }
        let told = why.iter().map(|one| said.refused(self.0.refusal_text.of_stock(&one.why), one.at));
        Ok(OrderOutcome::Refused(told.collect()))
    }

    /// Returns the outcome of rows whose order exists; None if there is none that the maker may
    /// see.
    async fn compare(&self, terms: ImportContext<'_>, said: &ParsedOrder) -> Result<Option<OrderOutcome>, Fault> {
        let direct = terms.names.channels.get(DIRECT).copied();
        let channel = said.channel.or(terms.permit.channel()).or(direct);
        let name = match (&said.reference, channel) {
            (Ok(reference), Some(channel)) if !reference.contains('\0') => OrderName::External(channel, reference.clone()),
            (Err(number), _) => OrderName::Number(*number),
            _ => return Ok(None),
        };
        let Some(mut order) = self.order_named(terms, &name).await? else { return Ok(None) };
        if let (Some(customer), Some(own)) = (said.customer, order.customer)
            && customer != own
            && merged_customers(&self.0.db.tenant(terms.run.tenant), &[customer]).await?.contains(&(customer, own))
        {
            // The row refers to the survivor that the order's customer was merged into.
            order.customer = said.customer;
        }
        if terms.options.mode == RowMode::Create {
            let why = OrderRefusal::Known { number: order.number };
            let refused = Refused::new(said.first(), "externalRef", Refusal::Order(why));
            return Ok(Some(OrderOutcome::Refused(vec![refused])));
        }
        Ok(Some(said.difference(&order).map_or(OrderOutcome::Known, |refused| OrderOutcome::Refused(vec![refused]))))
    }

    async fn order_named(&self, terms: ImportContext<'_>, name: &OrderName) -> Result<Option<Order>, Fault> {
        let scope = self.0.db.tenant(terms.run.tenant);
        let Some(id) = order_id(&scope, name).await? else { return Ok(None) };
        let found = orders(&scope, &[id]).await?.pop();
        Ok(found.filter(|order| terms.permit.covers_document(order.store, order.channel)))
    }
}

fn may_price(permit: &Permit<kind::OrderWrite>, said: &ParsedOrder) -> Result<(), Refused> {
    let Some(at) = said.first_priced_row().filter(|_| permit.also::<kind::OrderPrice>().is_err()) else { return Ok(()) };
    Err(Refused::new(at, "unitPrice", Refusal::Order(OrderRefusal::Priced)))
}

/// A refusal for each row of an order: rows without one of their own refer to the first refused
/// row.
fn refuse_all_rows(rows: &[Record], why: Vec<Refused>) -> Vec<Refused> {
    let Some(first) = why.iter().min_by_key(|refused| refused.number).cloned() else { return Vec::new() };
    let mut left = why;
    rows.iter()
        .map(|row| {
            if let Some(at) = left.iter().position(|refused| refused.number == row.number) {
                return left.swap_remove(at);
            }
            let why = OrderRefusal::AsAWhole { row: first.number, why: Box::new(first.why.clone()) };
            Refused::new(row.number, "", Refusal::Order(why))
        })
        .collect()
}
