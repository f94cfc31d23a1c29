//! Facts beside orders that rules for holds use: read once for a batch, and only if a rule uses
//! them.

use std::collections::{HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{customer, product},
};
use platform::storage::{Fault, Finds, Reads, Row};

use super::{
    detail::{details, open_personal},
    holds::holds_by_rules,
};
use crate::{
    catalog::{core::text::fold, rows::merge::merged_customers},
    orders::core::{AddressFacts, CustomerFacts, HoldRule, Personal, RuleFacts, RuleFields},
};

/// Orders that are checked against rules, with their customers and products.
#[derive(Debug, Clone, Default)]
pub struct RuleSubjects {
    /// Orders that exist.
    pub orders: Vec<OrderId>,
    pub customers: Vec<CustomerId>,
    pub products: Vec<ProductId>,
}

/// Reads the facts that these rules use.
pub async fn rule_facts(reads: &impl Reads, rules: &[HoldRule], subjects: &RuleSubjects) -> Result<RuleFacts, Fault> {
    let any_rule = |has_condition: fn(&RuleFields) -> bool| rules.iter().any(|rule| has_condition(&rule.fields));
    let mut facts = RuleFacts::default();
    if rules.is_empty() {
        return Ok(facts);
    }
    facts.set = holds_by_rules(reads, &subjects.orders).await?;
    if any_rule(|rule| rule.lacks_address || rule.more.is_billed_elsewhere) {
        facts.whereabouts = load_address_facts(reads, &subjects.orders).await?;
    }
    if any_rule(|rule| rule.more.is_new_customer || !rule.more.customer_tags.is_empty()) {
        facts.customers = customers(reads, subjects).await?;
    }
    if any_rule(|rule| !rule.more.product_tags.is_empty()) {
        facts.product_tags = product_tags(reads, &subjects.products).await?;
    }
    Ok(facts)
}

/// Reads the facts of the orders' addresses. The addresses are decrypted here, and nothing else of
/// them is returned.
async fn load_address_facts(reads: &impl Reads, orders: &[OrderId]) -> Result<HashMap<OrderId, AddressFacts>, Fault> {
    let unknown_facts = AddressFacts { lacks_address: true, billing_country: None };
    let mut facts_by_order: HashMap<OrderId, AddressFacts> = orders.iter().map(|order| (*order, unknown_facts.clone())).collect();
    for detail in details(reads, orders).await? {
        let personal = match &detail.personal {
            Some(sealed) => open_personal(reads, detail.order, sealed)?,
            None => Personal::default(),
        };
        facts_by_order.insert(detail.order, AddressFacts::of(&personal, detail.delivery_method));
    }
    Ok(facts_by_order)
}

/// A customer, and the tags of the one that it is merged into.
#[derive(Record)]
struct TaggedCustomer {
    #[record(of = customer, alias = "c")]
    id: CustomerId,
    #[record(of = customer, alias = "c")]
    merged_into: Option<CustomerId>,
    #[record(of = customer, alias = "c")]
    tags: String,
    #[record(of = customer, alias = "p", column = "tags", outer)]
    root_tags: Option<String>,
}

/// Reads the facts of customers. Customers that were merged count as one.
async fn customers(reads: &impl Reads, subjects: &RuleSubjects) -> Result<HashMap<CustomerId, CustomerFacts>, Fault> {
    if subjects.customers.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM customer c LEFT JOIN customer p ON p.tenant_id = $1 AND p.id = c.merged_into
         WHERE c.tenant_id = $1 AND {}",
        TaggedCustomer::SELECT,
        backend.in_ids("c.id", 2)
    );
    let rows = reads.records::<TaggedCustomer>(&sql, vec![backend.ids(subjects.customers.iter().copied())]).await?;
    let mut tagged: Vec<(CustomerId, CustomerId, Vec<String>)> = Vec::with_capacity(rows.len());
    for TaggedCustomer { id, merged_into, tags, root_tags } in rows {
        let tags =
            parse_folded_tags(&tags).into_iter().chain(root_tags.iter().flat_map(|tags| parse_folded_tags(tags))).collect();
        tagged.push((id, merged_into.unwrap_or(id), tags));
    }
    let roots: Vec<CustomerId> = tagged.iter().map(|(_, root, _)| *root).collect();
    let mut root_members: Vec<(CustomerId, CustomerId)> = roots.iter().map(|root| (*root, *root)).collect();
    root_members.extend(merged_customers(reads, &roots).await?);
    let members: Vec<CustomerId> = root_members.iter().map(|(_, member)| *member).collect();
    let bought = load_earlier_buyers(reads, &members, &subjects.orders).await?;
    let buyer_roots: HashSet<CustomerId> =
        root_members.iter().filter(|(_, member)| bought.contains(member)).map(|(root, _)| *root).collect();
    let facts = |(id, root, tags): (CustomerId, CustomerId, Vec<String>)| {
        (id, CustomerFacts { tags, has_bought: buyer_roots.contains(&root) })
    };
    Ok(tagged.into_iter().map(facts).collect())
}

/// Returns the customers who have received goods of an order other than these.
async fn load_earlier_buyers(
    reads: &impl Reads,
    customers: &[CustomerId],
    excluded_orders: &[OrderId],
) -> Result<HashSet<CustomerId>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT c.id FROM customer c WHERE c.tenant_id = $1 AND {of} AND EXISTS (SELECT 1 FROM sales_order o
           WHERE o.tenant_id = $1 AND o.customer_id IS NOT NULL AND o.customer_id = c.id
             AND o.status IN ('PARTIALLY_FULFILLED', 'FULFILLED', 'CLOSED') AND NOT ({excluded_orders}))",
        of = backend.in_ids("c.id", 2),
        excluded_orders = backend.in_ids("o.id", 3)
    );
    let values = vec![backend.ids(customers.iter().copied()), backend.ids(excluded_orders.iter().copied())];
    reads.rows(&sql, values).await?.iter().map(Row::scalar).collect()
}

#[derive(Record)]
#[record(of = product, alias = "p")]
struct TaggedProduct {
    id: ProductId,
    tags: String,
}

/// Returns the tags of products that have any.
async fn product_tags(reads: &impl Reads, products: &[ProductId]) -> Result<HashMap<ProductId, Vec<String>>, Fault> {
    if products.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let (select, condition) = (TaggedProduct::SELECT, backend.in_ids("p.id", 2));
    let sql = format!("SELECT {select} FROM product p WHERE p.tenant_id = $1 AND {condition} AND p.tags <> '[]'");
    let rows = reads.records::<TaggedProduct>(&sql, vec![backend.ids(products.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.id, parse_folded_tags(&row.tags))).collect())
}

/// Returns the tags of a JSON list, folded.
fn parse_folded_tags(tags: &str) -> Vec<String> {
    let tags: Vec<String> = serde_json::from_str(tags).unwrap_or_default();
    tags.iter().map(|tag| fold(tag)).collect()
}
