//! Filters of orders, compiled to conditions with parameters. A condition is true or false, never
//! unknown, so that `not` means not.

use entity::prelude::*;
use platform::storage::Backend;
use sea_orm::Value;
use uuid::Uuid;

use super::{
    clause::Clause,
    column_tests::{Span, TextTest},
    documents::{DocumentTest, ORDERS},
    leaves::{AllocatedTest, NoteTest, OrderMetadataTest, SearchTest, TagTest, TotalTest},
    status,
};
use crate::orders::core::Order;

/// A condition on orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// Matches everything if the list is empty.
    All(Vec<Self>),
    /// Matches nothing if the list is empty.
    Any(Vec<Self>),
    Not(Box<Self>),
    /// Is one of these; an empty list matches nothing.
    Ids(IdColumn, Vec<Uuid>),
    Status(Vec<OrderStatus>),
    ExternalRef(TextTest),
    Register(TextTest),
    PlacedAt(Span),
    /// Has a hold of one of these kinds.
    Hold(Vec<String>),
    IsHeld(bool),
    /// Has a customer, or none: guests' orders have none.
    HasCustomer(bool),
    Payment(Vec<PaymentStatus>),
    Refund(Vec<RefundStatus>),
    Document(DocumentTest),
    Total(TotalTest),
    /// Has reservations in such a store, or was shipped from there.
    Allocated(AllocatedTest),
    /// Is found by these words.
    Search(SearchTest),
    Note(NoteTest),
    /// Has a tag that passes.
    Tag(TagTest),
    Metadata(OrderMetadataTest),
}
impl Default for Filter {
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

impl Filter {
    /// True if any part tests this column.
    pub fn tests_column(&self, column: IdColumn) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.tests_column(column)),
            Self::Not(part) => part.tests_column(column),
            Self::Ids(ids_column, _) => *ids_column == column,
            Self::HasCustomer(_) => column == IdColumn::Customer,
            Self::Status(_)
            | Self::ExternalRef(_)
            | Self::Register(_)
            | Self::PlacedAt(_)
            | Self::Hold(_)
            | Self::IsHeld(_)
            | Self::Payment(_)
            | Self::Refund(_)
            | Self::Document(_)
            | Self::Total(_)
            | Self::Allocated(_)
            | Self::Search(_)
            | Self::Note(_)
            | Self::Tag(_)
            | Self::Metadata(_) => false,
        }
    }

    /// True if all tests also apply to returns: reports of sales filter both.
    pub fn applies_to_returns(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().all(Self::applies_to_returns),
            Self::Not(part) => part.applies_to_returns(),
            Self::Ids(column, _) => *column != IdColumn::Order,
            Self::Status(_) | Self::ExternalRef(_) | Self::PlacedAt(_) => true,
            _ => false,
        }
    }

    /// True if a search narrows the whole filter.
    pub fn is_searched(&self) -> bool {
        match self {
            Self::All(parts) => parts.iter().any(Self::is_searched),
            Self::Search(_) => true,
            _ => false,
        }
    }

    /// True if the filter tests only the status, and most orders may have one of its statuses.
    pub fn is_of_common_statuses(&self) -> bool {
        match self {
            Self::All(parts) => {
                let mut tests = parts.iter().filter(|part| **part != Self::default());
                tests.next().is_some_and(Self::is_of_common_statuses) && tests.next().is_none()
            }
            Self::Status(statuses) => status::index_condition(statuses).is_none(),
            _ => false,
        }
    }

    /// True if any part tests fields that events of orders do not have: lines, texts, and the
    /// stores of the stock. Events do not have previous times either; the API rejects tests of
    /// those.
    pub fn tests_lines(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::tests_lines),
            Self::Not(part) => part.tests_lines(),
            Self::Document(DocumentTest::Product(_) | DocumentTest::Sku(_) | DocumentTest::Search(_))
            | Self::Allocated(_)
            | Self::Search(_)
            | Self::Note(_)
            | Self::Tag(_)
            | Self::Metadata(_) => true,
            _ => false,
        }
    }

    /// True if any part tests fields that change while an order's status stays: holds, payments,
    /// total and time of the last change.
    pub fn tests_money_or_holds(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::tests_money_or_holds),
            Self::Not(part) => part.tests_money_or_holds(),
            Self::Hold(_) | Self::IsHeld(_) | Self::Payment(_) | Self::Refund(_) | Self::Total(_) => true,
            Self::Document(test) => matches!(test, DocumentTest::UpdatedAt(_)),
            Self::Ids(..)
            | Self::HasCustomer(_)
            | Self::Status(_)
            | Self::ExternalRef(_)
            | Self::Register(_)
            | Self::PlacedAt(_)
            | Self::Allocated(_)
            | Self::Search(_)
            | Self::Note(_)
            | Self::Tag(_)
            | Self::Metadata(_) => false,
        }
    }

    /// True if the SQL would find the order: lists use the SQL, streams this function, with the
    /// same result. An order of an event has no lines: conditions on lines match nothing, and
    /// streams reject them (`tests_lines`).
    pub fn matches(&self, order: &Order) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(order)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(order)),
            Self::Not(part) => !part.matches(order),
            Self::Ids(IdColumn::Order, ids) => ids.contains(&order.id.uuid()),
            Self::Ids(IdColumn::Store, ids) => ids.contains(&order.store.uuid()),
            Self::Ids(IdColumn::Channel, ids) => ids.contains(&order.channel.uuid()),
            Self::Ids(IdColumn::Customer, ids) => order.customer.is_some_and(|customer| ids.contains(&customer.uuid())),
            Self::HasCustomer(has_one) => order.customer.is_some() == *has_one,
            Self::Status(list) => list.contains(&order.status),
            Self::ExternalRef(test) => test.holds(order.external_ref.as_deref()),
            Self::Register(test) => test.holds(order.register.as_deref()),
            Self::PlacedAt(span) => span.holds(order.placed_at),
            Self::Hold(kinds) => order.hold_kinds.iter().any(|kind| kinds.contains(kind)),
            Self::IsHeld(is_held) => order.hold_kinds.is_empty() != *is_held,
            Self::Payment(list) => list.contains(&order.derived_paid().payment),
            Self::Refund(list) => list.contains(&order.derived_paid().refund),
            Self::Document(DocumentTest::Number(test)) => test.holds(order.number.get()),
            Self::Document(DocumentTest::CreatedAt(span)) => span.holds(order.created_at),
            Self::Document(DocumentTest::UpdatedAt(span)) => span.holds(order.updated_at),
            Self::Document(DocumentTest::Ids(ids)) => ids.contains(&order.id.uuid()),
            Self::Total(test) => test.holds(order.total),
            Self::Document(DocumentTest::Product(_) | DocumentTest::Sku(_) | DocumentTest::Search(_))
            | Self::Allocated(_)
            | Self::Search(_)
            | Self::Note(_)
            | Self::Tag(_)
            | Self::Metadata(_) => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdColumn {
    Order,
    Store,
    Channel,
    Customer,
}

/// Returns the condition of a filter on the table `sales_order` under the alias `o`, and its
/// values. The tenant is `$1`; parameters are numbered from `next`.
pub fn compile(filter: &Filter, backend: Backend, next_number: usize) -> (String, Vec<Value>) {
    let mut clause = Clause::new(backend, next_number);
    clause.filter(filter);
    (clause.sql, clause.values)
}

impl Clause {
    fn filter(&mut self, filter: &Filter) {
        match filter {
            Filter::All(parts) => self.join(parts, "TRUE", " AND "),
            Filter::Any(parts) => self.join(parts, "FALSE", " OR "),
            Filter::Not(part) => {
                self.push("NOT (");
                self.filter(part);
                self.push(")");
            }
            Filter::Ids(IdColumn::Order, ids) => self.ids("o.id", ids),
            Filter::Ids(IdColumn::Store, ids) => self.ids("o.store_id", ids),
            Filter::Ids(IdColumn::Channel, ids) => self.ids("o.channel_id", ids),
            Filter::Ids(IdColumn::Customer, ids) => {
                self.push("o.customer_id IS NOT NULL AND ");
                self.ids("o.customer_id", ids);
            }
            Filter::HasCustomer(true) => self.push("o.customer_id IS NOT NULL"),
            Filter::HasCustomer(false) => self.push("o.customer_id IS NULL"),
            Filter::Status(list) => status::push_to(self, list),
            Filter::ExternalRef(TextTest::In(texts)) => {
                // The channel leads the index: naming the tenant's channels keeps the search in it.
                // CROSS JOIN makes SQLite begin with them.
                self.push(
                    "o.id IN (SELECT x.id FROM channel c CROSS JOIN sales_order x WHERE x.tenant_id = $1 AND x.channel_id = c.id
                     AND ",
                );
                let number = self.bind(self.backend.texts(texts.iter().map(String::as_str)));
                self.push(&self.backend.in_texts("x.external_ref", number));
                self.push(" AND c.tenant_id = $1)");
            }
            Filter::ExternalRef(test) => self.text("o.external_ref", test),
            Filter::Register(test) => self.text("o.register", test),
            Filter::PlacedAt(span) => self.span("o.placed_at", *span),
            Filter::Hold(kinds) => {
                let number = self.bind(self.backend.texts(kinds.iter().map(String::as_str)));
                let kinds = self.backend.in_texts("h.kind", number);
                self.push(&format!(
                    "o.id IN (SELECT h.order_id FROM sales_hold h WHERE h.tenant_id = $1 AND h.lifted_at IS NULL AND {kinds})"
                ));
            }
            Filter::IsHeld(true) => self.push("o.hold_kinds IS NOT NULL"),
            Filter::IsHeld(false) => self.push("o.hold_kinds IS NULL"),
            Filter::Payment(list) => {
                let number = self.bind(self.backend.texts(list.iter().map(|status| status.as_str())));
                self.push(&self.backend.in_texts("o.payment_status", number));
            }
            Filter::Refund(list) => {
                // Few orders have refunds: a partial index has only those.
                if !list.contains(&RefundStatus::None) {
                    self.push("o.refund_status <> 'NONE' AND ");
                }
                let number = self.bind(self.backend.texts(list.iter().map(|status| status.as_str())));
                self.push(&self.backend.in_texts("o.refund_status", number));
            }
            Filter::Document(test) => test.push_to(self, &ORDERS),
            Filter::Total(test) => test.push_to(self),
            Filter::Allocated(test) => test.push_to(self),
            Filter::Search(test) => test.push_to(self),
            Filter::Note(test) => test.push_to(self),
            Filter::Tag(test) => test.push_to(self),
            Filter::Metadata(test) => test.push_to(self),
        }
    }

    fn join(&mut self, parts: &[Filter], empty: &str, separator: &str) {
        if parts.is_empty() {
            self.push(empty);
        }
        for (index, part) in parts.iter().enumerate() {
            self.push(if index == 0 { "(" } else { separator });
            self.push("(");
            self.filter(part);
            self.push(")");
        }
        if !parts.is_empty() {
            self.push(")");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_parameters_and_an_empty_choice_matches_nothing() {
        let evil = "x' OR 1=1 --".to_owned();
        let filter = Filter::All(vec![
            Filter::Not(Box::new(Filter::Any(Vec::new()))),
            Filter::ExternalRef(TextTest::Contains(evil)),
            Filter::Ids(IdColumn::Store, vec![Uuid::nil()]),
        ]);
        let (sql, values) = compile(&filter, Backend::Postgres, 2);
        assert_eq!(
            sql,
            "((NOT (FALSE)) AND (o.external_ref IS NOT NULL AND strpos(o.external_ref, $2) > 0) AND (o.store_id = $3))"
        );
        assert_eq!(values.len(), 2);
    }
}
