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
        Counts, ImportOptions, Mode as RowMode, Noun, OrderRefusal, Refusal, Refused, Run, WriteMode,
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
        (options, caller, order_defects): (&ImportOptions, &Caller, &OrderDefects),
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
        let is_dry = options.earnest == WriteMode::DryRun;
        let concurrency = if is_dry { 1 } else { ORDERS_AT_ONCE };
        let terms = ImportContext { lease, run, options, permit: &permit, names: &names, is_noted: &AtomicBool::new(is_dry) };
        let (mut counts, mut refused) = (Counts::default(), Vec::new());
        let (mut groups, mut placements) = (group_orders(rows).into_iter(), FuturesOrdered::new());
        loop {
            while placements.len() < concurrency
                && let Some(group) = groups.next()
            {
                placements.push_back(self.decide_order(terms, order_defects, group));
            }
            let Some(result) = placements.next().await else { break };
            let (group, outcome) = result?;
            let count = group.len() as i64;
            match outcome {
                OrderOutcome::Made | OrderOutcome::MadeBefore => counts.created += count,
                OrderOutcome::Known => counts.unchanged += count,
                OrderOutcome::Refused(refusals) => {
                    counts.refused += count;
                    refused.extend(refuse_all_rows(group, refusals));
                }
            }
        }
        Ok((counts, refused))
    }

    async fn decide_order<'r>(
        &self,
        terms: ImportContext<'_>,
        order_defects: &OrderDefects,
        group: &'r [Record],
    ) -> Result<(&'r [Record], OrderOutcome), Halt> {
        let outcome = match order_defects.of(group) {
            Some(refusal) => {
                let refusal = Refusal::Order(OrderRefusal::Unfit(refusal));
                OrderOutcome::Refused(vec![Refused::new(group[0].number, "externalRef", refusal)])
            }
            None => Box::pin(self.place_order(terms, group)).await?,
        };
        // The order is committed, though its chunk is not finished yet: a later death of the worker
        // counts as one at another position. While this is stored, no more orders are started than
        // run at once; those continue, because a future that is not polled might hold the
        // connection that this one waits for.
        if matches!(outcome, OrderOutcome::Made) && !terms.is_noted.swap(true, Ordering::Relaxed) {
            self.record_progress(terms.lease, terms.run).await?;
        }
        Ok((group, outcome))
    }

    async fn place_order(&self, terms: ImportContext<'_>, rows: &[Record]) -> Result<OrderOutcome, Halt> {
        let parsed_order = match ParsedOrder::read(rows, terms.names) {
            Ok(parsed_order) => parsed_order,
            Err(refused) => return Ok(OrderOutcome::Refused(refused)),
        };
        let input = match may_price(terms.permit, &parsed_order).and_then(|()| parsed_order.order(key_of(terms.run, rows))) {
            Ok(input) => input,
            // The order may exist already, with the values of an export.
            Err(cause) => {
                return Ok(self.compare(terms, &parsed_order).await?.unwrap_or_else(|| OrderOutcome::Refused(vec![cause])));
            }
        };
        let mode = if terms.options.earnest == WriteMode::DryRun { Mode::Validate } else { Mode::Commit };
        let placing = Box::pin(order_create(&self.0.ledger, terms.permit.clone(), input, mode));
        let cause = match self.run_as_requester(terms.run, "import.orders", placing).await {
            Ok(receipt) if receipt.stored.is_some() => return Ok(OrderOutcome::MadeBefore),
            Ok(_) => return Ok(OrderOutcome::Made),
            Err(Stop::Refused(cause)) => cause,
            Err(Stop::Denied(denied)) => return Err(denied.into()),
            Err(Stop::Fault(fault)) => return Err(fault.into()),
        };
        match cause.as_slice() {
            // The order was placed just before its worker died, and the names in its rows resolve
            // to other IDs now: it exists.
            [Rejection { why: Reason::KeyReused, .. }] => return Ok(OrderOutcome::Known),
            // The order may exist. The check for a used reference comes after those of its lines,
            // which may have changed since.
            _ if terms.options.mode == RowMode::Upsert => {
                if let Some(outcome) = self.compare(terms, &parsed_order).await? {
                    return Ok(outcome);
                }
            }
            _ => {}
        }
        let row_refusals = cause.iter().map(|one| parsed_order.refused(self.0.refusal_text.stock_text(&one.why), one.at));
        Ok(OrderOutcome::Refused(row_refusals.collect()))
    }

    /// Returns the outcome of rows whose order exists; None if there is none that the maker may
    /// see.
    async fn compare(&self, terms: ImportContext<'_>, parsed_order: &ParsedOrder) -> Result<Option<OrderOutcome>, Fault> {
        let direct_channel = terms.names.channels.get(DIRECT).copied();
        let channel = parsed_order.channel.or(terms.permit.channel()).or(direct_channel);
        let name = match (&parsed_order.reference, channel) {
            (Ok(reference), Some(channel)) if !reference.contains('\0') => OrderName::External(channel, reference.clone()),
            (Err(number), _) => OrderName::Number(*number),
            _ => return Ok(None),
        };
        let Some(mut order) = self.find_order(terms, &name).await? else { return Ok(None) };
        if let (Some(customer), Some(order_customer)) = (parsed_order.customer, order.customer)
            && customer != order_customer
            && merged_customers(&self.0.db.tenant(terms.run.tenant), &[customer]).await?.contains(&(customer, order_customer))
        {
            // The row refers to the survivor that the order's customer was merged into.
            order.customer = parsed_order.customer;
        }
        if terms.options.mode == RowMode::Create {
            let refusal = OrderRefusal::Known { number: order.number };
            let refused = Refused::new(parsed_order.first(), "externalRef", Refusal::Order(refusal));
            return Ok(Some(OrderOutcome::Refused(vec![refused])));
        }
        Ok(Some(parsed_order.difference(&order).map_or(OrderOutcome::Known, |refused| OrderOutcome::Refused(vec![refused]))))
    }

    async fn find_order(&self, terms: ImportContext<'_>, name: &OrderName) -> Result<Option<Order>, Fault> {
        let scope = self.0.db.tenant(terms.run.tenant);
        let Some(id) = order_id(&scope, name).await? else { return Ok(None) };
        let stored_order = orders(&scope, &[id]).await?.pop();
        Ok(stored_order.filter(|order| terms.permit.covers_document(order.store, order.channel)))
    }
}

fn may_price(permit: &Permit<kind::OrderWrite>, parsed_order: &ParsedOrder) -> Result<(), Refused> {
    let Some(priced_row) = parsed_order.first_priced_row().filter(|_| permit.also::<kind::OrderPrice>().is_err()) else {
        return Ok(());
    };
    Err(Refused::new(priced_row, "unitPrice", Refusal::Order(OrderRefusal::Priced)))
}

/// A refusal for each row of an order: rows without one of their own refer to the first refused
/// row.
fn refuse_all_rows(rows: &[Record], why: Vec<Refused>) -> Vec<Refused> {
    let Some(first) = why.iter().min_by_key(|refused| refused.number).cloned() else { return Vec::new() };
    let mut remaining = why;
    rows.iter()
        .map(|row| {
            if let Some(at) = remaining.iter().position(|refused| refused.number == row.number) {
                return remaining.swap_remove(at);
            }
            let why = OrderRefusal::AsAWhole { row: first.number, why: Box::new(first.why.clone()) };
            Refused::new(row.number, "", Refusal::Order(why))
        })
        .collect()
}
