//! A chunk of orders, each placed under a key of its own, some at once: whoever takes over from a dead worker gets the first answers again.

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

use super::{Exchange, Halt, apply::key_of, order_rows::Said};
use crate::exchange::{
    core::{
        Counts, Earnest, ImportOptions, Mode as RowMode, Noun, OrderRefusal, Refusal, Refused, Run,
        fields::{Record, ResolvedNames},
        orders::{Unfits, grouped},
    },
    rows::resolved_names::{DIRECT, resolved_names},
};

/// What became of an order.
enum Fate {
    Made,
    /// By this import, just before its worker died.
    MadeBefore,
    /// It was there.
    Known,
    Refused(Vec<Refused>),
}

/// What an import of orders goes by.
#[derive(Clone, Copy)]
struct Terms<'a> {
    lease: Lease,
    run: &'a Run,
    options: &'a ImportOptions,
    permit: &'a Permit<kind::OrderWrite>,
    names: &'a ResolvedNames,
    /// Whether it was noted that the import got on in this chunk.
    is_noted: &'a AtomicBool,
}

/// Orders of a file that the ledger has at once, so that they share its transactions. A tenant's other commands wait behind no more of them.
const ORDERS_AT_ONCE: usize = 16;

impl Exchange {
    async fn progressed(&self, lease: Lease, run: &Run) -> Result<(), Fault> {
        let work = self.0.db.global().maintenance_for(run.tenant).await?;
        lease.progressed(&work).await?;
        work.commit().await
    }

    pub(super) async fn apply_orders(
        &self,
        (lease, run): (Lease, &Run),
        (options, caller, unfit): (&ImportOptions, &Caller, &Unfits),
        rows: &[Record],
    ) -> Result<(Counts, Vec<Refused>), Halt> {
        let permit = permit::<kind::OrderWrite>(caller)?;
        let mut names = resolved_names(&self.0.db.tenant(run.tenant), Noun::Orders, rows).await?;
        names.decimal = options.decimal;
        if permit.also::<kind::CustomerRead>().is_err() {
            // Whether there is a customer of that name is not theirs to find out.
            names.customers.clear();
        }
        // What an order's terms are is read once, and kept for a minute, which a chunk does not take. With them at hand an order is handed to the ledger the
        // first time its future is polled, and the ledger decides in that order: of two orders that want the last of something the first in the file has it.
        self.0.ledger.renew_terms(&self.0.db.tenant(run.tenant)).await?;
        // A dry run gets on by whole chunks alone: nothing of it is there.
        let is_dry = options.earnest == Earnest::DryRun;
        let at_once = if is_dry { 1 } else { ORDERS_AT_ONCE };
        let terms = Terms { lease, run, options, permit: &permit, names: &names, is_noted: &AtomicBool::new(is_dry) };
        let (mut counts, mut refused) = (Counts::default(), Vec::new());
        let (mut groups, mut placing) = (grouped(rows).into_iter(), FuturesOrdered::new());
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
                Fate::Made | Fate::MadeBefore => counts.created += count,
                Fate::Known => counts.unchanged += count,
                Fate::Refused(why) => {
                    counts.refused += count;
                    refused.extend(whole(group, why));
                }
            }
        }
        Ok((counts, refused))
    }

    async fn fate<'r>(&self, terms: Terms<'_>, unfit: &Unfits, group: &'r [Record]) -> Result<(&'r [Record], Fate), Halt> {
        let fate = match unfit.of(group) {
            Some(why) => {
                let why = Refusal::Order(OrderRefusal::Unfit(why));
                Fate::Refused(vec![Refused::new(group[0].number, "externalRef", why)])
            }
            None => Box::pin(self.place(terms, group)).await?,
        };
        // It is there for good, though its chunk is not done yet: whoever dies from now on died at another place. While this is noted, no more orders are
        // begun than go at once; those go on, because one that is not polled might hold the connection that this waits for.
        if matches!(fate, Fate::Made) && !terms.is_noted.swap(true, Ordering::Relaxed) {
            self.progressed(terms.lease, terms.run).await?;
        }
        Ok((group, fate))
    }

    async fn place(&self, terms: Terms<'_>, rows: &[Record]) -> Result<Fate, Halt> {
        let said = match Said::read(rows, terms.names) {
            Ok(said) => said,
            Err(refused) => return Ok(Fate::Refused(refused)),
        };
        let input = match may_price(terms.permit, &said).and_then(|()| said.order(key_of(terms.run, rows))) {
            Ok(input) => input,
            // It may be one that is there, as an export told of it.
            Err(why) => return Ok(self.compare(terms, &said).await?.unwrap_or_else(|| Fate::Refused(vec![why]))),
        };
        let mode = if terms.options.earnest == Earnest::DryRun { Mode::Validate } else { Mode::Commit };
        let placing = Box::pin(order_create(&self.0.ledger, terms.permit.clone(), input, mode));
        let why = match self.as_maker(terms.run, "import.orders", placing).await {
            Ok(receipt) if receipt.stored.is_some() => return Ok(Fate::MadeBefore),
            Ok(_) => return Ok(Fate::Made),
            Err(Stop::Refused(why)) => why,
            Err(Stop::Denied(denied)) => return Err(denied.into()),
            Err(Stop::Fault(fault)) => return Err(fault.into()),
        };
        match why.as_slice() {
            // The names in its rows stand for something else than when it was placed, just before its worker died: it is there.
            [Rejection { why: Reason::KeyReused, .. }] => return Ok(Fate::Known),
            // It may be there. That its reference is taken is told behind what its lines name and say, which may have changed since.
            _ if terms.options.mode == RowMode::Upsert => {
                if let Some(fate) = self.compare(terms, &said).await? {
                    return Ok(fate);
                }
            }
            _ => {}
        }
        let told = why.iter().map(|one| said.refused(self.0.refusal_text.of_stock(&one.why), one.at));
        Ok(Fate::Refused(told.collect()))
    }

    /// What becomes of rows whose order is there; None where there is none that the maker may know of.
    async fn compare(&self, terms: Terms<'_>, said: &Said) -> Result<Option<Fate>, Fault> {
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
            // An export has the reference of the one that the order was made for, which names the survivor.
            order.customer = said.customer;
        }
        if terms.options.mode == RowMode::Create {
            let why = OrderRefusal::Known { number: order.number };
            let refused = Refused::new(said.first(), "externalRef", Refusal::Order(why));
            return Ok(Some(Fate::Refused(vec![refused])));
        }
        Ok(Some(said.difference(&order).map_or(Fate::Known, |refused| Fate::Refused(vec![refused]))))
    }

    async fn order_named(&self, terms: Terms<'_>, name: &OrderName) -> Result<Option<Order>, Fault> {
        let scope = self.0.db.tenant(terms.run.tenant);
        let Some(id) = order_id(&scope, name).await? else { return Ok(None) };
        let found = orders(&scope, &[id]).await?.pop();
        Ok(found.filter(|order| terms.permit.covers_document(order.store, order.channel)))
    }
}

fn may_price(permit: &Permit<kind::OrderWrite>, said: &Said) -> Result<(), Refused> {
    let Some(at) = said.priced().filter(|_| permit.also::<kind::OrderPrice>().is_err()) else { return Ok(()) };
    Err(Refused::new(at, "unitPrice", Refusal::Order(OrderRefusal::Priced)))
}

/// A refusal for each row of an order: those that are about none of its own name the first that is.
fn whole(rows: &[Record], why: Vec<Refused>) -> Vec<Refused> {
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
