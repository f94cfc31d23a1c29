//! Transfers and counts in the story whose invariants are broken, and what breaks theirs.

use std::collections::HashMap;

use entity::prelude::*;
use entrepot::{
    counts::core::{self as counts, Approval, BookVisibility, CountCommand, NewCount, Record, TallyLine, UncountedLines},
    ledger::Command,
    stock::core::LotChoice,
    transfers::core::{self as transfers, Arrival, Begin, Loss, NewTransfer, Parcel, PlannedQuantity, Shipment, TransferCommand},
};
use uuid::Uuid;

use super::{
    broken::{Case, case},
    factory::{CommandFactory, q},
    world::{MUG, World},
};

/// A transfer that came in part and was closed, one that is under way, one that is held, and a count that was posted.
pub async fn story(world: &World, tenant: TenantId, make: &CommandFactory) -> Vec<(&'static str, Uuid)> {
    let submit = async |command: Command| world.ledger.submit(tenant, command, None).await.unwrap().unwrap();
    let keys = vec![make.key(MUG, 0), make.key(MUG, 1)];
    let step = |transfer: TransferId, step: transfers::Step| {
        let movements = [world.clock.document_id(), world.clock.document_id()];
        let steps = transfers::Steps { transfer, actor: make.actor, expected_version: None, step, sent: Vec::new(), movements };
        Command::of(TransferCommand(Box::new(steps), keys.clone()))
    };
    let shipment = || transfers::Step::Ship(Shipment { lines: None, occurred_at: None, note: None });
    let ready = || transfers::Step::Ready { seen: 1, reservations: vec![world.clock.id()] };
    let [sent, under, held]: [TransferId; 3] = std::array::from_fn(|_| world.clock.document_id());
    for transfer in [sent, under, held] {
        let new = NewTransfer {
            from: make.stores[0],
            to: make.stores[1],
            external_ref: None,
            note: None,
            expected_at: None,
            metadata: None,
            begin: Begin::Draft,
            lines: vec![PlannedQuantity { product: make.products[MUG], quantity: q(4) }],
        };
        submit(step(transfer, transfers::Step::Create(new))).await;
        submit(step(transfer, ready())).await;
    }
    submit(step(sent, shipment())).await;
    submit(step(under, shipment())).await;
    let lines = Some(vec![Parcel { line: sent.line(1), quantity: q(3), lots: Vec::new() }]);
    submit(step(sent, transfers::Step::Receive(Arrival { lines, occurred_at: None, note: None }))).await;
    submit(step(sent, transfers::Step::Close(Loss { reason: ReasonCode::Loss, note: None }))).await;
    let counted = counted(world, tenant, make).await;
    vec![("sent", sent.uuid()), ("held", held.uuid()), ("counted", counted.uuid())]
}

/// A count of the mugs of the second store, one short.
async fn counted(world: &World, tenant: TenantId, make: &CommandFactory) -> CountId {
    let submit = async |command: Command| world.ledger.submit(tenant, command, None).await.unwrap().unwrap();
    let (count, key): (CountId, _) = (world.clock.document_id(), make.key(MUG, 1));
    let step = |step: counts::Step| {
        Command::of(CountCommand(Box::new(counts::Steps { count, actor: make.actor, expected_version: None, step }), vec![key]))
    };
    let new = NewCount {
        kind: CountKind::List,
        store: make.stores[1],
        category: None,
        class: None,
        sight: BookVisibility::Blind,
        external_ref: None,
        note: None,
        products: vec![(make.products[MUG], world.clock.id())],
        begin: None,
    };
    submit(step(counts::Step::Create(new))).await;
    submit(step(counts::Step::Start(Vec::new()))).await;
    let tallied = vec![TallyLine {
        product: make.products[MUG],
        lot: LotChoice::Unsaid,
        counted: q(9),
        note: None,
        line: world.clock.id(),
    }];
    submit(step(counts::Step::Record(Record { counted_at: None, tallied }))).await;
    submit(step(counts::Step::Submit(UncountedLines::Refuse))).await;
    let movements = vec![[world.clock.document_id(), world.clock.document_id()]];
    submit(step(counts::Step::Approve(Approval { limit: None, note: None, movements, lots: HashMap::new() }))).await;
    count
}

/// Statements that break the invariants of transfers and counts.
pub const CASES: &[Case] = &[
    case(
        "UPDATE transfer_line SET received = received + 1 WHERE @ AND transfer_id = {sent}",
        &["transfer line: received", "transfer line: its shipped,", "level: in transit = the"],
    ),
    case(
        "UPDATE movement SET kind = 'REMOVAL' WHERE @ AND reference_id = {sent} AND kind = 'TRANSFER_IN'",
        &["transfer line: its shipped,", "journal: a stock.changed has"],
    ),
    case(
        "UPDATE stock_level SET in_transit = in_transit + 1 WHERE @ AND product_id = {mug} AND store_id <> {s0}",
        &["level: in transit = the", "level: equals"],
    ),
    case("UPDATE transfer SET status = 'CANCELLED' WHERE @ AND id = {held}", &["reservation: a transfer's hold"]),
    case("UPDATE transfer SET number = 100 WHERE @ AND id = {held}", &["transfer: numbers"]),
    case("UPDATE count_try SET counted = counted + 1 WHERE @", &["count line: its figures equal"]),
    case("UPDATE count_line SET posted = posted + 1 WHERE @ AND count_id = {counted}", &["count line: a completed"]),
    case("UPDATE count_try SET book = book + 1 WHERE @", &["count try: its book", "count line: its book"]),
    case(
        "UPDATE count_line SET book = book + 1, posted = posted - 1 WHERE @ AND count_id = {counted}",
        &["count line: its book", "count line: a completed"],
    ),
    case(
        "INSERT INTO count_line (tenant_id, count_id, product_id, lot_key, id, sku, name, unit_decimals, is_expected, state, attempts)
           SELECT tenant_id, count_id, {cheese}, '', {new}, sku, name, unit_decimals, 1, 'UNCOUNTED', 0 FROM count_line WHERE @ AND count_id = {counted};
         INSERT INTO count_line (tenant_id, count_id, product_id, lot_key, lot_code, id, sku, name, unit_decimals, is_expected, state, attempts)
           SELECT tenant_id, count_id, {cheese}, 'x', 'X', {sent}, sku, name, unit_decimals, 1, 'UNCOUNTED', 0 FROM count_line
           WHERE @ AND count_id = {counted} AND lot_key = '' AND product_id <> {cheese}",
        &["count line: a product"],
    ),
    case("UPDATE count_line SET reversed_at = 1 WHERE @ AND count_id = {counted}", &["count line: its REVERSAL entries"]),
    case("UPDATE tenant_counter SET count_number = 7 WHERE @", &["count: numbers"]),
];
