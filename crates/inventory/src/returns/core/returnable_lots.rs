//! Lots in which goods of orders can come back: they left with the orders' lines and have not come
//! back.

use std::collections::{BTreeMap, HashMap};

use entity::prelude::*;

use super::{book::ReturnBasis, sales_return::ReturnLine};
use crate::{
    orders::core::{Order, ShippedLot},
    stock::core::Rejection,
};

/// A lot that can come back; sorted by its code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReturnableLot {
    pub code: String,
    pub lot: LotId,
}

/// Units of a lot that came back with a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnedLot {
    pub ret: ReturnId,
    pub product: ProductId,
    pub lot: LotId,
    pub units: i64,
}

/// Units of lots that left for lines of orders and can come back.
type Units = BTreeMap<(OrderLineId, ProductId, LotId), i64>;

/// Lots in which a line's product, or a part of its kit, can come back, with the units of each.
type Lots = BTreeMap<(OrderLineId, ProductId), BTreeMap<ReturnableLot, i64>>;

/// The lots in which goods of orders can come back, as they were read: valid while the orders have
/// the versions of that time.
#[derive(Debug, Clone, Default)]
pub struct ReturnableLots {
    seen: Vec<(OrderId, i64)>,
    lots: Lots,
}

impl ReturnableLots {
    /// Lots without a code are left out.
    pub fn new(orders: &[Order], lots: &Units, codes: &HashMap<LotId, String>) -> Self {
        let mut lots_by_line = Lots::new();
        for ((line, product, lot), units) in lots {
            if let Some(code) = codes.get(lot) {
                lots_by_line
                    .entry((*line, *product))
                    .or_default()
                    .insert(ReturnableLot { code: code.clone(), lot: *lot }, *units);
            }
        }
        Self { seen: orders.iter().map(|order| (order.id, order.version)).collect(), lots: lots_by_line }
    }
    pub fn is_empty(&self) -> bool {
        self.lots.is_empty()
    }
    pub fn ids(&self) -> impl Iterator<Item = LotId> + '_ {
        self.lots.values().flat_map(BTreeMap::keys).map(|returnable_lot| returnable_lot.lot)
    }

    /// Refuses orders that have changed since.
    pub(super) fn expect(&self, basis: ReturnBasis<'_>) -> Result<(), Rejection> {
        for (id, version) in &self.seen {
            if let Some(order) = basis.order(*id) {
                order.check_version(Some(*version))?;
            }
        }
        Ok(())
    }

    /// Returns the lots in which a product can come back on a line of an order, with the units of
    /// each.
    pub(super) fn of(&self, line: OrderLineId, product: ProductId) -> impl Iterator<Item = (&ReturnableLot, i64)> {
        self.lots.get(&(line, product)).into_iter().flatten().map(|(returnable_lot, units)| (returnable_lot, *units))
    }
}

/// Returns the lots that were sent with orders and have not come back in full, with the units left
/// of each. A return whose goods may be of several lines is subtracted from none of them: the
/// result may be too large, but never too small.
pub fn unreturned_lots(
    orders: &[Order],
    shipped_lots: &[ShippedLot],
    lines: &HashMap<ReturnId, Vec<ReturnLine>>,
    returned_lots: &[ReturnedLot],
) -> Units {
    let mut units = Units::new();
    for lot in shipped_lots.iter().filter(|lot| !lot.undone) {
        *units.entry((lot.line, lot.product, lot.lot)).or_default() += lot.units;
    }
    let mut returned_units: BTreeMap<(ReturnId, ProductId), i64> = BTreeMap::new();
    for lot in returned_lots {
        *returned_units.entry((lot.ret, lot.product)).or_default() += lot.units;
    }
    let orders: HashMap<OrderId, &Order> = orders.iter().map(|order| (order.id, order)).collect();
    for lot in returned_lots {
        let total_returned = returned_units.get(&(lot.ret, lot.product)).copied().unwrap_or_default();
        let Some(line) = lines.get(&lot.ret).and_then(|lines| find_order_line(&orders, lines, (lot.product, total_returned)))
        else {
            continue;
        };
        if let Some(units_left) = units.get_mut(&(line, lot.product, lot.lot)) {
            *units_left -= lot.units;
        }
    }
    units.retain(|_, units_left| *units_left > 0);
    units
}

/// Returns the order line on which all units of a product came back with a return, if it is only
/// one.
fn find_order_line(
    orders: &HashMap<OrderId, &Order>,
    lines: &[ReturnLine],
    (product, units): (ProductId, i64),
) -> Option<OrderLineId> {
    let received_lines = || lines.iter().filter(|line| line.kind == LineKind::Product && line.received.is_positive());
    let is_own = |line: &&ReturnLine| line.product == Some(product);
    let own_units: i64 = received_lines().filter(is_own).map(|line| line.received.get()).sum();
    let mut origin = None;
    // Units beyond those of the product's own lines came with kits.
    for line in received_lines().filter(|line| own_units != units || is_own(line)) {
        let matched: i64 = line.matches.iter().map(|piece| piece.received.get()).sum();
        if matched < line.received.get() {
            return None;
        }
        for piece in line.matches.iter().filter(|piece| piece.received.is_positive()) {
            let (order, position) = piece.line.split_line::<entity::id::kind::OrderId>();
            let order_line = orders.get(&order)?.lines.iter().find(|line| line.position == position)?;
            let has_product = order_line.goods().any(|(goods, _)| goods == product);
            if has_product && *origin.get_or_insert(piece.line) != piece.line {
                return None;
            }
        }
    }
    origin
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        ledger::DocumentNumber,
        orders::core::{Line, LineItem, PaymentSums},
        returns::core::ReturnPiece,
    };

    const NOTHING: Money = Money::zero(Currency::GBP);
    const ORDER: OrderId = OrderId::from_uuid(Uuid::from_u128(1 << 20));
    const CHEESE: ProductId = ProductId::from_uuid(Uuid::from_u128(2));

    fn lot(nth: u128) -> LotId {
        LotId::from_uuid(Uuid::from_u128(nth))
    }
    fn ret(nth: u128) -> ReturnId {
        ReturnId::from_uuid(Uuid::from_u128(nth << 20))
    }
    fn count(units: i64) -> Quantity {
        Quantity::new(units).unwrap()
    }

    fn line(position: u16, units: i64) -> Line {
        let item = LineItem::Product { product: CHEESE, policy: StockPolicy::Tracked };
        let (sku, name) = ("CHEESE".to_owned(), "Cheese".to_owned());
        Line { sku, name, open: Quantity::ZERO, fulfilled: count(units), ..Line::free(position, item, count(units)) }
    }

    fn order(lines: Vec<Line>) -> Order {
        Order {
            id: ORDER,
            number: DocumentNumber::Given(1),
            status: OrderStatus::Fulfilled,
            store: StoreId::NIL,
            channel: ChannelId::NIL,
            customer: None,
            external_ref: None,
            country: None,
            register: None,
            total: NOTHING,
            placed_at: Timestamp(0),
            business_date: 0,
            expires_at: None,
            actor: Actor::SYSTEM,
            version: 1,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
            paid: PaymentSums::NOTHING,
            hold_kinds: Vec::new(),
            lines,
        }
    }

    fn left(position: u16, nth: u128, units: i64) -> ShippedLot {
        let sku = "CHEESE".to_owned();
        ShippedLot { fulfilment: None, line: ORDER.line(position), product: CHEESE, sku, lot: lot(nth), units, undone: false }
    }

    /// A line of a return with this number of units, and its pieces of order lines.
    fn brought(units: i64, pieces: &[(u16, i64)]) -> ReturnLine {
        let piece = |(position, units): &(u16, i64)| ReturnPiece {
            line: ORDER.line(*position),
            quantity: count(*units),
            received: count(*units),
            given: None,
        };
        ReturnLine {
            position: 1,
            kind: LineKind::Product,
            product: Some(CHEESE),
            sku: "CHEESE".to_owned(),
            name: "Cheese".to_owned(),
            decimals: 0,
            quantity: count(units),
            unit_price: NOTHING,
            total: NOTHING,
            disposition: Disposition::Restock,
            received: count(units),
            restocked: count(units),
            quarantined: Quantity::ZERO,
            written_off: Quantity::ZERO,
            matches: pieces.iter().map(piece).collect(),
            lots: Vec::new(),
            parts: Vec::new(),
        }
    }

    fn back(nth: u128, units: i64) -> ReturnedLot {
        ReturnedLot { ret: ret(1), product: CHEESE, lot: lot(nth), units }
    }

    /// Returns the remaining lots of two lines; the first took lots 1 and 2, and the second lot 2.
    fn left_after(lines: Vec<ReturnLine>, back: &[ReturnedLot]) -> Vec<(u16, u128, i64)> {
        let (orders, returns) = ([order(vec![line(1, 5), line(2, 4)])], HashMap::from([(ret(1), lines)]));
        let left = unreturned_lots(&orders, &[left(1, 1, 3), left(1, 2, 2), left(2, 2, 4)], &returns, back);
        let short = |(line, _, lot): (OrderLineId, ProductId, LotId), units: i64| {
            (line.split_line::<entity::id::kind::OrderId>().1, lot.uuid().as_u128(), units)
        };
        left.into_iter().map(|(lot, units)| short(lot, units)).collect()
    }

    #[test]
    fn a_lot_is_left_until_all_of_it_came_back_on_its_line() {
        assert_eq!(left_after(Vec::new(), &[]), [(1, 1, 3), (1, 2, 2), (2, 2, 4)]);
        assert_eq!(left_after(vec![brought(1, &[(1, 1)])], &[back(2, 1)]), [(1, 1, 3), (1, 2, 1), (2, 2, 4)]);
        assert_eq!(left_after(vec![brought(2, &[(1, 2)])], &[back(2, 2)]), [(1, 1, 3), (2, 2, 4)]);
    }

    #[test]
    fn what_may_be_of_several_lines_is_taken_from_none() {
        let all = [(1, 1, 3), (1, 2, 2), (2, 2, 4)];
        assert_eq!(left_after(vec![brought(4, &[(1, 2), (2, 2)])], &[back(2, 4)]), all);
        assert_eq!(left_after(vec![brought(2, &[(1, 2)]), brought(2, &[(2, 2)])], &[back(2, 4)]), all);
        // A part of it came from no known order.
        assert_eq!(left_after(vec![brought(3, &[(1, 2)])], &[back(2, 3)]), all);
    }
}
