//! Orders as documents of the ledger.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use entity::prelude::*;
use platform::{
    audit::Target,
    storage::{
        Fault, TenantScope,
        journal::{Counter, CounterRequest, NewEvent, Numbered},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    audit_log::order_changes,
    core::{BuyerFacts, Hint, HoldRule, Line, Order, OrderBook, OrderDecision, OrderFact, OrderNeeds},
    events::{ORDER_UPDATED, OrderEvent, OrderPlace, payload, shortened_order_event},
    rows,
};
use crate::{
    ledger::{Books, Decision, Document, DocumentPhase, Needs, Rows, Source},
    stock::core::LevelKey,
};

/// Orders as a kind of document.
pub struct Orders;

/// Existing channels and customers; channels with the time since which they are archived.
#[derive(Debug, Default)]
pub struct Names {
    channels: HashMap<ChannelId, Option<Timestamp>>,
    customers: HashMap<CustomerId, BuyerFacts>,
    /// The rules that set holds; None before the first use. Each change of a rule takes an event
    /// number of the tenant, so a lane with stale rules no longer matches the head, and discards
    /// its state.
    hold_rules: Option<Vec<HoldRule>>,
}

/// Maximum customers and channels of a tenant that are cached.
const MAX_CACHED_NAMES: usize = 10_000;

/// Part of a receipt about orders.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredOrder {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// The hold that was set or lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldId>,
    /// Hints about the edit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<Hint>,
}

#[async_trait]
impl Document for Orders {
    type Needs = OrderNeeds;
    type Book = OrderBook;
    type Decision = OrderDecision;
    type Memory = Names;
    type Stored = StoredOrder;

    const LOCK_PHASE: DocumentPhase = DocumentPhase::BeforeLots;
    const NUMBER_PHASE: DocumentPhase = DocumentPhase::BeforeLots;

    fn needs_locks(needs: &OrderNeeds) -> bool {
        needs.needs_locks()
    }

    /// Adds the levels that orders are on now, as an edit may have added lines and stores since the
    /// command was created, and those of the parts of kits that are sold or returned. Reads nothing
    /// if nothing is sold.
    async fn expand(reads: &Source<'_>, needs: &mut Needs, books: &mut Books) -> Result<(), Fault> {
        let orders: Vec<OrderId> = needs.held_by_orders.iter().copied().collect();
        if !orders.is_empty() {
            let leaves_from = needs.documents.read(|document_needs: &OrderNeeds| document_needs.leaves_from.clone());
            let stocked = rows::load_stocked_levels(reads, &orders).await?;
            books.with(|book: &mut OrderBook| book.wanted = stocked.wanted);
            for (order, key) in stocked.levels {
                let leaving = leaves_from.iter().filter(|(id, _)| *id == order);
                needs.levels.extend(leaving.map(|(_, store)| LevelKey { store: *store, ..key }));
                needs.levels.insert(key);
            }
        }
        let Some(document_needs) = needs.documents.get::<OrderNeeds>().filter(|document_needs| !document_needs.goods.is_empty())
        else {
            return Ok(());
        };
        let kits = rows::kits(reads, document_needs.goods.iter().map(|key| key.product)).await?;
        for key in document_needs.goods.iter().filter(|key| kits.contains_key(&key.product)) {
            let parts = kits[&key.product].iter().map(|part| LevelKey { product: part.product, store: key.store });
            let parts: Vec<LevelKey> = parts.collect();
            if needs.holds_on.contains(key) {
                needs.holds_on.extend(&parts);
            }
            needs.levels.extend(parts);
        }
        books.with(|book: &mut OrderBook| book.kits = kits);
        Ok(())
    }

    async fn load(reads: &Source<'_>, needs: &OrderNeeds, book: &mut OrderBook) -> Result<(), Fault> {
        let ids: Vec<OrderId> = needs.orders.iter().copied().collect();
        let orders = match reads {
            _ if ids.is_empty() => Vec::new(),
            Source::Locked(work) => rows::lock_orders(*work, &ids).await?,
            Source::Committed(scope) => rows::orders(*scope, &ids).await?,
        };
        let needs_holds = |order: &&Order| !order.hold_kinds.is_empty() && needs.holds.contains(&order.id);
        let held_orders: Vec<OrderId> = orders.iter().filter(needs_holds).map(|order| order.id).collect();
        book.holds = rows::active_holds_by_order(reads, &held_orders).await?;
        book.orders = orders.into_iter().map(|order| (order.id, order)).collect();
        for order in &needs.resourced {
            book.drafted.extend(rows::load_draft_sourcing(reads, *order).await?.map(|sourcing| (*order, sourcing)));
        }
        let details: Vec<OrderId> = needs.details.iter().copied().collect();
        book.details = rows::details(reads, &details).await?.into_iter().map(|detail| (detail.order, detail)).collect();
        let invoiced: Vec<OrderId> = needs.invoiced.iter().copied().collect();
        book.invoiced = rows::load_invoiced(reads, &invoiced).await?;
        Ok(())
    }

    async fn load_names(reads: &Source<'_>, needs: &OrderNeeds, book: &mut OrderBook) -> Result<(), Fault> {
        let channels: Vec<ChannelId> = needs.channels.iter().copied().collect();
        book.channels = rows::existing_channels(reads, &channels).await?;
        let customers: Vec<CustomerId> = needs.customers.iter().copied().collect();
        book.customers = rows::existing_customers(reads, &customers).await?;
        let stores: Vec<StoreId> = needs.stores.iter().copied().collect();
        book.stores = rows::store_facts(reads, &stores).await?;
        let kept_refs = needs.rechannelled.iter().filter_map(|id| book.orders.get(id)?.external_ref.clone());
        let kept_refs: Vec<String> = kept_refs.collect();
        let references: Vec<&str> = needs.order_refs.iter().chain(&kept_refs).map(String::as_str).collect();
        book.taken_refs = rows::existing_order_references(reads, &references).await?;
        book.hold_rules = rows::rules_in_force(reads, needs.hold_rules).await?;
        book.facts = rows::rule_facts(reads, &book.hold_rules, &find_rule_subjects(needs, &book.orders)).await?;
        Ok(())
    }

    async fn plan(scope: &TenantScope, needs: &OrderNeeds, names: &mut Names) -> Result<OrderBook, Fault> {
        if names.channels.len() + names.customers.len() > MAX_CACHED_NAMES {
            *names = Names::default();
        }
        let channels: Vec<ChannelId> = needs.channels.iter().filter(|id| !names.channels.contains_key(id)).copied().collect();
        let customers: Vec<CustomerId> = needs.customers.iter().filter(|id| !names.customers.contains_key(id)).copied().collect();
        let stores: Vec<StoreId> = needs.stores.iter().copied().collect();
        let references: Vec<&str> = needs.order_refs.iter().map(String::as_str).collect();
        let needs_rules = needs.hold_rules && names.hold_rules.is_none();
        let (channels, customers, stores, taken_refs, rules) = tokio::try_join!(
            rows::existing_channels(scope, &channels),
            rows::existing_customers(scope, &customers),
            rows::store_facts(scope, &stores),
            rows::existing_order_references(scope, &references),
            rows::rules_in_force(scope, needs_rules),
        )?;
        names.channels.extend(channels);
        names.customers.extend(customers);
        if needs_rules {
            names.hold_rules = Some(rules);
        }
        let hold_rules = names.hold_rules.clone().filter(|_| needs.hold_rules).unwrap_or_default();
        let channels = needs.channels.iter().filter_map(|id| Some((*id, *names.channels.get(id)?))).collect();
        let known_customer = |id: &CustomerId| Some((*id, names.customers.get(id)?.clone()));
        let customers = needs.customers.iter().filter_map(known_customer).collect();
        let facts = rows::rule_facts(scope, &hold_rules, &find_rule_subjects(needs, &HashMap::new())).await?;
        Ok(OrderBook { taken_refs, channels, customers, stores, hold_rules, facts, ..OrderBook::default() })
    }

    /// Adds the orders whose reservations were shortened by a command.
    async fn complete(reads: &Source<'_>, books: &Books, decisions: &mut [(usize, Decision)]) -> Result<(), Fault> {
        let ids: BTreeSet<OrderId> = decisions.iter().flat_map(|(_, decision)| &decision.stock.gave_way).copied().collect();
        if ids.is_empty() {
            return Ok(());
        }
        let mut orders = rows::orders(reads, &ids.into_iter().collect::<Vec<_>>()).await?;
        for order in &mut orders {
            // The batch's book has the orders that the batch itself changed.
            if let Some(now) = books.get::<OrderBook>().and_then(|book| book.orders.get(&order.id)) {
                order.clone_from(now);
            }
        }
        for (_, decision) in decisions.iter_mut().filter(|(_, decision)| !decision.stock.gave_way.is_empty()) {
            let short = orders.iter().filter(|order| decision.stock.gave_way.contains(&order.id)).cloned().collect();
            decision.documents.with(|order_decision: &mut OrderDecision| order_decision.shortened = short);
        }
        Ok(())
    }

    fn evolve(book: &mut OrderBook, decision: &OrderDecision) {
        book.evolve(decision);
    }

    fn facts(decision: &OrderDecision) -> usize {
        decision.events.len() + decision.shortened.len()
    }

    fn request_numbers(decision: &OrderDecision, request: CounterRequest) -> CounterRequest {
        decision.orders.iter().fold(request, |request, order| order.number.request_numbers(Numbered::Order, request))
    }

    fn number(decision: &mut OrderDecision, counter: &mut Counter) {
        decision.orders.iter_mut().for_each(|order| order.number.assign(Numbered::Order, counter));
    }

    fn events(decision: &OrderDecision) -> Vec<NewEvent> {
        let changed = decision.events.iter().filter_map(|fact| order_event(fact, &decision.orders, decision.moved_from()));
        changed.chain(decision.shortened.iter().map(shortened_order_event)).collect()
    }

    fn rows(tenant: TenantId, decisions: &[&OrderDecision], now: Timestamp) -> Rows {
        let mut orders: BTreeMap<OrderId, &Order> = BTreeMap::new();
        let mut created = rows::CreatedRows::default();
        for decision in decisions {
            orders.extend(decision.orders.iter().map(|order| (order.id, order)));
            created.orders.extend(decision.events.iter().filter(|fact| fact.before.is_none()).map(|fact| fact.order));
            created.lines.extend(&decision.added);
            created.moved_orders.extend(decision.moved_from().map(|order| order.id));
        }
        let orders: Vec<&Order> = orders.into_values().collect();
        let fulfilments: Vec<_> = decisions.iter().flat_map(|decision| &decision.fulfilments).collect();
        let mut written_rows = Rows::default();
        written_rows.heads.extend(rows::order_rows(tenant, &orders, &created));
        written_rows.heads.push(rows::draft_sourcing_rows(tenant, decisions.iter().flat_map(|decision| &decision.drafted)));
        written_rows.heads.extend(rows::sourcing_change_rows(tenant, decisions.iter().flat_map(|decision| &decision.resourced)));
        written_rows.rest.extend(rows::fulfilment_rows(tenant, &fulfilments, now));
        let rematched = decisions.iter().flat_map(|decision| &decision.rematched);
        written_rows.rest.extend(rows::hold_rows(tenant, decisions.iter().flat_map(|decision| &decision.holds), rematched));
        written_rows.rest.extend(rows::detail_rows(tenant, decisions.iter().flat_map(|decision| &decision.details), now));
        written_rows.rest.push(rows::step_rows(tenant, decisions, now));
        written_rows
    }

    fn target(decision: &OrderDecision) -> Option<Target> {
        decision.orders.first().map(|order| Target::of(order.id))
    }

    fn field_changes(decision: &OrderDecision) -> Vec<Value> {
        order_changes(decision)
    }

    fn stored_part(decision: &OrderDecision) -> StoredOrder {
        StoredOrder {
            order: decision.orders.first().map(|order| order.id),
            hold: decision.holds.first().map(|hold| hold.id),
            hints: decision.hints.clone(),
        }
    }
}

/// Returns the orders, customers and products whose facts the rules that set holds need, for new
/// orders and for these existing ones.
fn find_rule_subjects(needs: &OrderNeeds, orders: &HashMap<OrderId, Order>) -> rows::RuleSubjects {
    if !needs.hold_rules {
        return rows::RuleSubjects::default();
    }
    let judged_orders = || needs.judged.iter().filter_map(|id| orders.get(id));
    let customers: BTreeSet<CustomerId> =
        needs.customers.iter().copied().chain(judged_orders().filter_map(|order| order.customer)).collect();
    let ordered = judged_orders().flat_map(|order| order.lines.iter().filter_map(Line::product));
    let products: BTreeSet<ProductId> = needs.goods.iter().map(|key| key.product).chain(ordered).collect();
    rows::RuleSubjects {
        orders: needs.judged.iter().copied().collect(),
        customers: customers.into_iter().collect(),
        products: products.into_iter().collect(),
    }
}

/// Returns the event of a fact about one of these orders; if an edit moved the order, `previous` has
/// it as it was before.
fn order_event(fact: &OrderFact, orders: &[Order], previous: Option<&Order>) -> Option<NewEvent> {
    let order = orders.iter().find(|candidate| candidate.id == fact.order)?;
    let changed = fact.changed.iter().map(|field| (*field).to_owned()).collect();
    let is_elsewhere = |from: &&Order| from.id == order.id && (from.store, from.channel) != (order.store, order.channel);
    let previous = previous.filter(|_| fact.kind == ORDER_UPDATED).filter(is_elsewhere);
    let moved_from = previous.map(|from| OrderPlace { store: from.store, channel: from.channel });
    Some(fact.kind.event(&OrderEvent { changed, moved_from, ..payload(order, fact.before) }))
}
